//! Who may do what to whose: every operation, asked by every part, about what is theirs, their institution's, a partner's and
//! strangers'.

mod elsewhere;
mod runs;
pub mod stage;

use std::fmt::Write as _;

use reqwest::multipart::{Form, Part};
use rstest::rstest;
use serde_json::Value;

use crate::support::actor::{Actor, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::operations::{Operation, operations};

use self::stage::{Set, Stage};

/// Those who ask, one column each.
const PARTS: [&str; 17] = [
    "anonymous",
    "nobody",
    "ended",
    "applicant",
    "fellow",
    "foreign",
    "home_coordinator",
    "home_head",
    "home_academic",
    "home_admin",
    "host_coordinator",
    "host_head",
    "second_coordinator",
    "other_coordinator",
    "employer",
    "secretariat",
    "chair",
];

const LEGEND: &str = "\
Each line: an operation, whose it is asked about, and one sign for each part.
  -  401, sign in first            .  404, as if there were none
  x  403, seen but not theirs      ~  the rules of the matter speak: a stale version, a conflict, a broken rule
  +  done or shown                 0 o t b  a list: nothing, ours, theirs, both
Ours is an exchange of Alpha's Anna (applicant) at Omega (host) with what belongs to it, and an internship offer of Works; theirs is
the like of Gamma's Theo (foreign) at Sigma (second). Other is Gamma's coordinator, the chair is Gamma's head.
Nobody is registered nowhere; ended held a coordinator's duty at Alpha until yesterday.
";

/// What an answer says of the right to ask.
fn sign(answer: &Answer, of: Option<&Stage>) -> char {
    match answer.status {
        401 => '-',
        403 => 'x',
        404 => '.',
        200..=299 => match of.map(|stage| stage.found(&answer.text())) {
            None => '+',
            Some((false, false)) => '0',
            Some((true, false)) => 'o',
            Some((false, true)) => 't',
            Some((true, true)) => 'b',
        },
        400..=499 => '~',
        _ => panic!("{}: {}", answer.status, answer.text()),
    }
}

async fn ask(by: &Actor, operation: &Operation, path: &str, body: Option<Value>) -> Answer {
    let mut request = by.request(operation.method.clone(), path).header("Idempotency-Key", fresh_key());
    if operation.headers.contains("If-Match") {
        // A version there never was: whoever may do it is told so, and nothing is done.
        request = request.header("If-Match", "\"9999\"");
    }
    request = match (operation.body.as_deref(), body) {
        (Some("multipart/form-data"), _) => {
            let file = Part::bytes(&b"%PDF-1.7\n%%EOF\n"[..]).file_name("a.pdf");
            request.multipart(Form::new().text("slot", "transcript").part("file", file))
        }
        (Some("application/json"), Some(body)) => request.json(&body),
        (Some(kind), Some(Value::String(text))) => request.header("Content-Type", kind).body(text),
        (Some(_), _) => panic!("{} {} has no body to ask with: write one", operation.method, operation.path),
        (None, _) => request,
    };
    send(request).await
}

/// The line of an operation: a sign for each part.
async fn line(stage: &Stage, operation: &Operation, set: Set) -> String {
    let path = stage.path(operation, set);
    let list = (operation.method == reqwest::Method::GET && !operation.names_something()).then_some(stage);
    let mut signs = String::new();
    for part in PARTS {
        let body = stage.body(operation, set, part);
        let answer = ask(&stage.actor(part), operation, &path, body).await;
        signs.push(sign(&answer, list));
    }
    signs
}

#[rstest]
#[tokio::test]
async fn each_part_may_do_to_each_what_the_table_says(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let stage = Stage::of(db, "").await;
    let mut table = LEGEND.to_owned();
    for (column, part) in PARTS.iter().enumerate() {
        let _ = write!(table, "\n{:>58} {}{part}", "", "|".repeat(column));
    }
    let (mut cells, mut leaks) = (0, Vec::new());
    // What ends a session comes last.
    let all = operations(&stage.cast.app).await;
    let ends = |one: &Operation| {
        one.path.ends_with("/logout")
            || (one.method == reqwest::Method::DELETE && one.path.ends_with("/auth/sessions"))
    };
    let (ends, all): (Vec<_>, Vec<_>) = all.into_iter().partition(ends);
    for operation in all.iter().chain(&ends) {
        let sets: &[Set] = if operation.names_something() { &[Set::Ours, Set::Theirs] } else { &[Set::Ours] };
        for set in sets {
            let signs = line(&stage, operation, *set).await;
            let path = operation.path.trim_start_matches("/api/v1");
            let whose = if operation.names_something() { set.word() } else { "" };
            let _ = write!(table, "\n{:<6} {path:<44} {whose:<6} {signs}", operation.method.as_str());
            cells += signs.len() as u64;
            let of =
                |part: &str| signs.chars().nth(PARTS.iter().position(|one| *one == part).expect("a part"));
            if of("ended") != of("nobody") {
                leaks.push(format!("{} {path}: an ended duty is none", operation.method));
            }
            if !operation.is_open() && of("anonymous") != Some('-') {
                leaks.push(format!("{} {path}: without a caller", operation.method));
            }
        }
    }
    assert_eq!(leaks, Vec::<String>::new());
    insta::assert_snapshot!("policies", table);
    measured("Cells of the policy table, each asked over HTTP", cells, "", format!("{db:?}: all as stated"));
}

/// What everybody signed in sees; who asks for one of these learns nothing from its being there.
const SEEN_BY_ALL: &[&str] =
    &["institutions/", "chair-terms/", "periods/", "workflows/", "calls/", "/offerings"];

/// An answer without the id of its request.
fn said(answer: &Answer) -> (u16, Value) {
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if let Some(problem) = body.as_object_mut() {
        problem.remove("instance");
    }
    (answer.status, body)
}

#[rstest]
#[tokio::test]
async fn what_is_not_theirs_is_answered_to_strangers_like_what_is_not_there(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let stage = Stage::of(db, "").await;
    let stranger = stage.actor("nobody");
    let (mut tried, mut told) = (0, Vec::new());
    for operation in operations(&stage.cast.app).await.iter().filter(|one| one.names_something()) {
        if SEEN_BY_ALL.iter().any(|segment| operation.path.contains(segment)) {
            continue;
        }
        for set in [Set::Ours, Set::Theirs] {
            let body = stage.body(operation, set, "nobody");
            let there = ask(&stranger, operation, &stage.path(operation, set), body.clone()).await;
            let nowhere = ask(&stranger, operation, &operation.address(), body).await;
            // Without the duty that the operation wants, 403 says nothing of a row either.
            let refused =
                if operation.policy.starts_with("signed in") || operation.is_open() { 404 } else { 403 };
            if said(&there) != said(&nowhere) || there.status != refused {
                told.push(format!(
                    "{} {}: {} and {}",
                    operation.method, operation.path, there.status, nowhere.status
                ));
            }
            tried += 1;
        }
    }
    assert_eq!(told, Vec::<String>::new());
    measured(
        "What is not theirs, asked for by a stranger",
        tried,
        "",
        format!("{db:?}: as if it were not there"),
    );
}
