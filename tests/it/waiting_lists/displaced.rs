//! Whose place was taken back by its host comes before those who wait already; whom a host has not taken does not.

use rstest::rstest;

use super::{listed, post, standings, words};
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::{Round, without_documents};
use crate::support::walk::Walk;

/// Nominated to Omega, with Sigma as second choice, where no place is free.
pub async fn nominated<'c>(cast: &'c Cast, round: &Round, name: &str) -> Walk<'c> {
    let mut walk = Walk::open(cast, round, &cast.student(name).await).await;
    for (role, event) in [
        ("student", "submit"),
        ("home_coordinator", "find_eligible"),
        ("home_coordinator", "allocate"),
        ("student", "accept_offer"),
        ("home_coordinator", "nominate"),
        ("host_coordinator", "acknowledge"),
    ] {
        walk.act(role, event).await;
    }
    walk
}

#[rstest]
#[tokio::test]
async fn whom_a_host_has_cancelled_is_offered_the_next_place_before_all_who_wait(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    post(&cast, &round.lines[1], -2).await;
    let mut walks = vec![nominated(&cast, &round, "Anna").await, nominated(&cast, &round, "Dora").await];
    walks.extend(listed(&cast, &round, 1, &["Berta", "Carla"]).await);
    walks[1].act("host_coordinator", "refuse").await;
    assert_eq!(standings(&mut walks[1..]).await, words("3/3 1/3 2/3"), "a refusal gives no priority");
    walks[0].act("host_coordinator", "cancel").await;
    assert_eq!(standings(&mut walks).await, words("1/4 4/4 2/4 3/4"));

    post(&cast, &round.lines[1], 1).await;
    assert_eq!(cast.app.offer_places().await, 1);
    assert_eq!(standings(&mut walks).await, words("list_offer 3/3 1/3 2/3"));
    walks[0].until_due();
    cast.app.act_on_clocks().await;
    assert_eq!(cast.app.offer_places().await, 1);
    assert_eq!(standings(&mut walks).await, words("3/3 2/3 list_offer 1/3"), "the turn is had once");
    cast.verified().await;
}
