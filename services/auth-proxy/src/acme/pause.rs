//! When a certificate is ordered: in time, and not too often.
//!
//! In: a certificate's times, what went wrong. Out: seconds since 1970. Never: a directory that is asked again and again,
//! also not by a program that is started again and again.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::tls::private;

/// The pause after the first failure, in seconds; it doubles with each.
const FIRST: i64 = 60;
/// The longest pause of our own, in seconds.
const LONGEST: i64 = 24 * 3600;

/// How it went until now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pause {
    /// How often in a row it failed.
    pub(crate) failures: u32,
    /// Not before this moment again.
    pub(crate) until: i64,
}

impl Pause {
    /// What the file says; nothing when there is none, or it is no such file.
    pub(crate) fn read(file: &Path) -> Self {
        let bytes = std::fs::read(file).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Keeps it.
    pub(crate) fn keep(self, file: &Path) -> std::io::Result<()> {
        private(file, &serde_json::to_vec(&self)?)
    }

    /// The pause after one more failure: doubled, somewhere in its second half (`chance` of 0 to 1), and as long as the
    /// directory said.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a day has few seconds"
    )]
    pub(crate) fn after(self, now: i64, said: Option<Duration>, chance: f64) -> Self {
        let doubled = FIRST
            .saturating_mul(1 << self.failures.min(20))
            .min(LONGEST);
        let own = doubled / 2 + (doubled as f64 / 2.0 * chance) as i64;
        let said = said.map_or(0, |it| i64::try_from(it.as_secs()).unwrap_or(LONGEST));
        Self {
            failures: self.failures.saturating_add(1),
            until: now.saturating_add(own.max(said)),
        }
    }
}

/// From when on a certificate is renewed: at two thirds of its time, and up to a sixtieth later (`chance` of 0 to 1), so that
/// those who got theirs together do not come back together.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a lifetime has few seconds"
)]
pub(crate) fn renewal(from: i64, until: i64, chance: f64) -> i64 {
    let life = until.saturating_sub(from).max(0);
    from + life / 3 * 2 + (life as f64 / 60.0 * chance) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_at_two_thirds_of_its_time() {
        let day = 86_400;
        assert_eq!(renewal(0, 90 * day, 0.0), 60 * day);
        assert!(renewal(0, 90 * day, 1.0) <= 62 * day);
        assert_eq!(renewal(100, 100, 1.0), 100);
        assert_eq!(renewal(100, 0, 1.0), 100);
    }

    #[test]
    fn pauses_double_up_to_a_day_and_are_as_long_as_the_directory_says() {
        let mut pause = Pause::default();
        for (failures, least, most) in [(1, 30, 60), (2, 60, 120), (3, 120, 240)] {
            for chance in [0.0, 1.0] {
                let next = pause.after(1000, None, chance);
                assert!(
                    (1000 + least..=1000 + most).contains(&next.until),
                    "{next:?}"
                );
                assert_eq!(next.failures, failures);
            }
            pause = pause.after(0, None, 0.5);
        }
        let many = Pause {
            failures: u32::MAX,
            until: 0,
        };
        assert_eq!(many.after(0, None, 1.0).until, LONGEST);
        let said = Some(Duration::from_secs(500_000));
        assert_eq!(Pause::default().after(0, said, 0.0).until, 500_000);
    }

    #[test]
    fn a_pause_survives_a_restart_and_a_damaged_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pause");
        let pause = Pause {
            failures: 3,
            until: 77,
        };
        pause.keep(&file).unwrap();
        assert_eq!(Pause::read(&file), pause);
        std::fs::write(&file, "{").unwrap();
        assert_eq!(Pause::read(&file), Pause::default());
    }
}
