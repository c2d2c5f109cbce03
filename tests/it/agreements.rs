//! Agreements: written by one side, agreed by the other, seen by both.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, fresh_key, send};
use crate::support::app::TestApp;
use crate::support::database::Db;

/// Two members with a coordinator each, and a third whose coordinator is no side.
struct Sides {
    app: TestApp,
    sol: Actor,
    alpha: Value,
    beta: Value,
    ada: Actor,
    bo: Actor,
    cleo: Actor,
}

fn returned() -> Value {
    json!({ "event": "return", "reason": { "code": "validity", "text": "A year too long." } })
}

async fn sides(db: Db) -> Sides {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let beta = app.member(&sol, "Beta", "TW", "Asia/Taipei").await;
    let gamma = app.member(&sol, "Gamma", "FR", "Europe/Paris").await;
    let ada = app.holder(&sol, "coordinator", &alpha).await;
    let bo = app.holder(&sol, "coordinator", &beta).await;
    let cleo = app.holder(&sol, "coordinator", &gamma).await;
    Sides { app, sol, alpha, beta, ada, bo, cleo }
}

impl Sides {
    fn body(&self) -> Value {
        json!({
            "proposer": self.alpha["id"], "partner": self.beta["id"], "valid_from_on": "2026-09-01",
            "valid_until_on": "2029-08-31", "fields": ["0613"], "levels": ["first", "second"], "note": "As in 2023.",
        })
    }

    async fn written(&self) -> (Value, String) {
        let written = self.ada.post("/agreements", &self.body()).await.ok();
        let path = format!("/agreements/{}", written["id"].as_str().expect("an id"));
        (written, path)
    }
}

#[rstest]
#[tokio::test]
async fn one_side_writes_and_proposes_and_the_other_agrees(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let sides = sides(db).await;

    let (written, path) = sides.written().await;
    for (field, value) in sides.body().as_object().expect("an object") {
        assert_eq!(&written[field], value, "{field}");
    }
    assert_eq!((&written["status"], &written["version"]), (&json!("draft"), &json!(1)));

    sides.bo.fire_agreement(&path, 1, &json!({ "event": "propose" })).await.problem(403);
    let proposed = sides.ada.fire_agreement(&path, 1, &json!({ "event": "propose" })).await.ok();
    assert_eq!((&proposed["status"], &proposed["version"]), (&json!("proposed"), &json!(2)));
    sides.ada.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.problem(403);
    sides.sol.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.problem(403);
    let agreed = sides.bo.fire_agreement(&path, 2, &json!({ "event": "agree" })).await;
    assert_eq!(agreed.header("etag"), "\"3\"");
    let agreed = agreed.ok();
    assert_eq!(agreed["status"], "agreed");
    assert_ne!(agreed["proposed_by"], agreed["agreed_by"]);
    assert_eq!(agreed["agreed_at"], "2026-09-01T08:00:00Z");
    assert_eq!(sides.ada.get(&path).await.ok(), agreed);
    assert_eq!(sides.sol.get(&path).await.ok(), agreed);
}

#[rstest]
#[tokio::test]
async fn nobody_agrees_for_both_sides(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let sides = sides(db).await;
    let (_, path) = sides.written().await;
    let person = sides.app.person("coordinator@alpha.example").await;
    let role = json!({ "duty": "coordinator", "institution": sides.beta["id"], "from_on": "2026-01-01" });
    sides.sol.post(&format!("/people/{person}/roles"), &role).await.ok();
    sides.ada.fire_agreement(&path, 1, &json!({ "event": "propose" })).await.ok();

    let refused = sides.ada.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.problem(403);

    assert_eq!(refused["refusal"]["code"], "same_person");
}

#[rstest]
#[tokio::test]
async fn agreed_terms_stay_until_the_agreement_is_ended(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let sides = sides(db).await;
    let (_, path) = sides.written().await;
    let longer = json!({ "valid_until_on": "2030-08-31" });
    sides.bo.patch(&path, &json!(1), &longer).await.problem(403);
    assert_eq!(sides.ada.patch(&path, &json!(1), &longer).await.ok()["valid_until_on"], "2030-08-31");
    sides.ada.fire_agreement(&path, 2, &json!({ "event": "propose" })).await.ok();
    let back = sides.bo.fire_agreement(&path, 3, &returned()).await.ok();
    assert_eq!((&back["status"], &back["proposed_by"]), (&json!("draft"), &Value::Null));
    sides.ada.fire_agreement(&path, 4, &json!({ "event": "propose" })).await.ok();
    sides.bo.fire_agreement(&path, 5, &json!({ "event": "agree" })).await.ok();

    sides.ada.patch(&path, &json!(6), &longer).await.problem(409);
    sides.bo.fire_agreement(&path, 6, &returned()).await.problem(409);
    let outside = sides.bo.end_agreement(&path, "2031-01-01").await.problem(422);
    assert_eq!(outside["errors"][0]["pointer"], "/data/ended_on");
    let unsaid = sides.bo.fire_agreement(&path, 6, &json!({ "event": "end" })).await.problem(422);
    assert_eq!(unsaid["errors"][0]["pointer"], "/data/ended_on");
    sides.bo.patch(&path, &json!(6), &json!({ "note": null })).await.ok();
    let ended = sides.bo.end_agreement(&path, "2026-09-01").await.ok();

    assert_eq!(
        (&ended["status"], &ended["ended_on"], &ended["note"]),
        (&json!("ended"), &json!("2026-09-01"), &Value::Null)
    );
    let refused = sides.bo.fire_agreement(&path, 8, &json!({ "event": "agree" })).await.problem(409);
    assert_eq!(refused["refusal"]["code"], "not_from_here");
    let late = sides.ada.patch(&path, &json!(8), &longer).await.problem(409);
    assert!(late["detail"].as_str().is_some_and(|text| text.contains("write another")), "{late}");
}

#[rstest]
#[tokio::test]
async fn an_event_moves_an_agreement_once_and_in_the_version_that_was_read(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let sides = sides(db).await;
    let (_, path) = sides.written().await;
    let events = format!("{path}/events");
    let key = fresh_key();
    let propose = |version: &'static str| {
        let request = sides.ada.request(reqwest::Method::POST, &events).header("If-Match", version);
        send(request.header("Idempotency-Key", &key).json(&json!({ "event": "propose" })))
    };

    let first = propose("\"1\"").await;
    let again = propose("\"1\"").await;
    assert_eq!((first.status, first.header("etag")), (200, "\"2\""));
    assert_eq!((again.status, again.header("etag"), &again.body), (200, "\"2\"", &first.body));
    sides.bo.fire_agreement(&path, 1, &json!({ "event": "agree" })).await.problem(412);
    let refused = sides.ada.fire_agreement(&path, 2, &json!({ "event": "propose" })).await.problem(409);
    assert_eq!(refused["refusal"]["allowed_from"], json!(["draft"]));
    sides.cleo.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.problem(404);
    sides.bo.fire_agreement(&path, 2, &json!({ "event": "nod" })).await.problem(422);
    let early = json!({ "event": "agree", "data": { "ended_on": "2027-01-01" } });
    let refused = sides.bo.fire_agreement(&path, 2, &early).await.problem(422);
    assert_eq!(refused["errors"][0]["pointer"], "/data/ended_on");
    let patched = sides.bo.patch(&path, &json!(2), &json!({ "status": "agreed" })).await.problem(422);
    assert_eq!(patched["errors"][0]["pointer"], "/status");
    let body = json!({ "event": "agree" });
    let without =
        |header: &'static str| sides.bo.request(reqwest::Method::POST, &events).header(header, "\"2\"");
    send(without("Idempotency-Key").json(&body)).await.problem(428);
    send(without("If-Match").json(&body)).await.problem(400);
    assert_eq!(sides.bo.get(&path).await.ok()["status"], "proposed");
    let ended = sides.sol.fire_agreement(&path, 2, &returned()).await.ok();
    assert_eq!((&ended["status"], &ended["version"]), (&json!("draft"), &json!(3)));
}

#[rstest]
#[tokio::test]
async fn an_agreement_is_seen_by_its_sides_alone(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let sides = sides(db).await;
    let (written, path) = sides.written().await;
    let anna = sides.app.student(&sides.sol, "Anna", &sides.alpha).await;

    sides.cleo.get(&path).await.problem(404);
    anna.get(&path).await.problem(404);
    sides.cleo.patch(&path, &json!(1), &json!({ "note": "mine" })).await.problem(404);
    assert_eq!(sides.cleo.get("/agreements").await.ok()["items"], json!([]));
    assert_eq!(sides.bo.get("/agreements").await.ok()["items"], json!([written]));
    anna.get("/agreements").await.problem(403);
    sides.app.stranger().get("/agreements").await.problem(401);
    sides.cleo.post("/agreements", &sides.body()).await.problem(403);
}

#[rstest]
#[tokio::test]
async fn agreements_are_found_by_their_sides_and_how_far_they_have_come(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let sides = sides(db).await;
    let (written, path) = sides.written().await;
    let other = json!({ "proposer": sides.beta["id"], "partner": sides.alpha["id"], "valid_from_on": "2026-09-01", "valid_until_on": "2027-08-31" });
    let other = sides.bo.post("/agreements", &other).await.ok();
    let proposed = sides.ada.fire_agreement(&path, 1, &json!({ "event": "propose" })).await.ok();

    let of = |query: String| {
        let ada = sides.ada.clone();
        async move { ada.get(&format!("/agreements?{query}")).await.ok()["items"].clone() }
    };
    let alpha = sides.alpha["id"].as_str().expect("an id");
    assert_eq!(of(format!("proposer={alpha}")).await, json!([proposed]));
    assert_eq!(of(format!("partner={alpha}")).await, json!([other]));
    assert_eq!(of("status=draft".to_owned()).await, json!([other]));
    let first = sides.ada.get("/agreements?limit=1").await.ok();
    let next = first["next"].as_str().expect("a further page");
    let second = sides.ada.get(&format!("/agreements?limit=1&cursor={next}")).await.ok();
    let mut paged = [&first, &second].map(|page| page["items"][0]["id"].to_string());
    let mut both = [&written, &other].map(|agreement| agreement["id"].to_string());
    paged.sort();
    both.sort();
    assert_eq!(paged, both);
    assert_eq!(second["next"], Value::Null);
    sides.ada.get("/agreements?colour=red").await.problem(400);
}

#[rstest]
#[tokio::test]
async fn a_wrong_agreement_is_refused_field_by_field(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let sides = sides(db).await;
    let pointers = async |change: Value| {
        let mut body = sides.body();
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let problem = sides.ada.post("/agreements", &body).await.problem(422);
        let errors = problem["errors"].as_array().expect("errors").clone();
        errors
            .iter()
            .map(|error| error["pointer"].as_str().expect("a pointer").to_owned())
            .collect::<Vec<_>>()
    };
    let employer = json!({ "kind": "employer", "name": "Works", "country": "DE", "zone": "Europe/Berlin" });
    let employer = sides.sol.post("/institutions", &employer).await.ok();

    assert_eq!(pointers(json!({ "partner": sides.alpha["id"] })).await, ["/partner"]);
    assert_eq!(pointers(json!({ "partner": employer["id"] })).await, ["/partner"]);
    assert_eq!(pointers(json!({ "partner": "019a7c3e-5b1f-7a20-8c44-1d2e3f405162" })).await, ["/partner"]);
    assert_eq!(pointers(json!({ "valid_until_on": "2020-01-01" })).await, ["/valid_until_on"]);
    assert_eq!(pointers(json!({ "fields": ["0613", "9"] })).await, ["/fields"]);
    assert_eq!(pointers(json!({ "levels": ["fifth"] })).await, ["/levels/0"]);
    assert_eq!(pointers(json!({ "colour": "red" })).await, ["/colour"]);
}

#[rstest]
#[tokio::test]
async fn a_repeated_request_writes_one_agreement_and_a_stale_change_none(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let sides = sides(db).await;
    let key = fresh_key();
    let post = |body: Value| {
        let request = sides.ada.request(reqwest::Method::POST, "/agreements");
        send(request.header("Idempotency-Key", &key).json(&body))
    };

    let first = post(sides.body()).await;
    let again = post(sides.body()).await;
    assert_eq!(
        (first.status, &first.body, first.header("etag")),
        (again.status, &again.body, again.header("etag"))
    );
    assert_eq!(sides.ada.get("/agreements").await.ok()["items"].as_array().map(Vec::len), Some(1));
    post(json!({ "proposer": sides.alpha["id"], "partner": sides.beta["id"], "valid_from_on": "2026-09-01", "valid_until_on": "2027-08-31" }))
        .await
        .problem(422);
    let path = first.header("location").to_owned();
    sides.ada.patch(&path, &json!(1), &json!({ "note": "one" })).await.ok();
    sides.ada.patch(&path, &json!(1), &json!({ "note": "two" })).await.problem(412);
    let without = sides.ada.request(reqwest::Method::PATCH, &path).json(&json!({ "note": "two" }));
    send(without).await.problem(428);
}
