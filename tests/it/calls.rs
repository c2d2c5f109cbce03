//! Calls: dates with instants, conditions that are checked when they are written, and what publishing promises.

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{fresh_key, send};
use crate::support::app::TestApp;
use crate::support::database::Db;
use crate::support::offers::{Offer, Pair, id};

fn with(mut body: Value, change: &Value) -> Value {
    body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    body
}

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().expect("errors").iter();
    errors.map(|error| error["pointer"].as_str().expect("a pointer")).collect()
}

/// Everything a call can say.
fn rich(pair: &Pair, offer: &Offer) -> Value {
    let rest = json!({
        "zone": "home", "closes_time": "12:00:00", "grace_minutes": 30, "results_on": "2026-11-10",
        "nomination_closes_on": "2026-11-20", "nomination_closes_time": "18:00:00", "host_decision_on": "2026-12-20",
        "max_choices": 3, "eligibility": "student.credits >= 60 && answers.weeks > 3",
        "form": [{ "name": "weeks", "label": { "en": "How many weeks?" }, "kind": "int", "required": true }],
        "documents": { "transcript": "optional" }, "clocks": {}, "scores": true, "waiting_list": true,
        "next_choice_allowed": true,
    });
    with(pair.call(offer), &rest)
}

#[rstest]
#[tokio::test]
async fn a_call_says_its_dates_and_the_instants_they_stand_for(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;

    let created = pair.hanna.post("/calls", &rich(&pair, &offer)).await;
    let path = created.header("location").to_owned();
    let call = created.ok();
    for (field, value) in rich(&pair, &offer).as_object().expect("an object") {
        assert_eq!(&call[field], value, "{field}");
    }
    assert_eq!((&call["opens_time"], &call["results_time"]), (&json!("00:00:00"), &json!("23:59:59")));
    assert_eq!(
        call["instants"],
        json!({
            "zone": "Europe/Berlin", "opens_at": "2026-09-30T22:00:00Z", "closes_at": "2026-10-31T11:00:00Z",
            "grace_until": "2026-10-31T11:30:00Z", "results_at": "2026-11-10T22:59:59Z",
            "nomination_closes_at": "2026-11-20T17:00:00Z", "host_decision_at": "2026-12-20T22:59:59Z",
        }),
    );
    let fixed =
        pair.hanna.patch(&path, &json!(1), &json!({ "zone": "Asia/Taipei", "results_on": null })).await.ok();
    assert_eq!(fixed["instants"]["closes_at"], "2026-10-31T04:00:00Z");
    assert_eq!((&fixed["results_time"], &fixed["instants"]["results_at"]), (&Value::Null, &Value::Null));
}

#[rstest]
#[tokio::test]
async fn a_call_of_several_homes_shows_each_reader_the_instants_at_home(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    let kyoto = app.member(&pair.sol, "Kyoto", "JP", "Asia/Tokyo").await;
    let kei = app.student(&pair.sol, "Kei", &kyoto).await;
    let anna = app.student(&pair.sol, "Anna", &pair.home).await;
    let body = with(pair.call(&offer), &json!({ "homes": [pair.home["id"], kyoto["id"]] }));

    pair.hanna.post("/calls", &body).await.problem(403);
    let call = pair.sol.post("/calls", &body).await.ok();
    let path = format!("/calls/{}", id(&call));
    pair.sol.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok();

    assert_eq!(anna.get(&path).await.ok()["instants"]["closes_at"], "2026-10-31T22:59:59Z");
    assert_eq!(kei.get(&path).await.ok()["instants"]["closes_at"], "2026-10-31T14:59:59Z");
    assert_eq!(app.stranger().get(&path).await.ok()["instants"], Value::Null);
    let of_kyoto = app.stranger().get(&format!("/calls?home={}", id(&kyoto))).await.ok();
    assert_eq!(of_kyoto["items"].as_array().map(Vec::len), Some(1));
}

#[rstest]
#[tokio::test]
async fn a_draft_is_seen_by_its_homes_and_a_published_call_by_all(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    let created = pair.hanna.post("/calls", &pair.call(&offer)).await;
    let path = created.header("location").to_owned();

    app.stranger().get(&path).await.problem(404);
    pair.otto.get(&path).await.problem(404);
    assert_eq!(app.stranger().get("/calls").await.ok()["items"], json!([]));
    assert_eq!(pair.sol.get(&path).await.ok()["id"], created.ok()["id"]);
    app.stranger().post("/calls", &pair.call(&offer)).await.problem(401);
    pair.otto.post("/calls", &pair.call(&offer)).await.problem(403);
    pair.otto.patch(&path, &json!(1), &json!({ "title": "Mine" })).await.problem(404);

    let published = pair.hanna.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok();
    let read = app.stranger().get(&path).await;
    assert_eq!((read.ok()["status"].clone(), read.header("etag")), (json!("published"), "\"2\""));
    let found =
        app.stranger().get(&format!("/calls?status=published&offering={}", id(&offer.offering))).await.ok();
    assert_eq!(found["items"], json!([published]));
    pair.otto.patch(&path, &json!(2), &json!({ "title": "Mine" })).await.problem(403);
    pair.hanna.patch(&path, &json!(1), &json!({ "title": "Late" })).await.problem(412);
}

#[rstest]
#[tokio::test]
async fn a_wrong_call_is_refused_at_the_place_that_is_wrong(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    let refused = async |change: Value| {
        let problem = pair.hanna.post("/calls", &with(rich(&pair, &offer), &change)).await.problem(422);
        let errors = problem["errors"].as_array().expect("errors").clone();
        let said = |error: &Value| {
            (
                error["pointer"].as_str().unwrap_or_default().to_owned(),
                error["detail"].as_str().unwrap_or_default().to_owned(),
            )
        };
        errors.iter().map(said).collect::<Vec<_>>()
    };
    let at = async |change: Value| {
        refused(change).await.into_iter().map(|(pointer, _)| pointer).collect::<Vec<_>>()
    };

    let guard = refused(json!({ "eligibility": "student.credits >= answers.months" })).await;
    assert_eq!(guard[0].0, "/eligibility");
    assert!(guard[0].1.starts_with("at character 20: "), "{guard:?}");
    assert_eq!(
        at(json!({ "documents": { "passport_of_grandmother": "off" } })).await,
        ["/documents/passport_of_grandmother"]
    );
    assert_eq!(at(json!({ "clocks": { "nowhere.never": "3 days" } })).await, ["/clocks/nowhere.never"]);
    assert_eq!(
        at(json!({ "clocks": { "nominated.acknowledge": "soon" } })).await,
        ["/clocks/nominated.acknowledge"]
    );
    let long = refused(json!({ "clocks": { "nominated.acknowledge": "90 working days" } })).await;
    assert_eq!(long[0].0, "/clocks/nominated.acknowledge");
    assert!(long[0].1.starts_with("from "), "{long:?}");
    assert_eq!(
        at(json!({ "closes_on": "2026-09-30", "results_on": "2026-09-01" })).await[..2],
        ["/closes_on", "/results_on"]
    );
    assert_eq!(at(json!({ "homes": [] })).await, ["/homes"]);
    assert_eq!(at(json!({ "offerings": ["019a7c3e-5b1f-7a20-8c44-1d2e3f405162"] })).await[0], "/offerings/0");
    let twice = json!([
        { "name": "weeks", "label": { "en": "?" }, "kind": "int" }, { "name": "weeks", "label": {}, "kind": "int" },
        { "name": "Bad name", "label": { "en": "?" }, "kind": "int" },
    ]);
    assert_eq!(at(json!({ "form": twice })).await, ["/form/1/name", "/form/1/label", "/form/2/name"]);
    assert_eq!(at(json!({ "zone": "Mars" })).await, ["/zone"]);
    assert_eq!(at(json!({ "closes_on": "2026-02-30" })).await, ["/closes_on"]);
    let bare = pair.hanna.post("/calls", &json!({ "status": "published" })).await.problem(422);
    assert_eq!(pointers(&bare), ["/title", "/homes", "/opens_on", "/closes_on", "/status"]);
}

#[rstest]
#[tokio::test]
async fn a_published_call_takes_nothing_back(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    let call = pair.hanna.post("/calls", &rich(&pair, &offer)).await.ok();
    let path = format!("/calls/{}", id(&call));
    pair.hanna.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok();

    for (change, pointer) in [
        (json!({ "closes_on": "2026-10-30" }), "/closes_on"),
        (json!({ "closes_time": "11:59:59" }), "/closes_on"),
        (json!({ "host_decision_on": null }), "/host_decision_on"),
        (json!({ "opens_on": "2026-10-02" }), "/opens_on"),
        (json!({ "max_choices": 2 }), "/max_choices"),
        (json!({ "waiting_list": false }), "/waiting_list"),
        (json!({ "eligibility": null }), "/eligibility"),
        (json!({ "offerings": [] }), "/offerings"),
        (json!({ "scores": false }), "/scores"),
    ] {
        let problem = pair.hanna.patch(&path, &json!(2), &change).await.problem(422);
        assert!(pointers(&problem).contains(&pointer), "{change}: {problem}");
    }
    pair.hanna.patch(&path, &json!(2), &json!({ "status": "draft" })).await.problem(409);
    let later = json!({ "closes_on": "2026-11-05", "max_choices": null, "grace_minutes": 60, "title": "Spring 2027, longer" });
    let later = pair.hanna.patch(&path, &json!(2), &later).await.ok();
    assert_eq!((&later["closes_on"], &later["max_choices"]), (&json!("2026-11-05"), &Value::Null));

    pair.hanna.patch(&path, &json!(3), &json!({ "status": "closed" })).await.problem(409);
    app.advance(TimeDelta::days(90));
    let hanna = app.sign_in("coordinator@alpha.example").await;
    assert_eq!(hanna.patch(&path, &json!(3), &json!({ "status": "closed" })).await.ok()["status"], "closed");
}

#[rstest]
#[tokio::test]
async fn only_what_can_be_kept_is_published(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    let published = json!({ "status": "published" });
    let refused = async |change: Value| {
        let call = pair.hanna.post("/calls", &with(pair.call(&offer), &change)).await.ok();
        let answer = pair.hanna.patch(&format!("/calls/{}", id(&call)), &json!(1), &published).await;
        pointers(&answer.problem(422)).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(refused(json!({ "offerings": [] })).await, ["/offerings"]);
    assert_eq!(refused(json!({ "opens_on": "2026-01-01", "closes_on": "2026-02-01" })).await, ["/closes_on"]);
    let path = format!("/programmes/{}", id(&offer.programme));
    pair.otto.patch(&path, &json!(2), &json!({ "status": "closed" })).await.ok();
    assert_eq!(refused(json!({})).await, ["/offerings/0"]);
}

#[rstest]
#[tokio::test]
async fn a_repeated_request_writes_one_call(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    let key = fresh_key();
    let post = |body: Value| {
        let request = pair.hanna.request(reqwest::Method::POST, "/calls").header("Idempotency-Key", &key);
        send(request.json(&body))
    };
    let (first, again) = (post(pair.call(&offer)).await, post(pair.call(&offer)).await);
    assert_eq!((first.status, &first.body), (201, &again.body));
    assert_eq!(pair.hanna.get("/calls").await.ok()["items"].as_array().map(Vec::len), Some(1));
    post(rich(&pair, &offer)).await.problem(422);
}
