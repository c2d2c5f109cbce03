//! Guessing passwords: how long one waits, how many are looked at, and whom that keeps out.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use reqwest::Client;
use rstest::rstest;
use sea_orm::EntityTrait;
use serde_json::json;
use sojourn_entities::lock;

use crate::support::actor::send;
use crate::support::answer::Answer;
use crate::support::app::{PASSWORD, SECRETARIAT, TestApp};
use crate::support::database::Db;
use crate::support::measured::measured;

const NOBODY: &str = "nobody@alliance.example";

/// Somebody at a loopback address of their own.
fn at(last: u8) -> Client {
    let client = Client::builder().local_address(Some(Ipv4Addr::new(127, 0, 0, last).into()));
    client.build().expect("a client")
}

async fn guess(app: &TestApp, by: &Client, email: &str, password: &str) -> Answer {
    let body = json!({ "grant_type": "password", "email": email, "password": password });
    send(by.post(format!("{}/api/v1/auth/token", app.address)).json(&body)).await
}

fn wait(answer: &Answer) -> i64 {
    answer.problem(429);
    answer.header("retry-after").parse().expect("seconds")
}

#[rstest]
#[tokio::test]
async fn waits_grow_with_wrong_guesses_alike_for_known_and_unknown_addresses(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    app.secretariat().await;
    let stranger = at(9);
    let mut waits = Vec::new();
    for email in [SECRETARIAT, NOBODY] {
        let mut seen = Vec::new();
        for _ in 0..10 {
            guess(&app, &stranger, email, "a wrong guess of mine").await.problem(401);
            let seconds = wait(&guess(&app, &stranger, email, PASSWORD).await);
            seen.push(seconds);
            app.advance(TimeDelta::seconds(seconds) - TimeDelta::milliseconds(1));
            assert_eq!(wait(&guess(&app, &stranger, email, PASSWORD).await), 1, "not a moment earlier");
            app.advance(TimeDelta::milliseconds(1));
        }
        waits.push(seen);
    }
    assert_eq!(waits[0], [1, 1, 3, 3, 3, 3, 3, 3, 5, 5]);
    assert_eq!(waits[0], waits[1], "whether there is such an account or not");
    guess(&app, &stranger, SECRETARIAT, PASSWORD).await.ok();
}

/// Tries at the same time, each as soon as one may; says how many were looked at.
async fn storm(app: &TestApp, email: &str, many: u64) -> u64 {
    let mut looked_at = 0;
    for _ in 0..many.div_ceil(64) {
        let each = (0..64_u8).map(|nth| {
            let (app, email) = (app.address.clone(), email.to_owned());
            tokio::spawn(async move {
                let body =
                    json!({ "grant_type": "password", "email": email, "password": "no such password here" });
                send(at(100 + nth % 50).post(format!("{app}/api/v1/auth/token")).json(&body)).await.status
            })
        });
        let each: Vec<_> = each.collect();
        for answer in each {
            let status = answer.await.expect("an answer");
            assert!([401, 429].contains(&status), "{status}");
            looked_at += u64::from(status == 401);
        }
        app.advance(TimeDelta::seconds(11));
    }
    looked_at
}

#[rstest]
#[tokio::test]
async fn few_guesses_a_day_are_looked_at_and_their_person_still_signs_in(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::with(db, "auth.attempts_per_address = 100000").await;
    app.secretariat().await;
    let many = crate::support::counts::count("guessed_passwords");

    let looked_at = storm(&app, SECRETARIAT, many).await;

    assert!((50..=60).contains(&looked_at), "{looked_at} of {many}");
    // The person's own address was used before: it does not stand behind strangers.
    guess(&app, &Client::new(), SECRETARIAT, PASSWORD).await.ok();
    assert!(
        wait(&guess(&app, &at(7), SECRETARIAT, PASSWORD).await) > 60,
        "a stranger has to wait for the next day"
    );
    measured(
        &format!("guesses for one account, 64 at a time, {db:?}"),
        many,
        "",
        format!("{looked_at} looked at"),
    );
    app.advance(TimeDelta::hours(24));
    guess(&app, &at(7), SECRETARIAT, PASSWORD).await.ok();
    assert_eq!(guess(&app, &at(7), SECRETARIAT, "a wrong guess of mine").await.status, 401);
}

#[rstest]
#[tokio::test]
async fn wrong_guesses_from_ones_own_address_count_by_themselves(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    app.secretariat().await;
    let (own, mut looked_at) = (Client::new(), 0);
    for _ in 0..60 {
        looked_at += usize::from(guess(&app, &own, SECRETARIAT, "a wrong guess of mine").await.status == 401);
        app.advance(TimeDelta::seconds(10));
    }
    assert_eq!(looked_at, 25);
    guess(&app, &at(8), SECRETARIAT, PASSWORD).await.ok();
}

#[rstest]
#[tokio::test]
async fn what_is_counted_names_nobody_and_is_forgotten_after_its_day(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    app.secretariat().await;
    guess(&app, &at(9), SECRETARIAT, "a wrong guess of mine").await.problem(401);
    let connection = app.database.connect().await;
    let rows = lock::Entity::find().all(&connection).await.expect("the table");
    assert!(rows.iter().all(|row| row.key.len() == 32) && rows.len() >= 2, "{rows:?}");

    app.advance(TimeDelta::hours(25));
    app.app.forget_answers(&app.clock.moment()).await.expect("forgotten");

    assert!(lock::Entity::find().all(&connection).await.expect("the table").is_empty());
}

/// The time of a wrong guess, each of an account or address that was not tried before.
async fn timed(app: &TestApp, email: &str) -> Duration {
    app.advance(TimeDelta::seconds(11));
    let begun = Instant::now();
    let answer = guess(app, &at(9), email, "a wrong guess of mine").await;
    let took = begun.elapsed();
    answer.problem(401);
    took
}

#[tokio::test]
async fn a_wrong_guess_takes_as_long_whether_there_is_such_an_account_or_not() {
    let app = TestApp::with(Db::Sqlite, "auth.attempts_per_address = 100000").await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let pairs = crate::support::counts::count("timed_guesses");
    for person in 0..pairs.div_ceil(20) {
        app.student(&sol, &format!("P{person}"), &alpha).await;
    }
    // In turns, so that whatever else the machine does meets both alike.
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        let person = pair / 20;
        known.push(timed(&app, &format!("p{person}@student.example")).await);
        unknown.push(timed(&app, &format!("x{person}@student.example")).await);
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1000.0
    };
    let (known, unknown) = (median(&mut known), median(&mut unknown));
    let apart = (known - unknown).abs() / known.max(unknown);
    measured(
        "wrong guesses, known beside unknown",
        pairs,
        "",
        format!("medians {known:.1} and {unknown:.1} ms, {:.1} % apart", apart * 100.0),
    );
    // A hash more or less would be far more; a short run on a busy machine is told apart from that alone.
    let most = if pairs >= 200 { 0.1 } else { 0.5 };
    assert!(apart <= most, "{known} ms beside {unknown} ms");
}
