//! What is left to chance around a case: facts, input, people.

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use rand::seq::IndexedRandom;
use serde_json::{Map, Value as Json, json};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Definition, DocumentIx, InputKind, Transition};
use sojourn_engine::facts::Facts;
use sojourn_engine::guard::{Slot, Type, Value};
use sojourn_engine::ids::PersonId;
use sojourn_engine::machine::{Calendars, Context, LineView, Move, World};

/// Everything outside a case: places are free and documents there; facts are random.
pub struct Surroundings {
    pub facts: Facts,
    lines: Vec<LineView>,
    documents: Vec<DocumentIx>,
    calendars: Calendars,
}

impl Surroundings {
    pub fn of(definition: &Definition) -> Self {
        let utc = || Calendar::plain(chrono_tz::UTC);
        let line = LineView { exists: true, in_force: true, amount: 1, free: 1_000, waiters: 0 };
        Self {
            facts: Facts::default(),
            lines: vec![line; definition.accounts.len()],
            documents: (0..).map(DocumentIx).take(definition.documents.len()).collect(),
            calendars: Calendars { home: utc(), host: utc(), alliance: utc() },
        }
    }
}

impl World for Surroundings {
    fn context(&self) -> Context<'_> {
        Context {
            now: DateTime::<Utc>::UNIX_EPOCH,
            facts: &self.facts,
            lines: &self.lines,
            next_lines: &self.lines,
            rivals: &[],
            documents: &self.documents,
            stays: 1,
            calendars: &self.calendars,
            overrides: &[],
            subject: None,
        }
    }

    fn take(&mut self, _: &Move) {}
}

fn value(random: &mut ChaCha12Rng, kind: &Type) -> Value {
    let start = DateTime::<Utc>::UNIX_EPOCH;
    let text = |random: &mut ChaCha12Rng| {
        Value::text(*["06", "0613", "de:B2", "en:C1", "TW"].choose(random).expect("some"))
    };
    match kind {
        Type::Bool => Value::Bool(random.random_bool(0.7)),
        Type::Int => Value::Int(random.random_range(0..9)),
        Type::Decimal => Value::Decimal(random.random_range(0..120).to_string().parse().expect("a number")),
        Type::Text => text(random),
        Type::Instant => Value::Instant(start + TimeDelta::days(random.random_range(-90..90))),
        Type::Date => Value::Date(start.date_naive() + TimeDelta::days(random.random_range(-90..90))),
        Type::Duration => Value::Duration(TimeDelta::hours(random.random_range(0..99))),
        Type::List(of) => {
            Value::list((0..random.random_range(0..4)).map(|_| value(random, of)).collect::<Vec<_>>())
        }
    }
}

/// Random facts, a few of them unknown.
pub fn facts(random: &mut ChaCha12Rng, definition: &Definition) -> Facts {
    let mut facts = Facts::default();
    for slot in (0..).map(Slot).take(definition.facts.len()) {
        let known = random.random_bool(0.9);
        // A call asks for most tracks: else they would never begin.
        let value = match definition.facts.path(slot) {
            "call.tracks" => {
                let asked = definition.tracks.iter().filter(|_| random.random_bool(0.8));
                Value::list(asked.map(|track| Value::text(track.name.as_str())).collect::<Vec<_>>())
            }
            _ => value(random, definition.facts.kind(slot)),
        };
        facts.set(slot, known.then_some(value));
    }
    facts
}

/// Input that is in order.
pub fn input(
    random: &mut ChaCha12Rng,
    definition: &Definition,
    transition: &Transition,
) -> Map<String, Json> {
    let code = |list: sojourn_engine::definition::ReasonsIx| &definition.reasons[list.at()].codes[0].0;
    let given = |random: &mut ChaCha12Rng, kind: &InputKind| match kind {
        InputKind::Text(_) => json!("ada@example.org"),
        InputKind::Choice | InputKind::Line => json!("019a7c3e-5b1f-7a20-8c44-1d2e3f405162"),
        InputKind::Option(list) => json!(code(*list)),
        InputKind::Codes(list) => json!([code(*list)]),
        InputKind::Items(list) => {
            json!([{ "item": "document:paper", "code": code(*list), "text": "Unreadable." }])
        }
        InputKind::Int(low, _) => json!(low),
        InputKind::Decimal(low, _) => json!(low.to_string()),
        InputKind::Date => match value(random, &Type::Date) {
            Value::Date(day) => json!(day),
            _ => Json::Null,
        },
        InputKind::Bool | InputKind::Attest => json!(true),
    };
    transition.input.iter().map(|field| (field.name.clone(), given(random, &field.kind))).collect()
}

/// Somebody new.
pub fn person(random: &mut ChaCha12Rng) -> PersonId {
    PersonId::from(uuid::Uuid::from_u128(random.random()))
}
