//! One event fired at many applications: seen beforehand, carried out with its mails held back, and called back.

mod pages;

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use sojourn_engine::vocabulary::NoticeStatus;
use sojourn_entities::outbox;

use crate::support::actor::{Actor, etag, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::cast::{Cast, merged};
use crate::support::database::Db;
use crate::support::rounds::{Round, without_documents};
use crate::support::walk::Walk;

/// Applications that have accepted their place, ready to be nominated at Omega.
pub async fn accepted<'c>(cast: &'c Cast, round: &Round, names: &[&str]) -> Vec<Walk<'c>> {
    let mut walks = Vec::new();
    for name in names {
        let mut walk = Walk::open(cast, round, &cast.student(name).await).await;
        walk.act("student", "submit").await;
        walk.act("home_coordinator", "find_eligible").await;
        walk.act("home_coordinator", "allocate").await;
        walk.act("student", "accept_offer").await;
        walks.push(walk);
    }
    walks
}

fn items(walks: &[Walk<'_>]) -> Vec<Value> {
    walks.iter().map(|walk| json!({ "id": walk.case["id"], "version": walk.case["version"] })).collect()
}

fn nominate(walks: &[Walk<'_>]) -> Value {
    json!({ "event": "nominate", "data": { "no_conflict": true }, "items": items(walks) })
}

async fn call_back(by: &Actor, bulk: &Value) -> Answer {
    let path = format!("/bulk/{}/call-back", bulk["id"].as_str().expect("an id"));
    let request = by.request(Method::POST, &path).header("If-Match", etag(&bulk["version"]));
    send(request.header("Idempotency-Key", fresh_key()).json(&json!({}))).await
}

async fn look(by: &Actor, bulk: &Value) -> Value {
    by.get(&format!("/bulk/{}", bulk["id"].as_str().expect("an id"))).await.ok()
}

/// Status and instant of the next try of the notices about the last step of a case.
async fn notices(walk: &Walk<'_>, number: i32) -> Vec<(NoticeStatus, Option<chrono::DateTime<chrono::Utc>>)> {
    let id: sojourn_engine::ids::CaseId =
        walk.case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let rows = outbox::Entity::find()
        .filter(outbox::Column::CaseId.eq(id))
        .filter(outbox::Column::Number.eq(number))
        .all(&walk.cast.app.database.connect().await)
        .await;
    rows.expect("read").into_iter().map(|row| (row.status, row.next_attempt_at)).collect()
}

#[rstest]
#[tokio::test]
async fn a_bulk_is_seen_beforehand_held_and_called_back_as_if_it_had_not_been(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walks = accepted(&cast, &round, &["Anna", "Berta"]).await;
    let home = cast.who("home_coordinator");
    let before: Vec<Value> = {
        let mut seen = Vec::new();
        for walk in &walks {
            seen.push(home.get(&walk.path()).await.ok());
        }
        seen
    };

    let seen = home.post("/bulk?dry_run=true", &nominate(&walks)).await.ok();
    assert_eq!((&seen["able"], &seen["barred"]), (&json!(2), &json!(0)), "{seen}");
    let told: Vec<&str> = seen["items"][0]["told"]
        .as_array()
        .expect("notices")
        .iter()
        .map(|one| one["notice"].as_str().expect("a name"))
        .collect();
    assert_eq!(told, ["nomination_received", "you_are_nominated"]);
    assert_eq!(seen["items"][0]["told"][0]["people"], json!(["host_coordinator Omega"]));
    assert_eq!(home.get(&walks[0].path()).await.ok()["state"], before[0]["state"], "nothing is done");

    let bulk = home.post("/bulk", &nominate(&walks)).await.ok();
    let bulk = look(home, &bulk).await;
    assert_eq!(
        (&bulk["status"], &bulk["numbers"]["done"], &bulk["callable"]),
        (&json!("done"), &json!(2), &json!(true))
    );
    for walk in &mut walks {
        walk.look().await;
        assert_ne!(walk.case["state"], before[0]["state"]);
        let until = cast.app.clock.now() + TimeDelta::minutes(10);
        for (status, next) in notices(walk, 6).await {
            assert!(
                status == NoticeStatus::Queued && next.is_some_and(|at| at >= until),
                "{status:?} {next:?}"
            );
        }
    }
    cast.verified().await;
    cast.app.advance(TimeDelta::minutes(9));

    call_back(home, &bulk).await.ok();
    let bulk = look(home, &bulk).await;
    assert_eq!((&bulk["status"], &bulk["numbers"]["undone"]), (&json!("called_back"), &json!(2)), "{bulk}");
    for (walk, before) in walks.iter_mut().zip(&before) {
        let seen = home.get(&walk.path()).await.ok();
        for part in ["state", "phase", "due_at", "waiting", "tracks", "choices", "host"] {
            assert_eq!(seen[part], before[part], "{part}");
        }
        let last = walk.history().await.pop().expect("steps");
        assert_eq!((&last["event"], &last["to"]), (&json!("@call_back"), &before["state"]));
        assert!(
            notices(walk, 6)
                .await
                .iter()
                .all(|(status, next)| *status == NoticeStatus::Withheld && next.is_none())
        );
        walk.look().await;
    }
    cast.verified().await;
    call_back(home, &bulk).await.problem(409);

    walks[0].act("home_coordinator", "nominate").await;
    walks[0].act("host_coordinator", "acknowledge").await;
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn what_somebody_has_gone_on_with_stays_and_a_place_that_went_to_another_is_not_taken_back(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walks = accepted(&cast, &round, &["Anna", "Berta"]).await;
    let home = cast.who("home_coordinator");
    let bulk = home.post("/bulk", &nominate(&walks)).await.ok();
    let bulk = look(home, &bulk).await;
    for walk in &mut walks {
        walk.look().await;
    }
    walks[0].act("host_coordinator", "acknowledge").await;

    call_back(home, &bulk).await.ok();
    let bulk = look(home, &bulk).await;
    assert_eq!((&bulk["numbers"]["undone"], &bulk["numbers"]["kept"]), (&json!(1), &json!(1)), "{bulk}");
    assert!(bulk["items"][0]["why"].as_str().is_some_and(|why| why.contains("since")), "{bulk}");
    assert_eq!(cast.who("host_coordinator").get(&walks[0].path()).await.ok()["state"], "acknowledged");
    cast.who("host_coordinator").get(&walks[1].path()).await.problem(404);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn refusals_are_named_case_by_case_and_the_last_place_is_given_once(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &merged(without_documents(), &json!({ "waiting_list": false }))).await;
    let mut walks = Vec::new();
    for name in ["Anna", "Berta"] {
        let mut walk = Walk::open(&cast, &round, &cast.student(name).await).await;
        walk.act("student", "submit").await;
        walk.act("home_coordinator", "find_eligible").await;
        walks.push(walk);
    }
    let home = cast.who("home_coordinator");
    let own = |walk: &Walk<'_>, version: &Value| json!({ "id": walk.case["id"], "version": version, "data": { "choice": walk.choice(1) } });
    let both = json!({ "event": "allocate", "items": [
        own(&walks[0], &walks[0].case["version"]), own(&walks[1], &walks[1].case["version"]),
    ] });
    let seen = home.post("/bulk?dry_run=true", &both).await.ok();
    assert_eq!((&seen["able"], &seen["barred"]), (&json!(1), &json!(1)), "the last place once: {seen}");
    let bulk = home.post("/bulk", &both).await.ok();
    let bulk = look(home, &bulk).await;
    assert_eq!((&bulk["numbers"]["done"], &bulk["numbers"]["barred"]), (&json!(1), &json!(1)), "{bulk}");
    assert!(bulk["items"][1]["why"].as_str().is_some_and(|why| why.contains("places")), "{bulk}");
    assert_eq!(walks[0].taken(&round.lines[0]).await, (1, 0));
    call_back(home, &bulk).await.ok();
    assert_eq!(walks[0].taken(&round.lines[0]).await, (0, 0), "the place is free again");
    cast.verified().await;

    let stale = json!({ "event": "allocate", "items": [own(&walks[1], &json!(1))] });
    let bulk = home.post("/bulk", &stale).await.ok();
    assert!(look(home, &bulk).await["items"][0]["why"].as_str().is_some_and(|why| why.contains("changed")));
    let twice =
        json!({ "event": "allocate", "items": [own(&walks[1], &json!(1)), own(&walks[1], &json!(1))] });
    home.post("/bulk", &twice).await.problem(422);
    cast.who("other_coordinator")
        .get(&format!("/bulk/{}", bulk["id"].as_str().expect("an id")))
        .await
        .problem(404);
    walks[0].student.post("/bulk", &both).await.problem(403);
}

#[rstest]
#[tokio::test]
async fn after_ten_minutes_its_mails_go_and_it_cannot_be_called_back(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let walks = accepted(&cast, &round, &["Anna"]).await;
    let home = cast.who("home_coordinator");
    let bulk = home.post("/bulk", &nominate(&walks)).await.ok();
    let bulk = look(home, &bulk).await;
    cast.app.advance(TimeDelta::minutes(10));
    assert_eq!(look(home, &bulk).await["callable"], false);
    let late = call_back(home, &bulk).await.problem(409);
    assert!(
        late["detail"].as_str().is_some_and(|told| told.contains("time to call it back is over")),
        "{late}"
    );
    cast.app.advance(TimeDelta::minutes(130));
    assert_eq!(cast.app.app.forget_bulks(&cast.app.clock.moment()).await.expect("forgotten"), 1);
}

#[rstest]
#[tokio::test]
async fn a_bulk_that_one_process_leaves_is_carried_on_by_another_and_a_sent_mail_keeps_its_step(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let walks = accepted(&cast, &round, &["Anna"]).await;
    let home = cast.who("home_coordinator");
    let bulk = home.post("/bulk", &nominate(&walks)).await.ok();
    assert_eq!(cast.app.app.carry_bulks_on(|| false).await.expect("carried"), 0, "nothing is left to do");
    let connection = cast.app.database.connect().await;
    let id: sojourn_engine::ids::CaseId =
        walks[0].case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    outbox::Entity::update_many()
        .col_expr(outbox::Column::Status, sea_orm::sea_query::Expr::value(NoticeStatus::Sent))
        .filter(outbox::Column::CaseId.eq(id))
        .filter(outbox::Column::Number.eq(6))
        .exec(&connection)
        .await
        .expect("sent");
    call_back(home, &look(home, &bulk).await).await.ok();
    let bulk = look(home, &bulk).await;
    assert_eq!(bulk["numbers"]["kept"], 1, "{bulk}");
    assert!(bulk["items"][0]["why"].as_str().is_some_and(|why| why.contains("mail")), "{bulk}");
    cast.verified().await;
}
