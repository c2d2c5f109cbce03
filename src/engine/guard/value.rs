//! What a fact can be: the closed set of types, their values, and how a value is written for people and for JSON.
//!
//! One more type is one variant of [`Type`] and of [`Value`]; the compiler then names every place that must decide.

use std::{fmt, sync::Arc};

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeSeq};

use super::Decimal;

/// The type of a fact, a literal or a whole expression.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A [`Decimal`]: three exact digits after the point.
    Decimal,
    /// A Unicode text.
    Text,
    /// A point in time, the same everywhere.
    Instant,
    /// A day of the calendar, without a time zone.
    Date,
    /// A length of time.
    Duration,
    /// Any number of values of one type.
    List(Box<Type>),
}

impl Type {
    /// Says whether this is a list.
    pub fn is_list(&self) -> bool {
        matches!(self, Self::List(_))
    }

    fn plural(&self) -> String {
        match self {
            Self::Bool => "conditions".into(),
            Self::Int => "whole numbers".into(),
            Self::Decimal => "decimals".into(),
            Self::Text => "texts".into(),
            Self::Instant => "instants".into(),
            Self::Date => "dates".into(),
            Self::Duration => "durations".into(),
            Self::List(of) => format!("lists of {}", of.plural()),
        }
    }
}

/// Names the type with its article, as messages need it: "an instant", "a list of texts".
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("a condition (true or false)"),
            Self::Int => f.write_str("a whole number"),
            Self::Decimal => f.write_str("a decimal"),
            Self::Text => f.write_str("a text"),
            Self::Instant => f.write_str("an instant"),
            Self::Date => f.write_str("a date"),
            Self::Duration => f.write_str("a duration"),
            Self::List(of) => write!(f, "a list of {}", of.plural()),
        }
    }
}

/// The value of a fact, of a literal or of a whole expression. Cloning never copies a text or a list.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Value {
    /// See [`Type::Bool`].
    Bool(bool),
    /// See [`Type::Int`].
    Int(i64),
    /// See [`Type::Decimal`].
    Decimal(Decimal),
    /// See [`Type::Text`].
    Text(Arc<str>),
    /// See [`Type::Instant`].
    Instant(DateTime<Utc>),
    /// See [`Type::Date`].
    Date(NaiveDate),
    /// See [`Type::Duration`].
    Duration(TimeDelta),
    /// See [`Type::List`].
    List(Arc<[Value]>),
}

impl Value {
    /// Makes a text value.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Makes a list value.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// Gives its type; nothing for an empty list, which is a list of anything.
    pub fn kind(&self) -> Option<Type> {
        Some(match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Decimal(_) => Type::Decimal,
            Self::Text(_) => Type::Text,
            Self::Instant(_) => Type::Instant,
            Self::Date(_) => Type::Date,
            Self::Duration(_) => Type::Duration,
            Self::List(items) => Type::List(Box::new(items.first()?.kind()?)),
        })
    }

    /// Says whether the value is of this type, every element of a list included.
    pub fn is(&self, kind: &Type) -> bool {
        match (self, kind) {
            (Self::List(items), Type::List(of)) => items.iter().all(|item| item.is(of)),
            (value, kind) => value.kind().as_ref() == Some(kind),
        }
    }
}

/// Writes the value as plain JSON: an instant per RFC 3339 with `Z`, a date and a duration per ISO 8601, a decimal as a string.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Decimal(value) => serializer.collect_str(value),
            Self::Instant(value) => serializer.serialize_str(&rfc3339(value)),
            Self::Date(value) => serializer.collect_str(value),
            Self::Duration(value) => serializer.serialize_str(&iso8601(*value)),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
        }
    }
}

/// Writes the value for a sentence: a text bare, a duration as the guard language has it (`3d12h`), a list with commas.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Decimal(value) => value.fmt(f),
            Self::Text(value) => f.write_str(value),
            Self::Instant(value) => f.write_str(&rfc3339(value)),
            Self::Date(value) => value.fmt(f),
            Self::Duration(value) => f.write_str(&spoken(*value)),
            Self::List(items) => {
                for (nth, item) in items.iter().enumerate() {
                    f.write_str(if nth == 0 { "" } else { ", " })?;
                    item.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

fn rfc3339(instant: &DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// `PT72H` and `P3D` are one length here: a day is 24 hours.
fn iso8601(span: TimeDelta) -> String {
    let [days, hours, minutes, seconds] = units(span).map(|(n, unit)| spelled(&n, unit.to_ascii_uppercase()));
    let clock = [hours, minutes, seconds].concat();
    let sign = sign(span);
    match (days.as_str(), clock.as_str()) {
        ("", "") => "PT0S".into(),
        (days, "") => format!("{sign}P{days}"),
        (days, clock) => format!("{sign}P{days}T{clock}"),
    }
}

fn spoken(span: TimeDelta) -> String {
    match units(span).map(|(n, unit)| spelled(&n, unit)).concat() {
        text if text.is_empty() => "0s".into(),
        text => format!("{}{text}", sign(span)),
    }
}

fn sign(span: TimeDelta) -> &'static str {
    if span < TimeDelta::zero() { "-" } else { "" }
}

fn spelled(number: &str, unit: char) -> String {
    if number == "0" { String::new() } else { format!("{number}{unit}") }
}

fn units(span: TimeDelta) -> [(String, char); 4] {
    let span = span.abs();
    let seconds = span.num_seconds();
    let fraction = format!(".{:09}", span.subsec_nanos());
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    [
        ((seconds / 86_400).to_string(), 'd'),
        ((seconds / 3_600 % 24).to_string(), 'h'),
        ((seconds / 60 % 60).to_string(), 'm'),
        (format!("{}{fraction}", seconds % 60), 's'),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: &Value) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn values_are_plain_json() {
        let instant = "2027-03-01T22:59:59Z".parse().unwrap();
        let values = Value::list([
            Value::Bool(true),
            Value::Int(-7),
            Value::Decimal("12.50".parse().unwrap()),
            Value::text("資訊 \"x\""),
            Value::Instant(instant),
            Value::Date(NaiveDate::from_ymd_opt(2027, 3, 1).unwrap()),
            Value::Duration(TimeDelta::hours(84)),
        ]);
        assert_eq!(
            json(&values),
            r#"[true,-7,"12.5","資訊 \"x\"","2027-03-01T22:59:59Z","2027-03-01","P3DT12H"]"#
        );
    }

    #[test]
    fn durations_are_written_for_machines_and_for_people() {
        for (span, machine, person) in [
            (TimeDelta::zero(), "PT0S", "0s"),
            (TimeDelta::days(14), "P14D", "14d"),
            (TimeDelta::minutes(-90), "-PT1H30M", "-1h30m"),
            (TimeDelta::milliseconds(1_500), "PT1.5S", "1.5s"),
            (TimeDelta::milliseconds(250), "PT0.25S", "0.25s"),
        ] {
            let value = Value::Duration(span);
            assert_eq!(json(&value), format!("\"{machine}\""));
            assert_eq!(value.to_string(), person);
        }
    }

    #[test]
    fn a_value_knows_its_type() {
        let texts = Type::List(Box::new(Type::Text));
        assert!(Value::list([Value::text("a")]).is(&texts));
        assert!(Value::list([]).is(&texts));
        assert!(!Value::list([Value::Int(1)]).is(&texts));
        assert!(!Value::Int(1).is(&Type::Decimal));
    }

    #[test]
    fn types_read_and_write_as_snake_case() {
        let texts = Type::List(Box::new(Type::Text));
        let written = serde_json::to_string(&texts).unwrap();
        assert_eq!(written, r#"{"list":"text"}"#);
        assert_eq!(serde_json::from_str::<Type>(&written).unwrap(), texts);
    }
}
