//! Workflows as everybody may read them, and the checker over HTTP.

use std::collections::BTreeSet;

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use sojourn::app::definitions::shipped;
use sojourn_engine::definition::Definition;

use crate::support::actor::{Actor, send};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::data::own;
use crate::support::database::Db;

async fn check(by: &Actor, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
    send(by.request(Method::POST, "/workflows/check").header("Content-Type", kind).body(body)).await
}

#[rstest]
#[tokio::test]
async fn the_shipped_workflows_are_read_in_the_readers_language(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let anna = app.student(&sol, "Anna", &alpha).await;

    let all = anna.get("/workflows").await.ok();
    let ids: Vec<&Value> = all["items"].as_array().expect("items").iter().map(|one| &one["id"]).collect();
    let parsed = shipped().into_iter().map(|(_, source)| Definition::parse(&source).expect("sound").id);
    assert_eq!(
        ids,
        parsed.collect::<BTreeSet<_>>().iter().collect::<Vec<_>>(),
        "whatever is shipped is in force"
    );
    assert!(ids.contains(&&json!("student-exchange")) && ids.contains(&&json!("internship")), "{ids:?}");
    let one = anna.get("/workflows/student-exchange").await.ok();
    assert_eq!((&one["subject"], &one["current"]), (&json!("application"), &json!(1)));
    assert_eq!(
        (&one["versions"][0]["status"], &one["versions"][0]["drafted_by"]),
        (&json!("approved"), &Value::Null)
    );

    let version = anna.get("/workflows/student-exchange/versions/1").await.ok();
    let source = std::fs::read_to_string(own("templates/workflows/exchange.toml")).expect("the shipped file");
    assert_eq!(version["source"], json!(source));
    let chinese = anna.request(Method::GET, "/workflows/student-exchange/versions/1");
    let chinese = send(chinese.header("Accept-Language", "zh-Hant")).await.ok();
    let nominated = |version: &Value| {
        let states = version["states"].as_array().expect("states");
        states.iter().find(|state| state["name"] == "nominated").expect("the state").clone()
    };
    assert_eq!(
        (&nominated(&version)["label"], &nominated(&version)["phase"]),
        (&json!("Nominated"), &json!("nomination"))
    );
    assert_ne!(nominated(&version)["now"], nominated(&chinese)["now"]);

    anna.get("/workflows/nonsense").await.problem(404);
    anna.get("/workflows/student-exchange/versions/9").await.problem(404);
    app.stranger().get("/workflows").await.problem(401);
}

#[rstest]
#[tokio::test]
async fn the_secretariat_has_a_definition_checked(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let ada = app.holder(&sol, "coordinator", &alpha).await;
    let sound =
        std::fs::read_to_string(own("templates/workflows/internship.toml")).expect("the shipped file");

    let answer = check(&sol, "application/toml", sound.clone()).await.ok();
    assert_eq!(answer["sound"], true, "{answer}");
    let misspelt = sound.replacen("initial = \"", "initial = \"x", 1);
    let line = misspelt.lines().position(|line| line.starts_with("initial")).expect("the line") + 1;
    let answer = check(&sol, "text/plain; charset=utf-8", misspelt).await.ok();
    assert_eq!(answer["sound"], false);
    let finding = &answer["findings"][0];
    assert_eq!(
        (&finding["rule"], &finding["severity"], &finding["line"]),
        (&json!("W01"), &json!("error"), &json!(line))
    );
    assert!(finding["message"].as_str().is_some_and(|text| !text.is_empty()), "{finding}");

    check(&ada, "application/toml", sound.clone()).await.problem(403);
    check(&app.stranger(), "application/toml", sound).await.problem(401);
    check(&sol, "application/json", "{}").await.problem(415);
    let broken = check(&sol, "application/toml", vec![b'i', b'd', b'\n', 0xd6]).await.problem(400);
    assert!(broken["detail"].as_str().is_some_and(|text| text.contains("Line 2")), "{broken}");
    check(&sol, "application/toml", "x".repeat(1 << 20) + "x").await.problem(413);
}

#[rstest]
#[tokio::test]
async fn a_version_is_drawn_in_the_readers_language(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let anna = app.student(&sol, "Anna", &alpha).await;
    let path = "/workflows/student-exchange/versions/1/diagram";
    let draw = async |form: &str, language: &str, known: &str| {
        let request = anna.request(Method::GET, &format!("{path}.{form}"));
        send(request.header("Accept-Language", language).header("If-None-Match", known)).await
    };

    for (form, kind, said) in [
        ("svg", "image/svg+xml", "<svg "),
        ("mmd", "text/plain; charset=utf-8", "flowchart LR"),
        ("scxml", "application/scxml+xml", "<?xml "),
    ] {
        let english = draw(form, "en", "\"else\"").await;
        assert_eq!((english.status, english.header("content-type")), (200, kind));
        assert!(
            english.text().starts_with(said) && english.text().contains("Nominated"),
            "{}",
            english.text()
        );
        assert!(english.header("vary").contains("Accept-Language"), "{}", english.header("vary"));
        let chinese = draw(form, "zh-Hant", english.header("etag")).await;
        assert_eq!(chinese.status, 200);
        assert!(
            chinese.text().contains("已提名") && !chinese.text().contains("Nominated"),
            "{}",
            chinese.text()
        );

        let again = draw(form, "en", &format!("\"else\", {}", english.header("etag"))).await;
        assert_eq!((again.status, again.text().as_str()), (304, ""));
        assert_eq!(again.header("etag"), english.header("etag"));
        assert_eq!(draw(form, "en", "").await.body, english.body, "the same each time");

        if form != "mmd" {
            let track = anna.get(&format!("{path}.{form}?track=learning_agreement")).await;
            assert!(track.status == 200 && !track.text().contains("Nominated"), "{}", track.text());
            anna.get(&format!("{path}.{form}?track=lunch")).await.problem(404);
        }
        anna.get(&format!("/workflows/student-exchange/versions/9/diagram.{form}")).await.problem(404);
        anna.get(&format!("/workflows/nonsense/versions/1/diagram.{form}")).await.problem(404);
        app.stranger().get(&format!("{path}.{form}")).await.problem(401);
    }
}
