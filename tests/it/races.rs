//! Requests that come at once: for one last place, and for one version of a case.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::Actor;
use crate::support::answer::Answer;
use crate::support::cast::Cast;
use crate::support::counts::count;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::rounds::{without_documents, without_work_documents};
use crate::support::walk::Walk;

/// Fires an event on many cases at the same time.
async fn at_once(attempts: Vec<(Actor, Value, &'static str, Value)>) -> Vec<Answer> {
    let each = |(by, case, event, data): (Actor, Value, &'static str, Value)| {
        tokio::spawn(async move { by.fire(&case, event, data).await })
    };
    let running: Vec<_> = attempts.into_iter().map(each).collect();
    let mut answers = Vec::with_capacity(running.len());
    for answer in running {
        answers.push(answer.await.expect("an answer"));
    }
    answers
}

fn one_winner(answers: &[Answer]) -> Vec<Value> {
    let (won, lost): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    lost.into_iter().map(|answer| answer.problem(answer.status)).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_place_of_a_line_is_held_once_however_many_reach_for_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let student = cast.student("Anna").await;
    let racing = count("racing_requests");
    let mut attempts = Vec::new();
    let mut last = None;
    for _ in 0..racing {
        let mut walk = Walk::open(&cast, &round, &student).await;
        walk.act("student", "submit").await;
        walk.act("home_coordinator", "find_eligible").await;
        let data = json!({ "choice": walk.choice(1) });
        attempts.push((cast.who("home_coordinator").clone(), walk.case.clone(), "allocate", data));
        last = Some(walk);
    }

    let refused = one_winner(&at_once(attempts).await);

    for problem in &refused {
        assert_eq!(
            problem["refusal"],
            json!({ "code": "no_place", "account": "out", "why": "full", "free": 0 })
        );
    }
    assert_eq!(last.expect("a walk").taken(&round.lines[0]).await, (1, 0));
    assert_eq!(kept(&cast, "allocate").await, refused.len(), "each lost race is a refusal that is kept");
    cast.verified().await;
    measured(&format!("requests racing for one last place, {db:?}: one wins"), racing, "", refused.len());
}

async fn kept(cast: &Cast, event: &str) -> usize {
    use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
    use sojourn_entities::refusal;
    let of = refusal::Entity::find().filter(refusal::Column::Event.eq(event));
    let number = of.count(&cast.app.database.connect().await).await.expect("refusals");
    usize::try_from(number).expect("a number")
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_place_of_an_offer_goes_to_one_candidate(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.internship(1, &without_work_documents()).await;
    let student = cast.student("Ines").await;
    let mut attempts = Vec::new();
    for _ in 0..8 {
        let mut walk = Walk::open(&cast, &round, &student).await;
        for (role, event) in
            [("student", "submit"), ("home_coordinator", "endorse"), ("home_coordinator", "forward")]
        {
            walk.act(role, event).await;
        }
        attempts.push((cast.who("employer").clone(), walk.case.clone(), "offer", json!({})));
    }

    let refused = one_winner(&at_once(attempts).await);

    assert!(refused.iter().all(|problem| problem["refusal"]["why"] == "full"), "{refused:?}");
    cast.verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_case_that_changes_all_the_time_is_read_as_it_stood_at_one_of_them(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (by, path, done) = (cast.who("secretariat").clone(), walk.path(), Arc::clone(&done));
            tokio::spawn(async move {
                let mut views = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    views.push(by.get(&path).await);
                }
                views
            })
        })
        .collect();
    for _ in 0..10 {
        walk.act("student", "submit").await;
        walk.act("student", "take_back").await;
    }
    done.store(true, Ordering::Relaxed);

    let mut read = 0;
    for reader in readers {
        for view in reader.await.expect("views") {
            let view = view.ok();
            let (role, due) = match view["state"].as_str() {
                Some("draft") => ("student", "2026-09-30T21:59:59Z"),
                _ => ("home_coordinator", "2026-09-15T21:59:59Z"),
            };
            assert_eq!((&view["waiting"][0]["role"], &view["due_at"]), (&json!(role), &json!(due)), "{view}");
            let even = view["version"].as_i64().is_some_and(|version| version % 2 == 0);
            assert_eq!(even, role == "home_coordinator", "{view}");
            read += 1;
        }
    }
    assert!(read > 20, "{read} views were read meanwhile");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_version_is_written_over_once(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    walk.act("student", "submit").await;
    let case = &walk.case;
    let writers = (0..64).map(|nth| {
        let part = if nth % 2 == 0 { "home_coordinator" } else { "home_head" };
        (cast.who(part).clone(), case.clone(), "find_eligible", json!({}))
    });

    let refused = one_winner(&at_once(writers.collect()).await);

    assert_eq!(refused.len(), 63);
    assert!(refused.iter().all(|problem| problem["status"] == 412), "{refused:?}");
    assert_eq!(walk.history().await.len(), 3);
    cast.verified().await;
}
