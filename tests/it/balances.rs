//! Balances: what the postings say at any instant, places carried over, and statements that both sides confirm.

mod counted;
mod pages;
mod pairs;
mod statements;

use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, etag, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::{Round, without_documents};
use crate::support::walk::Walk;

/// The numbers of the first row in which Alpha sends to a host: capacity, carried, held, used, free.
fn numbers(balance: &Value, host: &Value) -> [i64; 5] {
    let rows = balance["rows"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["host"]["id"] == host["id"] && !row["home"].is_null());
    let numbers = &row.unwrap_or_else(|| panic!("no such row: {balance}"))["numbers"];
    ["capacity", "carried", "held", "used", "free"].map(|name| numbers[name].as_i64().expect("a number"))
}

async fn allocated<'c>(cast: &'c Cast, round: &Round, name: &str) -> Walk<'c> {
    let mut walk = Walk::open(cast, round, &cast.student(name).await).await;
    walk.act("student", "submit").await;
    walk.act("home_coordinator", "find_eligible").await;
    walk.act("home_coordinator", "allocate").await;
    walk
}

async fn agreement(cast: &Cast, round: &Round) -> String {
    let line = cast.who("secretariat").get(&format!("/place-lines/{}", id(&round.lines[0]))).await.ok();
    line["agreement"].as_str().expect("an id").to_owned()
}

async fn accepting(by: &Actor, path: &str, kind: &str) -> Answer {
    send(by.request(reqwest::Method::GET, path).header("Accept", kind)).await
}

#[rstest]
#[tokio::test]
async fn a_balance_is_what_the_postings_say_at_any_instant(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let empty: DateTime<Utc> = cast.app.clock.now();
    cast.app.advance(TimeDelta::days(1));
    let mut walk = allocated(&cast, &round, "Anna").await;
    let held: DateTime<Utc> = cast.app.clock.now();
    for (role, event) in [
        ("student", "accept_offer"),
        ("home_coordinator", "nominate"),
        ("host_coordinator", "acknowledge"),
        ("host_coordinator", "approve"),
        ("student", "confirm"),
    ] {
        walk.act(role, event).await;
    }
    let (home, omega) = (cast.who("home_coordinator"), cast.at("Omega"));
    let path = format!("/agreements/{}/balance", agreement(&cast, &round).await);
    let at = |instant: DateTime<Utc>| format!("{path}?at={}", instant.format("%Y-%m-%dT%H:%M:%SZ"));

    assert_eq!(numbers(&home.get(&path).await.ok(), omega), [2, 0, 0, 1, 1]);
    assert_eq!(numbers(&home.get(&at(held)).await.ok(), omega), [2, 0, 1, 0, 1]);
    assert_eq!(numbers(&home.get(&at(empty)).await.ok(), omega), [2, 0, 0, 0, 2]);
    assert_eq!(home.get(&at(empty - TimeDelta::days(30))).await.ok()["rows"], json!([]));
    let problem = home.get(&at(cast.app.clock.now() + TimeDelta::days(1))).await.problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/at");
    assert_eq!(
        cast.who("host_coordinator").get(&path).await.ok(),
        home.get(&path).await.ok(),
        "both ends read the same"
    );
    cast.who("other_coordinator").get(&path).await.problem(404);

    for part in ["secretariat", "chair"] {
        let all = cast.who(part).get("/reports/balance").await.ok();
        assert_eq!(numbers(&all, omega), [2, 0, 0, 1, 1]);
        let pair =
            all["pairs"].as_array().expect("pairs").iter().find(|pair| pair["other"]["id"] == omega["id"]);
        assert_eq!(
            (&pair.expect("a pair")["balance"], &pair.expect("a pair")["back"]["capacity"]),
            (&json!(1), &json!(0))
        );
        let totals = all["totals"].as_array().expect("totals");
        let agreed = totals.iter().find(|total| total["source"] == "agreement").expect("a total");
        assert_eq!(
            (&agreed["numbers"]["capacity"], totals.len()),
            (&json!(4), 2),
            "sources are never added up"
        );
    }
    let sigma = cast.who("second_coordinator").get("/reports/balance").await.ok();
    assert_eq!(
        sigma["rows"].as_array().map(Vec::len),
        Some(1),
        "a coordinator reads of their own institution alone"
    );
    walk.student.get("/reports/balance").await.problem(403);
    let student = walk.student.clone();
    student.get(&path).await.problem(404);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_balance_is_a_table_and_a_picture_too(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    allocated(&cast, &round, "Anna").await;
    let path = format!("/place-lines/{}/postings", id(&round.lines[1]));
    let fewer = json!({ "amount": -2, "reason": "None." });
    cast.who("home_coordinator").post(&path, &fewer).await.ok();
    let sol = cast.who("secretariat");

    let table = accepting(sol, "/reports/balance", "text/csv").await;
    assert_eq!((table.status, table.header("content-type")), (200, "text/csv; charset=utf-8"));
    let mut rows = csv::Reader::from_reader(table.body.as_slice());
    assert_eq!(rows.headers().expect("a head").iter().next(), Some("kind"));
    let omega = cast.at("Omega")["id"].as_str().expect("an id");
    let rows: Vec<csv::StringRecord> = rows.records().map(|row| row.expect("a row")).collect();
    let row = rows.iter().find(|row| &row[0] == "places" && &row[4] == omega && !row[2].is_empty());
    let row = row.expect("the row");
    assert_eq!((&row[9], &row[11], &row[13], &row[14]), ("2", "1", "1", "1"));
    let pair = rows.iter().find(|row| &row[0] == "pair" && &row[4] == omega && &row[6] == "2026");
    let pair = pair.expect("the pair in that year");
    assert_eq!((&pair[1], &pair[11], &pair[20], &pair[21]), ("agreement", "1", "0", "1"));

    let picture = accepting(sol, "/reports/balance", "image/svg+xml").await;
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    assert_eq!(picture.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    let text = picture.text();
    for part in [
        "<title id",
        "<desc id",
        "role=\"img\"",
        "University of Omega",
        "0 + 1 / 2",
        "0 + 1 ⇄ 0 + 0 = +0 (+1)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("http") || text.matches("http").count() == 1, "it loads nothing: {text}");
}

#[rstest]
#[tokio::test]
async fn places_are_reported_by_whatever_tells_them_apart(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    allocated(&cast, &round, "Anna").await;
    let like = cast.who("secretariat").get(&format!("/place-lines/{}", id(&round.lines[0]))).await.ok();
    let home = cast.who("home_coordinator");
    let masters = json!({
        "source": "agreement", "agreement": like["agreement"], "home": like["home"], "host": like["host"],
        "levels": ["second"], "fields": ["06", "0311"], "unit": "heads", "capacity": 3,
    });
    home.post("/place-lines", &masters).await.ok();
    let fewer = format!("/place-lines/{}/postings", id(&round.lines[0]));
    home.post(&fewer, &json!({ "amount": -2, "reason": "None." })).await.ok();

    let view = home.get("/reports/places?source=agreement").await.ok();
    let of = |view: &Value, part: &str, is: Value| {
        let rows = view["rows"].as_array().expect("rows").clone();
        rows.into_iter()
            .find(|row| row[part] == is && row["host"]["id"] == cast.at("Omega")["id"])
            .unwrap_or_else(|| panic!("no such row: {view}"))
    };
    let narrow = of(&view, "levels", json!(["second"]));
    assert_eq!(narrow["fields"], json!(["0311", "06"]));
    let open = json!({ "offered": 3, "held": 0, "used": 0, "unfilled": 3, "beyond": 0 });
    assert_eq!(narrow["numbers"], open);
    let wide = json!({ "offered": 0, "held": 1, "used": 0, "unfilled": 0, "beyond": 1 });
    assert_eq!(of(&view, "levels", json!([]))["numbers"], wide);

    let pairs = home.get("/reports/places?source=agreement&by=pair").await.ok();
    let both = json!({ "offered": 3, "held": 1, "used": 0, "unfilled": 3, "beyond": 1 });
    assert_eq!(of(&pairs, "levels", json!([]))["numbers"], both, "{pairs}");
    assert_eq!(pairs["by"], json!(["pair"]));
    let levels = home.get("/reports/places?source=agreement&by=level").await.ok();
    assert_eq!(levels["rows"].as_array().map(Vec::len), Some(2));
    assert_eq!(levels["totals"][0]["numbers"]["unfilled"], 5, "{levels}");
    let problem = home.get("/reports/places?by=pair,host").await.problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/by");

    let sigma = cast.who("second_coordinator").get("/reports/places").await.ok();
    assert_eq!(sigma["rows"].as_array().map(Vec::len), Some(1), "their own institution alone: {sigma}");
    cast.student("Berta").await.get("/reports/places").await.problem(403);

    let table = accepting(home, "/reports/places", "text/csv").await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    let text = table.text();
    assert!(
        text.starts_with("source,home_id,") && text.contains(",second,0311 06,heads,3,0,0,3,0,1"),
        "{text}"
    );
    let picture = accepting(home, "/reports/places", "image/svg+xml").await;
    assert_eq!(picture.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    let text = picture.text();
    for part in ["<title id", "<desc id", "master", "field 0311 + 06", "0 + 0 of 3", "beyond what there is"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// A line of the same agreement for a term, so many places.
async fn line_for(cast: &Cast, like: &Value, period: &Value, places: i32) -> Value {
    let body = json!({
        "source": "agreement", "agreement": like["agreement"], "home": like["home"], "host": like["host"],
        "period": period["id"], "unit": "heads", "capacity": places,
    });
    cast.who("home_coordinator").post("/place-lines", &body).await.ok()
}

#[rstest]
#[tokio::test]
async fn what_is_left_of_a_period_is_carried_to_a_later_one_and_no_more(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let like = cast.who("secretariat").get(&format!("/place-lines/{}", id(&round.lines[0]))).await.ok();
    let spring = json!({ "id": round.offerings[0]["period"] });
    let autumn = cast.next_term("Omega", cast.who("host_coordinator")).await;
    let (now, then) = (line_for(&cast, &like, &spring, 3).await, line_for(&cast, &like, &autumn, 1).await);
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    walk.act("student", "submit").await;
    walk.act("home_coordinator", "find_eligible").await;
    walk.act("home_coordinator", "allocate").await;
    assert_eq!(walk.taken(&now).await, (1, 0), "the line for the period is narrower");
    let home = cast.who("home_coordinator");
    let path = format!("/place-lines/{}/carries", id(&now));
    let carry = |to: &Value, amount: i32| json!({ "to": to["id"], "amount": amount, "reason": "Unused." });

    let more = home.post(&path, &carry(&then, 3)).await.problem(409);
    assert!(more["detail"].as_str().is_some_and(|text| text.contains("2 are free")), "{more}");
    let carried = home.post(&path, &carry(&then, 2)).await.ok();
    assert_eq!((&carried["from"]["free"], &carried["to"]["free"]), (&json!(0), &json!(3)));
    for (to, amount, pointer) in
        [(&now, 1, "/to"), (&like, 1, "/to"), (&then, 0, "/amount"), (&then, -1, "/amount")]
    {
        let problem = home.post(&path, &carry(to, amount)).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    let back = format!("/place-lines/{}/carries", id(&then));
    home.post(&back, &carry(&now, 1)).await.problem(422);
    cast.who("other_coordinator").post(&path, &carry(&then, 1)).await.problem(404);

    let path = format!("/agreements/{}/balance", like["agreement"].as_str().expect("an id"));
    let balance = home.get(&path).await.ok();
    let carried: Vec<i64> = balance["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["numbers"]["carried"].as_i64())
        .collect();
    assert_eq!((carried.iter().sum::<i64>(), carried.iter().max()), (0, Some(&2)), "{balance}");
    cast.verified().await;
}

async fn answer(by: &Actor, path: &str, version: i32, part: &str, body: &Value) -> Answer {
    let request = by.request(reqwest::Method::POST, &format!("{path}/{part}"));
    let request = request.header("Idempotency-Key", fresh_key()).header("If-Match", etag(&json!(version)));
    send(request.json(body)).await
}

/// Notices of that name, by the part of who gets them.
async fn told(cast: &Cast, notice: &str) -> Vec<&'static str> {
    let page = cast.who("secretariat").get("/notifications?limit=200").await.ok();
    let items = page["items"].as_array().expect("notices").iter().filter(|one| one["notice"] == notice);
    items.map(|one| cast.part(one["recipient_id"].as_str().expect("a person"))).collect()
}

#[rstest]
#[tokio::test]
async fn both_sides_confirm_a_statement_or_the_chair_settles_it(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    allocated(&cast, &round, "Anna").await;
    let path = format!("/agreements/{}/statements", agreement(&cast, &round).await);
    let (home, host) = (cast.who("home_coordinator"), cast.who("host_coordinator"));

    cast.who("other_coordinator").post(&path, &json!({})).await.problem(404);
    cast.who("secretariat").post(&path, &json!({})).await.problem(403);
    let made = home.post(&path, &json!({})).await;
    let first = made.header("location").trim_start_matches("/api/v1").to_owned();
    let made = made.ok();
    assert_eq!((&made["status"], &made["side"]), (&json!("made"), &cast.at("Alpha")["id"]));
    assert_eq!(numbers(&made["balance"], cast.at("Omega")), [2, 0, 1, 0, 1]);
    assert_eq!(told(&cast, "balance_to_confirm").await, ["host_coordinator"]);

    answer(home, &first, 1, "confirm", &json!({})).await.problem(403);
    answer(host, &first, 7, "confirm", &json!({})).await.problem(412);
    let confirmed = answer(host, &first, 1, "confirm", &json!({})).await.ok();
    assert_eq!((&confirmed["status"], &confirmed["sha256"]), (&json!("confirmed"), &made["sha256"]));
    answer(host, &first, 2, "dispute", &json!({ "reason": "No." })).await.problem(409);
    assert_eq!(told(&cast, "balance_confirmed").await, ["home_coordinator"]);

    allocated(&cast, &round, "Berta").await;
    let second = host.post(&path, &json!({})).await;
    let second = second.header("location").trim_start_matches("/api/v1").to_owned();
    answer(home, &second, 1, "dispute", &json!({ "reason": " " })).await.problem(422);
    answer(home, &second, 1, "dispute", &json!({ "reason": "One withdrew." })).await.ok();
    assert_eq!(told(&cast, "balance_disputed").await, ["chair"]);
    let settled = json!({ "reason": "Both count." });
    answer(home, &second, 2, "settle", &settled).await.problem(403);
    answer(cast.who("secretariat"), &second, 2, "settle", &settled).await.problem(403);
    let view = answer(cast.who("chair"), &second, 2, "settle", &settled).await.ok();
    assert_eq!(
        (&view["status"], &view["dispute"], &view["settlement"]),
        (&json!("settled"), &json!("One withdrew."), &json!("Both count."))
    );
    let mut heard = told(&cast, "balance_settled").await;
    heard.sort_unstable();
    assert_eq!(heard, ["home_coordinator", "host_coordinator"]);

    let all = host.get(&path).await.ok();
    let states: Vec<&Value> =
        all["items"].as_array().expect("items").iter().map(|one| &one["status"]).collect();
    assert_eq!(states, [&json!("settled"), &json!("confirmed")]);
    assert_eq!(home.get(&first).await.ok()["balance"], made["balance"], "what was stated stays as it was");
    cast.who("other_coordinator").get(&first).await.problem(404);
    let ahead = json!({ "as_of": cast.app.clock.now() + TimeDelta::days(1) });
    let problem = home.post(&path, &ahead).await.problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/as_of");
    cast.verified().await;
}
