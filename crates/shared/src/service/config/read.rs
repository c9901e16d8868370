//! Small readers that turn text into values or note a problem.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Problems;

/// The value, trimmed; `None` when it is not set or empty (`PORT=` in a compose file means "not set").
pub fn given(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|text| !text.is_empty())
}

/// The parts of a comma-separated list, trimmed, without empty ones.
pub fn list(value: Option<&str>) -> impl Iterator<Item = &str> {
    value
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

/// A whole number within `range`, or `default` when it is not set or wrong (which is noted).
pub fn number(
    variable: &str,
    value: Option<&str>,
    range: RangeInclusive<u64>,
    default: u64,
    problems: &mut Problems,
) -> u64 {
    let Some(text) = given(value) else {
        return default;
    };
    match text.parse::<u64>() {
        Ok(number) if range.contains(&number) => number,
        _ => {
            problems.add(
                variable,
                format!(
                    "{text:?} is not a whole number from {} to {}",
                    range.start(),
                    range.end()
                ),
                format!("Set it to such a number, or leave it out for {default}."),
            );
            default
        }
    }
}

/// A duration in whole seconds within `range`, or `default`.
pub fn seconds(
    variable: &str,
    value: Option<&str>,
    range: RangeInclusive<u64>,
    default: u64,
    problems: &mut Problems,
) -> Duration {
    Duration::from_secs(number(variable, value, range, default, problems))
}
