//! Lists of applications: filters, work lists, pages, placements.

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use sojourn_entities::workflow_version;

use super::pointers;
use crate::support::actor::{Actor, send};
use crate::support::answer::Answer;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::{Round, without_documents};
use crate::support::walk::Walk;

/// References of a list, as it is sorted.
async fn listed(by: &Actor, query: &str) -> Vec<String> {
    let page = by.get(&format!("/applications{query}")).await.ok();
    let items = page["items"].as_array().expect("items").iter();
    items.map(|item| item["reference"].as_str().expect("a code").to_owned()).collect()
}

#[rstest]
#[tokio::test]
async fn lists_are_filtered_by_every_field(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(5, &without_documents()).await;
    let call = cast.call(&round.offerings, &without_documents()).await;
    let other = Round::of(call, round.offerings.clone(), Vec::new());
    let draft = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    cast.app.advance(TimeDelta::minutes(1));
    let mut submitted = Walk::open(&cast, &round, &cast.student("Berta").await).await;
    submitted.act("student", "submit").await;
    let mut offered = Walk::open(&cast, &other, &cast.student("Østergård").await).await;
    for (role, event) in
        [("student", "submit"), ("home_coordinator", "find_eligible"), ("home_coordinator", "allocate")]
    {
        offered.act(role, event).await;
    }
    let code = |walk: &Walk<'_>| walk.case["reference"].as_str().expect("a code").to_owned();
    let (a, b, c) = (code(&draft), code(&submitted), code(&offered));
    let sol = cast.who("secretariat");
    let (home, host, second) = (id(cast.at("Alpha")), id(cast.at("Omega")), id(cast.at("Sigma")));

    for (query, expected) in [
        (String::new(), vec![&c, &b, &a]),
        ("?state=submitted".to_owned(), vec![&b]),
        ("?phase=application".to_owned(), vec![&b, &a]),
        ("?role=student".to_owned(), vec![&c, &a]),
        ("?role=home_coordinator".to_owned(), vec![&b]),
        (format!("?home={home}"), vec![&c, &b, &a]),
        (format!("?home={host}"), vec![]),
        (format!("?host={host}"), vec![&c]),
        (format!("?host={second}"), vec![]),
        (format!("?call={}", id(&other.call)), vec![&c]),
        ("?q=ber".to_owned(), vec![&b]),
        ("?q=%C3%B8ster".to_owned(), vec![&c]),
        ("?q=_erta".to_owned(), vec![]),
        ("?q=Student".to_owned(), vec![&c, &b, &a]),
        (format!("?q={}", &c[..6].to_lowercase()), vec![&c]),
        ("?q=%25".to_owned(), vec![]),
        ("?state=draft&q=Anna&phase=application".to_owned(), vec![&a]),
        ("?overdue=true".to_owned(), vec![]),
        ("?waiting_for_me=true".to_owned(), vec![]),
    ] {
        assert_eq!(listed(sol, &query).await, expected.into_iter().cloned().collect::<Vec<_>>(), "{query}");
    }
    assert_eq!(listed(cast.who("home_coordinator"), "?waiting_for_me=true").await, [b.as_str()]);
    assert_eq!(listed(&offered.student, "?waiting_for_me=true").await, [c.as_str()]);
    assert_eq!(listed(cast.who("host_coordinator"), "").await, Vec::<String>::new());
    offered.until_due();
    cast.app.advance(TimeDelta::seconds(1));
    assert_eq!(listed(sol, "?overdue=true").await, [c.as_str()]);
    for wrong in ["?phase=lunch", "?home=x", "?limit=0", "?limit=201", "?colour=red"] {
        sol.get(&format!("/applications{wrong}")).await.problem(400);
    }
}

#[rstest]
#[tokio::test]
async fn what_waits_for_an_office_without_anybody_waits_for_its_stand_in(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(5, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    walk.act("student", "submit").await;
    let mine = [walk.case["reference"].as_str().expect("a code").to_owned()];
    let (sol, head) = (cast.who("secretariat"), cast.who("home_head"));
    let leave = async |part: &str| {
        let path = format!("/people/{}", cast.person(part));
        let role = sol.get(&path).await.ok()["roles"][0]["id"].as_str().expect("a role").to_owned();
        let request = sol.request(Method::DELETE, &format!("{path}/roles/{role}"));
        send(request.header("If-Match", "\"1\"")).await
    };

    assert_eq!(listed(head, "?waiting_for_me=true").await, Vec::<String>::new());
    leave("home_coordinator").await.ok();
    assert_eq!(listed(head, "?waiting_for_me=true").await, mine);
    assert_eq!(head.get(&walk.path()).await.ok()["waiting"][0]["you"], true);
    assert_eq!(listed(sol, "?waiting_for_me=true").await, Vec::<String>::new());
    leave("home_head").await.ok();
    assert_eq!(listed(sol, "?waiting_for_me=true").await, mine);
    assert_eq!(sol.get(&walk.path()).await.ok()["waiting"][0]["you"], true);
}

/// Makes new cases wait for the chair where the shipped exchange waits for the home's coordinator.
async fn reviewed_by_the_chair(cast: &Cast) {
    let db = cast.app.database.connect().await;
    let shipped =
        workflow_version::Entity::find().filter(workflow_version::Column::WorkflowId.eq("student-exchange"));
    let shipped = shipped.one(&db).await.expect("the table is read").expect("it is shipped");
    let source = shipped.source.replacen(
        "home_academic = { is = \"home(academic)\"",
        "home_academic = { is = \"alliance(chair)\"",
        1,
    );
    let (before, after) = source.split_once("[states.submitted]").expect("the state");
    let after = after.replacen("waits_for = \"home_coordinator\"", "waits_for = \"home_academic\"", 1);
    let changed = workflow_version::ActiveModel {
        id: Set(shipped.id),
        source: Set(format!("{before}[states.submitted]{after}")),
        ..Default::default()
    };
    workflow_version::Entity::update(changed).exec(&db).await.expect("the version is changed");
}

#[rstest]
#[tokio::test]
async fn what_waits_for_the_chair_is_the_chairs_and_in_a_gap_the_secretariats(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    reviewed_by_the_chair(&cast).await;
    let round = cast.exchange(5, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    walk.act("student", "submit").await;
    let mine = [walk.case["reference"].as_str().expect("a code").to_owned()];
    let (sol, chair) = (cast.who("secretariat"), cast.who("chair"));

    assert_eq!(listed(chair, "?waiting_for_me=true").await, mine);
    assert_eq!(chair.get(&walk.path()).await.ok()["waiting"][0]["you"], true);
    for other in [sol, cast.who("home_coordinator"), cast.who("home_head"), &walk.student] {
        assert_eq!(listed(other, "?waiting_for_me=true").await, Vec::<String>::new());
    }

    let term = sol.get("/chair-terms").await.ok()["items"][0].clone();
    let path = format!("/chair-terms/{}", id(&term));
    sol.patch(&path, &json!(1), &json!({ "until_on": "2026-09-05" })).await.ok();
    cast.app.clock.set("2026-09-07T08:00:00Z".parse().expect("an instant"));
    assert_eq!(listed(sol, "?waiting_for_me=true").await, mine);
    assert_eq!(sol.get(&walk.path()).await.ok()["waiting"][0]["you"], true);
    assert_eq!(listed(chair, "?waiting_for_me=true").await, Vec::<String>::new());
}

#[rstest]
#[tokio::test]
async fn a_deadline_comes_with_the_zone_of_the_institution_whose_it_is(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(5, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let zones = async |walk: &Walk<'_>| {
        let item = walk.student.get("/applications").await.ok()["items"][0].clone();
        let view = &walk.case;
        let offers = view["offers"].as_array().expect("offers").iter();
        let ends: Vec<_> = offers.map(|offer| (&offer["due_at"], &offer["due_zone"])).collect();
        assert!(!ends.is_empty() && ends.iter().all(|ends| *ends == (&view["due_at"], &view["due_zone"])));
        assert_eq!((&item["due_at"], &item["due_zone"]), (&view["due_at"], &view["due_zone"]));
        assert_eq!(view["waiting"][0]["zone"], view["due_zone"]);
        view["due_zone"].as_str().expect("a zone").to_owned()
    };

    walk.act("student", "submit").await;
    assert_eq!(zones(&walk).await, "Europe/Berlin");
    for (role, event) in [
        ("home_coordinator", "find_eligible"),
        ("home_coordinator", "allocate"),
        ("student", "accept_offer"),
        ("home_coordinator", "nominate"),
    ] {
        walk.act(role, event).await;
    }
    assert_eq!(zones(&walk).await, "Asia/Taipei", "the host's to keep");
    let mut walk = Walk::open(&cast, &round, &cast.student("Berta").await).await;
    walk.act("student", "submit").await;
    walk.act("student", "withdraw").await;
    assert_eq!((&walk.case["due_at"], &walk.case["due_zone"]), (&Value::Null, &Value::Null));
}

#[rstest]
#[tokio::test]
async fn pages_follow_one_another_whatever_is_inserted(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(5, &without_documents()).await;
    let anna = cast.student("Anna").await;
    let mut all = Vec::new();
    for _ in 0..5 {
        cast.app.advance(TimeDelta::minutes(1));
        all.insert(0, Walk::open(&cast, &round, &anna).await.case["reference"].clone());
    }

    let mut read = Vec::new();
    let mut next = anna.get("/applications?limit=2").await.ok();
    loop {
        read.extend(next["items"].as_array().expect("items").iter().map(|item| item["reference"].clone()));
        let Some(cursor) = next["next"].as_str() else { break };
        cast.app.advance(TimeDelta::minutes(1));
        Walk::open(&cast, &round, &anna).await;
        next = anna.get(&format!("/applications?limit=2&cursor={cursor}")).await.ok();
    }

    assert_eq!(read, all);
    let page = anna.get("/applications?limit=2").await.ok();
    let foreign =
        format!("/applications?limit=2&state=draft&cursor={}", page["next"].as_str().expect("more"));
    assert_eq!(pointers(&anna.get(&foreign).await.problem(422)), ["/cursor"]);
}

#[rstest]
#[tokio::test]
async fn placements_are_the_cases_between_confirmation_and_return(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(5, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let path = format!("/placements/{}", id(&walk.case));
    for (role, event) in [
        ("student", "submit"),
        ("home_coordinator", "find_eligible"),
        ("home_coordinator", "allocate"),
        ("student", "accept_offer"),
        ("home_coordinator", "nominate"),
        ("host_coordinator", "acknowledge"),
        ("host_coordinator", "approve"),
    ] {
        walk.act(role, event).await;
    }
    let placed = async |query: &str| -> Answer {
        cast.who("host_coordinator").get(&format!("/placements{query}")).await
    };
    placed("").await.ok();
    assert_eq!(placed("").await.ok()["items"], json!([]));
    walk.student.get(&path).await.problem(404);

    walk.act("student", "confirm").await;

    let item = placed("").await.ok()["items"][0].clone();
    assert_eq!((&item["id"], &item["phase"]), (&walk.case["id"], &json!("placement")));
    assert_eq!(walk.student.get(&path).await.ok(), walk.case);
    assert_eq!(placed("?phase=stay").await.ok()["items"], json!([]));
    assert_eq!(placed("?phase=application").await.ok()["items"], json!([]));
    cast.who("second_coordinator").get(&path).await.problem(404);
}
