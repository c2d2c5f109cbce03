//! Workflows on pages: written, checked, saved as a draft, approved, adopted by running cases and tried on past ones.

use rstest::rstest;
use serde_json::Value;

use super::{at_browser, filled, led};
use crate::support::actor::send;
use crate::support::answer::Answer;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::without_documents;
use crate::support::visitor::{Visitor, hidden, seal as seal_of};
use crate::support::walk::Walk;
use crate::versions::exchange;

const EDIT: &str = "/workflows/student-exchange/edit";

fn slower() -> String {
    exchange(
        "within = \"5 working days\"\ncalendar = \"host\"",
        "within = \"6 working days\"\ncalendar = \"host\"",
    )
}

/// Sends the editor's form, with the lines as a browser ends them.
async fn edited(by: &Visitor, path: &str, base: &str, (source, wish): (&str, &str)) -> Answer {
    let source = source.replace('\n', "\r\n");
    by.submit(path, path, &[("base", base), ("source", &source), ("do", wish)]).await
}

#[rstest]
#[tokio::test]
async fn a_text_is_checked_saved_and_approved_by_the_chair(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (sol, chair) = (at_browser(&cast, "secretariat").await, at_browser(&cast, "chair").await);
    let page = sol.get(EDIT).await.text();
    let base = hidden(&page, "base").expect("a version");
    assert!(
        base == "1" && page.contains("Sound: nothing found") && page.contains("picture.svg"),
        "version {base}"
    );

    let misspelt = exchange("initial = \"draft\"", "initial = \"draught\"");
    let line = misspelt.lines().position(|line| line.contains("draught")).expect("a line") + 1;
    for wish in ["check", "save", "simulate"] {
        let found = edited(&sol, EDIT, &base, (&misspelt, wish)).await;
        let text = found.text();
        assert!(text.contains(&format!("href=\"#line-{line}\"")), "{wish}: the finding leads to its line");
        assert!(text.contains(&format!("id=\"line-{line}\"")), "{wish}: and the line is there");
        assert_eq!(found.status, if wish == "check" { 200 } else { 422 });
        assert!(text.contains("draught"), "what was typed is kept");
    }
    assert_eq!(edited(&sol, EDIT, &base, ("", "save")).await.status, 422);
    let same = edited(&sol, EDIT, &base, (&exchange("", ""), "save")).await;
    assert!(same.status == 409 && same.text().contains("reads exactly like this"), "{}", same.status);

    let saved = led(&edited(&sol, EDIT, &base, (&slower(), "save")).await);
    assert_eq!(saved, "/workflows/student-exchange/versions/2?done=flow_saved");
    assert_eq!(
        led(&edited(&sol, EDIT, &base, (&slower(), "save")).await),
        saved,
        "a double click saves once"
    );
    let other = exchange("within = \"7 days\"", "within = \"8 days\"");
    let late = edited(&sol, EDIT, &base, (&other, "save")).await;
    assert!(late.status == 409 && late.text().contains("Version 2 was posted meanwhile"), "two tabs");
    assert_eq!(hidden(&late.text(), "base").as_deref(), Some("2"));

    let version = "/workflows/student-exchange/versions/2";
    let approve = format!("{version}/approve");
    assert_eq!(at_browser(&cast, "home_coordinator").await.get(version).await.status, 404);
    let refused = filled(&sol, &approve, &[("sure", "yes")]).await;
    assert!(
        refused.status == 403 && refused.text().contains("This is for: the chair."),
        "{}",
        refused.text()
    );
    assert!(chair.get(&approve).await.text().contains("Approve version 2?"));
    let done = led(&filled(&chair, &approve, &[("sure", "yes")]).await);
    assert_eq!(done, format!("{version}?done=flow_in_force"));
    let again = filled(&chair, &approve, &[("sure", "yes")]).await;
    assert!(again.status == 409 && again.text().contains("in force"), "{}: {}", again.status, again.text());
    let text = sol.get("/workflows/student-exchange").await.text();
    assert!(text.contains("In force") && text.contains("Was in force"), "{text}");
    let picture = sol.get(&format!("{version}/picture.svg")).await;
    assert_eq!(picture.header("content-type"), "image/svg+xml");
}

#[rstest]
#[tokio::test]
async fn a_script_asks_for_what_the_checker_says_and_only_from_ones_own_page(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let sol = at_browser(&cast, "secretariat").await;
    let seal = seal_of(&sol.get(EDIT).await.text());
    let ask = |seal: &str, source: &str| {
        let fields = [("seal", seal), ("source", source)];
        send(sol.form("/workflows/check", &sol.address, &fields).header("Accept", "application/json"))
    };
    let told: Value = serde_json::from_slice(&ask(&seal, &slower()).await.body).expect("JSON");
    assert_eq!(told["sound"], true);
    assert!(
        told["picture"].as_str().is_some_and(|picture| picture.starts_with("data:image/svg+xml;base64,"))
    );
    let told: Value =
        serde_json::from_slice(&ask(&seal, "id = \"<b>\"\nstates = 3").await.body).expect("JSON");
    assert_eq!((&told["sound"], &told["picture"]), (&Value::Bool(false), &Value::Null));
    assert!(told["findings"].as_str().is_some_and(|list| list.contains("#line-")), "{told}");
    assert!(!told.to_string().contains("<b>"), "{told}");
    assert_eq!(ask("", "x").await.status, 403);
    let hanna = at_browser(&cast, "home_coordinator").await;
    let own = seal_of(&hanna.get("/").await.text());
    let asked =
        send(hanna.form("/workflows/check", &hanna.address, &[("seal", &own), ("source", "x")])).await;
    assert_eq!(asked.status, 403);
}

#[rstest]
#[tokio::test]
async fn running_cases_go_over_as_they_were_listed_and_past_ones_are_tried(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walks = Vec::new();
    for name in ["Anna", "Ben"] {
        let student = cast.student(name).await;
        let mut walk = Walk::open(&cast, &round, &student).await;
        walk.act("student", "submit").await;
        walks.push(walk.case["id"].as_str().expect("an id").to_owned());
    }
    let (sol, chair) = (at_browser(&cast, "secretariat").await, at_browser(&cast, "chair").await);
    led(&edited(&sol, EDIT, "1", (&slower(), "save")).await);
    let adopt = "/workflows/student-exchange/versions/2/adopt";
    assert!(sol.get(adopt).await.text().contains("is a draft"), "cases go over to what is in force alone");
    led(&filled(&chair, "/workflows/student-exchange/versions/2/approve", &[("sure", "yes")]).await);

    let page = sol.get(adopt).await.text();
    let ticked: Vec<String> = walks.iter().map(|case| format!("{case}:{}", version(&page, case))).collect();
    assert_eq!(sol.submit(adopt, adopt, &[]).await.status, 422, "none is ticked");
    let both = [("case", ticked[0].as_str()), ("case", ticked[1].as_str())];
    let asked = sol.submit(adopt, adopt, &both).await;
    assert!(asked.text().contains("Move 2 cases to version 2?"), "{}", asked.text());
    let sure = [&both[..], &[("sure", "yes")]].concat();
    for _ in 0..2 {
        let done = sol.submit(adopt, adopt, &sure).await.text();
        assert!(done.contains("2 of 2 cases have gone over."), "{done}");
    }
    assert!(sol.get(adopt).await.text().contains("No open case follows another version."));

    let tried = "/workflows/student-exchange/simulate?version=2&against=1&run=yes";
    let text = sol.get(tried).await.text();
    assert!(
        text.contains("Cases looked at") && text.contains("version 1") && text.contains("version 2"),
        "{text}"
    );
    let strict = slower().replacen("6 working days", "7 working days", 1);
    let unsaved = edited(&sol, EDIT, "2", (&strict, "simulate")).await;
    assert!(unsaved.status == 200 && unsaved.text().contains("Your text"), "{}", unsaved.status);
    cast.verified().await;
}

/// The version of a case's row, as the list of adoption names it.
fn version(page: &str, case: &str) -> String {
    let (_, rest) = page.split_once(&format!("value=\"{case}:")).expect("the case is listed");
    rest.split_once('"').expect("its end").0.to_owned()
}
