//! Every transition of the other kinds of programme, walked; each draws on the places of its own programme.

mod conference;
mod leadership_training;
mod multi_campus;
pub mod research_call;
mod staff_exchange;

use rstest::rstest;

use super::{Told, missing, source, untold, walked, written};
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::without_documents_of;

const NOTHING: &[(i64, i64)] = &[(0, 0)];
const USED: &[(i64, i64)] = &[(0, 1)];

/// Walks of one definition: names of walks up to a state, and the walks.
type Walks = (&'static [(&'static str, &'static str)], &'static [Told]);

#[rstest]
#[case::conference("conference", "conference", (conference::LEGS, conference::WALKS))]
#[case::leadership_training(
    "leadership_training",
    "leadership-training",
    (leadership_training::LEGS, leadership_training::WALKS)
)]
#[case::research_call("staff_exchange", "research-call", (research_call::LEGS, research_call::WALKS))]
#[case::staff_exchange("staff_exchange", "staff-exchange", (staff_exchange::LEGS, staff_exchange::WALKS))]
#[tokio::test]
async fn every_transition_of_each_other_kind_is_walked(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
    #[case] kind: &str,
    #[case] file: &str,
    #[case] (legs, walks): Walks,
) {
    let cast = Cast::in_full(db).await;
    let round = cast.programme_of(kind, file, 100, &without_documents_of(file)).await;

    let steps = walked((&cast, &cast.student("Wanda").await), &round, legs, walks).await;

    assert_eq!(missing(&source(file), &steps), Vec::<String>::new(), "write a walk for each");
    assert_eq!(
        untold(&source(file), &written(&cast).await),
        Vec::<String>::new(),
        "walk to where each is sent"
    );
}

#[rstest]
#[tokio::test]
async fn every_transition_of_a_tour_of_campuses_is_walked(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let file = "multi-campus";
    let cast = Cast::in_full(db).await;
    let round = cast.tour(100, false, &without_documents_of(file)).await;

    let steps =
        walked((&cast, &cast.student("Wanda").await), &round, multi_campus::LEGS, multi_campus::WALKS).await;

    assert_eq!(missing(&source(file), &steps), Vec::<String>::new(), "write a walk for each");
    assert_eq!(
        untold(&source(file), &written(&cast).await),
        Vec::<String>::new(),
        "walk to where each is sent"
    );
}
