//! Attempts that the rules refuse: each kind with its status, in words that say what would make it legal, and kept.

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use sojourn_entities::refusal;

use super::pointers;
use crate::support::actor::{etag, fresh_key, send};
use crate::support::cast::{Cast, address, merged};
use crate::support::database::Db;
use crate::support::rounds::{without_documents, without_work_documents};
use crate::support::walk::Walk;

const PDF: &[u8] = b"%PDF-1.7\n%%EOF\n";

/// The first steps of an exchange: who fires what.
const STEPS: [(&str, &str); 7] = [
    ("student", "submit"),
    ("home_coordinator", "find_eligible"),
    ("home_coordinator", "allocate"),
    ("student", "accept_offer"),
    ("home_coordinator", "nominate"),
    ("host_coordinator", "acknowledge"),
    ("host_coordinator", "approve"),
];

async fn through(walk: &mut Walk<'_>, steps: usize) {
    for (role, event) in &STEPS[..steps] {
        walk.act(role, event).await;
    }
}

fn plain(event: &str) -> Value {
    json!({ "event": event })
}

#[rstest]
#[tokio::test]
async fn an_event_is_refused_in_the_words_of_the_rule_that_stands_against_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let rules = json!({
        "eligibility": "student.credits >= 90",
        "form": [{ "name": "weeks", "label": { "en": "How many weeks?" }, "kind": "int", "required": true }],
    });
    let round = cast.exchange(1, &rules).await;
    let walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;

    let theirs = walk.attempt("student", &plain("bell")).await.problem(403);
    assert_eq!(
        (&theirs["refusal"]["code"], &theirs["refusal"]["needs"]),
        (&json!("not_yours"), &json!(["system"]))
    );
    let elsewhere = walk.attempt("student", &plain("confirm")).await.problem(409);
    assert_eq!(elsewhere["type"], "/problems/refused");
    assert_eq!(
        elsewhere["refusal"],
        json!({ "code": "not_from_here", "event": "confirm", "state": "draft", "allowed_from": ["host_accepted"] })
    );
    let unknown = walk.attempt("student", &plain("fly")).await.problem(422);
    assert_eq!(pointers(&unknown), ["/event"]);

    let unmet = walk.attempt("student", &plain("submit")).await.problem(409);
    let rules = unmet["refusal"]["rules"].as_array().expect("rules");
    let codes: Vec<_> = rules.iter().map(|rule| rule["code"].as_str().expect("a code")).collect();
    assert_eq!(codes, ["incomplete", "not_eligible_for_call"], "all that fail, not the first");
    assert_eq!(rules[0]["values"], json!({ "application.complete": false }));
    assert_eq!(
        unmet["detail"],
        format!(
            "{} {}",
            rules[0]["message"].as_str().expect("a text"),
            rules[1]["message"].as_str().expect("a text")
        )
    );
    let case = json!({ "id": walk.case["id"], "version": 1 });
    let request =
        walk.student.request(Method::POST, &format!("{}/events", walk.path())).json(&plain("submit"));
    let request = request.header("If-Match", etag(&case["version"])).header("Idempotency-Key", fresh_key());
    let chinese = send(request.header("Accept-Language", "zh-Hant")).await.problem(409);
    assert_eq!(chinese["refusal"]["rules"][1]["message"], "未符合本次甄選的申請資格。");
    assert_eq!(walk.student.get(&walk.path()).await.ok()["version"], 1, "a refusal changes nothing");

    let kept = refusal::Entity::find().order_by_asc(refusal::Column::At).order_by_asc(refusal::Column::Id);
    let kept = kept.all(&cast.app.database.connect().await).await.expect("refusals");
    let told: Vec<_> = kept
        .iter()
        .map(|row| (row.event.as_str(), row.refusal["code"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(told[..3], [("bell", "not_yours"), ("confirm", "not_from_here"), ("submit", "unmet")]);
    assert!(kept.iter().all(|row| row.actor_id.is_some() && row.actor_role.as_deref() == Some("student")));
    assert!(kept[2].facts.contains("\"application.complete\":false"), "{}", kept[2].facts);
}

#[rstest]
#[tokio::test]
async fn missing_documents_reasons_and_input_are_named(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &json!({ "documents": { "language_proof": "optional" } })).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    walk.student.upload(&walk.case, "transcript", "t.pdf", PDF).await.ok();

    let missing = walk.attempt("student", &plain("submit")).await.problem(409);
    assert_eq!(missing["refusal"], json!({ "code": "missing", "documents": ["motivation"] }));
    walk.student.upload(&walk.case, "motivation", "m.pdf", PDF).await.ok();
    walk.look().await;
    through(&mut walk, 1).await;

    let codes = json!(["level", "credits", "language", "field", "documents", "other"]);
    for reason in
        [Value::Null, json!({ "code": "weather", "text": "Rain." }), json!({ "code": "level", "text": " " })]
    {
        let body = json!({ "event": "find_ineligible", "reason": reason });
        let refused = walk.attempt("home_coordinator", &body).await.problem(409);
        assert_eq!(refused["refusal"], json!({ "code": "reason_needed", "codes": codes }), "{reason}");
    }
    walk.act("home_coordinator", "find_eligible").await;
    for (data, wrong) in [
        (json!({}), "/data/choice"),
        (json!({ "choice": "x" }), "/data/choice"),
        (json!({ "choice": walk.case["call"]["id"] }), "/data/choice"),
        (json!({ "choice": walk.choice(1), "colour": "red" }), "/data/colour"),
    ] {
        let problem = walk
            .attempt("home_coordinator", &json!({ "event": "allocate", "data": data }))
            .await
            .problem(422);
        assert_eq!(pointers(&problem), [wrong], "{data}");
    }
    walk.act("home_coordinator", "allocate").await;
    walk.act("student", "accept_offer").await;
    let unattested = walk
        .attempt("home_coordinator", &json!({ "event": "nominate", "data": { "no_conflict": false } }))
        .await;
    assert_eq!(pointers(&unattested.problem(422)), ["/data/no_conflict"]);
}

#[rstest]
#[tokio::test]
async fn what_comes_too_late_or_too_early_says_when(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let late = Walk::open(&cast, &round, &cast.student("Berta").await).await;
    through(&mut walk, 4).await;

    cast.app.clock.set("2026-10-02T10:00:00Z".parse().expect("an instant"));
    let refused = late.attempt("student", &plain("submit")).await.problem(409);
    assert_eq!(
        (&refused["refusal"]["code"], &refused["refusal"]["closed_at"]),
        (&json!("too_late"), &json!("2026-09-30T21:59:59Z"))
    );
    assert_eq!(refused["refusal"]["rule"]["code"], "call_closed");

    cast.app.clock.set("2026-11-16T10:00:00Z".parse().expect("an instant"));
    let body = json!({ "event": "nominate", "data": { "no_conflict": true } });
    let refused = walk.attempt("home_coordinator", &body).await.problem(409);
    assert_eq!(
        (&refused["refusal"]["code"], &refused["refusal"]["rule"]["code"]),
        (&json!("too_late"), &json!("nomination_closed"))
    );
    cast.app.clock.set("2026-11-14T10:00:00Z".parse().expect("an instant"));
    for (role, event) in &STEPS[4..] {
        walk.act(role, event).await;
    }
    walk.act("student", "confirm").await;
    let early = walk.attempt("host_coordinator", &plain("arrive")).await.problem(409);
    let rule = &early["refusal"]["rules"][0];
    assert_eq!(
        (&rule["code"], &rule["values"]["stay.start_at"]),
        (&json!("arrival_too_early"), &json!("2027-02-14T16:00:00Z"))
    );
    assert!(rule["values"]["now"].as_str().is_some_and(|now| now.starts_with("2026-11-14T10:0")), "{rule}");
}

#[rstest]
#[tokio::test]
async fn nobody_decides_twice_or_on_themselves(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let duty = |at: &str| json!({ "duty": "coordinator", "institution": cast.at(at)["id"], "from_on": "2026-01-01" });
    let registration = json!({
        "institution": cast.at("Alpha")["id"], "level": "first", "field": "0613", "year": 2, "credits": 60, "languages": ["en:C1"],
    });
    let both = json!({
        "given_name": "Bo", "family_name": "Both", "email": address("Bo"), "roles": [duty("Alpha"), duty("Omega")],
        "registrations": [registration],
    });
    cast.who("secretariat").post("/people", &both).await.ok();
    let bo = cast.app.acting(&address("Bo")).await;

    let own = Walk::open(&cast, &round, &bo).await;
    let submitted = bo.fire(&own.case, "submit", json!({})).await.ok();
    let refused = bo.fire(&submitted, "find_eligible", json!({})).await.problem(403);
    assert_eq!(refused["refusal"], json!({ "code": "same_person", "as_event": null }));

    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    through(&mut walk, 4).await;
    let nominated = bo.fire(&walk.case, "nominate", json!({ "no_conflict": true })).await.ok();
    let acknowledged = bo.fire(&nominated, "acknowledge", json!({})).await.ok();
    let refused = bo.fire(&acknowledged, "approve", json!({ "no_conflict": true })).await.problem(403);
    assert_eq!(refused["refusal"], json!({ "code": "same_person", "as_event": "nominate" }));
    assert_eq!(
        refused["detail"],
        "You carried out `nominate` in this case: somebody else in the same role may do this."
    );
    walk.act("host_coordinator", "approve").await;
}

#[rstest]
#[tokio::test]
async fn a_place_that_is_not_there_is_refused_with_its_account(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let mut first = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let mut other = Walk::open(&cast, &round, &cast.student("Berta").await).await;
    through(&mut first, 3).await;
    through(&mut other, 2).await;

    let body = json!({ "event": "allocate", "data": { "choice": other.choice(1) } });
    let full = other.attempt("home_coordinator", &body).await.problem(409);
    let second = other.choice(2).as_str().expect("an id");
    assert_eq!(
        full["refusal"],
        json!({
            "code": "no_place", "account": "out", "why": "full", "free": 0,
            "instead": { "choices": [second], "event": "waitlist" },
        })
    );
    assert_eq!(
        full["detail"],
        format!(
            "Not enough places are left of `out`: 0. Choices with places left: `{second}`. `waitlist` puts the application on the \
             waiting list."
        )
    );

    // Whoever waits for the line goes before those who were not put on its list.
    other.act("home_coordinator", "waitlist").await;
    let mut third = Walk::open(&cast, &round, &cast.student("Carla").await).await;
    through(&mut third, 2).await;
    first.act("student", "decline_offer").await;
    let body = json!({ "event": "allocate", "data": { "choice": third.choice(1) } });
    let waiters = third.attempt("home_coordinator", &body).await.problem(409);
    assert_eq!((&waiters["refusal"]["why"], &waiters["refusal"]["free"]), (&json!("waiters"), &json!(1)));
    let choice = other.choice(1).clone();
    other.system("promote", &json!({ "choice": choice })).await;
    assert_eq!(other.case["state"], "list_offer");

    let work = cast.internship(0, &without_work_documents()).await;
    let mut intern = Walk::open(&cast, &work, &cast.student("Ines").await).await;
    for (role, event) in
        [("student", "submit"), ("home_coordinator", "endorse"), ("home_coordinator", "forward")]
    {
        intern.act(role, event).await;
    }
    let full = intern.attempt("employer", &plain("offer")).await.problem(409);
    assert_eq!((&full["refusal"]["account"], &full["refusal"]["why"]), (&json!("places"), &json!("full")));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn an_overdrawn_line_holds_no_more_and_a_term_takes_its_share_of_the_year(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let mut first = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    through(&mut first, 7).await;
    let line = format!("/place-lines/{}", round.lines[0]["id"].as_str().expect("an id"));
    let fewer = json!({ "amount": -1, "reason": "Cut." });
    let line = cast.who("home_coordinator").post(&format!("{line}/postings"), &fewer).await.ok();
    assert_eq!((&line["free"], &line["overdrawn"]), (&json!(-1), &json!(true)));

    let mut other = Walk::open(&cast, &round, &cast.student("Berta").await).await;
    through(&mut other, 2).await;
    let body = json!({ "event": "allocate", "data": { "choice": other.choice(1) } });
    let full = other.attempt("home_coordinator", &body).await.problem(409);
    assert_eq!((&full["refusal"]["why"], &full["refusal"]["free"]), (&json!("full"), &json!(-1)));
    first.act("student", "confirm").await;
    assert_eq!(first.taken(&round.lines[0]).await, (0, 1), "what is held goes on");

    // The narrowest line that covers the choice counts: this one, in twelfths of a year.
    let share = json!({
        "source": "agreement", "agreement": round.lines[0]["agreement"], "home": cast.at("Alpha")["id"],
        "host": cast.at("Omega")["id"], "levels": ["first"], "unit": "twelfths", "capacity": 11,
    });
    let share = cast.who("home_coordinator").post("/place-lines", &share).await.ok();
    other.act("home_coordinator", "allocate").await;
    assert_eq!(other.taken(&share).await, (6, 0));
    let mut third = Walk::open(&cast, &round, &cast.student("Carla").await).await;
    through(&mut third, 2).await;
    let body = json!({ "event": "allocate", "data": { "choice": third.choice(1) } });
    let full = third.attempt("home_coordinator", &body).await.problem(409);
    assert_eq!((&full["refusal"]["why"], &full["refusal"]["free"]), (&json!("full"), &json!(5)));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn unseen_goes_before_everything_and_a_stale_version_before_the_rules(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let path = format!("{}/events", walk.path());
    let stale = json!({ "id": walk.case["id"], "version": 7 });

    cast.who("other_coordinator").fire(&stale, "fly", json!({})).await.problem(404);
    walk.student.fire(&stale, "confirm", json!({})).await.problem(412);
    send(
        walk.student
            .request(Method::POST, &path)
            .header("Idempotency-Key", fresh_key())
            .json(&plain("submit")),
    )
    .await
    .problem(428);
    send(walk.student.request(Method::POST, &path).header("If-Match", "\"1\"").json(&plain("submit")))
        .await
        .problem(400);
    let weak = walk
        .student
        .request(Method::POST, &path)
        .header("If-Match", "W/\"1\"")
        .header("Idempotency-Key", fresh_key());
    send(weak.json(&plain("submit"))).await.problem(412);
    cast.app.stranger().fire(&stale, "submit", json!({})).await.problem(401);
    walk.student.fire_as(&walk.case, &json!({ "event": "submit", "colour": "red" })).await.problem(422);
    walk.student
        .fire_as(&walk.case, &merged(plain("submit"), &json!({ "note": "x".repeat(5_001) })))
        .await
        .problem(422);
}

#[rstest]
#[tokio::test]
async fn an_event_sent_again_is_answered_as_the_first_time_and_before_its_version_is_looked_at(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let key = fresh_key();
    let submit = || {
        let request = walk
            .student
            .request(Method::POST, &format!("{}/events", walk.path()))
            .header("If-Match", "\"1\"");
        send(request.header("Idempotency-Key", &key).json(&plain("submit")))
    };

    let first = submit().await;
    cast.app.advance(TimeDelta::hours(1));
    let again = submit().await;

    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!((&first.body, first.header("etag")), (&again.body, again.header("etag")));
    assert_eq!(walk.history().await.len(), 2);
    cast.app.advance(TimeDelta::hours(24));
    submit().await.problem(412);
}

#[rstest]
#[tokio::test]
async fn a_refusal_is_kept_for_two_years_with_the_role_it_was_met_in(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    through(&mut walk, 3).await;
    for (role, event) in
        [("home_head", "nominate"), ("home_coordinator", "accept_offer"), ("home_academic", "nominate")]
    {
        walk.attempt(role, &plain(event)).await;
    }
    let kept = async || {
        let rows = refusal::Entity::find().order_by_asc(refusal::Column::At);
        let rows = rows.all(&cast.app.database.connect().await).await.expect("refusals");
        rows.into_iter().filter_map(|row| row.actor_role).collect::<Vec<_>>()
    };
    assert_eq!(kept().await, ["home_head", "home_coordinator", "home_academic"]);

    cast.app.clock.set("2028-09-01T08:02:30Z".parse().expect("an instant"));
    walk.attempt("home_head", &plain("nominate")).await;
    let forget =
        async || cast.app.app.forget_refusals(&cast.app.clock.moment()).await.expect("the database answers");
    assert_eq!(forget().await, 0, "not a day before");
    cast.app.advance(TimeDelta::minutes(10));
    assert_eq!((forget().await, forget().await), (3, 0));
    assert_eq!(kept().await, ["home_head"]);
    cast.verified().await;
}
