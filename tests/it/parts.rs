//! Processes with one part each: some serve requests, others deliver and act on deadlines, and all share one database.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;

use crate::support::actor::Actor;
use crate::support::app::PASSWORD;
use crate::support::database::Db;
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
