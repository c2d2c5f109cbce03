//! The line to the mail server: who is spoken to at all, and what happens when a kept connection has gone stale or the clock jumps.

use chrono::TimeDelta;
use rstest::rstest;
use secrecy::SecretString;
use sojourn::mail::{Smtp, Transport};
use sojourn::worker::Done;

use super::{alliance, deliver, invite, smtp, worker};
use crate::support::data::own;
use crate::support::database::Db;
use crate::support::smtp::SmtpServer;

const USER: &str = "post@alliance.example";
const PASSWORD: &str = "sesame";

fn certificate(name: &str) -> [String; 2] {
    ["pem", "key"].map(|ending| own(&format!("tests/data/tls/{name}.{ending}")).display().to_string())
}

/// A server with that certificate, from the first byte (`--tls`) or after STARTTLS.
fn server(how: &str, name: &str) -> SmtpServer {
    let [pem, key] = certificate(name);
    SmtpServer::with(&[how, &pem, &key, "--login", USER, PASSWORD])
}

/// The way to it under the name its certificate should have.
fn way(how: &str, server: &SmtpServer, trusting: bool, password: &str) -> Transport {
    let scheme = if how == "--tls" { "smtps" } else { "smtp" };
    let url = format!("{scheme}://post%40alliance.example:{password}@localhost:{}", server.address.port());
    let authority = std::fs::read(own("tests/data/tls/authority.pem")).expect("the authority");
    let authority = trusting.then_some(authority.as_slice());
    Transport::Smtp(
        Smtp::trusting(&SecretString::from(url), "alliance.example", 2, authority).expect("a way"),
    )
}

#[rstest]
#[tokio::test]
async fn a_server_that_cannot_prove_who_it_is_gets_neither_password_nor_mail(
    #[values("--tls", "--starttls")] how: &str,
    #[values(("right", false), ("own", true), ("elsewhere", true), ("expired", true))] shown: (&str, bool),
) {
    let (app, secretariat, member) = alliance(Db::Sqlite).await;
    let server = server(how, shown.0);
    invite(&secretariat, &member, "kim@north.example").await;

    let done = deliver(&worker(&app, way(how, &server, shown.1, PASSWORD))).await;

    assert_eq!(done, Done { deferred: 1, ..Done::default() });
    assert!(server.mailbox("kim@north.example").is_empty() && server.log("logins").is_empty());
    let listed = secretariat.get("/notifications?status=deferred").await.ok();
    let words = listed["items"][0]["last_error"].as_str().expect("words").to_owned();
    assert!(words.contains("ertificate") && !words.contains(PASSWORD), "{words}");
}

#[rstest]
#[tokio::test]
async fn a_server_that_the_named_authority_vouches_for_is_logged_in_to(
    #[values("--tls", "--starttls")] how: &str,
) {
    let (app, secretariat, member) = alliance(Db::Sqlite).await;
    let server = server(how, "right");
    invite(&secretariat, &member, "kim@north.example").await;

    let wrong = deliver(&worker(&app, way(how, &server, true, "guess"))).await;
    assert_eq!(wrong, Done { deferred: 1, ..Done::default() });
    let listed = secretariat.get("/notifications?status=deferred").await.ok();
    let words = listed["items"][0]["last_error"].as_str().expect("words").to_owned();
    assert!(words.contains("535") && !words.contains("guess"), "{words}");

    app.advance(TimeDelta::minutes(2));
    let done = deliver(&worker(&app, way(how, &server, true, PASSWORD))).await;
    assert_eq!(done, Done { sent: 1, ..Done::default() });
    assert_eq!(server.log("logins").last(), Some(&format!("{USER} {PASSWORD}")));
    assert_eq!(server.mailbox("kim@north.example").len(), 1);
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing_where_it_is_demanded() {
    let (app, secretariat, member) = alliance(Db::Sqlite).await;
    let server = SmtpServer::start();
    invite(&secretariat, &member, "kim@north.example").await;

    let done = deliver(&worker(&app, way("--starttls", &server, true, PASSWORD))).await;

    assert_eq!(done, Done { deferred: 1, ..Done::default() });
    assert!(server.tries("kim@north.example").is_empty() && server.log("logins").is_empty());
    let listed = secretariat.get("/notifications?status=deferred").await.ok();
    let words = listed["items"][0]["last_error"].as_str().expect("words").to_owned();
    assert!(words.contains("STARTTLS"), "{words}");
}

#[tokio::test]
async fn a_kept_connection_that_has_gone_stale_puts_no_mail_off() {
    let (app, secretariat, member) = alliance(Db::Sqlite).await;
    let first = SmtpServer::start();
    let address = first.address;
    let worker = worker(&app, smtp(&address.to_string()));
    invite(&secretariat, &member, "kim@north.example").await;
    assert_eq!(deliver(&worker).await, Done { sent: 1, ..Done::default() });
    drop(first);
    let second = SmtpServer::with(&["--port", &address.port().to_string()]);
    invite(&secretariat, &member, "kaya@north.example").await;

    assert_eq!(deliver(&worker).await, Done { sent: 1, ..Done::default() });

    assert_eq!(second.mailbox("kaya@north.example").len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_clock_that_jumps_by_years_ends_no_mail_and_keeps_none_back(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
    #[values(1500, -1500)] days: i64,
) {
    let (app, secretariat, member) = alliance(db).await;
    let server = SmtpServer::start();
    let worker = worker(&app, smtp(&server.address.to_string()));
    invite(&secretariat, &member, "defer+2@north.example").await;
    assert_eq!(deliver(&worker).await, Done { deferred: 1, ..Done::default() });
    invite(&secretariat, &member, "kim@north.example").await;

    app.advance(TimeDelta::days(days));
    let freed = app.app.release_jumped(&app.clock.moment()).await.expect("the database answers");

    assert_eq!(freed, if days < 0 { 2 } else { 0 });
    assert_eq!(deliver(&worker).await, Done { sent: 1, deferred: 1, ..Done::default() });
    app.advance(TimeDelta::minutes(6));
    assert_eq!(app.app.release_jumped(&app.clock.moment()).await.expect("the database answers"), 0);
    assert_eq!(deliver(&worker).await, Done { sent: 1, ..Done::default() });
}

#[rstest]
#[tokio::test]
async fn names_that_no_mail_could_bear_are_refused_or_cut_and_never_stop_the_rest(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let (app, secretariat, member) = alliance(db).await;
    let server = SmtpServer::start();
    let role =
        serde_json::json!({ "duty": "coordinator", "institution": member["id"], "from_on": "2026-01-01" });
    let mut taken = 0;
    for (nth, name) in
        ["Kim".to_owned(), "å".repeat(32_768), "a\0b".to_owned(), "\u{2028}\u{202e}".to_owned()]
            .iter()
            .enumerate()
    {
        let person = serde_json::json!({
            "given_name": name, "family_name": name, "email": format!("kim{nth}@north.example"), "roles": [role],
        });
        let answer = secretariat.post("/people", &person).await;
        assert!(answer.status < 500, "{name:.20?}: {}", answer.text());
        taken += usize::from(answer.status < 300);
    }
    assert!(taken > 0);

    let done = deliver(&worker(&app, smtp(&server.address.to_string()))).await;

    assert_eq!(done, Done { sent: taken, ..Done::default() });
}
