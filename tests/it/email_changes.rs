//! Another e-mail address: agreed to at the present one, confirmed at the next.

use chrono::TimeDelta;
use rstest::rstest;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use sojourn_engine::vocabulary::TokenKind;
use sojourn_entities::{email_change, outbox};

use crate::support::actor::Actor;
use crate::support::answer::Answer;
use crate::support::app::{PASSWORD, SECRETARIAT, TestApp};
use crate::support::database::Db;
use crate::support::visitor::Visitor;

const NEXT: &str = "sol.ek@alliance.example";

async fn ask(by: &Actor, email: &str, password: &str) -> Answer {
    by.post("/auth/email", &json!({ "email": email, "password": password })).await
}

async fn agree(app: &TestApp, token: &str) -> Answer {
    app.stranger().post("/auth/email/confirm", &json!({ "token": token })).await
}

/// Names of the notices queued, in order, with their facts.
async fn queued(app: &TestApp) -> Vec<(String, String)> {
    let rows =
        outbox::Entity::find().order_by_asc(outbox::Column::Id).all(&app.database.connect().await).await;
    let rows = rows.expect("the outbox").into_iter();
    rows.map(|row| (row.notice, row.facts.unwrap_or(Value::Null).to_string())).collect()
}

#[rstest]
#[tokio::test]
async fn an_address_is_changed_once_both_have_agreed(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
    #[values(true, false)] present_first: bool,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    assert_eq!(ask(&sol, NEXT, "not the one it is").await.problem(422)["errors"][0]["pointer"], "/password");
    app.advance(TimeDelta::seconds(5));
    assert_eq!(
        ask(&sol, "SOL@alliance.example", PASSWORD).await.problem(422)["errors"][0]["pointer"],
        "/email"
    );
    ask(&sol, "no address", PASSWORD).await.problem(422);
    app.stranger().post("/auth/email", &json!({ "email": NEXT, "password": PASSWORD })).await.problem(401);
    app.stranger().post("/auth/password-reset", &json!({ "email": SECRETARIAT })).await;
    let reset = app.link(SECRETARIAT, TokenKind::PasswordReset).await;

    assert_eq!(ask(&sol, "Sol.Ek@Alliance.example", PASSWORD).await.status, 202);

    let mails = queued(&app).await;
    let [.., present, next] = &mails[..] else { panic!("{mails:?}") };
    assert_eq!((present.0.as_str(), next.0.as_str()), ("email_change_present", "email_change_next"));
    assert!(!mails.iter().any(|(_, facts)| facts.contains(NEXT)), "the outbox names no address");
    let at_present = app.email_link(SECRETARIAT, TokenKind::EmailPresent).await;
    let at_next = app.email_link(SECRETARIAT, TokenKind::EmailNext).await;
    let (first, second, waits) = if present_first {
        (at_present, at_next, "waits_for_next")
    } else {
        (at_next, at_present, "waits_for_present")
    };
    assert_eq!(agree(&app, &first).await.ok()["stage"], waits);
    agree(&app, &first).await.problem(422);
    assert_eq!(app.sign_in(SECRETARIAT).await.get("/auth/me").await.status, 200, "not changed yet");
    assert_eq!(agree(&app, &second).await.ok()["stage"], "changed");
    agree(&app, &second).await.problem(422);

    app.sign_in(NEXT).await.get("/auth/me").await.ok();
    sol.get("/auth/me").await.ok();
    let old = json!({ "grant_type": "password", "email": SECRETARIAT, "password": PASSWORD });
    app.stranger().post("/auth/token", &old).await.problem(401);
    let late = json!({ "token": reset, "password": "quite another long one" });
    app.stranger().post("/auth/password-reset/confirm", &late).await.problem(422);
    assert_eq!(queued(&app).await.pop().map(|(notice, _)| notice).as_deref(), Some("email_changed"));
    let left = email_change::Entity::find().all(&app.database.connect().await).await.expect("the table");
    assert!(left.is_empty(), "{left:?}");
}

#[rstest]
#[tokio::test]
async fn an_address_of_somebody_else_is_told_by_nothing_and_taken_from_nobody(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let mei = app.student(&sol, "Mei", &alpha).await;
    let free = ask(&mei, "free@student.example", PASSWORD).await;
    let taken = ask(&mei, SECRETARIAT, PASSWORD).await;
    assert_eq!((free.status, &free.body), (taken.status, &taken.body));
    let mails = queued(&app).await;
    assert_eq!(mails.last().map(|(notice, _)| notice.as_str()), Some("email_change_present"));

    // Somebody comes to have the address meanwhile.
    assert_eq!(ask(&mei, "ann@student.example", PASSWORD).await.status, 202);
    let [present, next] = [
        app.email_link("mei@student.example", TokenKind::EmailPresent).await,
        app.email_link("mei@student.example", TokenKind::EmailNext).await,
    ];
    app.student(&sol, "Ann", &alpha).await;
    agree(&app, &present).await.ok();
    agree(&app, &next).await.problem(409);
    app.sign_in("ann@student.example").await;
    app.sign_in("mei@student.example").await;
}

#[rstest]
#[tokio::test]
async fn the_links_end_with_their_hour_and_with_the_next_change(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    assert_eq!(ask(&sol, NEXT, PASSWORD).await.status, 202);
    let first = app.email_link(SECRETARIAT, TokenKind::EmailNext).await;
    assert_eq!(ask(&sol, "sol2@alliance.example", PASSWORD).await.status, 202);
    agree(&app, &first).await.problem(422);
    let second = app.email_link(SECRETARIAT, TokenKind::EmailNext).await;
    let [wrong, cut] = [app.email_link(SECRETARIAT, TokenKind::Invitation).await, second[..40].to_owned()];
    agree(&app, &wrong).await.problem(422);
    agree(&app, &cut).await.problem(422);
    app.advance(TimeDelta::minutes(60));
    agree(&app, &second).await.problem(422);
    app.app.forget_answers(&app.clock.moment()).await.expect("forgotten");
    app.advance(TimeDelta::hours(1));
    app.app.forget_answers(&app.clock.moment()).await.expect("forgotten");
    let left = email_change::Entity::find().all(&app.database.connect().await).await.expect("the table");
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn the_mail_to_the_next_address_goes_there_and_names_no_other() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let sol = app.secretariat().await;
    assert_eq!(ask(&sol, NEXT, PASSWORD).await.status, 202);
    let at = app.clock.moment();
    let due = app.app.claim_notices(&at, at.id(), 10).await.expect("the database answers");
    let letters: Vec<_> = due.into_iter().map(|due| due.letter.expect("a letter")).collect();
    let to = |notice: &str| letters.iter().find(|letter| letter.notice == notice).expect("queued");
    assert_eq!(to("email_change_present").reader.address, SECRETARIAT);
    assert_eq!(to("email_change_next").reader.address, NEXT);
    assert!(to("email_change_next").link.contains("/email-change?token="));
    let read = sol.get("/notifications?limit=5").await.ok()["items"].to_string();
    assert!(!read.contains("token="), "{read}");
}

#[tokio::test]
async fn the_pages_ask_for_an_address_and_a_link_that_is_only_opened_changes_nothing() {
    let app = TestApp::spawn(Db::Sqlite).await;
    app.secretariat().await;
    let visitor = Visitor::signed_in(&app.address, SECRETARIAT).await;
    let here = "/account/email";
    assert_eq!(visitor.submit(here, here, &[("email", "x"), ("password", PASSWORD)]).await.status, 422);
    let sent = visitor.submit(here, here, &[("email", NEXT), ("password", PASSWORD)]).await;
    assert!(sent.status == 200 && sent.text().contains(NEXT), "{}", sent.text());
    for (kind, done) in [(TokenKind::EmailPresent, "next address"), (TokenKind::EmailNext, "is changed")] {
        let token = app.email_link(SECRETARIAT, kind).await;
        let page = format!("/email-change?token={token}");
        for _ in 0..2 {
            assert!(visitor.get(&page).await.text().contains(NEXT));
        }
        let agreed = visitor.submit(&page, "/email-change", &[("token", &token)]).await.text();
        assert!(agreed.contains(done), "{agreed}");
        let again = visitor.submit("/account/email", "/email-change", &[("token", &token)]).await;
        assert!(again.status < 500 && again.text().contains("does not work any more"), "{}", again.text());
        assert!(visitor.get(&page).await.text().contains("does not work any more"));
    }
    app.sign_in(NEXT).await;
}
