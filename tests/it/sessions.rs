//! Signing in, staying signed in, signing out, and passwords by one-time link.

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use sojourn_engine::vocabulary::TokenKind;

use crate::support::actor::{Actor, fresh_key, send};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::database::Db;

const SOL: &str = "sol@alliance.example";

async fn refreshed(by: &Actor, tokens: &Value) -> crate::support::answer::Answer {
    let body = json!({ "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"] });
    by.post("/auth/token", &body).await
}

async fn tokens(app: &TestApp) -> Value {
    let body = json!({ "grant_type": "password", "email": SOL, "password": PASSWORD });
    app.stranger().post("/auth/token", &body).await.ok()
}

#[rstest]
#[tokio::test]
async fn an_invited_person_chooses_a_password_and_signs_in(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;

    let me = sol.get("/auth/me").await.ok();

    assert_eq!(me["duties"], json!([{ "duty": "secretariat", "institution": null, "unit": null }]));
    assert_eq!(me["person"], app.person(SOL).await.to_string());
    let again = json!({ "token": app.link(SOL, TokenKind::Invitation).await, "password": PASSWORD });
    let used = app.stranger().post("/auth/invitations/accept", &again).await.problem(422);
    assert_eq!(used["errors"][0]["pointer"], "/token");
}

#[rstest]
#[tokio::test]
async fn whoever_does_not_fit_gets_the_same_answer(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    app.secretariat().await;
    let attempt = async |email: &str, password: &str| {
        let body = json!({ "grant_type": "password", "email": email, "password": password });
        let mut problem = app.stranger().post("/auth/token", &body).await.problem(401);
        problem.as_object_mut().expect("a problem").remove("instance");
        problem
    };

    let wrong_password = attempt(SOL, "another long password").await;
    let wrong_address = attempt("nobody@alliance.example", PASSWORD).await;

    assert_eq!(wrong_password, wrong_address);
    assert_eq!(wrong_password["type"], "/problems/wrong-credentials");
    app.advance(TimeDelta::seconds(1));
    attempt("SOL@alliance.example ", "").await;
    app.advance(TimeDelta::seconds(1));
    let spelled = json!({ "grant_type": "password", "email": " SOL@Alliance.example", "password": PASSWORD });
    app.stranger().post("/auth/token", &spelled).await.ok();
}

#[rstest]
#[tokio::test]
async fn an_access_token_ends_after_fifteen_minutes_and_a_refresh_token_gets_the_next(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    app.secretariat().await;
    let first = tokens(&app).await;
    assert_eq!((&first["token_type"], &first["expires_in"]), (&json!("Bearer"), &json!(900)));
    let bearer = app.stranger().with_token(first["access_token"].as_str().expect("a token"));

    app.advance(TimeDelta::minutes(15));
    bearer.get("/auth/me").await.problem(401);
    let second = refreshed(&bearer, &first).await.ok();

    assert_ne!(first["refresh_token"], second["refresh_token"]);
    bearer.with_token(second["access_token"].as_str().expect("a token")).get("/auth/me").await.ok();
}

#[rstest]
#[tokio::test]
async fn a_refresh_token_gives_the_same_successor_for_twenty_seconds_and_ends_the_session_later(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    app.secretariat().await;
    let first = tokens(&app).await;
    let stranger = app.stranger();

    let second = refreshed(&stranger, &first).await.ok();
    app.advance(TimeDelta::seconds(19));
    let repeated = refreshed(&stranger, &first).await.ok();
    assert_eq!(second["refresh_token"], repeated["refresh_token"]);

    app.advance(TimeDelta::seconds(1));
    refreshed(&stranger, &first).await.problem(401);
    refreshed(&stranger, &second).await.problem(401);
    stranger.with_token(second["access_token"].as_str().expect("a token")).get("/auth/me").await.problem(401);
}

#[rstest]
#[tokio::test]
async fn signing_out_ends_the_session_at_once_and_no_other(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let other = app.secretariat().await;
    let session = tokens(&app).await;
    let sol = app.stranger().with_token(session["access_token"].as_str().expect("a token"));
    sol.get("/auth/me").await.ok();

    sol.post("/auth/logout", &json!({})).await.ok();

    sol.get("/auth/me").await.problem(401);
    refreshed(&sol, &session).await.problem(401);
    other.get("/auth/me").await.ok();
}

#[rstest]
#[tokio::test]
async fn a_reset_link_sets_a_new_password_and_ends_every_session(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let stranger = app.stranger();

    let known = stranger.post("/auth/password-reset", &json!({ "email": SOL })).await;
    let unknown = stranger.post("/auth/password-reset", &json!({ "email": "nobody@alliance.example" })).await;
    assert_eq!((known.status, &known.body), (202, &unknown.body));
    assert_eq!(unknown.status, 202);
    let token = app.link(SOL, TokenKind::PasswordReset).await;

    let weak = json!({ "token": token, "password": "short" });
    let weak = stranger.post("/auth/password-reset/confirm", &weak).await.problem(422);
    assert_eq!(weak["errors"][0]["pointer"], "/password");
    let fresh = json!({ "token": token, "password": "quite another long one" });
    stranger.post("/auth/invitations/accept", &fresh).await.problem(422);
    stranger.post("/auth/password-reset/confirm", &fresh).await.ok();

    sol.get("/auth/me").await.problem(401);
    Actor::signed_in(&app.address, SOL, "quite another long one").await.get("/auth/me").await.ok();
}

#[rstest]
#[tokio::test]
async fn a_link_ends_with_its_time(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    app.secretariat().await;
    app.stranger().post("/auth/password-reset", &json!({ "email": SOL })).await;
    let body = json!({ "token": app.link(SOL, TokenKind::PasswordReset).await, "password": "quite another long one" });

    app.advance(TimeDelta::minutes(60));

    app.stranger().post("/auth/password-reset/confirm", &body).await.problem(422);
}

#[tokio::test]
async fn a_request_without_a_token_of_ours_is_told_to_sign_in() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let stranger = app.stranger();
    for authorization in ["", "Bearer", "Bearer x.y.z", "Basic c29sOnNvbA==", "bearer  "] {
        let request = stranger.request(Method::GET, "/auth/me").header("Authorization", authorization);
        send(request).await.problem(401);
    }
    stranger.get("/auth/me").await.problem(401);
}

#[tokio::test]
async fn faults_in_a_body_are_told_by_field() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let stranger = app.stranger();
    let posted = async |body: &'static str, content: &'static str| {
        let request = stranger.request(Method::POST, "/auth/password-reset").header("Content-Type", content);
        send(request.body(body)).await
    };

    posted("{\"email\":", "application/json").await.problem(400);
    posted("email=a", "application/x-www-form-urlencoded").await.problem(415);
    let unknown = posted("{\"email\":\"a@b.c\",\"colour\":1}", "application/json").await.problem(422);
    assert!(unknown["errors"][0]["detail"].as_str().expect("a sentence").contains("colour"), "{unknown}");
    let wrong = posted("{\"email\":7}", "application/json").await.problem(422);
    assert_eq!(wrong["errors"][0]["pointer"], "/email");
    let short = posted("{\"email\":\"\"}", "application/json").await.problem(422);
    assert_eq!(short["errors"][0]["pointer"], "/email");
}

async fn end(by: &Actor, path: &str) -> crate::support::answer::Answer {
    send(by.request(Method::DELETE, path).header("Idempotency-Key", fresh_key())).await
}

#[rstest]
#[tokio::test]
async fn one_sees_ones_sessions_and_ends_one_of_them_or_all(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    app.advance(TimeDelta::minutes(7));
    let body = json!({ "grant_type": "password", "email": SOL, "password": PASSWORD });
    let telephone = app.stranger().request(Method::POST, "/auth/token").json(&body);
    let agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1";
    let second = send(telephone.header("User-Agent", agent)).await.ok();
    let telephone = app.stranger().with_token(second["access_token"].as_str().expect("a token"));

    let sessions = sol.get("/auth/sessions").await.ok()["items"].clone();

    let told = |nth: usize, name: &str| sessions[nth][name].clone();
    assert_eq!((told(0, "agent"), told(0, "network")), (json!("Safari, iPhone"), json!("127.0.0.…")));
    assert_eq!((told(0, "this"), told(1, "this")), (json!(false), json!(true)));
    assert_eq!(told(1, "begun_at"), "2026-09-01T08:00:00Z");
    assert_eq!(told(1, "used_at"), "2026-09-01T08:07:00Z", "asking is using");
    assert!(!sessions.to_string().contains("127.0.0.1"), "an address is never shown whole");

    let path = format!("/auth/sessions/{}", told(0, "id").as_str().expect("an id"));
    end(&app.stranger(), &path).await.problem(401);
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let other = app.student(&sol, "Mei", &alpha).await;
    end(&other, &path).await.problem(404);
    telephone.get("/auth/me").await.ok();
    end(&sol, &path).await.ok();
    end(&sol, &path).await.problem(404);
    telephone.get("/auth/me").await.problem(401);
    refreshed(&app.stranger(), &second).await.problem(401);
    assert_eq!(sol.get("/auth/sessions").await.ok()["items"].as_array().map(Vec::len), Some(1));

    let third = tokens(&app).await;
    end(&sol, "/auth/sessions").await.ok();
    sol.get("/auth/me").await.problem(401);
    refreshed(&app.stranger(), &third).await.problem(401);
    other.get("/auth/me").await.ok();
}

#[rstest]
#[tokio::test]
async fn whoever_knows_the_present_password_changes_it_and_a_mail_tells_of_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let elsewhere = tokens(&app).await;
    let change = async |present: &str, password: &str| {
        app.advance(TimeDelta::seconds(20));
        sol.post("/auth/password", &json!({ "present": present, "password": password })).await
    };

    let wrong = change("not the one it is", "quite another long one").await.problem(422);
    assert_eq!(wrong["errors"][0]["pointer"], "/present");
    for weak in ["short", "sol@alliance.example", "password1234567"] {
        let problem = change(PASSWORD, weak).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], "/password", "{weak}");
    }
    change(PASSWORD, "quite another long one").await.ok();

    sol.get("/auth/me").await.ok();
    refreshed(&app.stranger(), &elsewhere).await.problem(401);
    Actor::signed_in(&app.address, SOL, "quite another long one").await.get("/auth/me").await.ok();
    let told = sol.get("/notifications?limit=1").await.ok()["items"][0]["notice"].clone();
    assert_eq!(told, "password_changed");
}
