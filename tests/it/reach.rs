//! How far duties reach: one of a unit that unit and those below it, never what is the institution's as a whole.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::cast::{address, merged};
use crate::support::database::Db;

/// A member with units: Optics below Physics below Science, and Arts beside them.
struct House {
    app: TestApp,
    sol: Actor,
    alpha: Value,
    beta: Value,
    science: Value,
    physics: Value,
    optics: Value,
    arts: Value,
}

impl House {
    async fn of(db: Db) -> Self {
        let app = TestApp::spawn(db).await;
        let sol = app.secretariat().await;
        let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
        let beta = app.member(&sol, "Beta", "TW", "Asia/Taipei").await;
        let path = units(&alpha);
        let unit = async |name: &str, parent: &Value| {
            sol.post(&path, &json!({ "name": name, "parent": parent })).await.ok()["id"].clone()
        };
        let science = unit("Science", &Value::Null).await;
        let physics = unit("Physics", &science).await;
        let optics = unit("Optics", &physics).await;
        let arts = unit("Arts", &Value::Null).await;
        Self { app, sol, alpha, beta, science, physics, optics, arts }
    }

    /// Somebody with a duty in a unit, or in the whole institution.
    async fn holder(&self, name: &str, duty: &str, unit: &Value) -> (Actor, String) {
        let body = person(name, &json!({ "roles": [self.role(duty, unit)] }));
        let entered = self.sol.post("/people", &body).await.ok();
        (self.app.acting(&address(name)).await, path(&entered))
    }

    async fn student(&self, name: &str, unit: &Value) -> String {
        path(&self.sol.post("/people", &self.registered(name, unit)).await.ok())
    }

    fn registered(&self, name: &str, unit: &Value) -> Value {
        person(name, &json!({ "registrations": [self.registration(unit)] }))
    }

    fn role(&self, duty: &str, unit: &Value) -> Value {
        json!({ "duty": duty, "institution": self.alpha["id"], "unit": unit, "from_on": "2026-01-01" })
    }

    fn registration(&self, unit: &Value) -> Value {
        json!({ "institution": self.alpha["id"], "unit": unit, "level": "first" })
    }
}

fn person(name: &str, change: &Value) -> Value {
    merged(json!({ "given_name": name, "family_name": "Unit", "email": address(name) }), change)
}

fn id(row: &Value) -> &str {
    row["id"].as_str().expect("an id")
}

fn path(person: &Value) -> String {
    format!("/people/{}", id(person))
}

fn units(institution: &Value) -> String {
    format!("/institutions/{}/units", id(institution))
}

async fn imported(by: &Actor, table: String) -> Answer {
    let request = by.request(Method::POST, "/people/import").header("Content-Type", "text/csv");
    send(request.header("Idempotency-Key", fresh_key()).body(table)).await
}

#[rstest]
#[tokio::test]
async fn an_administrator_of_a_unit_looks_after_its_people_and_those_below(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let house = House::of(db).await;
    let (whole, _) = house.holder("Whole", "admin", &Value::Null).await;
    let (dean, dean_path) = house.holder("Dean", "admin", &house.physics).await;
    let places = [&Value::Null, &house.science, &house.physics, &house.optics, &house.arts];
    let reached = [false, false, true, true, false];

    for (nth, (unit, reached)) in places.into_iter().zip(reached).enumerate() {
        let student = house.student(&format!("Student{nth}"), unit).await;
        let (_, colleague) = house.holder(&format!("Staff{nth}"), "academic", unit).await;
        let registrations = format!("{student}/registrations");
        let registration = house.sol.get(&registrations).await.ok()["items"][0].clone();
        let one = format!("{registrations}/{}", id(&registration));
        let granted = house.role("grants", unit);
        whole.get(&student).await.ok();
        whole.post(&format!("{colleague}/roles"), &granted).await.ok();
        assert_eq!(dean.get(&student).await.status == 200, reached, "student of {unit}");
        assert_eq!(dean.get(&colleague).await.status == 200, reached, "colleague of {unit}");
        let seen = |status: u16| if reached { status } else { 404 };
        assert_eq!(dean.patch(&student, &json!(1), &json!({ "birth_year": 2006 })).await.status, seen(200));
        assert_eq!(dean.patch(&one, &json!(1), &json!({ "credits": 30 })).await.status, seen(200));
        assert_eq!(
            dean.post(&format!("{colleague}/roles"), &granted).await.status,
            seen(201),
            "grants {unit}"
        );
        let may = |status: u16| if reached { status } else { 403 };
        let invited = person(&format!("New{nth}"), &json!({ "roles": [granted] }));
        assert_eq!(dean.post("/people", &invited).await.status, may(201), "invites for {unit}");
        let entered = house.registered(&format!("Freshman{nth}"), unit);
        assert_eq!(dean.post("/people", &entered).await.status, may(201), "registers in {unit}");
    }
    let listed = dean.get("/people").await.ok();
    assert_eq!(
        listed["items"].as_array().map(Vec::len),
        Some(1 + 2 * 4),
        "themselves, and four in each unit"
    );
    dean.patch(&dean_path, &json!(1), &json!({ "language": "zh-Hant" })).await.ok();
}

#[rstest]
#[tokio::test]
async fn nobody_reaches_further_through_a_person_they_see(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let house = House::of(db).await;
    let (dean, _) = house.holder("Dean", "admin", &house.physics).await;
    let both = json!({
        "roles": [house.role("head", &Value::Null), house.role("academic", &house.physics)],
        "registrations": [house.registration(&house.optics), house.registration(&house.arts)],
    });
    let both = house.sol.post("/people", &person("Both", &both)).await.ok();
    let theirs = path(&both);
    let roles = format!("{theirs}/roles");

    dean.get(&theirs).await.ok();
    for unit in [&Value::Null, &house.science, &house.arts] {
        dean.post(&roles, &house.role("admin", unit)).await.problem(403);
        dean.post(&format!("{theirs}/registrations"), &house.registration(unit)).await.problem(403);
    }
    let role = |duty: &str| {
        let found = both["roles"].as_array().expect("roles").iter().find(|role| role["duty"] == duty);
        format!("{roles}/{}", id(found.expect("the duty")))
    };
    dean.delete(&role("head"), &json!(1)).await.problem(403);
    dean.delete(&role("academic"), &json!(1)).await.ok();
    let registrations = house.sol.get(&format!("{theirs}/registrations")).await.ok();
    for registration in registrations["items"].as_array().expect("a list") {
        let one = format!("{theirs}/registrations/{}", id(registration));
        let within = registration["unit"] == house.optics;
        let stays = dean.patch(&one, &json!(1), &json!({ "credits": 1 })).await;
        assert_eq!(stays.status, if within { 200 } else { 403 }, "{registration}");
        let present = if within { 2 } else { 1 };
        dean.patch(&one, &json!(present), &json!({ "unit": house.arts })).await.problem(403);
        dean.patch(&one, &json!(present), &json!({ "unit": null })).await.problem(403);
    }
}

#[rstest]
#[tokio::test]
async fn an_administrator_of_a_unit_orders_what_stands_below_it(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let house = House::of(db).await;
    let (dean, _) = house.holder("Dean", "admin", &house.physics).await;
    let path = units(&house.alpha);
    let one = |unit: &Value| format!("{path}/{}", unit.as_str().expect("an id"));

    for parent in [&Value::Null, &house.science, &house.arts] {
        dean.post(&path, &json!({ "name": "Lasers", "parent": parent })).await.problem(403);
        dean.patch(&one(&house.optics), &json!(1), &json!({ "parent": parent })).await.problem(403);
    }
    let lasers = dean.post(&path, &json!({ "name": "Lasers", "parent": house.physics })).await.ok();
    dean.patch(&one(&house.optics), &json!(1), &json!({ "parent": lasers["id"] })).await.ok();
    dean.patch(&one(&house.physics), &json!(1), &json!({ "name": "Physics and Light" })).await.ok();
    dean.patch(&one(&house.physics), &json!(2), &json!({ "parent": house.arts })).await.problem(403);
    dean.patch(&one(&house.arts), &json!(1), &json!({ "parent": house.physics })).await.problem(403);
    dean.patch(&one(&house.science), &json!(1), &json!({ "name": "Mine" })).await.problem(403);
}

#[rstest]
#[tokio::test]
async fn a_table_of_an_administrator_of_a_unit_registers_in_that_unit(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let house = House::of(db).await;
    let (dean, _) = house.holder("Dean", "admin", &house.physics).await;
    let row = |name: &str, institution: &Value| {
        format!("{name},{name},{name}@s.example,first,{}\n", institution.as_str().unwrap_or_default())
    };
    let header = "given_name,family_name,email,level,institution\n".to_owned();
    let rows = [row("Anna", &Value::Null), row("Ben", &house.alpha["id"]), row("Cleo", &house.beta["id"])];
    let table = header + rows.concat().as_str();

    let report = imported(&dean, table.clone()).await.ok();

    assert_eq!((&report["created"], &report["refused"][0]["row"]), (&json!(2), &json!(3)));
    for name in ["anna", "ben"] {
        let listed = dean.get(&format!("/people?email={name}@s.example")).await.ok();
        let registrations = format!("{}/registrations", path(&listed["items"][0]));
        assert_eq!(dean.get(&registrations).await.ok()["items"][0]["unit"], house.physics);
    }
    let second = house.sol.get("/people?email=dean@people.example").await.ok()["items"][0].clone();
    house.sol.post(&format!("{}/roles", path(&second)), &house.role("admin", &house.arts)).await.ok();
    let report = imported(&dean, table.replace("@s.", "@t.")).await.ok();
    assert_eq!(report["refused"].as_array().map(Vec::len), Some(3), "which of the two units? {report}");
}

async fn written(by: &Actor, bodies: &[(&str, Value)]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for (path, body) in bodies {
        statuses.push(by.post(path, body).await.status);
    }
    statuses
}

#[rstest]
#[tokio::test]
async fn what_is_the_institutions_as_a_whole_is_not_a_units_to_write(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let house = House::of(db).await;
    let (whole, _) = house.holder("Whole", "coordinator", &Value::Null).await;
    let (tutor, _) = house.holder("Tutor", "coordinator", &house.physics).await;
    let (alpha, beta) = (&house.alpha["id"], &house.beta["id"]);
    let agreement = json!({ "proposer": alpha, "partner": beta, "valid_from_on": "2026-09-01", "valid_until_on": "2029-08-31" });
    let agreed = whole.post("/agreements", &agreement).await.ok();
    let period = json!({ "institution": alpha, "academic_year": 2027, "term": "S1", "start_on": "2027-09-01", "end_on": "2028-01-31", "twelfths": 6 });
    let line = json!({ "source": "agreement", "agreement": agreed["id"], "home": alpha, "host": beta, "unit": "heads", "capacity": 2 });
    let pool = json!({ "source": "pool", "direction": "out", "home": alpha, "unit": "heads", "capacity": 2 });
    let call = json!({ "title": "Autumn", "homes": [alpha], "offerings": [], "opens_on": "2026-09-01", "closes_on": "2027-02-28" });
    let bodies = [
        ("/agreements", agreement),
        ("/periods", period),
        ("/place-lines", line),
        ("/place-lines", pool),
        ("/calls", call),
    ];

    assert_eq!(written(&tutor, &bodies).await, [403; 5]);
    assert_eq!(written(&whole, &bodies).await, [201; 5]);

    let call = whole.get("/calls?status=draft").await.ok()["items"][0].clone();
    tutor.patch(&format!("/calls/{}", id(&call)), &json!(1), &json!({ "title": "Mine" })).await.problem(403);
    let lines = tutor.get("/place-lines").await.ok()["items"].clone();
    for line in lines.as_array().expect("seen, for they are drawn on") {
        let more = json!({ "amount": 1, "reason": "more" });
        tutor.post(&format!("/place-lines/{}/postings", id(line)), &more).await.problem(403);
    }
    let theirs = format!("/agreements/{}", id(&agreed));
    assert_eq!(tutor.get(&theirs).await.ok()["status"], "draft");
    tutor.patch(&theirs, &json!(1), &json!({ "valid_until_on": "2030-08-31" })).await.problem(403);
    tutor.patch(&theirs, &json!(1), &json!({ "note": "as a tutor sees it" })).await.problem(403);
}

#[rstest]
#[tokio::test]
async fn a_programme_of_a_unit_is_written_by_that_units_people(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let house = House::of(db).await;
    let (whole, _) = house.holder("Whole", "coordinator", &Value::Null).await;
    let (tutor, _) = house.holder("Tutor", "coordinator", &house.physics).await;
    let period = json!({ "institution": house.alpha["id"], "academic_year": 2027, "term": "S1", "start_on": "2027-09-01", "end_on": "2028-01-31", "twelfths": 6 });
    let period = whole.post("/periods", &period).await.ok();
    let body = |unit: &Value| json!({ "kind": "exchange", "host": house.alpha["id"], "unit": unit, "workflow": "student-exchange", "title": "Physics", "gives_credit": true });
    let reached =
        [(&house.physics, true), (&house.optics, true), (&house.science, false), (&house.arts, false)];

    for (unit, reached) in reached.into_iter().chain([(&Value::Null, false)]) {
        let may = |status: u16| if reached { status } else { 403 };
        assert_eq!(tutor.post("/programmes", &body(unit)).await.status, may(201), "{unit}");
        let programme = whole.post("/programmes", &body(unit)).await.ok();
        let one = format!("/programmes/{}", id(&programme));
        let offered = tutor.post(&format!("{one}/offerings"), &json!({ "period": period["id"] })).await;
        assert_eq!(offered.status, may(201), "offers in {unit}");
        let line =
            json!({ "source": "programme", "programme": programme["id"], "unit": "heads", "capacity": 2 });
        assert_eq!(tutor.post("/place-lines", &line).await.status, may(201), "places in {unit}");
        let line = whole.post("/place-lines", &line).await.ok();
        let more = json!({ "amount": 1, "reason": "more" });
        let posted = tutor.post(&format!("/place-lines/{}/postings", id(&line)), &more).await;
        assert_eq!(posted.status, may(201), "posts in {unit}");
        for to in [&house.arts, &Value::Null] {
            tutor.patch(&one, &json!(1), &json!({ "unit": to })).await.problem(403);
        }
        let renamed = tutor.patch(&one, &json!(1), &json!({ "title": "Light" })).await;
        assert_eq!(renamed.status, may(200), "changes in {unit}");
    }
}
