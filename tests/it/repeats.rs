//! Requests that are sent again, with the same key or with a key that is none.

use std::time::Instant;

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use sojourn::access::Caller;
use sojourn::app::Once;

use crate::support::actor::{Actor, etag, send};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;

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

    assert_eq!(app.app.forget_answers(&app.clock.moment()).await.expect("the database answers"), 1);
    assert_eq!(app.app.forget_answers(&app.clock.moment()).await.expect("the database answers"), 0);
    keyed(&sol, "one", &body("Beta")).await.ok();
    assert_eq!(entered(&sol).await, 2);
}

#[tokio::test]
async fn a_repeat_waits_five_seconds_for_the_first_and_is_then_told_to_come_back() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let sol = app.secretariat().await;
    let person = app.person("sol@alliance.example").await;
    let caller = Caller { person, ..Caller::operator() };
    let once = Once::new("one", [0; 32]);
    let first = app.app.turn(&caller, &once).await.expect("nobody else");
    keyed(&sol, "two", &body("Alpha")).await.ok();

    let began = Instant::now();
    let refused = keyed(&sol, "one", &body("Beta")).await;
    let waited = began.elapsed().as_secs();

    assert!((5..15).contains(&waited), "{waited} s");
    assert_eq!(refused.header("retry-after"), "2");
    assert_eq!(refused.problem(409)["type"], "/problems/still-running");
    drop(first);
    keyed(&sol, "one", &body("Beta")).await.ok();
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

#[rstest]
#[tokio::test]
async fn a_repeated_event_gets_the_first_answer_whatever_it_names_and_whatever_is_possible_now(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let path = format!("{}/events", walk.path());
    let fire = async |version: &Value, body: &Value| {
        let request = walk.student.request(Method::POST, &path).header("If-Match", etag(version));
        send(request.header("Idempotency-Key", "one").json(body)).await
    };
    let (seen, submit) = walk.asked(None, "student", "submit", &json!({})).await;
    let first = fire(&seen["version"], &submit).await;

    let (now, withdraw) = walk.asked(None, "student", "withdraw", &json!({})).await;
    for version in [&seen["version"], &now["version"], &json!(99)] {
        let again = fire(version, &submit).await;
        assert_eq!((again.status, &again.body), (200, &first.body), "{version}");
        assert_eq!(again.header("etag"), first.header("etag"));
    }
    for other in [&withdraw, &json!({ "event": "submit", "note": "Again." }), &json!({ "event": "nothing" })]
    {
        let refused = fire(&now["version"], other).await.problem(422);
        assert_eq!(refused["type"], "/problems/idempotency-key-reused", "{other}");
    }
    assert_eq!(walk.seen_by("student").await["version"], now["version"]);
    cast.verified().await;
}
