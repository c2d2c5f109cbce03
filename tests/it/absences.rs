//! Somebody who is away, and whoever stands in: rights, lists and mails from the first day to the last.

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::without_documents;
use crate::support::visitor::Visitor;
use crate::support::walk::Walk;

fn path(cast: &Cast, part: &str) -> String {
    format!("/people/{}/absences", cast.person(part))
}

fn absence(cast: &Cast, deputy: &str, from: &str, until: &str) -> Value {
    json!({ "deputy": cast.person(deputy), "from_on": from, "until_on": until })
}

async fn told(walk: &Walk<'_>, notice: &str) -> Vec<&'static str> {
    let path = format!("/notifications?limit=200&case={}", walk.case["id"].as_str().expect("an id"));
    let page = walk.cast.who("secretariat").get(&path).await.ok();
    let rows = page["items"].as_array().expect("notices").iter().filter(|row| row["notice"] == notice);
    rows.map(|row| walk.cast.part(row["recipient_id"].as_str().expect("a person"))).collect()
}

async fn waits(walk: &Walk<'_>, part: &str) -> bool {
    let page = walk.cast.who(part).get("/applications?waiting_for_me=true").await.ok();
    page["items"].as_array().expect("items").iter().any(|item| item["id"] == walk.case["id"])
}

#[rstest]
#[tokio::test]
async fn whoever_stands_in_may_act_is_told_and_has_it_in_the_list_from_the_first_day_to_the_last(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let coordinator = cast.who("home_coordinator");
    let away = absence(&cast, "home_academic", "2026-09-03", "2026-09-10");
    let entered = coordinator.post(&path(&cast, "home_coordinator"), &away).await.ok();
    assert_eq!(entered["deputy_name"], "home_academic Alpha");

    let mut early = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    early.act("student", "submit").await;
    assert_eq!(told(&early, "application_to_review").await, ["home_coordinator"]);
    assert!(!waits(&early, "home_academic").await);

    cast.app.advance(TimeDelta::days(3));
    let mut during = Walk::open(&cast, &round, &cast.student("Ben").await).await;
    during.act("student", "submit").await;
    assert_eq!(told(&during, "application_to_review").await, ["home_academic"]);
    assert!(waits(&during, "home_academic").await && waits(&early, "home_academic").await);
    let seen = cast.who("home_academic").get(&during.path()).await.ok();
    assert_eq!(seen["waiting"][0]["you"], true);
    let done = cast.who("home_academic").fire(&seen, "find_eligible", json!({})).await.ok();
    assert_eq!(done["state"], "eligible");
    let step = during.history().await.pop().expect("steps");
    assert_eq!(
        (&step["role"], &step["actor"]["name"]),
        (&json!("home_coordinator"), &json!("home_academic Alpha"))
    );

    cast.app.advance(TimeDelta::days(9));
    assert!(!waits(&early, "home_academic").await, "the last day is over");
    assert!(waits(&early, "home_coordinator").await);
    let seen = cast.who("home_academic").get(&early.path()).await.ok();
    cast.who("home_academic").fire(&seen, "find_eligible", json!({})).await.problem(403);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn nobody_stands_in_who_does_not_work_there_or_is_away_too(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let coordinator = cast.who("home_coordinator");
    let own = path(&cast, "home_coordinator");
    let body = |deputy: &str, from: &str, until: &str| absence(&cast, deputy, from, until);
    for (wrong, field) in [
        (body("host_coordinator", "2026-09-03", "2026-09-10"), "/deputy"),
        (body("home_coordinator", "2026-09-03", "2026-09-10"), "/deputy"),
        (body("home_admin", "2026-09-03", "2026-09-10"), "/deputy"),
        (body("home_head", "2026-09-10", "2026-09-03"), "/until_on"),
        (body("home_head", "2026-08-01", "2026-08-03"), "/until_on"),
        (body("home_head", "2026-09-03", "2028-09-03"), "/until_on"),
    ] {
        let problem = coordinator.post(&own, &wrong).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], field, "{wrong}");
    }
    let head = path(&cast, "home_head");
    cast.who("home_head").post(&head, &body("home_academic", "2026-09-05", "2026-09-06")).await.ok();
    coordinator.post(&own, &body("home_head", "2026-09-03", "2026-09-10")).await.problem(409);
    let entered = coordinator.post(&own, &body("home_academic", "2026-09-03", "2026-09-10")).await.ok();
    coordinator.post(&own, &body("home_academic", "2026-09-08", "2026-09-12")).await.problem(409);
    for stranger in ["host_coordinator", "home_academic"] {
        cast.who(stranger).get(&own).await.problem(404);
        cast.who(stranger).post(&own, &body("home_head", "2026-10-01", "2026-10-02")).await.problem(404);
    }
    let listed = cast.who("home_admin").get(&own).await.ok();
    assert_eq!(listed["items"].as_array().expect("items").len(), 1);

    let one = format!("{own}/{}", id(&entered));
    let end = async |part: &str| {
        let request = cast.who(part).request(reqwest::Method::DELETE, &one);
        crate::support::actor::send(request.header("If-Match", "\"1\"")).await
    };
    end("host_coordinator").await.problem(404);
    assert_eq!(end("home_admin").await.status, 204);
    end("home_coordinator").await.problem(412);
}

#[rstest]
#[tokio::test]
async fn an_absence_is_entered_and_ended_on_its_page(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let sol = cast.who("secretariat");
    let role = json!({ "duty": "secretariat", "from_on": "2026-01-01" });
    let body =
        json!({ "given_name": "Pat", "family_name": "Ek", "email": "pat@alliance.example", "roles": [role] });
    let pat = sol.post("/people", &body).await.ok();
    cast.app.accept("pat@alliance.example").await;
    let visitor = Visitor::signed_in(&cast.app.address, "pat@alliance.example").await;
    let page = visitor.get("/absence").await.text();
    assert!(page.contains("Sol Ek"), "{page}");
    let missing = visitor.submit("/absence", "/absence", &[("deputy", ""), ("from_on", "2026-09-05")]).await;
    assert!(missing.status == 422 && missing.text().contains("2026-09-05"), "{}", missing.text());
    let sol_id = cast.person("secretariat");
    let backwards = [("deputy", sol_id), ("from_on", "2026-09-05"), ("until_on", "2026-09-03")];
    assert_eq!(visitor.submit("/absence", "/absence", &backwards).await.status, 422);
    let form = [("deputy", sol_id), ("from_on", "2026-09-05"), ("until_on", "2026-09-08")];
    let entered = visitor.submit("/absence", "/absence", &form).await;
    assert_eq!(entered.header("location"), "/absence?done=entered", "{}", entered.text());
    let listed = sol.get(&format!("/people/{}/absences", id(&pat))).await.ok();
    let end = format!("/absence/{}/end", id(&listed["items"][0]));
    assert_eq!(
        visitor.submit("/absence", &end, &[("version", "1")]).await.header("location"),
        "/absence?done=ended"
    );
}

#[rstest]
#[tokio::test]
async fn for_whom_no_mail_reaches_the_next_in_line_is_told_and_may_act(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let person = cast.person("home_coordinator").parse().expect("an id");
    let tx = cast.app.app.store.begin().await.expect("a transaction");
    let words = "5.1.1 no such user";
    sojourn::store::people::mark_unreachable(&tx, person, cast.app.clock.now(), words).await.expect("marked");
    tx.commit().await.expect("committed");

    let round = cast.exchange(3, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    walk.act("student", "submit").await;
    assert!(told(&walk, "application_to_review").await.contains(&"home_head"));
    assert!(waits(&walk, "home_head").await);
    assert!(waits(&walk, "home_coordinator").await, "their duty is still theirs");
    let seen = cast.who("home_head").get(&walk.path()).await.ok();
    let done = cast.who("home_head").fire(&seen, "find_eligible", json!({})).await.ok();
    assert_eq!(done["state"], "eligible");
    cast.verified().await;
}
