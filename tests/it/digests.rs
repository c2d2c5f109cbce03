//! Digests: one mail a day of what may wait, at once what may not, each notice in one digest, and their end from the mail itself.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rstest::rstest;
use serde_json::{Value, json};
use sojourn::mail::{Kept, Maildir, Renderer, Sender, Transport};
use sojourn::worker::Worker;
use sojourn_engine::ids::NoticeId;

use crate::support::actor::{Actor, send};
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::without_documents;
use crate::support::visitor::Visitor;
use crate::support::walk::Walk;
use crate::walks::{EXCHANGE_LEGS, events, take};

struct Post {
    worker: Worker,
    maildir: Maildir,
}

impl Post {
    fn of(cast: &Cast) -> Self {
        let from = "Sojourn <sojourn@alliance.example>".parse().expect("a sender");
        let sender = Sender { from, reply_to: None, host: "alliance.example".to_owned() };
        let maildir = Maildir::open(&cast.app.database.folder.path().join("post")).expect("a folder");
        let renderer = Renderer::open(sender, None).expect("the texts are sound");
        let transport = Transport::Maildir(maildir.clone());
        Self { worker: Worker::new(Arc::clone(&cast.app.app), renderer, transport), maildir }
    }

    /// Delivers what is due and says what has come for an address, the latest first.
    async fn come(&self, address: &str) -> Vec<Kept> {
        while self.worker.run_once().await.expect("the database answers").total() > 0 {}
        let ids: Vec<NoticeId> = self.maildir.list().expect("readable");
        let read = ids.into_iter().map(|id| self.maildir.read(id).expect("readable").expect("there"));
        read.filter(|mail| mail.to.contains(address)).collect()
    }
}

/// A second coordinator of the home, who gets digests, as does the first from now on.
async fn colleagues(cast: &Cast) -> Actor {
    let sol = cast.who("secretariat");
    let role =
        json!({ "duty": "coordinator", "institution": cast.at("Alpha")["id"], "from_on": "2026-01-01" });
    let body = json!({ "given_name": "Kim", "family_name": "Alpha", "email": "kim@alpha.example", "language": "en", "roles": [role] });
    let kim = sol.post("/people", &body).await.ok();
    assert_eq!(kim["mails"], "daily", "unless they say otherwise");
    let coordinator = cast.who("home_coordinator");
    let path = format!("/people/{}", cast.person("home_coordinator"));
    let me = coordinator.get(&path).await.ok();
    coordinator.patch(&path, &me["version"], &json!({ "mails": "daily" })).await.ok();
    cast.app.acting("kim@alpha.example").await
}

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().expect("an instant")
}

async fn statuses(cast: &Cast, walk: &Walk<'_>, person: &str) -> Vec<(String, String)> {
    let path = format!("/notifications?limit=200&case={}", walk.case["id"].as_str().expect("an id"));
    let page = cast.who("secretariat").get(&path).await.ok();
    let rows = page["items"].as_array().expect("notices").iter().filter(|row| row["recipient_id"] == person);
    let text = |row: &Value, member: &str| row[member].as_str().expect("text").to_owned();
    rows.map(|row| (text(row, "notice"), text(row, "status"))).collect()
}

#[rstest]
#[tokio::test]
async fn what_others_can_do_too_comes_in_one_mail_on_the_next_working_morning(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let post = Post::of(&cast);
    colleagues(&cast).await;
    let kim_id = cast.app.person("kim@alpha.example").await.to_string();
    let round = cast.exchange(5, &without_documents()).await;
    let before = post.come("kim@alpha.example").await.len();
    let mut walks = Vec::new();
    for name in ["Anna", "Ben"] {
        let mut walk = Walk::open(&cast, &round, &cast.student(name).await).await;
        walk.act("student", "submit").await;
        walks.push(walk);
    }
    let invited = post.come("kim@alpha.example").await.len();
    assert_eq!(invited, before, "nothing at once");
    assert_eq!(
        statuses(&cast, &walks[0], &kim_id).await,
        [("application_to_review".to_owned(), "queued".to_owned())]
    );

    take(&mut walks[1], "find_eligible").await;
    cast.app.clock.set(at("2026-09-02T04:59:00Z"));
    assert_eq!(post.come("kim@alpha.example").await.len(), invited, "a minute before seven in Berlin");
    cast.app.clock.set(at("2026-09-02T05:00:00Z"));
    let mails = post.come("kim@alpha.example").await;
    assert_eq!(mails.len(), invited + 1, "one mail");
    let digest = &mails[0];
    assert!(digest.subject.starts_with("Digest: 2 waiting"), "{}", digest.subject);
    for walk in &walks {
        let reference = walk.case["reference"].as_str().expect("a code");
        assert!(digest.text.contains(reference) && digest.html.contains(reference), "{}", digest.text);
    }
    let acted = digest.text.split("What has happened").nth(1).expect("news");
    assert!(
        acted.contains(walks[1].case["reference"].as_str().expect("a code")),
        "somebody has acted: {}",
        digest.text
    );
    assert!(digest.text.contains("/cases/"), "each leads to its case");
    for (_, status) in statuses(&cast, &walks[0], &kim_id).await {
        assert_eq!(status, "sent", "with the digest");
    }
    assert_eq!(post.come("kim@alpha.example").await.len(), invited + 1, "once");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn what_only_one_can_unblock_or_is_due_soon_comes_at_once(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let post = Post::of(&cast);
    let coordinator = cast.who("home_coordinator");
    let path = format!("/people/{}", cast.person("home_coordinator"));
    let me = coordinator.get(&path).await.ok();
    coordinator.patch(&path, &me["version"], &json!({ "mails": "daily" })).await.ok();
    let round = cast.exchange(5, &without_documents()).await;
    let mut alone = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    alone.act("student", "submit").await;
    let address = crate::support::cast::address("home_coordinator");
    let came = post.come(&address).await;
    assert!(came.iter().any(|mail| mail.subject.starts_with("Action needed")), "nobody else could act");

    let kim = colleagues_alone(&cast).await;
    let mut soon = Walk::open(&cast, &round, &cast.student("Ben").await).await;
    for word in events("TAKEN", EXCHANGE_LEGS) {
        take(&mut soon, &word).await;
    }
    let before = post.come("kim@alpha.example").await.len();
    cast.app
        .clock
        .set(soon.case["due_at"].as_str().map(at).expect("a clock runs") - chrono::TimeDelta::hours(40));
    cast.app.act_on_clocks().await;
    let came = post.come("kim@alpha.example").await;
    let at_once =
        came.iter().take(came.len() - before).filter(|mail| mail.subject.starts_with("Action needed"));
    assert!(at_once.count() >= 1, "due within two days");
    drop(kim);
    cast.verified().await;
}

async fn colleagues_alone(cast: &Cast) -> Actor {
    let sol = cast.who("secretariat");
    let role =
        json!({ "duty": "coordinator", "institution": cast.at("Alpha")["id"], "from_on": "2026-01-01" });
    let body = json!({ "given_name": "Kim", "family_name": "Alpha", "email": "kim@alpha.example", "language": "en", "roles": [role] });
    sol.post("/people", &body).await.ok();
    cast.app.acting("kim@alpha.example").await
}

#[rstest]
#[tokio::test]
async fn digests_end_by_one_post_from_the_mail_and_come_again_when_asked_for(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let post = Post::of(&cast);
    let kim = colleagues(&cast).await;
    let kim_id = cast.app.person("kim@alpha.example").await.to_string();
    let round = cast.exchange(5, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    walk.act("student", "submit").await;
    cast.app.clock.set(at("2026-09-02T05:00:00Z"));
    let digest = post.come("kim@alpha.example").await.remove(0);
    let file = cast.app.database.folder.path().join("post").join("new").join(digest.id.to_string());
    let raw = std::fs::read_to_string(file).expect("readable");
    let header = raw.lines().skip_while(|line| !line.starts_with("List-Unsubscribe:"));
    let header: String = header.take(3).collect();
    let page =
        header.split_once("/digest/").and_then(|(_, rest)| rest.split('>').next()).expect("an address");
    let path = format!("/digest/{}", page.replace([' ', '\r', '\n'], ""));
    assert!(raw.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"));

    let visitor = Visitor::new(&cast.app.address);
    assert_eq!(visitor.get(&path).await.status, 200);
    let mails = async || kim.get(&format!("/people/{kim_id}")).await.ok()["mails"].clone();
    assert_eq!(mails().await, "daily", "opening changes nothing");
    let one_click = reqwest::Client::new().post(format!("{}{path}", cast.app.address));
    let ended = send(one_click.form(&[("List-Unsubscribe", "One-Click")])).await;
    assert_eq!(ended.status, 200, "{}", ended.text());
    assert_eq!(mails().await, "needed");
    let forged = format!("{}x{}", &path[..12], &path[13..]);
    assert_eq!(visitor.get(&forged).await.status, 404);

    let mut next = Walk::open(&cast, &round, &cast.student("Ben").await).await;
    next.act("student", "submit").await;
    assert_eq!(
        statuses(&cast, &next, &kim_id).await,
        [("application_to_review".to_owned(), "withheld".to_owned())]
    );
    cast.app.accept("kim@alpha.example").await;
    let kim = cast.app.acting("kim@alpha.example").await;
    let mails = async || kim.get(&format!("/people/{kim_id}")).await.ok()["mails"].clone();
    let signed_in = Visitor::signed_in(&cast.app.address, "kim@alpha.example").await;
    let version = crate::support::visitor::hidden(&signed_in.get("/preferences").await.text(), "version");
    let form = [("language", "en"), ("mails", "daily"), ("version", version.as_deref().expect("a version"))];
    let saved = signed_in.submit("/preferences", "/preferences", &form).await;
    assert_eq!(saved.header("location"), "/preferences?done=saved");
    assert_eq!(mails().await, "daily");
    cast.verified().await;
}
