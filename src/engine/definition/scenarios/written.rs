//! Values of a scenario file as facts and as input.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value as Json};
use toml::value::Datetime;

use super::script::Facts;
use crate::guard::{Type, Value};

/// The word for a fact that is not known, and for input that is not given.
pub(super) const ABSENT: &str = "absent";

/// Facts by path, nested tables unfolded.
pub(super) fn flat(facts: &Facts) -> Vec<(String, &toml::Value)> {
    let mut all = Vec::new();
    for (key, value) in facts {
        match value {
            toml::Value::Table(inner) => {
                all.extend(flat(inner).into_iter().map(|(path, value)| (format!("{key}.{path}"), value)));
            }
            other => all.push((key.clone(), other)),
        }
    }
    all
}

/// An instant as the file has it.
pub(super) fn instant(written: &Datetime) -> Result<DateTime<Utc>, String> {
    let read = written.to_string().parse::<DateTime<Utc>>();
    read.map_err(|_| format!("`{written}` is no instant: write it as in 2027-03-01T09:00:00Z"))
}

/// A value of that type, or what it must be.
pub(super) fn fact(written: &toml::Value, kind: &Type) -> Result<Option<Value>, String> {
    let value = match (written, kind) {
        (toml::Value::String(text), _) if text == ABSENT => return Ok(None),
        (toml::Value::Boolean(value), Type::Bool) => Some(Value::Bool(*value)),
        (toml::Value::Integer(value), Type::Int) => Some(Value::Int(*value)),
        (toml::Value::Integer(value), Type::Decimal) => value.to_string().parse().ok().map(Value::Decimal),
        (toml::Value::Float(value), Type::Decimal) => value.to_string().parse().ok().map(Value::Decimal),
        (toml::Value::String(text), Type::Text) => Some(Value::text(text.as_str())),
        (toml::Value::Datetime(value), Type::Instant) => instant(value).ok().map(Value::Instant),
        (toml::Value::Datetime(value), Type::Date) => {
            value.to_string().parse::<NaiveDate>().ok().map(Value::Date)
        }
        (toml::Value::Array(items), Type::List(of)) => {
            let read = items.iter().map(|item| fact(item, of).ok().flatten()).collect::<Option<Vec<_>>>();
            read.map(Value::list)
        }
        _ => None,
    };
    value.map(Some).ok_or_else(|| kind.to_string())
}

/// An example of input: what must be given, and what may.
#[derive(Debug, Clone, Default)]
pub(super) struct Example {
    pub wanted: Map<String, Json>,
    pub optional: Map<String, Json>,
}

impl Example {
    pub fn of(written: &Facts) -> Self {
        let mut example = Self::default();
        for (key, value) in written {
            match key.strip_suffix('?') {
                Some(key) => example.optional.insert(key.to_owned(), json(value)),
                None => example.wanted.insert(key.clone(), json(value)),
            };
        }
        example
    }

    /// Everything that can be given.
    pub fn full(&self) -> Map<String, Json> {
        self.wanted.iter().chain(&self.optional).map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

pub(super) fn json(written: &toml::Value) -> Json {
    match written {
        toml::Value::String(text) => Json::from(text.as_str()),
        toml::Value::Integer(value) => Json::from(*value),
        toml::Value::Float(value) => Json::from(*value),
        toml::Value::Boolean(value) => Json::from(*value),
        toml::Value::Datetime(value) => Json::from(value.to_string()),
        toml::Value::Array(items) => items.iter().map(json).collect(),
        toml::Value::Table(table) => {
            Json::Object(table.iter().map(|(key, value)| (key.clone(), json(value))).collect())
        }
    }
}
