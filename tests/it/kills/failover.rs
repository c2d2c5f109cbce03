//! A primary of PostgreSQL that dies under load, and its standby that takes over: the service finds it by itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Acknowledged, Load, WALKERS, everything_is_there, set_out};
use crate::support::cluster::Cluster;
use crate::support::counts::count;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::season::Season;
use crate::support::seed::{random, seed};

/// Calls a student applies to, one after the other.
const CALLS: usize = 30;
/// How long until events are acknowledged again.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits until so many events are acknowledged.
async fn acknowledged(load: &Load, many: u64) {
    let mut sent = load.sent.subscribe();
    let enough = sent.wait_for(|_| load.acknowledged.load(Ordering::Relaxed) >= many);
    let waited = tokio::time::timeout(PATIENCE, enough).await;
    drop(waited.unwrap_or_else(|_| panic!("{many} events are not acknowledged: {load:?}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_dies_under_load_is_followed_by_its_standby_and_nothing_acknowledged_is_lost() {
    let seed = seed();
    let mut dice = random(seed);
    let mut season = Season::open(Db::Postgres, WALKERS, CALLS).await;
    let primary = Cluster::start();
    primary.take_over(&season.database.url);
    let standby = primary.standby();
    let name = season.database.url.rsplit('/').next().expect("a name").to_owned();
    let (one, other) = (standby.port, primary.port);
    // The standby comes first, so that it is not taken for want of looking.
    season.database.url = format!("postgres://sojourn@127.0.0.1:{one},127.0.0.1:{other}/{name}");
    let season = Arc::new(season);
    let server = season.serve();
    let (_address, here) = watch::channel(Some(server.address.clone()));
    let (stop, goes_on) = watch::channel(true);
    let (load, walks) = set_out(&season, here, goes_on, &mut dice);

    let each = count("events_around_a_failover");
    acknowledged(&load, each).await;
    let began = Instant::now();
    primary.kill();
    let before = load.acknowledged.load(Ordering::Relaxed);
    standby.promote();
    let promoted = began.elapsed();
    // Each walker may have had one answer on its way.
    acknowledged(&load, before + WALKERS as u64 + 1).await;
    let back = began.elapsed();
    acknowledged(&load, before + each).await;
    stop.send_replace(false);
    let told: BTreeMap<String, Vec<Acknowledged>> = walks.join_all().await.into_iter().flatten().collect();

    let sent: usize = told.values().map(Vec::len).sum();
    let rows = everything_is_there(&server.address, &told).await;
    drop(server);
    assert_eq!(season.verified()["steps"], rows);
    measured(
        "Failover of PostgreSQL under load",
        sent as u64,
        seed,
        format!(
            "all kept, none twice; promoted after {:.1} s, acknowledged again after {:.1} s",
            promoted.as_secs_f64(),
            back.as_secs_f64()
        ),
    );
}
