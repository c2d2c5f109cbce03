//! Waiting lists: a place that becomes free is offered to the first who waits for it, once, however it was freed and whoever dies
//! meanwhile.

mod displaced;
mod killed;
mod mails;
mod new_lines;
mod seen;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use sojourn::app::verify::verify;
use sojourn_engine::ids::CaseId;
use sojourn_entities::{case, freed_place};

use crate::support::cast::{Cast, merged};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::{Round, without_documents, without_documents_of};
use crate::support::walk::Walk;

/// An application for one offering alone, found eligible.
async fn eligible<'c>(cast: &'c Cast, round: &Round, offering: usize, name: &str) -> Walk<'c> {
    let only = json!({ "choices": [round.offerings[offering]["id"]] });
    let mut walk = Walk::open_with(cast, round, &cast.student(name).await, &only).await;
    walk.act("student", "submit").await;
    walk.act("home_coordinator", "find_eligible").await;
    walk
}

/// Applications on the list of one offering, in the order of their names.
async fn listed<'c>(cast: &'c Cast, round: &Round, offering: usize, names: &[&str]) -> Vec<Walk<'c>> {
    let mut walks = Vec::new();
    for name in names {
        let mut walk = eligible(cast, round, offering, name).await;
        walk.act("home_coordinator", "waitlist").await;
        walks.push(walk);
    }
    walks
}

async fn post(cast: &Cast, line: &Value, amount: i32) -> Value {
    let path = format!("/place-lines/{}/postings", id(line));
    cast.who("home_coordinator").post(&path, &json!({ "amount": amount, "reason": "As agreed." })).await.ok()
}

/// State and position of each, as its student reads them: `2/3` on the list, else the state.
async fn standings(walks: &mut [Walk<'_>]) -> Vec<String> {
    let mut standings = Vec::new();
    for walk in walks {
        walk.look().await;
        standings.push(match &walk.case["waiting_list"][0] {
            Value::Null => walk.case["state"].as_str().expect("a state").to_owned(),
            one => format!("{}/{}", one["position"], one["of"]),
        });
    }
    standings
}

#[rstest]
#[tokio::test]
async fn a_place_goes_to_the_first_on_the_list_however_it_was_freed(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let mut holder = eligible(&cast, &round, 0, "Anna").await;
    holder.act("home_coordinator", "allocate").await;
    let mut walks = listed(&cast, &round, 0, &["Berta", "Carla", "Dora"]).await;
    assert_eq!((cast.app.offer_places().await, standings(&mut walks).await), (0, words("1/3 2/3 3/3")));

    holder.act("student", "decline_offer").await;
    assert_eq!(
        (cast.app.offer_places().await, standings(&mut walks).await),
        (1, words("list_offer 1/2 2/2"))
    );

    walks[0].until_due();
    cast.app.act_on_clocks().await;
    assert_eq!(
        (cast.app.offer_places().await, standings(&mut walks).await),
        (1, words("2/2 list_offer 1/2"))
    );

    walks[1].act("student", "withdraw").await;
    assert_eq!(cast.app.offer_places().await, 1);
    assert_eq!(standings(&mut walks).await, words("1/1 withdrawn list_offer"));

    post(&cast, &round.lines[0], 1).await;
    assert_eq!(cast.app.offer_places().await, 1);
    assert_eq!(standings(&mut walks).await, words("list_offer withdrawn list_offer"));
    assert_eq!(holder.taken(&round.lines[0]).await, (2, 0));
    let history = walks[2].history().await;
    let last = history.last().expect("steps");
    assert_eq!(
        (&last["event"], &last["role"], &last["via"]),
        (&json!("promote"), &json!("system"), &json!("clock"))
    );
    cast.verified().await;
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[rstest]
#[tokio::test]
async fn the_higher_score_goes_first_and_whoever_let_an_offer_pass_goes_last(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &merged(without_documents(), &json!({ "scores": true }))).await;
    post(&cast, &round.lines[0], -1).await;
    let mut walks = Vec::new();
    for (name, score) in [("Anna", 7_000), ("Berta", 9_000), ("Carla", 8_000)] {
        let first = json!({ "choices": [round.offerings[0]["id"]] });
        let mut walk = Walk::open_with(&cast, &round, &cast.student(name).await, &first).await;
        walk.act("student", "submit").await;
        let scored = json!({ "score_hundredths": score });
        cast.who("home_coordinator").patch(&walk.path(), &walk.case["version"], &scored).await.ok();
        walk.act("home_coordinator", "find_eligible").await;
        walk.act("home_coordinator", "waitlist").await;
        walks.push(walk);
    }
    assert_eq!(standings(&mut walks).await, words("3/3 1/3 2/3"));
    let seen = walks[0].seen_by("home_coordinator").await;
    assert_eq!(seen["waiting_list"], walks[0].case["waiting_list"], "the home reads the same");
    let seen = walks[0].seen_by("secretariat").await;
    assert_eq!(seen["waiting_list"], walks[0].case["waiting_list"]);

    post(&cast, &round.lines[0], 1).await;
    cast.app.offer_places().await;
    assert_eq!(standings(&mut walks).await, words("2/2 list_offer 1/2"));
    walks[1].until_due();
    cast.app.act_on_clocks().await;
    cast.app.offer_places().await;
    assert_eq!(standings(&mut walks).await, words("1/2 2/2 list_offer"), "the best has had her turn");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn an_offer_late_in_the_season_stands_for_a_day(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    post(&cast, &round.lines[0], -1).await;
    let mut walks = listed(&cast, &round, 0, &["Anna", "Berta"]).await;
    let hours = |walk: &Walk<'_>| {
        let due: DateTime<Utc> =
            walk.case["due_at"].as_str().and_then(|at| at.parse().ok()).expect("a clock");
        (due - cast.app.clock.now()).num_hours()
    };
    post(&cast, &round.lines[0], 1).await;
    cast.app.offer_places().await;
    walks[0].look().await;
    assert_eq!(hours(&walks[0]), 72);

    cast.app.clock.set("2026-11-10T09:00:00Z".parse().expect("an instant"));
    post(&cast, &round.lines[0], 1).await;
    cast.app.offer_places().await;
    walks[1].look().await;
    assert_eq!((&walks[1].case["state"], hours(&walks[1])), (&json!("list_offer"), 24));
}

#[rstest]
#[tokio::test]
async fn whoever_comes_to_a_list_of_which_places_are_free_is_offered_one_at_once(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let mut walks = listed(&cast, &round, 0, &["Anna", "Berta"]).await;
    let mut other = eligible(&cast, &round, 0, "Carla").await;
    let body = json!({ "event": "allocate", "data": { "choice": other.choice(1) } });
    let refused = other.attempt("home_coordinator", &body).await.problem(409);
    assert_eq!(
        refused["refusal"],
        json!({ "code": "no_place", "account": "out", "why": "waiters", "free": 1, "instead": { "choices": [], "event": "waitlist" } }),
    );
    assert_eq!(
        refused["detail"],
        "Others wait for the places of `out`: they go to the first on the list. `waitlist` puts the application on the waiting list.",
    );

    assert_eq!(cast.app.offer_places().await, 1);
    other.act("home_coordinator", "waitlist").await;
    assert_eq!(standings(&mut walks).await, words("list_offer 1/2"));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_list_of_another_workflow_moves_by_the_event_it_names(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::in_full(db).await;
    let round = cast.programme_of("conference", "conference", 1, &without_documents_of("conference")).await;
    let mut first = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let mut second = Walk::open(&cast, &round, &cast.student("Berta").await).await;
    first.act("participant", "submit").await;
    first.act("conference_office", "admit").await;
    second.act("participant", "submit").await;
    second.act("conference_office", "waitlist").await;
    assert_eq!(second.case["waiting_list"][0]["position"], 1);

    first.act("participant", "withdraw").await;
    assert_eq!(cast.app.offer_places().await, 1);
    second.look().await;
    assert_eq!((&second.case["state"], &second.case["waiting_list"]), (&json!("list_offer"), &json!([])));
    cast.verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_workers_offer_each_place_once_while_others_free_more(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    post(&cast, &round.lines[0], -1).await;
    let mut walks = listed(&cast, &round, 0, &["A", "B", "C", "D", "E", "F", "G", "H"]).await;
    let working: Vec<_> = (0..6)
        .map(|_| {
            let app = Arc::clone(&cast.app.app);
            tokio::spawn(async move {
                let mut offered = 0;
                for _ in 0..40 {
                    let at = app.clock.moment();
                    let offers = app.offer_places(&at, at.id(), 10).await.expect("the database answers");
                    assert_eq!(offers.failed, 0);
                    offered += offers.offered;
                    tokio::task::yield_now().await;
                }
                offered
            })
        })
        .collect();
    for _ in 0..5 {
        post(&cast, &round.lines[0], 1).await;
    }
    let mut offered = 0;
    for worker in working {
        offered += worker.await.expect("it ends");
    }
    offered += cast.app.offer_places().await;

    assert_eq!(offered, 5);
    assert_eq!(
        standings(&mut walks).await,
        words("list_offer list_offer list_offer list_offer list_offer 1/3 2/3 3/3")
    );
    assert_eq!(walks[0].taken(&round.lines[0]).await, (5, 0));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_worker_that_died_keeps_nobody_from_a_place_for_long(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    post(&cast, &round.lines[0], -1).await;
    let mut walks = listed(&cast, &round, 0, &["Anna"]).await;
    assert_eq!(cast.app.offer_places().await, 0);
    post(&cast, &round.lines[0], 1).await;
    let at = cast.app.clock.moment();
    let tx = cast.app.app.store.begin().await.expect("a transaction");
    let span = (DateTime::UNIX_EPOCH, at.now);
    let until = at.now + TimeDelta::seconds(15);
    let claimed = sojourn::store::waiting_lists::claim(&tx, at.id(), span, until, 9).await.expect("claimed");
    tx.commit().await.expect("committed");
    assert_eq!((claimed.len(), cast.app.offer_places().await), (1, 0), "somebody has it");
    cast.verified().await;

    cast.app.advance(TimeDelta::seconds(16));
    assert_eq!(cast.app.offer_places().await, 1);
    assert_eq!(standings(&mut walks).await, words("list_offer"));
}

#[rstest]
#[tokio::test]
async fn a_case_that_cannot_be_read_keeps_no_other_from_a_place(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    post(&cast, &round.lines[0], -1).await;
    let mut walks = listed(&cast, &round, 0, &["Anna", "Berta"]).await;
    assert_eq!(cast.app.offer_places().await, 0);
    let connection = cast.app.database.connect().await;
    let first: CaseId = id(&walks[0].case).parse().expect("an id");
    let broken = case::Entity::update_many().col_expr(case::Column::Registers, Expr::value(json!("none")));
    broken.filter(case::Column::Id.eq(first)).exec(&connection).await.expect("broken");
    post(&cast, &round.lines[0], 1).await;

    let at = cast.app.clock.moment();
    let offers = cast.app.app.offer_places(&at, at.id(), 9).await.expect("the database answers");

    assert_eq!((offers.claimed, offers.offered, offers.failed), (1, 1, 1));
    assert_eq!(standings(&mut walks[1..]).await, words("list_offer"));
    let left = freed_place::Entity::find().all(&connection).await.expect("rows");
    assert_eq!(left.len(), 1, "the line stays marked for whoever could not be moved");
}

#[rstest]
#[tokio::test]
async fn verification_names_a_place_that_stays_empty_though_somebody_waits_for_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let walks = listed(&cast, &round, 0, &["Anna", "Berta"]).await;
    cast.verified().await;
    let connection = cast.app.database.connect().await;
    freed_place::Entity::delete_many().exec(&connection).await.expect("forgotten");

    let report = verify(&cast.app.app, |_| {}).await.expect("verified");

    assert_eq!(report.differences, 1, "{:?}", report.first);
    let first = &report.first[0];
    assert_eq!(first.of, format!("line {}", id(&round.lines[0])));
    assert!(first.what.contains(id(&walks[0].case)), "{}", first.what);
    let named: BTreeSet<&str> = walks.iter().map(|walk| id(&walk.case)).collect();
    assert_eq!(named.len(), 2);
}
