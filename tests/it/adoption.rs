//! Running cases go over to another version of their rules only when told to.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::commands::{complaint, on, printed};
use crate::support::actor::{Actor, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::app::SECRETARIAT;
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::rounds::{Round, without_documents};
use crate::support::walk::Walk;
use crate::versions::{approve, exchange, post};

const PATH: &str = "/workflows/student-exchange/adopt";

async fn listed(by: &Actor) -> Vec<Value> {
    let answer = by.post(PATH, &json!({ "version": 2, "dry_run": true })).await.ok();
    answer["items"].as_array().expect("items").clone()
}

async fn adopt(by: &Actor, key: &str, items: &[Value]) -> Answer {
    let items: Vec<Value> =
        items.iter().map(|item| json!({ "id": item["id"], "version": item["version"] })).collect();
    let request = by.request(Method::POST, PATH).header("Idempotency-Key", key);
    send(request.json(&json!({ "version": 2, "items": items }))).await
}

async fn in_force(cast: &Cast, source: &str) {
    post(cast.who("secretariat"), "student-exchange", source).await.ok();
    approve(cast.who("chair"), "student-exchange", 2, &json!(1)).await.ok();
}

async fn nominated<'a>(cast: &'a Cast, round: &Round, name: &str) -> Walk<'a> {
    let mut walk = Walk::open(cast, round, &cast.student(name).await).await;
    walk.act("student", "submit").await;
    walk.act("home_coordinator", "find_eligible").await;
    walk.act("home_coordinator", "allocate").await;
    walk.act("student", "accept_offer").await;
    walk.act("home_coordinator", "nominate").await;
    walk
}

fn longer() -> String {
    exchange(
        "within = \"5 working days\"\ncalendar = \"host\"",
        "within = \"9 working days\"\ncalendar = \"host\"",
    )
}

fn outcomes(items: &Value) -> Vec<&str> {
    items["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["outcome"].as_str().expect("a word"))
        .collect()
}

#[rstest]
#[tokio::test]
async fn a_case_lands_as_it_was_listed_and_goes_on_under_the_new_rules(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut anna = nominated(&cast, &round, "Anna").await;
    in_force(&cast, &longer()).await;
    let sol = cast.who("secretariat");

    let list = listed(sol).await;
    let [item] = &list[..] else { panic!("one case: {list:?}") };
    assert_eq!(
        (&item["id"], &item["outcome"], &item["follows"]),
        (&anna.case["id"], &json!("lands"), &json!(1))
    );
    assert_eq!(item["accounts"][0], json!({ "account": "out", "status": "held" }));
    let at = |value: &Value| -> DateTime<Utc> {
        value.as_str().and_then(|at| at.parse().ok()).expect("an instant")
    };
    let acknowledge =
        item["clocks"].as_array().expect("clocks").iter().find(|clock| clock["clock"] == "acknowledge");
    let acknowledge = acknowledge.expect("the clock");
    assert_eq!(
        at(&acknowledge["due_at"]) - at(&acknowledge["was_due_at"]),
        TimeDelta::days(6),
        "four days of work"
    );
    let before = sol.get(&anna.path()).await.ok();
    assert_eq!(before["version"], item["version"], "a list changes nothing");

    let key = fresh_key();
    let done = adopt(sol, &key, &list).await.ok();
    assert_eq!(outcomes(&done), ["adopted"]);
    assert_eq!(done["items"][0]["clocks"], item["clocks"]);
    assert_eq!(adopt(sol, &key, &list).await.ok(), done, "the same answer under the same key");
    assert_eq!(outcomes(&adopt(sol, &fresh_key(), &list).await.ok()), ["nothing"]);
    assert_eq!(listed(sol).await, Vec::<Value>::new());
    anna.look().await;
    assert_eq!(anna.case["version"], done["items"][0]["version"]);
    assert_eq!(at(&anna.case["due_at"]), at(&acknowledge["due_at"]));
    let step = anna.history().await.last().cloned().expect("steps");
    assert_eq!(
        (&step["event"], &step["from"], &step["to"]),
        (&json!("@adopt"), &json!("nominated"), &json!("nominated"))
    );
    assert_eq!(
        (&step["role"], &step["actor"]["id"]),
        (&json!("secretariat"), &json!(cast.person("secretariat")))
    );
    cast.verified().await;

    anna.act("host_coordinator", "acknowledge").await;
    anna.act("host_coordinator", "approve").await;
    anna.act("student", "confirm").await;
    assert_eq!(anna.taken(&round.lines[0]).await, (0, 1));
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_case_that_moved_meanwhile_is_left_alone(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut anna = nominated(&cast, &round, "Anna").await;
    let berta = nominated(&cast, &round, "Berta").await;
    in_force(&cast, &longer()).await;
    let sol = cast.who("secretariat");
    let list = listed(sol).await;
    anna.act("host_coordinator", "acknowledge").await;

    let done = adopt(sol, &fresh_key(), &list).await.ok();
    assert_eq!(outcomes(&done), ["moved", "adopted"], "in the order of the list");
    assert_eq!(anna.history().await.last().expect("steps")["event"], "acknowledge");
    assert_eq!(berta.history().await.last().expect("steps")["event"], "@adopt");
    let rest = listed(sol).await;
    assert_eq!(
        (rest.len(), &rest[0]["id"], &rest[0]["state"]),
        (1, &anna.case["id"], &json!("acknowledged"))
    );
    assert_eq!(outcomes(&adopt(sol, &fresh_key(), &rest).await.ok()), ["adopted"]);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_case_whose_state_or_places_are_not_legal_there_is_refused_by_name(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let anna = nominated(&cast, &round, "Anna").await;
    let mut berta = Walk::open(&cast, &round, &cast.student("Berta").await).await;
    berta.act("student", "submit").await;
    let renamed = exchange("", "")
        .replace("states.nominated", "states.proposed")
        .replace("\"nominated\"", "\"proposed\"");
    in_force(&cast, &renamed).await;
    let sol = cast.who("secretariat");

    let list = listed(sol).await;
    let of = |walk: &Walk<'_>| list.iter().find(|item| item["id"] == walk.case["id"]).expect("listed");
    assert_eq!((&of(&anna)["outcome"], &of(&anna)["clocks"]), (&json!("refused"), &json!([])));
    assert_eq!(
        of(&anna)["obstacles"],
        json!([{ "code": "state_missing", "message": "There is no state `nominated` there." }])
    );
    assert_eq!(of(&berta)["outcome"], "lands");
    let done = adopt(sol, &fresh_key(), &list).await.ok();
    assert_eq!(outcomes(&done), ["refused", "adopted"]);
    assert_eq!(anna.history().await.last().expect("steps")["event"], "nominate");
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn cases_go_over_to_an_approved_version_alone_and_by_the_secretariat(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let anna = nominated(&cast, &round, "Anna").await;
    let sol = cast.who("secretariat");
    post(sol, "student-exchange", &longer()).await.ok();
    let list = json!({ "version": 2, "dry_run": true });

    let told = sol.post(PATH, &list).await.problem(409);
    assert_eq!(told["detail"], "Version 2 is a draft: cases go over to an approved version alone.");
    approve(cast.who("chair"), "student-exchange", 2, &json!(1)).await.ok();
    for by in ["chair", "home_coordinator"] {
        cast.who(by).post(PATH, &list).await.problem(403);
    }
    let unknown = sol.post(PATH, &json!({ "version": 7, "dry_run": true })).await.problem(422);
    assert_eq!(unknown["errors"][0]["pointer"], "/version");
    sol.post("/workflows/nonsense/adopt", &list).await.problem(404);
    let empty = sol.post(PATH, &json!({ "version": 2 })).await.problem(422);
    assert_eq!(empty["errors"][0]["pointer"], "/items");
    let both = json!({ "version": 2, "dry_run": true, "items": [{ "id": anna.case["id"], "version": 1 }] });
    sol.post(PATH, &both).await.problem(422);
    let nobody = json!({ "version": 2, "items": [
        { "id": anna.case["id"], "version": anna.case["version"] },
        { "id": "019a7c3e-5b1f-7a20-8c44-1d2e3f405162", "version": 1 },
    ] });
    let told = sol.post(PATH, &nobody).await.problem(422);
    assert_eq!(told["errors"][0]["pointer"], "/items/1/id");
    assert_eq!(anna.history().await.last().expect("steps")["event"], "nominate", "nothing is half done");
    let of_no_call = json!({ "version": 2, "dry_run": true, "call_id": anna.case["id"] });
    assert_eq!(sol.post(PATH, &of_no_call).await.ok()["items"], json!([]));
}

#[rstest]
#[tokio::test]
async fn the_command_line_posts_approves_and_adopts_for_those_who_may(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let anna = nominated(&cast, &round, "Anna").await;
    let database = &cast.app.database;
    let file = database.folder.path().join("changed.toml");
    std::fs::write(&file, longer()).expect("written");
    let file = file.to_str().expect("UTF-8");
    let (sol, chair) = (SECRETARIAT.to_owned(), address("chair"));
    let say = |words: &[&str], by: &str| on(database, &[&["workflow"], words, &["--as", by]].concat());

    assert!(complaint(&say(&["post", file], &chair)).contains("secretariat"));
    assert_eq!(printed(&say(&["post", file], &sol)), "version 2 is draft now\n");
    let approve = ["approve", "student-exchange", "2"];
    assert!(complaint(&say(&approve, &sol)).contains("this needs the chair"));
    assert!(complaint(&say(&approve, "nobody@x.example")).contains("nobody has the e-mail address"));
    assert_eq!(printed(&say(&approve, &chair)), "version 2 is approved now\n");
    assert!(complaint(&say(&approve, &chair)).contains("version 2 is approved already"));

    let adopt = ["adopt", "student-exchange", "2"];
    let listed = say(&adopt, &sol);
    assert!(
        printed(&listed).ends_with("1 land, 0 adopted, 0 refused, 0 moved meanwhile\n"),
        "{}",
        printed(&listed)
    );
    let reference = anna.case["reference"].as_str().expect("a code");
    assert!(printed(&listed).starts_with(&format!("{reference} in nominated lands: acknowledge until ")));
    let done: Value = serde_json::from_str(printed(&say(&[&adopt[..], &["--yes", "--json"]].concat(), &sol)))
        .expect("JSON");
    assert_eq!((&done[0]["outcome"], &done[0]["id"]), (&json!("adopted"), &anna.case["id"]));
    assert_eq!(printed(&say(&adopt, &sol)), "0 land, 0 adopted, 0 refused, 0 moved meanwhile\n");
    assert!(complaint(&say(&["adopt", "student-exchange", "9"], &sol)).contains("no such version"));
    cast.verified().await;
}
