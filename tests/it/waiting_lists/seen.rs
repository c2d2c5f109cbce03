//! Where somebody stands on a list is for them and their home to know: no host reads it, and no other student.

use rstest::rstest;
use serde_json::json;

use super::displaced::nominated;
use super::{listed, post};
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::without_documents;

#[rstest]
#[tokio::test]
async fn a_position_is_read_by_its_student_and_home_alone(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    post(&cast, &round.lines[1], -1).await;
    let mut cancelled = nominated(&cast, &round, "Anna").await;
    cancelled.act("host_coordinator", "cancel").await;
    let waiting = listed(&cast, &round, 1, &["Berta"]).await.remove(0);

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
    // Neither the host it waits for nor the one that took its place back sees a case on a waiting list at all.
    for host in ["host_coordinator", "host_head", "second_coordinator"].map(|part| cast.who(part)) {
        host.get(&waiting.path()).await.problem(404);
        host.get(&cancelled.path()).await.problem(404);
    }
    for stranger in [&waiting.student, cast.who("other_coordinator")] {
        stranger.get(&cancelled.path()).await.problem(404);
    }
    cancelled.student.get(&waiting.path()).await.problem(404);
    cast.verified().await;
}
