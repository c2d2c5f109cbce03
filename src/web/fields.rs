//! Fields of a form from the JSON Schema of an offer's input, and the data that the filled form says.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::form::Fields;

/// One field of a form.
#[derive(Debug, Clone, Serialize)]
pub struct Field {
    /// Name in the event's data.
    name: String,
    /// Which control it gets.
    kind: Kind,
    required: bool,
    /// What was typed before.
    value: String,
    /// What was ticked before.
    ticked: Vec<String>,
    low: Option<String>,
    high: Option<String>,
    most: Option<i64>,
    /// Codes with their labels.
    options: Vec<(String, String)>,
    /// Whether it is not right.
    fault: bool,
}

/// Controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One line.
    Text,
    /// Several lines.
    Long,
    /// One of several.
    One,
    /// Some of several.
    Some,
    /// A whole number.
    Int,
    /// A decimal number.
    Decimal,
    /// A calendar date.
    Date,
    /// Yes or no.
    Bool,
    /// A statement to confirm.
    Attest,
}

/// Texts longer than this get several lines.
const LINE: i64 = 300;

fn kind(schema: &Value) -> Kind {
    let word = schema["type"].as_str().unwrap_or("string");
    match word {
        "boolean" if schema["const"] == true => Kind::Attest,
        "boolean" => Kind::Bool,
        "integer" => Kind::Int,
        "number" => Kind::Decimal,
        "array" => Kind::Some,
        _ if schema["format"] == "date" => Kind::Date,
        _ if schema["x-is"].is_string() || schema["enum"].is_array() => Kind::One,
        _ if schema["maxLength"].as_i64().is_some_and(|most| most > LINE) => Kind::Long,
        _ => Kind::Text,
    }
}

/// What a case gives to pick from, by value and label.
#[derive(Debug, Default)]
pub struct Picks {
    /// The application's choices.
    pub choices: Vec<(String, String)>,
    /// Place lines; without any, nobody is asked for one.
    pub lines: Vec<(String, String)>,
}

/// The fields of a schema; `typed` is what a form said that was not taken, `faults` which of its fields are not right.
pub fn fields(schema: &Value, picks: &Picks, typed: Option<&Fields>, faults: &[String]) -> Vec<Field> {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let field = |(name, schema): (&String, &Value)| {
        let said = posted(name);
        let bound = |plain: &str, decimal: &str| match (&schema[plain], &schema[decimal]) {
            (Value::Null, Value::Null) => None,
            (Value::Null, Value::String(text)) => Some(text.clone()),
            (Value::Null, bound) | (bound, _) => Some(bound.to_string()),
        };
        Field {
            kind: kind(schema),
            required: required.contains(&name.as_str()),
            value: typed.map(|typed| typed.get(&said).to_owned()).unwrap_or_default(),
            ticked: typed.map(|typed| typed.all(&said).map(ToOwned::to_owned).collect()).unwrap_or_default(),
            low: bound("minimum", "x-minimum"),
            high: bound("maximum", "x-maximum"),
            most: schema["maxLength"].as_i64(),
            options: options(schema, picks),
            fault: faults.contains(name),
            name: name.clone(),
        }
    };
    // Parts of the application are marked one by one, where it is shown.
    let asked = |(_, schema): &(&String, &Value)| {
        schema["x-is"] != MARKS && (schema["x-is"] != "line" || !picks.lines.is_empty())
    };
    properties.filter(asked).map(field).collect()
}

/// Name of a field of the event's data in the form.
fn posted(name: &str) -> String {
    format!("data.{name}")
}

fn options(schema: &Value, picks: &Picks) -> Vec<(String, String)> {
    if schema["x-is"] == "line" {
        return picks.lines.clone();
    }
    if schema["x-is"] == "choice" {
        return picks.choices.clone();
    }
    let codes = schema["enum"].as_array().or_else(|| schema["items"]["enum"].as_array());
    let codes = codes.into_iter().flatten().filter_map(Value::as_str);
    codes.map(|code| (code.to_owned(), code.replace('_', " "))).collect()
}

/// The data of an event, as the form says it; a field left empty is left out, and whatever cannot be read goes on as it was typed,
/// for the workflow to refuse.
pub fn data(schema: &Value, said: &Fields) -> Map<String, Value> {
    let mut data = Map::new();
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let posted = posted(name);
        let text = said.get(&posted);
        let kind = kind(schema);
        if schema["x-is"] == MARKS {
            let marks = marks(said);
            if !marks.is_empty() {
                data.insert(name.clone(), json!(marks));
            }
        } else if kind == Kind::Some {
            data.insert(
                name.clone(),
                json!(said.all(&posted).filter(|code| !code.is_empty()).collect::<Vec<_>>()),
            );
        } else if !text.is_empty() {
            data.insert(name.clone(), value(kind, text));
        }
    }
    data
}

/// What a field is that takes marks.
const MARKS: &str = "items";

/// Parts of which a form says something.
fn marks(said: &Fields) -> Vec<Value> {
    marked(said).map(|(item, (code, text))| json!({ "item": item, "code": code, "text": text })).collect()
}

/// Code and words by part of the application, as a form says them.
pub fn marked(said: &Fields) -> impl Iterator<Item = (&str, (&str, &str))> {
    let items = said.0.iter().filter_map(|(name, _)| name.strip_prefix("mark.text:"));
    let mark = move |item| {
        let (code, text) = (said.get(&format!("mark.code:{item}")), said.get(&format!("mark.text:{item}")));
        (item, (code, text))
    };
    items.map(mark).filter(|(_, (code, text))| !code.is_empty() || !text.is_empty())
}

/// What somebody typed into a control.
pub fn value(kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Int => text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)),
        Kind::Bool | Kind::Attest => json!(text == "true"),
        Kind::Decimal => json!(text.replace(',', ".")),
        Kind::Text | Kind::Long | Kind::One | Kind::Some | Kind::Date => json!(text),
    }
}

/// Required fields that were left empty.
pub fn missing(schema: &Value, said: &Fields) -> Vec<String> {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    required.filter(|name| said.get(&posted(name)).is_empty()).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Value {
        json!({
            "required": ["attest", "hours"],
            "properties": {
                "attest": { "type": "boolean", "const": true },
                "hours": { "type": "number", "x-minimum": "0", "x-maximum": "168" },
                "week": { "type": "integer", "minimum": 1, "maximum": 104 },
                "why": { "type": "string", "maxLength": 2000 },
                "codes": { "type": "array", "items": { "enum": ["a", "b"] } },
                "on": { "type": "string", "format": "date" },
            },
        })
    }

    fn said(pairs: &[(&str, &str)]) -> Fields {
        Fields(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn each_type_of_a_schema_gets_its_control() {
        let kinds: Vec<Kind> =
            fields(&schema(), &Picks::default(), None, &[]).iter().map(|field| field.kind).collect();
        assert_eq!(kinds, [Kind::Attest, Kind::Decimal, Kind::Int, Kind::Long, Kind::Some, Kind::Date]);
    }

    #[test]
    fn a_place_line_is_asked_for_where_there_are_several() {
        let schema =
            json!({ "properties": { "line": { "type": "string", "format": "uuid", "x-is": "line" } } });
        assert!(fields(&schema, &Picks::default(), None, &[]).is_empty());
        let lines = vec![("1".to_owned(), "first".to_owned()), ("2".to_owned(), "second".to_owned())];
        let asked = fields(&schema, &Picks { lines: lines.clone(), ..Picks::default() }, None, &[]);
        assert_eq!((asked[0].kind, &asked[0].options), (Kind::One, &lines));
    }

    #[test]
    fn a_filled_form_says_data_and_an_empty_field_nothing() {
        let said = said(&[
            ("data.attest", "true"),
            ("data.hours", "7,5"),
            ("data.week", "x"),
            ("data.why", " "),
            ("data.codes", "b"),
        ]);
        let expected = json!({ "attest": true, "hours": "7.5", "week": "x", "codes": ["b"] });
        assert_eq!(Value::Object(data(&schema(), &said)), expected);
    }

    #[test]
    fn required_fields_left_empty_are_named() {
        assert_eq!(missing(&schema(), &said(&[("data.hours", "1")])), ["attest"]);
    }
}
