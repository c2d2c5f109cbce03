//! What one decision costs: `submit` with five choices, the offers of that state, a step of a track with all that a request asks, and
//! proving a whole definition.
//!
//! `cargo bench --bench engine` prints medians; the targets are 10 µs, 20 µs, 40 µs and 1 s.

#![expect(clippy::expect_used, reason = "a bench that cannot begin has to fail")]

use std::fmt::Write as _;
use std::hint::black_box;

use chrono::{DateTime, TimeDelta, Utc};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use serde_json::{Map, json};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Definition, DocumentIx, MachineIx, Transition};
use sojourn_engine::facts::{Fact, Facts};
use sojourn_engine::guard::{Decimal, Type, Value};
use sojourn_engine::ids::PersonId;
use sojourn_engine::machine::{self, Actor, Attempt, Calendars, Case, Context, LineView, Move, Roles, World};

const EXCHANGE: &str = include_str!("../templates/workflows/exchange.toml");
const INTERNSHIP: &str = include_str!("../templates/workflows/internship.toml");

/// A value of the fact's type that lets every guard of a complete application in time hold.
fn value(fact: &Fact, kind: &Type, now: DateTime<Utc>) -> Value {
    match (fact, kind) {
        (Fact::Now, _) => Value::Instant(now),
        (Fact::CallOpensAt, _) => Value::Instant(now - TimeDelta::days(10)),
        (Fact::ApplicationChoices, _) => Value::Int(5),
        (Fact::StudentLanguages, _) => Value::list(["en:C1", "de:B2"].map(Value::text)),
        (_, Type::Bool) => Value::Bool(true),
        (_, Type::Int) => Value::Int(6),
        (_, Type::Decimal) => Value::Decimal(Decimal::from_thousandths(90_000)),
        (_, Type::Text) => Value::text("0413"),
        (_, Type::Instant) => Value::Instant(now + TimeDelta::days(30)),
        (_, Type::Date) => Value::Date((now + TimeDelta::days(30)).date_naive()),
        (_, Type::Duration) => Value::Duration(TimeDelta::days(30)),
        (_, Type::List(_)) => Value::list([]),
    }
}

struct Scene {
    definition: Definition,
    case: Case,
    facts: Facts,
    lines: Vec<LineView>,
    documents: Vec<DocumentIx>,
    calendars: Calendars,
    person: PersonId,
    roles: Roles,
    now: DateTime<Utc>,
}

impl Scene {
    fn exchange() -> Self {
        let definition = Definition::parse(EXCHANGE).expect("the shipped exchange");
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("an instant");
        let slots = definition.asks_in(definition.initial);
        let mut kinds = slots.iter().map(|slot| definition.facts.kind(*slot));
        let facts =
            Facts::gather(&definition.facts, &slots, |fact| kinds.next().map(|kind| value(fact, kind, now)));
        let berlin = || Calendar::plain(chrono_tz::Europe::Berlin);
        let student = definition.create.by[0];
        Self {
            case: Case::new(&definition, now),
            facts,
            lines: vec![
                LineView { exists: true, in_force: true, amount: 1, free: 3, waiters: 0 };
                definition.accounts.len()
            ],
            documents: (0..).map(DocumentIx).take(definition.documents.len()).collect(),
            calendars: Calendars { home: berlin(), host: berlin(), alliance: berlin() },
            person: PersonId::from(uuid::Uuid::from_u128(7)),
            roles: [student].into_iter().collect::<Roles>(),
            definition,
            now,
        }
    }
}

impl World for &Scene {
    fn context(&self) -> Context<'_> {
        Context {
            now: self.now,
            facts: &self.facts,
            lines: &self.lines,
            next_lines: &[],
            rivals: &[],
            documents: &self.documents,
            calendars: &self.calendars,
            stays: 1,
            overrides: &[],
            subject: Some(self.person),
        }
    }

    fn take(&mut self, _: &Move) {}
}

fn decisions(criterion: &mut Criterion) {
    let scene = Scene::exchange();
    let data = Map::new();
    let submits = |t: &Transition| t.freezes && t.join.is_none();
    let mut leaving = scene.definition.leaving(scene.case.state);
    let event = leaving.find(|(_, t)| submits(t)).map(|(_, t)| t.event).expect("a submission");
    let actor = Actor::Person(scene.person, scene.roles);
    let attempt = Attempt { event, actor, instance: None, data: &data, reason: None };
    machine::step(&scene.definition, &scene.case, &attempt, &mut &scene).expect("a legal submission");
    criterion.bench_function("step: submit with five choices", |bencher| {
        bencher.iter(|| machine::step(&scene.definition, black_box(&scene.case), &attempt, &mut &scene));
    });
    criterion.bench_function("offers of a draft", |bencher| {
        bencher
            .iter(|| machine::offers(&scene.definition, black_box(&scene.case), actor, &(&scene).context()));
    });
}

/// One step of a track of a case with five tracks and more instances, then what it offers and whom it waits for, as a request asks.
fn beside(criterion: &mut Criterion) {
    let mut scene = Scene::exchange();
    let definition = &scene.definition;
    let signs = |t: &Transition| {
        let track = definition.track(t.machine);
        track.is_some_and(|track| track.versions && t.from != [track.initial]) && !t.input.is_empty()
    };
    let signature = definition.transitions.iter().find(|t| signs(t)).expect("a versioned track is signed");
    let (event, machine, from) = (signature.event, signature.machine, signature.from[0]);
    let role = signature.by[0];
    let gate = definition.transitions.iter().find(|t| t.machine == MachineIx::MAIN && t.join.is_some());
    scene.case.state = gate.expect("papers open a gate of the main machine").from[0];
    let one = scene.case.tracks.iter_mut().find(|one| one.id.machine == machine).expect("it is there");
    one.state = from;
    let instance = Some(one.id);
    assert!(definition.machines().count() >= 5, "tracks of an exchange");
    let data = json!({ "components": "Algebra, 6 credits" }).as_object().cloned().expect("an object");
    let actor = Actor::Person(scene.person, [role].into_iter().collect::<Roles>());
    let attempt = Attempt { event, actor, instance, data: &data, reason: None };
    machine::step(definition, &scene.case, &attempt, &mut &scene).expect("a legal signature");
    let all = format!("step, offers and waiting with {} instances of tracks", scene.case.tracks.len());
    criterion.bench_function(&all, |bencher| {
        bencher.iter(|| {
            let case = black_box(&scene.case);
            (
                machine::step(definition, case, &attempt, &mut &scene),
                machine::offers(definition, case, actor, &(&scene).context()),
                machine::waiting(definition, case, &scene.facts),
            )
        });
    });
}

fn proofs(criterion: &mut Criterion) {
    for (name, source) in [("exchange", EXCHANGE), ("internship", INTERNSHIP)] {
        let definition = Definition::parse(source).expect("a shipped definition");
        criterion.bench_function(&format!("check: {name}"), |bencher| {
            bencher.iter(|| black_box(&definition).check());
        });
    }
}

/// A sound definition of that many states in a row, with a track beside them and a gate at the end.
fn generated(states: usize) -> Definition {
    let mut text = String::from(GENERATED);
    let told = "notify=[{notice='told',to=['a']}]";
    for at in 0..states {
        let clock = "clocks=[{id='c',within='9 days',remind=['3 days'],on_expiry=[{event='stop'}]}]";
        let _ = writeln!(
            text,
            "states.s{at}={{phase='recognition',waits_for='a',label.en='S',now.en='N',{clock}}}"
        );
    }
    for at in 1..states {
        let before = at - 1;
        let _ = write!(
            text,
            "[[transitions]]\nevent='on'\nfrom=['s{before}']\nto='s{at}'\nby=['a','s']\nrequire=[{{that='student.credits >= {at}',else='no'}}]\n{told}\n\
             [[transitions]]\nevent='back'\nfrom=['s{at}']\nto='s{before}'\nby=['a']\n{told}\n"
        );
    }
    let all = (0..states).map(|at| format!("'s{at}'")).collect::<Vec<_>>().join(",");
    let last = states - 1;
    let _ = write!(
        text,
        "[[transitions]]\nevent='stop'\nfrom=[{all}]\nto='stopped'\nby=['a','s']\nirreversible=true\n{told}\n\
         [[joins]]\nevent='end'\nfrom=['s{last}']\nto='done'\nwhen=\"track.t.state == 'held'\"\n{told}\n"
    );
    Definition::parse(&text).expect("a generated definition")
}

const GENERATED: &str = "
id='generated'
subject='programme'
initial='s0'
languages=['en']
create={by=['a'],notify=[{notice='told',to=['a']}]}
roles.a={is='applicant',label.en='A'}
roles.s={is='system',label.en='S'}
notices.told={action=false}
messages.no.en='No.'
events.on.label.en='On'
events.back.label.en='Back'
events.stop.label.en='Stop'
events.end.label.en='End'
events.turn.label.en='Turn'
states.done={phase='closed',kind='success',label.en='S',now.en='N'}
states.stopped={phase='closed',kind='failure',label.en='S',now.en='N'}
tracks.t.label.en='T'
tracks.t.phase='selection'
tracks.t.initial='needed'
tracks.t.states.needed={label.en='S',now.en='N'}
tracks.t.states.held={label.en='S',now.en='N'}
tracks.t.transitions=[
  {event='turn',from=['needed'],to='held',by=['a']},
  {event='turn',from=['held'],to='needed',by=['a']},
]
";

fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("check: generated, by states");
    for states in [10, 30, 100, 300, 1_000] {
        let definition = generated(states);
        assert_eq!(definition.check(), [], "a generated definition is sound");
        group.bench_with_input(BenchmarkId::from_parameter(states), &definition, |bencher, definition| {
            bencher.iter(|| black_box(definition).check());
        });
    }
    group.finish();
}

criterion_group!(benches, decisions, beside, proofs, growth);
criterion_main!(benches);
