//! Reports of applications: how far they come, who goes where, how long states take.

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, send};
use crate::support::answer::Answer;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::{Round, without_documents};
use crate::support::visitor::Visitor;
use crate::support::walk::Walk;

/// A day, and the minute that a step takes.
const DAY: i64 = 86_460;

/// So many days pass before each step.
async fn walked<'c>(
    cast: &'c Cast,
    round: &Round,
    (name, days): (&str, i64),
    steps: &[(&str, &str)],
) -> Walk<'c> {
    let mut walk = Walk::open(cast, round, &cast.student(name).await).await;
    for (role, event) in steps {
        cast.app.advance(TimeDelta::days(days));
        walk.act(role, event).await;
    }
    walk
}

/// Anna is placed at Omega, Ben's nomination waits there, Carl has withdrawn.
async fn three<'c>(cast: &'c Cast, round: &Round, days: i64) -> [Walk<'c>; 3] {
    let begin =
        [("student", "submit"), ("home_coordinator", "find_eligible"), ("home_coordinator", "allocate")];
    let nominated = [("student", "accept_offer"), ("home_coordinator", "nominate")];
    let placed =
        [("host_coordinator", "acknowledge"), ("host_coordinator", "approve"), ("student", "confirm")];
    [
        walked(cast, round, ("Anna", days), &[&begin[..], &nominated, &placed].concat()).await,
        walked(cast, round, ("Ben", days), &[&begin[..], &nominated].concat()).await,
        walked(cast, round, ("Carl", days), &[("student", "submit"), ("student", "withdraw")]).await,
    ]
}

fn phase<'v>(funnel: &'v Value, name: &str) -> &'v Value {
    let phases = funnel["phases"].as_array().expect("phases");
    phases.iter().find(|phase| phase["phase"] == name).unwrap_or_else(|| panic!("no {name}: {funnel}"))
}

fn numbers(funnel: &Value, name: &str) -> [i64; 3] {
    ["reached", "now", "ended"].map(|part| phase(funnel, name)[part].as_i64().expect("a number"))
}

async fn accepting(by: &Actor, path: &str, kind: &str) -> Answer {
    send(by.request(reqwest::Method::GET, path).header("Accept", kind)).await
}

#[rstest]
#[tokio::test]
async fn a_funnel_tells_how_far_applications_come(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let walks = three(&cast, &round, 1).await;
    let (home, sol) = (cast.who("home_coordinator"), cast.who("secretariat"));
    for by in [home, sol] {
        let funnel = by.get("/reports/funnel").await.ok();
        assert_eq!((&funnel["total"], &funnel["completed"]), (&json!(3), &json!(0)));
        assert_eq!(numbers(&funnel, "application"), [3, 0, 1], "{funnel}");
        assert_eq!(numbers(&funnel, "selection"), [2, 0, 0], "{funnel}");
        assert_eq!(numbers(&funnel, "nomination"), [2, 1, 0], "{funnel}");
        assert_eq!(numbers(&funnel, "placement"), [1, 1, 0], "{funnel}");
        assert_eq!(numbers(&funnel, "stay"), [0, 0, 0]);
        let ends = &phase(&funnel, "application")["ends"];
        assert_eq!((&ends[0]["label"], &ends[0]["number"]), (&json!("Withdrawn"), &json!(1)));
    }
    let host = cast.who("host_coordinator").get("/reports/funnel").await.ok();
    assert_eq!(host["total"], 2, "a host counts whom it has been shown");
    assert_eq!(cast.who("other_coordinator").get("/reports/funnel").await.ok()["total"], 0);
    let narrowed = format!("/reports/funnel?host={}", id(cast.at("Sigma")));
    assert_eq!(sol.get(&narrowed).await.ok()["total"], 0);
    let call = format!("/reports/funnel?call={}", id(&round.call));
    assert_eq!(home.get(&call).await.ok()["total"], 3);
    walks[0].student.get("/reports/funnel").await.problem(403);
    assert_eq!(home.get("/reports/funnel?call=x").await.status, 400);
}

#[rstest]
#[tokio::test]
async fn traffic_tells_who_goes_where(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let walks = three(&cast, &round, 1).await;
    let sol = cast.who("secretariat");
    let traffic = sol.get("/reports/traffic").await.ok();
    let rows = traffic["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 1, "whoever is only nominated goes nowhere yet: {traffic}");
    let row = &rows[0];
    assert_eq!((&row["home"]["id"], &row["host"]["id"]), (&cast.at("Alpha")["id"], &cast.at("Omega")["id"]));
    assert_eq!((&row["people"], &row["begun"]), (&json!(1), &json!(0)));
    assert!(row["days"].as_i64().is_some_and(|days| days > 30), "{row}");
    let omega = traffic["members"].as_array().expect("members").iter();
    let omega: Vec<&Value> =
        omega.filter(|member| member["institution"]["id"] == row["host"]["id"]).collect();
    assert_eq!((&omega[0]["sent"], &omega[0]["received"]), (&json!(0), &json!(1)));
    cast.app.advance(TimeDelta::days(1_000));
    let later = sol.get("/reports/traffic").await.ok();
    assert_eq!(later["rows"][0]["begun"], 1);
    drop(walks);
}

#[rstest]
#[tokio::test]
async fn times_in_states_are_those_that_did_happen(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let walks = three(&cast, &round, 1).await;
    let waiting = cast.who("home_coordinator").get("/reports/waiting").await.ok();
    let rows = waiting["rows"].as_array().expect("rows");
    let of = |state: &str, institution: &str| {
        let row = rows.iter().find(|row| row["state"] == state && row["institution"]["name"] == institution);
        let row = row.unwrap_or_else(|| panic!("no {state} by {institution}: {waiting}"));
        ["number", "median_seconds", "ninetieth_seconds"].map(|part| row[part].as_i64().expect("a number"))
    };
    assert_eq!(of("submitted", "University of Alpha"), [2, DAY, DAY]);
    assert_eq!(of("acknowledged", "University of Omega"), [1, DAY, DAY]);
    let phases: Vec<&str> = rows.iter().filter_map(|row| row["phase"].as_str()).collect();
    let first = phases.iter().position(|phase| *phase == "approval");
    assert!(first > phases.iter().position(|phase| *phase == "selection"), "in the order of the workflow");
    let other = cast.who("other_coordinator").get("/reports/waiting").await.ok();
    assert_eq!(other["rows"], json!([]));
    drop(walks);
}

#[rstest]
#[tokio::test]
async fn a_report_is_a_table_a_picture_and_a_page(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let walks = three(&cast, &round, 0).await;
    let coordinator = cast.app.accept(&address("home_coordinator")).await;
    let page = Visitor::signed_in(&cast.app.address, &address("home_coordinator")).await;
    for (name, part, on_page) in [
        ("funnel", "Withdrawn", "Withdrawn"),
        ("traffic", "University of Omega", "University of Omega"),
        ("waiting", "student-exchange", "Exchange · Selection"),
    ] {
        let table = accepting(&coordinator, &format!("/reports/{name}"), "text/csv").await;
        assert_eq!((table.status, table.header("content-type")), (200, "text/csv; charset=utf-8"));
        let mut rows = csv::Reader::from_reader(table.body.as_slice());
        assert!(rows.records().all(|row| row.is_ok()) && table.text().contains(part), "{}", table.text());
        let picture = accepting(&coordinator, &format!("/reports/{name}"), "image/svg+xml").await;
        assert_eq!(picture.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        assert!(picture.text().contains("<title id") && picture.text().contains("<desc id"));
        let shown = page.get(&format!("/reports/{name}")).await;
        assert!(
            shown.status == 200 && shown.text().contains("<svg") && shown.text().contains(on_page),
            "{name}: {}",
            shown.text()
        );
        let file = page.get(&format!("/reports/{name}.csv?call={}", id(&round.call))).await;
        assert_eq!((file.status, file.body), (200, table.body), "{name}");
    }
    let page_in_chinese = cast.visitor("host_coordinator").await.get("/reports/waiting").await.text();
    let picture = page.get("/reports/waiting.svg").await.text();
    for shown in [&page_in_chinese, &picture] {
        assert!(!shown.contains("student-exchange"), "people know a workflow by its title: {shown}");
    }
    assert!(page_in_chinese.contains("交換 · "), "{page_in_chinese}");
    for (path, status) in [("/reports/funnel.exe", 404), ("/reports/nothing", 404), ("/reports", 303)] {
        assert_eq!(page.get(path).await.status, status, "{path}");
    }
    assert_eq!(Visitor::new(&cast.app.address).get("/reports/funnel").await.status, 303);
    drop(walks);
}
