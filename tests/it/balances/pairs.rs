//! What pairs have sent to each other: by source and academic year, also by lines that are for any home, host or period.

use rstest::rstest;
use serde_json::{Value, json};

use super::{allocated, line_for};
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::without_documents;

/// Source, year, reserved, taken and net balance of each entry of a pair.
fn of(view: &Value, one: &Value, other: &Value) -> Vec<Value> {
    let pairs = view["pairs"].as_array().expect("pairs").iter();
    let between = |pair: &&Value| pair["one"]["id"] == one["id"] && pair["other"]["id"] == other["id"];
    let told = |pair: &Value| {
        json!([
            pair["source"],
            pair["academic_year"],
            pair["there"]["capacity"],
            pair["there"]["held"],
            pair["there"]["used"],
            pair["balance"],
            pair["forecast"]
        ])
    };
    pairs.filter(between).map(told).collect()
}

#[rstest]
#[tokio::test]
async fn a_place_of_a_line_with_an_open_end_is_of_whom_the_case_says(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = allocated(&cast, &round, "Anna").await;
    let (alpha, omega) = (cast.at("Alpha"), cast.at("Omega"));
    let all = cast.who("chair").get("/reports/balance").await.ok();
    let held = [json!(["agreement", 2026, 0, 1, 0, 0, 1]), json!(["agreement", null, 2, 1, 0, 0, 1])];
    assert_eq!(of(&all, alpha, omega)[..2], held, "{all}");
    for (role, event) in [
        ("student", "accept_offer"),
        ("home_coordinator", "nominate"),
        ("host_coordinator", "acknowledge"),
        ("host_coordinator", "approve"),
        ("student", "confirm"),
    ] {
        walk.act(role, event).await;
    }

    let all = cast.who("secretariat").get("/reports/balance").await.ok();
    let by_agreement = [json!(["agreement", 2026, 0, 0, 1, 1, 1]), json!(["agreement", null, 2, 0, 1, 1, 1])];
    let by_pool = [json!(["pool", 2026, 0, 0, 1, 1, 1]), json!(["pool", null, 0, 0, 1, 1, 1])];
    let both = [&by_agreement[..], &by_pool[..]].concat();
    assert_eq!(of(&all, alpha, omega), both, "one stay draws on both, which are never added up: {all}");
    assert_eq!(of(&all, alpha, cast.at("Sigma")).len(), 1, "a pair with places that nobody has taken: {all}");
    let host = cast.who("host_coordinator").get("/reports/balance").await.ok();
    assert_eq!(of(&host, alpha, omega), both);
    let home = cast.who("home_coordinator").get("/reports/balance").await.ok();
    assert_eq!(of(&home, alpha, omega), by_agreement, "the host's pool is the host's to read");
    let filtered = cast.who("chair").get("/reports/balance?source=pool").await.ok();
    assert_eq!(of(&filtered, alpha, omega), by_pool);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn places_of_a_term_count_in_its_academic_year(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let like = cast.who("secretariat").get(&format!("/place-lines/{}", id(&round.lines[0]))).await.ok();
    let autumn = cast.next_term("Omega", cast.who("host_coordinator")).await;
    let spring = json!({ "id": round.offerings[0]["period"] });
    line_for(&cast, &like, &spring, 3).await;
    line_for(&cast, &like, &autumn, 1).await;
    let home = cast.who("home_coordinator");
    let back = json!({
        "source": "agreement", "agreement": like["agreement"], "home": like["host"], "host": like["home"],
        "unit": "heads", "capacity": 4,
    });
    home.post("/place-lines", &back).await.ok();
    allocated(&cast, &round, "Anna").await;

    let view = home.get("/reports/balance").await.ok();

    assert_eq!(
        of(&view, cast.at("Alpha"), cast.at("Omega")),
        [
            json!(["agreement", 2026, 3, 1, 0, 0, 1]),
            json!(["agreement", 2027, 1, 0, 0, 0, 0]),
            json!(["agreement", null, 6, 1, 0, 0, 1]),
        ]
    );
    let mut all = view["pairs"].as_array().expect("pairs").iter();
    let all = all.rfind(|pair| pair["other"]["id"] == cast.at("Omega")["id"]).expect("all years");
    assert_eq!((&all["back"]["capacity"], &all["academic_year"]), (&json!(4), &Value::Null));
}
