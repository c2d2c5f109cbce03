//! How fast recorded steps are decided anew, from rows in memory: one core, the shipped exchange with a further rule, a changed deadline and a
//! changed effect, over lives as imports record them.
//!
//! `cargo bench --bench simulate` prints steps per second; the target is 200,000.

#![expect(clippy::expect_used, reason = "a bench that cannot begin has to fail")]

use chrono::{DateTime, TimeDelta, Utc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::Definition;
use sojourn_engine::guard::Value;
use sojourn_engine::ids::{CaseId, PersonId, WorkflowVersionId};
use sojourn_engine::machine::Calendars;
use sojourn_engine::simulate::{Past, Posted, Recorded, Simulation, Written};
use sojourn_engine::vocabulary::PostingKind;
use uuid::Uuid;

const EXCHANGE: &str = include_str!("../templates/workflows/exchange.toml");
const CASES: u128 = 1_000;

/// Event, state before, state after, role, facts.
type Step = (&'static str, &'static str, &'static str, &'static str, &'static str);

const LIFE: &[Step] = &[
    (
        "create",
        "",
        "draft",
        "student",
        r#"{"call.closes_at":"2011-02-01T22:59:59Z","call.opens_at":"2009-10-31T23:00:00Z","now":"2010-06-17T12:00:00Z"}"#,
    ),
    (
        "submit",
        "draft",
        "submitted",
        "student",
        r#"{"application.choices":1,"application.complete":true,"call.closes_at":"2011-02-01T22:59:59Z","call.eligible":true,"choices.eligible":true,"now":"2010-07-01T12:00:00Z"}"#,
    ),
    (
        "find_eligible",
        "submitted",
        "eligible",
        "home_coordinator",
        r#"{"application.score":null,"call.scores":false}"#,
    ),
    ("allocate", "eligible", "allocated", "home_coordinator", r"{}"),
    ("accept_offer", "allocated", "home_accepted", "student", r"{}"),
    (
        "nominate",
        "home_accepted",
        "nominated",
        "home_coordinator",
        r#"{"agreement.in_force":true,"agreement.required":false,"application.complete":true,"call.nomination_closes_at":"2011-04-01T21:59:59Z","now":"2010-09-01T12:00:00Z"}"#,
    ),
    ("acknowledge", "nominated", "acknowledged", "host_coordinator", r"{}"),
    (
        "approve",
        "acknowledged",
        "host_accepted",
        "host_coordinator",
        r#"{"agreement.in_force":true,"agreement.required":false}"#,
    ),
    ("confirm", "host_accepted", "confirmed", "student", r"{}"),
    ("make_ready", "confirmed", "ready", "home_coordinator", r"{}"),
    (
        "arrive",
        "ready",
        "on_mobility",
        "host_coordinator",
        r#"{"now":"2011-03-01T12:00:00Z","stay.start_at":"2011-02-28T23:00:00Z"}"#,
    ),
    (
        "depart",
        "on_mobility",
        "departed",
        "host_coordinator",
        r#"{"now":"2011-08-31T12:00:00Z","stay.end_at":"2011-08-31T21:59:59Z"}"#,
    ),
    ("file_transcript", "departed", "transcript_in", "host_coordinator", r"{}"),
    ("recognise", "transcript_in", "recognised", "home_academic", r"{}"),
    ("close", "recognised", "closed", "home_coordinator", r"{}"),
];

/// Everybody but the third cycle is found eligible, and the host has two weeks.
fn changed() -> Definition {
    let rule = "{ that = \"!call.scores || has(application.score)\", else = \"score_missing\" }";
    let more = format!("{rule}, {{ that = \"student.level < 8\", else = \"not_eligible_for_call\" }}");
    let at = EXCHANGE.find("event = \"find_eligible\"").expect("the transition");
    let (before, after) = EXCHANGE.split_at(at);
    let source = format!("{before}{}", after.replacen(rule, &more, 1));
    let source = source.replacen(
        "within = \"28 days\"\ncalendar = \"host\"",
        "within = \"27 days\"\ncalendar = \"host\"",
        1,
    );
    let source = source.replacen(
        "that = \"application.complete\"",
        "that = \"application.complete && application.choices >= 1\"",
        1,
    );
    Definition::parse(&source).expect("a sound definition")
}

fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}

fn steps(begun: DateTime<Utc>) -> Vec<Recorded<'static>> {
    let step = |(number, &(event, from, to, role, facts)): (i32, &Step)| Recorded {
        number,
        machine: "main",
        at: begun + TimeDelta::days(20 * i64::from(number)),
        version: id::<WorkflowVersionId>(1),
        event,
        from: Some(from).filter(|from| !from.is_empty()),
        to,
        role,
        actor: Some(id::<PersonId>(if role == "student" {
            7
        } else {
            8 + u128::from(number.unsigned_abs())
        })),
        imported: true,
        facts,
        written: Written::Nothing,
    };
    (1..).zip(LIFE).map(step).collect()
}

fn simulate(criterion: &mut Criterion) {
    let (old, new) = (Definition::parse(EXCHANGE).expect("the shipped exchange"), changed());
    let begun = DateTime::from_timestamp(1_200_000_000, 0).expect("an instant");
    let steps = steps(begun);
    let berlin = || Calendar::plain(chrono_tz::Europe::Berlin);
    let calendars = Calendars { home: berlin(), host: berlin(), alliance: berlin() };
    let frozen = [("student.level", Some(Value::Int(6)))];
    let number = |event: &str| {
        let at = LIFE.iter().position(|step| step.0 == event).expect("a step of the life");
        i32::try_from(at + 1).expect("a short life")
    };
    let posted = |event: &str, kind| {
        let number = number(event);
        let at = begun + TimeDelta::days(20 * i64::from(number));
        Posted { line: id(3), account: "out", number, at, kind, amount: 1 }
    };
    let postings = [posted("allocate", PostingKind::Hold), posted("confirm", PostingKind::Use)];
    let run = || {
        let mut simulation = Simulation::new(&new, [(id::<WorkflowVersionId>(1), &old)]);
        for case in 0..CASES {
            simulation.case(&Past {
                case: id::<CaseId>(case + 1),
                applicant: id(7),
                steps: &steps,
                refused: &[],
                frozen: &frozen,
                calendars: &calendars,
                overrides: &[],
                postings: &postings,
            });
        }
        simulation.report()
    };
    let report = run();
    assert_eq!((report.cases, report.unchanged), (1_000, 1_000), "{report}");
    let mut group = criterion.benchmark_group("simulate");
    group.throughput(Throughput::Elements(report.steps));
    group.bench_function("recorded steps", |bencher| bencher.iter(run));
    group.finish();
}

criterion_group!(benches, simulate);
criterion_main!(benches);
