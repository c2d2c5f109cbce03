//! Institutions, their units, and the annual chair.

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::database::Db;

fn taipei() -> Value {
    json!({
        "kind": "member", "name": "National Taiwan University", "country": "TW", "zone": "Asia/Taipei",
        "language": "zh-Hant", "erasmus_code": "TW TAIPEI01", "ror_id": "05bqach95", "schac": "ntu.edu.tw",
        "founding": true, "joined_on": "2019-01-01", "holidays": ["2027-01-01"],
    })
}

#[rstest]
#[tokio::test]
async fn the_secretariat_enters_an_institution_and_everybody_reads_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;

    let created = sol.post("/institutions", &taipei()).await;
    let entered = created.ok();
    assert_eq!((created.status, created.header("etag")), (201, "\"1\""));
    assert_eq!(
        created.header("location"),
        format!("/api/v1/institutions/{}", entered["id"].as_str().expect("an id"))
    );
    let anna = app.student(&sol, "Anna", &entered).await;

    let read = anna.get(created.header("location")).await;

    assert_eq!((read.ok(), read.header("etag")), (entered.clone(), "\"1\""));
    for (field, value) in taipei().as_object().expect("an object") {
        assert_eq!(&entered[field], value, "{field}");
    }
    assert_eq!(entered["working_week"], json!([1, 2, 3, 4, 5]));
    anna.post("/institutions", &taipei()).await.problem(403);
    anna.get("/institutions/019a7c3e-5b1f-7a20-8c44-1d2e3f405162").await.problem(404);
    anna.get("/institutions/nonsense").await.problem(404);
    app.stranger().get("/institutions").await.problem(401);
}

#[rstest]
#[tokio::test]
async fn a_change_names_the_version_it_changes(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let entered = sol.post("/institutions", &taipei()).await.ok();
    let path = format!("/institutions/{}", entered["id"].as_str().expect("an id"));

    let changed = sol.patch(&path, &json!(1), &json!({ "name": "NTU", "ror_id": null })).await;
    let view = changed.ok();

    assert_eq!(
        (&view["name"], &view["ror_id"], &view["schac"]),
        (&json!("NTU"), &Value::Null, &json!("ntu.edu.tw"))
    );
    assert_eq!((&view["version"], changed.header("etag")), (&json!(2), "\"2\""));
    sol.patch(&path, &json!(1), &json!({ "name": "NTU 2" })).await.problem(412);
    let without = sol.request(reqwest::Method::PATCH, &path).json(&json!({ "name": "NTU 3" }));
    crate::support::actor::send(without).await.problem(428);
    let early = sol.patch(&path, &json!(2), &json!({ "left_on": "2018-12-31" })).await.problem(422);
    assert_eq!(early["errors"][0]["pointer"], "/left_on");
    sol.patch(&path, &json!(2), &json!({ "kind": "employer" })).await.problem(422);
}

#[rstest]
#[tokio::test]
async fn a_code_belongs_to_one_institution_however_it_is_padded(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    sol.post("/institutions", &taipei()).await.ok();

    let mut other = taipei();
    (other["erasmus_code"], other["ror_id"], other["schac"]) =
        (json!("TW  TAIPEI01"), json!(null), json!(null));

    let taken = sol.post("/institutions", &other).await.problem(409);
    assert!(taken["detail"].as_str().expect("a sentence").contains("Erasmus code"), "{taken}");
}

#[tokio::test]
async fn codes_that_no_list_knows_are_refused_all_at_once() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let sol = app.secretariat().await;
    let body = json!({
        "kind": "member", "name": " ", "country": "UK", "zone": "Taipei", "language": "english language",
        "working_week": [0], "erasmus_code": "1", "ror_id": "x", "schac": "X",
    });

    let refused = sol.post("/institutions", &body).await.problem(422);

    let pointers: Vec<&str> =
        refused["errors"].as_array().expect("a list").iter().filter_map(|e| e["pointer"].as_str()).collect();
    let expected =
        ["/country", "/erasmus_code", "/language", "/name", "/ror_id", "/schac", "/working_week", "/zone"];
    assert_eq!(pointers, expected);
    assert!(sol.get("/institutions").await.ok()["items"].as_array().expect("a list").is_empty());
}

#[rstest]
#[tokio::test]
async fn a_list_is_read_page_by_page_and_what_comes_meanwhile_shifts_nothing(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    for name in ["Alpha", "Beta", "Gamma"] {
        app.member(&sol, name, "DE", "Europe/Berlin").await;
        // Ids tell the order only of what was not entered within the same millisecond.
        app.advance(TimeDelta::seconds(1));
    }
    app.member(&sol, "Delta", "TW", "Asia/Taipei").await;

    let first = sol.get("/institutions?limit=2&country=DE").await.ok();
    app.advance(TimeDelta::seconds(1));
    app.member(&sol, "Epsilon", "FR", "Europe/Paris").await;
    let next = first["next"].as_str().expect("a cursor");
    let second = sol.get(&format!("/institutions?limit=2&country=DE&cursor={next}")).await.ok();

    let names = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().expect("a list").iter();
        items.map(|item| item["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(names(&first), ["University of Alpha", "University of Beta"]);
    assert_eq!((names(&second), &second["next"]), (vec!["University of Gamma".to_owned()], &Value::Null));
    sol.get(&format!("/institutions?cursor={next}")).await.problem(422);
    for query in ["limit=0", "limit=201", "limit=x", "colour=red", "kind=school", "limit=1&limit=2"] {
        sol.get(&format!("/institutions?{query}")).await.problem(400);
    }
}

#[rstest]
#[tokio::test]
async fn an_administrator_looks_after_the_units_of_the_own_institution(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let beta = app.member(&sol, "Beta", "FR", "Europe/Paris").await;
    let admin = app.holder(&sol, "admin", &alpha).await;
    let units = |of: &Value| format!("/institutions/{}/units", of["id"].as_str().expect("an id"));

    let physics = admin.post(&units(&alpha), &json!({ "name": "Physics", "code": "PH" })).await.ok();
    let optics = admin.post(&units(&alpha), &json!({ "name": "Optics", "parent": physics["id"] })).await.ok();
    admin.post(&units(&beta), &json!({ "name": "Law" })).await.problem(403);
    let lost = sol.post(&units(&beta), &json!({ "name": "Law", "parent": physics["id"] })).await.problem(422);
    assert_eq!(lost["errors"][0]["pointer"], "/parent");

    let path = format!("{}/{}", units(&alpha), physics["id"].as_str().expect("an id"));
    admin.patch(&path, &json!(1), &json!({ "parent": optics["id"] })).await.problem(422);
    let renamed =
        admin.patch(&path, &json!(1), &json!({ "name": "Natural sciences", "code": null })).await.ok();
    assert_eq!((&renamed["name"], &renamed["code"]), (&json!("Natural sciences"), &Value::Null));
    let elsewhere = format!("{}/{}", units(&beta), physics["id"].as_str().expect("an id"));
    admin.patch(&elsewhere, &json!(2), &json!({ "name": "Mine" })).await.problem(404);
    assert_eq!(admin.get(&units(&alpha)).await.ok()["items"].as_array().expect("a list").len(), 2);
}

#[rstest]
#[tokio::test]
async fn the_chair_is_held_from_the_first_day_to_the_last_and_by_one_member_at_a_time(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let head = app.holder(&sol, "head", &alpha).await;
    let person = head.get("/auth/me").await.ok()["person"].clone();
    let term = |from: &str, until: &str| json!({ "institution": alpha["id"], "person": person, "from_on": from, "until_on": until });

    let held = sol.post("/chair-terms", &term("2026-09-02", "2027-08-31")).await.ok();
    sol.post("/chair-terms", &term("2027-08-31", "2028-08-31")).await.problem(409);
    let reversed = sol.post("/chair-terms", &term("2029-02-01", "2029-01-01")).await.problem(422);
    assert_eq!(reversed["errors"][0]["pointer"], "/until_on");
    head.post("/chair-terms", &term("2028-01-01", "2028-12-31")).await.problem(403);

    assert_eq!(head.get("/auth/me").await.ok()["chair_of"], Value::Null);
    app.advance(TimeDelta::hours(16));
    let head = app.sign_in("head@alpha.example").await;
    assert_eq!(head.get("/auth/me").await.ok()["chair_of"], alpha["id"]);

    let path = format!("/chair-terms/{}", held["id"].as_str().expect("an id"));
    let sol = app.sign_in("sol@alliance.example").await;
    sol.patch(&path, &json!(1), &json!({ "from_on": "2026-09-03" })).await.ok();
    assert_eq!(head.get("/auth/me").await.ok()["chair_of"], Value::Null);
    assert_eq!(head.get("/chair-terms").await.ok()["items"][0]["from_on"], "2026-09-03");
}
