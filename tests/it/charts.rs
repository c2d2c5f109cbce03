//! The engine beside an independent interpreter of state charts, on the same random events.

use std::io::Write;
use std::process::{Command, Stdio};

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use rand::seq::IndexedRandom;
use serde_json::{Map, Value as Json, json};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::diagram::{View, scxml};
use sojourn_engine::definition::{
    Definition, DocumentIx, EventIx, Input, InputKind, Resolver, RoleIx, Transition,
};
use sojourn_engine::facts::Facts;
use sojourn_engine::guard::{Guard, Slot, Type, Value, Verdict};
use sojourn_engine::ids::PersonId;
use sojourn_engine::machine::{self, Actor, Attempt, Calendars, Case, Context, LineView, Move, Roles, World};

use crate::support::counts::count;
use crate::support::data::own;
use crate::support::measured::measured;
use crate::support::seed::{random, seed};

/// Events of one sequence at most.
const LONGEST: usize = 25;
/// Facts are drawn anew so often until an event may happen.
const TRIES: usize = 12;

/// Everything outside a case: places are free and documents there; facts are random.
struct Surroundings {
    facts: Facts,
    lines: Vec<LineView>,
    documents: Vec<DocumentIx>,
    calendars: Calendars,
}

impl Surroundings {
    fn of(definition: &Definition) -> Self {
        let utc = || Calendar::plain(chrono_tz::UTC);
        let line = LineView { exists: true, amount: 1, free: 1_000, waiters: 0 };
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

fn facts(random: &mut ChaCha12Rng, definition: &Definition) -> Facts {
    let mut facts = Facts::default();
    for slot in (0..).map(Slot).take(definition.facts.len()) {
        let known = random.random_bool(0.9);
        let value = value(random, definition.facts.kind(slot));
        facts.set(slot, known.then_some(value));
    }
    facts
}

/// Input that is in order.
fn input(random: &mut ChaCha12Rng, definition: &Definition, transition: &Transition) -> Map<String, Json> {
    let code = |list: sojourn_engine::definition::ReasonsIx| &definition.reasons[list.at()].codes[0].0;
    let given = |random: &mut ChaCha12Rng, kind: &InputKind| match kind {
        InputKind::Text(_) => json!("text"),
        InputKind::Choice | InputKind::Line => json!("019a7c3e-5b1f-7a20-8c44-1d2e3f405162"),
        InputKind::Option(list) => json!(code(*list)),
        InputKind::Codes(list) => json!([code(*list)]),
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

/// One event as it was attempted, and the state after it.
struct Tried {
    event: String,
    conditions: String,
    after: String,
}

/// A walk of one case, decided by the engine.
struct Walk<'a> {
    definition: &'a Definition,
    conditions: &'a [&'a Guard],
    world: Surroundings,
    case: Case,
    moved: u64,
    refused: u64,
}

impl Walk<'_> {
    /// The transition of that event here, if there is one.
    fn transition(&self, event: EventIx) -> Option<&Transition> {
        let here = self.definition.leaving(self.case.state).map(|(_, transition)| transition);
        let origin = self.case.origin();
        let came =
            |t: &&Transition| t.came_from.is_empty() || origin.is_some_and(|o| t.came_from.contains(&o));
        here.filter(came).find(|transition| transition.event == event && transition.join.is_none())
    }

    /// Mostly an event that can happen here, by somebody who may; else anything.
    fn pick(&self, random: &mut ChaCha12Rng) -> (EventIx, RoleIx) {
        let definition = self.definition;
        let here: Vec<&Transition> =
            definition.leaving(self.case.state).map(|(_, t)| t).filter(|t| t.join.is_none()).collect();
        match here.choose(random) {
            Some(transition) if random.random_bool(0.85) => {
                (transition.event, *transition.by.choose(random).expect("somebody"))
            }
            _ => {
                let any = |random: &mut ChaCha12Rng, of: usize| {
                    random.random_range(0..u16::try_from(of).expect("few"))
                };
                (EventIx(any(random, definition.events.len())), RoleIx(any(random, definition.roles.len())))
            }
        }
    }

    /// Whether a join would move the case by itself: it would not have stayed here.
    fn restless(&self, facts: &Facts) -> bool {
        let joins = self.definition.leaving(self.case.state).filter_map(|(_, t)| t.join.as_ref());
        joins.into_iter().any(|join| join.when.as_ref().is_none_or(|when| when.holds(facts) == Verdict::True))
    }

    /// Draws facts and input under which the case would have stayed where it is, and mostly such that the event may happen.
    fn draw(
        &mut self,
        random: &mut ChaCha12Rng,
        transition: Option<&Transition>,
    ) -> Option<Map<String, Json>> {
        let definition = self.definition;
        let wanted = random.random_bool(0.9);
        for _ in 0..TRIES {
            let mut facts = facts(random, definition);
            let mut data = Map::new();
            if let Some(transition) = transition {
                data = input(random, definition, transition);
                let given =
                    Input::check(&transition.input, &data, |list| &definition.reasons[list.at()].codes);
                for (field, value) in given.expect("in order").0 {
                    if let Some(slot) = definition.facts.slot(&format!("input.{field}")) {
                        facts.set(slot, Some(value.as_fact()));
                    }
                }
            }
            let mut rules = transition.iter().flat_map(|transition| &transition.require);
            let may = rules.all(|rule| rule.guard.holds(&facts) == Verdict::True);
            if !self.restless(&facts) && (may || !wanted) {
                self.world.facts = facts;
                return Some(data);
            }
        }
        None
    }

    fn attempt(&mut self, random: &mut ChaCha12Rng) -> Option<Tried> {
        let definition = self.definition;
        let (event, role) = self.pick(random);
        let transition = self.transition(event).cloned();
        let data = self.draw(random, transition.as_ref())?;
        let holds = |guard: &&Guard| if guard.holds(&self.world.facts) == Verdict::True { '1' } else { '0' };
        let conditions = self.conditions.iter().map(holds).collect();
        let codes = transition.and_then(|t| t.reason).map(|list| &definition.reasons[list.at()].codes);
        // Somebody else each time: who did what before is no part of the chart.
        let actor = match definition.roles[role.at()].resolver {
            Resolver::System => Actor::System,
            _ => Actor::Person(person(random), Roles::NONE.with(role)),
        };
        let reason = codes.map(|codes| (codes[0].0.as_str(), "because"));
        let attempt = Attempt { event, instance: None, actor, data: &data, reason };
        match machine::step(definition, &self.case, &attempt, &mut self.world) {
            Ok(step) => {
                self.moved += 1;
                for made in &step.moves {
                    self.case.apply(definition, made, None, DateTime::<Utc>::UNIX_EPOCH);
                }
            }
            Err(_) => self.refused += 1,
        }
        Some(Tried {
            event: format!("{}.{}", definition.events[event.at()].name, definition.roles[role.at()].name),
            conditions,
            after: definition.states[self.case.state.at()].name.clone(),
        })
    }
}

fn person(random: &mut ChaCha12Rng) -> PersonId {
    PersonId::from(uuid::Uuid::from_u128(random.random()))
}

/// What the other interpreter says: the states after each event of each run.
fn interpreted(asked: &Json) -> Vec<Vec<Vec<String>>> {
    let python = own("target/reference/bin/python");
    let mut child = Command::new(&python)
        .arg(own("tests/reference/scxml.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; tests/run installs it", python.display()));
    let mut stdin = child.stdin.take().expect("piped");
    let asked = asked.to_string();
    let writer = std::thread::spawn(move || stdin.write_all(asked.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it ends").expect("all was read");
    assert!(output.status.success(), "{}", output.status);
    let lines = std::str::from_utf8(&output.stdout).expect("UTF-8").lines();
    lines.map(|line| serde_json::from_str(line).expect("a list")).collect()
}

fn runs(walked: &[Vec<Tried>]) -> Vec<Json> {
    let event = |one: &Tried| json!([one.event, one.conditions]);
    let run =
        |tried: &Vec<Tried>| json!({ "chart": 0, "events": tried.iter().map(event).collect::<Vec<_>>() });
    walked.iter().map(run).collect()
}

fn agree(file: &str, tried: &[Tried], answer: &[Vec<String>]) {
    assert_eq!(tried.len(), answer.len());
    for (at, (one, other)) in tried.iter().zip(answer).enumerate() {
        let told = |one: &Tried| format!("{} ({}) → {}", one.event, one.conditions, one.after);
        let way: Vec<String> = tried[..=at].iter().map(told).collect();
        assert_eq!([one.after.as_str()], other[..], "{file}: {}", way.join(", "));
    }
}

#[test]
fn another_interpreter_comes_to_the_same_states_on_random_events() {
    let files =
        ["templates/workflows/exchange.toml", "templates/workflows/internship.toml", "tests/data/chart.toml"];
    let definitions = files.map(|file| {
        let source = std::fs::read_to_string(own(file)).expect("the file");
        Definition::parse(&source).unwrap_or_else(|findings| panic!("{file}: {findings:#?}"))
    });
    let seed = seed();
    let mut random = random(seed);
    let sequences = count("scxml_sequences");
    let (mut moved, mut refused, mut walked) = (0, 0, Vec::new());
    for definition in &definitions {
        let conditions = scxml::conditions(definition);
        let mut sequence = Vec::new();
        for _ in 0..sequences {
            let case = Case::new(definition, DateTime::<Utc>::UNIX_EPOCH);
            let world = Surroundings::of(definition);
            let mut walk = Walk { definition, conditions: &conditions, world, case, moved: 0, refused: 0 };
            let tried: Vec<Tried> = (0..LONGEST).filter_map(|_| walk.attempt(&mut random)).collect();
            (moved, refused) = (moved + walk.moved, refused + walk.refused);
            sequence.push(tried);
        }
        walked.push(sequence);
    }
    assert!(moved > refused / 4, "{moved} steps and {refused} refusals: the walks go nowhere");

    let answers = std::thread::scope(|scope| {
        let asked = definitions.iter().zip(&walked).map(|(definition, tried)| {
            let asked = json!({ "charts": [definition.scxml(&View::default())], "runs": runs(tried) });
            scope.spawn(move || interpreted(&asked))
        });
        let asked: Vec<_> = asked.collect();
        asked.into_iter().map(|one| one.join().expect("it ends")).collect::<Vec<_>>()
    });
    for ((file, walked), answers) in files.iter().zip(&walked).zip(&answers) {
        assert_eq!(answers.len(), walked.len());
        for (tried, answer) in walked.iter().zip(answers) {
            agree(file, tried, answer);
        }
    }
    let result = format!("{moved} steps and {refused} refusals alike");
    measured("event sequences per workflow, beside python-statemachine", sequences, seed, result);
}
