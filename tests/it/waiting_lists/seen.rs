//! Where somebody stands on a list is for them and their home to know: no host reads it, and no other student.

use rstest::rstest;
use serde_json::{Value, json};

use super::displaced::nominated;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;

#[rstest]
#[tokio::test]
async fn a_position_is_read_by_its_student_and_home_alone(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let none = json!({ "amount": -1, "reason": "As agreed." });
    let postings = format!("/place-lines/{}/postings", id(&round.lines[1]));
    cast.who("home_coordinator").post(&postings, &none).await.ok();
    let mut cancelled = nominated(&cast, &round, "Anna").await;
    cancelled.act("host_coordinator", "cancel").await;
    let second = json!({ "choices": [round.offerings[1]["id"]] });
    let mut waiting = Walk::open_with(&cast, &round, &cast.student("Berta").await, &second).await;
    for (role, event) in
        [("student", "submit"), ("home_coordinator", "find_eligible"), ("home_coordinator", "waitlist")]
    {
        waiting.act(role, event).await;
    }

    for (walk, position) in [(&cancelled, 1), (&waiting, 2)] {
        for reader in [&walk.student, cast.who("home_coordinator")] {
            let seen = reader.get(&walk.path()).await.ok();
            let standing = &seen["waiting_list"];
            assert_eq!(
                (&standing[0]["position"], &standing[0]["of"]),
                (&json!(position), &json!(2)),
                "{seen}"
            );
        }
    }
    for reader in ["host_coordinator", "host_head", "second_coordinator"].map(|part| cast.who(part)) {
        reader.get(&waiting.path()).await.problem(404);
        // The host knows the one whose place it took back, and nothing of where that one waits now.
        let answer = reader.get(&cancelled.path()).await;
        if answer.status == 200 {
            assert_eq!(answer.ok()["waiting_list"].as_array().map_or(0, Vec::len), 0, "{}", answer.text());
        } else {
            answer.problem(404);
        }
        let list = reader.get("/applications?limit=200").await.ok();
        let told =
            |one: &Value| one["waiting_list"].as_array().is_some_and(|standings| !standings.is_empty());
        assert!(!list["items"].as_array().expect("a list").iter().any(told), "{list}");
    }
    for stranger in [&waiting.student, cast.who("other_coordinator")] {
        stranger.get(&cancelled.path()).await.problem(404);
    }
    cancelled.student.get(&waiting.path()).await.problem(404);
    cast.verified().await;
}
