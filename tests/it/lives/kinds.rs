//! One life of each other kind of programme; the line is the programme's.

mod conference;
mod leadership_training;
mod multi_campus;
mod research_call;
mod staff_exchange;

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::json;

use super::{Paper, Post, Stage, live};
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::walk::Walk;

/// A life, and what is filed on the way.
type Life = (&'static [Stage], &'static [Paper]);

#[rstest]
#[case::conference("conference", "conference", (conference::LIFE, conference::PAPERS))]
#[case::leadership_training(
    "leadership_training",
    "leadership-training",
    (leadership_training::LIFE, leadership_training::PAPERS)
)]
#[case::research_call("staff_exchange", "research-call", (research_call::LIFE, research_call::PAPERS))]
#[case::staff_exchange("staff_exchange", "staff-exchange", (staff_exchange::LIFE, staff_exchange::PAPERS))]
#[tokio::test]
async fn each_other_kind_from_draft_to_closed(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
    #[case] kind: &str,
    #[case] file: &str,
    #[case] (life, papers): Life,
) {
    let cast = Cast::in_full(db).await;
    let round = cast.programme_of(kind, file, 1, &json!({})).await;
    let mut post = Post::of(&cast);
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    assert_eq!(post.arrived(&walk).await, BTreeSet::from([("draft_opened".to_owned(), "student")]));

    live((&cast, &round), &mut walk, &mut post, life, papers).await;

    assert_eq!(walk.case["kind"], "success");
    assert!(walk.case["offers"].as_array().is_some_and(Vec::is_empty), "nothing more can be done");
}

#[rstest]
#[tokio::test]
async fn a_tour_of_two_campuses_in_sequence_from_draft_to_closed(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::in_full(db).await;
    let round = cast.tour(1, true, &json!({})).await;
    let mut post = Post::of(&cast);
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    post.arrived(&walk).await;

    live((&cast, &round), &mut walk, &mut post, multi_campus::LIFE, multi_campus::PAPERS).await;

    assert_eq!(walk.case["kind"], "success");
}
