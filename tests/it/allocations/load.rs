//! Confirming a large run: how long it takes, and how long others wait who write meanwhile.

use std::time::{Duration, Instant};

use rstest::rstest;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use sojourn_engine::ids::CaseId;
use sojourn_entities::{case, history};

use super::Stand;
use crate::support::actor::Actor;
use crate::support::cast::Cast;
use crate::support::counts::count;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::pace::alone;
use crate::support::pattern::Pattern;

/// The longest that confirming and carrying out may take in all.
const IN_ALL: Duration = Duration::from_secs(20);

/// The longest that somebody else who writes may wait.
const fn longest_wait(db: Db) -> Duration {
    match db {
        Db::Sqlite => Duration::from_millis(500),
        Db::Postgres => Duration::from_millis(250),
    }
}

/// Somebody who writes again and again until told to stop; how long each write took, in order of length.
async fn write(actor: Actor, path: String, stop: impl Future<Output = ()>) -> Vec<Duration> {
    tokio::pin!(stop);
    let mut took = Vec::new();
    loop {
        let write = async {
            let began = Instant::now();
            actor.post(&path, &json!({ "name": "Physics" })).await.ok();
            began.elapsed()
        };
        tokio::select! {
            () = &mut stop => break,
            one = write => took.push(one),
        }
    }
    took.sort_unstable();
    took
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_large_run_is_confirmed_while_others_write(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let many = count("allocated_at_once");
    let cast = Cast::of(db).await;
    let stand = Stand::of(&cast, &json!({})).await;
    let conn = cast.app.database.connect().await;
    let own: CaseId = stand.walks[0].case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let before = many - u64::try_from(stand.walks.len()).expect("few");
    Pattern::of(&conn, own).await.multiply(&conn, before).await;
    // Two thirds find a place.
    for line in &stand.round.lines[..2] {
        let path = format!("/place-lines/{}", super::id(line));
        let seen = stand.home().get(&path).await.ok();
        let body = json!({ "amount": many / 3 - 2, "reason": "As agreed." });
        let post = stand.home().request(reqwest::Method::POST, &format!("{path}/postings"));
        let post = post.header("If-Match", super::etag(&seen["version"])).json(&body);
        super::send(post.header("Idempotency-Key", super::fresh_key())).await.ok();
    }
    if db == Db::Postgres {
        conn.execute_unprepared("ANALYZE").await.expect("analysed");
    }
    stand.close();

    let began = Instant::now();
    let run = stand.trial().await;
    let tried = began.elapsed();
    assert_eq!(run["total"], many);
    let units = format!("/institutions/{}/units", super::id(cast.at("Alpha")));
    let writer = cast.who("secretariat").clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let writing = tokio::spawn(write(writer, units, async move {
        stopped.await.ok();
    }));
    let began = Instant::now();
    stand.confirm(stand.home(), &run).await.ok();
    let held = began.elapsed();
    stand.carry().await;
    let took = began.elapsed();
    stop.send(()).ok();
    let waits = writing.await.expect("they wrote");

    let done = stand.home().get(&stand.at(&run)).await.ok();
    assert_eq!((&done["status"], &done["missed"]), (&json!("done"), &json!([])), "{}", done["missed"]);
    for (event, state, expected) in
        [("allocate", "allocated", many / 3 * 2), ("waitlist", "waitlisted", many - many / 3 * 2)]
    {
        let steps = history::Entity::find().filter(history::Column::Event.eq(event));
        assert_eq!(steps.count(&conn).await.expect("counted"), expected);
        let cases = case::Entity::find().filter(case::Column::State.eq(state));
        assert_eq!(cases.count(&conn).await.expect("counted"), expected);
    }
    let longest = waits.last().copied().unwrap_or_default();
    measured(
        &format!("Confirming an allocation while others write, {db:?}"),
        many,
        "",
        format!(
            "{:.1} s ({:.1} s of it until its places were held; the trial took {:.1} s); {} other writes, the longest waited \
             {} ms, the 99th of 100 {} ms",
            took.as_secs_f64(),
            held.as_secs_f64(),
            tried.as_secs_f64(),
            waits.len(),
            longest.as_millis(),
            waits.get(waits.len() * 99 / 100).copied().unwrap_or_default().as_millis()
        ),
    );
    if alone() {
        assert!(took <= IN_ALL, "confirmed and carried out in {took:?}");
        assert!(longest <= longest_wait(db), "somebody else waited {longest:?}");
    }
}
