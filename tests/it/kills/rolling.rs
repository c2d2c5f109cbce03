//! Processes that are replaced one after the other while people work: each finishes what it has begun.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use sea_orm::ConnectionTrait;
use tokio::sync::watch;

use super::{Acknowledged, PATIENCE, WALKERS, everything_is_there, set_out};
use crate::support::counts::count;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::process::previous;
use crate::support::season::Season;
use crate::support::seed::{random, seed};

/// Calls a student applies to, one after the other; more than any run needs.
const CALLS: usize = 60;
/// What a newer version adds to the schema while this one works.
const EXPANDED: &str = "ALTER TABLE cases ADD COLUMN mood text; \
     ALTER TABLE history ADD COLUMN weather text NOT NULL DEFAULT 'fair'; \
     ALTER TABLE outbox ADD COLUMN stamp integer; \
     CREATE TABLE moods (case_id uuid PRIMARY KEY REFERENCES cases (id), mood text NOT NULL); \
     CREATE INDEX cases_mood ON cases (mood); \
     INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_add_moods', 0)";
/// Requests between two replacements.
const BETWEEN: u64 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn processes_are_replaced_under_load_and_nothing_that_was_begun_is_lost() {
    let seed = seed();
    let mut dice = random(seed);
    let season = Arc::new(Season::open(Db::Postgres, WALKERS, CALLS).await);
    let (address, here) = watch::channel(None);
    let (stop, goes_on) = watch::channel(true);
    let mut old = [season.serve_previous(), season.serve_previous()];
    address.send_replace(Some(old[0].address.clone()));
    let (load, walks) = set_out(&season, here, goes_on, &mut dice);

    let mut sent = load.sent.subscribe();
    let times = count("rolling_restarts");
    for nth in 0..times {
        if nth == times / 2 {
            // From here on a newer version works beside this one, whose processes still come and go.
            season.database.connect().await.execute_unprepared(EXPANDED).await.expect("expanded");
        }
        let until = *sent.borrow() + BETWEEN;
        drop(tokio::time::timeout(PATIENCE, sent.wait_for(|sent| *sent >= until)).await.expect("they go on"));
        // The one that is asked now goes away, after another has taken its place.
        let (gone, asked) = (usize::from(nth % 2 == 1), usize::from(nth % 2 == 0));
        address.send_replace(Some(old[asked].address.clone()));
        let next = if nth % 4 < 2 { season.serve() } else { season.serve_previous() };
        let (status, complaint) = std::mem::replace(&mut old[gone], next).stop();
        assert!(status.success() && complaint.is_empty(), "it ends in order: {complaint}");
    }
    stop.send_replace(false);
    let told: BTreeMap<String, Vec<Acknowledged>> = walks.join_all().await.into_iter().flatten().collect();

    let rows = everything_is_there(&old[0].address, &told).await;
    let done: usize = told.values().map(Vec::len).sum();
    drop(old);
    assert_eq!(season.verified()["steps"], rows);
    let repeated = load.cut_off.load(Ordering::Relaxed);
    // A request may reach a process that has just closed its door: it was not begun, and goes to the next one.
    assert!(repeated <= times * WALKERS as u64, "{repeated} in {times}");
    let by = if previous().is_some() { "this version and the one before in turns: " } else { "" };
    let result = format!(
        "{by}{done} events acknowledged, all kept, none twice; {repeated} requests asked again elsewhere"
    );
    measured("Rolling restarts of two processes under HTTP load", times, seed, result);
}
