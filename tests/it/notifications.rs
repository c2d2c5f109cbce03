//! Notifications: every e-mail with its delivery state, for the secretariat alone.

use std::sync::Arc;

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use sea_orm::{EntityTrait, PaginatorTrait};
use secrecy::SecretString;
use serde_json::{Value, json};
use sojourn::app::Error;
use sojourn::mail::{Renderer, Sender, Smtp, Transport};
use sojourn::worker::Worker;
use sojourn_entities::archived_notice;

use crate::support::actor::{Actor, fresh_key, send};
use crate::support::app::SECRETARIAT;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::process::run;
use crate::support::rounds::without_documents;
use crate::support::smtp::SmtpServer;
use crate::support::walk::Walk;

async fn deliver(cast: &Cast, server: &SmtpServer) {
    let url = SecretString::from(format!("smtp://{}?tls=none", server.address));
    let transport = Transport::Smtp(Smtp::open(&url, "alliance.example", 2).expect("an address"));
    let from = "Sojourn <sojourn@alliance.example>".parse().expect("a sender");
    let sender = Sender { from, reply_to: None, host: "alliance.example".to_owned() };
    let renderer = Renderer::open(sender, None).expect("the texts are sound");
    let worker = Worker::new(Arc::clone(&cast.app.app), renderer, transport);
    while worker.run_once().await.expect("the database answers").total() > 0 {}
}

async fn listed(by: &Actor, query: &str) -> Vec<Value> {
    let page = by.get(&format!("/notifications?limit=200{query}")).await.ok();
    page["items"].as_array().expect("notices").clone()
}

/// A student whose address the server treats as its name says, with a submitted application.
async fn submitted<'a>(cast: &'a Cast, name: &str) -> Walk<'a> {
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = Walk::open(cast, &round, &cast.student(name).await).await;
    walk.act("student", "submit").await;
    walk
}

#[rstest]
#[tokio::test]
async fn the_secretariat_reads_every_notice_and_nobody_else_does(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let walk = submitted(&cast, "Anna").await;
    let sol = cast.who("secretariat");

    for part in ["home_coordinator", "home_head", "home_admin", "host_coordinator", "employer", "chair"] {
        cast.who(part).get("/notifications").await.problem(403);
    }
    walk.student.get("/notifications").await.problem(403);
    cast.app.stranger().get("/notifications").await.problem(401);
    let case = format!("&case={}", id(&walk.case));
    let told: Vec<_> = listed(sol, &case)
        .await
        .iter()
        .map(|notice| notice["notice"].as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(told.len(), 3);
    assert_eq!(told[2], "draft_started", "newest first");
    let notice = &listed(sol, &case).await[2];
    for (member, value) in [
        ("case_id", walk.case["id"].clone()),
        ("status", json!("queued")),
        ("attempts", json!(0)),
        ("last_error", Value::Null),
        ("sent_at", Value::Null),
        ("recipient_id", walk.case["applicant"]["id"].clone()),
    ] {
        assert_eq!(notice[member], value, "{member}");
    }
    assert_eq!(listed(sol, "&status=sent").await, Vec::<Value>::new());
    assert_eq!(listed(sol, &format!("&status=queued{case}")).await.len(), 3);
    for wrong in ["?status=lost", "?case=x", "?recipient=x"] {
        sol.get(&format!("/notifications{wrong}")).await.problem(400);
    }

    let mut read = Vec::new();
    let mut path = format!("/notifications?limit=2{case}");
    loop {
        let page = sol.get(&path).await.ok();
        read.extend(page["items"].as_array().expect("items").clone());
        let Some(cursor) = page["next"].as_str() else { break };
        path = format!("/notifications?limit=2{case}&cursor={cursor}");
    }
    assert_eq!(read, listed(sol, &case).await);
}

#[rstest]
#[tokio::test]
async fn a_notice_that_was_refused_is_tried_again_when_the_secretariat_says_so(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let server = SmtpServer::start();
    let walk = submitted(&cast, "refuse").await;
    let sol = cast.who("secretariat");
    let case = format!("&case={}", id(&walk.case));
    deliver(&cast, &server).await;

    let failed = listed(sol, &format!("&status=failed{case}")).await;
    assert_eq!(failed.len(), 2, "the student's, by a 5xx answer; the coordinator's was taken");
    assert!(
        failed.iter().all(|notice| notice["last_error"].as_str().is_some_and(|error| error.contains("550")))
    );
    assert!(failed.iter().all(|notice| notice["attempts"] == 1 && notice["next_attempt_at"].is_null()));
    cast.app.advance(TimeDelta::days(1));
    deliver(&cast, &server).await;
    assert_eq!(
        server.tries(&address("refuse")).len(),
        3,
        "never tried again by itself: invitation, draft, receipt"
    );

    let retry = format!("/notifications/{}/retry", id(&failed[0]));
    for part in ["home_coordinator", "chair"] {
        cast.who(part).post(&retry, &json!({})).await.problem(403);
    }
    send(sol.request(Method::POST, &retry).json(&json!({}))).await.problem(400);
    sol.post("/notifications/019a7c3e-5b1f-7a20-8c44-1d2e3f405162/retry", &json!({})).await.problem(404);
    let key = fresh_key();
    let ask = || send(sol.request(Method::POST, &retry).header("Idempotency-Key", &key).json(&json!({})));
    let (first, again) = (ask().await, ask().await);
    assert_eq!((first.status, &first.body), (200, &again.body));
    assert_eq!((&first.ok()["status"], &first.ok()["attempts"]), (&json!("queued"), &json!(0)));
    sol.post(&retry, &json!({})).await.problem(409);
    let page = cast.app.browsing(SECRETARIAT, TimeDelta::days(3)).await;
    for _ in 0..2 {
        let other = format!("/notifications/{}/retry", id(&failed[1]));
        assert_eq!(page.submit("/notifications", &other, &[]).await.header("location"), "/notifications");
    }
    deliver(&cast, &server).await;
    assert_eq!(server.tries(&address("refuse")).len(), 5);

    let mut sent = listed(sol, &format!("&status=sent{case}")).await;
    sent.retain(|notice| notice["notice"] != "address_unreachable");
    assert_eq!(sent.len(), 1);
    sol.post(&format!("/notifications/{}/retry", id(&sent[0])), &json!({})).await.problem(409);
    assert!(sent[0]["sent_at"].is_string());
}

#[rstest]
#[tokio::test]
async fn mails_of_one_case_keep_their_order_until_one_was_put_off_often(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let server = SmtpServer::start();
    let walk = submitted(&cast, "defer+99").await;
    let case = format!("&case={}", id(&walk.case));
    let tries = async || {
        let own: Vec<_> = listed(cast.who("secretariat"), &case).await;
        let own = own.iter().filter(|notice| notice["recipient_id"] == walk.case["applicant"]["id"]).rev();
        own.map(|notice| notice["attempts"].as_i64().expect("a number")).collect::<Vec<_>>()
    };

    for (wait, expected) in [(1, [1, 0]), (5, [2, 0]), (15, [3, 0]), (60, [4, 1])] {
        deliver(&cast, &server).await;
        assert_eq!(tries().await, expected, "the later one waits for the first, but not for ever");
        cast.app.advance(TimeDelta::minutes(wait));
    }
}

#[rstest]
#[tokio::test]
async fn mails_of_long_ago_leave_the_outbox_and_the_record_still_knows_them(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let server = SmtpServer::start();
    let cast = Cast::of(db).await;
    let walk = submitted(&cast, "Anna").await;
    deliver(&cast, &server).await;
    let sol = cast.who("secretariat");
    let case = format!("&case={}", id(&walk.case));
    let sent = listed(sol, "&status=sent").await.len() as u64;
    let of_case = listed(sol, &case).await.len();
    assert!(sent > 2 && of_case > 1, "{sent} {of_case}");

    let app = &cast.app.app;
    let young = app.archive_mails(&app.clock.moment(), app.clock.now(), |_| {}).await;
    assert!(matches!(young, Err(Error::Invalid(_))), "{young:?}");
    cast.app.advance(TimeDelta::days(40));
    let before = app.clock.now() - TimeDelta::days(35);
    assert_eq!(app.archive_mails(&app.clock.moment(), before, |_| {}).await.expect("archived"), sent);
    assert_eq!(app.archive_mails(&app.clock.moment(), before, |_| {}).await.expect("archived"), 0);

    assert!(listed(sol, "&status=sent").await.is_empty());
    cast.verified().await;
    let conn = cast.app.database.connect().await;
    let kept = archived_notice::Entity::find().count(&conn).await.expect("counted");
    assert_eq!(kept, sent);
    drop(conn);

    let folder = cast.app.database.folder.path();
    let settings =
        [("SOJOURN_DATABASE__URL", cast.app.database.url.as_str()), ("SOJOURN_AUTH__KEY_FILE", "keys.toml")];
    let output = run(folder, &settings, &["mail", "archive"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && told.starts_with("0 mails sent before"), "{output:?}");
    let output = run(folder, &settings, &["mail", "archive", "--before", "9999-01-01"]);
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.lines().count() == 1 && told.contains("at least 30 days ago"), "{told}");
}
