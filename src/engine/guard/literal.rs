//! Literals that are written as a function of a text: `duration('72h')`, `timestamp('…')`, `date('…')`.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::Value;

/// The longest duration, in seconds: about ten thousand years, as in CEL.
const MAX_SECONDS: i64 = 315_576_000_000;

/// Which literal a function writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Literal {
    Duration,
    Timestamp,
    Date,
}

impl Literal {
    /// Reads the text; nothing if it is malformed.
    pub(super) fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::Duration => duration(text).map(Value::Duration),
            Self::Timestamp => timestamp(text).map(Value::Instant),
            Self::Date => date(text).map(Value::Date),
        }
    }

    /// Says how it is written.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Duration => {
                "duration('14d'), duration('72h') or duration('1h30m'), with the units d, h, m and s"
            }
            Self::Timestamp => "timestamp('2027-03-01T00:00:00Z'), with date, time and zone (RFC 3339)",
            Self::Date => "date('2027-03-01')",
        }
    }
}

/// Reads the strict form of RFC 3339, which chrono widens by spaces and small letters.
fn timestamp(text: &str) -> Option<DateTime<Utc>> {
    let instant = DateTime::parse_from_rfc3339(text).ok()?;
    (!text.contains([' ', 't', 'z'])).then(|| instant.with_timezone(&Utc))
}

fn date(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|date: &NaiveDate| date.to_string() == text)
}

/// Reads `-1d2h`: whole numbers, each with its unit.
fn duration(text: &str) -> Option<TimeDelta> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut seconds = 0_i64;
    while let Some(end) = rest.find(|c: char| !c.is_ascii_digit()) {
        let unit = match rest.as_bytes()[end] {
            b'd' => 86_400,
            b'h' => 3_600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        seconds = rest[..end].parse::<i64>().ok()?.checked_mul(unit)?.checked_add(seconds)?;
        rest = &rest[end + 1..];
    }
    let complete = rest.is_empty() && text.len() > 1 && seconds <= MAX_SECONDS;
    complete.then(|| TimeDelta::try_seconds(sign * seconds))?
}
