//! Mails through a real SMTP server: taken, put off, refused, unreachable; and into a maildir.

mod line;

use std::sync::Arc;

use chrono::TimeDelta;
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};
use sojourn::mail::{Maildir, Renderer, Sender, Smtp, Transport};
use sojourn::worker::{Done, Worker};

use crate::support::actor::Actor;
use crate::support::app::TestApp;
use crate::support::database::Db;
use crate::support::smtp::SmtpServer;

fn worker(app: &TestApp, transport: Transport) -> Worker {
    let from = "Sojourn <sojourn@alliance.example>".parse().expect("a sender");
    let sender = Sender { from, reply_to: None, host: "alliance.example".to_owned() };
    Worker::new(Arc::clone(&app.app), Renderer::open(sender, None).expect("the texts are sound"), transport)
}

fn smtp(address: &str) -> Transport {
    let url = SecretString::from(format!("smtp://{address}?tls=none"));
    Transport::Smtp(Smtp::open(&url, "alliance.example", 2).expect("an address"))
}

/// Delivers until nothing is due.
async fn deliver(worker: &Worker) -> Done {
    let mut sum = Done::default();
    loop {
        let done = worker.run_once().await.expect("the database answers");
        if done.total() == 0 {
            return sum;
        }
        sum.sent += done.sent;
        sum.deferred += done.deferred;
        sum.failed += done.failed;
    }
}

async fn invite(by: &Actor, member: &Value, email: &str) {
    let role = json!({ "duty": "coordinator", "institution": member["id"], "from_on": "2026-01-01" });
    let person = json!({ "given_name": "Kim", "family_name": "Østergård", "email": email, "roles": [role] });
    by.post("/people", &person).await.ok();
}

/// A service with a member, its first mails delivered into nowhere.
async fn alliance(db: Db) -> (TestApp, Actor, Value) {
    let app = TestApp::spawn(db).await;
    let secretariat = app.secretariat().await;
    let member = app.member(&secretariat, "North", "DK", "Europe/Copenhagen").await;
    let folder = app.database.folder.path().join("before");
    deliver(&worker(&app, Transport::Maildir(Maildir::open(&folder).expect("a folder")))).await;
    (app, secretariat, member)
}

#[rstest]
#[tokio::test]
async fn a_mail_arrives_in_both_forms_with_the_id_of_its_notice(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let (app, secretariat, member) = alliance(db).await;
    let server = SmtpServer::start();
    invite(&secretariat, &member, "kim@north.example").await;

    let done = deliver(&worker(&app, smtp(&server.address.to_string()))).await;

    assert_eq!(done, Done { sent: 1, ..Done::default() });
    let [mail] = &server.mailbox("kim@north.example")[..] else { panic!("one mail") };
    let listed = secretariat.get("/notifications?status=sent&limit=1").await.ok();
    let id = listed["items"][0]["id"].as_str().expect("an id");
    assert_eq!(mail.header("X-Notification-Id"), Some(id));
    assert!(mail.header("Message-ID").is_some_and(|header| header.contains(id)));
    assert_eq!(mail.header("Auto-Submitted"), Some("auto-generated"));
    assert!(mail.text.as_deref().is_some_and(|text| text.contains("University of North")));
    assert!(mail.html.as_deref().is_some_and(|html| html.contains("<html")));
    assert!(!mail.raw.contains("Østergård"), "bodies and headers are encoded");
}

#[rstest]
#[tokio::test]
async fn a_hostile_name_adds_no_header_no_recipient_and_turns_no_text(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let (app, secretariat, _) = alliance(db).await;
    let server = SmtpServer::start();
    let breaks = "North\r\nBcc: victim@evil.example\r\n\r\n<script>x</script>";
    let member = app.member(&secretariat, breaks, "DK", "Europe/Copenhagen").await;
    let role = json!({ "duty": "coordinator", "institution": member["id"], "from_on": "2026-01-01" });
    let person = json!({
        "given_name": "Kim\r\nBcc: victim@evil.example", "family_name": "\u{202e}gra\u{2066}d\u{2028}\", <victim@evil.example>",
        "email": "kim@north.example", "roles": [role],
    });
    secretariat.post("/people", &person).await.ok();

    let done = deliver(&worker(&app, smtp(&server.address.to_string()))).await;

    assert_eq!(done, Done { sent: 1, ..Done::default() });
    assert!(
        server.mailbox("victim@evil.example").is_empty() && server.tries("victim@evil.example").is_empty()
    );
    let [mail] = &server.mailbox("kim@north.example")[..] else { panic!("one mail") };
    let known = [
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "x-notification-id",
        "mime-version",
        "content-type",
        "auto-submitted",
    ];
    for (header, value) in &mail.headers {
        assert!(known.contains(&header.to_lowercase().as_str()), "{header}: {value}");
        assert!(!value.contains(hostile), "{header}: {value}");
    }
    assert_eq!(mail.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case("to")).count(), 1);
    assert!(
        mail.header("to").is_some_and(|to| to.ends_with("<kim@north.example>")),
        "{:?}",
        mail.header("to")
    );
    assert!(!mail.subject.contains(hostile), "{}", mail.subject);
    for text in [&mail.text, &mail.html].into_iter().flatten() {
        assert!(text.contains("North Bcc: victim@evil.example") && !text.contains(turning), "{text}");
    }
    assert!(mail.html.as_deref().is_some_and(|html| !html.contains("<script>")), "{:?}", mail.html);
}

/// What turns the reading direction.
fn turning(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn hostile(letter: char) -> bool {
    turning(letter) || matches!(letter, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[rstest]
#[tokio::test]
async fn a_mail_put_off_comes_again_as_the_same_message(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let (app, secretariat, member) = alliance(db).await;
    let server = SmtpServer::start();
    let worker = worker(&app, smtp(&server.address.to_string()));
    invite(&secretariat, &member, "defer+1@north.example").await;

    assert_eq!(deliver(&worker).await, Done { deferred: 1, ..Done::default() });
    assert!(server.mailbox("defer+1@north.example").is_empty());
    app.advance(TimeDelta::minutes(2));
    assert_eq!(deliver(&worker).await, Done { sent: 1, ..Done::default() });

    let listed = secretariat.get("/notifications?status=sent&limit=1").await.ok();
    assert_eq!(listed["items"][0]["attempts"], 2);
    let [mail] = &server.mailbox("defer+1@north.example")[..] else { panic!("one mail") };
    let id = listed["items"][0]["id"].as_str().expect("an id");
    assert!(mail.header("Message-ID").is_some_and(|header| header.contains(id)));
}

#[rstest]
#[tokio::test]
async fn a_mail_refused_is_shown_to_the_secretariat_who_may_try_again(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let (app, secretariat, member) = alliance(db).await;
    let server = SmtpServer::start();
    let worker = worker(&app, smtp(&server.address.to_string()));
    invite(&secretariat, &member, "refuse@north.example").await;

    // Whoever cannot be reached is the secretariat's to find.
    assert_eq!(deliver(&worker).await, Done { failed: 1, sent: 1, ..Done::default() });

    let listed = secretariat.get("/notifications?status=failed").await.ok();
    let [failed] = &listed["items"].as_array().expect("items")[..] else { panic!("one failure") };
    assert!(failed["last_error"].as_str().is_some_and(|words| words.contains("550")), "{failed}");
    let again = format!("/notifications/{}/retry", failed["id"].as_str().expect("an id"));
    assert_eq!(secretariat.post(&again, &json!({})).await.ok()["status"], "queued");
    assert_eq!(deliver(&worker).await, Done { failed: 1, sent: 1, ..Done::default() });
    let [_, alarm] = &server.mailbox("sol@alliance.example")[..] else { panic!("an alarm for each") };
    assert!(alarm.text.as_deref().is_some_and(|text| text.contains("Østergård") && text.contains("550")));
}

#[rstest]
#[tokio::test]
async fn without_a_server_mails_wait_until_there_is_one(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let (app, secretariat, member) = alliance(db).await;
    invite(&secretariat, &member, "kim@north.example").await;
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");

    assert_eq!(
        deliver(&worker(&app, smtp(&closed.to_string()))).await,
        Done { deferred: 1, ..Done::default() }
    );
    let listed = secretariat.get("/notifications?status=deferred").await.ok();
    assert!(listed["items"][0]["last_error"].as_str().is_some_and(|words| !words.is_empty()));

    let server = SmtpServer::start();
    app.advance(TimeDelta::minutes(2));
    assert_eq!(
        deliver(&worker(&app, smtp(&server.address.to_string()))).await,
        Done { sent: 1, ..Done::default() }
    );
    assert_eq!(server.mailbox("kim@north.example").len(), 1);
}

#[rstest]
#[tokio::test]
async fn two_workers_deliver_each_mail_once(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let (app, secretariat, member) = alliance(db).await;
    let server = SmtpServer::start();
    let address = server.address.to_string();
    let emails: Vec<String> = (0..12).map(|nth| format!("kim{nth}@north.example")).collect();
    for email in &emails {
        invite(&secretariat, &member, email).await;
    }

    let (one, other) = (worker(&app, smtp(&address)), worker(&app, smtp(&address)));
    let (one, other) = tokio::join!(deliver(&one), deliver(&other));

    assert_eq!(one.sent + other.sent, emails.len());
    for email in &emails {
        assert_eq!(server.mailbox(email).len(), 1, "{email}");
    }
}

#[rstest]
#[tokio::test]
async fn without_smtp_mails_lie_in_a_maildir_and_can_be_read_back(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let (app, secretariat, member) = alliance(db).await;
    let folder = app.database.folder.path().join("mail");
    invite(&secretariat, &member, "kim@north.example").await;

    let done = deliver(&worker(&app, Transport::Maildir(Maildir::open(&folder).expect("a folder")))).await;

    assert_eq!(done, Done { sent: 1, ..Done::default() });
    let maildir = Maildir::open(&folder).expect("the folder again");
    let [id] = maildir.list().expect("a list")[..] else { panic!("one mail") };
    let mail = maildir.read(id).expect("readable").expect("there");
    assert!(format!("{mail:?}").contains("kim@north.example"));
}
