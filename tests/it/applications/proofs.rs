//! What a submission leaves behind: a receipt that can be checked, a registration as it was, and sealed words.

use chrono::{DateTime, SecondsFormat, Utc};
use rstest::rstest;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sojourn::app::verify::verify;
use sojourn::store::payloads;
use sojourn_engine::ids::CaseId;
use sojourn_entities::{application, history, outbox, payload, person_key};

use crate::support::actor::Actor;
use crate::support::cast::{Cast, merged};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;

fn case(walk: &Walk<'_>) -> CaseId {
    id(&walk.case).parse().expect("an id")
}

#[rstest]
#[tokio::test]
async fn a_receipt_carries_the_hash_of_the_list_and_the_choices_in_their_order(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    walk.act("student", "submit").await;

    let of = outbox::Entity::find().filter(outbox::Column::Notice.eq("application_received"));
    let notice = of.one(&cast.app.database.connect().await).await.expect("read").expect("queued");
    let facts = notice.facts.expect("facts");
    let rank =
        |choice: &Value| format!("{} {}\n", choice["rank"], choice["offering_id"].as_str().expect("an id"));
    let list: String = walk.case["choices"].as_array().expect("choices").iter().map(rank).collect();
    let submitted: DateTime<Utc> =
        serde_json::from_value(walk.case["submitted_at"].clone()).expect("an instant");
    let submitted = submitted.to_rfc3339_opts(SecondsFormat::Secs, true);
    let text = format!("application {}\nsubmitted {submitted}\n{list}", id(&walk.case));

    assert_eq!(facts["receipt"], hex::encode(Sha256::digest(text)));
    assert_eq!(walk.case["receipt"], facts["receipt"]);
    assert_eq!(walk.seen_by("home_coordinator").await["receipt"], facts["receipt"]);
    assert_eq!(
        facts["choices"],
        json!(["A term away — University of Omega", "A term away — University of Sigma"])
    );
    assert_eq!((&facts["due_at"], &facts["zone"]), (&walk.case["due_at"], &json!("Europe/Berlin")));
    assert_eq!(facts["otherwise"], json!({ "escalates": ["home_head", "secretariat"] }));
    assert!(!facts.to_string().contains("Anna"), "people stand in notices by their ids");
}

/// The registration of a student, with other credits.
async fn credits(sol: &Actor, walk: &Walk<'_>, credits: i64) {
    let path = format!("/people/{}/registrations", walk.case["applicant"]["id"].as_str().expect("an id"));
    let row = sol.get(&path).await.ok()["items"][0].clone();
    sol.patch(&format!("{path}/{}", id(&row)), &row["version"], &json!({ "credits": credits })).await.ok();
}

#[rstest]
#[tokio::test]
async fn a_registration_counts_as_it_stood_at_submission(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let rules = merged(without_documents(), &json!({ "eligibility": "student.credits >= 60" }));
    let round = cast.exchange(2, &rules).await;
    let sol = cast.who("secretariat");
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let frozen = async |walk: &Walk<'_>| {
        let row = application::Entity::find_by_id(case(walk)).one(&cast.app.database.connect().await).await;
        row.expect("read").expect("there").frozen_registration.expect("frozen")["credits_hundredths"].clone()
    };

    walk.act("student", "submit").await;
    credits(sol, &walk, 10).await;
    assert_eq!(frozen(&walk).await, 6_000, "what comes later changes nothing");
    walk.act("student", "take_back").await;
    let refused = walk.attempt("student", &json!({ "event": "submit" })).await.problem(409);
    assert_eq!(refused["refusal"]["rules"][0]["code"], "not_eligible_for_call");
    credits(sol, &walk, 90).await;
    walk.look().await;
    walk.act("student", "submit").await;

    assert_eq!(frozen(&walk).await, 9_000, "submitted anew, it counts as it stands then");
}

#[rstest]
#[tokio::test]
async fn what_people_write_is_sealed_and_can_be_erased_without_breaking_the_chain(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    walk.act("student", "submit").await;
    let body =
        json!({ "event": "return", "note": "Weak.", "reason": { "code": "answers", "text": "Which?" } });
    walk.attempt("home_coordinator", &body).await.ok();
    let database = cast.app.database.connect().await;
    let id = case(&walk);
    let kept = payloads::of_steps(cast.app.app.store.read(), id, [3]).await.expect("opened");
    let written = kept.into_values().next().expect("kept");
    let step = history::Entity::find().filter(history::Column::CaseId.eq(case(&walk)));
    let step = step.filter(history::Column::Number.eq(3)).one(&database).await.expect("read").expect("kept");
    assert_eq!((written.key.len(), step.payload_hmac.map(|hmac| hmac.len())), (32, Some(32)));
    assert_eq!(
        (written.reason.unwrap_or_default().1, written.note.as_deref()),
        ("Which?".to_owned(), Some("Weak."))
    );
    let facts: Value = serde_json::from_str(&step.facts).expect("canonical JSON");
    assert!(facts.is_object());

    let row = payload::Entity::find_by_id((id, 3)).one(&database).await.expect("read").expect("kept");
    assert!(
        !row.sealed.windows(5).any(|some| [b"Weak.", b"Which"].contains(&some.try_into().expect("five")))
    );
    let whole = row.sealed.clone();

    let mut forged = row.into_active_model();
    forged.sealed = Set(whole.iter().map(|byte| byte ^ 1).collect());
    forged.update(&database).await.expect("changed");
    let report = verify(&cast.app.app, |_| {}).await.expect("verified");
    assert_eq!(report.first[0].what, "its data, reason or note was changed");
    let restored =
        payload::ActiveModel { case_id: Set(id), number: Set(3), sealed: Set(whole), ..Default::default() };
    restored.update(&database).await.expect("changed back");
    cast.verified().await;
    let owner = cast.app.person("anna@people.example").await;
    person_key::Entity::delete_by_id(owner).exec(&database).await.expect("destroyed");
    let kept = payloads::of_steps(cast.app.app.store.read(), id, [3]).await.expect("read");
    assert!(kept.is_empty(), "without the key of the person nothing opens");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_call_sets_its_own_spans_inside_the_bounds_of_the_workflow(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let spans = json!({ "clocks": { "submitted.review": "20 working days", "allocated.answer": "14 days" } });
    let round = cast.exchange(2, &merged(without_documents(), &spans)).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;

    walk.act("student", "submit").await;
    assert_eq!(walk.case["due_at"], "2026-09-29T21:59:59Z");
    walk.act("home_coordinator", "find_eligible").await;
    walk.act("home_coordinator", "allocate").await;
    assert_eq!(walk.case["due_at"], "2026-09-15T21:59:59Z");
    let seen = walk.seen_by("home_coordinator").await;
    assert_eq!((&seen["waiting"][0]["due_at"], &seen["waiting"][0]["you"]), (&seen["due_at"], &json!(false)));
}

#[rstest]
#[tokio::test]
async fn whoever_asked_for_the_bell_may_complete_the_draft_in_the_days_of_grace(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let rules = json!({
        "grace_minutes": 30,
        "form": [{ "name": "weeks", "label": { "en": "How many weeks?" }, "kind": "int", "required": true }],
    });
    let round = cast.exchange(2, &merged(without_documents(), &rules)).await;
    let bell = json!({ "submit_at_bell": true });
    let mut walk = Walk::open_with(&cast, &round, &cast.student("Anna").await, &bell).await;
    assert_eq!(
        (&walk.case["due_at"], &walk.case["waiting"][0]["otherwise"]),
        (&json!("2026-09-30T21:59:59Z"), &Value::Null)
    );

    cast.app.clock.set("2026-09-30T22:10:00Z".parse().expect("an instant"));
    let late = walk.attempt("student", &json!({ "event": "submit" })).await.problem(409);
    assert_eq!(late["refusal"]["code"], "unmet", "the call is closed, and it is not complete");
    let complete = json!({ "answers": { "weeks": 20 } });
    walk.student.patch(&walk.path(), &walk.case["version"], &complete).await.ok();
    let late = walk.attempt("student", &json!({ "event": "submit" })).await.problem(409);
    assert_eq!(late["refusal"]["code"], "too_late");
    walk.system("bell", &json!({})).await;

    assert_eq!(walk.case["state"], "submitted");
    let step = walk.history().await[1].clone();
    assert_eq!(
        (&step["event"], &step["role"], &step["actor"], &step["via"]),
        (&json!("bell"), &json!("system"), &Value::Null, &json!("clock"))
    );
}
