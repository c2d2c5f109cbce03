//! How long a stay lasts: the place in the host's next term that a longer one takes, and the clocks that follow its last day.

use chrono::TimeDelta;
use rstest::rstest;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use sojourn_engine::ids::CaseId;
use sojourn_entities::stay;

use crate::support::app::dawn;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::{Round, without_documents};
use crate::support::walk::{Walk, offer};
use crate::walks::{EXCHANGE_LEGS, events, take};

/// The home's line at the host for the next term alone, and the host's own.
async fn next_term(cast: &Cast, round: &Round, places: i32) -> [Value; 2] {
    let host = &cast.at("Omega")["id"];
    let path = format!("/periods?academic_year=2027&institution={}", host.as_str().expect("an id"));
    let period = cast.who("host_coordinator").get(&path).await.ok()["items"][0]["id"].clone();
    let out = json!({
        "source": "agreement", "agreement": round.lines[0]["agreement"], "home": cast.at("Alpha")["id"], "host": host,
        "period": period, "unit": "heads", "capacity": places,
    });
    let own = json!({
        "source": "pool", "direction": "in", "host": host, "period": period, "unit": "heads", "capacity": places,
    });
    let out = cast.who("home_coordinator").post("/place-lines", &out).await.ok();
    [out, cast.who("host_coordinator").post("/place-lines", &own).await.ok()]
}

async fn go<'a>(cast: &'a Cast, round: &Round, name: &str, there: &str) -> Walk<'a> {
    cast.app.clock.set(dawn() + TimeDelta::hours(1));
    let mut walk = Walk::open(cast, round, &cast.student(name).await).await;
    on(&mut walk, there).await;
    walk
}

async fn on(walk: &mut Walk<'_>, words: &str) {
    for word in events(words, EXCHANGE_LEGS) {
        take(walk, &word).await;
    }
}

/// First and last day of the stay as stored, with the day that is asked for.
async fn stored(walk: &Walk<'_>) -> (String, String, Option<String>) {
    let id: CaseId = walk.case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let rows = stay::Entity::find()
        .filter(stay::Column::ApplicationId.eq(id))
        .all(&walk.cast.app.database.connect().await)
        .await
        .expect("stays");
    let [row] = &rows[..] else { panic!("one stay: {rows:?}") };
    (row.start_on.to_string(), row.end_on.to_string(), row.asked_end_on.map(|on| on.to_string()))
}

fn days(end_on: &str, asked: Option<&str>) -> (String, String, Option<String>) {
    ("2027-02-15".to_owned(), end_on.to_owned(), asked.map(str::to_owned))
}

fn rules(refusal: &Value) -> Vec<&str> {
    let rules = refusal["rules"].as_array().unwrap_or_else(|| panic!("rules: {refusal}"));
    rules.iter().map(|rule| rule["code"].as_str().expect("a code")).collect()
}

fn no_place(why: &str) -> Value {
    json!({ "code": "no_place", "account": "extra_out", "why": why, "free": 0 })
}

async fn taken(walk: &Walk<'_>, lines: &[Value]) -> Vec<(i64, i64)> {
    let mut all = Vec::new();
    for line in lines {
        all.push(walk.taken(line).await);
    }
    all
}

#[rstest]
#[tokio::test]
async fn an_extension_takes_a_place_of_the_next_term_and_moves_the_last_day(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walk = go(&cast, &round, "Anna", "ABROAD").await;
    // Terms and lines may come when the student is there already.
    let extra = next_term(&cast, &round, 1).await;

    on(&mut walk, "ask_extension=2027-12-17").await;
    assert_eq!(walk.case["state"], "extension_asked");
    assert_eq!(stored(&walk).await, days("2027-06-30", Some("2027-12-17")));
    assert_eq!(walk.case["choices"][0]["asked_end_on"], "2027-12-17");
    assert_eq!(taken(&walk, &extra).await, [(1, 0), (1, 0)]);

    on(&mut walk, "extend:host_coordinator").await;
    let waits: Vec<_> = walk.case["waiting"].as_array().expect("a list").iter().map(|w| &w["role"]).collect();
    assert_eq!(
        (&walk.case["state"], &waits[..]),
        (&json!("extension_asked"), &[&json!("home_academic")][..])
    );
    assert_eq!(stored(&walk).await, days("2027-06-30", Some("2027-12-17")), "one side alone extends nothing");

    on(&mut walk, "extend:home_academic").await;
    assert_eq!(stored(&walk).await, days("2027-12-17", None));
    assert_eq!(walk.case["choices"][0]["end_on"], "2027-12-17");
    assert_eq!(walk.case["choices"][0]["asked_end_on"], Value::Null);
    assert_eq!(
        walk.case["due_at"], "2027-12-27T15:59:59Z",
        "ten days after the new last day, in the host's zone"
    );
    assert_eq!(taken(&walk, &extra).await, [(0, 1), (0, 1)]);
    assert_eq!(walk.taken(&round.lines[0]).await, (0, 1), "the term that was chosen stays used");

    on(&mut walk, "@2027-07-05").await;
    let early = offer(&walk.seen_by("host_coordinator").await, "depart")["refusal"].clone();
    assert_eq!(rules(&early), ["departure_too_early"]);

    on(&mut walk, "shorten=2027-11-30").await;
    assert_eq!(
        (&walk.case["state"], &walk.case["due_at"]),
        (&json!("extended"), &json!("2027-12-10T15:59:59Z"))
    );
    assert_eq!(taken(&walk, &extra).await, [(0, 1), (0, 1)]);
    on(&mut walk, "@2027-11-26 depart").await;
    assert_eq!(walk.case["state"], "departed");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn an_extra_term_that_is_not_used_is_free_for_the_next(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let extra = next_term(&cast, &round, 1).await;
    let mut walk = go(&cast, &round, "Anna", "ABROAD ask_extension=2027-12-17").await;
    let other = go(&cast, &round, "Ben", "ABROAD").await;
    let asked = json!({ "event": "ask_extension", "data": { "new_last_on": "2027-12-17" } });
    let refused = other.attempt("student", &asked).await.problem(409);
    assert_eq!(refused["refusal"], no_place("full"));

    on(&mut walk, "refuse_extension").await;
    assert_eq!((&walk.case["state"], stored(&walk).await), (&json!("on_mobility"), days("2027-06-30", None)));
    assert_eq!(taken(&walk, &extra).await, [(0, 0), (0, 0)]);
    other.attempt("student", &asked).await.ok();
    assert_eq!(taken(&walk, &extra).await, [(1, 0), (1, 0)]);

    let mut other = other;
    other.look().await;
    on(&mut other, "extend:home_academic extend:host_coordinator shorten=2027-06-25").await;
    assert_eq!(
        (&other.case["state"], stored(&other).await),
        (&json!("on_mobility"), days("2027-06-25", None))
    );
    assert_eq!(other.case["due_at"], "2027-07-05T15:59:59Z");
    assert_eq!(taken(&walk, &extra).await, [(0, 0), (0, 0)]);
    let steps = other.history().await;
    let last = steps.last().expect("a step");
    assert_eq!((&last["event"], &last["role"]), (&json!("return_term"), &json!("system")));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_stay_is_extended_only_in_time_and_into_a_term_under_agreement(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walk = go(&cast, &round, "Anna", "ABROAD").await;
    let ask = async |walk: &Walk<'_>, on: &str| {
        let body = json!({ "event": "ask_extension", "data": { "new_last_on": on } });
        walk.attempt("student", &body).await
    };
    for (on, code) in [("2027-06-30", "extension_not_later"), ("2028-01-15", "extension_too_long")] {
        let unmet = ask(&walk, on).await.problem(409);
        assert_eq!(rules(&unmet["refusal"]), [code]);
    }
    for (event, on, code) in [
        ("shorten", "2027-06-30", "shortening_not_earlier"),
        ("shorten", "2027-02-14", "shortening_before_start"),
    ] {
        let body = json!({ "event": event, "data": { "new_last_on": on, "all_agree": true } });
        let unmet = walk.attempt("home_academic", &body).await.problem(409);
        assert_eq!(rules(&unmet["refusal"]), [code]);
    }

    // The agreement ends with the term that was chosen.
    let path = format!("/agreements/{}", round.lines[0]["agreement"].as_str().expect("an id"));
    let home = cast.who("home_coordinator");
    home.end_agreement(&path, "2027-08-31").await.ok();
    let refused = ask(&walk, "2027-12-17").await.problem(409);
    assert_eq!(refused["refusal"], no_place("no_agreement"));

    on(&mut walk, "@2027-06-02").await;
    let late = ask(&walk, "2027-12-17").await.problem(409);
    assert_eq!(rules(&late["refusal"]), ["extension_too_late"]);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_host_without_a_next_term_takes_nobody_longer_and_one_that_counts_late_bars_nobody(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    // Sigma, the second choice, has no term after the one it offers, and counts no places of its own.
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    on(&mut walk, "submit find_eligible").await;
    let second = walk.choice(2).clone();
    walk.act_with("home_coordinator", "allocate", &json!({ "choice": second })).await;
    on(&mut walk, "accept_offer nominate acknowledge approve confirm @2027-02-15 arrive").await;
    let body = json!({ "event": "ask_extension", "data": { "new_last_on": "2027-12-17" } });
    let unmet = walk.attempt("student", &body).await.problem(409);
    assert_eq!(rules(&unmet["refusal"]), ["no_next_term"]);

    cast.next_term("Sigma", cast.who("second_coordinator")).await;
    walk.attempt("student", &body).await.ok();
    walk.look().await;
    assert_eq!(walk.taken(&round.lines[1]).await, (1, 1), "the line at Sigma is for every term");
    let own = json!({
        "source": "pool", "direction": "in", "host": cast.at("Sigma")["id"], "unit": "heads", "capacity": 5,
    });
    let own = cast.who("second_coordinator").post("/place-lines", &own).await.ok();
    on(&mut walk, "extend:home_academic extend:host_coordinator").await;
    assert_eq!(walk.case["state"], "extended");
    assert_eq!(walk.taken(&own).await, (0, 0), "not counted when the place was held");
    cast.verified().await;
}
