//! What a child writes for people: the last lines are kept, the rest is read and dropped.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::mask::Mask;

/// Lines that are kept.
const LINES: usize = 12;
/// Characters of a line that are kept.
const WIDTH: usize = 300;

/// The last lines, masked.
#[derive(Clone, Debug, Default)]
pub(super) struct LastLines(Arc<Mutex<VecDeque<String>>>);

impl LastLines {
    /// The lines, oldest first.
    pub(super) fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// Reads to the end of `stream`.
    pub(super) async fn follow(
        self,
        mut stream: impl AsyncRead + Unpin,
        server: Arc<str>,
        mask: Mask,
    ) {
        let mut buffer = vec![0; 8192];
        let mut line = Vec::new();
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            for byte in &buffer[..count] {
                if *byte == b'\n' {
                    self.keep(&line, &server, &mask);
                    line.clear();
                } else if line.len() < WIDTH * 4 {
                    line.push(*byte);
                }
            }
        }
        self.keep(&line, &server, &mask);
    }

    fn keep(&self, line: &[u8], server: &str, mask: &Mask) {
        let text = String::from_utf8_lossy(line);
        let text: String = text
            .trim_end()
            .chars()
            .filter(|c| !c.is_control())
            .take(WIDTH)
            .collect();
        if text.is_empty() {
            return;
        }
        let text = mask.apply(&text);
        tracing::debug!(target: "child", server, "{text}");
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(text);
    }
}
