//! What counts in a balance: agreements from the signature of both sides until they are over, and what was taken for ever.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::{agreement, allocated, numbers};
use crate::support::actor::{Actor, fresh_key, send};
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::without_documents;

/// The places that a coordinator reads of, altogether.
async fn capacity(by: &Actor, at: Option<DateTime<Utc>>) -> i64 {
    let at = at.map(|at| format!("?at={}", at.format("%Y-%m-%dT%H:%M:%SZ"))).unwrap_or_default();
    let mut sums = Vec::new();
    for (report, name) in [("balance", "capacity"), ("places", "offered")] {
        let view = by.get(&format!("/reports/{report}{at}")).await.ok();
        let rows = view["rows"].as_array().expect("rows").iter();
        sums.push(rows.map(|row| row["numbers"][name].as_i64().expect("a number")).sum::<i64>());
    }
    assert_eq!(sums[0], sums[1], "both reports count the same");
    sums[0]
}

pub(super) async fn fire(by: &Actor, path: &str, event: &str) -> Value {
    let version = by.get(path).await.ok()["version"].as_i64().expect("a version");
    let version = i32::try_from(version).expect("small");
    by.fire_agreement(path, version, &json!({ "event": event })).await.ok()
}

/// An agreement of Alpha with Omega in draft, with so many places for any period.
pub(super) async fn draft(cast: &Cast, places: i32) -> String {
    let (alpha, omega) = (&cast.at("Alpha")["id"], &cast.at("Omega")["id"]);
    let body = json!({
        "proposer": alpha, "partner": omega, "valid_from_on": "2026-09-01", "valid_until_on": "2028-08-31",
    });
    let home = cast.who("home_coordinator");
    let agreement = home.post("/agreements", &body).await.ok();
    let line = json!({
        "source": "agreement", "agreement": agreement["id"], "home": alpha, "host": omega, "unit": "heads",
        "capacity": places,
    });
    home.post("/place-lines", &line).await.ok();
    format!("/agreements/{}", id(&agreement))
}

#[rstest]
#[tokio::test]
async fn places_count_once_both_sides_have_signed(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (home, host) = (cast.who("home_coordinator"), cast.who("host_coordinator"));
    let path = draft(&cast, 5).await;
    assert_eq!(capacity(home, None).await, 0, "a draft gives nothing");
    fire(home, &path, "propose").await;
    let proposed: DateTime<Utc> = cast.app.clock.now();
    assert_eq!(capacity(home, None).await, 0, "nor does what one side alone has signed");
    assert_eq!(home.get(&format!("{path}/balance")).await.ok()["rows"], json!([]));
    cast.app.advance(TimeDelta::days(1));
    fire(host, &path, "agree").await;

    assert_eq!((capacity(home, None).await, capacity(host, None).await), (5, 5));
    assert_eq!(capacity(home, Some(proposed)).await, 0, "not before it was signed");

    let dropped = draft(&cast, 7).await;
    fire(home, &dropped, "withdraw").await;
    assert_eq!(capacity(home, None).await, 5);
}

#[rstest]
#[tokio::test]
async fn a_list_brings_in_places_that_count_once_they_are_signed(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (home, host) = (cast.who("home_coordinator"), cast.who("host_coordinator"));
    let list = "partner,direction,places,valid_from_on,valid_until_on\n\
                University of Omega,out,3,2026-09-01,2029-08-31\nUniversity of Omega,in,2,2026-09-01,2029-08-31\n";
    let path = format!("/place-lines/import?institution={}", id(cast.at("Alpha")));
    let request = home.request(Method::POST, &path).header("Content-Type", "text/csv").body(list);
    let report = send(request.header("Idempotency-Key", fresh_key())).await.ok();
    assert_eq!(capacity(home, None).await, 0);

    let path = format!("/agreements/{}", id(&report["agreements"][0]));
    fire(home, &path, "propose").await;
    fire(host, &path, "agree").await;

    assert_eq!(capacity(host, None).await, 5);
}

#[rstest]
#[tokio::test]
async fn a_renewal_counts_when_the_agreement_before_it_is_over(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (home, host) = (cast.who("home_coordinator"), cast.who("host_coordinator"));
    let path = draft(&cast, 5).await;
    fire(home, &path, "propose").await;
    fire(host, &path, "agree").await;
    cast.app.act_on_clocks().await;
    cast.app.clock.set("2028-03-10T08:00:00Z".parse().expect("an instant"));
    cast.app.act_on_clocks().await;

    fire(host, &path, "renew").await;
    assert_eq!(capacity(home, None).await, 5, "the copy in a draft gives nothing");
    let all = home.get("/agreements").await.ok();
    let next = all["items"].as_array().expect("agreements").last().expect("the next").clone();
    let next = format!("/agreements/{}", id(&next));
    fire(host, &next, "propose").await;
    fire(home, &next, "agree").await;
    assert_eq!(capacity(home, None).await, 5, "nor does it give them twice once it is signed");
    let before: DateTime<Utc> = cast.app.clock.now();
    cast.app.clock.set("2028-10-01T08:00:00Z".parse().expect("an instant"));
    cast.app.act_on_clocks().await;

    let lines = |view: &Value| view["rows"][0]["lines"].clone();
    let now = home.get("/reports/balance").await.ok();
    assert_eq!(capacity(home, None).await, 5);
    assert_eq!(lines(&now), lines(&home.get(&format!("{next}/balance")).await.ok()));
    let then = format!("/reports/balance?at={}", before.format("%Y-%m-%dT%H:%M:%SZ"));
    assert_ne!(lines(&now), lines(&home.get(&then).await.ok()), "then it was the one before");
    assert_eq!(home.get(&format!("{path}/balance")).await.ok()["rows"], json!([]));
}

#[rstest]
#[tokio::test]
async fn what_was_taken_counts_when_the_agreement_is_over(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = allocated(&cast, &round, "Anna").await;
    walk.act("student", "accept_offer").await;
    let before: DateTime<Utc> = cast.app.clock.now();
    let (home, omega) = (cast.who("home_coordinator"), cast.at("Omega"));
    let path = format!("/agreements/{}", agreement(&cast, &round).await);
    home.end_agreement(&path, "2026-09-01").await.ok();
    cast.app.advance(TimeDelta::days(1));

    let balance = home.get("/reports/balance").await.ok();
    assert_eq!(numbers(&balance, omega), [1, 0, 1, 0, 0], "nothing of it is left to give");
    assert_eq!(balance["rows"][0]["overdrawn"], json!([]));
    let then = format!("{path}/balance?at={}", before.format("%Y-%m-%dT%H:%M:%SZ"));
    assert_eq!(numbers(&home.get(&then).await.ok(), omega), [2, 0, 1, 0, 1]);
    let own = cast.who("host_coordinator").get("/reports/balance?source=pool").await.ok();
    assert_eq!(own["rows"][0]["numbers"]["capacity"], 2, "a pool is no agreement's");
    cast.verified().await;
}
