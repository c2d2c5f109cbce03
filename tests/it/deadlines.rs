//! Deadlines act: reminders, events and escalations, once each and in their order, with several workers, after a stop, and never for a
//! state that was left.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;
use serde_json::{Value, json};
use sojourn::app::due::Acts;

use crate::support::cast::{Cast, merged};
use crate::support::database::Db;
use crate::support::rounds::{Round, without_documents};
use crate::support::walk::Walk;
use crate::walks::{EXCHANGE_LEGS, events, take};

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().expect("an instant")
}

/// Notices about the case so far, as names with the part of the person told, the oldest first.
async fn told(walk: &Walk<'_>) -> Vec<(String, &'static str)> {
    let path = format!("/notifications?limit=200&case={}", walk.case["id"].as_str().expect("an id"));
    let page = walk.cast.who("secretariat").get(&path).await.ok();
    let one = |notice: &Value| {
        let name = notice["notice"].as_str().expect("a name").to_owned();
        (name, walk.cast.part(notice["recipient_id"].as_str().expect("a person")))
    };
    let mut told: Vec<_> = page["items"].as_array().expect("notices").iter().map(one).collect();
    told.reverse();
    told
}

async fn count(walk: &Walk<'_>, notice: &str, part: &str) -> usize {
    told(walk).await.iter().filter(|(name, to)| (name.as_str(), *to) == (notice, part)).count()
}

async fn up_to<'c>(cast: &'c Cast, round: &Round, words: &str) -> Walk<'c> {
    let mut walk = Walk::open(cast, round, &cast.student("Anna").await).await;
    for word in events(words, EXCHANGE_LEGS) {
        take(&mut walk, &word).await;
    }
    walk
}

async fn listed(walk: &Walk<'_>, part: &str, query: &str) -> bool {
    let page = walk.cast.who(part).get(&format!("/applications?{query}")).await.ok();
    page["items"].as_array().expect("items").iter().any(|item| item["id"] == walk.case["id"])
}

fn sum(acts: &[Acts]) -> (usize, usize, usize) {
    (
        acts.iter().map(|a| a.reminded).sum(),
        acts.iter().map(|a| a.fired).sum(),
        acts.iter().map(|a| a.escalated).sum(),
    )
}

#[rstest]
#[tokio::test]
async fn whoever_is_waited_for_is_reminded_once_at_each_time_and_what_was_missed_together_is_one(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let walk = up_to(&cast, &cast.exchange(3, &without_documents()).await, "ELIGIBLE allocate").await;
    assert_eq!(sum(&cast.app.act_on_clocks().await), (0, 0, 0));

    cast.app.advance(TimeDelta::days(4));
    assert_eq!(sum(&cast.app.act_on_clocks().await), (1, 0, 0));
    assert_eq!(sum(&cast.app.act_on_clocks().await), (0, 0, 0), "once");
    assert_eq!(count(&walk, "deadline_near", "student").await, 1);

    assert!(!listed(&walk, "home_coordinator", "at_risk=true").await);
    cast.app.clock.set(walk.case["due_at"].as_str().map(at).expect("a clock runs") - TimeDelta::hours(1));
    assert_eq!(sum(&cast.app.act_on_clocks().await), (1, 0, 0), "two that were missed are one");
    assert_eq!(count(&walk, "deadline_near", "student").await, 2);
    assert!(listed(&walk, "home_coordinator", "at_risk=true").await);
    assert!(!listed(&walk, "home_coordinator", "overdue=true").await);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn the_end_of_a_clock_fires_its_event_once_however_many_workers_there_are(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let mut walk = up_to(&cast, &cast.exchange(3, &without_documents()).await, "ELIGIBLE allocate").await;
    walk.until_due();

    let workers: Vec<_> = (0..8)
        .map(|_| {
            let app = Arc::clone(&cast.app.app);
            tokio::spawn(async move {
                let at = app.clock.moment();
                app.act_on_clocks(&at, at.id(), 10).await.expect("the database answers")
            })
        })
        .collect();
    let mut fired = 0;
    for worker in workers {
        fired += worker.await.expect("it ends").fired;
    }

    walk.look().await;
    assert_eq!((fired, &walk.case["state"]), (1, &json!("lapsed")));
    let history = walk.history().await;
    let last = history.last().expect("steps");
    assert_eq!(
        (&last["event"], &last["via"], &last["role"]),
        (&json!("lapse"), &json!("clock"), &json!("system"))
    );
    assert_eq!(history.iter().filter(|step| step["event"] == "lapse").count(), 1);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_worker_whose_claim_has_run_out_does_nothing_any_more(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let mut walk = up_to(&cast, &cast.exchange(3, &without_documents()).await, "ELIGIBLE allocate").await;
    walk.until_due();
    let moment = cast.app.clock.moment();
    let (slow, quick) = (moment.id(), moment.id());
    let tx = cast.app.app.store.begin().await.expect("a transaction");
    let until = moment.now + TimeDelta::minutes(5);
    let claimed = sojourn::store::clocks::claim(&tx, slow, (DateTime::UNIX_EPOCH, moment.now), until, 10)
        .await
        .expect("claimed");
    tx.commit().await.expect("committed");
    assert_eq!(claimed.len(), 1);
    assert_eq!(sum(&cast.app.act_on_clocks().await), (0, 0, 0), "somebody has it");

    cast.app.advance(TimeDelta::minutes(6));
    let later = cast.app.clock.moment();
    let acts = cast.app.app.act_on_clocks(&later, quick, 10).await.expect("the database answers");
    assert_eq!(acts.fired, 1);
    let tx = cast.app.app.store.begin().await.expect("a transaction");
    let case = claimed[0].0;
    let left = sojourn::store::clocks::claimed(&tx, slow, &[case], later.now).await.expect("read");
    assert!(left.is_empty(), "its lease is worth nothing now");
    drop(tx);
    walk.look().await;
    assert_eq!(walk.case["state"], "lapsed");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_clock_of_a_state_that_was_left_never_acts(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let mut walk = up_to(&cast, &cast.exchange(3, &without_documents()).await, "ELIGIBLE allocate").await;
    take(&mut walk, "accept_offer").await;
    let state = walk.case["state"].clone();
    cast.app.advance(TimeDelta::days(9));
    let acts = cast.app.act_on_clocks().await;
    walk.look().await;
    assert_eq!((sum(&acts).1, &walk.case["state"]), (0, &state));
    assert_eq!(count(&walk, "deadline_near", "student").await, 0);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_review_that_nobody_does_goes_to_the_head_and_then_to_the_secretariat(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let mut walk = up_to(&cast, &cast.exchange(3, &without_documents()).await, "submit").await;
    walk.until_due();
    assert!(!listed(&walk, "home_head", "waiting_for_me=true").await);
    assert_eq!(sum(&cast.app.act_on_clocks().await), (0, 0, 1));
    walk.look().await;
    assert_eq!(walk.case["state"], "submitted", "the case itself stays where it is");
    assert_eq!(count(&walk, "deadline_passed", "home_head").await, 1);
    assert_eq!(count(&walk, "deadline_missed", "home_coordinator").await, 1);
    assert!(listed(&walk, "home_head", "waiting_for_me=true").await);
    assert!(listed(&walk, "home_coordinator", "waiting_for_me=true").await, "the first is not let off");
    assert!(!listed(&walk, "secretariat", "waiting_for_me=true").await);
    cast.app.advance(TimeDelta::seconds(1));
    assert!(listed(&walk, "home_head", "overdue=true").await);
    assert!(!listed(&walk, "home_head", "at_risk=true").await);

    cast.app.advance(TimeDelta::days(6));
    assert_eq!(sum(&cast.app.act_on_clocks().await), (0, 0, 1));
    assert_eq!(count(&walk, "deadline_passed", "secretariat").await, 1);
    assert!(listed(&walk, "secretariat", "waiting_for_me=true").await);
    cast.app.advance(TimeDelta::days(30));
    assert_eq!(sum(&cast.app.act_on_clocks().await), (0, 0, 0), "there is nobody left to tell");

    let history = walk.history().await;
    let escalations: Vec<_> = history.iter().filter(|step| step["event"] == "@escalate").collect();
    assert_eq!(escalations.len(), 2, "recorded");
    assert_eq!(escalations[1]["data"], json!({ "clock": "review", "told": "secretariat" }));
    walk.look().await;
    take(&mut walk, "find_eligible").await;
    assert!(!listed(&walk, "home_head", "waiting_for_me=true").await);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn an_escalation_passes_over_an_office_that_nobody_holds(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let walk = up_to(&cast, &cast.exchange(3, &without_documents()).await, "submit").await;
    cast.dismiss("home_head").await;
    walk.until_due();
    cast.app.act_on_clocks().await;
    assert_eq!(count(&walk, "deadline_passed", "secretariat").await, 1);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn after_a_long_stop_what_is_late_is_done_in_the_order_it_was_due_and_counts_from_now(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(9, &without_documents()).await;
    let mut walks = Vec::new();
    for name in ["Anna", "Ben", "Cleo"] {
        let mut walk = Walk::open(&cast, &round, &cast.student(name).await).await;
        for word in events("ELIGIBLE allocate", EXCHANGE_LEGS) {
            take(&mut walk, &word).await;
        }
        walks.push(walk);
        cast.app.advance(TimeDelta::days(1));
    }
    cast.app.advance(TimeDelta::days(20));
    let late = cast.app.clock.now();
    let mut order = Vec::new();
    loop {
        let at = cast.app.clock.moment();
        let acts = cast.app.app.act_on_clocks(&at, at.id(), 1).await.expect("the database answers");
        assert!(acts.claimed <= 1, "no more than the cap");
        if acts.claimed == 0 {
            break;
        }
        for (nth, walk) in walks.iter_mut().enumerate() {
            walk.look().await;
            if walk.case["state"] == "lapsed" && !order.contains(&nth) {
                order.push(nth);
            }
        }
    }
    assert_eq!(order, [0, 1, 2]);
    for walk in &walks {
        let due = walk.case["due_at"].as_str().map(at).expect("a clock runs");
        assert_eq!(due - late, TimeDelta::hours(48), "the next clock has its whole time");
    }
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_complete_draft_goes_in_at_the_bell_and_another_within_the_days_of_grace(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let rules = json!({
        "grace_minutes": 1440,
        "form": [{ "name": "weeks", "label": { "en": "How many weeks?" }, "kind": "int", "required": true }],
    });
    let round = cast.exchange(3, &merged(without_documents(), &rules)).await;
    let asked = json!({ "submit_at_bell": true, "answers": { "weeks": 20 } });
    let mut ready = Walk::open_with(&cast, &round, &cast.student("Anna").await, &asked).await;
    let mut idle = Walk::open(&cast, &round, &cast.student("Ben").await).await;
    let bell = json!({ "submit_at_bell": true });
    let mut late = Walk::open_with(&cast, &round, &cast.student("Cleo").await, &bell).await;

    ready.until_due();
    cast.app.act_on_clocks().await;
    for walk in [&mut ready, &mut idle, &mut late] {
        walk.look().await;
    }
    let states = [&ready, &idle, &late].map(|walk| walk.case["state"].clone());
    assert_eq!(states, [json!("submitted"), json!("expired"), json!("draft")]);
    assert_eq!(ready.history().await.last().expect("steps")["event"], "bell");

    let complete = json!({ "answers": { "weeks": 16 } });
    late.student.patch(&late.path(), &late.case["version"], &complete).await.ok();
    late.look().await;
    late.until_due();
    cast.app.act_on_clocks().await;
    late.look().await;
    assert_eq!(late.case["state"], "submitted");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn what_the_rules_refuse_at_the_end_is_kept_and_somebody_is_told(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let walk = up_to(&cast, &cast.exchange(3, &without_documents()).await, "ELIGIBLE allocate").await;
    walk.until_due();
    let at = cast.app.clock.moment();
    let barred = sojourn_engine::refusal::Refusal::ReasonNeeded { codes: vec!["other".to_owned()] };
    let lease = at.id();
    let tx = cast.app.app.store.begin().await.expect("a transaction");
    let until = at.now + TimeDelta::minutes(5);
    let claimed = sojourn::store::clocks::claim(&tx, lease, (DateTime::UNIX_EPOCH, at.now), until, 10)
        .await
        .expect("claimed");
    tx.commit().await.expect("committed");
    let cases: Vec<_> = claimed.iter().map(|(case, _)| *case).collect();
    let acts = cast.app.app.act_on(&at, lease, &cases, Some(&barred)).await.expect("the database answers");
    assert_eq!(acts.stuck, 1);
    assert_eq!(count(&walk, "deadline_stuck", "secretariat").await, 1);
    assert_eq!(sum(&cast.app.act_on_clocks().await), (0, 0, 0), "it is not tried over and over");
    cast.app.advance(TimeDelta::seconds(1));
    assert!(listed(&walk, "secretariat", "overdue=true").await);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn after_a_jump_of_the_machines_clock_nothing_acts_until_somebody_says_so(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let app = &cast.app.app;
    let now = || cast.app.clock.moment();
    assert_eq!(app.watch_clocks(&now()).await.expect("the database answers"), Ok(()));
    cast.app.advance(TimeDelta::days(44));
    assert_eq!(app.watch_clocks(&now()).await.expect("the database answers"), Ok(()));
    cast.app.advance(TimeDelta::days(5 * 365));
    let jumped = app.watch_clocks(&now()).await.expect("the database answers").expect_err("years");
    assert!(jumped.to_string().contains("sojourn clocks resume"), "{jumped}");
    cast.app.advance(-TimeDelta::days(10 * 365));
    app.watch_clocks(&now()).await.expect("the database answers").expect_err("back by years");
    app.resume_clocks(&now()).await.expect("the database answers");
    assert_eq!(app.watch_clocks(&now()).await.expect("the database answers"), Ok(()));
}

#[rstest]
#[tokio::test]
async fn every_reminder_and_end_of_a_season_is_acted_on_once_with_workers_that_die(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(40, &without_documents()).await;
    let mut walks = Vec::new();
    for nth in 0..6 {
        let mut walk = Walk::open(&cast, &round, &cast.student(&format!("Student{nth}")).await).await;
        for word in events("ELIGIBLE allocate", EXCHANGE_LEGS) {
            take(&mut walk, &word).await;
        }
        walks.push(walk);
    }
    for _ in 0..24 {
        cast.app.advance(TimeDelta::hours(12));
        // A worker claims and is never heard of again; another comes when the lease is over.
        let at = cast.app.clock.moment();
        let tx = cast.app.app.store.begin().await.expect("a transaction");
        let until = at.now + TimeDelta::minutes(5);
        sojourn::store::clocks::claim(&tx, at.id(), (DateTime::UNIX_EPOCH, at.now), until, 3)
            .await
            .expect("claimed");
        tx.commit().await.expect("committed");
        cast.app.act_on_clocks().await;
        cast.app.advance(TimeDelta::minutes(6));
        cast.app.act_on_clocks().await;
    }
    for walk in &mut walks {
        walk.look().await;
        let notices = told(walk).await;
        let reminders =
            notices.iter().filter(|(name, to)| name == "deadline_near" && *to == "student").count();
        assert_eq!(reminders, 3, "{notices:?}");
        let lapses: BTreeSet<String> = walk
            .history()
            .await
            .iter()
            .filter(|step| step["event"] == "lapse")
            .map(|step| step["to"].as_str().expect("a state").to_owned())
            .collect();
        assert!(!lapses.is_empty(), "its time ran out");
    }
    cast.verified().await;
}
