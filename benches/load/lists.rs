//! A page of fifty of very many applications, beside the bare statement; and what a process that has just started needs.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use crate::field::{Field, HOST, signed_in};
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::process::Server;
use crate::told::{latencies, median};
use crate::{Scale, pgbench, usage, wrk};

/// Connections that ask.
const CONNECTIONS: u32 = 16;
/// What is asked for: one host, one state, newest first.
const PAGE: &str = "/api/v1/applications?state=nominated&limit=50";

/// The page among few and among many applications.
pub async fn on_postgres(scale: Scale) {
    let mut field = Field::of(Db::Postgres).await;
    let server = field.season.with_part("--http");
    field.until(&server, "nominate").await;
    let few = scale.listed / 100;
    field.spread(0..few).await;
    field.settle().await;
    let before = alone(&field, &server, scale).await;
    let many = scale.listed;
    field.spread(few..many).await;
    field.settle().await;
    let after = alone(&field, &server, scale).await;
    measured(
        "A list page of 50 among more applications, PostgreSQL, 1 connection",
        many,
        "",
        format!(
            "{before:.2} ms among {few}, {after:.2} ms among {many}: {:.2} times as long",
            after / before
        ),
    );
    beside_the_bare(&field, &server, scale).await;
    drop(server);
    starting(&field, many);
    looked_at(&field, scale).await;
}

/// Rounds of the page and of the bare statement in turns.
async fn beside_the_bare(field: &Field, server: &Server, scale: Scale) {
    let script = bare(field);
    let folder = field.folder("pgbench");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..scale.rounds {
        ours.push(round(server, CONNECTIONS, scale).await);
        let url = &field.season.database.url;
        theirs.push(pgbench::run(
            url,
            &folder,
            std::slice::from_ref(&script),
            (CONNECTIONS, scale.lasts),
            &[],
        ));
    }
    measured(
        "List page of 50, PostgreSQL, 16 connections",
        scale.listed,
        "",
        format!(
            "{:.0} a second, {}; pgbench with the bare select {:.0} a second; ratio {:.2}",
            median(ours.iter().map(wrk::Found::pace)),
            latencies(&ours.iter().map(|found| found.latency).collect::<Vec<_>>()),
            median(theirs.iter().map(|found| found.pace)),
            median(ours.iter().zip(&theirs).map(|(ours, theirs)| ours.pace() / theirs.pace)),
        ),
    );
}

/// How many buffers PostgreSQL looks at for a page, whatever else its request reads with it.
async fn looked_at(field: &Field, scale: Scale) {
    alone_again(&field.conn).await;
    let before = buffers(&field.conn).await;
    let server = field.season.with_part("--http");
    let found = round(&server, 1, scale).await;
    // A connection that ends tells all it has looked at.
    drop(server);
    alone_again(&field.conn).await;
    let each = (buffers(&field.conn).await - before) as f64 / found.answers as f64;
    measured(
        "Buffers of a list page of 50, PostgreSQL",
        found.answers,
        "",
        format!("{each:.0} a page with its session and everything: {:.1} for each row shown", each / 50.0),
    );
}

/// Buffers of the database that were looked at so far.
async fn buffers(conn: &DatabaseConnection) -> i64 {
    let sql = "SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()";
    number(conn, sql).await
}

/// Until no process of the service has a connection.
async fn alone_again(conn: &DatabaseConnection) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'sojourn'";
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    while number(conn, sql).await > 0 {
        ticks.tick().await;
    }
}

async fn number(conn: &DatabaseConnection, sql: &str) -> i64 {
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await;
    row.expect("read").expect("a row").try_get_by_index(0).expect("a number")
}

/// How long it takes until a process is ready, and its memory while nobody asks anything.
fn starting(field: &Field, many: u64) {
    let began = Instant::now();
    let server = field.season.serve();
    let took = began.elapsed();
    measured(
        "From start to ready, PostgreSQL",
        many,
        "",
        format!("{:.2} s; {:.0} MiB of heap", took.as_secs_f64(), usage::heap(server.id())),
    );
}

/// The median time of the page in milliseconds, for one who asks alone.
async fn alone(field: &Field, server: &Server, scale: Scale) -> f64 {
    let host = signed_in(server, HOST).await;
    let page = host.get(PAGE.trim_start_matches("/api/v1")).await.ok();
    assert_eq!(page["items"].as_array().map(Vec::len), Some(50), "a full page of {}", field.id);
    round(server, 1, scale).await.latency[0]
}

async fn round(server: &Server, connections: u32, scale: Scale) -> wrk::Found {
    let token = signed_in(server, HOST).await.token().expect("a token");
    let found = wrk::run(&wrk::Asked {
        address: server.address.clone(),
        script: "list.lua",
        with: vec![("TOKEN", token), ("PATHS", PAGE.to_owned())],
        connections,
        lasts: scale.lasts,
    });
    found.all_succeeded();
    found
}

/// The rows of the page and what its items name, in one statement.
fn bare(field: &Field) -> String {
    let host = field.case["host"]["id"].as_str().expect("a host");
    format!(
        "SELECT cases.id, reference, state, phase, cases.kind, cases.version, entered_at, due_at, given_name, family_name, home.name, \
         programmes.title, calls.title FROM applications JOIN cases ON cases.id = applications.id \
         JOIN choices ON choices.id = current_choice_id JOIN offerings ON offerings.id = offering_id \
         JOIN programmes ON programmes.id = programme_id JOIN people ON people.id = applicant_id \
         JOIN institutions AS home ON home.id = home_id JOIN calls ON calls.id = call_id \
         WHERE choices.host_id = '{host}' AND result = 'chosen' AND host_sees_from IS NOT NULL AND host_sees_until IS NULL \
         AND state = '{}' ORDER BY applications.id DESC LIMIT 50;\n",
        field.case["state"].as_str().expect("a state")
    )
}
