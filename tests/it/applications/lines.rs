//! Place lines that cover a choice equally well: a person picks one, the system takes the one its rule says.

use rstest::rstest;
use serde_json::{Value, json};

use super::pointers;
use crate::support::cast::{Cast, address, merged};
use crate::support::database::Db;
use crate::support::rounds::{Round, without_documents};
use crate::support::visitor::{Visitor, hidden};
use crate::support::walk::{Walk, offer};

/// A line of the same agreement that covers the same as the round's first, with so many places.
async fn beside(cast: &Cast, round: &Round, places: i32) -> Value {
    let line = json!({
        "source": "agreement", "agreement": round.lines[0]["agreement"], "home": cast.at("Alpha")["id"],
        "host": cast.at("Omega")["id"], "unit": "heads", "capacity": places,
    });
    cast.who("home_coordinator").post("/place-lines", &line).await.ok()
}

/// Another agreement with Omega between two days: its address, and its line with so many places.
async fn agreed(cast: &Cast, (from, until): (&str, &str), places: i32) -> (String, Value) {
    let sides = (&cast.at("Alpha")["id"], &cast.at("Omega")["id"]);
    let agreement =
        json!({ "proposer": sides.0, "partner": sides.1, "valid_from_on": from, "valid_until_on": until });
    let (home, host) = (cast.who("home_coordinator"), cast.who("host_coordinator"));
    let agreement = home.post("/agreements", &agreement).await.ok();
    let path = format!("/agreements/{}", agreement["id"].as_str().expect("an id"));
    home.fire_agreement(&path, 1, &json!({ "event": "propose" })).await.ok();
    host.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.ok();
    let line = json!({
        "source": "agreement", "agreement": agreement["id"], "home": sides.0, "host": sides.1, "unit": "heads",
        "capacity": places,
    });
    (path, home.post("/place-lines", &line).await.ok())
}

async fn eligible<'a>(cast: &'a Cast, round: &Round, name: &str) -> Walk<'a> {
    let mut walk = Walk::open(cast, round, &cast.student(name).await).await;
    walk.act("student", "submit").await;
    walk.act("home_coordinator", "find_eligible").await;
    walk
}

#[rstest]
#[tokio::test]
async fn whoever_allocates_picks_the_line_where_several_would_do(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = eligible(&cast, &round, "Anna").await;
    assert_eq!(
        offer(&walk.seen_by("home_coordinator").await, "allocate")["lines"],
        json!([]),
        "one is clear"
    );
    let roomy = beside(&cast, &round, 5).await;
    let first = &round.lines[0];

    let lines = offer(&walk.seen_by("home_coordinator").await, "allocate")["lines"].clone();
    let listed = |line: &Value| json!({ "line": line["id"], "choice": walk.choice(1), "free": line["free"] });
    for (shown, line) in lines.as_array().expect("a list").iter().zip([first, &roomy]) {
        assert_eq!(&merged(shown.clone(), &listed(line)), shown);
        assert_eq!(shown["agreement"], first["agreement"]);
    }
    assert_eq!(lines.as_array().map(Vec::len), Some(2));
    assert_eq!(offer(&walk.case, "allocate")["lines"], json!([]), "not for those who cannot");

    let body =
        |line: Value| json!({ "event": "allocate", "data": { "choice": walk.choice(1), "line": line } });
    let several = walk.attempt("home_coordinator", &body(Value::Null)).await.problem(409);
    let expected = json!({ "code": "several_lines", "field": "line", "lines": [first["id"], roomy["id"]] });
    assert_eq!(several["refusal"], expected);
    assert!(
        several["detail"].as_str().is_some_and(|text| text.contains(roomy["id"].as_str().expect("an id")))
    );
    walk.attempt("student", &body(Value::Null)).await.problem(403);
    for foreign in [&round.lines[1]["id"], walk.choice(1), &json!("x"), &json!(7)] {
        let refused = walk.attempt("home_coordinator", &body(foreign.clone())).await.problem(422);
        assert_eq!(pointers(&refused), ["/data/line"], "{foreign}");
    }

    walk.act_with("home_coordinator", "allocate", &json!({ "line": first["id"] })).await;
    assert_eq!(
        (walk.taken(first).await, walk.taken(&roomy).await),
        ((1, 0), (0, 0)),
        "though it has fewer left"
    );
    walk.act("student", "accept_offer").await;
    walk.act("home_coordinator", "nominate").await;
    walk.act("host_coordinator", "acknowledge").await;
    walk.act("host_coordinator", "approve").await;
    walk.act("student", "confirm").await;
    assert_eq!((walk.taken(first).await, walk.taken(&roomy).await), ((0, 1), (0, 0)));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn the_system_takes_the_line_with_most_places_left(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let roomy = beside(&cast, &round, 5).await;
    let mut walk = eligible(&cast, &round, "Anna").await;
    walk.act("home_coordinator", "waitlist").await;

    let choice = walk.choice(1).clone();
    walk.system("promote", &json!({ "choice": choice })).await;

    assert_eq!((walk.taken(&round.lines[0]).await, walk.taken(&roomy).await), ((0, 0), (1, 0)));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_line_that_is_over_by_then_is_no_choice(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    let (_, over) = agreed(&cast, ("2023-09-01", "2026-12-31"), 9).await;
    let mut walk = eligible(&cast, &round, "Anna").await;

    walk.act("home_coordinator", "allocate").await;

    assert_eq!((walk.taken(&round.lines[0]).await, walk.taken(&over).await), ((1, 0), (0, 0)));
}

#[rstest]
#[tokio::test]
async fn a_case_stays_with_the_line_it_was_given(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(5, &without_documents()).await;
    let (agreement, line) = agreed(&cast, ("2026-09-01", "2028-08-31"), 1).await;
    let mut walk = eligible(&cast, &round, "Anna").await;
    walk.act_with("home_coordinator", "allocate", &json!({ "line": line["id"] })).await;
    walk.act("student", "accept_offer").await;
    cast.who("host_coordinator").end_agreement(&agreement, "2026-12-31").await.ok();

    let body = json!({ "event": "nominate", "data": { "no_conflict": true } });
    let refused = walk.attempt("home_coordinator", &body).await.problem(409);

    assert_eq!(
        refused["refusal"]["rules"][0]["code"], "no_agreement",
        "though the other is in force: {refused}"
    );
    assert_eq!((walk.taken(&line).await, walk.taken(&round.lines[0]).await), ((1, 0), (0, 0)));
}

#[rstest]
#[tokio::test]
async fn no_place_of_an_agreement_that_is_not_in_force_by_then_is_held(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let (at_omega, at_sigma) = (&round.lines[0], &round.lines[1]);
    let mut anna = eligible(&cast, &round, "Anna").await;
    let only = json!({ "choices": [round.offerings[0]["id"]] });
    let mut berta = Walk::open_with(&cast, &round, &cast.student("Berta").await, &only).await;
    let of_omega = format!("/agreements/{}", at_omega["agreement"].as_str().expect("an id"));
    cast.who("host_coordinator").end_agreement(&of_omega, "2026-12-31").await.ok();
    let body = json!({ "event": "allocate", "data": { "choice": anna.choice(1) } });
    let refused = async |free: i64| {
        let refused = anna.attempt("home_coordinator", &body).await.problem(409);
        let expected = json!({
            "code": "no_place", "account": "out", "why": "not_in_force", "free": free,
            "instead": { "choices": [anna.choice(2)], "event": "waitlist" },
        });
        assert_eq!(refused["refusal"], expected);
        let told = refused["detail"].as_str().expect("words");
        assert!(told.starts_with("The agreement behind the places of `out` is not in force"), "{told}");
    };

    refused(2).await;
    let fresh = json!({
        "proposer": cast.at("Alpha")["id"], "partner": cast.at("Omega")["id"], "valid_from_on": "2026-09-01",
        "valid_until_on": "2028-08-31",
    });
    let (home, host) = (cast.who("home_coordinator"), cast.who("host_coordinator"));
    let fresh = home.post("/agreements", &fresh).await.ok();
    let line = json!({
        "source": "agreement", "agreement": fresh["id"], "home": fresh["proposer"], "host": fresh["partner"],
        "unit": "heads", "capacity": 9,
    });
    let line = home.post("/place-lines", &line).await.ok();
    refused(9).await;
    berta.act("student", "submit").await;
    berta.act("home_coordinator", "find_eligible").await;
    berta.act("home_coordinator", "waitlist").await;
    let more = json!({ "amount": 1, "reason": "One more." });
    home.post(&format!("/place-lines/{}/postings", at_omega["id"].as_str().expect("an id")), &more)
        .await
        .ok();
    assert_eq!(cast.app.offer_places().await, 0, "nor is one offered from the list");

    let path = format!("/agreements/{}", fresh["id"].as_str().expect("an id"));
    home.fire_agreement(&path, 1, &json!({ "event": "propose" })).await.ok();
    host.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.ok();
    assert_eq!(cast.app.offer_places().await, 1, "it is in force now");
    let second = json!({ "choice": anna.choice(2) });
    anna.act_with("home_coordinator", "allocate", &second).await;
    assert_eq!(
        (anna.taken(at_omega).await, anna.taken(&line).await, anna.taken(at_sigma).await),
        ((0, 0), (1, 0), (1, 0))
    );
    cast.verified().await;
}

/// Brings an eligible application before its host.
async fn acknowledged(walk: &mut Walk<'_>) {
    for (role, event) in [
        ("home_coordinator", "allocate"),
        ("student", "accept_offer"),
        ("home_coordinator", "nominate"),
        ("host_coordinator", "acknowledge"),
    ] {
        walk.act(role, event).await;
    }
}

async fn refused(walk: &mut Walk<'_>) {
    let refuse = json!({ "event": "refuse", "reason": { "code": "other", "text": "Full." } });
    walk.attempt("host_coordinator", &refuse).await;
    walk.look().await;
}

#[rstest]
#[tokio::test]
async fn a_refusal_leads_to_the_list_where_the_next_choice_has_no_agreement_in_force(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let mut round = cast.exchange(1, &without_documents()).await;
    round.offerings.reverse();
    let mut walk = eligible(&cast, &round, "Anna").await;
    acknowledged(&mut walk).await;
    let of_omega = format!("/agreements/{}", round.lines[0]["agreement"].as_str().expect("an id"));
    cast.who("host_coordinator").end_agreement(&of_omega, "2026-12-31").await.ok();

    refused(&mut walk).await;

    assert_eq!(walk.case["state"], "waitlisted");
    assert_eq!(walk.taken(&round.lines[0]).await, (0, 0));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn the_page_asks_for_the_line_where_there_are_several(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let walk = eligible(&cast, &round, "Anna").await;
    cast.app.accept(&address("home_head")).await;
    let visitor = Visitor::signed_in(&cast.app.address, &address("home_head")).await;
    let page = format!("/cases/{}", walk.case["id"].as_str().expect("an id"));
    let plain = visitor.get(&page).await.text();
    assert!(plain.contains("data.choice") && !plain.contains("data.line"), "nothing to pick: {plain}");
    let roomy = beside(&cast, &round, 5).await;
    let line = roomy["id"].as_str().expect("an id");

    let shown = visitor.get(&page).await.text();
    assert!(shown.contains("name=\"data.line\"") && shown.contains(&format!("value=\"{line}\"")), "{shown}");
    assert!(shown.contains("University of Omega: until 2029-08-31, 5 left"), "{shown}");
    let version = hidden(&shown, "version").expect("the version the form was read in");
    let choice = walk.choice(1).as_str().expect("an id");
    let filled = [("event", "allocate"), ("version", &*version), ("data.choice", choice), ("sure", "yes")];
    let events = format!("{page}/events");
    let told = visitor.submit(&page, &events, &filled).await;
    assert_eq!(told.status, 409);
    assert!(told.text().contains("pick one"), "{}", told.text());
    let picked = [&filled[..], &[("data.line", line)]].concat();
    assert_eq!(visitor.submit(&page, &events, &picked).await.status, 303);
    assert_eq!(walk.taken(&roomy).await, (1, 0));
}

#[rstest]
#[tokio::test]
async fn the_next_choice_asks_for_a_place_of_the_home_and_not_for_one_of_the_host(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let mut round = cast.exchange(1, &without_documents()).await;
    round.offerings.reverse();
    let (at_omega, at_sigma, own) = (&round.lines[0], &round.lines[1], &round.lines[2]);
    let fewer = json!({ "amount": -1, "reason": "None this year." });
    let path = format!("/place-lines/{}/postings", own["id"].as_str().expect("an id"));
    cast.who("host_coordinator").post(&path, &fewer).await.ok();
    let mut walk = eligible(&cast, &round, "Anna").await;
    acknowledged(&mut walk).await;
    assert_eq!(walk.taken(at_sigma).await, (1, 0));

    refused(&mut walk).await;

    assert_eq!(
        (&walk.case["state"], &walk.case["host"]["id"]),
        (&json!("allocated"), &cast.at("Omega")["id"])
    );
    assert_eq!((walk.taken(at_omega).await, walk.taken(own).await), ((1, 0), (0, 0)));
}
