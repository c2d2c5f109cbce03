//! Runs over several homes that share one line of a host's places: made by the secretariat, decided by scores over all of them.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use super::stand::scored;
use super::{Stand, id};
use crate::agreements_with_all::{line, signed};
use crate::support::actor::Actor;
use crate::support::app::SECRETARIAT;
use crate::support::cast::{Cast, address, merged};
use crate::support::database::Db;
use crate::support::rounds::{Round, without_documents};
use crate::support::visitor::Visitor;
use crate::support::walk::Walk;

/// How long the sessions of browsers last.
const LASTS: TimeDelta = TimeDelta::hours(12);
/// Students by home and score. Everybody would rather go to Omega, which has two places for the whole alliance; Alpha has some at
/// Sigma too.
const SCORES: [(&str, &str, f64); 4] =
    [("Anna", "Alpha", 60.0), ("Berta", "Alpha", 50.0), ("Gina", "Gamma", 90.0), ("Hana", "Gamma", 55.0)];

/// Two homes that draw on the two places which Omega gives the alliance; one call for both.
async fn both(cast: &Cast) -> Stand<'_> {
    let (sol, host) = (cast.who("secretariat"), cast.who("host_coordinator"));
    let mut round = cast.exchange(2, &without_documents()).await;
    let (agreement, _) = signed(cast).await;
    let shared = merged(line(&agreement, None, Some(cast.at("Omega"))), &json!({ "capacity": 2 }));
    let shared = host.post("/place-lines", &shared).await.ok();
    // What Alpha had for itself there is over.
    let narrow = sol.get(&format!("/place-lines/{}", id(&round.lines[0]))).await.ok();
    let between = format!("/agreements/{}", narrow["agreement"].as_str().expect("an id"));
    cast.who("home_coordinator").end_agreement(&between, "2026-09-01").await.ok();
    cast.app.advance(TimeDelta::days(1));
    round.lines = vec![round.lines.swap_remove(1), shared];
    let homes = json!([cast.at("Alpha")["id"], cast.at("Gamma")["id"]]);
    let offerings: Vec<&Value> = round.offerings.iter().map(|offering| &offering["id"]).collect();
    let call = json!({
        "title": "Both", "homes": homes, "offerings": offerings, "opens_on": "2026-09-01", "closes_on": "2026-09-30",
        "results_on": "2026-10-01", "nomination_closes_on": "2026-11-15", "waiting_list": true, "scores": true,
    });
    let call = sol.post("/calls", &merged(call, &without_documents())).await.ok();
    let path = format!("/calls/{}", id(&call));
    round.call = sol.patch(&path, &json!(1), &json!({ "status": "published" })).await.ok();
    let mut walks = Vec::new();
    for (name, home, score) in SCORES {
        let student = cast.registered(name, &json!({ "institution": cast.at(home)["id"] })).await;
        walks.push(found(cast, &of_home(&round, home), &student, score).await);
    }
    Stand { cast, round, walks }
}

/// What students of a home choose, and who acts for it.
fn of_home(round: &Round, home: &str) -> Round {
    let own = if home == "Gamma" { 1 } else { 2 };
    let parts = match home {
        "Gamma" => BTreeMap::from([("home_coordinator".to_owned(), "other_coordinator")]),
        _ => BTreeMap::new(),
    };
    Round { parts, ..Round::of(round.call.clone(), round.offerings[..own].to_vec(), Vec::new()) }
}

/// An application with a score that was found eligible.
async fn found<'c>(cast: &'c Cast, round: &Round, student: &Actor, score: f64) -> Walk<'c> {
    let mut walk = Walk::open(cast, round, student).await;
    walk.act("student", "submit").await;
    scored(&walk, score).await;
    walk.look().await;
    walk.act("home_coordinator", "find_eligible").await;
    walk
}

/// The choice that each application got.
async fn got(stand: &Stand<'_>, by: &Actor, run: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for walk in &stand.walks {
        let path = format!("{}/explanations/{}", stand.at(run), id(&walk.case));
        all.push(by.get(&path).await.ok()["got"].clone());
    }
    all
}

fn changed(run: &Value) -> Vec<&Value> {
    let changes = run["since"]["changes"].as_array().expect("changes").iter();
    changes.map(|change| &change["application"]).collect()
}

#[rstest]
#[tokio::test]
async fn scores_decide_over_all_homes_and_not_who_runs_first(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let mut stand = both(&cast).await;
    stand.close();
    let [sol, alpha, gamma] =
        ["secretariat", "home_coordinator", "other_coordinator"].map(|part| cast.who(part));
    let own = stand.trial().await;
    assert_eq!(
        (&own["total"], &own["fairness"][0]["by_rank"]),
        (&json!(2), &json!([2])),
        "alone, Alpha takes both"
    );

    scored(&stand.walks[3], 95.0).await;
    let first = sol.post(&stand.path(), &json!({})).await.ok();
    assert_eq!((&first["total"], &first["rule"]), (&json!(4), &json!("deferred_acceptance")), "{first}");
    assert_eq!(got(&stand, sol, &first).await, [json!(2), json!(2), json!(1), json!(1)]);
    scored(&stand.walks[3], 55.0).await;
    let run = sol.post(&stand.path(), &json!({})).await.ok();
    assert_eq!(got(&stand, sol, &run).await, [json!(1), json!(2), json!(1), Value::Null]);
    for (home, by_rank, unplaced) in [("Alpha", [1, 1], 0), ("Gamma", [1, 0], 1)] {
        let mut groups = run["fairness"].as_array().expect("groups").iter();
        let group = groups.find(|group| group["is"] == cast.at(home)["id"]).expect("its home");
        assert_eq!((&group["by_rank"], &group["unplaced"]), (&json!(by_rank), &json!(unplaced)), "{group}");
    }
    let lines = run["lines"].as_array().expect("lines");
    assert!(lines.iter().all(|line| line["used"].as_u64() <= line["capacity"].as_u64()), "{run}");
    let shared = lines.iter().find(|line| line["line"] == stand.round.lines[1]["id"]).expect("Omega's");
    assert_eq!((&shared["used"], shared["homes"].as_array().map(Vec::len)), (&json!(2), Some(2)));

    // Each home sees how the whole came out, and by name its own.
    for (by, theirs, others) in [(alpha, 0, 3), (gamma, 3, 0)] {
        let seen = by.get(&stand.at(&run)).await.ok();
        assert_eq!((&seen["fairness"], &seen["since"]["changed"]), (&run["fairness"], &json!(2)));
        assert_eq!(changed(&seen), [&stand.walks[theirs].case["id"]]);
        by.get(&format!("{}/explanations/{}", stand.at(&run), id(&stand.walks[theirs].case))).await.ok();
        let other = format!("{}/explanations/{}", stand.at(&run), id(&stand.walks[others].case));
        by.get(&other).await.problem(404);
        by.get(&format!("{}/file", stand.at(&run))).await.problem(403);
        let refused = stand.confirm(by, &run).await.problem(403);
        assert!(refused["detail"].as_str().expect("words").contains("or the secretariat"), "{refused}");
        by.post(&stand.path(), &json!({ "homes": [cast.at("Alpha")["id"], cast.at("Gamma")["id"]] }))
            .await
            .problem(403);
    }
    cast.who("host_coordinator").post(&stand.path(), &json!({})).await.problem(403);

    stand.confirm(sol, &run).await.ok();
    stand.carry().await;
    assert_eq!(stand.states().await, ["allocated", "allocated", "allocated", "waitlisted"]);
    let mut held = Vec::new();
    for line in &stand.round.lines {
        held.push(stand.walks[0].taken(line).await);
    }
    assert_eq!(held, [(1, 0), (2, 0)], "nobody gives more than they have");
    cast.verified().await;
    let approved = sol.get("/audit?subject=allocation&deed=approve").await.ok()["items"].clone();
    assert_eq!((approved.as_array().map(Vec::len), &approved[0]["institution"]), (Some(1), &Value::Null));
    assert_eq!(approved[0]["about"], run["id"]);
}

#[rstest]
#[tokio::test]
async fn the_secretariat_names_homes_and_nobody_confirms_what_they_apply_in(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let sol = cast.who("secretariat");
    let registration = json!({
        "institution": cast.at("Gamma")["id"], "level": "first", "field": "0613", "year": 2, "credits": 60, "languages": ["en:B2"],
    });
    let person = json!({
        "given_name": "Sam", "family_name": "Both", "email": address("Sam"), "language": "en",
        "registrations": [registration], "roles": [{ "duty": "secretariat", "from_on": "2026-01-01" }],
    });
    sol.post("/people", &person).await.ok();
    let mut stand = both(&cast).await;
    let sam = cast.app.acting(&address("Sam")).await;
    stand.walks.push(found(&cast, &of_home(&stand.round, "Gamma"), &sam, 70.0).await);
    stand.close();

    let gamma = sol.post(&stand.path(), &json!({ "homes": [cast.at("Gamma")["id"]] })).await.ok();
    assert_eq!((&gamma["total"], gamma["homes"].as_array().map(Vec::len)), (&json!(3), Some(1)));
    let wrong = json!({ "homes": [cast.at("Sigma")["id"]] });
    let wrong = sol.post(&stand.path(), &wrong).await.problem(422);
    assert_eq!(wrong["errors"][0]["pointer"], "/homes/0");

    let refused = stand.confirm(&sam, &gamma).await.problem(403);
    assert!(refused["detail"].as_str().expect("words").contains("does not apply in this run"), "{refused}");
    let own = format!("{}/explanations/{}", stand.at(&gamma), id(&stand.walks[4].case));
    sam.get(&own).await.problem(404);
    let alpha = sam.post(&stand.path(), &json!({ "homes": [cast.at("Alpha")["id"]] })).await.ok();
    stand.confirm(&sam, &alpha).await.ok();
    stand.carry().await;
}

#[rstest]
#[tokio::test]
async fn the_pages_offer_homes_show_each_their_own_and_give_the_file_to_whoever_may_have_it(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let stand = both(&cast).await;
    stand.close();
    let runs = stand.path();
    let sol = cast.app.browsing(SECRETARIAT, LASTS).await;
    let call = sol.get(&format!("/calls/{}", id(&stand.round.call))).await.text();
    assert!(call.contains(&format!("href=\"{runs}\"")), "{call}");
    let page = sol.get(&runs).await.text();
    assert!(page.contains("For all homes together") && page.matches("name=\"home\"").count() == 2, "{page}");
    let none = sol.submit(&runs, &runs, &[("home", "x"), ("key", "k-none")]).await;
    assert!(none.status == 422 && none.text().contains("the call is not for this home"), "{}", none.text());
    let tried = sol.submit(&runs, &runs, &[("key", "k-both")]).await;
    assert_eq!(tried.status, 303, "{}", tried.text());
    let run = tried.header("location").to_owned();
    let shown = sol.get(&run).await.text();
    for part in
        ["Gina", "Anna", "University of Alpha (1), University of Gamma (1)", "/confirm\"", "/run.json\""]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let file = sol.get(&format!("{run}/run.json")).await;
    assert_eq!(file.header("content-disposition"), "attachment; filename*=UTF-8''run.json");
    let same = cast.who("secretariat").get(&format!("{run}/file")).await;
    assert_eq!((file.status, file.body), (200, same.body));

    for (part, own, other) in [("home_coordinator", "Anna", "Gina"), ("other_coordinator", "Gina", "Anna")] {
        let visitor = cast.app.browsing(&address(part), LASTS).await;
        let shown = visitor.get(&run).await.text();
        assert!(shown.contains(own) && !shown.contains(other), "{shown}");
        assert!(!shown.contains("/confirm\"") && !shown.contains("run.json"), "{shown}");
        assert_eq!(visitor.get(&format!("{run}/run.json")).await.status, 403);
        let refused =
            visitor.submit(&run, &format!("{run}/confirm"), &[("version", "1"), ("sure", "yes")]).await;
        assert_eq!(refused.status, 403);
        assert!(!visitor.get(&runs).await.text().contains("name=\"home\""), "one home is no choice");
    }
    assert_eq!(Visitor::new(&cast.app.address).get(&format!("{run}/run.json")).await.status, 303);
    let host = cast.app.browsing(&address("host_coordinator"), LASTS).await;
    assert_eq!(host.get(&format!("{run}/run.json")).await.status, 404);
    let confirmed = sol.submit(&run, &format!("{run}/confirm"), &[("version", "1"), ("sure", "yes")]).await;
    assert_eq!(confirmed.status, 303, "{}", confirmed.text());
    stand.carry().await;
}
