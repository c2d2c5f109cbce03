//! Who sees what of an application, from its draft to a second host: lists, views, history, documents, placements.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::Actor;
use crate::support::cast::{Cast, merged};
use crate::support::database::Db;
use crate::support::rounds::{without_documents, without_work_documents};
use crate::support::walk::Walk;

const PDF: &[u8] = b"%PDF-1.7\n%%EOF\n";

/// Everybody beside the applicant, who always sees their own.
const READERS: [&str; 12] = [
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
    "stranger",
];

const ALWAYS: &[&str] = &["secretariat", "chair"];
const HOME: &[&str] = &["secretariat", "chair", "home_coordinator", "home_head", "home_academic"];
const FIRST: &[&str] = &[
    "secretariat",
    "chair",
    "home_coordinator",
    "home_head",
    "home_academic",
    "host_coordinator",
    "host_head",
];
const SECOND: &[&str] =
    &["secretariat", "chair", "home_coordinator", "home_head", "home_academic", "second_coordinator"];

/// A problem without what tells one request from another.
fn anonymous(mut problem: Value) -> Value {
    problem["instance"] = Value::Null;
    problem
}

/// Looks at the case through every door as everybody.
async fn seen_by_only(walk: &Walk<'_>, stranger: &Actor, readers: &[&str], stage: &str) {
    let path = walk.path();
    let nothing = "/applications/019a7c3e-5b1f-7a20-8c44-1d2e3f405162";
    for part in READERS {
        let reader = if part == "stranger" { stranger } else { walk.cast.who(part) };
        let sees = readers.contains(&part);
        let listed = reader.get("/applications?limit=200").await.ok();
        let ids: Vec<&Value> =
            listed["items"].as_array().expect("items").iter().map(|item| &item["id"]).collect();
        assert_eq!(ids.contains(&&walk.case["id"]), sees, "{part} lists at {stage}");
        for door in ["", "/history", "/documents"] {
            let answer = reader.get(&format!("{path}{door}")).await;
            if sees {
                answer.ok();
            } else {
                let absent = reader.get(&format!("{nothing}{door}")).await.problem(404);
                assert_eq!(anonymous(answer.problem(404)), anonymous(absent), "{part} at {stage}{door}");
            }
        }
        if !sees {
            reader.fire(&walk.case, "submit", json!({})).await.problem(404);
            reader.patch(&path, &walk.case["version"], &json!({ "submit_at_bell": true })).await.problem(404);
            reader.upload(&walk.case, "motivation", "m.pdf", PDF).await.problem(404);
        }
        reader.get(&path.replace("applications", "placements")).await.problem(404);
    }
}

async fn act(walk: &mut Walk<'_>, steps: &[(&str, &str)]) {
    for (role, event) in steps {
        walk.act(role, event).await;
    }
}

#[rstest]
#[tokio::test]
async fn sight_of_a_case_begins_and_ends_where_the_workflow_says(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let stranger = cast.student("Berta").await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    seen_by_only(&walk, &stranger, ALWAYS, "draft").await;

    act(&mut walk, &[("student", "submit")]).await;
    seen_by_only(&walk, &stranger, HOME, "submitted").await;
    act(&mut walk, &[("home_coordinator", "find_eligible"), ("home_coordinator", "allocate")]).await;
    seen_by_only(&walk, &stranger, HOME, "allocated").await;
    act(&mut walk, &[("student", "accept_offer"), ("home_coordinator", "nominate")]).await;
    seen_by_only(&walk, &stranger, FIRST, "nominated").await;

    act(&mut walk, &[("host_coordinator", "acknowledge")]).await;
    let refuse = json!({ "event": "refuse", "reason": { "code": "other", "text": "Full." } });
    let refused = walk.attempt("host_coordinator", &refuse).await;
    assert_eq!(
        (refused.status, refused.header("etag"), refused.body.len()),
        (204, "", 0),
        "nothing of the next choice"
    );
    walk.look().await;
    assert_eq!(walk.case["state"], "allocated", "the second choice at once");
    seen_by_only(&walk, &stranger, HOME, "refused").await;
    act(&mut walk, &[("student", "accept_offer"), ("home_coordinator", "nominate")]).await;
    seen_by_only(&walk, &stranger, SECOND, "nominated to the second host").await;
    act(&mut walk, &[("host_coordinator", "acknowledge")]).await;
    let refused = walk.attempt("host_coordinator", &refuse).await;
    assert_eq!((refused.status, refused.body.len()), (204, 0), "nothing of the waiting list");
    walk.look().await;
    assert_eq!((&walk.case["state"], &walk.case["host"]), (&json!("waitlisted"), &Value::Null));
    seen_by_only(&walk, &stranger, HOME, "on the waiting list").await;

    let choice = walk.choice(1).clone();
    walk.system("promote", &json!({ "choice": choice })).await;
    seen_by_only(&walk, &stranger, HOME, "offered at the first host once more").await;
    act(&mut walk, &[("student", "accept_offer"), ("home_coordinator", "nominate")]).await;
    seen_by_only(&walk, &stranger, FIRST, "nominated once more").await;
    let steps = cast.who("host_coordinator").get(&format!("{}/history", walk.path())).await.ok();
    assert_eq!(events(&steps), ["nominate"], "what came before is not theirs to read");
    let first = cast.who("host_coordinator").get(&format!("{}/history?limit=1", walk.path())).await.ok();
    assert_eq!((events(&first), &first["next"]), (vec!["nominate"], &Value::Null));
    cast.verified().await;
}

fn events(history: &Value) -> Vec<&str> {
    history["items"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| step["event"].as_str().expect("an event"))
        .collect()
}

#[rstest]
#[tokio::test]
async fn an_employer_sees_the_candidates_that_were_forwarded_to_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.internship(2, &without_work_documents()).await;
    let stranger = cast.student("Berta").await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;

    act(&mut walk, &[("student", "submit"), ("home_coordinator", "endorse")]).await;
    seen_by_only(&walk, &stranger, HOME, "endorsed").await;
    act(&mut walk, &[("home_coordinator", "forward")]).await;
    let mut readers = HOME.to_vec();
    readers.push("employer");
    seen_by_only(&walk, &stranger, &readers, "forwarded").await;
}

#[rstest]
#[tokio::test]
async fn a_host_is_shown_its_own_choice_and_nothing_of_how_it_came_about(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let rules = json!({ "scores": true, "form": [{ "name": "why", "label": { "en": "Why?" }, "kind": "text", "required": false }] });
    let round = cast.exchange(2, &merged(without_documents(), &rules)).await;
    let answers = json!({ "answers": { "why": "To learn." }, "submit_at_bell": true });
    let mut walk = Walk::open_with(&cast, &round, &cast.student("Anna").await, &answers).await;
    act(&mut walk, &[("student", "submit")]).await;
    let score = json!({ "score_hundredths": 9_000 });
    cast.who("home_coordinator").patch(&walk.path(), &walk.case["version"], &score).await.ok();
    act(&mut walk, &[("home_coordinator", "find_eligible")]).await;
    let second = json!({ "choice": walk.choice(2) });
    walk.act_with("home_coordinator", "allocate", &second).await;
    act(&mut walk, &[("student", "accept_offer"), ("home_coordinator", "nominate")]).await;

    let host = walk.seen_by("host_coordinator").await;
    let choices = host["choices"].as_array().expect("choices");
    assert_eq!((choices.len(), &choices[0]["rank"], &choices[0]["current"]), (1, &Value::Null, &json!(true)));
    assert_eq!(choices[0]["host"]["id"], cast.at("Sigma")["id"]);
    for member in ["answers", "submit_at_bell", "score_hundredths"] {
        assert_eq!(host[member], Value::Null, "{member}");
    }
    let text = host.to_string();
    for hidden in ["9000", "To learn.", cast.at("Omega")["id"].as_str().expect("an id")] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    for (part, score, choices) in
        [("home_head", json!(9_000), 2), ("secretariat", json!(9_000), 2), ("chair", json!(9_000), 2)]
    {
        let view = cast.who(part).get(&walk.path()).await.ok();
        assert_eq!(
            (&view["score_hundredths"], view["choices"].as_array().map(Vec::len)),
            (&score, Some(choices)),
            "{part}"
        );
    }
    assert_eq!(
        (&walk.case["score_hundredths"], &walk.case["answers"]["why"]),
        (&Value::Null, &json!("To learn."))
    );
    let steps = cast.who("second_coordinator").get(&format!("{}/history", walk.path())).await.ok();
    assert_eq!(events(&steps), ["nominate"]);
    assert_eq!(steps["items"][0]["actor"], Value::Null, "people of the home are not named to the host");
}

/// Notes and reasons of the step with that event, as somebody reads them.
async fn written(walk: &Walk<'_>, part: &str, event: &str) -> (Value, Value, Value) {
    let history = walk.holder(part).get(&format!("{}/history", walk.path())).await.ok();
    let step = history["items"].as_array().expect("steps").iter().rfind(|step| step["event"] == event);
    let step = step.unwrap_or_else(|| panic!("{part} does not see {event}"));
    (step["note"].clone(), step["reason"]["text"].clone(), step["data"].clone())
}

#[rstest]
#[tokio::test]
async fn notes_stay_in_the_house_and_reasons_reach_the_applicant(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    act(&mut walk, &[("student", "submit")]).await;
    let back = json!({ "event": "return", "note": "Weak case.", "reason": { "code": "answers", "text": "Which term?" } });
    walk.attempt("home_coordinator", &back).await.ok();
    let (none, note) = (Value::Null, json!("Weak case."));
    for (part, reads) in [
        ("home_coordinator", &note),
        ("home_head", &note),
        ("secretariat", &none),
        ("chair", &none),
        ("student", &none),
    ] {
        assert_eq!(
            written(&walk, part, "return").await,
            (reads.clone(), json!("Which term?"), none.clone()),
            "{part}"
        );
    }
    act(
        &mut walk,
        &[("student", "resubmit"), ("home_coordinator", "find_eligible"), ("home_coordinator", "allocate")],
    )
    .await;
    act(
        &mut walk,
        &[("student", "accept_offer"), ("home_coordinator", "nominate"), ("host_coordinator", "acknowledge")],
    )
    .await;
    let ask =
        json!({ "event": "request_info", "data": { "items": "A portfolio." }, "note": "Ask the dean." });
    walk.attempt("host_coordinator", &ask).await.ok();
    let (data, note) = (json!({ "items": "A portfolio." }), json!("Ask the dean."));
    for (part, reads) in [
        ("host_coordinator", &note),
        ("host_head", &note),
        ("home_coordinator", &none),
        ("secretariat", &none),
        ("student", &none),
    ] {
        assert_eq!(
            written(&walk, part, "request_info").await,
            (reads.clone(), none.clone(), data.clone()),
            "{part}"
        );
    }
    walk.look().await;
    walk.act_with("student", "supply_info", &json!({ "answer": "It is online." })).await;
    let answer = json!({ "answer": "It is online." });
    assert_eq!(
        written(&walk, "host_coordinator", "supply_info").await.2,
        answer,
        "what a host asked for reaches it"
    );

    let leave = json!({ "event": "ask_withdrawal", "reason": { "code": "health", "text": "I fell ill." } });
    walk.attempt("student", &leave).await.ok();
    assert_eq!(written(&walk, "home_coordinator", "ask_withdrawal").await.1, "I fell ill.");
    assert_eq!(written(&walk, "student", "ask_withdrawal").await.1, "I fell ill.");
    assert_eq!(
        written(&walk, "host_coordinator", "ask_withdrawal").await.1,
        none,
        "health is the home's alone to read"
    );
    let refuse = json!({ "event": "refuse_withdrawal", "note": "Called them.", "reason": { "code": "talked_over", "text": "Stay." } });
    walk.attempt("secretariat", &refuse).await.ok();
    assert_eq!(written(&walk, "secretariat", "refuse_withdrawal").await.0, "Called them.");
    assert_eq!(written(&walk, "home_coordinator", "refuse_withdrawal").await.0, none);
    walk.look().await;
    act(&mut walk, &[("host_coordinator", "refuse")]).await;
    for part in ["student", "home_coordinator"] {
        assert_eq!(written(&walk, part, "refuse").await.1, "As talked over.", "{part}");
    }
}

#[rstest]
#[tokio::test]
async fn documents_are_shown_by_what_they_are(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &json!({})).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    for slot in ["transcript", "motivation", "language_proof"] {
        walk.student.upload(&walk.case, slot, "a.pdf", PDF).await.ok();
    }
    walk.look().await;
    act(
        &mut walk,
        &[("student", "submit"), ("home_coordinator", "find_eligible"), ("home_coordinator", "allocate")],
    )
    .await;
    act(&mut walk, &[("student", "accept_offer"), ("home_coordinator", "nominate")]).await;
    let path = format!("{}/documents", walk.path());

    let own = walk.student.get(&path).await.ok();
    let first = format!("{path}/{}", own["items"][0]["id"].as_str().expect("an id"));
    let slots = |list: &Value| -> BTreeSet<String> {
        let items = list["items"].as_array().expect("items").iter();
        items.map(|item| item["slot"].as_str().expect("a slot").to_owned()).collect()
    };
    assert_eq!(slots(&own).len(), 3);
    for part in ["home_coordinator", "home_academic", "host_coordinator", "host_head", "secretariat"] {
        let list = cast.who(part).get(&path).await.ok();
        assert_eq!(slots(&list), slots(&own), "{part}");
        let named = list["items"][0]["supplier"].is_object();
        assert_eq!(named, !part.starts_with("host"), "{part}");
        assert_eq!(cast.who(part).get(&first).await.body, PDF, "{part}");
    }
    assert_eq!(cast.who("chair").get(&path).await.ok()["items"], json!([]), "the chair opens no file");
    for part in ["chair", "home_admin", "second_coordinator", "other_coordinator", "employer"] {
        cast.who(part).get(&first).await.problem(404);
    }
    cast.app.stranger().get(&first).await.problem(401);
}
