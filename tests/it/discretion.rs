//! What is kept from some who see the case: restricted tracks, and decisions before their day.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::cast::{Cast, merged};
use crate::support::database::Db;
use crate::support::rounds::{without_documents_of, without_work_documents};
use crate::support::walk::Walk;
use crate::walks::kinds::research_call;
use crate::walks::{self, INTERNSHIP_LEGS, take};

#[rstest]
#[tokio::test]
async fn an_incident_is_seen_by_the_student_and_those_who_settle_it_alone(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let asked = merged(without_work_documents(), &json!({ "tracks": { "incident": true } }));
    let round = cast.internship(1, &asked).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    for word in walks::events("ACTIVE incident/1.report_incident", INTERNSHIP_LEGS) {
        take(&mut walk, &word).await;
    }
    let speaks_of_it = |view: &Value| {
        let about =
            |part: &str| view[part].as_array().expect(part).iter().any(|one| one["track"] == "incident");
        [about("tracks"), about("offers"), about("waiting")]
    };
    // Where nobody has the duty of safety, the head of office stands in.
    for (part, sees) in [
        ("student", true),
        ("home_head", true),
        ("secretariat", true),
        ("home_coordinator", false),
        ("employer", false),
        ("chair", false),
    ] {
        let by = walk.holder(part);
        let view = by.get(&walk.path()).await.ok();
        assert_eq!(speaks_of_it(&view), [sees; 3], "{part}");
        let history = by.get(&format!("{}/history?limit=200", walk.path())).await.ok();
        let told = history["items"].as_array().expect("steps").iter().any(|step| step["track"] == "incident");
        assert_eq!(told, sees, "{part}");
        let listed = by.get("/applications").await.ok()["items"][0].clone();
        assert_eq!(listed["due_at"], view["due_at"], "{part}");
        if !sees {
            assert!(!listed["waiting"].to_string().contains("afety"), "{part}: {listed}");
            let body = json!({ "event": "settle_incident", "data": { "outcome": "x" } });
            by.fire_at(&view, "/tracks/incident/1", &body).await.problem(404);
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_decision_is_told_to_the_applicant_on_the_day_of_results_and_not_before(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::in_full(db).await;
    let papers = without_documents_of("research-call");
    let round = cast.programme_of("staff_exchange", "research-call", 1, &papers).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    for word in walks::events("PANEL not_fund", research_call::LEGS) {
        take(&mut walk, &word).await;
    }
    let tells = |history: &Value| {
        history["items"].as_array().expect("steps").iter().any(|step| step["event"] == "not_fund")
    };
    let state = |view: &Value| view["state"].as_str().map(str::to_owned);
    let (path, anna) = (walk.path(), walk.holder("student").clone());
    let seen = anna.get(&path).await.ok();
    assert_eq!(state(&seen).as_deref(), Some("undisclosed"));
    assert_eq!((&seen["offers"], &seen["waiting"], &seen["kind"]), (&json!([]), &json!([]), &json!("open")));
    assert!(seen["state_label"].as_str().is_some_and(|label| label.contains("deciding")), "{seen}");
    let listed = anna.get("/applications").await.ok()["items"][0].clone();
    assert_eq!((state(&listed).as_deref(), &listed["due_at"]), (Some("undisclosed"), &Value::Null));
    let history = anna.get(&format!("{path}/history?limit=200")).await.ok();
    assert!(!tells(&history));
    assert_eq!(state(&cast.who("secretariat").get(&path).await.ok()).as_deref(), Some("not_funded"));
    let notices = format!("/notifications?limit=200&case={}", walk.case["id"].as_str().expect("an id"));
    let told = cast.who("secretariat").get(&notices).await.ok();
    let queued = told["items"].as_array().expect("notices");
    let mail = queued.iter().find(|notice| notice["notice"] == "proposal_not_funded").expect("it is queued");
    let due = |mail: &Value| mail["next_attempt_at"].as_str().expect("when").to_owned();
    assert!(due(mail).as_str() > "2026-10-14", "its mail waits: {mail}");

    take(&mut walk, "@2026-10-16").await;
    assert_eq!(state(&anna.get(&path).await.ok()).as_deref(), Some("not_funded"));
    let history = anna.get(&format!("{path}/history?limit=200")).await.ok();
    assert!(tells(&history));
}
