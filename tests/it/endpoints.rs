//! What holds for every operation of the document, whichever resource it belongs to.

use sojourn::http::problem::Kind;

use crate::support::actor::{fresh_key, send};
use crate::support::app::TestApp;
use crate::support::database::Db;
use crate::support::operations::operations;

#[tokio::test]
async fn every_operation_but_the_open_ones_wants_somebody_signed_in() {
    let app = TestApp::spawn(Db::Sqlite).await;
    for operation in operations(&app).await.iter().filter(|operation| !operation.is_open()) {
        let answer = operation.ask(&app.stranger(), &operation.address()).await;
        assert_eq!(answer.status, 401, "{} {}", operation.method, operation.path);
        answer.problem(401);
    }
}

#[tokio::test]
async fn the_document_is_as_it_was_looked_at() {
    let app = TestApp::spawn(Db::Sqlite).await;
    insta::assert_json_snapshot!("openapi", app.stranger().get("/api/openapi.json").await.ok());
}

#[tokio::test]
async fn every_type_of_problem_leads_to_its_page() {
    let app = TestApp::spawn(Db::Sqlite).await;
    for kind in Kind::ALL {
        let page =
            send(reqwest::Client::new().get(format!("{}/problems/{}", app.address, kind.slug()))).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{kind:?}");
        assert!(page.text().contains("<h1>"), "{kind:?}");
    }
}

#[tokio::test]
async fn every_operation_that_names_a_key_or_a_version_wants_it() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let sol = app.secretariat().await;
    let (mut keyed, mut versioned) = (0, 0);
    for operation in operations(&app).await {
        let told = format!("{} {}", operation.method, operation.path);
        let ask = |without: &str| {
            let mut request = sol.request(operation.method.clone(), &operation.address());
            for (name, value) in [("Idempotency-Key", fresh_key()), ("If-Match", "\"1\"".to_owned())] {
                request = if name == without { request } else { request.header(name, value) };
            }
            match operation.body.as_deref() {
                Some("multipart/form-data") => request.multipart(form()),
                Some(kind) => request.header("Content-Type", kind).body("{}"),
                None => request,
            }
        };
        if operation.headers.contains("Idempotency-Key") {
            keyed += 1;
            let problem = send(ask("Idempotency-Key")).await.problem(400);
            assert_eq!(problem["type"], "/problems/idempotency-key-missing", "{told}");
        }
        if operation.headers.contains("If-Match") {
            versioned += 1;
            send(ask("If-Match")).await.problem(428);
        }
    }
    assert!(keyed > 15 && versioned > 10, "{keyed} with a key, {versioned} with a version");
}

fn form() -> reqwest::multipart::Form {
    let file = reqwest::multipart::Part::bytes(&b"%PDF-1.7"[..]).file_name("a.pdf");
    reqwest::multipart::Form::new().text("slot", "transcript").part("file", file)
}

#[tokio::test]
async fn every_operation_refuses_a_query_parameter_it_does_not_name() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let sol = app.secretariat().await;
    for operation in operations(&app).await {
        let answer = operation.ask(&sol, &format!("{}?colour=red", operation.address())).await;
        let expected = if [400, 403].contains(&answer.status) { answer.status } else { 400 };
        assert_eq!(answer.status, expected, "{} {}: {}", operation.method, operation.path, answer.text());
        answer.problem(expected);
    }
}

#[tokio::test]
async fn whoever_belongs_nowhere_finds_nothing_behind_an_id() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let nobody = app.student(&sol, "Nobody", &alpha).await;
    for operation in operations(&app).await.iter().filter(|operation| operation.names_something()) {
        let answer = operation.ask(&nobody, &operation.address()).await;
        // A body is read before its row: what is wrong in it is told whether there is a row or not.
        let for_all = operation.is_open() || operation.policy.starts_with("signed in");
        let hidden = match operation.body {
            _ if !for_all => vec![403],
            Some(_) => vec![404, 422, 400],
            None => vec![404],
        };
        let told = (&operation.method, &operation.path, answer.text());
        assert!(hidden.contains(&answer.status), "{} {told:?}", answer.status);
        answer.problem(answer.status);
    }
}

#[tokio::test]
async fn every_operation_with_a_body_refuses_what_it_cannot_read() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let sol = app.secretariat().await;
    for operation in operations(&app).await {
        let Some(kind) = &operation.body else { continue };
        let ask = |kind: &str, body: &'static str| {
            let request = sol.request(operation.method.clone(), &operation.address());
            let request = request.header("Idempotency-Key", fresh_key()).header("If-Match", "\"1\"");
            request.header("Content-Type", kind).body(body)
        };
        let told = format!("{} {}", operation.method, operation.path);
        let other = send(ask("application/pdf", "{}")).await;
        assert!([415, 403].contains(&other.status), "{told}: {}", other.text());
        if kind == "application/json" {
            let broken = send(ask(kind, "{")).await;
            assert!([400, 403].contains(&broken.status), "{told}: {}", broken.text());
            let unknown = send(ask(kind, "{\"colour\":\"red\"}")).await;
            assert!([422, 403].contains(&unknown.status), "{told}: {}", unknown.text());
        }
    }
}
