//! Answers that leave at full slots of time after their request came.
//!
//! In: when the request came. Out: later, the next full slot. So it is not seen how long something quick took, as a look at the
//! database does that finds an account or none. Never: hides what takes longer than a slot and differs, such as a hash.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Far longer than a look at the database, far shorter than a person notices.
pub(crate) const SLOT: Duration = Duration::from_millis(10);

/// Waits for the next full slot since `arrived`.
pub(crate) async fn next_slot(arrived: Instant) {
    sleep_until(arrived + slot_after(arrived.elapsed())).await;
}

/// The first full slot after so much time.
fn slot_after(elapsed: Duration) -> Duration {
    let full = elapsed.as_nanos() / SLOT.as_nanos();
    SLOT * u32::try_from(full).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_quicker_than_a_slot_leaves_after_one_and_the_rest_at_a_later_one() {
        for (micros, slots) in [
            (0, 1),
            (1, 1),
            (9_999, 1),
            (10_000, 2),
            (10_001, 2),
            (95_000, 10),
        ] {
            let got = slot_after(Duration::from_micros(micros));
            assert_eq!(got, SLOT * slots, "{micros} µs");
        }
        assert!(slot_after(Duration::from_secs(10_000_000)) > Duration::from_secs(10_000_000));
        assert!(slot_after(Duration::MAX) > Duration::ZERO, "no panic");
    }
}
