//! Charts as PNG pictures, for answers that are read where no page is.
//!
//! In: a chart. Out: its picture, the same bytes for the same chart. Never: draws on the threads that serve requests, more
//! than [`AT_ONCE`] at a time, or a picture larger than [`MAX_BYTES`].

mod draw;

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::web::Chart;

/// Pictures drawn at the same time.
const AT_ONCE: usize = 2;
/// How long a picture waits for its turn; the answer does without it then.
const PATIENCE: Duration = Duration::from_secs(3);
/// Longest picture that is given, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// Bytes of pictures that are kept.
const KEPT_BYTES: u64 = 16 * 1024 * 1024;
/// How long a picture that nobody asks for is kept.
const IDLE: Duration = Duration::from_hours(1);

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoPicture {
    /// Others are drawn.
    #[error("too many pictures are drawn at the moment")]
    Busy,
    /// It cannot be drawn, or is too large.
    #[error("the chart cannot be drawn")]
    Undrawn,
}

/// Draws, and keeps what was drawn: a chart is its picture's key, so one answer over one state of the vault is drawn once.
#[derive(Debug)]
pub(crate) struct Pictures {
    turns: Arc<Semaphore>,
    patience: Duration,
    kept: Cache<[u8; 32], Arc<[u8]>>,
}

impl Default for Pictures {
    fn default() -> Self {
        let weigh = |_: &[u8; 32], png: &Arc<[u8]>| u32::try_from(png.len()).unwrap_or(u32::MAX);
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            patience: PATIENCE,
            kept: Cache::builder()
                .weigher(weigh)
                .max_capacity(KEPT_BYTES)
                .time_to_idle(IDLE)
                .build(),
        }
    }
}

impl Pictures {
    /// The picture of a chart, as PNG.
    ///
    /// # Errors
    /// [`NoPicture`]; the answer is whole without it.
    pub(crate) async fn of(&self, chart: &Chart) -> Result<Arc<[u8]>, NoPicture> {
        let document = draw::document(chart);
        let key: [u8; 32] = Sha256::digest(&document.svg).into();
        if let Some(png) = self.kept.get(&key) {
            return Ok(png);
        }
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(self.patience, turn).await;
        let turn = turn.ok().and_then(Result::ok).ok_or(NoPicture::Busy)?;
        let drawn = tokio::task::spawn_blocking(move || {
            let png = draw::png(&document);
            drop(turn);
            png
        });
        let png = drawn.await.ok().flatten();
        let png = png.filter(|png| png.len() <= MAX_BYTES);
        let png: Arc<[u8]> = png.ok_or(NoPicture::Undrawn)?.into();
        self.kept.insert(key, Arc::clone(&png));
        Ok(png)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_chart_is_drawn_once_and_many_at_once_are_answered() {
        let pictures = Pictures {
            patience: Duration::from_mins(1),
            ..Pictures::default()
        };
        let charts: Vec<Chart> = (0..8).map(draw::tests::sample).collect();
        let drawn = charts.iter().map(|chart| pictures.of(chart));
        for png in futures_util::future::join_all(drawn).await {
            assert!(png.unwrap().starts_with(b"\x89PNG\r\n"));
        }
        let (first, again) = (pictures.of(&charts[0]).await, pictures.of(&charts[0]).await);
        assert!(Arc::ptr_eq(&first.unwrap(), &again.unwrap()));
    }

    #[tokio::test]
    async fn without_a_turn_there_is_no_picture_and_no_endless_wait() {
        let pictures = Pictures {
            patience: Duration::from_millis(20),
            ..Pictures::default()
        };
        let _all = pictures.turns.acquire_many(2).await.unwrap();
        let chart = draw::tests::sample(1);
        assert_eq!(pictures.of(&chart).await, Err(NoPicture::Busy));
    }
}
