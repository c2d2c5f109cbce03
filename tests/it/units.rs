//! Units: whom a case falls to, from its own unit up to the whole institution, and who stands in where nobody is.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::Actor;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;

async fn steps(walk: &mut Walk<'_>, steps: &[(&str, &str)]) {
    for (role, event) in steps {
        walk.act(role, event).await;
    }
}

#[rstest]
#[tokio::test]
async fn a_unit_with_people_of_its_own_carries_its_own_cases(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let sol = cast.who("secretariat");
    let alpha = &cast.at("Alpha")["id"];
    let units = format!("/institutions/{}/units", alpha.as_str().expect("an id"));
    let physics = sol.post(&units, &json!({ "name": "Physics" })).await.ok();
    let role = json!({ "duty": "coordinator", "institution": alpha, "unit": physics["id"], "from_on": "2026-01-01" });
    let person =
        json!({ "given_name": "Uma", "family_name": "Unit", "email": address("Uma"), "roles": [role] });
    let uma_id = sol.post("/people", &person).await.ok()["id"].clone();
    let uma = cast.app.acting(&address("Uma")).await;
    let student = cast.registered("Anna", &json!({ "unit": physics["id"] })).await;
    let mut theirs = Walk::open(&cast, &round, &student).await;
    let mut others = Walk::open(&cast, &round, &cast.student("Berta").await).await;
    steps(&mut theirs, &[("student", "submit")]).await;
    steps(&mut others, &[("student", "submit")]).await;

    let view = uma.get(&theirs.path()).await.ok();
    assert_eq!((&view["waiting"][0]["you"], &view["waiting"][0]["people"][0]["id"]), (&json!(true), &uma_id));
    uma.get(&others.path()).await.problem(404);
    let ids = async |by: &Actor| {
        let list = by.get("/applications?waiting_for_me=true").await.ok();
        list["items"].as_array().expect("items").iter().map(|item| item["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&uma).await, [theirs.case["id"].clone()]);
    let whole = cast.who("home_coordinator");
    assert_eq!(ids(whole).await, [others.case["id"].clone()]);
    let refused =
        whole.fire(&whole.get(&theirs.path()).await.ok(), "find_eligible", json!({})).await.problem(403);
    assert_eq!(refused["refusal"]["code"], "not_yours", "seen by the whole house, carried by the unit");
    uma.fire(&view, "find_eligible", json!({})).await.ok();
}

/// A coordinator in a unit of an institution.
async fn in_unit(cast: &Cast, name: &str, institution: &Value, unit: &Value) -> Actor {
    let role =
        json!({ "duty": "coordinator", "institution": institution, "unit": unit, "from_on": "2026-01-01" });
    let person =
        json!({ "given_name": name, "family_name": "Unit", "email": address(name), "roles": [role] });
    cast.who("secretariat").post("/people", &person).await.ok();
    cast.app.acting(&address(name)).await
}

/// Whether somebody sees the case in a list, opens it, finds it among what waits for them, and is named as one it waits for.
async fn stands(walk: &Walk<'_>, by: &Actor) -> (bool, bool, bool, bool) {
    let holds = async |list: &str| {
        let list = by.get(list).await.ok();
        list["items"].as_array().expect("items").iter().any(|item| item["id"] == walk.case["id"])
    };
    let view = by.get(&walk.path()).await;
    let opens = view.status == 200;
    let named = opens && view.ok()["waiting"][0]["you"] == true;
    (holds("/applications").await, opens, holds("/applications?waiting_for_me=true").await, named)
}

const SEES: (bool, bool, bool, bool) = (true, true, false, false);
const CARRIES: (bool, bool, bool, bool) = (true, true, true, true);
const NOTHING: (bool, bool, bool, bool) = (false, false, false, false);

#[rstest]
#[tokio::test]
async fn a_case_falls_to_the_nearest_unit_above_it_that_has_people(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let (sol, alpha) = (cast.who("secretariat"), &cast.at("Alpha")["id"]);
    let units = format!("/institutions/{}/units", alpha.as_str().expect("an id"));
    let unit = async |name: &str, parent: &Value| {
        sol.post(&units, &json!({ "name": name, "parent": parent })).await.ok()
    };
    let science = unit("Science", &Value::Null).await;
    let physics = unit("Physics", &science["id"]).await;
    let optics = unit("Optics", &physics["id"]).await;
    let arts = unit("Arts", &Value::Null).await;
    let student = cast.registered("Anna", &json!({ "unit": optics["id"] })).await;
    let mut walk = Walk::open(&cast, &round, &student).await;
    steps(&mut walk, &[("student", "submit")]).await;
    let whole = cast.who("home_coordinator");
    assert_eq!(stands(&walk, whole).await, CARRIES, "nobody nearer");

    let dean = in_unit(&cast, "Dean", alpha, &science["id"]).await;
    let painter = in_unit(&cast, "Painter", alpha, &arts["id"]).await;
    assert_eq!(stands(&walk, &dean).await, CARRIES, "two units above");
    assert_eq!(stands(&walk, whole).await, SEES);
    assert_eq!(stands(&walk, &painter).await, NOTHING, "beside it");

    let tutor = in_unit(&cast, "Tutor", alpha, &optics["id"]).await;
    assert_eq!(stands(&walk, &tutor).await, CARRIES, "its own unit");
    assert_eq!(stands(&walk, &dean).await, SEES);
    whole.fire(&whole.get(&walk.path()).await.ok(), "find_eligible", json!({})).await.problem(403);

    let path = format!("{units}/{}", optics["id"].as_str().expect("an id"));
    sol.patch(&path, &json!(1), &json!({ "parent": arts["id"] })).await.ok();
    assert_eq!(stands(&walk, &dean).await, NOTHING, "the unit stands elsewhere now");
    assert_eq!(stands(&walk, &painter).await, SEES);
    tutor.fire(&tutor.get(&walk.path()).await.ok(), "find_eligible", json!({})).await.ok();
}

#[rstest]
#[tokio::test]
async fn where_a_duty_has_no_people_the_nearest_head_stands_in(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let (sol, omega) = (cast.who("secretariat"), &cast.at("Omega")["id"]);
    let units = format!("/institutions/{}/units", omega.as_str().expect("an id"));
    let law = sol.post(&units, &json!({ "name": "Law" })).await.ok();
    let beside = in_unit(&cast, "Beside", omega, &law["id"]).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    steps(&mut walk, &[("student", "submit"), ("home_coordinator", "find_eligible")]).await;
    steps(&mut walk, &[("home_coordinator", "allocate"), ("student", "accept_offer")]).await;
    steps(&mut walk, &[("home_coordinator", "nominate")]).await;
    assert_eq!(stands(&walk, cast.who("host_coordinator")).await, CARRIES);
    assert_eq!(stands(&walk, cast.who("host_head")).await, SEES);
    assert_eq!(stands(&walk, &beside).await, NOTHING, "a unit that has no part in it");

    cast.dismiss("host_coordinator").await;
    assert_eq!(stands(&walk, cast.who("host_head")).await, CARRIES);
    assert_eq!(stands(&walk, sol).await, SEES);
    cast.dismiss("host_head").await;
    assert_eq!(stands(&walk, sol).await, CARRIES, "nobody at all");
    assert_eq!(stands(&walk, &beside).await, NOTHING);
}
