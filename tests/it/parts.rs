//! Processes with one part each: some serve requests, others deliver and act on deadlines, and all share one database.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use sojourn_engine::vocabulary::NoticeStatus;
use sojourn_entities::outbox;

use crate::support::actor::Actor;
use crate::support::app::PASSWORD;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::process::Server;
use crate::support::season::Season;

/// How long the last mail may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a number stands at where numbers are served.
async fn number(numbers: &str, name: &str) -> f64 {
    let text = reqwest::get(numbers).await.expect("numbers are served").text().await.expect("text");
    let line = text.lines().find(|line| line.starts_with(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in\n{text}"));
    line.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

const DUE: &str = "sojourn_queue_due{queue=\"mails\"}";

#[tokio::test]
async fn one_process_serves_requests_and_another_delivers_what_they_cause() {
    let season = Season::open(Db::Postgres, 1, 1).await;
    let serving = season.with_part("--http");
    let anna = Actor::signed_in(&serving.address, &season.students[0], PASSWORD).await;
    season.apply(&anna, 0).await;

    let working = season.with_part("--worker");
    let numbers = working.address.clone();
    assert!(numbers.ends_with("/metrics"), "it serves numbers alone: {numbers}");
    let until = Instant::now() + PATIENCE;
    while number(&numbers, DUE).await > 0.0 {
        assert!(Instant::now() < until, "mails are delivered");
    }

    assert!(number(&numbers, "sojourn_queue_age_seconds{queue=\"clocks\"}").await < 1.0);
    assert!(number(&numbers, "sojourn_database_connections{state=\"open\"}").await >= 1.0);
    let ready = numbers.replace("/metrics", "/readyz");
    assert_eq!(reqwest::get(&ready).await.expect("an answer").status(), 200);
    let pages = numbers.replace("/metrics", "/login");
    assert_eq!(reqwest::get(&pages).await.expect("an answer").status(), 404, "and no pages");
    for process in [serving, working] {
        let (status, complaint) = process.stop();
        assert!(status.success(), "it ends in order: {complaint}");
    }
    season.verified();
}

/// Keeps what a collector of traces is sent.
async fn collector() -> (String, Arc<Mutex<Vec<u8>>>) {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let take = {
        let kept = Arc::clone(&kept);
        async move |body: Bytes| kept.lock().expect("whole").extend_from_slice(&body)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().route("/v1/traces", post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, kept)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_is_told_of_requests_by_their_routes_and_of_nobody() {
    let season = Season::open(Db::Sqlite, 1, 1).await;
    let (collector, kept) = collector().await;
    let mut command = season.command();
    command.env("SOJOURN_WATCH__OTLP", &collector).env("SOJOURN_LOG__FILTER", "info");
    command.args(["serve", "--bind", "127.0.0.1:0"]);
    let server = Server::start(command);
    let anna = Actor::signed_in(&server.address, &season.students[0], PASSWORD).await;
    let case = season.apply(&anna, 0).await;
    let path = format!("/applications/{}", case["id"].as_str().expect("an id"));
    let id = anna.get(&path).await.header("x-request-id").to_owned();
    let (status, complaint) = server.stop();
    assert!(status.success(), "{complaint}");

    let kept = kept.lock().expect("whole").clone();
    let holds = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
    for text in ["sojourn", "http.request", "/api/v1/applications/{id}", id.as_str()] {
        assert!(holds(text), "{text} in {} bytes", kept.len());
    }
    for secret in [season.students[0].as_str(), PASSWORD, "anna1"] {
        assert!(!holds(secret), "{secret} is nobody's to collect");
    }
}

/// How far its clock is moved for a process, as `libfaketime` reads it.
const AHEAD: &str = "+10m";
/// Several rounds of a worker.
const ROUNDS: Duration = Duration::from_secs(2);
/// How long a process may take to notice that clocks agree again.
const NOTICES: Duration = Duration::from_secs(30);

/// A process whose clock is moved by what stands in a file.
fn with_clock_of(season: &Season, file: &Path) -> Server {
    let listed = Command::new("dpkg").args(["-L", "libfaketime"]).output().expect("dpkg runs");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let library =
        listed.lines().find(|line| line.ends_with("/libfaketimeMT.so.1")).expect("libfaketime is installed");
    let mut command = season.command();
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", file)
        .env("FAKETIME_CACHE_DURATION", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .args(["serve", "--bind", "127.0.0.1:0"]);
    Server::start(command)
}

async fn is_ready(server: &Server) -> bool {
    reqwest::get(format!("{}/readyz", server.address)).await.expect("an answer").status() == 200
}

#[tokio::test]
async fn a_process_whose_clock_is_wrong_keeps_out_of_the_way_until_it_is_set() {
    let season = Season::open(Db::Postgres, 1, 1).await;
    let clock = season.database.folder.path().join("clock");
    std::fs::write(&clock, AHEAD).expect("a clock");
    let wrong = with_clock_of(&season, &clock);
    assert!(!is_ready(&wrong).await, "who shares out requests passes it by");

    // What the right one brings waits: the wrong one sends nothing.
    let right = season.with_part("--http");
    let anna = Actor::signed_in(&right.address, &season.students[0], PASSWORD).await;
    let case = season.apply(&anna, 0).await;
    anna.fire(&case, "submit", json!({})).await.ok();
    let database = season.database.connect().await;
    let queued = || async {
        let still = outbox::Entity::find().filter(outbox::Column::Status.eq(NoticeStatus::Queued));
        still.count(&database).await.expect("counted")
    };
    let before = queued().await;
    assert!(before > 0, "a mail is due");
    let began = Instant::now();
    while began.elapsed() < ROUNDS {
        assert!(!is_ready(&wrong).await);
    }
    assert_eq!(queued().await, before);

    std::fs::write(&clock, "+0").expect("a clock");
    let began = Instant::now();
    while !is_ready(&wrong).await || queued().await > 0 {
        assert!(began.elapsed() < NOTICES, "clocks agree, and it does not go on");
    }
    let took = began.elapsed();
    let (status, complaint) = wrong.stop();
    assert!(status.success(), "{complaint}");
    assert!(complaint.contains("set them alike, as by NTP"), "it says why: {complaint}");
    drop(right);
    season.verified();
    measured(
        "A process whose clock is ten minutes ahead",
        before,
        "",
        format!(
            "is not ready and sends nothing; {:.1} s after its clock is set it delivers",
            took.as_secs_f64()
        ),
    );
}
