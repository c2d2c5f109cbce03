//! What a changed definition would have made of what happened.

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use crate::commands::{complaint, on, printed};
use crate::support::actor::Actor;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;
use crate::versions::{exchange, post};

const PATH: &str = "/workflows/student-exchange/simulate";

/// Only students of the second cycle are found eligible.
fn second_cycle() -> String {
    let rule = "{ that = \"!call.scores || has(application.score)\", else = \"score_missing\" }";
    let only = "{ that = \"student.level == 7\", else = \"not_eligible_for_call\" }";
    let source = exchange("", "");
    let at = source.find("event = \"find_eligible\"").expect("the transition");
    let (before, after) = source.split_at(at);
    assert!(after.contains(rule));
    format!("{before}{}", after.replacen(rule, &format!("{rule}, {only}"), 1))
}

/// The host decides within two weeks instead of four.
fn two_weeks() -> String {
    exchange(
        "within = \"28 days\"\ncalendar = \"host\"\nremind = [\"14 days\", \"21 days\", \"26 days\"]",
        "within = \"14 days\"\ncalendar = \"host\"\nremind = [\"7 days\"]",
    )
    .replacen("bounds = [\"28 days\", \"35 days\"]", "bounds = [\"14 days\", \"35 days\"]", 1)
}

async fn report(by: &Actor, source: &str) -> Value {
    let view = by.post(PATH, &json!({ "source": source })).await.ok();
    assert_eq!(view["report"]["cases"], 1, "{view}");
    view["report"].clone()
}

/// A case that the host accepted after three weeks; the student had tried to be released before.
async fn accepted(cast: &Cast) -> Value {
    let round = cast.exchange(3, &without_documents()).await;
    let mut anna = Walk::open(cast, &round, &cast.student("Anna").await).await;
    anna.act("student", "submit").await;
    anna.act("home_coordinator", "find_eligible").await;
    anna.act("home_coordinator", "allocate").await;
    anna.act("student", "accept_offer").await;
    anna.act("home_coordinator", "nominate").await;
    anna.act("host_coordinator", "acknowledge").await;
    anna.attempt("student", &json!({ "event": "release_unanswered" })).await.problem(409);
    cast.app.advance(TimeDelta::days(21));
    anna.act("host_coordinator", "approve").await;
    anna.act("student", "confirm").await;
    anna.case
}

#[rstest]
#[tokio::test]
async fn past_cases_are_decided_again_on_what_was_recorded(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let case = accepted(&cast).await;
    let (sol, chair) = (cast.who("secretariat"), cast.who("chair"));

    let same = report(sol, &exchange("", "")).await;
    assert_eq!((&same["unchanged"], &same["steps"], &same["attempts"]), (&json!(1), &json!(10), &json!(1)));
    for tally in ["differences", "lapsed", "questions", "mails", "overdrawn"] {
        assert_eq!(same[tally], json!([]), "{tally}");
    }

    let cycle = report(chair, &second_cycle()).await;
    let first = json!([{ "case": case["id"], "step": 3 }]);
    assert_eq!(
        cycle["differences"],
        json!([{ "kind": "refused", "state": "submitted", "event": "find_eligible",
            "what": "`not_eligible_for_call` does not hold", "cases": 1, "first": first }])
    );
    let hasty = report(sol, &two_weeks()).await;
    assert_eq!(hasty["diverged"], 0);
    assert_eq!(
        hasty["lapsed"],
        json!([{ "state": "acknowledged", "clock": "decide", "then": "`host_head`, then `secretariat` are told", "times": 1 }])
    );
    let lenient = exchange(
        "now >= call.nomination_closes_at + duration('56d')",
        "now >= call.nomination_closes_at - duration('90d')",
    );
    let allowed = report(sol, &lenient).await["differences"][0].clone();
    assert_eq!((&allowed["kind"], &allowed["event"]), (&json!("allowed"), &json!("release_unanswered")));
    let asks_more = exchange(
        "{ that = \"!agreement.required || agreement.in_force\", else = \"no_agreement\" }",
        "{ that = \"(!agreement.required || agreement.in_force) && host.country != 'XX'\", else = \"no_agreement\" }",
    );
    let unknown = report(sol, &asks_more).await;
    assert_eq!(
        (&unknown["unknown"], &unknown["questions"][0]["fact"]),
        (&json!(1), &json!("`host.country`"))
    );
}

#[rstest]
#[tokio::test]
async fn a_simulation_changes_nothing_and_says_the_same_each_time(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let case = accepted(&cast).await;
    let (sol, home) = (cast.who("secretariat"), cast.who("home_coordinator"));
    let path = format!("/applications/{}", case["id"].as_str().expect("an id"));
    let before = sol.get(&path).await.ok();
    let asked = json!({ "source": second_cycle() });

    let once = sol.post(PATH, &asked).await;
    assert_eq!(sol.post(PATH, &asked).await.body, once.body);
    assert_eq!(sol.get(&path).await.ok(), before);
    cast.verified().await;

    post(sol, "student-exchange", &second_cycle()).await.ok();
    let draft = sol.post(PATH, &json!({ "version": 2 })).await;
    assert_eq!(draft.body, once.body, "a draft and its text are the same");
    let counted = async |filter: Value| {
        let mut asked = asked.clone();
        asked.as_object_mut().expect("an object").extend(filter.as_object().expect("an object").clone());
        sol.post(PATH, &asked).await.ok()["report"]["cases"].clone()
    };
    assert_eq!(counted(json!({ "academic_year": 2026 })).await, 1);
    assert_eq!(counted(json!({ "academic_year": 2001 })).await, 0);
    assert_eq!(counted(json!({ "call_id": case["call_id"] })).await, 1);
    assert_eq!(counted(json!({ "call_id": case["id"] })).await, 0);

    home.post(PATH, &asked).await.problem(403);
    sol.post("/workflows/nonsense/simulate", &asked).await.problem(404);
    sol.post(PATH, &json!({ "version": 9 })).await.problem(404);
    sol.post(PATH, &json!({})).await.problem(422);
    sol.post(PATH, &json!({ "version": 1, "source": second_cycle() })).await.problem(422);
    let misspelt = second_cycle().replacen("initial = \"draft\"", "initial = \"draught\"", 1);
    let told = sol.post(PATH, &json!({ "source": misspelt })).await.problem(422);
    assert!(told["errors"][0]["detail"].as_str().is_some_and(|detail| detail.contains("W01")), "{told}");
    let other = second_cycle().replacen("id = \"student-exchange\"", "id = \"another\"", 1);
    sol.post(PATH, &json!({ "source": other })).await.problem(422);
}

#[rstest]
#[tokio::test]
async fn the_command_line_tells_the_same(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    accepted(&cast).await;
    let http = cast.who("secretariat").post(PATH, &json!({ "source": second_cycle() })).await.ok();
    let database = &cast.app.database;
    let file = database.folder.path().join("changed.toml");
    std::fs::write(&file, second_cycle()).expect("written");
    let file = file.to_str().expect("UTF-8");

    let json: Value =
        serde_json::from_str(printed(&on(database, &["simulate", file, "--json"]))).expect("JSON");
    assert_eq!(json, http);
    let text = on(database, &["simulate", file, "--year", "2026"]);
    let wanted = "1 × newly refused: `find_eligible` in `submitted`: `not_eligible_for_call` does not hold";
    assert!(printed(&text).contains(wanted), "{}", printed(&text));
    assert!(printed(&on(database, &["simulate", file, "--year", "2001"])).starts_with("0 cases"));

    std::fs::write(file, second_cycle().replacen("\"student-exchange\"", "\"nonsense\"", 1))
        .expect("written");
    assert!(complaint(&on(database, &["simulate", file])).contains("no workflow `nonsense`"));
    std::fs::write(file, "id = 1").expect("written");
    assert_eq!(on(database, &["simulate", file]).status.code(), Some(1));
    assert!(complaint(&on(database, &["simulate", "no/such/file.toml"])).contains("no/such/file.toml"));
}
