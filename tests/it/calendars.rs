//! One's own deadlines in one's own calendar: the secret address, what it shows, and the file that comes with a mail.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};
use sojourn::mail::{Renderer, Sender, Smtp, Transport};
use sojourn::worker::Worker;

use crate::support::actor::{Actor, send};
use crate::support::answer::Answer;
use crate::support::cast::{Cast, address, merged};
use crate::support::data::own;
use crate::support::database::Db;
use crate::support::rounds::{without_documents, without_work_documents};
use crate::support::smtp::{Mail, SmtpServer};
use crate::support::visitor::Visitor;
use crate::support::walk::Walk;
use crate::walks::{self, INTERNSHIP_LEGS, take};

/// What another library finds in an iCalendar file.
fn understood(file: &[u8]) -> Value {
    let python = own("target/reference/bin/python");
    let mut child = Command::new(&python)
        .arg(own("tests/reference/ics.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; tests/run installs it", python.display()));
    child.stdin.take().expect("piped").write_all(file).expect("it is read");
    let output = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(file));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

async fn me(by: &Actor) -> String {
    by.get("/auth/me").await.ok()["person"].as_str().expect("an id").to_owned()
}

/// Makes somebody's address, as a path of the API.
async fn renewed(by: &Actor) -> String {
    let path = format!("/people/{}/calendar", me(by).await);
    let made = send(by.request(Method::PUT, &path)).await.ok();
    let address = made["address"].as_str().expect("an address");
    let (_, path) = address.split_once("/api/v1").expect("it is of the API");
    assert!(path.strip_suffix(".ics").is_some_and(|path| path.starts_with("/calendar/")), "{address}");
    path.to_owned()
}

async fn read(cast: &Cast, path: &str) -> Answer {
    cast.app.stranger().get(path).await
}

/// What somebody's calendar shows, as another library reads it.
async fn entries(cast: &Cast, by: &Actor) -> Vec<Value> {
    let path = renewed(by).await;
    let answer = read(cast, &path).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/calendar; charset=utf-8"));
    understood(&answer.body)["entries"].as_array().expect("entries").clone()
}

#[rstest]
#[tokio::test]
async fn whoever_is_awaited_reads_it_in_their_calendar_without_a_log_in(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let anna = cast.student("Anna").await;
    let mut walk = Walk::open(&cast, &round, &anna).await;
    let (id, reference) =
        (walk.case["id"].as_str().expect("an id").to_owned(), walk.case["reference"].clone());
    let reference = reference.as_str().expect("a code");

    let path = renewed(&anna).await;
    let answer = read(&cast, &path).await;
    let shown = understood(&answer.body);

    assert_eq!((&shown["VERSION"], &shown["METHOD"]), (&json!("2.0"), &Value::Null));
    let [entry] = &shown["entries"].as_array().expect("entries")[..] else { panic!("one entry: {shown}") };
    assert_eq!(entry["start"], "2026-09-30T21:59:59+00:00");
    assert_eq!(entry["alarms"], json!([-86_400.0]));
    let summary = entry["summary"].as_str().expect("a line");
    assert!(summary.starts_with(&format!("{reference}: Submit")), "{summary}");
    let about = entry["description"].as_str().expect("lines");
    assert!(about.contains("2026-09-30 23:59 (Europe/Berlin, UTC+2)"), "{about}");
    assert!(entry["url"].as_str().is_some_and(|url| url.ends_with(&format!("/cases/{id}"))), "{entry}");
    let uid = entry["uid"].clone();
    assert!(uid.as_str().is_some_and(|uid| uid.starts_with(&format!("{id}/main/student@"))), "{uid}");

    let etag = answer.header("etag").to_owned();
    let again = send(cast.app.stranger().request(Method::GET, &path).header("If-None-Match", &etag)).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(answer.header("cache-control"), "private, no-cache");

    assert_eq!(entries(&cast, cast.who("home_coordinator")).await, Vec::<Value>::new(), "it is a draft");
    walk.act("student", "submit").await;
    assert_eq!(understood(&read(&cast, &path).await.body)["entries"], json!([]), "the turn is another's");
    let [entry] = &entries(&cast, cast.who("home_coordinator")).await[..] else { panic!("one entry") };
    let whole = entry.to_string();
    assert!(whole.contains(reference) && !whole.contains("Anna") && !whole.contains("Student"), "{whole}");
    assert_eq!(entries(&cast, cast.who("host_coordinator")).await, Vec::<Value>::new());
    assert_eq!(entries(&cast, cast.who("other_coordinator")).await, Vec::<Value>::new());

    cast.dismiss("home_coordinator").await;
    let stand_in = entries(&cast, cast.who("home_head")).await;
    assert_eq!(stand_in.len(), 1, "what nobody has falls to the head: {stand_in:?}");
}

#[rstest]
#[tokio::test]
async fn an_address_is_ones_own_and_ends_when_it_is_renewed_or_taken_back(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::with(db, "auth.attempts_per_address = 12").await;
    let (head, sol) = (cast.who("home_head"), cast.who("secretariat"));
    let of = |part: &str| format!("/people/{}/calendar", cast.person(part));

    send(cast.app.stranger().request(Method::PUT, &of("home_head"))).await.problem(401);
    let refused = send(sol.request(Method::PUT, &of("home_head"))).await.problem(403);
    assert!(refused["detail"].as_str().is_some_and(|it| it.contains("the person themselves")), "{refused}");
    send(cast.who("employer").request(Method::PUT, &of("home_head"))).await.problem(404);
    send(head.request(Method::DELETE, &of("home_head"))).await.problem(404);

    let first = renewed(head).await;
    assert_eq!(read(&cast, &first).await.status, 200);
    let second = renewed(head).await;
    let gone = read(&cast, &first).await.problem(404);
    assert_eq!(read(&cast, &second).await.status, 200);
    send(sol.request(Method::DELETE, &of("home_head"))).await.problem(403);
    assert_eq!(send(head.request(Method::DELETE, &of("home_head"))).await.status, 204);
    read(&cast, &second).await.problem(404);

    let third = renewed(head).await;
    for nonsense in ["/calendar/x.ics", "/calendar/.ics", "/calendar/AAAAAAAAAAAAAAAAAAAAAA.ics"] {
        let unknown = read(&cast, nonsense).await.problem(404);
        let shape =
            |problem: &Value| (problem["type"].clone(), problem["title"].clone(), problem["detail"].clone());
        assert_eq!(shape(&unknown), shape(&gone), "{nonsense}");
    }
    read(&cast, third.strip_suffix(".ics").expect("it ends so")).await.problem(404);
    let mut tries = 0;
    while read(&cast, "/calendar/AAAAAAAAAAAAAAAAAAAAAA.ics").await.status == 404 {
        tries += 1;
        assert!(tries < 20, "nobody tries for ever");
    }
    let limited = read(&cast, "/calendar/AAAAAAAAAAAAAAAAAAAAAA.ics").await;
    limited.problem(429);
    assert!(!limited.header("retry-after").is_empty());
    assert_eq!(read(&cast, &third).await.status, 200, "who knows an address is kept from nothing");
}

#[rstest]
#[tokio::test]
async fn a_restricted_track_and_a_hidden_decision_stand_in_no_calendar_of_others(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let asked = merged(without_work_documents(), &json!({ "tracks": { "incident": true } }));
    let round = cast.internship(1, &asked).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    for word in walks::events("ACTIVE incident/1.report_incident", INTERNSHIP_LEGS) {
        take(&mut walk, &word).await;
    }
    let speaks_of_it = |entries: &[Value]| {
        entries.iter().any(|entry| entry["uid"].as_str().is_some_and(|uid| uid.contains("/incident/1/")))
    };
    for (part, shown) in
        [("home_head", true), ("home_coordinator", false), ("employer", false), ("chair", false)]
    {
        let entries = entries(&cast, walk.holder(part)).await;
        assert_eq!(speaks_of_it(&entries), shown, "{part}: {entries:?}");
    }
}

#[rstest]
#[tokio::test]
async fn an_offer_that_waits_to_be_vetted_stands_in_the_calendar_of_who_vets_it_in_their_language(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let employer = cast.who("employer");
    let body = json!({
        "kind": "internship", "host": cast.at("Works")["id"], "workflow": "internship",
        "title": "Bridges, and; tunnels\r\nBEGIN:VEVENT", "vetted_by": "internship-offer",
    });
    let offer = employer.post("/programmes", &body).await.ok();

    let [entry] = &entries(&cast, employer).await[..] else { panic!("one entry") };

    let url = entry["url"].as_str().expect("an address");
    assert!(url.ends_with(&format!("/programmes/{}", offer["id"].as_str().expect("an id"))), "{url}");
    let about = entry["description"].as_str().expect("lines");
    assert!(about.starts_with("Bridges, and; tunnels"), "{about}");
    let label = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
    assert!(entry["summary"].as_str().is_some_and(|summary| summary.contains(label)), "{entry}");
}

#[rstest]
#[tokio::test]
async fn a_mail_that_asks_to_act_by_a_day_brings_it_as_a_file_and_the_same_file_on_every_try(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let server = SmtpServer::start();
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("defer+1").await).await;
    walk.act("student", "submit").await;

    let from = "Sojourn <sojourn@alliance.example>".parse().expect("a sender");
    let sender = Sender { from, reply_to: None, host: "alliance.example".to_owned() };
    let url = SecretString::from(format!("smtp://{}?tls=none", server.address));
    let smtp = Transport::Smtp(Smtp::open(&url, "alliance.example", 2).expect("an address"));
    let renderer = Renderer::open(sender, None).expect("the texts are sound");
    let worker = Worker::new(Arc::clone(&cast.app.app), renderer, smtp);
    for _ in 0..2 {
        while worker.run_once().await.expect("the database answers").total() > 0 {}
        cast.app.advance(TimeDelta::hours(6));
    }

    let seen = walk.seen_by("home_coordinator").await;
    let reference = seen["reference"].as_str().expect("it");
    let to_act = server.mailbox(&address("home_coordinator"));
    let about = |mail: &&Mail| mail.raw.contains("deadline.ics") && mail.subject.contains(reference);
    let mail = to_act.iter().find(about).expect("a mail with a file");
    let file = attached(&mail.raw);
    let shown = understood(&file);
    assert_eq!(shown["METHOD"], "PUBLISH");
    let [entry] = &shown["entries"].as_array().expect("entries")[..] else { panic!("one entry") };
    let due = seen["waiting"][0]["due_at"].as_str().expect("a clock runs").replace('Z', "+00:00");
    assert_eq!((entry["start"].as_str(), &entry["alarms"]), (Some(due.as_str()), &json!([-86_400.0])));
    let whole = entry.to_string();
    assert!(whole.contains(reference) && !whole.contains("Student"), "{whole}");
    assert!(mail.text.is_some() && mail.html.is_some(), "the mail reads as before");

    let told = server.mailbox(&address("defer+1"));
    let about = |what: &str| told.iter().find(|mail| mail.subject.contains(what)).expect("a mail");
    assert!(!about("Receipt").raw.contains("deadline.ics"), "who only hears gets no file");
    let late = &understood(&attached(&about("complete your application").raw))["entries"][0];
    assert_eq!(late["stamp"], "2026-09-01T08:00:00+00:00", "as at the first try, six hours before");
}

/// The file of a mail.
fn attached(raw: &str) -> Vec<u8> {
    let mail = mailparse::parse_mail(raw.as_bytes()).expect("a mail");
    let file = mail.parts().find(|part| part.ctype.mimetype == "text/calendar").expect("a file");
    let placed = file.get_content_disposition();
    assert_eq!(placed.params.get("filename").map(String::as_str), Some("deadline.ics"));
    file.get_body_raw().expect("base64")
}

#[rstest]
#[tokio::test]
async fn the_page_makes_renews_and_ends_the_address(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    cast.app.accept(&address("home_head")).await;
    let visitor = Visitor::signed_in(&cast.app.address, &address("home_head")).await;
    let secret = |page: &str| {
        let (_, rest) = page.split_once("id=\"secret\"")?;
        let (_, rest) = rest.split_once("value=\"")?;
        let address = rest.split_once('"')?.0.replace("&#x2f;", "/");
        address.split_once("/api/v1").map(|(_, path)| path.to_owned())
    };

    assert_eq!(secret(&visitor.get("/calendar").await.text()), None);
    let made = visitor.submit("/calendar", "/calendar", &[]).await;
    let first = secret(&made.text()).expect("it is shown once");
    assert_eq!(made.header("cache-control"), "no-store");
    assert_eq!(read(&cast, &first).await.status, 200);
    assert_eq!(secret(&visitor.get("/calendar").await.text()), None, "and not again");
    let second = secret(&visitor.submit("/calendar", "/calendar", &[]).await.text()).expect("another");
    assert_ne!(first, second);
    read(&cast, &first).await.problem(404);
    let ended = visitor.submit("/calendar", "/calendar/end", &[]).await;
    assert_eq!((ended.status, ended.header("location")), (303, "/calendar"));
    read(&cast, &second).await.problem(404);

    let foreign = send(visitor.form("/calendar", "https://evil.example", &[("seal", "x")])).await;
    assert_eq!(foreign.status, 403, "{}", foreign.text());
    let nobody = Visitor::new(&cast.app.address).get("/calendar").await;
    assert_eq!((nobody.status, nobody.header("location")), (303, "/login?next=%2Fcalendar"));
}
