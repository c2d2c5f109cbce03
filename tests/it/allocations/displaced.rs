//! Whose host cancelled comes first in the next run, and everybody is told so.

use rstest::rstest;
use serde_json::{Value, json};

use super::{Stand, id, in_chinese, scored};
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::process::run;
use crate::support::walk::Walk;

/// One place at Omega, which Anna gets, and one at Sigma, which Berta gets; Carla's application has not been looked at yet.
async fn placed(cast: &Cast) -> Stand<'_> {
    let rules = json!({ "results_on": "2026-10-01", "waiting_list": false });
    let mut stand = Stand::with(cast, &rules, (1, &[("Anna", 70.0), ("Berta", 60.0)])).await;
    let mut carla = Walk::open(cast, &stand.round, &cast.student("Carla").await).await;
    carla.act("student", "submit").await;
    stand.close();
    let first = stand.run().await;
    assert_eq!((&first["status"], &first["placed"]), (&json!("done"), &json!(2)));
    assert_eq!(stand.states().await, ["allocated", "allocated"]);
    stand.walks.push(carla);
    stand
}

/// Every notice of an application so far.
async fn told(cast: &Cast, walk: &Walk<'_>) -> Vec<String> {
    let path = format!("/notifications?case={}&limit=200", id(&walk.case));
    let all = cast.who("secretariat").get(&path).await.ok();
    let items = all["items"].as_array().expect("notices").iter();
    items.map(|one| one["notice"].as_str().expect("a name").to_owned()).collect()
}

/// Anna's host takes the student in, then cancels and takes its place away: nothing else is free for her.
async fn cancelled(cast: &Cast, stand: &mut Stand<'_>) {
    for (role, event) in [
        ("student", "accept_offer"),
        ("home_coordinator", "nominate"),
        ("host_coordinator", "acknowledge"),
        ("host_coordinator", "approve"),
        ("host_coordinator", "cancel"),
    ] {
        stand.walks[0].act(role, event).await;
    }
    assert_eq!(stand.states().await[0], "displaced", "back where a run takes it");
    stand.post(0, -1).await;
    let told = told(cast, &stand.walks[0]).await;
    for notice in ["cancelled_by_host", "back_in_selection", "place_to_find"] {
        assert!(told.iter().any(|one| one == notice), "{notice}: {told:?}");
    }
    cast.verified().await;
}

async fn explained(stand: &Stand<'_>, run: &Value, walk: usize) -> [Value; 2] {
    let path = format!("{}/explanations/{}", stand.at(run), id(&stand.walks[walk].case));
    [stand.home().get(&path).await.ok(), in_chinese(stand.home(), &path).await]
}

fn words(explained: &Value, choice: usize) -> &str {
    explained["choices"][choice]["because"].as_str().expect("words")
}

/// What the offline proof says of a run.
async fn proven(stand: &Stand<'_>, of: &Value) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = stand.home().get(&format!("{}/file", stand.at(of))).await.ok();
    assert_eq!(json!(file["outcome"]["placed"].as_array().map(Vec::len)), of["total"]);
    std::fs::write(folder.path().join("run.json"), file.to_string()).expect("written");
    let ran = run(folder.path(), &[], &["allocation", "verify", "run.json"]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[rstest]
#[tokio::test]
async fn whose_host_cancelled_gets_the_next_run_s_place_before_a_better_score(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let mut stand = placed(&cast).await;
    cancelled(&cast, &mut stand).await;

    // A run that has nothing for her leaves her where she is.
    let empty = stand.run().await;
    let came_out = (&empty["status"], &empty["total"], &empty["placed"], &empty["missed"]);
    assert_eq!(came_out, (&json!("done"), &json!(1), &json!(0), &json!([])));
    assert_eq!(stand.states().await[0], "displaced");

    scored(&stand.walks[2], 95.0).await;
    stand.walks[2].look().await;
    stand.walks[2].act("home_coordinator", "find_eligible").await;
    stand.post(1, 1).await;
    let trial = stand.trial().await;
    assert_eq!((&trial["total"], &trial["placed"]), (&json!(2), &json!(1)));
    let [anna, chinese] = explained(&stand, &trial, 0).await;
    assert_eq!((&anna["got"], &anna["choices"][0]["own"]["displaced"]), (&json!(2), &json!(true)));
    assert!(anna["standing"].as_str().expect("words").starts_with("a place was cancelled before, score 70"));
    assert!(chinese["standing"].as_str().expect("words").starts_with("原名額曾遭取消，分數 70"));
    let [carla, chinese] = explained(&stand, &trial, 2).await;
    assert!(carla["got"].is_null());
    assert_eq!(carla["choices"][1]["reason"]["code"], "full");
    let said = words(&carla, 1);
    assert!(said.contains("The last of them: a place was cancelled before, score 70"), "{said}");
    assert!(said.contains("This one: score 95"), "{said}");
    let said = words(&chinese, 1);
    assert!(said.contains("最後一名：原名額曾遭取消，分數 70") && said.contains("本申請：分數 95"), "{said}");
    proven(&stand, &trial).await;

    stand.confirm(stand.home(), &trial).await.ok();
    cast.verified().await;
    stand.carry().await;
    let done = stand.home().get(&stand.at(&trial)).await.ok();
    assert_eq!((&done["status"], &done["missed"]), (&json!("done"), &json!([])));
    assert_eq!(stand.states().await, ["allocated", "allocated", "not_selected"]);
    let seen = stand.walks[0].seen_by("home_coordinator").await;
    assert_eq!(seen["choices"][1]["current"], true);
    assert_eq!(stand.taken().await, [(0, 0), (2, 0)]);
    proven(&stand, &done).await;
    cast.verified().await;

    let anna = &stand.walks[0];
    let path = format!("{}/explanations/{}", stand.at(&done), id(&anna.case));
    let own = anna.student.get(&path).await.ok();
    assert!(own["standing"].as_str().expect("words").starts_with("a place was cancelled before"));
}

#[rstest]
#[tokio::test]
async fn who_was_cancelled_is_given_a_place_by_hand_or_let_go_when_nominations_close(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let mut stand = placed(&cast).await;
    cancelled(&cast, &mut stand).await;
    stand.post(1, 1).await;
    let choice = json!({ "choice": stand.walks[0].choice(2) });
    stand.walks[0].act_with("home_coordinator", "allocate", &choice).await;
    for (role, event) in [("student", "accept_offer"), ("home_coordinator", "nominate")] {
        stand.walks[0].act(role, event).await;
    }
    stand.walks[0].act("secretariat", "cancel").await;
    assert_eq!(stand.states().await[0], "not_placed", "no choice is left");

    scored(&stand.walks[2], 95.0).await;
    stand.walks[2].look().await;
    stand.walks[2].act("home_coordinator", "find_eligible").await;
    stand.post(0, 1).await;
    stand.run().await;
    for (role, event) in [("student", "accept_offer"), ("home_coordinator", "nominate")] {
        stand.walks[2].look().await;
        stand.walks[2].act(role, event).await;
    }
    stand.post(1, -1).await;
    stand.walks[2].act("host_coordinator", "cancel").await;
    assert_eq!(stand.states().await[2], "displaced");
    stand.walks[2].until_due();
    cast.app.act_on_clocks().await;
    assert_eq!(stand.states().await[2], "not_selected");
    cast.verified().await;
}
