//! People: invited, imported, changed, and given duties.

use reqwest::Method;
use rstest::rstest;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use sojourn_entities::outbox;

use crate::support::actor::{Actor, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::Db;

/// Two members with an administrator each.
struct Two {
    app: TestApp,
    sol: Actor,
    alpha: Value,
    beta: Value,
    admin: Actor,
    other: Actor,
}

async fn two(db: Db) -> Two {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let beta = app.member(&sol, "Beta", "FR", "Europe/Paris").await;
    let admin = app.holder(&sol, "admin", &alpha).await;
    let other = app.holder(&sol, "admin", &beta).await;
    Two { app, sol, alpha, beta, admin, other }
}

fn mei(roles: &Value) -> Value {
    json!({ "given_name": "Mei", "family_name": "Lin", "email": "Mei@Alpha.example", "roles": roles })
}

fn duty(name: &str, institution: &Value) -> Value {
    json!({ "duty": name, "institution": institution["id"], "from_on": "2026-01-01" })
}

fn held<'a>(person: &'a Value, duty: &str) -> &'a Value {
    let roles = person["roles"].as_array().expect("a list");
    roles.iter().find(|role| role["duty"] == duty).expect("the duty")
}

fn path(person: &Value) -> String {
    format!("/people/{}", person["id"].as_str().expect("an id"))
}

async fn imported(by: &Actor, table: impl Into<Vec<u8>>) -> Answer {
    let request =
        by.request(Method::POST, "/people/import").header("Content-Type", "text/csv; charset=utf-8");
    send(request.header("Idempotency-Key", fresh_key()).body(table.into())).await
}

#[rstest]
#[tokio::test]
async fn an_administrator_invites_people_of_the_own_institution_alone(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let Two { app, alpha, beta, admin, other, .. } = two(db).await;

    let mei = admin.post("/people", &mei(&json!([duty("coordinator", &alpha)]))).await.ok();
    assert_eq!((&mei["email"], &mei["language"]), (&json!("mei@alpha.example"), &json!("en")));
    assert_eq!(mei["roles"][0]["duty"], "coordinator");

    let elsewhere = json!({ "given_name": "A", "family_name": "B", "email": "a@b.example", "roles": [duty("head", &beta)] });
    admin.post("/people", &elsewhere).await.problem(403);
    let nowhere = json!({ "given_name": "A", "family_name": "B", "email": "a@b.example" });
    admin.post("/people", &nowhere).await.problem(422);
    let secretariat = json!({ "given_name": "A", "family_name": "B", "email": "a@b.example",
        "roles": [{ "duty": "secretariat", "from_on": "2026-01-01" }] });
    admin.post("/people", &secretariat).await.problem(403);
    let again = json!({ "given_name": "M", "family_name": "L", "email": "mei@alpha.example", "roles": [duty("head", &alpha)] });
    admin.post("/people", &again).await.problem(409);

    admin.get(&path(&mei)).await.ok();
    other.get(&path(&mei)).await.problem(404);
    let invited = app.accept("mei@alpha.example").await;
    assert_eq!(invited.get("/auth/me").await.ok()["duties"][0]["duty"], "coordinator");
    invited.get("/people").await.problem(403);
    invited.get(&path(&mei)).await.ok();
}

#[rstest]
#[tokio::test]
async fn an_invitation_is_queued_with_the_person_and_holds_no_token(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let Two { app, alpha, admin, .. } = two(db).await;
    let mei = admin.post("/people", &mei(&json!([duty("head", &alpha)]))).await.ok();

    let queued = outbox::Entity::find().all(&app.database.connect().await).await.expect("the outbox");
    let notice =
        queued.into_iter().find(|row| row.recipient_id.is_some_and(|id| mei["id"] == id.to_string()));
    let notice = notice.expect("an invitation");

    let facts = notice.facts.expect("facts");
    assert_eq!((notice.notice.as_str(), &facts["about"]), ("invitation", &json!("invitation")));
    assert_eq!(facts["institution"], alpha["name"]);
    let token = app.link("mei@alpha.example", sojourn_engine::vocabulary::TokenKind::Invitation).await;
    assert!(!facts.to_string().contains(&token));
}

#[rstest]
#[tokio::test]
async fn names_are_changed_by_administrators_and_the_address_by_nobody_here(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let Two { app, alpha, sol, admin, other, .. } = two(db).await;
    let entered = admin.post("/people", &mei(&json!([duty("head", &alpha)]))).await.ok();
    let mei = app.accept("mei@alpha.example").await;

    let renamed = admin.patch(&path(&entered), &json!(1), &json!({ "family_name": "Lin-Berg" })).await.ok();
    assert_eq!((&renamed["family_name"], &renamed["version"]), (&json!("Lin-Berg"), &json!(2)));
    for somebody in [&admin, &sol] {
        somebody.patch(&path(&entered), &json!(2), &json!({ "email": "x@y.example" })).await.problem(422);
    }
    other.patch(&path(&entered), &json!(2), &json!({ "family_name": "X" })).await.problem(404);
    mei.patch(&path(&entered), &json!(1), &json!({ "language": "zh-Hant" })).await.problem(412);
    mei.patch(&path(&entered), &json!(2), &json!({ "email": "lin@alpha.example" })).await.problem(422);
    mei.patch(&path(&entered), &json!(2), &json!({ "language": "zh-Hant" })).await.ok();
    assert_eq!(app.sign_in("mei@alpha.example").await.get("/auth/me").await.ok()["language"], "zh-Hant");
}

#[rstest]
#[tokio::test]
async fn a_duty_works_from_the_request_after_it_was_granted_and_ends_when_it_is_taken_back(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let Two { app, alpha, beta, admin, .. } = two(db).await;
    let entered = admin.post("/people", &mei(&json!([duty("head", &alpha)]))).await.ok();
    let mei = app.accept("mei@alpha.example").await;
    mei.get("/people").await.problem(403);

    let roles = format!("{}/roles", path(&entered));
    let granted = admin.post(&roles, &duty("admin", &alpha)).await.ok();
    mei.get("/people").await.ok();
    admin.post(&roles, &duty("admin", &beta)).await.problem(403);
    mei.post(&roles, &duty("grants", &alpha)).await.problem(403);
    admin.post(&roles, &duty("employer", &alpha)).await.problem(422);
    let reversed = json!({ "duty": "grants", "institution": alpha["id"], "from_on": "2026-02-01", "until_on": "2026-01-01" });
    admin.post(&roles, &reversed).await.problem(422);

    let role = held(&granted, "admin")["id"].as_str().expect("an id");
    admin.delete(&format!("{roles}/{role}"), &json!(1)).await.problem(412);
    admin.delete(&format!("{roles}/{role}"), &granted["version"]).await.ok();
    mei.get("/people").await.problem(403);
    assert_eq!(held(&mei.get(&path(&entered)).await.ok(), "admin")["until_on"], "2026-08-31");
}

#[rstest]
#[tokio::test]
async fn the_secretariat_never_loses_its_last_person(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let me = sol.get("/people?email=sol@alliance.example").await.ok()["items"][0].clone();
    let role = format!("{}/roles/{}", path(&me), me["roles"][0]["id"].as_str().expect("an id"));

    sol.delete(&role, &me["version"]).await.problem(409);
    let second = json!({ "given_name": "Ida", "family_name": "Ek", "email": "ida@alliance.example",
        "roles": [{ "duty": "secretariat", "from_on": "2026-01-01" }] });
    let ida = app.invited(&sol, &second).await;
    ida.delete(&role, &me["version"]).await.ok();

    sol.get("/people").await.problem(403);
    ida.get("/people").await.ok();
}

#[rstest]
#[tokio::test]
async fn a_table_of_people_is_entered_row_by_row(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let Two { app, beta, admin, .. } = two(db).await;
    let table = format!(
        "\u{feff}email;given_name;family_name;level;field;credits;languages;institution\r\n\
         anna@s.example;Anna;Berg;first;0613;60,5;en:B2 de:C1;\r\n\
         nobody;No;Body;first;;;;\r\n\
         ANNA@s.example;Anna;Again;first;;;;\r\n\
         ben@s.example;Ben;Roy;fourth;;;;\r\n\
         cleo@s.example;Cleo;Ray;second;9;;;\r\n\
         dan@s.example;Dan;Fox;second;;;;{}\r\n\
         eva@s.example;Eva;Fay;second;;;;Z NOWHERE01\r\n\
         admin@alpha.example;Ad;Min;second;;;;\r\n\
         finn@s.example;Finn;Lee;third;;;;\r\n\
         hal@s.example;Hal;Moe;third;;;english;\r\n\
         gus@s.example;Gus\r\n",
        beta["id"].as_str().expect("an id")
    );

    let report = imported(&admin, table).await.ok();

    assert_eq!((&report["read"], &report["created"], &report["known"]), (&json!(11), &json!(2), &json!(1)));
    let refused: Vec<(u64, Option<&str>)> = report["refused"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| (row["row"].as_u64().unwrap_or(0), row["column"].as_str()))
        .collect();
    let expected = [
        (2, Some("email")),
        (3, Some("email")),
        (4, Some("level")),
        (5, Some("field")),
        (6, Some("institution")),
        (7, Some("institution")),
        (10, Some("languages")),
        (11, None),
    ];
    assert_eq!(refused, expected);
    let anna = app.accept("anna@s.example").await;
    let me = anna.get("/auth/me").await.ok();
    let registrations = format!("/people/{}/registrations", me["person"].as_str().expect("an id"));
    let registration = &anna.get(&registrations).await.ok()["items"][0];
    assert_eq!(
        (&registration["credits"], &registration["languages"]),
        (&json!(60.5), &json!(["en:B2", "de:C1"]))
    );
}

#[tokio::test]
async fn a_table_that_cannot_be_read_as_a_whole_enters_nobody() {
    let Two { app: _app, admin, sol, .. } = two(Db::Sqlite).await;
    for table in [
        &b""[..],
        b"email\n",
        b"email,given_name,family_name,level,colour\na@b.c,A,B,first,red\n",
        b"email,given_name,family_name,level\na@b.c,\xe9,B,first\n",
    ] {
        imported(&admin, table).await.problem(422);
    }
    let json = admin.post("/people/import", &json!({})).await;
    json.problem(415);
    assert_eq!(sol.get("/people").await.ok()["items"].as_array().expect("a list").len(), 3);
}

#[rstest]
#[tokio::test]
async fn registrations_are_kept_by_the_home_and_read_by_the_person(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let Two { app, sol, alpha, beta, admin, other } = two(db).await;
    let anna = app.student(&sol, "Anna", &alpha).await;
    let id = anna.get("/auth/me").await.ok()["person"].as_str().expect("an id").to_owned();
    let registrations = format!("/people/{id}/registrations");

    let first = anna.get(&registrations).await.ok()["items"][0].clone();
    assert_eq!((&first["level"], &first["credits"]), (&json!("first"), &json!(60.0)));
    let one = format!("{registrations}/{}", first["id"].as_str().expect("an id"));
    let changed =
        admin.patch(&one, &json!(1), &json!({ "credits": 90.25, "year": 3, "field": null })).await.ok();
    assert_eq!(
        (&changed["credits"], &changed["year"], &changed["field"]),
        (&json!(90.25), &json!(3), &Value::Null)
    );

    anna.patch(&one, &json!(2), &json!({ "credits": 300 })).await.problem(403);
    other.patch(&one, &json!(2), &json!({ "credits": 300 })).await.problem(404);
    let second = json!({ "institution": beta["id"], "level": "second" });
    admin.post(&registrations, &second).await.problem(403);
    other.post(&registrations, &second).await.problem(404);
    sol.post(&registrations, &second).await.ok();
    other.get(&registrations).await.ok();
    let me = anna.get("/auth/me").await.ok();
    assert_eq!(me["registered_at"].as_array().expect("a list").len(), 2);
    let faulty = json!({ "institution": alpha["id"], "level": "first", "field": "x", "credits": 1.234, "languages": ["en"] });
    let refused = sol.post(&registrations, &faulty).await.problem(422);
    assert_eq!(refused["errors"].as_array().expect("a list").len(), 3);
}
