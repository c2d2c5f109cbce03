//! The annual chair is handed over at a midnight of the alliance's zone.

use chrono::TimeDelta;
use rstest::rstest;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use sojourn_entities::outbox;

use crate::support::cast::Cast;
use crate::support::database::Db;

const MADRID: &str = "[alliance]\nzone = 'Europe/Madrid'";

/// Ends the term of the chair with the day every test begins on, and says its address.
async fn last_day(cast: &Cast) -> String {
    let sol = cast.who("secretariat");
    let term = sol.get("/chair-terms").await.ok()["items"][0].clone();
    let path = format!("/chair-terms/{}", term["id"].as_str().expect("an id"));
    sol.patch(&path, &term["version"], &json!({ "until_on": "2026-09-01" })).await.ok();
    path
}

async fn hand_over(cast: &Cast) -> usize {
    cast.app.app.hand_chairs_over(&cast.app.clock.moment()).await.expect("the database answers")
}

/// Parts of those who were told.
async fn told(cast: &Cast) -> Vec<&'static str> {
    let conn = cast.app.database.connect().await;
    let sent = outbox::Entity::find().filter(outbox::Column::Notice.eq("chair_handed_over"));
    let sent = sent.all(&conn).await.expect("read");
    let mut parts: Vec<_> =
        sent.iter().map(|row| cast.part(&row.recipient_id.expect("somebody").to_string())).collect();
    parts.sort_unstable();
    parts
}

#[rstest]
#[tokio::test]
async fn the_chair_loses_its_rights_at_midnight_in_the_zone_of_the_alliance(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::with(db, MADRID).await;
    last_day(&cast).await;
    let chair = cast.who("chair");
    cast.app.clock.set("2026-09-01T21:59:55Z".parse().expect("an instant"));
    chair.get("/audit").await.ok();
    cast.app.advance(TimeDelta::seconds(4));
    chair.get("/audit").await.ok();
    cast.app.advance(TimeDelta::seconds(1));
    chair.get("/audit").await.problem(403);
    assert_eq!(chair.get("/auth/me").await.ok()["chair_of"], Value::Null);
}

#[rstest]
#[tokio::test]
async fn the_hand_over_is_told_once_to_both_chairs_and_the_secretariat(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::with(db, MADRID).await;
    let path = last_day(&cast).await;
    let next = json!({ "institution": cast.at("Alpha")["id"], "person": cast.person("home_head"),
        "from_on": "2026-09-03", "until_on": "2027-08-31" });
    cast.who("secretariat").post("/chair-terms", &next).await.ok();

    cast.app.clock.set("2026-09-01T21:59:59Z".parse().expect("an instant"));
    assert_eq!(hand_over(&cast).await, 0, "the term lasts until midnight");
    cast.app.advance(TimeDelta::seconds(1));
    assert_eq!((hand_over(&cast).await, hand_over(&cast).await), (1, 0));
    assert_eq!(told(&cast).await, ["chair", "home_head", "secretariat"]);

    let report = cast.who("home_head").get(&format!("{path}/hand-over")).await.ok();
    assert_eq!((&report["vacant_days"], &report["next"]["from_on"]), (&json!(1), &json!("2026-09-03")));
    assert_eq!(report["waiting_in_all"], json!(0));
    assert_ne!(report["told_at"], Value::Null);
    for stranger in ["home_coordinator", "host_head"] {
        cast.who(stranger).get(&format!("{path}/hand-over")).await.problem(403);
    }
}

#[rstest]
#[tokio::test]
async fn a_hand_over_to_nobody_says_so_and_names_the_drafts_that_wait(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::with(db, MADRID).await;
    let path = last_day(&cast).await;
    let sol = cast.who("secretariat");
    let source = sol.get("/workflows/student-exchange/versions/1").await.ok()["source"].clone();
    let source = source.as_str().expect("a text").to_owned() + "\n# A further line.\n";
    let draft = sol.request(reqwest::Method::POST, "/workflows/student-exchange/versions");
    let draft = draft.header("Idempotency-Key", "draft").header("Content-Type", "application/toml");
    crate::support::actor::send(draft.body(source)).await.ok();

    cast.app.clock.set("2026-09-02T00:00:00Z".parse().expect("an instant"));
    assert_eq!(hand_over(&cast).await, 1);
    assert_eq!(told(&cast).await, ["chair", "secretariat"]);
    let report = sol.get(&format!("{path}/hand-over")).await.ok();
    assert_eq!((&report["next"], &report["vacant_days"]), (&Value::Null, &Value::Null));
    assert_eq!(report["drafts"], json!([{ "workflow": "student-exchange", "number": 2 }]));
}
