//! Mails that come back: what a report changes, whom it alarms, and what it cannot do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};
use sojourn::mail::{Maildir, Renderer, Sender, Transport};
use sojourn::worker::Worker;
use sojourn_engine::vocabulary::TokenKind;

use crate::support::actor::{Actor, send};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::visitor::Visitor;

/// A service whose mails go into one folder, and what comes back into another.
struct Post {
    app: TestApp,
    sol: Actor,
    north: Value,
    worker: Worker,
    back: PathBuf,
}

fn worker(app: &TestApp, back: &Path) -> Worker {
    let from = "Sojourn <sojourn@alliance.example>".parse().expect("a sender");
    let sender = Sender { from, reply_to: None, host: "alliance.example".to_owned() };
    let renderer = Renderer::open(sender, None).expect("the texts are sound");
    let maildir = Maildir::open(&app.database.folder.path().join("mail")).expect("a folder");
    Worker::new(Arc::clone(&app.app), renderer, Transport::Maildir(maildir)).with_bounces(back)
}

impl Post {
    async fn open(db: Db) -> Self {
        let app = TestApp::spawn(db).await;
        let sol = app.secretariat().await;
        let north = app.member(&sol, "North", "DK", "Europe/Copenhagen").await;
        let back = app.database.folder.path().join("back");
        for part in ["new", "cur", "tmp"] {
            std::fs::create_dir_all(back.join(part)).expect("a folder");
        }
        let worker = worker(&app, &back);
        Self { app, sol, north, worker, back }
    }

    async fn deliver(&self) {
        while self.worker.run_once().await.expect("the database answers").total() > 0 {}
    }

    /// Invites a coordinator and delivers the mail; gives back the person and the notice.
    async fn invited(&self, email: &str) -> (Value, String) {
        let role = json!({ "duty": "coordinator", "institution": self.north["id"], "from_on": "2026-01-01" });
        let body = json!({ "given_name": "Kim", "family_name": "Ek", "email": email, "roles": [role] });
        let person = self.sol.post("/people", &body).await.ok();
        self.deliver().await;
        let notice = self.listed("sent").await.into_iter().find(|one| one["recipient_id"] == person["id"]);
        (person, id(&notice.expect("an invitation")).to_owned())
    }

    async fn listed(&self, status: &str) -> Vec<Value> {
        let page = self.sol.get(&format!("/notifications?limit=200&status={status}")).await.ok();
        page["items"].as_array().expect("items").clone()
    }

    async fn status(&self, notice: &str) -> Value {
        self.sol.get(&format!("/notifications/{notice}")).await.ok()["notification"].clone()
    }

    fn arrives(&self, name: &str, message: &[u8]) {
        std::fs::write(self.back.join("new").join(name), message).expect("written");
    }

    /// Names of what was put away.
    fn put_away(&self) -> Vec<String> {
        let entries = self.back.join("cur").read_dir().expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    async fn alarms(&self) -> Vec<Value> {
        let queued = self.listed("queued").await;
        queued.into_iter().filter(|one| one["notice"] == "address_unreachable").collect()
    }
}

fn report(notice: &str, to: &str, action: &str, status: &str) -> Vec<u8> {
    format!(
        "From: MAILER-DAEMON@mx.example\r\nSubject: Delivery Status Notification\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"cut\"\r\n\r\n\
         --cut\r\nContent-Type: text/plain\r\n\r\nYour mail.\r\n\
         --cut\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; {to}\r\nAction: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 {status} No such user\r\n\r\n\
         --cut\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{notice}@alliance.example>\r\nX-Notification-Id: {notice}\r\n\r\nHello\r\n\
         --cut--\r\n"
    )
    .into_bytes()
}

#[rstest]
#[tokio::test]
async fn an_address_that_does_not_exist_alarms_the_next_in_line_once(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let post = Post::open(db).await;
    let (person, notice) = post.invited("kim@north.example").await;
    let other = worker(&post.app, &post.back);
    post.arrives("1", &report(&notice, "Kim@North.example", "failed", "5.1.1"));
    post.arrives("2", &report(&notice, "kim@north.example", "failed", "5.1.1"));

    let (one, two) = tokio::join!(post.worker.take_bounces(), other.take_bounces());

    assert_eq!(one + two, 2);
    assert_eq!(post.put_away(), ["1:2,S", "2:2,S"]);
    assert_eq!(
        (post.worker.take_bounces().await, post.status(&notice).await["status"].clone()),
        (0, json!("bounced"))
    );
    assert_eq!(post.status(&notice).await["last_error"], "5.1.1 550 5.1.1 No such user");
    let seen = post.sol.get(&format!("/people/{}", id(&person))).await.ok();
    assert!(
        seen["unreachable_since"].is_string() && seen["unreachable_words"] == "5.1.1 550 5.1.1 No such user"
    );
    let [alarm] = &post.alarms().await[..] else { panic!("one alarm: {:?}", post.alarms().await) };
    assert_eq!(alarm["recipient_id"], post.sol.get("/auth/me").await.ok()["person"]);
    let read = post.sol.get(&format!("/notifications/{}", id(alarm))).await.ok();
    let text = read["content"]["text"].as_str().expect("a text");
    assert!(text.contains("Kim Ek") && text.contains("No such user"), "{text}");
    assert!(!read["content"]["subject"].as_str().expect("a subject").contains("Kim"), "{read}");
}

#[rstest]
#[tokio::test]
async fn what_is_no_report_about_a_mail_to_that_recipient_changes_nothing(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let post = Post::open(db).await;
    let (_, notice) = post.invited("kim@north.example").await;
    let unknown = "019a7c3e-5b1f-7a20-8c44-1d2e3f405162";
    post.arrives("a", &report(&notice, "somebody@else.example", "failed", "5.1.1"));
    post.arrives("b", &report(unknown, "kim@north.example", "failed", "5.1.1"));
    post.arrives("c", b"Subject: I am away\r\n\r\nUntil Monday.\r\n");
    post.arrives("d", &[0xff; 2048]);
    post.arrives("e", &report(&notice, "kim@north.example", "relayed", "2.0.0"));
    std::fs::create_dir(post.back.join("new").join("folder")).expect("a folder");

    assert_eq!(post.worker.take_bounces().await, 5);

    assert_eq!(post.put_away(), ["a:2,S", "b:2,S", "c:2,FS", "d:2,FS", "e:2,S"]);
    assert_eq!(post.worker.take_bounces().await, 0, "nothing is read twice");
    assert_eq!(post.status(&notice).await["status"], "sent");
    assert!(post.alarms().await.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_delay_is_noted_and_a_full_mailbox_marks_nobody(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let post = Post::open(db).await;
    let (person, notice) = post.invited("kim@north.example").await;
    post.arrives("1", &report(&notice, "kim@north.example", "delayed", "4.4.1"));
    post.worker.take_bounces().await;
    let delayed = post.status(&notice).await;
    assert_eq!(
        (&delayed["status"], &delayed["last_error"]),
        (&json!("sent"), &json!("4.4.1 550 4.4.1 No such user"))
    );

    post.arrives("2", &report(&notice, "kim@north.example", "failed", "5.2.2"));
    post.worker.take_bounces().await;

    assert_eq!(post.status(&notice).await["status"], "bounced");
    let seen = post.sol.get(&format!("/people/{}", id(&person))).await.ok();
    assert!(seen["unreachable_since"].is_null(), "{seen}");
    assert_eq!(post.alarms().await.len(), 1, "what was asked for has not arrived all the same");
}

#[rstest]
#[tokio::test]
async fn who_is_responsible_says_that_an_address_works_again(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let post = Post::open(db).await;
    let admin = post.app.holder(&post.sol, "admin", &post.north).await;
    let south = post.app.member(&post.sol, "South", "ZA", "Africa/Johannesburg").await;
    let stranger = post.app.holder(&post.sol, "admin", &south).await;
    let (person, notice) = post.invited("kim@north.example").await;
    let kim = post.app.accept("kim@north.example").await;
    let page = format!("/people/{}/reachable", id(&person));
    post.arrives("1", &report(&notice, "kim@north.example", "failed", "5.1.1"));
    post.worker.take_bounces().await;
    assert_eq!(post.alarms().await.len(), 2, "the secretariat and the administrator");

    let lost = post.sol.get("/people?unreachable=true").await.ok();
    assert_eq!(lost["items"].as_array().expect("people").len(), 1, "a task of whoever looks after people");
    let home = Visitor::signed_in(&post.app.address, "sol@alliance.example").await.get("/").await.text();
    assert!(home.contains("kim@north.example"), "{home}");
    let says = async |who: &Actor| send(who.request(Method::PUT, &page)).await;
    says(&kim).await.problem(403);
    says(&stranger).await.problem(404);
    let mended = says(&admin).await.ok();
    let lost = post.sol.get("/people?unreachable=true").await.ok();
    assert_eq!(lost["items"], json!([]));
    assert!(mended["unreachable_since"].is_null() && mended["unreachable_words"].is_null());

    let again = post.sol.post(&format!("/notifications/{notice}/resend"), &json!({})).await.ok();
    assert_eq!((&again["status"], &again["repeats"]), (&json!("queued"), &json!(notice)));
    post.deliver().await;
    post.arrives("2", &report(id(&again), "kim@north.example", "failed", "5.1.1"));
    post.worker.take_bounces().await;
    let marked = kim.get(&format!("/people/{}", id(&person))).await.ok();
    assert!(marked["unreachable_since"].is_string());
    let next = json!({ "email": "kim.ek@north.example", "password": PASSWORD });
    assert_eq!(kim.post("/auth/email", &next).await.status, 202);
    // The address from before has no say: it takes no mail.
    let token = post.app.email_link("kim@north.example", TokenKind::EmailNext).await;
    let changed = kim.post("/auth/email/confirm", &json!({ "token": token })).await.ok();
    assert_eq!(changed["stage"], "changed");
    let moved = kim.get(&format!("/people/{}", id(&person))).await.ok();
    assert_eq!(moved["email"], "kim.ek@north.example");
    assert!(moved["unreachable_since"].is_null(), "a new address is worth a try");
}

#[rstest]
#[tokio::test]
async fn the_secretariat_reads_what_a_mail_says_but_no_link_that_opens_an_account(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let post = Post::open(db).await;
    let (_, notice) = post.invited("kim@north.example").await;
    let read = post.sol.get(&format!("/notifications/{notice}")).await.ok();
    assert_eq!(read["content"]["subject"], "Invitation to Sojourn from University of North");
    let text = format!("{}{}", read["content"]["text"], read["content"]["html"]);
    assert!(text.contains("University of North") && !text.contains("token="), "{text}");
    let kim = post.app.accept("kim@north.example").await;
    for path in [format!("/notifications/{notice}"), "/notifications".to_owned()] {
        kim.get(&path).await.problem(403);
    }
    kim.post(&format!("/notifications/{notice}/resend"), &json!({})).await.problem(403);
    post.sol.get("/notifications/019a7c3e-5b1f-7a20-8c44-1d2e3f405162").await.problem(404);
    let (_, other) = post.invited("kit@north.example").await;
    let page = Visitor::signed_in(&post.app.address, "sol@alliance.example").await;
    for _ in 0..2 {
        let sent = page.submit("/notifications", &format!("/notifications/{other}/resend"), &[]).await;
        assert_eq!(sent.header("location"), "/notifications", "{}", sent.text());
    }
    let all = post.sol.get("/notifications?limit=200").await.ok();
    let all = all["items"].as_array().expect("notices");
    assert_eq!(all.iter().filter(|one| one["repeats"] == json!(other)).count(), 1, "two clicks are one mail");
    let waits = post.sol.post(&format!("/notifications/{notice}/resend"), &json!({})).await.ok();
    post.sol.post(&format!("/notifications/{}/resend", id(&waits)), &json!({})).await.problem(409);
}
