//! Applications: opening, editing a draft, what the view offers, lists with their filters and pages.

mod bulk;
mod lines;
mod lists;
mod proofs;
mod refusals;

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{fresh_key, send};
use crate::support::cast::{Cast, merged};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::{Round, without_documents};
use crate::support::walk::{Walk, offer};

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().expect("errors").iter();
    errors.map(|error| error["pointer"].as_str().expect("a pointer")).collect()
}

fn asking() -> Value {
    json!({
        "documents": { "transcript": "off", "motivation": "off", "language_proof": "off" }, "max_choices": 2,
        "form": [{ "name": "weeks", "label": { "en": "How many weeks?" }, "kind": "int", "required": true }],
    })
}

fn body(round: &Round) -> Value {
    let choices: Vec<&Value> = round.offerings.iter().map(|offering| &offering["id"]).collect();
    json!({ "call_id": round.call["id"], "choices": choices, "answers": { "weeks": 20 } })
}

#[rstest]
#[tokio::test]
async fn a_student_opens_an_application_with_ordered_choices(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &asking()).await;
    let anna = cast.student("Anna").await;

    let opened = anna.post("/applications", &body(&round)).await;
    let view = opened.ok();

    assert_eq!((opened.status, opened.header("etag")), (201, "\"1\""));
    assert_eq!(opened.header("location"), format!("/api/v1/applications/{}", id(&view)));
    let read = anna.get(opened.header("location")).await;
    assert_eq!((read.ok(), read.header("etag")), (view.clone(), "\"1\""));
    for (member, value) in [
        ("workflow", json!("student-exchange")),
        ("state", json!("draft")),
        ("state_label", json!("Draft")),
        ("phase", json!("application")),
        ("kind", json!("open")),
        ("version", json!(1)),
        ("due_at", json!("2026-09-30T21:59:59Z")),
        ("answers", json!({ "weeks": 20 })),
        ("submit_at_bell", json!(false)),
        ("submitted_at", Value::Null),
        ("host", Value::Null),
    ] {
        assert_eq!(view[member], value, "{member}");
    }
    let ranks: Vec<_> =
        view["choices"].as_array().expect("choices").iter().map(|c| (&c["rank"], &c["result"])).collect();
    assert_eq!(ranks, [(&json!(1), &json!("open")), (&json!(2), &json!("open"))]);
    let events: Vec<&str> = view["offers"]
        .as_array()
        .expect("offers")
        .iter()
        .map(|offer| offer["event"].as_str().expect("a name"))
        .collect();
    assert_eq!(events, ["submit", "name_referee", "withdraw"], "what the system alone may do is no offer");
    let waiting = &view["waiting"][0];
    assert_eq!(
        (&waiting["role"], &waiting["you"], &waiting["zone"]),
        (&json!("student"), &json!(true), &json!("Europe/Berlin"))
    );
    assert_eq!(waiting["otherwise"], json!({ "fires": "lapse" }));
    assert_eq!(waiting["if_nothing"], "If nobody acts by then, this happens by itself: Time has run out.");
}

#[rstest]
#[tokio::test]
async fn what_an_application_is_opened_with_is_checked_field_by_field(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &asking()).await;
    let anna = cast.student("Anna").await;
    let nothing = json!("019a7c3e-5b1f-7a20-8c44-1d2e3f405162");
    let first = &round.offerings[0]["id"];

    for (change, wrong) in [
        (json!({ "call_id": nothing }), vec!["/call_id"]),
        (json!({ "call_id": "x" }), vec!["/call_id"]),
        (json!({ "registration_id": nothing }), vec!["/registration_id"]),
        (json!({ "choices": [] }), vec!["/choices"]),
        (json!({ "choices": [first, first] }), vec!["/choices/1"]),
        (json!({ "choices": [nothing, first] }), vec!["/choices/0"]),
        (json!({ "choices": [first, round.offerings[1]["id"], nothing] }), vec!["/choices"]),
        (json!({ "answers": { "weeks": "many", "colour": 1 } }), vec!["/answers/colour", "/answers/weeks"]),
        (json!({ "score_hundredths": 100 }), vec!["/score_hundredths"]),
    ] {
        let problem = anna.post("/applications", &merged(body(&round), &change)).await.problem(422);
        let mut told = pointers(&problem);
        told.sort_unstable();
        assert_eq!(told, wrong, "{change}");
    }
    let unregistered = cast.who("host_coordinator").post("/applications", &body(&round)).await.problem(422);
    assert_eq!(pointers(&unregistered), ["/registration_id"]);
    send(anna.request(Method::POST, "/applications").json(&body(&round))).await.problem(400);
    cast.app.stranger().post("/applications", &body(&round)).await.problem(401);
    assert_eq!(anna.get("/applications").await.ok()["items"], json!([]));
}

#[rstest]
#[tokio::test]
async fn an_application_is_opened_while_its_call_is_open(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let later = merged(asking(), &json!({ "opens_on": "2026-09-10" }));
    let round = cast.exchange(2, &later).await;
    let anna = cast.student("Anna").await;

    let early = anna.post("/applications", &body(&round)).await.problem(409);
    assert_eq!(
        (&early["refusal"]["code"], &early["refusal"]["rules"][0]["code"]),
        (&json!("unmet"), &json!("call_not_open"))
    );
    assert_eq!(early["detail"], "This call is not open yet.");
    assert_eq!(early["refusal"]["rules"][0]["values"]["call.opens_at"], "2026-09-09T22:00:00Z");

    cast.app.clock.set("2026-09-30T21:59:59Z".parse().expect("an instant"));
    let late = anna.post("/applications", &body(&round)).await.problem(409);
    assert_eq!(
        (&late["refusal"]["code"], &late["refusal"]["closed_at"]),
        (&json!("too_late"), &json!("2026-09-30T21:59:59Z"))
    );

    cast.app.clock.set("2026-09-30T21:59:58Z".parse().expect("an instant"));
    anna.post("/applications", &body(&round)).await.ok();
}

#[rstest]
#[tokio::test]
async fn a_repeated_request_opens_one_application(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &asking()).await;
    let anna = cast.student("Anna").await;
    let key = fresh_key();
    let ask = |body: &Value| {
        send(anna.request(Method::POST, "/applications").header("Idempotency-Key", &key).json(body))
    };

    let (first, again) = (ask(&body(&round)).await, ask(&body(&round)).await);

    assert_eq!((first.status, &first.body, first.header("etag")), (201, &again.body, again.header("etag")));
    assert_eq!(first.header("location"), again.header("location"));
    let other = ask(&merged(body(&round), &json!({ "submit_at_bell": true }))).await.problem(422);
    assert_eq!(other["type"], "/problems/idempotency-key-reused");
    assert_eq!(anna.get("/applications").await.ok()["items"].as_array().map(Vec::len), Some(1));
}

#[rstest]
#[tokio::test]
async fn a_draft_is_edited_by_its_applicant_in_the_version_they_read(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &asking()).await;
    let anna = cast.student("Anna").await;
    let berta = cast.student("Berta").await;
    let draft = anna.post("/applications", &body(&round)).await.ok();
    let path = format!("/applications/{}", id(&draft));
    let turned = json!([round.offerings[1]["id"], round.offerings[0]["id"]]);

    send(anna.request(Method::PATCH, &path).json(&json!({ "choices": turned }))).await.problem(428);
    berta.patch(&path, &json!(1), &json!({ "submit_at_bell": true })).await.problem(404);
    let change = json!({ "choices": turned, "answers": { "weeks": 10 }, "submit_at_bell": true });
    let changed = anna.patch(&path, &json!(1), &change).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    let changed = changed.ok();
    let chosen: Vec<_> =
        changed["choices"].as_array().expect("choices").iter().map(|c| c["offering_id"].clone()).collect();
    assert_eq!(json!(chosen), turned);
    assert_eq!((&changed["answers"], &changed["submit_at_bell"]), (&json!({ "weeks": 10 }), &json!(true)));
    assert_eq!(
        changed["waiting"][0]["otherwise"],
        json!({ "fires": "bell" }),
        "a complete draft is submitted at the bell"
    );
    anna.patch(&path, &json!(1), &change).await.problem(412);
    for (change, wrong) in [
        (json!({ "choices": [] }), "/choices"),
        (json!({ "answers": { "colour": 1 } }), "/answers/colour"),
        (json!({ "state": "closed" }), "/state"),
        (json!({ "score_hundredths": -1 }), "/score_hundredths"),
    ] {
        assert_eq!(pointers(&anna.patch(&path, &json!(2), &change).await.problem(422)), [wrong]);
    }
    assert_eq!(anna.get(&path).await.ok(), changed);
    let submitted = anna.fire(&changed, "submit", json!({})).await.ok();
    anna.patch(&path, &submitted["version"], &change).await.problem(409);
}

#[rstest]
#[tokio::test]
async fn a_score_is_the_homes_to_enter_and_never_the_applicants_to_read(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &merged(without_documents(), &json!({ "scores": true }))).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let home = cast.who("home_coordinator");
    let score = json!({ "score_hundredths": 8_725 });

    walk.student.patch(&walk.path(), &json!(1), &score).await.problem(403);
    home.patch(&walk.path(), &json!(1), &score).await.problem(404);
    walk.act("student", "submit").await;
    let unscored = home.fire(&walk.case, "find_eligible", json!({})).await.problem(409);
    assert_eq!(unscored["refusal"]["rules"][0]["code"], "score_missing");
    let scored = home.patch(&walk.path(), &walk.case["version"], &score).await.ok();

    assert_eq!(scored["score_hundredths"], 8_725);
    walk.look().await;
    assert_eq!(walk.case["score_hundredths"], Value::Null);
    home.patch(&walk.path(), &walk.case["version"], &json!({ "submit_at_bell": true })).await.problem(403);
    walk.act("home_coordinator", "find_eligible").await;
}

#[rstest]
#[tokio::test]
async fn offers_say_what_each_reader_may_do_and_why_not(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    walk.act("student", "submit").await;

    let home = walk.seen_by("home_coordinator").await;
    let refused = offer(&home, "find_ineligible");
    assert_eq!((&refused["legal"], &refused["irreversible"]), (&json!(true), &json!(true)));
    assert_eq!(refused["by"], json!(["home_coordinator", "home_head", "secretariat"]));
    let codes: Vec<&str> = refused["reasons"]
        .as_array()
        .expect("codes")
        .iter()
        .map(|r| r["code"].as_str().expect("a code"))
        .collect();
    assert_eq!(codes, ["level", "credits", "language", "field", "documents", "other"]);
    assert!(refused["confirm"].as_str().is_some_and(|text| text.starts_with("This ends the application")));
    let theirs = offer(&home, "withdraw");
    assert_eq!((&theirs["legal"], &theirs["refusal"]["code"]), (&json!(false), &json!("not_yours")));
    assert_eq!(theirs["refusal"]["needs"], json!(["student"]));

    walk.act("home_coordinator", "find_eligible").await;
    let home = walk.seen_by("home_coordinator").await;
    let allocate = offer(&home, "allocate");
    assert_eq!((&allocate["input"]["required"], &allocate["legal"]), (&json!(["choice"]), &json!(true)));
    let request = cast.who("home_coordinator").request(Method::GET, &walk.path());
    let chinese = send(request.header("Accept-Language", "zh-TW, en;q=0.5")).await.ok();
    assert_eq!(
        (&chinese["state_label"], &offer(&chinese, "allocate")["label"]),
        (&json!("資格符合"), &json!("分發名額"))
    );
    assert_eq!(chinese["waiting"][0]["label"], "薦送學校承辦人");
    let host = cast.who("host_coordinator").get(&walk.path()).await;
    host.problem(404);
}
