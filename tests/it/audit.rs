//! What people administer and which documents they read is written down with the work, for the secretariat and the chair.

use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::actor::Actor;
use crate::support::app::TestApp;
use crate::support::cast::Cast;
use crate::support::data::own;
use crate::support::database::Db;

async fn entries(by: &Actor, filter: &str) -> Vec<Value> {
    let page = by.get(&format!("/audit?limit=200{filter}")).await.ok();
    page["items"].as_array().expect("a page").clone()
}

#[rstest]
#[tokio::test]
async fn a_change_is_written_down_with_who_made_it_and_what_it_was(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let sol = cast.who("secretariat");
    let entered =
        json!({ "kind": "member", "name": "University of Oulu", "country": "FI", "zone": "Europe/Helsinki" });
    let oulu = sol.post("/institutions", &entered).await.ok();
    let path = format!("/institutions/{}", oulu["id"].as_str().expect("an id"));
    sol.patch(&path, &json!(1), &json!({ "name": "Oulu" })).await.ok();

    let about = format!("&about={}", oulu["id"].as_str().expect("an id"));
    let told = entries(sol, &about).await;
    let deeds: Vec<_> = told.iter().map(|one| (one["deed"].clone(), one["name"].clone())).collect();
    assert_eq!(deeds, [(json!("change"), json!("Sol Ek")), (json!("create"), json!("Sol Ek"))], "{told:?}");
    assert_eq!(told[0]["changes"], json!({ "name": ["University of Oulu", "Oulu"] }));
    assert_eq!(told[0]["institution"], oulu["id"]);
}

#[rstest]
#[tokio::test]
async fn of_people_the_audit_says_which_fields_changed_and_never_to_what(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let (sol, head) = (cast.who("secretariat"), cast.who("home_head"));
    let id = cast.person("home_head");
    let row = head.get(&format!("/people/{id}")).await;
    head.patch(&format!("/people/{id}"), &row.ok()["version"], &json!({ "family_name": "Oksanen" }))
        .await
        .ok();

    let told = entries(sol, &format!("&about={id}")).await;
    assert_eq!(told[0]["changes"], json!(["family_name"]));
    assert!(told.iter().all(|one| !one.to_string().contains("Oksanen") || one["name"] != Value::Null));
}

#[rstest]
#[tokio::test]
async fn a_refused_or_repeated_change_leaves_one_entry_at_most(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let sol = cast.who("secretariat");
    let before = entries(sol, "&subject=institution&deed=create").await.len();
    let wrong = json!({ "kind": "member", "name": "", "country": "FI", "zone": "Europe/Helsinki" });
    assert_eq!(sol.post("/institutions", &wrong).await.status, 422);
    let right = json!({ "kind": "member", "name": "Tampere", "country": "FI", "zone": "Europe/Helsinki" });
    let request =
        || sol.request(reqwest::Method::POST, "/institutions").header("Idempotency-Key", "once").json(&right);
    for _ in 0..2 {
        assert_eq!(crate::support::actor::send(request()).await.status, 201);
    }
    assert_eq!(entries(sol, "&subject=institution&deed=create").await.len(), before + 1);
}

#[rstest]
#[tokio::test]
async fn nobody_rewrites_the_audit(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let conn = cast.app.database.connect().await;
    for statement in ["UPDATE audit_entries SET person_id = NULL", "DELETE FROM audit_entries"] {
        let refused = conn.execute_unprepared(statement).await.expect_err("refused").to_string();
        assert!(refused.contains("audit_entries is append-only"), "{refused}");
    }
}

/// What entries tell the fields of; a new kind of entry belongs here.
const TOLD: [&str; 17] = [
    "AbsenceView",
    "AgreementView",
    "CallView",
    "ChairTermView",
    "HolidayView",
    "InstitutionView",
    "OfferingView",
    "PeriodView",
    "PersonView",
    "PlaceLineView",
    "ProgrammeView",
    "RegistrationView",
    "RoleView",
    "RunItem",
    "StatementView",
    "UnitView",
    "VersionView",
];

#[tokio::test]
async fn every_field_that_an_entry_tells_has_a_name_in_both_languages() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let api = app.stranger().get("/api/openapi.json").await.ok();
    for language in ["en", "zh-Hant"] {
        let words =
            std::fs::read_to_string(own(&format!("templates/web/words.{language}.toml"))).expect("words");
        let words: toml::Table = words.parse().expect("words");
        for view in TOLD {
            let fields = api["components"]["schemas"][view]["properties"].as_object().expect(view);
            for field in
                fields.keys().filter(|field| !["id", "version", "created_at"].contains(&field.as_str()))
            {
                let named = |table: &toml::Value| table.get(field.as_str()).is_some();
                let fields = words["audit"].get("fields").expect("names of fields");
                assert!(named(&words["asked"]) || named(fields), "{language}: {view}.{field}");
            }
        }
    }
}
