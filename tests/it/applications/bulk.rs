//! One event on many applications: each item has the whole answer of the single call.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use super::pointers;
use crate::support::actor::{Actor, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;

async fn fire_all(by: &Actor, key: &str, body: &Value) -> Answer {
    send(by.request(Method::POST, "/applications/events").header("Idempotency-Key", key).json(body)).await
}

#[rstest]
#[tokio::test]
async fn each_item_is_answered_on_its_own_as_the_single_call_is(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(5, &without_documents()).await;
    let home = cast.who("home_coordinator");
    let mut walks = Vec::new();
    for name in ["Anna", "Berta", "Carla"] {
        let mut walk = Walk::open(&cast, &round, &cast.student(name).await).await;
        if name != "Carla" {
            walk.act("student", "submit").await;
        }
        walks.push(walk);
    }
    let [anna, berta, carla] = &walks[..] else { panic!("three") };
    let nothing = json!("019a7c3e-5b1f-7a20-8c44-1d2e3f405162");
    let key = fresh_key();
    let body = json!({ "event": "find_eligible", "items": [
        { "id": anna.case["id"], "version": 2 }, { "id": berta.case["id"], "version": 1 },
        { "id": carla.case["id"], "version": 1 }, { "id": nothing, "version": 1 },
    ] });

    let answer = fire_all(home, &key, &body).await;
    let items = answer.ok()["items"].as_array().expect("items").clone();

    let statuses: Vec<_> = items.iter().map(|item| item["status"].as_i64().expect("a status")).collect();
    assert_eq!(statuses, [200, 412, 404, 404], "a draft is not shown to its home");
    assert_eq!((&items[0]["etag"], &items[0]["id"]), (&json!("\"3\""), &anna.case["id"]));
    assert_eq!(items[0]["body"], home.get(&anna.path()).await.ok());
    assert_eq!(items[1]["body"]["type"], "/problems/stale");
    assert_eq!(items[1]["etag"], Value::Null);
    let again = fire_all(home, &key, &body).await.ok();
    assert_eq!(again["items"][0], items[0], "the kept answer of the item");
    assert_eq!(anna.history().await.len(), 3);

    let refused = json!({ "event": "find_ineligible", "items": [{ "id": berta.case["id"], "version": 2 }] });
    let item = fire_all(home, &fresh_key(), &refused).await.ok()["items"][0].clone();
    assert_eq!((&item["status"], &item["body"]["refusal"]["code"]), (&json!(409), &json!("reason_needed")));
    let reasoned = json!({ "event": "return", "reason": { "code": "answers", "text": "Which weeks?" },
        "items": [{ "id": berta.case["id"], "version": 2 }] });
    let item = fire_all(home, &fresh_key(), &reasoned).await.ok()["items"][0].clone();
    assert_eq!((&item["status"], &item["body"]["state"]), (&json!(200), &json!("returned")));
}

#[rstest]
#[tokio::test]
async fn an_items_own_data_goes_before_that_of_all(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(5, &without_documents()).await;
    let mut items = Vec::new();
    let mut hosts = Vec::new();
    for (name, rank) in [("Anna", 1), ("Berta", 2)] {
        let mut walk = Walk::open(&cast, &round, &cast.student(name).await).await;
        walk.act("student", "submit").await;
        walk.act("home_coordinator", "find_eligible").await;
        items.push(json!({ "id": walk.case["id"], "version": 3, "data": { "choice": walk.choice(rank) } }));
        hosts.push(walk.case["choices"][rank - 1]["host"]["id"].clone());
    }

    let body = json!({ "event": "allocate", "data": { "choice": "none" }, "items": items });
    let answer = fire_all(cast.who("home_coordinator"), &fresh_key(), &body).await.ok();

    let placed: Vec<_> = answer["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["body"]["host"]["id"].clone())
        .collect();
    assert_eq!(placed, hosts);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_bulk_has_up_to_five_hundred_items_and_is_for_coordinators(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let home = cast.who("home_coordinator");
    let item = json!({ "id": "019a7c3e-5b1f-7a20-8c44-1d2e3f405162", "version": 1 });
    let many = |count: usize| json!({ "event": "nominate", "items": vec![item.clone(); count] });

    assert_eq!(pointers(&fire_all(home, &fresh_key(), &many(501)).await.problem(422)), ["/items"]);
    assert_eq!(pointers(&fire_all(home, &fresh_key(), &many(0)).await.problem(422)), ["/items"]);
    assert_eq!(
        fire_all(home, &fresh_key(), &many(500)).await.ok()["items"].as_array().map(Vec::len),
        Some(500)
    );
    fire_all(&cast.student("Anna").await, &fresh_key(), &many(1)).await.problem(403);
    fire_all(&cast.app.stranger(), &fresh_key(), &many(1)).await.problem(401);
    send(home.request(Method::POST, "/applications/events").json(&many(1))).await.problem(400);
}
