//! One whole life of each kind of programme through the API, looked at after every step: state, places, clocks, waits, mails.

mod exchange;
mod internship;
mod kinds;

use std::collections::BTreeSet;
use std::sync::Arc;

use rstest::rstest;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use sojourn::mail::{Maildir, Renderer, Sender, Transport};
use sojourn::worker::Worker;
use sojourn_engine::ids::{CaseId, NoticeId};
use sojourn_entities::{clock, wait};

use self::exchange::EXCHANGE;
use self::internship::INTERNSHIP;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::Round;
use crate::support::walk::Walk;

/// One step and all that is to be seen after it.
struct Stage {
    /// When, who, what; `2.event` is one of the second stay.
    at: &'static str,
    by: &'static str,
    event: &'static str,
    /// Where it leads, and for whom the case then waits.
    state: &'static str,
    waits: &'static [&'static str],
    /// Held and used on each line of the round.
    lines: &'static [(i64, i64)],
    /// Clocks that run, with their ends.
    clocks: &'static [(&'static str, &'static str)],
    /// Notice and whoever gets it.
    told: &'static [(&'static str, &'static str)],
}

/// The mails of a service, delivered into a folder.
struct Post {
    worker: Worker,
    maildir: Maildir,
    seen: BTreeSet<String>,
}

impl Post {
    fn of(cast: &Cast) -> Self {
        let from = "Sojourn <sojourn@alliance.example>".parse().expect("a sender");
        let sender = Sender { from, reply_to: None, host: "alliance.example".to_owned() };
        let maildir = Maildir::open(&cast.app.database.folder.path().join("post")).expect("a folder");
        let renderer = Renderer::open(sender, None).expect("the texts are sound");
        let worker = Worker::new(Arc::clone(&cast.app.app), renderer, Transport::Maildir(maildir.clone()));
        Self { worker, maildir, seen: BTreeSet::new() }
    }

    /// What was sent about the case since the last look: notice and part of the person, each mail in its reader's language.
    async fn arrived(&mut self, walk: &Walk<'_>) -> BTreeSet<(String, &'static str)> {
        while self.worker.run_once().await.expect("the database answers").total() > 0 {}
        let path = format!("/notifications?limit=200&case={}", walk.case["id"].as_str().expect("an id"));
        let listed = walk.cast.who("secretariat").get(&path).await.ok();
        let text = |notice: &Value, member: &str| notice[member].as_str().expect("text").to_owned();
        let mut told = BTreeSet::new();
        for notice in listed["items"].as_array().expect("notices") {
            if self.seen.insert(text(notice, "id")) {
                assert_eq!(notice["status"], "sent", "{notice}");
                let part = walk.cast.part(&text(notice, "recipient_id"));
                self.read(&text(notice, "id"), part, &walk.case);
                assert!(told.insert((text(notice, "notice"), part)), "told twice: {notice}");
            }
        }
        told
    }

    fn read(&self, id: &str, part: &str, case: &Value) {
        let id: NoticeId = id.parse().expect("an id");
        let mail = self.maildir.read(id).expect("readable").expect("there is a mail");
        let chinese = part == "employer" || part.starts_with("host_");
        let is_han = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
        assert_eq!(mail.subject.chars().any(is_han), chinese, "{part}: {}", mail.subject);
        assert_eq!(mail.text.chars().any(is_han), chinese, "{part}: {}", mail.text);
        let reference = case["reference"].as_str().expect("a code");
        assert!(mail.text.contains(reference) && mail.html.contains(reference), "{}", mail.text);
    }
}

async fn clocks(walk: &Walk<'_>) -> Vec<(String, String)> {
    let id: CaseId = walk.case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let rows = clock::Entity::find()
        .filter(clock::Column::CaseId.eq(id))
        .filter(clock::Column::FiredAt.is_null())
        .filter(clock::Column::EndedAt.is_null())
        .order_by_asc(clock::Column::Clock)
        .all(&walk.cast.app.database.connect().await)
        .await
        .expect("clocks");
    for row in &rows {
        let reminders: Vec<chrono::DateTime<chrono::Utc>> =
            serde_json::from_value(row.remind_at.clone()).expect("instants");
        assert!(reminders.is_sorted() && reminders.iter().all(|at| row.entered_at < *at && *at < row.due_at));
        assert_eq!(row.wake_at, reminders.first().copied().or(Some(row.due_at)), "{}", row.clock);
    }
    let told = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    rows.into_iter().map(|row| (row.clock, told(row.due_at))).collect()
}

async fn waits(walk: &Walk<'_>) -> Vec<String> {
    let id: CaseId = walk.case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let rows = wait::Entity::find()
        .filter(wait::Column::CaseId.eq(id))
        .order_by_asc(wait::Column::Role)
        .all(&walk.cast.app.database.connect().await)
        .await
        .expect("waits");
    rows.into_iter().map(|row| row.role).collect()
}

/// What is filed before an event: the event, whoever files it, the slot.
type Paper = (&'static str, &'static str, &'static str);

/// Lives a life and looks at everything after each step.
async fn live(
    (cast, round): (&Cast, &Round),
    walk: &mut Walk<'_>,
    post: &mut Post,
    stages: &[Stage],
    papers: &[Paper],
) {
    for stage in stages {
        for (_, part, slot) in papers.iter().filter(|(event, ..)| *event == stage.event) {
            walk.holder(part).upload(&walk.case, slot, "a.pdf", PDF).await.ok();
            walk.look().await;
        }
        cast.app.clock.set(stage.at.parse().expect("an instant"));
        let before = walk.case["version"].as_i64().expect("a version");
        let answer = match stage.event.split_once('.') {
            None => walk.act(stage.by, stage.event).await,
            Some((stay, event)) => {
                walk.act_at(stay.parse().expect("the number of a stay"), stage.by, event).await;
                walk.case.clone()
            }
        };
        let told = format!("{} by {}", stage.event, stage.by);

        assert_eq!(
            (&answer["state"], &walk.case["state"]),
            (&json!(stage.state), &json!(stage.state)),
            "{told}"
        );
        assert_eq!(walk.case["version"], before + 1, "{told}");
        let mut lines = Vec::new();
        for line in &round.lines {
            lines.push(walk.taken(line).await);
        }
        assert_eq!(lines, stage.lines, "{told}");
        let running: Vec<_> =
            stage.clocks.iter().map(|(name, due)| ((*name).to_owned(), (*due).to_owned())).collect();
        assert_eq!(clocks(walk).await, running, "{told}");
        assert_eq!(walk.case["due_at"].as_str(), stage.clocks.iter().map(|(_, due)| *due).min(), "{told}");
        assert_eq!(waits(walk).await, stage.waits, "{told}");
        waiting_says_all(&walk.case, stage);
        let mails: BTreeSet<_> =
            stage.told.iter().map(|(notice, part)| ((*notice).to_owned(), *part)).collect();
        assert_eq!(post.arrived(walk).await, mails, "{told}");
    }
    cast.verified().await;
}

/// Whom the case waits for, until when, and what happens if nobody acts.
fn waiting_says_all(case: &Value, stage: &Stage) {
    let waiting = case["waiting"].as_array().expect("a list");
    let waiting: Vec<&Value> = waiting.iter().filter(|party| party["role"] != "system").collect();
    let mut roles: Vec<&str> = waiting.iter().map(|party| party["role"].as_str().expect("a role")).collect();
    roles.sort_unstable();
    assert_eq!(roles, stage.waits, "{}", stage.event);
    for party in waiting {
        assert!(party["people"].as_array().is_some_and(|people| !people.is_empty()), "{party}");
        assert!(party["due_at"].as_str() >= case["due_at"].as_str(), "{party}");
        for member in ["zone", "if_nothing", "label"] {
            assert!(party[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {party}");
        }
        assert!(party["otherwise"].is_object(), "{party}");
    }
}

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n";

#[rstest]
#[tokio::test]
async fn an_exchange_from_draft_to_closed(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &json!({})).await;
    let mut post = Post::of(&cast);
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;

    assert_eq!(clocks(&walk).await, [("closes".to_owned(), "2026-09-30T21:59:59Z".to_owned())]);
    assert_eq!(post.arrived(&walk).await, BTreeSet::from([("draft_started".to_owned(), "student")]));
    for slot in ["transcript", "motivation", "language_proof"] {
        walk.student.upload(&walk.case, slot, "a.pdf", PDF).await.ok();
    }
    walk.look().await;
    let (before, after) = EXCHANGE.split_at(10);
    live((&cast, &round), &mut walk, &mut post, before, &[]).await;
    cast.who("host_coordinator").upload(&walk.case, "transcript_of_records", "t.pdf", PDF).await.ok();
    walk.look().await;
    live((&cast, &round), &mut walk, &mut post, after, &[]).await;

    let history = walk.history().await;
    let events: Vec<&str> = history.iter().filter_map(|step| step["event"].as_str()).collect();
    let mut told: Vec<&str> =
        std::iter::once("create").chain(EXCHANGE.iter().map(|stage| stage.event)).collect();
    let confirmed = told.iter().position(|event| *event == "confirm").expect("it is told");
    told.insert(confirmed + 1, "make_ready");
    assert_eq!(events, told);
    assert!(walk.case["offers"].as_array().is_some_and(Vec::is_empty), "nothing more can be done");
}

#[rstest]
#[tokio::test]
async fn an_internship_from_draft_to_closed_signed_by_each_party(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.internship(1, &json!({})).await;
    let mut post = Post::of(&cast);
    let mut walk = Walk::open(&cast, &round, &cast.student("Ines").await).await;
    assert_eq!(post.arrived(&walk).await, BTreeSet::from([("draft_started".to_owned(), "student")]));
    for slot in ["cv", "motivation", "transcript"] {
        walk.student.upload(&walk.case, slot, "a.pdf", PDF).await.ok();
    }
    let (before, after) = INTERNSHIP.split_at(10);
    walk.look().await;
    live((&cast, &round), &mut walk, &mut post, before, &[]).await;
    cast.who("employer").upload(&walk.case, "certificate", "c.pdf", PDF).await.ok();
    walk.student.upload(&walk.case, "internship_report", "r.pdf", PDF).await.ok();
    walk.look().await;
    live((&cast, &round), &mut walk, &mut post, after, &[]).await;
    assert_eq!(walk.case["kind"], "success");
}
