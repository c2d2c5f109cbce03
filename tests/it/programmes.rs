//! Periods, programmes and offerings: drafted by the host, read by everybody once published.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{fresh_key, send};
use crate::support::app::TestApp;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::offers::{Pair, id};
use crate::support::visitor::Visitor;

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().expect("errors").iter();
    errors.map(|error| error["pointer"].as_str().expect("a pointer")).collect()
}

fn with(mut body: Value, change: &Value) -> Value {
    body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    body
}

#[rstest]
#[tokio::test]
async fn a_host_enters_the_terms_of_its_calendar(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;

    let entered = pair.otto.post("/periods", &pair.period()).await;
    let path = entered.header("location").to_owned();
    let period = entered.ok();
    for (field, value) in pair.period().as_object().expect("an object") {
        assert_eq!(&period[field], value, "{field}");
    }
    assert_eq!(pair.hanna.get(&path).await.ok(), period);
    let found =
        pair.hanna.get(&format!("/periods?institution={}&academic_year=2026&term=S2", id(&pair.host))).await;
    assert_eq!(found.ok()["items"], json!([period]));
    assert_eq!(pair.hanna.get("/periods?term=S1").await.ok()["items"], json!([]));

    pair.hanna.post("/periods", &pair.period()).await.problem(403);
    app.stranger().get("/periods").await.problem(401);
    pair.otto.post("/periods", &pair.period()).await.problem(409);
    let wrong = with(
        pair.period(),
        &json!({ "end_on": "2027-01-01", "twelfths": 13, "academic_year": 26, "term": "S3" }),
    );
    let problem = pair.otto.post("/periods", &wrong).await.problem(422);
    assert_eq!(pointers(&problem), ["/academic_year", "/end_on", "/twelfths"]);

    let changed =
        pair.otto.patch(&path, &json!(1), &json!({ "name": null, "end_on": "2027-07-15" })).await.ok();
    assert_eq!(
        (&changed["name"], &changed["end_on"], &changed["version"]),
        (&Value::Null, &json!("2027-07-15"), &json!(2))
    );
    pair.otto.patch(&path, &json!(1), &json!({ "name": "Late" })).await.problem(412);
    pair.hanna.patch(&path, &json!(2), &json!({ "name": "Mine" })).await.problem(403);
}

#[rstest]
#[tokio::test]
async fn a_programme_is_seen_by_all_once_it_is_published(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;

    let created = pair.otto.post("/programmes", &pair.programme()).await;
    let path = created.header("location").to_owned();
    let draft = created.ok();
    for (field, value) in pair.programme().as_object().expect("an object") {
        assert_eq!(&draft[field], value, "{field}");
    }
    assert_eq!(draft["status"], "draft");
    app.stranger().get(&path).await.problem(404);
    pair.hanna.get(&path).await.problem(404);
    assert_eq!(app.stranger().get("/programmes").await.ok()["items"], json!([]));
    assert_eq!(pair.sol.get(&path).await.ok(), draft);

    let published = pair.otto.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok();
    let read = app.stranger().get(&path).await;
    assert_eq!((read.ok(), read.header("etag")), (published.clone(), "\"2\""));
    let found = app
        .stranger()
        .get(&format!("/programmes?kind=exchange&host={}&status=published", id(&pair.host)))
        .await;
    assert_eq!(found.ok()["items"], json!([published]));
    assert_eq!(app.stranger().get("/programmes?kind=internship").await.ok()["items"], json!([]));

    pair.otto.patch(&path, &json!(2), &json!({ "status": "draft" })).await.problem(409);
    pair.otto.patch(&path, &json!(2), &json!({ "workflow": "internship" })).await.problem(409);
    pair.otto.patch(&path, &json!(1), &json!({ "title": "Late" })).await.problem(412);
    pair.hanna.patch(&path, &json!(2), &json!({ "title": "Mine" })).await.problem(403);
    app.stranger().post("/programmes", &pair.programme()).await.problem(401);
    pair.hanna.post("/programmes", &pair.programme()).await.problem(403);
    assert_eq!(
        pair.otto.patch(&path, &json!(2), &json!({ "status": "closed" })).await.ok()["status"],
        "closed"
    );
}

#[rstest]
#[tokio::test]
async fn a_wrong_programme_is_refused_field_by_field(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let refused = async |change: Value| {
        let problem = pair.otto.post("/programmes", &with(pair.programme(), &change)).await.problem(422);
        pointers(&problem).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };

    assert_eq!(refused(json!({ "kind": "internship" })).await, ["/kind"]);
    assert_eq!(refused(json!({ "kind": "holiday" })).await, ["/kind"]);
    assert_eq!(refused(json!({ "workflow": "no-such-thing" })).await, ["/workflow"]);
    assert_eq!(refused(json!({ "unit": "019a7c3e-5b1f-7a20-8c44-1d2e3f405162" })).await, ["/unit"]);
    assert_eq!(refused(json!({ "languages": ["en:D1"], "fields": ["x"] })).await, ["/fields", "/languages"]);
    assert_eq!(refused(json!({ "title": " " })).await, ["/title"]);
}

#[rstest]
#[tokio::test]
async fn an_employer_offers_internships_by_its_own_people(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let employer =
        json!({ "kind": "employer", "name": "Great Works", "country": "DE", "zone": "Europe/Berlin" });
    let employer = pair.sol.post("/institutions", &employer).await.ok();
    let emma = app.holder(&pair.sol, "employer", &employer).await;
    let offer = json!({
        "kind": "internship", "host": employer["id"], "workflow": "internship", "title": "Six months in the workshop",
    });

    let created = emma.post("/programmes", &offer).await.ok();

    assert_eq!((&created["gives_credit"], &created["levels"]), (&json!(true), &json!([])));
    let exchange = with(offer, &json!({ "kind": "exchange" }));
    assert_eq!(pointers(&emma.post("/programmes", &exchange).await.problem(422)), ["/kind"]);
    pair.otto.get(&format!("/programmes/{}", id(&created))).await.problem(404);
}

#[rstest]
#[tokio::test]
async fn an_offering_lies_inside_its_period(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    let list = format!("/programmes/{}/offerings", id(&offer.programme));
    let one = format!("{list}/{}", id(&offer.offering));

    assert_eq!(offer.offering["start_on"], offer.period["start_on"]);
    assert_eq!((&offer.offering["academic_year"], &offer.offering["term"]), (&json!(2026), &json!("S2")));
    let read = app.stranger().get(&one).await;
    assert_eq!((read.ok(), read.header("etag")), (offer.offering.clone(), "\"1\""));
    assert_eq!(app.stranger().get(&list).await.ok()["items"], json!([offer.offering]));

    let outside = json!({ "period": offer.period["id"], "start_on": "2027-01-01", "end_on": "2027-08-01" });
    assert_eq!(pointers(&pair.otto.post(&list, &outside).await.problem(422)), ["/start_on", "/end_on"]);
    let foreign = with(pair.period(), &json!({ "institution": pair.home["id"] }));
    let foreign = pair.hanna.post("/periods", &foreign).await.ok();
    let elsewhere = json!({ "period": foreign["id"] });
    assert_eq!(pointers(&pair.otto.post(&list, &elsewhere).await.problem(422)), ["/period"]);
    pair.otto.post(&list, &json!({ "period": offer.period["id"] })).await.problem(409);
    pair.hanna.post(&list, &json!({ "period": offer.period["id"] })).await.problem(403);

    let shorter = pair.otto.patch(&one, &json!(1), &json!({ "end_on": "2027-06-01" })).await.ok();
    assert_eq!((&shorter["end_on"], &shorter["version"]), (&json!("2027-06-01"), &json!(2)));
    pair.otto.patch(&one, &json!(1), &json!({ "end_on": "2027-06-02" })).await.problem(412);
    let period = format!("/periods/{}", id(&offer.period));
    let narrow = json!({ "start_on": "2027-03-01" });
    assert_eq!(pointers(&pair.otto.patch(&period, &json!(1), &narrow).await.problem(422)), ["/start_on"]);
}

#[rstest]
#[tokio::test]
async fn a_call_that_is_published_fixes_the_days_of_its_offerings(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let offer = pair.offer().await;
    let one = format!("/programmes/{}/offerings/{}", id(&offer.programme), id(&offer.offering));
    let call = pair.hanna.post("/calls", &pair.call(&offer)).await.ok();
    pair.otto.patch(&one, &json!(1), &json!({ "end_on": "2027-06-15" })).await.ok();
    pair.hanna
        .patch(&format!("/calls/{}", id(&call)), &json!(1), &json!({ "status": "published" }))
        .await
        .ok();

    pair.otto.patch(&one, &json!(2), &json!({ "end_on": "2027-06-20" })).await.problem(409);
}

#[rstest]
#[tokio::test]
async fn a_repeated_request_enters_one_period_programme_and_offering(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let twice = async |path: &str, body: Value| {
        let key = fresh_key();
        let post = || {
            send(pair.otto.request(reqwest::Method::POST, path).header("Idempotency-Key", &key).json(&body))
        };
        let (first, again) = (post().await, post().await);
        assert_eq!((first.status, &first.body), (201, &again.body), "{path}");
        first.ok()
    };
    let period = twice("/periods", pair.period()).await;
    let programme = twice("/programmes", pair.programme()).await;
    let offerings = format!("/programmes/{}/offerings", id(&programme));
    twice(&offerings, json!({ "period": period["id"] })).await;
    for list in ["/periods", "/programmes", &offerings] {
        assert_eq!(pair.otto.get(list).await.ok()["items"].as_array().map(Vec::len), Some(1), "{list}");
    }
}

#[rstest]
#[tokio::test]
async fn each_kind_of_programme_names_its_workflow_and_stands_in_the_catalogue(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let by = cast.who("host_coordinator");
    let kinds = [
        ("staff_exchange", "staff-exchange", "Staff exchange and joint research"),
        ("staff_exchange", "research-call", "Staff exchange and joint research"),
        ("multi_campus", "multi-campus", "Multi-campus programme"),
        ("leadership_training", "leadership-training", "Leadership training"),
        ("conference", "conference", "Conference"),
    ];
    for (kind, workflow, label) in kinds {
        let programme = json!({
            "kind": kind, "host": cast.at("Omega")["id"], "workflow": workflow, "title": workflow, "gives_credit": false,
        });
        let programme = by.post("/programmes", &programme).await.ok();
        assert_eq!((&programme["kind"], &programme["workflow"]), (&json!(kind), &json!(workflow)));
        let path = format!("/programmes/{}", id(&programme));
        by.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok();
        let stranger = Visitor::new(&cast.app.address);
        for page in ["/programmes", path.as_str()] {
            let shown = stranger.get(page).await.text().clone();
            assert!(shown.contains(workflow) && shown.contains(label), "{label} on {page}: {shown}");
        }
    }
    let unknown = json!({
        "kind": "conference", "host": cast.at("Omega")["id"], "workflow": "no-such-workflow", "title": "x",
        "gives_credit": false,
    });
    assert_eq!(pointers(&by.post("/programmes", &unknown).await.problem(422)), ["/workflow"]);
}
