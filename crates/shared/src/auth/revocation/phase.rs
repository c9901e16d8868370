//! When the log is told about the list: once for each change, not at every look.
//!
//! In: how a look went and when. Out: the phase that began with it. Never: the system clock.

use chrono::{DateTime, TimeDelta, Utc};

/// How fresh the list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The last look worked.
    Fresh,
    /// It did not; the list still says everything.
    Failing,
    /// There has been no news for too long.
    Stale,
}

/// The phase, and since when there is no news.
#[derive(Debug, Default)]
pub(super) struct Situation {
    phase: Option<Phase>,
    news_at: Option<DateTime<Utc>>,
}

impl Situation {
    /// Takes a look into account; the phase, if it is another one now.
    pub(super) fn after(
        &mut self,
        worked: bool,
        now: DateTime<Utc>,
        max_stale: TimeDelta,
    ) -> Option<Phase> {
        if worked {
            self.news_at = Some(now);
        }
        let silent = now - *self.news_at.get_or_insert(now);
        let phase = match worked {
            true => Phase::Fresh,
            false if silent > max_stale => Phase::Stale,
            false => Phase::Failing,
        };
        (self.phase.replace(phase) != Some(phase)).then_some(phase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_told_once() {
        let mut situation = Situation::default();
        for (second, worked, expected) in [
            (0, false, Some(Phase::Failing)),
            (5, false, None),
            (10, true, Some(Phase::Fresh)),
            (15, true, None),
            (20, false, Some(Phase::Failing)),
            (315, false, None),
            (316, false, Some(Phase::Stale)),
            (900, false, None),
            (905, true, Some(Phase::Fresh)),
        ] {
            let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
            let got = situation.after(worked, now, TimeDelta::seconds(300));
            assert_eq!(got, expected, "at {second} s");
        }
    }
}
