//! Drafts whose call closes at one moment: the worker lapses each of them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use sojourn::clock::Clock;
use sojourn_entities::{clock, history};

use crate::field::Field;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::told::{latencies, median, percentiles};
use crate::written::Written;
use crate::{Scale, bare, pgbench, usage};

/// The event at the end of a draft.
const END: &str = "lapse";
/// Connections of the ceiling.
const CLIENTS: u32 = 4;

/// One measurement of the service.
struct Ours {
    pace: f64,
    /// How late the clocks acted, in milliseconds, at 50, 99 and 99.9 of 100.
    late: [f64; 3],
    /// Time on a core that one cost the server, in microseconds.
    core: f64,
}

/// Rounds of the worker and of the database alone in turns.
pub async fn lapses(kind: Db, scale: Scale) {
    let field = Field::of(kind).await;
    let before = field.version();
    let rounds = scale.rounds as u64;
    let each = scale.cases / 50;
    // The ceiling takes those that stand behind the service's, as many as it can.
    let first = rounds * each;
    let share = scale.cases / rounds;
    let last = first + rounds * share;
    field.spread(0..last).await;
    field.settle().await;
    let server = field.season.with_part("--worker");
    all_acted(&field, of_the_pattern(&field), 1).await;
    let written = Written { conn: &field.conn, case: field.id, version: before, lines: &[], asked: false };
    let written = written.statements().await;
    let (mut ours, mut alone) = (Vec::new(), Vec::new());
    let mut next = 0;
    for round in 0..rounds {
        let on_core = usage::on_core(server.id());
        let numbers = round * each..(round + 1) * each;
        let (took, late) = all_acted(&field, of_copies(&field, numbers.start, numbers.end), each).await;
        let core = (usage::on_core(server.id()) - on_core) * 1e6 / each as f64;
        ours.push(Ours { pace: each as f64 / took.as_secs_f64(), late, core });
        alone.push(match kind {
            Db::Postgres => by_pgbench(&field, &written, (first + round * share, share), scale),
            Db::Sqlite => {
                let file = PathBuf::from(field.season.database.url.trim_start_matches("sqlite://"));
                let found = bare::run(&file, std::slice::from_ref(&written), &[first], next, scale.lasts);
                next = found.next;
                assert!(first + next <= last, "there are too few cases for so fast a machine");
                (found.pace, found.latency)
            }
        });
    }
    let ceiling = match kind {
        Db::Postgres => format!("pgbench with the same rows over {CLIENTS} connections"),
        Db::Sqlite => "a bare loop of rusqlite".to_owned(),
    };
    tell((kind, each), &ours, (&ceiling, &alone), usage::heap(server.id()));
}

/// The same rows by pgbench, of so many cases from one on.
fn by_pgbench(field: &Field, written: &[String], (first, many): (u64, u64), scale: Scale) -> (f64, [f64; 3]) {
    let script = pgbench::transaction(written, first, "done");
    let variables = [("base", 0), ("each", many / u64::from(CLIENTS)), ("done", 0)];
    let (folder, asked) = (field.folder("pgbench"), (CLIENTS, scale.lasts));
    let found = pgbench::run(&field.season.database.url, &folder, &[script], asked, &variables);
    (found.pace, found.latency)
}

fn tell((kind, each): (Db, u64), ours: &[Ours], (ceiling, alone): (&str, &[(f64, [f64; 3])]), heap: f64) {
    measured(
        &format!("Drafts that lapse at one moment, {kind:?}"),
        each,
        "",
        format!(
            "{:.0} a second, late by {}; {ceiling} {:.0} a second, {}; ratio {:.2}; server {:.0} µs of a core each, {heap:.0} MiB of \
             heap",
            median(ours.iter().map(|ours| ours.pace)),
            latencies(&ours.iter().map(|ours| ours.late).collect::<Vec<_>>()),
            median(alone.iter().map(|(pace, _)| *pace)),
            latencies(&alone.iter().map(|(_, latency)| *latency).collect::<Vec<_>>()),
            median(ours.iter().zip(alone).map(|(ours, (pace, _))| ours.pace / pace)),
            median(ours.iter().map(|ours| ours.core)),
        ),
    );
}

fn of_the_pattern(field: &Field) -> Condition {
    Condition::all().add(clock::Column::CaseId.eq(field.id))
}

fn of_copies(field: &Field, from: u64, to: u64) -> Condition {
    Condition::all().add(clock::Column::CaseId.between(field.copy(from), field.copy(to - 1)))
}

/// Makes clocks due and waits until all have acted: how long that took, and how late each did.
async fn all_acted(field: &Field, which: Condition, many: u64) -> (Duration, [f64; 3]) {
    let running = which.clone().add(clock::Column::EndedAt.is_null());
    let due = Clock::system().now();
    let began = Instant::now();
    clock::Entity::update_many()
        .col_expr(clock::Column::DueAt, Expr::value(due))
        .col_expr(clock::Column::WakeAt, Expr::value(due))
        .filter(running.clone())
        .exec(&field.conn)
        .await
        .expect("made due");
    let left = clock::Entity::find().filter(running);
    field.none_left(left, "clocks are due, and nothing happens").await;
    let took = began.elapsed();
    let cases = clock::Entity::find().select_only().column(clock::Column::CaseId).filter(which).into_query();
    let ends = history::Entity::find()
        .select_only()
        .column(history::Column::At)
        .filter(history::Column::CaseId.in_subquery(cases))
        .filter(history::Column::Event.eq(END));
    let ends: Vec<DateTime<Utc>> = ends.into_tuple().all(&field.conn).await.expect("read");
    assert_eq!(ends.len() as u64, many, "once each");
    let late = |at: DateTime<Utc>| (at - due).as_seconds_f64() * 1e3;
    (took, percentiles(ends.into_iter().map(late).collect()))
}
