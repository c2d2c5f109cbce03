//! Requests that schemathesis makes from the OpenAPI document: none breaks the service, and each answer is as the document says.

use std::process::Command;

use rstest::rstest;
use serde_json::{Map, Value, json};

use crate::support::actor::Actor;
use crate::support::cast::Cast;
use crate::support::counts::count;
use crate::support::data::own;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;
use crate::walks::{EXCHANGE_LEGS, events, take};

/// Lists whose items' ids make requests meet something.
const LISTS: &[&str] = &[
    "agreements",
    "applications",
    "calls",
    "chair-terms",
    "institutions",
    "notifications",
    "people",
    "periods",
    "placements",
    "place-lines",
    "programmes",
    "workflows",
];

/// Ids that there are, by the segment of a path that stands before one.
async fn known(by: &Actor) -> Value {
    let mut known = Map::new();
    for list in LISTS {
        let page = by.get(&format!("/{list}?limit=20")).await.ok();
        let items = page["items"].as_array().expect("a page").iter().map(|one| one["id"].clone());
        known.insert((*list).to_owned(), items.collect());
    }
    Value::Object(known)
}

/// Runs schemathesis as one part, and reads its report.
fn fuzz(address: &str, token: &str, known: &Value) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().join("report.json");
    let ran = Command::new(own("target/reference/bin/st"))
        .current_dir(folder.path())
        .env("SCHEMATHESIS_HOOKS", own("tests/reference/schemathesis_hooks.py"))
        .env("SOJOURN_KNOWN", known.to_string())
        .arg("--config-file")
        .arg(own("tests/reference/schemathesis.toml"))
        .args(["run", &format!("{address}/api/openapi.json"), "--url", address])
        .args([
            "--header",
            &format!("Authorization: Bearer {token}"),
            "--checks",
            "all",
            "--phases",
            "examples,coverage,fuzzing",
        ])
        .args(["--max-examples", &count("fuzzed_per_operation").to_string(), "--continue-on-failure"])
        // What ends the session would leave nothing but 401 to see.
        .args(["--exclude-path-regex", "/auth/", "--generation-database", "none", "--no-color"])
        .args(["--seed", "20261126", "--report", "json", "--report-json-path"])
        .arg(&report)
        .output()
        .expect("schemathesis runs");
    let text = std::fs::read_to_string(&report).unwrap_or_else(|fault| {
        panic!("{fault}: {}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr))
    });
    let read: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (&read["failures"], &read["errors"]),
        (&json!([]), &json!([])),
        "{}",
        String::from_utf8_lossy(&ran.stdout)
    );
    read
}

#[rstest]
#[case("applicant")]
#[case("home_coordinator")]
#[case("secretariat")]
#[tokio::test(flavor = "multi_thread")]
async fn no_request_breaks_the_service_or_gets_an_answer_that_is_not_documented(#[case] part: &str) {
    let cast = Cast::of(Db::Sqlite).await;
    let round = cast.exchange(2, &without_documents()).await;
    let anna = cast.student("applicant").await;
    let mut walk = Walk::open(&cast, &round, &anna).await;
    for word in events("ELIGIBLE allocate", EXCHANGE_LEGS) {
        take(&mut walk, &word).await;
    }
    let known = known(cast.who("secretariat")).await;
    let by = if part == "applicant" { &anna } else { cast.who(part) };
    let token = by.token().expect("signed in");
    let address = cast.app.address.clone();
    let report = tokio::task::spawn_blocking(move || fuzz(&address, &token, &known)).await.expect("it ran");
    let made = report["test_cases"]["generated"].as_u64().expect("a number");
    assert!(made >= count("fuzzed_requests"), "only {made} requests");
    let told =
        format!("{} operations: none answered 5xx, none as not documented", report["operations"]["tested"]);
    measured(&format!("requests made from the OpenAPI document as {part}"), made, "20261126", told);
}
