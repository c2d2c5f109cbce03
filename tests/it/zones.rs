//! A deadline is told in the zone of the institution it belongs to, and in the reader's where that is another.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::cast::{Cast, address, merged};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::{without_documents, without_work_documents};
use crate::support::visitor::Visitor;
use crate::support::walk::Walk;
use crate::walks::{self, INTERNSHIP_LEGS, take};

/// A page as its reader sees it.
async fn page(visitor: &Visitor, path: &str) -> String {
    let answer = visitor.get(path).await;
    assert_eq!(answer.status, 200, "{path}");
    answer.text().replace("&#x2f;", "/")
}

#[rstest]
#[tokio::test]
async fn a_page_shows_a_deadline_in_both_zones_wherever_it_shows_one(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let case = format!("/cases/{}", id(&walk.case));
    let call = format!("/calls/{}", id(&round.call));
    for part in ["chair", "home_coordinator", "host_coordinator", "Anna"] {
        cast.app.accept(&address(part)).await;
    }
    // Choosing a password ends the sessions from before.
    walk.student = cast.app.acting(&address("Anna")).await;
    let signed_in = async |part: &str| Visitor::signed_in(&cast.app.address, &address(part)).await;
    let (here, paris, taipei) = ("Europe/Berlin, UTC+2", "Europe/Paris, UTC+2", "Asia/Taipei, UTC+8");

    let anna = signed_in("Anna").await;
    for path in ["/", "/calls", &case, &call] {
        let page = page(&anna, path).await;
        assert!(page.contains("30 September 2026, 23:59 (Europe/Berlin, UTC+2)"), "{path}: {page}");
        assert!(!page.contains("For you:"), "{path}: one zone is enough where it is the reader's own");
    }
    let stranger = page(&Visitor::new(&cast.app.address), &call).await;
    assert!(stranger.contains(here) && !stranger.contains("For you:"), "nobody knows where they are");
    let host = page(&signed_in("host_coordinator").await, &call).await;
    assert!(host.contains(here) && host.contains(taipei) && host.contains("05:59"), "{host}");

    walk.act("student", "submit").await;
    let chair = signed_in("chair").await;
    for path in ["/cases", "/calls", &case, &call] {
        let page = page(&chair, path).await;
        let both = page.contains(here) && page.contains("For you:") && page.contains(paris);
        assert!(both, "{path}: {page}");
    }
    for path in ["/", "/cases", &case] {
        let page = page(&signed_in("home_coordinator").await, path).await;
        assert!(page.contains(here) && !page.contains("For you:"), "{path}: {page}");
    }
}

#[rstest]
#[tokio::test]
async fn every_deadline_of_an_answer_comes_with_its_zone(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let asked = merged(without_work_documents(), &json!({ "tracks": { "incident": true } }));
    let round = cast.internship(1, &asked).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    for word in walks::events("ACTIVE incident/1.report_incident", INTERNSHIP_LEGS) {
        take(&mut walk, &word).await;
    }
    let offer = json!({
        "kind": "internship", "host": cast.at("Works")["id"], "workflow": "internship", "title": "Bridges",
        "vetted_by": "internship-offer",
    });
    let offer = cast.who("employer").post("/programmes", &offer).await.ok();
    let student = walk.seen_by("student").await;
    let mut seen = Vec::new();

    for answer in [
        student.clone(),
        cast.who("secretariat").get("/applications").await.ok(),
        cast.who("employer").get(&format!("/programmes/{}/case", id(&offer))).await.ok(),
    ] {
        deadlines(&answer, &mut seen);
    }

    assert!(student["tracks"].as_array().is_some_and(|all| all.iter().any(|one| one["due_at"].is_string())));
    assert!(seen.len() > 4, "{seen:?}");
    for (zone, whole) in &seen {
        assert!(zone.as_str().is_some_and(|zone| zone.contains('/')), "a deadline without a zone: {whole}");
    }
}

/// The zone beside every `due_at`, with the object it stands in.
fn deadlines(value: &Value, into: &mut Vec<(Value, Value)>) {
    match value {
        Value::Object(members) => {
            if members.get("due_at").is_some_and(Value::is_string) {
                let zone = members.get("due_zone").or_else(|| members.get("zone"));
                into.push((zone.cloned().unwrap_or_default(), value.clone()));
            }
            members.values().for_each(|member| deadlines(member, into));
        }
        Value::Array(items) => items.iter().for_each(|item| deadlines(item, into)),
        _ => {}
    }
}
