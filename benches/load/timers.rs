//! Clocks that are due: a process that acts on them, beside the same rows and statements by the database alone.

use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use sojourn::clock::Clock;
use sojourn_engine::vocabulary::StateKind;
use sojourn_entities::{case, clock};

use crate::field::Field;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::told::{latencies, median};
use crate::written::Written;
use crate::{Scale, bare, pgbench, usage};

/// How often it is looked whether all have acted.
const LOOKS: Duration = Duration::from_millis(20);
/// How long one round may take.
const PATIENCE: Duration = Duration::from_mins(5);
/// Clients of pgbench; the process itself goes through the clocks a batch at a time.
const CLIENTS: u32 = 4;
/// For each clock of a round so many cases are kept for the database alone, which is asked for a time and not for a number.
const SPARE: u64 = 3;

/// Lets the offers of as many cases as a round has lapse, which frees a place each and tells the student.
pub async fn due(kind: Db, scale: Scale) {
    let mut field = Field::of(kind).await;
    let many = (scale.cases / 20).max(200);
    let rounds = scale.rounds as u64;
    let at_work = field.season.with_part("--http");
    field.until(&at_work, "allocate").await;
    drop(at_work);
    let version = field.version();
    let lines = field.lines().await;
    field.spread(0..rounds * many * (1 + SPARE)).await;
    field.settle().await;
    let worker = field.season.with_part("--worker");
    // The one that was copied shows what a lapse writes.
    end(&field, case::Column::Id.eq(field.id), clock::Column::CaseId.eq(field.id), 1).await;
    let seen = Written { conn: &field.conn, case: field.id, version, lines: &lines, asked: false };
    let written = seen.statements().await;
    let (mut ours, mut cores, mut alone) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let numbers = round * many..(round + 1) * many;
        let busy = usage::on_core(worker.id());
        let took = end(
            &field,
            is_one(&field, case::Column::Id, &numbers),
            is_one(&field, clock::Column::CaseId, &numbers),
            many,
        );
        ours.push(many as f64 / took.await.as_secs_f64());
        cores.push((usage::on_core(worker.id()) - busy) * 1e6 / many as f64);
        let first = rounds * many + round * many * SPARE;
        alone.push(by_itself(&field, kind, &written, first..first + many * SPARE, scale.lasts));
    }
    measured(
        &format!("Clocks that are due, {kind:?}"),
        rounds * many,
        "",
        format!(
            "{:.0} a second; {} {:.0} a second, {}; ratio {:.2}; {:.0} µs of a core a clock, mails and all, {:.0} MiB of heap",
            median(ours.iter().copied()),
            if kind == Db::Postgres { "pgbench with the same rows" } else { "a bare loop of rusqlite" },
            median(alone.iter().map(|(pace, _)| *pace)),
            latencies(&alone.iter().map(|(_, latency)| *latency).collect::<Vec<_>>()),
            median(ours.iter().zip(&alone).map(|(ours, (alone, _))| ours / alone)),
            median(cores),
            usage::heap(worker.id()),
        ),
    );
}

/// The copies with these numbers, which stand next to each other.
fn is_one(field: &Field, column: impl ColumnTrait, numbers: &Range<u64>) -> sea_orm::sea_query::SimpleExpr {
    column.between(field.copy(numbers.start), field.copy(numbers.end - 1))
}

/// Brings the end of the clocks forward to now, and tells how long it takes until their cases are over.
async fn end(
    field: &Field,
    cases: sea_orm::sea_query::SimpleExpr,
    clocks: sea_orm::sea_query::SimpleExpr,
    many: u64,
) -> Duration {
    let now: DateTime<Utc> = Clock::system().now();
    let began = Instant::now();
    clock::Entity::update_many()
        .col_expr(clock::Column::DueAt, Expr::value(now))
        .col_expr(clock::Column::WakeAt, Expr::value(now))
        .filter(clocks)
        .filter(clock::Column::EndedAt.is_null())
        .exec(&field.conn)
        .await
        .expect("brought forward");
    let mut ticks = tokio::time::interval(LOOKS);
    loop {
        ticks.tick().await;
        let over = case::Entity::find().filter(cases.clone()).filter(case::Column::Kind.ne(StateKind::Open));
        let over = over.count(&field.conn).await.expect("counted");
        if over == many {
            return began.elapsed();
        }
        assert!(began.elapsed() < PATIENCE, "{over} of {many} are over");
    }
}

/// How fast the database writes the same by itself, and how long each takes.
fn by_itself(
    field: &Field,
    kind: Db,
    written: &[String],
    numbers: Range<u64>,
    lasts: Duration,
) -> (f64, [f64; 3]) {
    if kind == Db::Sqlite {
        let file = PathBuf::from(field.season.database.url.trim_start_matches("sqlite://"));
        let found = bare::run(&file, &[written.to_vec()], &[numbers.start], 0, lasts);
        assert!(found.next < numbers.end - numbers.start, "there are too few cases for so fast a machine");
        return (found.pace, found.latency);
    }
    let script = pgbench::transaction(written, numbers.start, "lapsed");
    let each = (numbers.end - numbers.start) / u64::from(CLIENTS);
    let variables = [("base", 0), ("each", each), ("lapsed", 0)];
    let found = pgbench::run(
        &field.season.database.url,
        &field.folder("pgbench"),
        &[script],
        (CLIENTS, lasts),
        &variables,
    );
    (found.pace, found.latency)
}
