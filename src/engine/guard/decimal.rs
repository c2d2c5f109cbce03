//! Exact decimal numbers with three digits after the point: credits, grades, scores.
//!
//! Binary floating point would make `0.1 + 0.2 == 0.3` false in somebody's eligibility rule. Every operation is checked:
//! it returns `None` instead of wrapping or panicking.

use std::{fmt, num::IntErrorKind, str::FromStr};

use serde::{Deserialize, Serialize};

/// Thousandths in one.
const UNIT: i64 = 1_000;
const DIGITS: usize = 3;

/// A number counted in thousandths, so that three digits after the point are exact.
///
/// In JSON and in TOML it is a string (`"12.5"`), because a JSON number would pass through binary floating point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Decimal(i64);

/// Why a text is not a [`Decimal`]; each says what would be one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecimalError {
    /// The text is not digits with at most one point between them.
    #[error("is not a decimal number; write it like 12.5")]
    Malformed,
    /// More than three digits follow the point.
    #[error("has more than three digits after the point; round it")]
    TooFine,
    /// The number does not fit.
    #[error("is too large; the largest is {}", Decimal::MAX)]
    TooLarge,
}

impl Decimal {
    /// The largest decimal, about 9.2 × 10¹⁵.
    pub const MAX: Self = Self(i64::MAX);

    /// Takes a count of thousandths: `12_500` is 12.5.
    pub const fn from_thousandths(thousandths: i64) -> Self {
        Self(thousandths)
    }

    /// Gives the count of thousandths.
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// Widens a whole number; `None` beyond [`Decimal::MAX`].
    pub fn from_whole(whole: i64) -> Option<Self> {
        whole.checked_mul(UNIT).map(Self)
    }

    /// Adds; `None` on overflow.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Subtracts; `None` on overflow.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// Multiplies, rounded to the nearest thousandth, halves away from zero; `None` on overflow.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        rounded(i128::from(self.0) * i128::from(other.0), i128::from(UNIT))
    }

    /// Divides, rounded to the nearest thousandth, halves away from zero; `None` by zero and on overflow.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        rounded(i128::from(self.0) * i128::from(UNIT), i128::from(other.0))
    }

    /// Changes the sign; `None` on overflow.
    pub fn checked_neg(self) -> Option<Self> {
        self.0.checked_neg().map(Self)
    }

    /// Compares exactly with a whole number, without widening it first.
    pub fn cmp_whole(self, whole: i64) -> std::cmp::Ordering {
        i128::from(self.0).cmp(&(i128::from(whole) * i128::from(UNIT)))
    }
}

fn rounded(dividend: i128, divisor: i128) -> Option<Decimal> {
    let quotient = dividend.checked_div(divisor)?;
    let rest = dividend % divisor;
    let away = if (dividend < 0) == (divisor < 0) { 1 } else { -1 };
    let nearest = if rest.abs() * 2 >= divisor.abs() { quotient + away } else { quotient };
    i64::try_from(nearest).ok().map(Decimal)
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if [whole, fraction].iter().any(|part| part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit())) {
            return Err(DecimalError::Malformed);
        }
        if fraction.len() > DIGITS {
            return Err(DecimalError::TooFine);
        }
        let sign = if negative { "-" } else { "" };
        match format!("{sign}{whole}{fraction:0<DIGITS$}").parse() {
            Ok(thousandths) => Ok(Self(thousandths)),
            Err(error) => match error.kind() {
                IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => Err(DecimalError::TooLarge),
                _ => Err(DecimalError::Malformed),
            },
        }
    }
}

impl TryFrom<String> for Decimal {
    type Error = DecimalError;

    fn try_from(text: String) -> Result<Self, DecimalError> {
        text.parse()
    }
}

impl From<Decimal> for String {
    fn from(decimal: Decimal) -> Self {
        decimal.to_string()
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) =
            (self.0.unsigned_abs() / UNIT.unsigned_abs(), self.0.unsigned_abs() % UNIT.unsigned_abs());
        let digits = format!("{fraction:0DIGITS$}");
        match digits.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            digits => write!(f, "{sign}{whole}.{digits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_tenth_and_two_tenths_are_exactly_three_tenths() {
        assert_eq!(decimal("0.1").checked_add(decimal("0.2")), Some(decimal("0.3")));
    }

    #[test]
    fn halves_of_a_thousandth_round_away_from_zero() {
        assert_eq!(decimal("0.001").checked_mul(decimal("0.5")), Some(decimal("0.001")));
        assert_eq!(decimal("-0.001").checked_mul(decimal("0.5")), Some(decimal("-0.001")));
        assert_eq!(decimal("1").checked_div(decimal("3")), Some(decimal("0.333")));
        assert_eq!(decimal("2").checked_div(decimal("-3")), Some(decimal("-0.667")));
    }

    #[test]
    fn division_by_zero_and_overflow_give_nothing() {
        assert_eq!(decimal("1").checked_div(decimal("0")), None);
        assert_eq!(Decimal::MAX.checked_add(decimal("0.001")), None);
        assert_eq!(Decimal::MAX.checked_mul(decimal("1.001")), None);
        assert_eq!(Decimal::from_whole(i64::MAX), None);
    }

    #[test]
    fn what_is_not_a_decimal_says_why() {
        for text in ["", "-", ".5", "5.", "1.2.3", "1e3", "+1", "--1", " 1", "１"] {
            assert_eq!(text.parse::<Decimal>(), Err(DecimalError::Malformed), "{text:?}");
        }
        assert_eq!("0.0001".parse::<Decimal>(), Err(DecimalError::TooFine));
        assert_eq!("9223372036854775.808".parse::<Decimal>(), Err(DecimalError::TooLarge));
    }

    proptest! {
        #[test]
        fn every_decimal_reads_back_as_printed(thousandths: i64) {
            let decimal = Decimal::from_thousandths(thousandths);
            prop_assert_eq!(decimal.to_string().parse(), Ok(decimal));
        }
    }
}
