//! What the language promises, checked on a small table of facts of every type.

mod evaluation;
mod filters;
mod laws;
mod messages;
mod oracle;
mod sources;

use proptest::prelude::*;

use super::{Decimal, Guard, Names, Slot, Type, Value, Values, Verdict};

/// The facts of the tests: two of most types, so that they can be compared with each other.
fn table() -> Vec<(&'static str, Type)> {
    let list = |of| Type::List(Box::new(of));
    vec![
        ("main", Type::Text),
        ("now", Type::Instant),
        ("call.closes_at", Type::Instant),
        ("agreement.in_force", Type::Bool),
        ("host.tracks_places", Type::Bool),
        ("student.year", Type::Int),
        ("places.out.free", Type::Int),
        ("student.credits", Type::Decimal),
        ("stay.credits", Type::Decimal),
        ("student.level", Type::Text),
        ("stay.start_on", Type::Date),
        ("stay.end_on", Type::Date),
        ("stay.length", Type::Duration),
        ("call.notice", Type::Duration),
        ("student.languages", list(Type::Text)),
        ("call.years", list(Type::Int)),
    ]
}

struct Catalogue(Vec<(&'static str, Type)>);

impl Catalogue {
    fn new() -> Self {
        Self(table())
    }
}

impl Names for Catalogue {
    fn resolve(&mut self, path: &str) -> Option<(Slot, Type)> {
        let place = self.0.iter().position(|(name, _)| *name == path)?;
        Some((Slot(u16::try_from(place).ok()?), self.0[place].1.clone()))
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }
}

/// One value, or none, for each fact of the table.
#[derive(Clone, Debug)]
struct Facts(Vec<Option<Value>>);

impl Facts {
    fn none() -> Self {
        Self(vec![None; table().len()])
    }

    fn with(mut self, path: &str, value: Value) -> Self {
        self.0[slot(path)] = Some(value);
        self
    }
}

impl Values for Facts {
    fn get(&self, slot: Slot) -> Option<&Value> {
        self.0.get(usize::from(slot.0))?.as_ref()
    }
}

fn slot(path: &str) -> usize {
    table().iter().position(|(name, _)| *name == path).unwrap()
}

fn guard(source: &str) -> Guard {
    Guard::compile(source, &mut Catalogue::new()).unwrap_or_else(|mistakes| panic!("{source}: {mistakes:?}"))
}

fn holds(source: &str, facts: &Facts) -> Verdict {
    guard(source).holds(facts)
}

fn instant(text: &str) -> Value {
    Value::Instant(text.parse().unwrap())
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

fn texts(items: &[&str]) -> Value {
    Value::list(items.iter().map(|item| Value::text(*item)))
}

/// Values of one type: few different ones, so that facts are often equal, and the extremes.
fn value_of(kind: &Type) -> BoxedStrategy<Value> {
    let day = chrono::NaiveDate::from_ymd_opt(2027, 3, 1).unwrap();
    match kind {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Int => prop_oneof![8 => -3..4_i64, 1 => Just(i64::MIN), 1 => Just(i64::MAX)].prop_map(Value::Int).boxed(),
        Type::Decimal => prop_oneof![8 => (-12..12_i64).prop_map(|quarters| quarters * 250), 1 => any::<i64>()]
            .prop_map(|thousandths| Value::Decimal(Decimal::from_thousandths(thousandths)))
            .boxed(),
        Type::Text => prop::sample::select(vec!["", "a", "b", "open", "校"]).prop_map(Value::text).boxed(),
        Type::Instant => (0..4_i64)
            .prop_map(move |hours| Value::Instant((day.and_time(chrono::NaiveTime::MIN) + chrono::TimeDelta::hours(hours)).and_utc()))
            .boxed(),
        Type::Date => prop_oneof![8 => (0..4_i64).prop_map(move |days| day + chrono::TimeDelta::days(days)), 1 => Just(chrono::NaiveDate::MAX)]
            .prop_map(Value::Date)
            .boxed(),
        Type::Duration => prop_oneof![8 => (-50..50_i64).prop_map(chrono::TimeDelta::hours), 1 => Just(chrono::TimeDelta::MAX)]
            .prop_map(Value::Duration)
            .boxed(),
        Type::List(of) => prop::collection::vec(value_of(of), 0..4).prop_map(Value::list).boxed(),
    }
}

/// Facts of the right types, some absent.
fn facts() -> impl Strategy<Value = Facts> {
    table()
        .into_iter()
        .map(|(_, kind)| prop::option::weighted(0.8, value_of(&kind)))
        .collect::<Vec<_>>()
        .prop_map(Facts)
}

/// A well typed condition, as text.
fn condition() -> impl Strategy<Value = String> {
    condition_of(atom())
}

/// A condition that joins nothing.
fn atom() -> impl Strategy<Value = String> {
    let flags = vec!["true", "false", "agreement.in_force", "host.tracks_places", "has(student.year)"];
    prop_oneof![prop::sample::select(flags).prop_map(str::to_owned), comparison(), membership()]
}

/// Conditions joined from such atoms.
fn condition_of(atom: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    atom.prop_recursive(4, 24, 4, |inner| {
        let joined = |by: &'static str| {
            prop::collection::vec(inner.clone(), 2..4).prop_map(move |parts| format!("({})", parts.join(by)))
        };
        prop_oneof![
            joined(" && "),
            joined(" || "),
            inner.clone().prop_map(|part| format!("!({part})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) == ({b})")),
        ]
    })
    .prop_filter("fits", |source| source.len() <= 400)
}

fn comparison() -> impl Strategy<Value = String> {
    let relation = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let sides = prop::sample::select(vec![
        Type::Int,
        Type::Decimal,
        Type::Text,
        Type::Instant,
        Type::Date,
        Type::Duration,
    ])
    .prop_flat_map(|kind| (operand(&kind), operand(&kind)));
    (relation, sides).prop_map(|(relation, (left, right))| format!("{left} {relation} {right}"))
}

fn membership() -> impl Strategy<Value = String> {
    let item = || operand(&Type::Int);
    prop_oneof![
        (item(), item(), item()).prop_map(|(a, b, c)| format!("{a} in [{b}, {c}]")),
        item().prop_map(|a| format!("{a} in call.years")),
        item().prop_map(|a| format!("call.years.exists(y, y > {a})")),
        item().prop_map(|a| format!("call.years.all(y, y > {a} || [y, 1].exists(z, z == student.year))")),
        operand(&Type::Text).prop_map(|a| format!("student.languages.exists(l, l.startsWith({a}))")),
    ]
}

/// An expression of one type, as text.
fn operand(kind: &Type) -> BoxedStrategy<String> {
    let pick = |choices: &'static [&'static str]| prop::sample::select(choices).prop_map(str::to_owned);
    let (plain, joined): (_, &[&str]) = match kind {
        Type::Int => (
            pick(&["0", "1", "-2", "3", "student.year", "places.out.free", "size(call.years)", "size(main)"]),
            &["+", "-", "*", "/", "%"],
        ),
        Type::Decimal => (
            pick(&["0.0", "0.25", "-1.5", "student.credits", "stay.credits", "double(student.year)"]),
            &["+", "-", "*", "/"],
        ),
        Type::Text => (pick(&["''", "'a'", "\"open\"", "'校'", "main", "student.level"]), &[]),
        Type::Instant => (
            pick(&["now", "call.closes_at", "timestamp('2027-03-01T01:00:00Z')", "(now + call.notice)"]),
            &[],
        ),
        Type::Date => (
            pick(&["stay.start_on", "stay.end_on", "date('2027-03-02')", "(stay.end_on + stay.length)"]),
            &[],
        ),
        _ => (
            pick(&[
                "stay.length",
                "call.notice",
                "duration('1h')",
                "(now - call.closes_at)",
                "(stay.end_on - stay.start_on)",
            ]),
            &["+", "-"],
        ),
    };
    if joined.is_empty() {
        return plain.boxed();
    }
    let chain = prop::collection::vec((prop::sample::select(joined), plain.clone()), 1..4);
    let chain = (plain.clone(), chain).prop_map(|(first, rest)| {
        let zero = |operand: &str| matches!(operand, "0" | "0.0");
        rest.iter().fold(first, |text, (operator, operand)| match *operator {
            "/" | "%" if zero(operand) => text,
            operator => format!("{text} {operator} {operand}"),
        })
    });
    prop_oneof![3 => plain, 1 => chain.prop_map(|chain| format!("({chain})"))].boxed()
}
