//! Forged access tokens over HTTP: every one is answered as if there were none, and breaks nothing.

mod forgeries;

use chrono::TimeDelta;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use rstest::rstest;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use sojourn_engine::vocabulary::TokenKind;
use sojourn_entities::person;

use crate::support::actor::send;
use crate::support::answer::Answer;
use crate::support::app::{PASSWORD, SECRETARIAT, TestApp};
use crate::support::database::Db;
use crate::support::measured::measured;
use forgeries::{Forgery, Mint};

/// What the owner of an address gets for their password.
async fn tokens(app: &TestApp, email: &str) -> Value {
    let body = json!({ "grant_type": "password", "email": email, "password": PASSWORD });
    app.stranger().post("/auth/token", &body).await.ok()
}

async fn present(app: &TestApp, values: &[Vec<u8>]) -> Answer {
    let request = app.stranger().request(Method::GET, "/auth/me");
    let add = |request: reqwest::RequestBuilder, value: &Vec<u8>| {
        request.header(AUTHORIZATION, HeaderValue::from_bytes(value).expect("bytes of a header"))
    };
    send(values.iter().fold(request, add)).await
}

async fn assert_refused(app: &TestApp, forged: &[Forgery]) {
    for Forgery { what, values } in forged {
        let answer = present(app, values).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        assert_eq!(answer.problem(401)["type"], "/problems/unauthenticated", "{what}");
    }
}

#[rstest]
#[tokio::test]
async fn no_forged_token_is_taken_and_none_breaks_anything(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    app.secretariat().await;
    let mint = Mint::of(&app, &tokens(&app, SECRETARIAT).await);
    present(&app, &[forgeries::bearer(&mint.good())]).await.ok();

    let forged = forgeries::all(&mint);
    assert_refused(&app, &forged).await;

    assert!(forged.len() >= 100, "{}", forged.len());
    present(&app, &[forgeries::bearer(&mint.good())]).await.ok();
    measured(&format!("forged tokens refused, {db:?}"), forged.len() as u64, "", "all 401, none taken");
}

#[rstest]
#[tokio::test]
async fn a_token_of_another_kind_or_of_what_has_ended_is_none(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    app.student(&sol, "Mei", &alpha).await;
    let (his, hers) = (tokens(&app, SECRETARIAT).await, tokens(&app, "mei@student.example").await);
    let (mint, other) = (Mint::of(&app, &his), Mint::of(&app, &hers));
    let person = app.person(SECRETARIAT).await;
    let session = mint.claims["sid"].as_str().expect("a session").parse().expect("an id");
    let bearer = |text: &str| vec![format!("Bearer {text}").into_bytes()];
    let text = |value: &Value| value.as_str().expect("a token").to_owned();

    let mut forged = vec![
        Forgery::new("a refresh token", bearer(&text(&his["refresh_token"]))),
        Forgery::new(
            "the link of an invitation",
            bearer(&app.link(SECRETARIAT, TokenKind::Invitation).await),
        ),
        Forgery::new("what a browser shows", bearer(&app.app.links.pass(session, person))),
    ];
    for (what, claims) in [
        ("another person in one's own session", mint.with("sub", other.claims["sub"].clone())),
        ("one's own name in another's session", mint.with("sid", other.claims["sid"].clone())),
        ("a session that never was", mint.with("sid", json!("019a7c3e-5b1f-7a20-8c44-1d2e3f405162"))),
        ("a person as a session", mint.with("sid", mint.claims["sub"].clone())),
    ] {
        forged.push(Forgery::new(what, vec![forgeries::bearer(&mint.signed(&mint.head, &claims))]));
    }
    assert_refused(&app, &forged).await;

    present(&app, &[forgeries::bearer(&mint.good())]).await.ok();
    let by = app.stranger().with_token(his["access_token"].as_str().expect("a token"));
    by.post("/auth/logout", &json!({})).await.ok();
    let revoked = Forgery::new("a revoked session", vec![forgeries::bearer(&mint.good())]);
    assert_refused(&app, &[revoked]).await;

    present(&app, &[forgeries::bearer(&other.good())]).await.ok();
    let gone = Expr::value(Some(app.clock.now()));
    let erase = person::Entity::update_many()
        .col_expr(person::Column::ErasedAt, gone)
        .filter(person::Column::Email.eq("mei@student.example"));
    erase.exec(&app.database.connect().await).await.expect("erased");
    app.advance(TimeDelta::seconds(31));
    let ended = Forgery::new("a person who is no more", vec![forgeries::bearer(&other.good())]);
    assert_refused(&app, &[ended]).await;
}
