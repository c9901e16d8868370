//! Exact money: decimals with an explicit currency.
//!
//! In: YAML integers and quoted decimals. Out: [`Decimal`] amounts and [`Currency`]. Never: floats, amounts of two
//! currencies in one sum.
//!
//! Bounds: an amount that is read is at most [`LARGEST`] and a rate at most [`LARGEST_RATE`], so that sums over a
//! whole vault, times a rate, times a number of days stay far below the 28 digits of [`Decimal`].

mod currency;
#[cfg(test)]
mod tests;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;

pub(crate) use currency::Currency;

/// Largest amount that a note or a question may state, either side of zero: a thousand trillion.
pub(crate) const LARGEST: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);
/// Largest exchange rate.
pub(crate) const LARGEST_RATE: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

/// Why a value is no amount; the end of a sentence that begins with the field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AmountError {
    /// The field is absent or empty.
    #[error("is missing")]
    Missing,
    /// A fraction without quotes: YAML makes a float of it, which would not be exact.
    #[error("is a fraction without quotes; write \"1234.50\"")]
    Float,
    /// Neither a number nor digits with separators.
    #[error("is not an amount; write a number such as 1250000000 or \"1234.50\"")]
    NotAnAmount,
    /// Beyond the bounds.
    #[error("is beyond 1,000,000,000,000,000")]
    TooLarge,
}

impl AmountError {
    /// The same in Korean.
    pub(crate) const fn korean(self) -> &'static str {
        match self {
            Self::Missing => "빠져 있습니다",
            Self::Float => "따옴표 없는 소수입니다. \"1234.50\"처럼 쓰세요",
            Self::NotAnAmount => "금액이 아닙니다. 1250000000이나 \"1234.50\"처럼 쓰세요",
            Self::TooLarge => "1,000,000,000,000,000을 넘습니다",
        }
    }
}

/// Reads a YAML integer, or a decimal in quotes whose digits may be grouped by `,` or `_`.
///
/// # Errors
/// [`AmountError`] for everything that is not exactly a decimal within bounds.
pub(crate) fn amount(value: Option<&Value>) -> Result<Decimal, AmountError> {
    let read = match value {
        None | Some(Value::Null) => return Err(AmountError::Missing),
        Some(Value::Number(number)) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Decimal::from(whole),
            (None, Some(_)) => return Err(AmountError::TooLarge),
            (None, None) => return Err(AmountError::Float),
        },
        Some(Value::String(text)) => decimal(text).ok_or(AmountError::NotAnAmount)?,
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(AmountError::NotAnAmount);
        }
    };
    if read.abs() > LARGEST {
        return Err(AmountError::TooLarge);
    }
    Ok(read)
}

/// Reads digits with at most one point and a sign before them; groups only between digits. `None` for
/// everything else: exponents, spaces inside, more than 28 digits.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let grouped = |part: &str| {
        part.split([',', '_'])
            .all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()))
    };
    if !grouped(whole) || fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let plain: String = text
        .chars()
        .filter(|c| !matches!(c, ',' | '_' | '+'))
        .collect();
    Decimal::from_str_exact(&plain).ok()
}

/// Rounds to the currency's smallest unit, halves away from zero. Only for averages and conversions: sums are exact.
pub(crate) fn rounded(amount: Decimal, currency: Currency) -> Decimal {
    amount.round_dp_with_strategy(
        currency.minor_units(),
        RoundingStrategy::MidpointAwayFromZero,
    )
}

/// As it is written in answers: plain digits, with exactly the currency's decimals.
pub(crate) fn written(amount: Decimal, currency: Currency) -> String {
    let mut amount = rounded(amount, currency);
    amount.rescale(currency.minor_units());
    if amount.is_zero() {
        amount.set_sign_positive(true);
    }
    amount.to_string()
}
