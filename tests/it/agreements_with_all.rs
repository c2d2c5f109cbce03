//! Agreements of one member with the alliance as a whole: the secretariat signs, every member sees them and draws on their places.

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, etag, fresh_key, send};
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;

fn with_all(cast: &Cast) -> Value {
    json!({
        "proposer": cast.at("Omega")["id"], "partner": null, "valid_from_on": "2026-09-01", "valid_until_on": "2029-08-31",
    })
}

/// One that Omega has written and the secretariat has signed.
pub async fn signed(cast: &Cast) -> (Value, String) {
    let omega = cast.who("host_coordinator");
    let written = omega.post("/agreements", &with_all(cast)).await.ok();
    let path = format!("/agreements/{}", id(&written));
    omega.fire_agreement(&path, 1, &json!({ "event": "propose" })).await.ok();
    cast.who("secretariat").fire_agreement(&path, 2, &json!({ "event": "agree" })).await.ok();
    cast.app.act_on_clocks().await;
    (written, path)
}

pub fn line(agreement: &Value, home: Option<&Value>, host: Option<&Value>) -> Value {
    let end = |one: Option<&Value>| one.map_or(Value::Null, |one| one["id"].clone());
    json!({
        "source": "agreement", "agreement": agreement["id"], "home": end(home), "host": end(host), "unit": "heads",
        "capacity": 1, "reason": "For whoever comes.",
    })
}

#[rstest]
#[tokio::test]
async fn the_secretariat_signs_for_the_alliance_and_every_member_sees_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let (omega, gamma, sol) =
        (cast.who("host_coordinator"), cast.who("other_coordinator"), cast.who("secretariat"));
    let mut unsaid = with_all(&cast);
    unsaid.as_object_mut().expect("an object").remove("partner");
    let problem = omega.post("/agreements", &unsaid).await.problem(422);
    assert_eq!(problem["errors"][0]["detail"], "missing field `partner`");

    let written = omega.post("/agreements", &with_all(&cast)).await.ok();
    let path = format!("/agreements/{}", id(&written));
    assert_eq!(written["partner"], Value::Null);
    omega.fire_agreement(&path, 1, &json!({ "event": "propose" })).await.ok();
    omega.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.problem(403);
    gamma.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.problem(403);
    let case = sol.get(&format!("{path}/case")).await.ok();
    let waits = case["waiting"].as_array().expect("who is waited for");
    assert!(waits.iter().any(|wait| wait["you"] == true), "{case}");
    let agreed = sol.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.ok();

    assert_eq!(agreed["status"], "agreed");
    assert_eq!(gamma.get(&path).await.ok()["id"], written["id"]);
    cast.who("employer").get(&path).await.problem(404);
    let mails = sol.get("/notifications?limit=200").await.ok();
    let to_sign =
        mails["items"].as_array().expect("mails").iter().find(|mail| mail["notice"] == "partnership_to_sign");
    let asked = to_sign.unwrap_or_else(|| panic!("somebody is asked to sign: {mails}"));
    assert_eq!(cast.part(asked["recipient_id"].as_str().expect("a person")), "secretariat");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn its_places_are_the_hosts_to_give_and_for_whoever_has_no_narrower_line(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let (agreement, _) = signed(&cast).await;
    let (alpha, omega) = (cast.at("Alpha"), cast.at("Omega"));
    let (home, host) = (cast.who("home_coordinator"), cast.who("host_coordinator"));
    let sol = cast.who("secretariat");

    home.post("/place-lines", &line(&agreement, None, Some(omega))).await.problem(403);
    host.post("/place-lines", &line(&agreement, Some(omega), None)).await.problem(403);
    sol.post("/place-lines", &line(&agreement, Some(omega), None)).await.ok();
    for (from, to) in [(Some(alpha), Some(cast.at("Gamma"))), (None, Some(alpha)), (None, None)] {
        let problem = host.post("/place-lines", &line(&agreement, from, to)).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], "/home");
    }
    let open = host.post("/place-lines", &line(&agreement, None, Some(omega))).await.ok();
    let open = format!("/place-lines/{}", id(&open));
    assert_eq!(home.get(&open).await.ok()["free"], 1, "every member sees what it may draw on");

    let narrow = home.get(&format!("/place-lines/{}", id(&round.lines[0]))).await.ok();
    let between = format!("/agreements/{}", narrow["agreement"].as_str().expect("an id"));
    home.end_agreement(&between, "2026-09-01").await.ok();
    cast.app.advance(TimeDelta::days(1));
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    for (by, event) in
        [("student", "submit"), ("home_coordinator", "find_eligible"), ("home_coordinator", "allocate")]
    {
        walk.act(by, event).await;
    }

    let held = host.get(&open).await.ok();
    assert_eq!((&held["held"], &held["free"]), (&json!(1), &json!(0)));
    let sent = |view: &Value| {
        let pairs = view["pairs"].as_array().expect("pairs").iter();
        let of = |pair: &&Value| pair["source"] == "agreement" && pair["academic_year"].is_null();
        pairs.filter(of).map(|pair| pair["forecast"].clone()).collect::<Vec<_>>()
    };
    for by in [home, host, sol] {
        let view = by.get("/reports/balance").await.ok();
        assert!(sent(&view).contains(&json!(1)), "the case says who sent to whom: {view}");
    }
    let others = cast.who("other_coordinator").get("/reports/balance").await.ok();
    assert_eq!(others["pairs"], json!([]), "what two others have sent to each other is theirs");
    let gone = home.get(&format!("{between}/balance")).await.ok();
    assert_eq!(gone["rows"], json!([]), "nothing was taken of the one that is over");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn its_balance_is_stated_by_the_side_and_confirmed_by_the_secretariat(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let (agreement, path) = signed(&cast).await;
    let host = cast.who("host_coordinator");
    host.post("/place-lines", &line(&agreement, None, Some(cast.at("Omega")))).await.ok();

    cast.who("other_coordinator").post(&format!("{path}/statements"), &json!({})).await.problem(403);
    let made = host.post(&format!("{path}/statements"), &json!({})).await.ok();
    let statement = format!("{path}/statements/{}", id(&made));
    let confirm = async |by: &Actor| {
        let request = by.request(Method::POST, &format!("{statement}/confirm")).json(&json!({}));
        send(request.header("If-Match", etag(&json!(1))).header("Idempotency-Key", fresh_key())).await
    };
    confirm(host).await.problem(403);
    let confirmed = confirm(cast.who("secretariat")).await.ok();

    assert_eq!(confirmed["status"], "confirmed");
}

#[rstest]
#[tokio::test]
async fn the_next_one_is_with_all_again(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (agreement, path) = signed(&cast).await;
    let host = cast.who("host_coordinator");
    host.post("/place-lines", &line(&agreement, None, Some(cast.at("Omega")))).await.ok();
    cast.app.clock.set("2029-03-05T08:00:00Z".parse().expect("an instant"));
    cast.app.act_on_clocks().await;

    let version = host.get(&path).await.ok()["version"].as_i64().expect("a version");
    let version = i32::try_from(version).expect("small");
    host.fire_agreement(&path, version, &json!({ "event": "renew" })).await.ok();

    let all = host.get("/agreements").await.ok();
    let next =
        all["items"].as_array().expect("agreements").iter().find(|one| one["renews"] == agreement["id"]);
    let next = next.unwrap_or_else(|| panic!("a next one: {all}"));
    assert_eq!((&next["partner"], &next["proposer"]), (&Value::Null, &agreement["proposer"]));
    let lines = host.get(&format!("/place-lines?agreement={}", id(next))).await.ok();
    assert_eq!(lines["items"][0]["home"], Value::Null);
}
