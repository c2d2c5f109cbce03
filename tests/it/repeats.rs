//! Requests that are sent again, with the same key or with a key that is none.

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use sojourn_entities::idempotency;

use crate::support::actor::{Actor, send};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::Db;

fn body(name: &str) -> Value {
    json!({ "kind": "member", "name": name, "country": "DE", "zone": "Europe/Berlin" })
}

async fn keyed(by: &Actor, key: &str, body: &Value) -> Answer {
    send(by.request(Method::POST, "/institutions").header("Idempotency-Key", key).json(body)).await
}

async fn entered(by: &Actor) -> usize {
    by.get("/institutions").await.ok()["items"].as_array().expect("a list").len()
}

#[rstest]
#[tokio::test]
async fn a_repeat_gets_the_first_answer_byte_for_byte_and_does_nothing(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;

    let first = keyed(&sol, "one", &body("Alpha")).await;
    let again = keyed(&sol, "\"one\"", &body("Alpha")).await;

    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(
        (again.header("etag"), again.header("location")),
        (first.header("etag"), first.header("location"))
    );
    keyed(&sol, "one", &body("Beta")).await.problem(422);
    assert_eq!(entered(&sol).await, 1);
}

#[rstest]
#[tokio::test]
async fn requests_that_come_at_once_with_one_key_do_their_work_once(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;

    let many = (0..16).map(|_| {
        let sol = sol.clone();
        tokio::spawn(async move { keyed(&sol, "one", &body("Alpha")).await })
    });
    let mut answers = Vec::new();
    for answer in many.collect::<Vec<_>>() {
        answers.push(answer.await.expect("an answer"));
    }

    assert!(answers.iter().all(|answer| answer.status == 201 && answer.body == answers[0].body));
    assert_eq!(entered(&sol).await, 1);
}

#[rstest]
#[tokio::test]
async fn an_error_is_not_kept_but_decided_anew(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let mut first = body("Alpha");
    first["erasmus_code"] = json!("D  ALPHA01");
    let taken = keyed(&sol, "one", &first).await.ok();
    let mut second = body("Beta");
    second["erasmus_code"] = json!("D ALPHA01");
    keyed(&sol, "two", &second).await.problem(409);

    let path = format!("/institutions/{}", taken["id"].as_str().expect("an id"));
    sol.patch(&path, &json!(1), &json!({ "erasmus_code": null })).await.ok();

    keyed(&sol, "two", &second).await.ok();
}

#[tokio::test]
async fn a_key_is_kept_for_a_day() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let sol = app.secretariat().await;
    keyed(&sol, "one", &body("Alpha")).await.ok();

    app.advance(TimeDelta::hours(24));
    let sol = app.sign_in("sol@alliance.example").await;

    keyed(&sol, "one", &body("Beta")).await.ok();
    assert_eq!(entered(&sol).await, 2);
}

#[rstest]
#[tokio::test]
async fn an_answer_that_has_run_out_is_removed(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    keyed(&sol, "one", &body("Alpha")).await.ok();
    app.advance(TimeDelta::hours(1));
    let sol = app.sign_in("sol@alliance.example").await;
    keyed(&sol, "two", &body("Beta")).await.ok();

    app.advance(TimeDelta::hours(23));
    app.app.forget(&app.clock.moment()).await.expect("removed");

    let connection = app.database.connect().await;
    let kept = idempotency::Entity::find().all(&connection).await.expect("the table is read");
    let keys: Vec<&str> = kept.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(keys, ["two"]);
}

#[tokio::test]
async fn keys_of_two_callers_are_two_keys() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let sol = app.secretariat().await;
    let alpha = keyed(&sol, "one", &body("Alpha")).await.ok();
    let admin = app.holder(&sol, "admin", &alpha).await;
    let units = format!("/institutions/{}/units", alpha["id"].as_str().expect("an id"));

    let request = admin.request(Method::POST, &units).header("Idempotency-Key", "one");

    send(request.json(&json!({ "name": "Physics" }))).await.ok();
}

#[tokio::test]
async fn a_key_that_is_missing_or_no_key_is_refused() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let sol = app.secretariat().await;
    send(sol.request(Method::POST, "/institutions").json(&body("Alpha"))).await.problem(400);
    let long = "k".repeat(256);
    for key in ["", "a b", "\"\"", long.as_str()] {
        keyed(&sol, key, &body("Alpha")).await.problem(400);
    }
    assert_eq!(entered(&sol).await, 0);
}
