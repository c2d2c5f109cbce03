//! Signing up with an address in a domain that an institution lists.

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use sojourn_engine::vocabulary::TokenKind;
use sojourn_entities::{outbox, sign_up};

use crate::support::actor::{Actor, etag, send};
use crate::support::answer::Answer;
use crate::support::app::{PASSWORD, SECRETARIAT, TestApp};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::visitor::Visitor;

const ANA: &str = "ana@alpha.example";

async fn alpha(app: &TestApp, sol: &Actor, settings: &Value) -> Value {
    let alpha = app.member(sol, "Alpha", "DE", "Europe/Berlin").await;
    let path = format!("/institutions/{}/log-in", id(&alpha));
    send(sol.request(Method::PUT, &path).header("If-Match", etag(&json!(0))).json(settings)).await.ok();
    alpha
}

async fn ask(app: &TestApp, email: &str) -> Answer {
    app.stranger().post("/auth/sign-up", &json!({ "email": email })).await
}

/// The newest link for an address that wants an account.
pub async fn link(app: &TestApp) -> Option<String> {
    let newest = sign_up::Entity::find().order_by_desc(sign_up::Column::Id);
    let row = newest.one(&app.database.connect().await).await.expect("the table is read")?;
    Some(app.app.links.token(row.id, TokenKind::SignUp))
}

async fn complete(app: &TestApp, token: &str, more: &Value) -> Answer {
    let mut body = json!({ "token": token, "given_name": "Ana", "family_name": "Lima", "level": "second", "password": PASSWORD });
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    app.stranger().post("/auth/sign-up/confirm", &body).await
}

async fn notices(app: &TestApp) -> Vec<String> {
    let rows =
        outbox::Entity::find().order_by_asc(outbox::Column::Id).all(&app.database.connect().await).await;
    rows.expect("the outbox").into_iter().map(|row| row.notice).collect()
}

#[rstest]
#[tokio::test]
async fn an_address_in_a_listed_domain_signs_up_by_a_link(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = alpha(&app, &sol, &json!({ "domains": ["alpha.example"], "signs_up": true })).await;

    assert_eq!(ask(&app, "Ana@Alpha.example").await.status, 202);

    let at = app.clock.moment();
    let due = app.app.claim_notices(&at, at.id(), 10).await.expect("the database answers");
    let letters: Vec<_> = due.into_iter().map(|due| due.letter.expect("a letter")).collect();
    let letter = letters.iter().find(|letter| letter.notice == "sign_up").expect("queued");
    assert_eq!((letter.reader.address.as_str(), letter.reader.name.as_str()), (ANA, ""));
    let token = link(&app).await.expect("a link");
    assert!(letter.link.ends_with(&format!("/sign-up/confirm?token={token}")), "{}", letter.link);
    for (name, value) in
        [("password", "short"), ("password", "ana lima alpha"), ("given_name", " "), ("token", &token[2..])]
    {
        complete(&app, &token, &json!({ name: value })).await.problem(422);
    }
    complete(&app, &token, &json!({ "level": "fourth" })).await.problem(422);
    assert!(
        app.stranger()
            .post("/auth/token", &json!({ "grant_type": "password", "email": ANA, "password": PASSWORD }))
            .await
            .status
            == 401
    );
    complete(&app, &token, &json!({})).await.ok();
    complete(&app, &token, &json!({})).await.problem(422);

    let ana = app.sign_in(ANA).await;
    assert_eq!(ana.get("/auth/me").await.ok()["registered_at"], json!([alpha["id"]]));
}

#[rstest]
#[tokio::test]
async fn the_answer_tells_neither_who_has_an_account_nor_which_domain_is_listed(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    alpha(&app, &sol, &json!({ "domains": ["alpha.example", "alliance.example"], "signs_up": true })).await;
    let known = ask(&app, SECRETARIAT).await;
    let unlisted = ask(&app, "ana@gamma.example").await;
    let below = ask(&app, "ana@sub.alpha.example").await;
    let listed = ask(&app, ANA).await;
    for answer in [&unlisted, &below, &listed] {
        assert_eq!((answer.status, &answer.body), (known.status, &known.body));
    }
    let sent = notices(&app).await;
    assert_eq!(sent[sent.len() - 2..], ["password_reset".to_owned(), "sign_up".to_owned()]);
    for _ in 0..20 {
        ask(&app, ANA).await;
    }
    ask(&app, ANA).await.problem(429);
    ask(&app, "nothing").await.problem(422);
}

#[rstest]
#[tokio::test]
async fn a_link_ends_with_its_hour_and_with_the_permission(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = alpha(&app, &sol, &json!({ "domains": ["alpha.example"], "signs_up": true })).await;
    ask(&app, ANA).await;
    let late = link(&app).await.expect("a link");
    app.advance(TimeDelta::minutes(60));
    complete(&app, &late, &json!({})).await.problem(422);
    ask(&app, ANA).await;
    let token = link(&app).await.expect("a link");
    let sol = app.sign_in(SECRETARIAT).await;
    let path = format!("/institutions/{}/log-in", id(&alpha));
    let closed = json!({ "domains": ["alpha.example"] });
    send(sol.request(Method::PUT, &path).header("If-Match", etag(&json!(1))).json(&closed)).await.ok();
    complete(&app, &token, &json!({})).await.problem(422);
    ask(&app, "bea@alpha.example").await;
    assert_eq!(notices(&app).await.iter().filter(|notice| *notice == "sign_up").count(), 2);
    app.advance(TimeDelta::hours(2));
    app.app.forget_answers(&app.clock.moment()).await.expect("forgotten");
    assert_eq!(link(&app).await, None);
}

#[tokio::test]
async fn the_pages_lead_from_the_address_to_the_account() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let sol = app.secretariat().await;
    let visitor = Visitor::new(&app.address);
    assert!(!visitor.get("/login").await.text().contains("/sign-up"));
    alpha(&app, &sol, &json!({ "domains": ["alpha.example"], "signs_up": true })).await;
    assert!(visitor.get("/login").await.text().contains("/sign-up"));
    assert_eq!(visitor.submit("/sign-up", "/sign-up", &[("email", "x")]).await.status, 422);
    let sent = visitor.submit("/sign-up", "/sign-up", &[("email", ANA)]).await;
    assert!(sent.status == 200 && sent.text().contains(ANA), "{}", sent.text());
    let token = link(&app).await.expect("a link");
    let page = format!("/sign-up/confirm?token={token}");
    assert!(visitor.get(&page).await.text().contains("University of Alpha"));
    let mut fields = vec![
        ("token", &*token),
        ("given_name", "Ana"),
        ("family_name", "Lima"),
        ("level", ""),
        ("password", PASSWORD),
        ("repeated", PASSWORD),
    ];
    assert_eq!(visitor.submit(&page, "/sign-up/confirm", &fields).await.status, 422);
    fields[3] = ("level", "first");
    let made = visitor.submit(&page, "/sign-up/confirm", &fields).await;
    assert_eq!((made.status, made.header("location")), (303, "/login?after=password"));
    let again = visitor.submit("/login", "/sign-up/confirm", &fields).await;
    assert!(again.status < 500 && again.text().contains("does not work any more"), "{}", again.text());
    Visitor::signed_in(&app.address, ANA).await;
    assert!(visitor.get(&page).await.text().contains("does not work any more"));
}
