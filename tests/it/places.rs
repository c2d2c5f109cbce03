//! Place lines: whose they are, what they show, and how capacity is posted.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{fresh_key, send};
use crate::support::app::TestApp;
use crate::support::database::Db;
use crate::support::offers::{Pair, id};

async fn agreed(pair: &Pair) -> Value {
    let body = json!({
        "proposer": pair.home["id"], "partner": pair.host["id"], "valid_from_on": "2026-09-01", "valid_until_on": "2029-08-31",
    });
    let agreement = pair.hanna.post("/agreements", &body).await.ok();
    let path = format!("/agreements/{}", id(&agreement));
    pair.hanna.fire_agreement(&path, 1, &json!({ "event": "propose" })).await.ok();
    pair.otto.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.ok()
}

fn of_agreement(pair: &Pair, agreement: &Value) -> Value {
    json!({
        "source": "agreement", "agreement": agreement["id"], "home": pair.home["id"], "host": pair.host["id"],
        "levels": ["first"], "fields": ["06"], "unit": "heads", "capacity": 2, "reason": "As agreed.",
    })
}

#[rstest]
#[tokio::test]
async fn both_sides_of_an_agreement_see_and_post_its_places(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let agreement = agreed(&pair).await;
    let other = app.member(&pair.sol, "Gamma", "FR", "Europe/Paris").await;
    let cleo = app.holder(&pair.sol, "coordinator", &other).await;

    let created = pair.hanna.post("/place-lines", &of_agreement(&pair, &agreement)).await;
    let path = created.header("location").to_owned();
    let line = created.ok();
    assert_eq!(
        (
            &line["direction"],
            &line["capacity"],
            &line["held"],
            &line["used"],
            &line["free"],
            &line["overdrawn"]
        ),
        (&json!("out"), &json!(2), &json!(0), &json!(0), &json!(2), &json!(false)),
    );
    let posted =
        pair.otto.post(&format!("{path}/postings"), &json!({ "amount": 3, "reason": "More came." })).await;
    assert_eq!((posted.status, posted.header("etag")), (201, "\"2\""));
    let posted = posted.ok();
    assert_eq!((&posted["capacity"], &posted["free"]), (&json!(5), &json!(5)));
    assert_eq!(pair.hanna.get(&path).await.ok(), posted);

    cleo.get(&path).await.problem(404);
    cleo.post(&format!("{path}/postings"), &json!({ "amount": 1, "reason": "Mine." })).await.problem(404);
    app.stranger().get(&path).await.problem(401);
    let fewer = json!({ "amount": -6, "reason": "A mistake." });
    let problem = pair.otto.post(&format!("{path}/postings"), &fewer).await.problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/amount");
    for (wrong, pointer) in [
        (json!({ "amount": 0, "reason": "x" }), "/amount"),
        (json!({ "amount": 1, "reason": " " }), "/reason"),
    ] {
        let problem = pair.otto.post(&format!("{path}/postings"), &wrong).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    assert_eq!(
        pair.otto.post(&format!("{path}/postings"), &json!({ "amount": -5, "reason": "None." })).await.ok()["free"],
        0
    );
}

#[rstest]
#[tokio::test]
async fn a_line_belongs_to_whom_its_source_says(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    let line = |more: Value| {
        let mut body = json!({ "unit": "heads", "capacity": 4 });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let receives = line(
        json!({ "source": "pool", "direction": "in", "host": pair.host["id"], "period": offer.period["id"] }),
    );
    let sends = line(json!({ "source": "pool", "direction": "out", "home": pair.home["id"] }));
    let programme = line(json!({ "source": "programme", "programme": offer.programme["id"] }));

    pair.hanna.post("/place-lines", &receives).await.problem(403);
    pair.otto.post("/place-lines", &sends).await.problem(403);
    pair.hanna.post("/place-lines", &programme).await.problem(403);
    let receives = pair.otto.post("/place-lines", &receives).await.ok();
    let sends = pair.hanna.post("/place-lines", &sends).await.ok();
    let programme = pair.otto.post("/place-lines", &programme).await.ok();

    assert_eq!((&programme["host"], &programme["direction"]), (&pair.host["id"], &json!("in")));
    assert_eq!(pair.hanna.get("/place-lines").await.ok()["items"], json!([sends]));
    assert_eq!(pair.otto.get("/place-lines").await.ok()["items"], json!([receives, programme]));
    assert_eq!(pair.otto.get("/place-lines?source=programme").await.ok()["items"], json!([programme]));
    let period = format!("/place-lines?period={}", id(&offer.period));
    assert_eq!(pair.sol.get(&period).await.ok()["items"], json!([receives]));
    assert_eq!(pair.sol.get("/place-lines").await.ok()["items"].as_array().map(Vec::len), Some(3));
}

#[rstest]
#[tokio::test]
async fn a_wrong_line_is_refused_by_the_field_that_is_wrong(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    let agreement = agreed(&pair).await;
    let refused = async |body: Value| {
        let problem = pair.sol.post("/place-lines", &body).await.problem(422);
        problem["errors"][0]["pointer"].as_str().expect("a pointer").to_owned()
    };
    let mut line = of_agreement(&pair, &agreement);
    line["host"] = pair.home["id"].clone();
    assert_eq!(refused(line).await, "/home");
    let mut line = of_agreement(&pair, &agreement);
    line["direction"] = json!("in");
    assert_eq!(refused(line).await, "/direction");
    let mut line = of_agreement(&pair, &agreement);
    line["capacity"] = json!(-1);
    assert_eq!(refused(line).await, "/capacity");
    let mut line = of_agreement(&pair, &agreement);
    line["programme"] = offer.programme["id"].clone();
    assert_eq!(refused(line).await, "/agreement");
    let pool = |more: &str, end: &str| json!({ "source": "pool", "unit": "twelfths", "capacity": 1, "direction": more, end: pair.home["id"] });
    assert_eq!(refused(pool("out", "host")).await, "/home");
    assert_eq!(refused(pool("in", "home")).await, "/host");
    assert_eq!(refused(json!({ "source": "pool", "unit": "heads", "capacity": 1 })).await, "/direction");
    let mut foreign = pool("in", "host");
    foreign["period"] = offer.period["id"].clone();
    assert_eq!(refused(foreign).await, "/period");
}

#[rstest]
#[tokio::test]
async fn a_repeated_posting_counts_once(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let agreement = agreed(&pair).await;
    let line = pair.hanna.post("/place-lines", &of_agreement(&pair, &agreement)).await.ok();
    let path = format!("/place-lines/{}/postings", id(&line));
    let key = fresh_key();
    let post = |amount: i32| {
        let request = pair.hanna.request(reqwest::Method::POST, &path).header("Idempotency-Key", &key);
        send(request.json(&json!({ "amount": amount, "reason": "One more." })))
    };

    let (first, again) = (post(1).await, post(1).await);

    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(pair.hanna.get(&format!("/place-lines/{}", id(&line))).await.ok()["capacity"], 3);
    post(2).await.problem(422);
}
