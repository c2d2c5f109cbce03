//! A process that is killed between the release of a place and its offer loses neither.

use rand::RngExt;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::Actor;
use crate::support::app::PASSWORD;
use crate::support::counts::count;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::offers::id;
use crate::support::process::Server;
use crate::support::season::Season;
use crate::support::seed::{random, seed};

/// Looks until a place is offered; a lease of the process before may have to run out.
const LOOKS: usize = 20_000;

/// Tokens outlive the servers.
struct People {
    student: String,
    home: String,
}

impl People {
    async fn sign_in(server: &Server, season: &Season) -> Self {
        let token = async |email: &str| {
            let person = Actor::signed_in(&server.address, email, PASSWORD).await;
            person.token().expect("a token")
        };
        Self { student: token(&season.students[0]).await, home: token("coordinator@alpha.example").await }
    }

    fn student(&self, server: &Server) -> Actor {
        Actor::stranger(&server.address).with_token(&self.student)
    }

    fn home(&self, server: &Server) -> Actor {
        Actor::stranger(&server.address).with_token(&self.home)
    }
}

async fn read(by: &Actor, case: &Value) -> Value {
    by.get(&format!("/applications/{}", id(case))).await.ok()
}

/// The one case of these that has an offer now; waits for it.
async fn offered(by: &Actor, cases: &[Value]) -> usize {
    for _ in 0..LOOKS {
        for (at, case) in cases.iter().enumerate() {
            if read(by, case).await["state"] == "list_offer" {
                return at;
            }
        }
        tokio::task::yield_now().await;
    }
    panic!("nobody is offered the place that is free");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_was_freed_before_a_kill_is_offered_after_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let seed = seed();
    let mut dice = random(seed);
    let kills = count("kills_offers");
    let season = Season::open(db, 1, 1).await;
    let mut server = season.serve();
    let people = People::sign_in(&server, &season).await;
    let (student, home) = (people.student(&server), people.home(&server));
    let lines = home.get("/place-lines").await.ok();
    let line = format!("/place-lines/{}", id(&lines["items"][0]));
    home.post(&format!("{line}/postings"), &json!({ "amount": -4_999, "reason": "One is left." })).await.ok();
    let mut cases = Vec::new();
    for at in 0..=kills {
        let case = season.apply(&student, 0).await;
        let case = student.fire(&case, "submit", json!({})).await.ok();
        let case = home.fire(&case, "find_eligible", json!({})).await.ok();
        let choice = json!({ "choice": case["choices"][0]["id"] });
        let case = match at {
            0 => home.fire(&case, "allocate", choice).await.ok(),
            _ => home.fire(&case, "waitlist", json!({})).await.ok(),
        };
        cases.push(case);
    }

    let mut holder = 0;
    for _ in 0..kills {
        let student = people.student(&server);
        let case = read(&student, &cases[holder]).await;
        let body = json!({ "event": "decline_offer", "data": {}, "reason": { "code": "other", "text": "Changed my mind." } });
        student.fire_as(&case, &body).await.ok();
        // Before, while and after the worker has looked.
        for _ in 0..dice.random_range(0..2_000) {
            tokio::task::yield_now().await;
        }
        server.kill();
        server = season.serve();
        let next = offered(&people.student(&server), &cases).await;
        assert_eq!(next, holder + 1, "in the order of the list");
        holder = next;
    }

    let home = people.home(&server);
    for (at, case) in cases.iter().enumerate().skip(1) {
        let history = home.get(&format!("/applications/{}/history?limit=200", id(case))).await.ok();
        let steps = history["items"].as_array().expect("steps");
        let offers = steps.iter().filter(|step| step["event"] == "promote").count();
        assert_eq!(offers, 1, "case {at} is offered a place once");
    }
    let held = home.get(&line).await.ok();
    assert_eq!((&held["held"], &held["free"]), (&json!(1), &json!(0)));
    drop(server);
    season.verified();
    measured(
        &format!("SIGKILL between a release and its offer, {db:?}"),
        kills,
        seed,
        "each place offered once",
    );
}
