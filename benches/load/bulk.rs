//! Five hundred nominations by one request.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Scale;
use crate::field::{Field, HOME, signed_in};
use crate::support::actor::Actor;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::told::median;

/// As many as one request takes.
const MOST: u64 = 500;
/// How often somebody looks how far it has come.
const LOOKS: Duration = Duration::from_millis(20);
/// How long the process may take for one.
const PATIENCE: Duration = Duration::from_mins(2);

/// Nominates as often as there are rounds, other students each time.
pub async fn nominations(kind: Db, scale: Scale) {
    let mut field = Field::of(kind).await;
    let server = field.season.serve();
    field.until(&server, "accept_offer").await;
    let each = MOST.min(scale.cases / 200);
    let rounds = scale.rounds as u64;
    field.spread(0..rounds * each).await;
    field.settle().await;
    let home = signed_in(&server, HOME).await;
    let mut took = Vec::new();
    for round in 0..rounds {
        let items: Vec<Value> = (round * each..(round + 1) * each)
            .map(|nth| json!({ "id": field.copy(nth), "version": field.version() }))
            .collect();
        let body = json!({ "event": "nominate", "items": items, "data": { "no_conflict": true } });
        let began = Instant::now();
        let bulk = home.post("/bulk", &body).await.ok();
        done(&home, &bulk, each, began).await;
        took.push(began.elapsed().as_secs_f64());
    }
    measured(
        &format!("Bulk nomination, {kind:?}"),
        each,
        "",
        format!("{:.2} s from the request until all are nominated, median of {rounds}", median(took)),
    );
}

/// Asks until every application of a bulk has moved.
async fn done(home: &Actor, bulk: &Value, many: u64, began: Instant) {
    let path = format!("/bulk/{}", bulk["id"].as_str().expect("an id"));
    let mut ticks = tokio::time::interval(LOOKS);
    loop {
        ticks.tick().await;
        let seen = home.get(&path).await.ok();
        if seen["numbers"]["done"] == many {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{seen}");
    }
}
