//! What the archive of a person says of allocations, scores and statements.

use std::io::Read as _;

use rstest::rstest;
use serde_json::{Value, json};

use super::{Stand, id};
use crate::support::actor::Actor;
use crate::support::cast::Cast;
use crate::support::database::Db;

/// What the archive of somebody says.
async fn archive(by: &Actor, person: &str) -> Value {
    let answer = by.get(&format!("/people/{person}/export")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(answer.body)).expect("an archive");
    let mut data = String::new();
    archive.by_name("data.json").expect("there").read_to_string(&mut data).expect("text");
    serde_json::from_str(&data).expect("JSON")
}

async fn me(by: &Actor) -> String {
    by.get("/auth/me").await.ok()["person"].as_str().expect("an id").to_owned()
}

#[rstest]
#[tokio::test]
async fn an_archive_says_how_an_application_came_out_and_what_somebody_signed(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let mut stand = Stand::of(&cast, &json!({})).await;
    let (anna, edda) = (stand.walks[0].student.clone(), stand.walks[4].student.clone());
    let (anna_id, edda_id) = (me(&anna).await, me(&edda).await);
    stand.close();
    let run = stand.trial().await;
    let before = archive(&anna, &anna_id).await;
    assert_eq!(before["applications"][0]["allocations"], json!([]), "a trial decides nothing");
    assert_eq!(before["more"]["scores"], json!([]), "nor is a score told before");
    stand.confirm(stand.home(), &run).await.ok();
    stand.carry().await;

    let data = archive(&edda, &edda_id).await;
    let told = &data["applications"][0]["allocations"];
    assert_eq!(told.as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!((&told[0]["run"], &told[0]["got"]), (&run["id"], &Value::Null));
    assert_eq!(told[0]["choices"][0]["reason"]["code"], "full");
    assert!(told[0]["choices"][0]["because"].as_str().is_some_and(|text| text.contains("All 2 places")));
    let data = archive(&anna, &anna_id).await;
    let told = &data["applications"][0]["allocations"][0];
    assert_eq!((&told["application"], &told["got"]), (&stand.walks[0].case["id"], &json!(1)));
    stand.walks[0].look().await;
    stand.walks[0].act("student", "accept_offer").await;
    stand.walks[0].act("home_coordinator", "nominate").await;
    let data = archive(&anna, &anna_id).await;
    let scores =
        json!([{ "application": stand.walks[0].case["id"], "score_hundredths": 9_000, "scoring": null }]);
    assert_eq!(data["more"]["scores"], scores);

    let line = cast.who("secretariat").get(&format!("/place-lines/{}", id(&stand.round.lines[0]))).await.ok();
    let path = format!("/agreements/{}/statements", line["agreement"].as_str().expect("an id"));
    let made = stand.home().post(&path, &json!({})).await.ok();
    let data = archive(stand.home(), cast.person("home_coordinator")).await;
    assert_eq!(data["more"]["runs"][0]["id"], run["id"]);
    assert!(data["more"]["runs"][0]["confirmed_at"].is_string(), "{data}");
    let stated = &data["more"]["statements"][0];
    assert_eq!((&stated["id"], &stated["made_at"]), (&made["id"], &made["made_at"]));
    assert!(stated["answered_at"].is_null());
    assert_eq!(archive(&anna, &anna_id).await["more"]["statements"], json!([]));
}
