//! Axes: round steps, and short numbers in the reader's language.
//!
//! In: the least and the greatest of some numbers. Out: ticks. Never: a figure; these are for geometry and labels.

use loop_shared::web::Locale;

/// Most ticks of an axis.
const TICKS: f64 = 5.0;

/// An axis from a round number to a round number, zero included.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<f64>,
}

impl Scale {
    /// An axis that holds all of `values`; what is not finite is left out.
    pub(super) fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let low = finite.clone().fold(0.0, f64::min);
        let high = finite.fold(0.0, f64::max);
        let high = if low == 0.0 && high == 0.0 { 1.0 } else { high };
        let step = round_step((high - low) / TICKS);
        let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
        let mut ticks = vec![low];
        while ticks.len() < 12 {
            let last = ticks.last().copied().unwrap_or(high);
            if last + step > high + step / 2.0 {
                break;
            }
            ticks.push(last + step);
        }
        Self { low, high, ticks }
    }

    /// Where `value` is between top (0) and bottom (1).
    pub(super) fn down(&self, value: f64) -> f64 {
        let span = self.high - self.low;
        if span > 0.0 {
            (self.high - value) / span
        } else {
            0.0
        }
    }
}

/// The next of 1, 2, 2.5, 5, 10 times a power of ten.
fn round_step(least: f64) -> f64 {
    if !(least.is_finite() && least > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    let fits = steps
        .into_iter()
        .find(|step| step * power >= least * 0.999_999);
    fits.unwrap_or(10.0) * power
}

/// A short form of a number: `12.5M`, `1,250만`.
pub(super) fn short(value: f64, locale: Locale) -> String {
    let units: &[(f64, &str)] = match locale {
        Locale::Ko => &[(1e12, "조"), (1e8, "억"), (1e4, "만")],
        Locale::En => &[(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")],
    };
    let unit = units.iter().find(|(size, _)| value.abs() >= *size);
    let (size, name) = unit.copied().unwrap_or((1.0, ""));
    let scaled = value / size;
    let text = format!("{scaled:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let text = if text == "-0" { "0" } else { text };
    format!("{}{name}", grouped(text))
}

/// Thousands of a decimal text separated by commas: `-1234567.50` becomes `-1,234,567.50`.
pub(super) fn grouped(text: &str) -> String {
    let (sign, rest) = text
        .strip_prefix('-')
        .map_or(("", text), |rest| ("-", rest));
    let (whole, part) = rest
        .split_once('.')
        .map_or((rest, None), |(w, p)| (w, Some(p)));
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(part) = part {
        out.push('.');
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_is_round_and_holds_everything_and_zero() {
        for (values, low, high) in [
            (vec![3.0, 97.0], 0.0, 100.0),
            (vec![-40.0, 90.0], -50.0, 100.0),
            (vec![0.0, 0.0], 0.0, 1.0),
            (vec![], 0.0, 1.0),
            (vec![f64::NAN, 7.0], 0.0, 8.0),
            (vec![-5.0], -5.0, 0.0),
        ] {
            let scale = Scale::of(values.iter().copied());
            assert!(
                (scale.low - low).abs() < 1e-9 && (scale.high - high).abs() < 1e-9,
                "{scale:?}"
            );
            assert!((2..=12).contains(&scale.ticks.len()), "{scale:?}");
        }
    }

    #[test]
    fn numbers_are_short_in_each_language() {
        for (value, en, ko) in [
            (0.0, "0", "0"),
            (950.0, "950", "950"),
            (12_500_000.0, "12.5M", "1,250만"),
            (-350_000_000.0, "-350M", "-3.5억"),
            (2.5, "2.5", "2.5"),
        ] {
            assert_eq!(
                (
                    short(value, Locale::En).as_str(),
                    short(value, Locale::Ko).as_str()
                ),
                (en, ko)
            );
        }
    }

    #[test]
    fn amounts_keep_every_digit() {
        for (text, expected) in [
            ("0", "0"),
            ("1234567.50", "1,234,567.50"),
            ("-999", "-999"),
            ("-1000", "-1,000"),
            (
                "123456789012345678901234567",
                "123,456,789,012,345,678,901,234,567",
            ),
            ("", ""),
            ("abc", "abc"),
        ] {
            assert_eq!(grouped(text), expected);
        }
    }
}
