//! What a step saw: the facts it recorded, in the terms of the changed definition.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;

use super::rules::Rules;
use crate::definition::Input;
use crate::facts::{FactTable, Facts};
use crate::guard::{Guard, Slot, Type, Value, Values, Verdict};
use crate::machine::Case;

/// Whether a guard held on what was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Truth {
    Holds,
    Fails,
    /// It rests on this fact, which nobody recorded.
    Unknown(String),
}

/// Values of facts, and which of them are known to be there or absent.
#[derive(Debug, Default)]
pub(super) struct Seen {
    values: Facts,
    recorded: Vec<bool>,
}

impl Values for Seen {
    fn get(&self, slot: Slot) -> Option<&Value> {
        self.values.get(slot)
    }
}

impl Seen {
    /// Reads what was recorded with a step; `input` is `None` where what people wrote is gone.
    pub fn read(
        &mut self,
        rules: &Rules<'_>,
        at: DateTime<Utc>,
        case: &Case,
        facts: &str,
        frozen: &[(&str, Option<Value>)],
        input: Option<&Input>,
    ) {
        let table = &rules.changed.definition.facts;
        self.values = Facts::gather(table, &[], |_| None);
        self.recorded.clear();
        self.recorded.resize(table.len(), false);
        let _ = serde_json::Deserializer::from_str(facts).deserialize_map(Reader { table, seen: self });
        for (path, value) in frozen {
            if let Some(slot) = table.slot(path) {
                self.set(slot, value.clone());
            }
        }
        for (field, slot) in input.map(|_| &rules.inputs).into_iter().flatten() {
            let given = input.and_then(|input| input.0.iter().find(|(name, _)| *name == field));
            self.set(*slot, given.map(|(_, value)| value.as_fact()));
        }
        case.lay(rules.changed.definition, &mut self.values);
        for slot in &rules.own {
            self.recorded[usize::from(slot.0)] = true;
        }
        if let Some(now) = rules.now {
            self.set(now, Some(Value::Instant(at)));
        }
    }

    fn set(&mut self, slot: Slot, value: Option<Value>) {
        self.values.set(slot, value);
        self.recorded[usize::from(slot.0)] = true;
    }

    /// Whether a fact is known, be it only as absent.
    pub fn knows(&self, slot: Slot) -> bool {
        self.recorded.get(usize::from(slot.0)).copied().unwrap_or(false)
    }

    pub fn truth(&self, rules: &Rules<'_>, guard: &Guard) -> Truth {
        match guard.holds(self) {
            Verdict::True => Truth::Holds,
            Verdict::False => Truth::Fails,
            Verdict::Unknown => {
                let table = &rules.changed.definition.facts;
                let blamed = guard.explain(self).into_iter().map(|(path, _)| path);
                let unrecorded = |path: &String| table.slot(path).is_some_and(|slot| !self.knows(slot));
                blamed.into_iter().find(unrecorded).map_or(Truth::Fails, Truth::Unknown)
            }
        }
    }
}

/// Takes the facts that the changed definition knows out of a JSON object, and leaves the rest unread.
struct Reader<'r> {
    table: &'r FactTable,
    seen: &'r mut Seen,
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of facts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(path) = map.next_key::<Cow<'de, str>>()? {
            // What people gave is recorded with their words, not here.
            let slot = self.table.slot(&path).filter(|_| !path.starts_with("input."));
            let Some(slot) = slot else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let json: Json = map.next_value()?;
            if json.is_null() {
                self.seen.set(slot, None);
            } else if let Some(value) = value(&json, self.table.kind(slot)) {
                self.seen.set(slot, Some(value));
            }
        }
        Ok(())
    }
}

/// A recorded value as the type its fact has now; what does not fit counts as not recorded.
fn value(json: &Json, kind: &Type) -> Option<Value> {
    match kind {
        Type::Bool => json.as_bool().map(Value::Bool),
        Type::Int => json.as_i64().map(Value::Int),
        Type::Decimal => json.as_str()?.parse().ok().map(Value::Decimal),
        Type::Text => json.as_str().map(Value::text),
        Type::Instant => {
            DateTime::parse_from_rfc3339(json.as_str()?).ok().map(|at| Value::Instant(at.to_utc()))
        }
        Type::Date => json.as_str()?.parse().ok().map(Value::Date),
        Type::Duration => None,
        Type::List(of) => {
            json.as_array()?.iter().map(|item| value(item, of)).collect::<Option<Vec<_>>>().map(Value::list)
        }
    }
}
