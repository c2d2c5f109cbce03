//! What changes between a trial and its confirmation: each is named, nothing is held, and a new trial takes it in.

use rstest::rstest;
use serde_json::{Value, json};

use super::{Stand, id};
use crate::support::cast::Cast;
use crate::support::database::Db;

/// What the refusal to confirm a trial names.
async fn named(stand: &Stand<'_>, trial: &Value) -> Vec<Value> {
    let refused = stand.confirm(stand.home(), trial).await.problem(409);
    assert_eq!(refused["type"], "/problems/outdated");
    assert_eq!(stand.taken().await, [(0, 0), (0, 0)]);
    refused["changes"].as_array().expect("changes").clone()
}

#[rstest]
#[tokio::test]
async fn an_agreement_that_has_ended_since_the_trial_gives_no_places(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let stand = Stand::of(&cast, &json!({})).await;
    stand.close();
    let trial = stand.trial().await;
    assert_eq!(trial["placed"], 4);
    let line = cast.who("secretariat").get(&format!("/place-lines/{}", id(&stand.round.lines[0]))).await.ok();
    let agreement = format!("/agreements/{}", line["agreement"].as_str().expect("an id"));
    cast.who("host_coordinator").end_agreement(&agreement, "2026-12-31").await.ok();

    let changes = named(&stand, &trial).await;
    let of_line = |change: &&Value| change["code"] == "line" && change["line"] == line["id"];
    assert!(changes.iter().any(|change| of_line(&change)), "{changes:?}");
    cast.verified().await;

    let again = stand.trial().await;
    assert_eq!((&again["placed"], &again["unplaced"]), (&json!(2), &json!(3)));
    let told = format!("{}/explanations/{}", stand.at(&again), id(&stand.walks[0].case));
    let told = stand.home().get(&told).await.ok();
    assert_eq!((&told["got"], &told["choices"][0]["reason"]["code"]), (&json!(2), &json!("no_line")));
}

#[rstest]
#[tokio::test]
async fn a_line_that_is_overdrawn_gives_nothing_and_takes_nobody_s_place(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let mut stand = Stand::of(&cast, &json!({})).await;
    let first = json!({ "choice": stand.walks[4].choice(1) });
    stand.walks[4].act_with("home_coordinator", "allocate", &first).await;
    stand.post(0, -2).await;
    stand.close();

    let run = stand.trial().await;

    assert_eq!((&run["total"], &run["placed"], &run["unplaced"]), (&json!(4), &json!(2), &json!(2)));
    let line = stand.home().get(&format!("/place-lines/{}", id(&stand.round.lines[0]))).await.ok();
    assert_eq!((&line["free"], &line["overdrawn"]), (&json!(-1), &json!(true)));
    stand.confirm(stand.home(), &run).await.ok();
    stand.carry().await;
    assert_eq!(stand.taken().await, [(1, 0), (2, 0)], "whoever has a place keeps it");
    cast.verified().await;
}
