//! How a version of a workflow comes into force.

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, etag, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::cast::Cast;
use crate::support::data::own;
use crate::support::database::Db;

/// The shipped exchange with one text replaced.
pub fn exchange(from: &str, to: &str) -> String {
    let source = std::fs::read_to_string(own("templates/workflows/exchange.toml")).expect("the shipped file");
    assert!(source.contains(from), "the exchange says {from}");
    source.replacen(from, to, 1)
}

/// Posts a draft of a workflow.
pub async fn post(by: &Actor, id: &str, source: &str) -> Answer {
    let request = by.request(Method::POST, &format!("/workflows/{id}/versions"));
    let request = request.header("Idempotency-Key", fresh_key()).header("Content-Type", "application/toml");
    send(request.body(source.to_owned())).await
}

/// Approves a version of a workflow in the revision that was read.
pub async fn approve(by: &Actor, id: &str, number: i32, revision: &Value) -> Answer {
    let request = by.request(Method::POST, &format!("/workflows/{id}/versions/{number}/approve"));
    let request = request.header("Idempotency-Key", fresh_key()).header("If-Match", etag(revision));
    send(request.json(&json!({}))).await
}

fn slower() -> String {
    exchange(
        "within = \"5 working days\"\ncalendar = \"host\"",
        "within = \"6 working days\"\ncalendar = \"host\"",
    )
}

#[rstest]
#[tokio::test]
async fn the_secretariat_posts_a_draft_and_the_chair_puts_it_in_force(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let (sol, chair, home) = (cast.who("secretariat"), cast.who("chair"), cast.who("home_coordinator"));

    let draft = post(sol, "student-exchange", &slower()).await;
    assert_eq!(draft.header("location"), "/api/v1/workflows/student-exchange/versions/2");
    let draft = draft.ok();
    assert_eq!(
        (&draft["status"], &draft["number"], &draft["version"]),
        (&json!("draft"), &json!(2), &json!(1))
    );
    assert_eq!(draft["drafted_by"], json!(cast.person("secretariat")));
    home.get("/workflows/student-exchange/versions/2").await.problem(404);
    let seen = chair.get("/workflows/student-exchange/versions/2").await;
    assert_eq!((seen.header("etag"), &seen.ok()["source"]), ("\"1\"", &json!(slower())));

    approve(home, "student-exchange", 2, &json!(1)).await.problem(403);
    let told = approve(sol, "student-exchange", 2, &json!(1)).await.problem(403);
    assert_eq!(told["detail"], "This needs the chair.");
    approve(chair, "student-exchange", 2, &json!(2)).await.problem(412);
    approve(chair, "student-exchange", 9, &json!(1)).await.problem(404);
    let approved = approve(chair, "student-exchange", 2, &json!(1)).await.ok();
    assert_eq!((&approved["status"], &approved["version"]), (&json!("approved"), &json!(3)));
    assert_eq!(
        (&approved["approved_by"], &approved["seconded_by"]),
        (&json!(cast.person("chair")), &Value::Null)
    );
    assert_eq!(home.get("/workflows/student-exchange").await.ok()["current"], 2);

    let again = approve(chair, "student-exchange", 2, &json!(3)).await.problem(409);
    assert_eq!(again["detail"], "Version 2 is approved already: what is in force never changes.");
    approve(chair, "student-exchange", 1, &json!(3)).await.problem(409);
}

#[rstest]
#[tokio::test]
async fn without_a_chair_two_people_of_the_secretariat_approve(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let role = json!({ "duty": "secretariat", "from_on": "2026-09-01" });
    let second = json!({ "given_name": "Uma", "family_name": "Sato", "email": "uma@alliance.example", "roles": [role] });
    let uma = app.invited(&sol, &second).await;
    post(&sol, "student-exchange", &slower()).await.ok();

    let once = approve(&sol, "student-exchange", 2, &json!(1)).await.ok();
    assert_eq!(
        (&once["status"], &once["version"], &once["approved_at"]),
        (&json!("draft"), &json!(2), &Value::Null)
    );
    assert_eq!(sol.get("/workflows/student-exchange").await.ok()["current"], 1);
    let told = approve(&sol, "student-exchange", 2, &json!(2)).await.problem(403);
    assert_eq!(told["detail"], "This needs somebody else of the secretariat: you have approved it already.");
    approve(&uma, "student-exchange", 2, &json!(1)).await.problem(412);
    let twice = approve(&uma, "student-exchange", 2, &json!(2)).await.ok();
    assert_eq!((&twice["status"], &twice["version"]), (&json!("approved"), &json!(3)));
    assert_eq!(twice["approved_by"], once["approved_by"]);
    assert_ne!(twice["seconded_by"], twice["approved_by"]);
}

#[rstest]
#[tokio::test]
async fn a_draft_that_is_not_sound_or_not_of_this_workflow_is_refused_with_its_findings(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let (sol, chair) = (cast.who("secretariat"), cast.who("chair"));

    post(chair, "student-exchange", &slower()).await.problem(403);
    let misspelt = exchange("initial = \"draft\"", "initial = \"draught\"");
    let told = post(sol, "student-exchange", &misspelt).await.problem(422);
    let detail = told["errors"][0]["detail"].as_str().expect("a sentence");
    assert!(detail.starts_with("line ") && detail.contains("W01") && detail.contains("draught"), "{detail}");
    let dead = exchange("within = \"7 days\"", "within = \"0 days\"");
    post(sol, "student-exchange", &dead).await.problem(422);
    let other = post(sol, "another", &slower()).await.problem(422);
    assert!(other["errors"][0]["detail"].as_str().is_some_and(|told| told.contains("`student-exchange`")));
    let same = post(sol, "student-exchange", &exchange("", "")).await.problem(409);
    assert_eq!(same["detail"], "Version 1 reads exactly like this: use that one.");
    assert_eq!(
        sol.get("/workflows/student-exchange").await.ok()["versions"].as_array().map(Vec::len),
        Some(1)
    );

    let renamed = slower().replacen("id = \"student-exchange\"", "id = \"short-exchange\"", 1);
    assert_eq!(post(sol, "short-exchange", &renamed).await.ok()["number"], 1);
    assert_eq!(chair.get("/workflows/short-exchange").await.ok()["current"], Value::Null);
}

#[rstest]
#[tokio::test]
async fn a_draft_that_a_newer_version_has_overtaken_is_posted_again(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let (sol, chair) = (cast.who("secretariat"), cast.who("chair"));
    post(sol, "student-exchange", &slower()).await.ok();
    let other = slower().replacen("6 working days", "7 working days", 1);
    post(sol, "student-exchange", &other).await.ok();
    cast.app.advance(TimeDelta::minutes(1));
    approve(chair, "student-exchange", 3, &json!(1)).await.ok();
    let told = approve(chair, "student-exchange", 2, &json!(1)).await.problem(409);
    assert!(told["detail"].as_str().is_some_and(|told| told.starts_with("Version 3 is in force")), "{told}");
}
