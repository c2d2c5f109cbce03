//! Programmes that a case of their own vets: who moves it, who sees the programme, and what applications hear of it.

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, etag, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::rounds::without_work_documents;
use crate::support::visitor::Visitor;
use crate::support::walk::Walk;
use crate::walks::{source, untold, written};

async fn fire(by: &Actor, programme: &Value, body: &Value) -> Answer {
    let path = format!("/programmes/{}", programme["id"].as_str().expect("an id"));
    let version = by.get(&format!("{path}/case")).await.ok()["version"].clone();
    let request = by.request(Method::POST, &format!("{path}/events")).header("If-Match", etag(&version));
    send(request.header("Idempotency-Key", fresh_key()).json(body)).await
}

async fn does(by: &Actor, programme: &Value, event: &str) -> Value {
    let body = match event {
        "submit" => json!({ "event": event, "data": {
            "legal_name": "Works Ltd", "address": "1 Quay", "duties": "Design of bridges", "hours_per_week": 38,
            "pay": "900 a month", "supervisor": "Ida Works", "insurance": "Liability", "safety": "Helmets",
        } }),
        "vet" => json!({ "event": event, "data": { "independent": true } }),
        "return" | "refuse" => json!({ "event": event, "reason": { "code": "pay", "text": "Too little." } }),
        "withdraw" => json!({ "event": event, "reason": { "code": "business", "text": "The site closes." } }),
        _ => json!({ "event": event }),
    };
    fire(by, programme, &body).await.ok()
}

async fn offer(cast: &Cast) -> Value {
    let body = json!({
        "kind": "internship", "host": cast.at("Works")["id"], "workflow": "internship", "title": "Bridges",
        "vetted_by": "internship-offer",
    });
    cast.who("employer").post("/programmes", &body).await.ok()
}

fn path(programme: &Value) -> String {
    format!("/programmes/{}", programme["id"].as_str().expect("an id"))
}

/// Lets the clock of an offer run out.
async fn lapse(cast: &Cast, offer: &Value) {
    let case = cast.who("employer").get(&format!("{}/case", path(offer))).await.ok();
    cast.app.clock.set(case["due_at"].as_str().and_then(|at| at.parse().ok()).expect("a clock runs"));
    cast.app.act_on_clocks().await;
}

#[rstest]
#[tokio::test]
async fn an_offer_is_seen_by_others_as_its_case_says(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (employer, sol, student) =
        (cast.who("employer"), cast.who("secretariat"), cast.student("Anna").await);
    let offer = offer(&cast).await;
    let at = path(&offer);
    assert_eq!((&offer["status"], offer["case"].is_string()), (&json!("draft"), true));

    student.get(&at).await.problem(404);
    student.get(&format!("{at}/case")).await.problem(404);
    cast.who("host_coordinator").get(&format!("{at}/case")).await.problem(404);
    let by_hand = employer.patch(&at, &json!(1), &json!({ "status": "published" })).await.problem(409);
    assert!(by_hand["detail"].as_str().is_some_and(|detail| detail.contains("/events")), "{by_hand}");

    let view = does(employer, &offer, "submit").await;
    assert_eq!(view["waiting"][0]["role"], "secretariat");
    let refused = fire(employer, &offer, &json!({ "event": "vet", "data": { "independent": true } })).await;
    assert_eq!(refused.problem(403)["refusal"]["code"], "not_yours");
    does(sol, &offer, "return").await;
    does(employer, &offer, "submit").await;
    does(sol, &offer, "vet").await;
    student.get(&at).await.problem(404);
    does(employer, &offer, "publish").await;
    assert_eq!(student.get(&at).await.ok()["status"], "published");
    student.get(&format!("{at}/case")).await.problem(404);

    does(employer, &offer, "pause").await;
    assert_eq!(student.get(&at).await.ok()["status"], "closed");
    does(employer, &offer, "publish").await;
    does(employer, &offer, "fill").await;
    let history = sol.get(&format!("{at}/history")).await.ok();
    let events: Vec<&str> = history["items"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|s| s["event"].as_str().expect("it"))
        .collect();
    assert_eq!(
        events,
        ["create", "submit", "return", "submit", "vet", "publish", "pause", "publish", "fill"]
    );
    assert_eq!(history["items"][2]["reason"]["label"], "Pay or hours");
    student.get(&format!("{at}/history")).await.problem(404);
    let told =
        sol.get(&format!("/notifications?limit=200&case={}", offer["case"].as_str().expect("it"))).await.ok();
    let told: Vec<&str> = told["items"]
        .as_array()
        .expect("notices")
        .iter()
        .map(|n| n["notice"].as_str().expect("it"))
        .collect();
    for notice in
        ["vacancy_begun", "vacancy_to_vet", "vacancy_returned", "vacancy_published", "vacancy_filled"]
    {
        assert!(told.contains(&notice), "{notice} in {told:?}");
    }
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn whoever_describes_an_offer_does_not_vet_it(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let sol = cast.who("secretariat");
    let offer = offer(&cast).await;
    does(sol, &offer, "submit").await;
    let vet = json!({ "event": "vet", "data": { "independent": true } });
    let refused = fire(sol, &offer, &vet).await.problem(403);
    assert_eq!(refused["refusal"]["code"], "same_person");
    fire(cast.who("chair"), &offer, &vet).await.ok();
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_stale_or_unknown_event_and_a_strange_workflow_are_refused(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let employer = cast.who("employer");
    let offer = offer(&cast).await;
    let at = format!("{}/events", path(&offer));
    let stale = employer
        .request(Method::POST, &at)
        .header("If-Match", "\"7\"")
        .header("Idempotency-Key", fresh_key());
    send(stale.json(&json!({ "event": "submit" }))).await.problem(412);
    let unknown = fire(employer, &offer, &json!({ "event": "fly" })).await.problem(422);
    assert_eq!(unknown["errors"][0]["pointer"], "/event");
    let strange = json!({
        "kind": "internship", "host": cast.at("Works")["id"], "workflow": "internship", "title": "B",
        "vetted_by": "student-exchange",
    });
    let problem = employer.post("/programmes", &strange).await.problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/vetted_by");
}

#[rstest]
#[tokio::test]
async fn a_paused_offer_takes_nobody_new_and_a_withdrawn_one_leads_to_another(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let employer = cast.who("employer");
    let programme = offer(&cast).await;
    for (by, event) in [("employer", "submit"), ("secretariat", "vet"), ("employer", "publish")] {
        does(cast.who(by), &programme, event).await;
    }
    let round = cast.internship_at(&programme, 3, &without_work_documents()).await;
    let mut anna = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    anna.act("student", "submit").await;
    let mut finn = Walk::open(&cast, &round, &cast.student("Finn").await).await;
    for (role, event) in
        [("student", "submit"), ("home_coordinator", "endorse"), ("home_coordinator", "forward")]
    {
        finn.act(role, event).await;
    }
    does(employer, &programme, "pause").await;
    let late = json!({ "call_id": round.call["id"], "choices": [round.offerings[0]["id"]] });
    let refused = cast.student("Mia").await.post("/applications", &late).await.problem(422);
    assert_eq!(refused["errors"][0]["pointer"], "/choices/0");

    does(employer, &programme, "publish").await;
    does(employer, &programme, "withdraw").await;
    cast.app.advance(TimeDelta::minutes(1));
    let at = cast.app.clock.moment();
    assert_eq!(cast.app.app.raise(&at).await.expect("raised"), 2);
    assert_eq!(cast.app.app.raise(&at).await.expect("raised"), 0, "once each");
    for walk in [&mut anna, &mut finn] {
        walk.look().await;
        assert_eq!(walk.case["state"], "replacement");
    }
    let elsewhere = cast.internship(2, &without_work_documents()).await;
    let exchange = cast.exchange(1, &json!({})).await;
    let strange = json!({ "event": "replace", "data": { "choice": exchange.offerings[0]["id"], "student_agrees": true } });
    let refused = finn.attempt("home_coordinator", &strange).await.problem(422);
    assert_eq!(refused["errors"][0]["pointer"], "/data/choice");
    let over = json!({
        "institution": cast.at("Works")["id"], "academic_year": 2025, "term": "S2", "name": "Over", "start_on": "2026-02-15",
        "end_on": "2026-06-30", "twelfths": 6,
    });
    let over = employer.post("/periods", &over).await.ok();
    let at_elsewhere =
        format!("/programmes/{}/offerings", elsewhere.offerings[0]["programme"].as_str().expect("an id"));
    let over = employer.post(&at_elsewhere, &json!({ "period": over["id"] })).await.ok();
    let late = json!({ "event": "replace", "data": { "choice": over["id"], "student_agrees": true } });
    let refused = finn.attempt("home_coordinator", &late).await.problem(422);
    assert_eq!(refused["errors"][0]["pointer"], "/data/choice");
    let other = json!({ "choice": elsewhere.offerings[0]["id"] });
    finn.act_with("home_coordinator", "replace", &other).await;
    assert_eq!(
        (&finn.case["state"], &finn.case["choices"][1]["current"]),
        (&json!("submitted"), &json!(true))
    );
    assert_eq!(finn.case["choices"][1]["offering_id"], elsewhere.offerings[0]["id"]);
    for (role, event) in
        [("home_coordinator", "endorse"), ("home_coordinator", "forward"), ("employer", "offer")]
    {
        finn.act(role, event).await;
    }
    finn.act("student", "accept_offer").await;
    assert_eq!(finn.taken(&elsewhere.lines[0]).await, (0, 1));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn every_mail_of_an_offer_is_written_in_every_language(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (employer, sol) = ("employer", "secretariat");
    for story in [
        &[(employer, "submit"), (sol, "return"), (employer, "submit"), (sol, "refuse")][..],
        &[(employer, "submit"), (sol, "vet"), (employer, "publish"), (employer, "pause"), (employer, "fill")],
        &[(employer, "withdraw")],
    ] {
        let offer = offer(&cast).await;
        for (by, event) in story {
            does(cast.who(by), &offer, event).await;
        }
    }
    lapse(&cast, &offer(&cast).await).await;
    assert_eq!(untold(&source("internship-offer"), &written(&cast).await), Vec::<String>::new());
}

#[rstest]
#[tokio::test]
async fn an_employer_moves_an_offer_on_its_page(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let offer = offer(&cast).await;
    let page = path(&offer);
    for part in ["employer", "chair"] {
        cast.app.accept(&address(part)).await;
    }
    let employer = Visitor::signed_in(&cast.app.address, &address("employer")).await;
    let shown = employer.get(&page).await.text();
    assert!(shown.contains("送審") && shown.contains("草稿"), "{shown}");

    let act = format!("{page}/events");
    let version = ("version", "1");
    let bare = employer.submit(&page, &act, &[("event", "submit"), version]).await;
    assert_eq!(bare.status, 422, "what it asks for is missing: {}", bare.text());
    let filled = [
        ("event", "submit"),
        version,
        ("data.legal_name", "Works Ltd"),
        ("data.address", "1 Quay"),
        ("data.duties", "Bridges"),
        ("data.hours_per_week", "38"),
        ("data.pay", "900"),
        ("data.supervisor", "Ida"),
        ("data.insurance", "Yes"),
        ("data.safety", "Helmets"),
    ];
    let done = employer.submit(&page, &act, &filled).await;
    assert_eq!(done.header("location"), format!("{page}?done=step"));
    assert!(employer.get(&page).await.text().contains("審核中"));

    let history = cast.who("secretariat").get(&format!("{page}/history")).await.ok();
    assert_eq!(history["items"][1]["via"], "page");
    let submitted = employer.get(&page).await.text();
    assert!(submitted.contains("Works Ltd") && submitted.contains("機構正式名稱"), "{submitted}");
    let chair = Visitor::signed_in(&cast.app.address, &address("chair")).await;
    let vet = [("event", "vet"), ("version", "2"), ("data.independent", "true")];
    let asked = chair.submit(&page, &act, &vet).await;
    assert!(asked.text().contains("The employer may publish the offer as it is."), "{}", asked.text());
    let sure = [&vet[..], &[("sure", "yes")]].concat();
    assert_eq!(chair.submit(&page, &act, &sure).await.status, 303);
    assert!(employer.get(&page).await.text().contains("審核通過（待公告）"));
}

#[rstest]
#[tokio::test]
async fn an_offer_that_takes_one_nomination_at_a_time_takes_the_next_when_the_first_has_gone(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.internship(5, &without_work_documents()).await;
    let slot = json!({
        "source": "nominees", "programme": round.offerings[0]["programme"], "unit": "heads", "capacity": 1,
    });
    cast.who("home_coordinator").post("/place-lines", &slot).await.problem(403);
    let slot = cast.who("employer").post("/place-lines", &slot).await.ok();
    let mut anna = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let mut finn = Walk::open(&cast, &round, &cast.student("Finn").await).await;
    for walk in [&mut anna, &mut finn] {
        walk.act("student", "submit").await;
    }
    anna.act("home_coordinator", "endorse").await;
    assert_eq!((anna.taken(&slot).await, anna.taken(&round.lines[0]).await), ((1, 0), (0, 0)));
    let second = json!({ "event": "endorse", "data": { "no_conflict": true } });
    let refused = finn.attempt("home_coordinator", &second).await.problem(409);
    assert_eq!(
        (&refused["refusal"]["code"], &refused["refusal"]["account"]),
        (&json!("no_place"), &json!("nominee"))
    );

    anna.act("student", "withdraw").await;
    assert_eq!(anna.taken(&slot).await, (0, 0));
    for (role, event) in [
        ("home_coordinator", "endorse"),
        ("home_coordinator", "forward"),
        ("employer", "offer"),
        ("student", "accept_offer"),
    ] {
        finn.act(role, event).await;
    }
    assert_eq!((finn.taken(&slot).await, finn.taken(&round.lines[0]).await), ((0, 1), (0, 1)));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn an_offer_that_is_never_submitted_expires_at_the_end_of_its_clock(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let offer = offer(&cast).await;
    let case = format!("{}/case", path(&offer));
    lapse(&cast, &offer).await;

    let ended = cast.who("secretariat").get(&case).await.ok();
    assert_eq!((&ended["state"], &ended["due_at"]), (&json!("expired"), &Value::Null));
    assert_eq!(cast.who("secretariat").get(&path(&offer)).await.ok()["status"], "closed");
    let history = cast.who("secretariat").get(&format!("{}/history", path(&offer))).await.ok();
    assert_eq!(
        (&history["items"][1]["via"], &history["items"][1]["role"]),
        (&json!("clock"), &json!("system"))
    );
    cast.verified().await;
}
