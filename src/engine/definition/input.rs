//! The closed set of input field types of an event: read from the definition, checked on arrival, shown as JSON Schema.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::ReasonsIx;
use crate::guard::{Decimal, Type, Value};
use crate::ids::{ChoiceId, PlaceLineId};

/// One field of an event's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputField {
    /// Name in the file and in `data`.
    pub name: String,
    /// Its type.
    pub kind: InputKind,
    /// Whether it may be left out.
    pub optional: bool,
}

/// The closed set of field types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputKind {
    /// Text of at most so many characters.
    Text(u32),
    /// One of the application's choices, by id.
    Choice,
    /// One of several place lines that cover the choice equally well, by id.
    Line,
    /// One code of a list.
    Option(ReasonsIx),
    /// Codes of a list, each once.
    Codes(ReasonsIx),
    /// Parts of the application, each with a code of a list and what is wrong with it.
    Items(ReasonsIx),
    /// A whole number in a range, both ends included.
    Int(i64, i64),
    /// A decimal number in a range, both ends included, at most three decimals.
    Decimal(Decimal, Decimal),
    /// A calendar date.
    Date,
    /// Yes or no.
    Bool,
    /// A statement that must be confirmed: only `true` will do.
    Attest,
}

/// A field type as it stands in the file, its list not yet resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenKind<'a> {
    pub word: &'a str,
    pub argument: Option<&'a str>,
    pub optional: bool,
}

impl<'a> WrittenKind<'a> {
    pub(crate) fn read(text: &'a str) -> Self {
        let (text, optional) = text.strip_suffix('?').map_or((text, false), |text| (text, true));
        let (word, argument) = match text.split_once('(') {
            Some((word, rest)) => (word, Some(rest.strip_suffix(')').unwrap_or(rest))),
            None => (text, None),
        };
        Self { word, argument, optional }
    }

    /// The type, or the sentence that says how to mend it.
    pub(crate) fn kind(&self, list: impl FnOnce(&str) -> Option<ReasonsIx>) -> Result<InputKind, String> {
        match (self.word, self.argument) {
            ("text", None) => Ok(InputKind::Text(2000)),
            ("text", Some(max)) => match max.parse() {
                Ok(max @ 1..=20_000) => Ok(InputKind::Text(max)),
                Ok(_) | Err(_) => Err("text takes a length from 1 to 20000, as in `text(500)`".to_owned()),
            },
            ("choice", None) => Ok(InputKind::Choice),
            ("line", None) => Ok(InputKind::Line),
            ("date", None) => Ok(InputKind::Date),
            ("bool", None) => Ok(InputKind::Bool),
            ("attest", None) => Ok(InputKind::Attest),
            ("int", Some(range)) => range_of(range).map(|(a, b)| InputKind::Int(a, b)),
            ("decimal", Some(range)) => range_of(range).map(|(a, b)| InputKind::Decimal(a, b)),
            (word @ ("option" | "code" | "items"), Some(name)) => {
                let ix = list(name)
                    .ok_or_else(|| format!("no list of codes `{name}`: declare it under [reasons]"))?;
                Ok(match word {
                    "option" => InputKind::Option(ix),
                    "code" => InputKind::Codes(ix),
                    _ => InputKind::Items(ix),
                })
            }
            _ => Err(format!(
                "`{}` is no input type: use text(max), choice, line, option(list), code(list), items(list), int(a..b), decimal(a..b), date, bool or attest",
                self.word
            )),
        }
    }
}

fn range_of<T: FromStr + PartialOrd>(text: &str) -> Result<(T, T), String> {
    let error = || format!("`{text}` is no range: write it as `a..b` with a ≤ b");
    let (low, high) = text.split_once("..").ok_or_else(error)?;
    match (low.trim().parse(), high.trim().parse()) {
        (Ok(low), Ok(high)) if low <= high => Ok((low, high)),
        _ => Err(error()),
    }
}

/// What is wrong with one part of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The part: `document:`, `choice:`, `answer:` or `statement:`, and its slot, id or name.
    pub item: String,
    /// A code of the list.
    pub code: String,
    /// In somebody's own words.
    pub text: String,
}

/// Kinds of parts.
const PARTS: [&str; 4] = ["document", "choice", "answer", "statement"];
/// Parts that may be marked at a time.
const MARKS: usize = 50;
/// Longest words about one part, in characters.
const MARKED: usize = 2_000;

impl Mark {
    /// Marks as an attempt gave them; nothing where they are none.
    pub fn all(value: &serde_json::Value) -> Vec<Self> {
        serde_json::from_value(value.clone()).unwrap_or_default()
    }

    fn is_sound(&self) -> bool {
        let part = self.item.split_once(':');
        let named = part.is_some_and(|(kind, name)| PARTS.contains(&kind) && (1..=120).contains(&name.len()));
        named && !self.text.trim().is_empty() && self.text.chars().count() <= MARKED
    }
}

/// A value of one field, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputValue {
    /// Text as given.
    Text(String),
    /// One of the application's choices.
    Choice(ChoiceId),
    /// A place line.
    Line(PlaceLineId),
    /// One code.
    Code(String),
    /// Several codes.
    Codes(Vec<String>),
    /// Parts that are marked.
    Items(Vec<Mark>),
    /// A whole number.
    Int(i64),
    /// A decimal number.
    Decimal(Decimal),
    /// A date.
    Date(NaiveDate),
    /// Yes or no.
    Bool(bool),
}

impl InputValue {
    /// The value as a fact `input.<field>`.
    pub fn as_fact(&self) -> Value {
        let text = |text: &str| Value::Text(text.into());
        match self {
            Self::Text(value) | Self::Code(value) => text(value),
            Self::Choice(id) => text(&id.to_string()),
            Self::Line(id) => text(&id.to_string()),
            Self::Codes(codes) => Value::List(codes.iter().map(|code| text(code)).collect()),
            Self::Items(marks) => Value::List(marks.iter().map(|mark| text(&mark.item)).collect()),
            Self::Int(value) => Value::Int(*value),
            Self::Decimal(value) => Value::Decimal(*value),
            Self::Date(value) => Value::Date(*value),
            Self::Bool(value) => Value::Bool(*value),
        }
    }
}

/// A fault in one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InputFault {
    /// The field.
    pub field: String,
    /// What is wrong and how to mend it.
    pub detail: String,
}

/// The checked input of one attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input(pub BTreeMap<String, InputValue>);

impl Input {
    /// Checks `data` against `fields`; `codes` gives the codes of a list.
    ///
    /// # Errors
    /// Every fault of every field at once: missing, unknown, of the wrong type, out of range.
    pub fn check<'a>(
        fields: &[InputField],
        data: &serde_json::Map<String, serde_json::Value>,
        codes: impl Fn(ReasonsIx) -> &'a [(String, super::Texts)],
    ) -> Result<Self, Vec<InputFault>> {
        let mut faults = Vec::new();
        let mut values = BTreeMap::new();
        for name in data.keys().filter(|name| !fields.iter().any(|f| f.name == **name)) {
            faults.push(InputFault {
                field: name.clone(),
                detail: "this event takes no such field".to_owned(),
            });
        }
        for field in fields {
            let given = data.get(&field.name).filter(|value| !value.is_null());
            let detail = match given {
                None if field.optional => continue,
                None => "this field is required".to_owned(),
                Some(value) => match field.kind.read(value, &codes) {
                    Ok(value) => {
                        values.insert(field.name.clone(), value);
                        continue;
                    }
                    Err(detail) => detail,
                },
            };
            faults.push(InputFault { field: field.name.clone(), detail });
        }
        if faults.is_empty() { Ok(Self(values)) } else { Err(faults) }
    }

    /// The day in a field, if it is one.
    pub fn date(&self, field: &str) -> Option<NaiveDate> {
        match self.0.get(field) {
            Some(InputValue::Date(day)) => Some(*day),
            _ => None,
        }
    }

    /// The choice named by a field, if it is one.
    pub fn choice(&self, field: &str) -> Option<ChoiceId> {
        match self.0.get(field) {
            Some(InputValue::Choice(id)) => Some(*id),
            _ => None,
        }
    }
}

impl InputKind {
    /// The type of the fact `input.<field>`.
    pub fn fact_type(&self) -> Type {
        match self {
            Self::Text(_) | Self::Choice | Self::Line | Self::Option(_) => Type::Text,
            Self::Codes(_) | Self::Items(_) => Type::List(Box::new(Type::Text)),
            Self::Int(..) => Type::Int,
            Self::Decimal(..) => Type::Decimal,
            Self::Date => Type::Date,
            Self::Bool | Self::Attest => Type::Bool,
        }
    }

    fn read<'a>(
        &self,
        value: &serde_json::Value,
        codes: &impl Fn(ReasonsIx) -> &'a [(String, super::Texts)],
    ) -> Result<InputValue, String> {
        let one_of = |list: ReasonsIx, code: &str| {
            let codes = codes(list);
            let known = codes.iter().any(|(known, _)| known == code);
            let all = || codes.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>().join(", ");
            if known { Ok(code.to_owned()) } else { Err(format!("must be one of: {}", all())) }
        };
        let text = || value.as_str().ok_or_else(|| "must be text".to_owned());
        match self {
            Self::Text(max) => {
                let text = text()?;
                let fits = text.chars().count() <= *max as usize;
                if fits {
                    Ok(InputValue::Text(text.to_owned()))
                } else {
                    Err(format!("at most {max} characters"))
                }
            }
            Self::Choice => id(text()?, "must be the id of one of the choices").map(InputValue::Choice),
            Self::Line => id(text()?, "must be the id of a place line").map(InputValue::Line),
            Self::Option(list) => one_of(*list, text()?).map(InputValue::Code),
            Self::Codes(list) => {
                let items = value.as_array().ok_or("must be a list of codes")?;
                let read =
                    |item: &serde_json::Value| one_of(*list, item.as_str().ok_or("must be a list of codes")?);
                let codes = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
                let twice = codes.iter().enumerate().any(|(at, code)| codes[..at].contains(code));
                if twice { Err("each code at most once".to_owned()) } else { Ok(InputValue::Codes(codes)) }
            }
            Self::Items(list) => marks(value, |code| one_of(*list, code)).map(InputValue::Items),
            Self::Int(low, high) => match value.as_i64() {
                Some(number) if (*low..=*high).contains(&number) => Ok(InputValue::Int(number)),
                Some(_) | None => Err(format!("must be a whole number from {low} to {high}")),
            },
            Self::Decimal(low, high) => decimal(value)
                .filter(|number| low <= number && number <= high)
                .map(InputValue::Decimal)
                .ok_or_else(|| format!("must be a number from {low} to {high} with at most three decimals")),
            Self::Date => NaiveDate::from_str(text()?)
                .map(InputValue::Date)
                .map_err(|_| "must be a date as in 2027-03-31".to_owned()),
            Self::Bool => {
                value.as_bool().map(InputValue::Bool).ok_or_else(|| "must be true or false".to_owned())
            }
            Self::Attest => match value.as_bool() {
                Some(true) => Ok(InputValue::Bool(true)),
                Some(false) | None => Err("must be confirmed with true".to_owned()),
            },
        }
    }

    /// The type as JSON Schema (draft 2020-12).
    pub(crate) fn schema<'a>(
        &self,
        codes: &impl Fn(ReasonsIx) -> &'a [(String, super::Texts)],
    ) -> serde_json::Value {
        let list = |ix| codes(ix).iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>();
        match self {
            Self::Text(max) => json!({ "type": "string", "maxLength": max }),
            Self::Choice => json!({ "type": "string", "format": "uuid", "x-is": "choice" }),
            Self::Line => json!({ "type": "string", "format": "uuid", "x-is": "line" }),
            Self::Option(ix) => json!({ "type": "string", "enum": list(*ix) }),
            Self::Codes(ix) => {
                json!({ "type": "array", "uniqueItems": true, "items": { "type": "string", "enum": list(*ix) } })
            }
            Self::Items(ix) => json!({
                "type": "array", "maxItems": MARKS, "x-is": "items",
                "items": {
                    "type": "object", "required": ["item", "code", "text"], "additionalProperties": false,
                    "properties": {
                        "item": { "type": "string", "maxLength": 130 },
                        "code": { "type": "string", "enum": list(*ix) },
                        "text": { "type": "string", "maxLength": MARKED },
                    },
                },
            }),
            Self::Int(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
            Self::Decimal(low, high) => json!({ "type": "number", "x-minimum": low, "x-maximum": high }),
            Self::Date => json!({ "type": "string", "format": "date" }),
            Self::Bool => json!({ "type": "boolean" }),
            Self::Attest => json!({ "type": "boolean", "const": true }),
        }
    }
}

fn marks(
    value: &serde_json::Value,
    known: impl Fn(&str) -> Result<String, String>,
) -> Result<Vec<Mark>, String> {
    let marks: Vec<Mark> = serde_json::from_value(value.clone())
        .map_err(|_| "must be a list of parts, each with `item`, `code` and `text`".to_owned())?;
    let twice = marks.iter().enumerate().any(|(at, mark)| marks[..at].iter().any(|m| m.item == mark.item));
    if marks.len() > MARKS || twice || !marks.iter().all(Mark::is_sound) {
        return Err(format!(
            "at most {MARKS} parts, each once, such as `document:SLOT`, each with words of at most {MARKED} characters"
        ));
    }
    for mark in &marks {
        known(&mark.code)?;
    }
    Ok(marks)
}

fn id<T: From<Uuid>>(text: &str, mend: &str) -> Result<T, String> {
    Uuid::try_parse(text).map(T::from).map_err(|_| mend.to_owned())
}

fn decimal(value: &serde_json::Value) -> Option<Decimal> {
    match value {
        serde_json::Value::Number(number) => number.to_string().parse().ok(),
        serde_json::Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
