//! The overview, who keeps whom waiting, the audit and the chair; and who may see the desk at all.

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use super::{at_browser, filled, led, with};
use crate::support::app::SECRETARIAT;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::without_documents;
use crate::support::visitor::Visitor;
use crate::support::walk::Walk;

#[rstest]
#[tokio::test]
async fn the_desk_is_for_the_secretariat_and_the_chair(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let own = [
        "/desk",
        "/waiting",
        "/waiting/alliance/chair",
        "/audit",
        "/chair",
        "/workflows/student-exchange/simulate",
    ];
    let written =
        ["/institutions/new", "/chair/new", "/workflows/new", "/workflows/student-exchange/versions/1/adopt"];
    let all = [
        "/institutions",
        "/workflows",
        "/workflows/student-exchange",
        "/workflows/student-exchange/versions/1",
    ];
    let nobody = Visitor::new(&cast.app.address);
    for (part, seen, writes) in [
        ("secretariat", 200, 200),
        ("chair", 200, 403),
        ("home_coordinator", 403, 403),
        ("employer", 403, 403),
    ] {
        let visitor = at_browser(&cast, part).await;
        for path in own {
            assert_eq!(visitor.get(path).await.status, seen, "{part} at {path}");
        }
        for path in written {
            assert_eq!(visitor.get(path).await.status, writes, "{part} at {path}");
        }
        for path in all {
            assert_eq!(visitor.get(path).await.status, 200, "{part} at {path}");
        }
        let none = visitor.get("/waiting/alliance/nobody").await.status;
        assert_eq!(none, if seen == 200 { 404 } else { 403 }, "{part}");
    }
    for path in own.iter().chain(&written).chain(&all) {
        assert!(nobody.get(path).await.header("location").starts_with("/login?next="), "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn who_keeps_whom_waiting_is_counted_by_institution_and_duty(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let chair = at_browser(&cast, "chair").await;
    assert!(chair.get("/waiting").await.text().contains("No case waits for anybody."));
    let round = cast.exchange(3, &without_documents()).await;
    let mut references = Vec::new();
    for name in ["Anna", "Ben"] {
        let student = cast.student(name).await;
        let mut walk = Walk::open(&cast, &round, &student).await;
        walk.act("student", "submit").await;
        references.push(walk.case["reference"].as_str().expect("a reference").to_owned());
        cast.app.advance(TimeDelta::days(1));
    }
    let sol = at_browser(&cast, "secretariat").await;
    cast.app.statements();
    let text = sol.get("/waiting").await.text();
    let statements = cast.app.statements().len();
    assert!(text.contains("University of Alpha") && !text.contains("University of Omega"), "{text}");
    let alpha = id(cast.at("Alpha"));
    let row = text.split_once(&format!("/waiting/{alpha}/coordinator")).expect("a row").1;
    let row = row.split_once("</tr>").expect("its end").0;
    assert!(row.contains(">2<") && row.contains("2 days"), "{row}");
    assert!(statements <= 24, "{statements} statements, of which two for what waits at institutions");
    over_rest(&cast, &references).await;

    cast.app.advance(TimeDelta::days(25));
    let page = sol.get(&format!("/waiting/{alpha}/coordinator")).await.text();
    let places: Vec<_> =
        references.iter().map(|reference| page.find(reference.as_str()).expect("listed")).collect();
    assert!(places[0] < places[1], "the longest wait first");
    assert!(page.contains("Overdue"), "{page}");
    assert!(sol.get("/desk").await.text().contains("Overdue cases"));
}

/// The same over REST: counted, and case by case.
async fn over_rest(cast: &Cast, references: &[String]) {
    let (sol, alpha) = (cast.app.acting(SECRETARIAT).await, id(cast.at("Alpha")));
    let waits = sol.get("/waits").await.ok();
    assert_eq!(waits["items"].as_array().map(Vec::len), Some(1), "{waits}");
    let party = &waits["items"][0]["parties"][0];
    assert_eq!((&waits["items"][0]["id"], &party["party"]), (&json!(alpha), &json!("coordinator")));
    assert_eq!((&party["cases"], &party["days"], &party["overdue"]), (&json!(2), &json!(2), &json!(0)));
    let cases = sol.get(&format!("/waits/{alpha}/coordinator?limit=1")).await.ok();
    assert_eq!(cases["items"][0]["reference"], json!(references[0]));
    let next = cases["next"].as_str().expect("another page");
    let cases = sol.get(&format!("/waits/{alpha}/coordinator?limit=1&cursor={next}")).await.ok();
    assert_eq!((&cases["items"][0]["reference"], &cases["next"]), (&json!(references[1]), &Value::Null));
    assert_eq!(sol.get("/waits/alliance").await.ok(), json!({ "parties": [] }));
    assert_eq!(sol.get("/waits/alliance/people").await.ok()["items"], json!([]));
    sol.get("/waits/alliance/nobody").await.problem(404);
    sol.get(&format!("/waits/{alpha}/people")).await.problem(404);
    cast.who("home_coordinator").get("/waits").await.problem(403);
}

#[rstest]
#[tokio::test]
async fn the_audit_is_narrowed_by_person_matter_and_day(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    cast.app.clock.set("2026-09-10T08:00:00Z".parse().expect("an instant"));
    let sol = at_browser(&cast, "secretariat").await;
    let form = "/institutions/new";
    led(&sol.submit(form, form, &super::OULU).await);
    let shown = async |query: &str| sol.get(&format!("/audit{query}")).await.text();
    let entered = "University of Oulu";
    assert!(shown("").await.contains(entered));
    assert!(shown("?subject=institution&deed=create&on=2026-09-10").await.contains(entered));
    assert!(!shown("?on=2026-09-01").await.contains(entered));
    assert!(!shown("?subject=person").await.contains(entered));
    let by = SECRETARIAT;
    assert!(shown(&format!("?person={by}")).await.contains(entered));
    assert!(!shown(&format!("?person={}", address("home_head"))).await.contains(entered));
    let unknown = shown("?person=nobody@nowhere.example").await;
    assert!(unknown.contains("Nobody has this address") && !unknown.contains(entered), "{unknown}");
}

#[rstest]
#[tokio::test]
async fn the_next_term_of_the_chair_is_proposed_entered_and_changed(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let (sol, chair) = (at_browser(&cast, "secretariat").await, at_browser(&cast, "chair").await);
    let form = "/chair/new";
    let page = sol.get(form).await.text();
    assert!(page.contains("value=\"2029-01-01\"") && page.contains("value=\"2029-12-31\""), "{page}");
    let (omega, head) = (id(cast.at("Omega")).to_owned(), address("host_head"));
    let term = [
        ("institution", omega.as_str()),
        ("person", head.as_str()),
        ("from_on", "2029-01-01"),
        ("until_on", "2029-12-31"),
    ];
    for (change, told) in [
        (&[("person", "")][..], "Fill this in."),
        (&[("person", "nobody@nowhere.example")], "Nobody has this address"),
        (&[("until_on", "2028-01-01")], "Before the first day"),
        (&[("from_on", "2028-12-01")], "Another term of the chair shares days"),
    ] {
        let answer = sol.submit(form, form, &with(&term, &[change, &[("sure", "yes")]].concat())).await;
        assert!(
            [409, 422].contains(&answer.status) && answer.text().contains(told),
            "{told}: {}",
            answer.text()
        );
    }
    assert!(sol.submit(form, form, &term).await.text().contains("Save this term?"));
    let sure = with(&term, &[("sure", "yes")]);
    assert_eq!(led(&sol.submit(form, form, &sure).await), "/chair?done=term_saved");
    assert_eq!(led(&sol.submit(form, form, &sure).await), "/chair?done=term_saved", "once");
    let text = chair.get("/chair").await.text();
    assert!(text.contains("host_head Omega") && !text.contains("/chair/new"), "{text}");
    let terms = sol.get("/chair").await.text();
    let edit = super::between(&terms, "href=\"/chair/0", "/edit").expect("a term to change");
    let edit = format!("/chair/0{edit}/edit");
    led(&filled(&sol, &edit, &with(&sure, &[("until_on", "2030-01-15")])).await);
    assert!(sol.get("/chair").await.text().contains("15 January 2030"));
}
