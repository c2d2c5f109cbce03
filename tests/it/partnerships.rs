//! Agreements as cases: signed, amended, renewed, ended and given up, each step told to both ends.

use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::actor::{Actor, etag, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::rounds::without_documents;
use crate::support::visitor::Visitor;
use crate::support::walk::{Walk, offer};
use crate::walks::{source, untold, written};

const FIRST: &str = "home_coordinator";
const OTHER: &str = "host_coordinator";

fn path(agreement: &Value) -> String {
    format!("/agreements/{}", agreement["id"].as_str().expect("an id"))
}

async fn wrote(cast: &Cast) -> Value {
    let body = json!({
        "proposer": cast.at("Alpha")["id"], "partner": cast.at("Omega")["id"], "valid_from_on": "2026-09-01",
        "valid_until_on": "2028-08-31", "fields": ["0613"], "levels": ["first"],
    });
    cast.who(FIRST).post("/agreements", &body).await.ok()
}

/// Fires an event in the present version.
async fn fire(by: &Actor, path: &str, event: &str, data: Value) -> Answer {
    let version = by.get(path).await.ok()["version"].as_i64().expect("a version");
    let code = match event {
        "return" | "reject" => Some("validity"),
        "decline" | "end" => Some("demand"),
        _ => None,
    };
    let mut body = json!({ "event": event, "data": data });
    if let Some(code) = code {
        body["reason"] = json!({ "code": code, "text": "As we have said." });
    }
    by.fire_agreement(path, i32::try_from(version).expect("small"), &body).await
}

async fn steps(cast: &Cast, path: &str, taken: &[(&str, &str)]) {
    for (by, event) in taken {
        let data = match *event {
            "amend" => json!({ "valid_until_on": "2031-08-31" }),
            "ask_amendment" => json!({ "valid_until_on": "2032-08-31" }),
            "end" => json!({ "ended_on": "2027-08-31" }),
            _ => json!({}),
        };
        fire(cast.who(by), path, event, data).await.ok();
    }
}

async fn signed(cast: &Cast) -> String {
    let path = path(&wrote(cast).await);
    steps(cast, &path, &[(FIRST, "propose"), (OTHER, "agree")]).await;
    path
}

async fn in_force(cast: &Cast) -> String {
    let path = signed(cast).await;
    cast.app.act_on_clocks().await;
    path
}

/// Where the case stands.
async fn state(cast: &Cast, path: &str) -> Value {
    cast.who(FIRST).get(&format!("{path}/case")).await.ok()["state"].clone()
}

async fn until(cast: &Cast, instant: &str) {
    let instant: DateTime<Utc> = instant.parse().expect("an instant");
    cast.app.clock.set(instant + TimeDelta::seconds(1));
    cast.app.act_on_clocks().await;
}

#[rstest]
#[tokio::test]
async fn an_agreement_comes_into_force_on_its_day_and_asks_to_be_renewed(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let path = signed(&cast).await;
    assert_eq!(state(&cast, &path).await, "countersigned");
    cast.app.act_on_clocks().await;
    assert_eq!(state(&cast, &path).await, "in_force");
    let line = json!({
        "source": "agreement", "agreement": path.trim_start_matches("/agreements/"), "unit": "twelfths", "capacity": 24,
        "home": cast.at("Alpha")["id"], "host": cast.at("Omega")["id"], "fields": ["0613"], "levels": ["first"],
    });
    cast.who(FIRST).post("/place-lines", &line).await.ok();

    until(&cast, "2028-03-04T23:59:59Z").await;
    let case = cast.who(OTHER).get(&format!("{path}/case")).await.ok();
    assert_eq!((&case["state"], &case["waiting"][0]["role"]), (&json!("renewing"), &json!("first_side")));
    until(&cast, "2028-08-01T23:59:59Z").await;
    let history = cast.who(OTHER).get(&format!("{path}/history")).await.ok();
    assert_eq!(
        history["items"].as_array().and_then(|steps| steps.last()).expect("a step")["event"],
        "@escalate"
    );

    steps(&cast, &path, &[(OTHER, "renew")]).await;
    fire(cast.who(FIRST), &path, "renew", json!({})).await.problem(409);
    let all = cast.who(FIRST).get("/agreements").await.ok();
    let next = all["items"].as_array().expect("agreements").last().expect("the next").clone();
    assert_eq!(next["renews"], path.trim_start_matches("/agreements/"));
    assert_eq!(
        ["proposer", "status", "valid_from_on", "valid_until_on"].map(|name| next[name].clone()),
        [cast.at("Omega")["id"].clone(), json!("draft"), json!("2028-09-01"), json!("2030-08-31")],
        "the side that renews writes it"
    );
    let lines =
        cast.who(FIRST).get(&format!("/place-lines?agreement={}", next["id"].as_str().expect("id"))).await;
    let lines = lines.ok();
    assert_eq!(
        (&lines["items"][0]["capacity"], &lines["items"][0]["unit"]),
        (&json!(24), &json!("twelfths"))
    );
    assert!(next["case"].is_string());

    until(&cast, "2028-08-31T23:59:59Z").await;
    let over = cast.who(FIRST).get(&path).await.ok();
    assert_eq!((state(&cast, &path).await, &over["status"]), (json!("expired"), &json!("ended")));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn an_amendment_applies_once_the_other_end_accepts_it(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let path = in_force(&cast).await;
    let (ada, bo) = (cast.who(FIRST), cast.who(OTHER));
    let wrong = |data: Value| {
        let path = &path;
        async move { fire(ada, path, "amend", data).await.problem(422)["errors"][0]["pointer"].clone() }
    };
    assert_eq!(wrong(json!({ "valid_until_on": "2025-08-31" })).await, "/data/valid_until_on");
    assert_eq!(wrong(json!({ "valid_from_on": "2030-01-01" })).await, "/data/valid_until_on");
    assert_eq!(wrong(json!({ "fields": "0613, 9" })).await, "/data/fields");
    assert_eq!(wrong(json!({ "fields": "0613" })).await, "/data", "nothing would change");
    fire(ada, &path, "amend", json!({ "levels": ["fifth"] })).await.problem(422);
    fire(bo, &path, "amend", json!({ "valid_until_on": "2031-08-31" })).await.problem(403);

    let terms = json!({ "valid_until_on": "2031-08-31", "fields": "all", "levels": ["first", "second"] });
    let proposed = fire(ada, &path, "amend", terms).await.ok();
    assert_eq!(proposed["valid_until_on"], "2028-08-31", "the present terms apply");
    assert_eq!(proposed["proposed_terms"]["valid_until_on"], "2031-08-31");
    assert_eq!(proposed["status"], "agreed");
    fire(ada, &path, "accept", json!({})).await.problem(403);
    let version = proposed["version"].as_i64().expect("a version");
    bo.fire_agreement(&path, i32::try_from(version - 1).expect("small"), &json!({ "event": "accept" }))
        .await
        .problem(412);
    let key = fresh_key();
    let accept = || {
        let request = bo.request(reqwest::Method::POST, &format!("{path}/events"));
        let request = request.header("If-Match", etag(&proposed["version"])).header("Idempotency-Key", &key);
        send(request.json(&json!({ "event": "accept" })))
    };
    let accepted = accept().await.ok();
    assert_eq!(accept().await.ok(), accepted, "the same request once more");
    assert_eq!(
        ["valid_until_on", "fields", "levels", "proposed_terms"].map(|name| accepted[name].clone()),
        [json!("2031-08-31"), json!([]), json!(["first", "second"]), Value::Null]
    );
    let past = &accepted["past_terms"][0];
    assert_eq!((&past["valid_until_on"], &past["fields"]), (&json!("2028-08-31"), &json!(["0613"])));
    let case = bo.get(&format!("{path}/case")).await.ok();
    assert_eq!((&case["state"], &case["due_at"]), (&json!("amended"), &json!("2031-03-04T23:59:59Z")));

    steps(&cast, &path, &[(OTHER, "ask_amendment")]).await;
    fire(bo, &path, "grant_amendment", json!({})).await.problem(403);
    steps(&cast, &path, &[(FIRST, "reject")]).await;
    let kept = ada.get(&path).await.ok();
    assert_eq!((&kept["valid_until_on"], &kept["proposed_terms"]), (&json!("2031-08-31"), &Value::Null));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn every_mail_of_an_agreement_reaches_both_ends_in_every_language(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    for story in [
        &[
            (FIRST, "propose"),
            (FIRST, "take_back"),
            (FIRST, "propose"),
            (OTHER, "return"),
            (FIRST, "withdraw"),
        ][..],
        &[(FIRST, "propose"), (OTHER, "decline")],
    ] {
        let path = path(&wrote(&cast).await);
        steps(&cast, &path, story).await;
        assert_eq!(cast.who(FIRST).get(&path).await.ok()["status"], "dropped");
        fire(cast.who(FIRST), &path, "propose", json!({})).await.problem(409);
    }
    let ended = in_force(&cast).await;
    steps(&cast, &ended, &[(FIRST, "amend"), (FIRST, "retract"), (OTHER, "ask_amendment")]).await;
    steps(&cast, &ended, &[(FIRST, "reject"), (FIRST, "amend"), (OTHER, "accept"), (OTHER, "end")]).await;
    fire(cast.who("secretariat"), &ended, "end", json!({ "ended_on": "2027-01-01" })).await.problem(409);
    let (renewed, let_go) = (in_force(&cast).await, in_force(&cast).await);
    steps(&cast, &renewed, &[(FIRST, "renew")]).await;
    until(&cast, "2028-03-04T23:59:59Z").await;
    steps(&cast, &let_go, &[(OTHER, "let_lapse")]).await;
    until(&cast, "2028-08-31T23:59:59Z").await;
    for path in [&renewed, &let_go] {
        assert_eq!(state(&cast, path).await, "expired");
    }
    for (path, notices) in [
        (
            &ended,
            &["partnership_signed", "partnership_begins", "amendment_accepted", "partnership_ended"][..],
        ),
        (&let_go, &["partnership_to_renew", "partnership_runs_out", "partnership_over"]),
    ] {
        let case = cast.who(FIRST).get(path).await.ok()["case"].clone();
        let told = format!("/notifications?limit=200&case={}", case.as_str().expect("an id"));
        let told = cast.who("secretariat").get(&told).await.ok();
        for notice in notices {
            let named = told["items"].as_array().expect("notices").iter().filter(|n| n["notice"] == *notice);
            assert_eq!(named.count(), 2, "{notice} to both ends");
        }
    }
    cast.verified().await;
    assert_eq!(untold(&source("agreement"), &written(&cast).await), Vec::<String>::new());
}

#[rstest]
#[tokio::test]
async fn agreements_from_before_get_a_case_where_they_stand(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let draft = path(&wrote(&cast).await);
    let proposed = path(&wrote(&cast).await);
    steps(&cast, &proposed, &[(FIRST, "propose")]).await;
    let (agreed, ended) = (signed(&cast).await, signed(&cast).await);
    steps(&cast, &ended, &[(OTHER, "end")]).await;
    let told =
        cast.who("secretariat").get("/notifications?limit=200").await.ok()["items"].as_array().map(Vec::len);
    let forget = "UPDATE agreements SET case_id = NULL";
    cast.app.database.connect().await.execute_unprepared(forget).await.expect("forgotten");

    cast.who(FIRST).get(&format!("{draft}/case")).await.problem(404);
    steps(&cast, &draft, &[(FIRST, "propose")]).await;
    let at = cast.app.clock.moment();
    assert_eq!(cast.app.app.run_agreements(&at).await.expect("the database answers"), 3);
    assert_eq!(cast.app.app.run_agreements(&at).await.expect("the database answers"), 0);

    for (path, stands) in
        [(&draft, "proposed"), (&proposed, "proposed"), (&agreed, "in_force"), (&ended, "ended")]
    {
        assert_eq!(state(&cast, path).await, stands);
    }
    let now =
        cast.who("secretariat").get("/notifications?limit=200").await.ok()["items"].as_array().map(Vec::len);
    assert_eq!(now, told.map(|told| told + 2), "of the proposal alone anybody is told");
    steps(&cast, &proposed, &[(OTHER, "agree")]).await;
    steps(&cast, &agreed, &[(OTHER, "ask_amendment"), (FIRST, "grant_amendment")]).await;
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn the_secretariat_stands_in_for_a_partner_that_has_nobody_here(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let sol = cast.who("secretariat");
    let partner =
        json!({ "kind": "partner", "name": "Far University", "country": "CA", "zone": "America/Toronto" });
    let partner = sol.post("/institutions", &partner).await.ok();
    let body = json!({
        "proposer": cast.at("Alpha")["id"], "partner": partner["id"], "valid_from_on": "2026-09-01",
        "valid_until_on": "2027-08-31",
    });
    let strange = json!({ "workflow": "student-exchange" });
    let mut other = body.clone();
    other.as_object_mut().expect("an object").extend(strange.as_object().expect("an object").clone());
    let refused = cast.who(FIRST).post("/agreements", &other).await.problem(422);
    assert_eq!(refused["errors"][0]["pointer"], "/workflow");
    let path = path(&cast.who(FIRST).post("/agreements", &body).await.ok());
    fire(cast.who(FIRST), &path, "propose", json!({})).await.ok();
    fire(cast.who(FIRST), &path, "agree", json!({})).await.problem(403);
    assert_eq!(fire(sol, &path, "agree", json!({})).await.ok()["status"], "agreed");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_call_may_ask_homes_to_offer_places_before_their_students_apply(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let mut change = without_documents();
    change["reciprocal"] = json!(true);
    let round = cast.exchange(5, &change).await;
    assert_eq!(round.call["reciprocal"], true);
    let student = cast.student("Anna").await;
    let walk = Walk::open(&cast, &round, &student).await;
    let bars = |case: &Value| offer(case, "submit")["why_not"].as_str().unwrap_or_default().to_owned();
    let before = walk.seen_by("student").await;
    assert!(bars(&before).contains("offers no places"), "{}", offer(&before, "submit"));
    let refused = walk.attempt("student", &json!({ "event": "submit", "data": {} })).await.problem(409);
    assert_eq!(refused["refusal"]["rules"][0]["code"], "not_reciprocated");

    for line in &round.lines[..2] {
        let back = json!({
            "source": "agreement", "agreement": line["agreement"], "home": line["host"], "host": line["home"],
            "unit": "heads", "capacity": 1,
        });
        cast.who(FIRST).post("/place-lines", &back).await.ok();
    }
    let after = walk.seen_by("student").await;
    assert_eq!((offer(&after, "submit")["legal"].clone(), bars(&after)), (json!(true), String::new()));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn both_ends_move_an_agreement_on_its_page(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let page = path(&wrote(&cast).await);
    for part in [FIRST, OTHER, "other_coordinator"] {
        cast.app.accept(&address(part)).await;
    }
    let first = Visitor::signed_in(&cast.app.address, &address(FIRST)).await;
    let listed = first.get("/agreements").await.text();
    assert!(listed.contains(&page) && listed.contains("Draft"), "{listed}");
    let shown = first.get(&page).await.text();
    assert!(shown.contains("Propose to the other side") && shown.contains("2028"), "{shown}");
    let act = format!("{page}/events");
    let propose = [("event", "propose"), ("version", "1")];
    let asked = first.submit(&page, &act, &propose).await.text();
    assert!(asked.contains("Your side agrees to these terms"), "{asked}");
    let sure = [&propose[..], &[("sure", "yes")]].concat();
    assert_eq!(first.submit(&page, &act, &sure).await.header("location"), format!("{page}?done=step"));

    let other = Visitor::signed_in(&cast.app.address, &address(OTHER)).await;
    let shown = other.get(&page).await.text();
    assert!(shown.contains("簽署同意") && shown.contains("提案方"), "{shown}");
    let agree = [("event", "agree"), ("version", "2"), ("sure", "yes")];
    assert_eq!(other.submit(&page, &act, &agree).await.status, 303);
    cast.app.act_on_clocks().await;
    let amend = [("event", "amend"), ("version", "4"), ("data.valid_until_on", "2020-01-01")];
    let refused = first.submit(&page, &act, &amend).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("before the first day"), "{}", refused.text());
    let stranger = Visitor::signed_in(&cast.app.address, &address("other_coordinator")).await;
    assert_eq!(stranger.get(&page).await.status, 404);
}
