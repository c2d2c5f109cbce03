//! Requests that come at once: for one last place, and for one version of a case.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rstest::rstest;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use sojourn::store::dossiers;
use sojourn::store::places::Waiting;
use sojourn_engine::ids::CaseId;

use crate::support::actor::Actor;
use crate::support::answer::Answer;
use crate::support::app::PASSWORD;
use crate::support::cast::Cast;
use crate::support::counts::count;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::process::Server;
use crate::support::rounds::{without_documents, without_work_documents};
use crate::support::season::Season;
use crate::support::walk::Walk;

/// Applications that are brought to the start of a race side by side.
const AT_A_TIME: u64 = 16;
/// Rounds after which everybody signs in anew, long before a token ends.
const RENEWED: u64 = 50;

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
        let refusal = &problem["refusal"];
        let told = json!({
            "code": "no_place", "account": "out", "why": "full", "free": 0,
            "instead": { "choices": [refusal["instead"]["choices"][0]], "event": "waitlist" },
        });
        assert_eq!(refusal, &told, "the other choice has places, and there is a waiting list");
    }
    assert_eq!(last.expect("a walk").taken(&round.lines[0]).await, (1, 0));
    assert_eq!(kept(&cast, "allocate").await, refused.len(), "each lost race is a refusal that is kept");
    cast.verified().await;
    measured(&format!("requests racing for one last place, {db:?}: one wins"), racing, "", refused.len());
}

/// The servers of a season with the people of a race, each known to each server.
struct Field {
    season: Season,
    servers: Vec<Server>,
    student: String,
    home: String,
}

impl Field {
    /// Two processes on PostgreSQL, one on SQLite.
    async fn of(db: Db) -> Self {
        let season = Season::open(db, 1, 1).await;
        let processes = if db == Db::Postgres { 2 } else { 1 };
        let servers: Vec<Server> = (0..processes).map(|_| season.serve()).collect();
        let mut field = Self { season, servers, student: String::new(), home: String::new() };
        field.sign_in().await;
        field
    }

    async fn sign_in(&mut self) {
        let token = async |email: &str| {
            let person = Actor::signed_in(&self.servers[0].address, email, PASSWORD).await;
            person.token().expect("a token")
        };
        (self.student, self.home) =
            (token(&self.season.students[0]).await, token("coordinator@alpha.example").await);
    }

    fn at(&self, nth: usize, token: &str) -> Actor {
        Actor::stranger(&self.servers[nth % self.servers.len()].address).with_token(token)
    }

    /// One more application that is found eligible.
    async fn eligible(&self) -> Value {
        let (student, home) = (self.at(0, &self.student), self.at(0, &self.home));
        let case = self.season.apply(&student, 0).await;
        let case = student.fire(&case, "submit", json!({})).await.ok();
        home.fire(&case, "find_eligible", json!({})).await.ok()
    }

    /// The one line there is.
    async fn line(&self) -> Value {
        self.at(0, &self.home).get("/place-lines").await.ok()["items"][0].clone()
    }

    async fn post(&self, amount: i64) {
        let path = format!("/place-lines/{}/postings", self.line().await["id"].as_str().expect("an id"));
        let body = json!({ "amount": amount, "reason": "As agreed." });
        self.at(0, &self.home).post(&path, &body).await.ok();
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_all_who_reach_for_the_last_place_one_has_it_every_time_and_none_stays_empty(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let mut field = Field::of(db).await;
    let (racing, rounds) = (count("racers_of_a_round"), count("racing_rounds"));
    field.post(-field.line().await["capacity"].as_i64().expect("a number")).await;
    let mut cases = Vec::new();
    for _ in 0..racing / AT_A_TIME {
        cases.extend(join_all((0..AT_A_TIME).map(|_| field.eligible())).await);
    }
    for round in 1..=rounds {
        if round % RENEWED == 0 {
            field.sign_in().await;
        }
        field.post(1).await;
        let attempt = |(nth, case): (usize, &Value)| {
            let choice = json!({ "choice": case["choices"][0]["id"] });
            (field.at(nth, &field.home), case.clone(), "allocate", choice)
        };
        let answers = at_once(cases.iter().enumerate().map(attempt).collect()).await;

        for problem in one_winner(&answers) {
            let refusal = json!({
                "code": "no_place", "account": "out", "why": "full", "free": 0,
                "instead": { "choices": [], "event": "waitlist" },
            });
            assert_eq!(problem["refusal"], refusal, "{problem}");
            let detail = "Not enough places are left of `out`: 0. `waitlist` puts the application on the waiting list.";
            assert_eq!(problem["detail"], detail);
        }
        let line = field.line().await;
        assert_eq!((&line["held"], &line["free"]), (&json!(round), &json!(0)), "taken, and once");
        let winner = answers.iter().position(|answer| answer.status == 200).expect("a winner");
        if round < rounds {
            cases[winner] = field.eligible().await;
        } else {
            cases.swap_remove(winner);
        }
    }
    drop(field.season.verified());
    let result = format!("one wins each of {rounds} times, {} processes", field.servers.len());
    measured(&format!("requests racing for the last place, {db:?}"), racing, "", result);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_that_was_waited_for_is_read_as_it_stands_then() {
    let cast = Cast::of(Db::Postgres).await;
    let round = cast.exchange(1, &without_documents()).await;
    let walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let id: CaseId = walk.case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let other = cast.app.database.connect().await;
    let run = async |sql: String| other.execute_unprepared(&sql).await.expect("done");
    run("BEGIN".to_owned()).await;
    run(format!("UPDATE cases SET version = version + 1 WHERE id = '{id}'")).await;
    run(format!("UPDATE applications SET submit_at_bell = NOT submit_at_bell WHERE id = '{id}'")).await;

    let app = Arc::clone(&cast.app.app);
    let reading = tokio::spawn(async move {
        let tx = app.store.begin().await.expect("a transaction");
        let covers = dossiers::held(&tx, &[id]).await.expect("covers");
        dossiers::fill(&tx, covers, &Waiting::new()).await.expect("dossiers")
    });
    let waits =
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let until = Instant::now() + Duration::from_mins(1);
    let asked = || Statement::from_string(DbBackend::Postgres, waits);
    while other.query_one_raw(asked()).await.expect("asked").is_none() {
        assert!(Instant::now() < until, "the reader waits for the row");
    }
    run("COMMIT".to_owned()).await;

    let read = reading.await.expect("it ends").pop().expect("a dossier");
    let before = walk.case["submit_at_bell"].as_bool().expect("whether");
    assert_eq!((read.case.version, read.application.submit_at_bell), (2, !before));
}
