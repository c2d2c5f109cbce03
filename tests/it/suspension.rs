//! Suspensions: clocks stand still, and whoever is waited for has the rest of their time when it is lifted.

use chrono::{DateTime, Utc};
use rstest::rstest;

use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;
use crate::walks::{EXCHANGE_LEGS, events, take};

/// When the first clock of the case ends.
fn due(walk: &Walk<'_>) -> DateTime<Utc> {
    walk.case["due_at"].as_str().and_then(|at| at.parse().ok()).expect("a clock runs")
}

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().expect("an instant")
}

#[rstest]
#[tokio::test]
async fn a_suspended_case_keeps_the_rest_of_its_clock(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    for word in events("TAKEN nominate", EXCHANGE_LEGS) {
        take(&mut walk, &word).await;
    }
    let before = due(&walk);

    take(&mut walk, "@2026-09-03").await;
    take(&mut walk, "suspend").await;
    assert_ne!(due(&walk), before, "only the date of its review counts");
    cast.app.clock.set(at("2026-09-23T06:00:00Z"));
    take(&mut walk, "lift").await;

    assert_eq!(walk.case["state"], "nominated");
    assert_eq!((due(&walk) - before).num_days(), 20, "{before} and {}", due(&walk));
    assert_eq!(due(&walk).time(), before.time(), "the end of a day there");
    walk.until_due();
    take(&mut walk, "acknowledge").await;
    cast.verified().await;
}
