//! Places of a line that is entered later go to those who wait already, in their order.

use rstest::rstest;
use serde_json::{Value, json};

use super::{listed, post, standings, words};
use crate::support::cast::{Cast, merged};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::{Round, without_documents};

/// A further line of the agreement with Omega.
async fn entered(cast: &Cast, round: &Round, change: &Value) -> Value {
    let like = cast.who("secretariat").get(&format!("/place-lines/{}", id(&round.lines[0]))).await.ok();
    let body = json!({
        "source": "agreement", "agreement": like["agreement"], "home": like["home"], "host": like["host"],
        "unit": "heads", "capacity": 1,
    });
    cast.who("home_coordinator").post("/place-lines", &merged(body, change)).await.ok()
}

#[rstest]
#[tokio::test]
async fn places_of_a_line_entered_later_go_to_those_who_wait_already(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(1, &without_documents()).await;
    post(&cast, &round.lines[0], -1).await;
    let mut walks = listed(&cast, &round, 0, &["Anna", "Berta", "Carla"]).await;
    assert_eq!(cast.app.offer_places().await, 0);

    entered(&cast, &round, &json!({ "levels": ["third"] })).await;
    assert_eq!(cast.app.offer_places().await, 0, "a place for others is none of theirs");
    let same = entered(&cast, &round, &json!({})).await;
    assert_eq!(cast.app.offer_places().await, 1);
    assert_eq!(standings(&mut walks).await, words("list_offer 1/2 2/2"));
    assert_eq!((walks[0].taken(&same).await, walks[0].taken(&round.lines[0]).await), ((1, 0), (0, 0)));

    let narrower = entered(&cast, &round, &json!({ "period": round.offerings[0]["period"] })).await;
    assert_eq!(cast.app.offer_places().await, 1);
    assert_eq!(standings(&mut walks).await, words("list_offer list_offer 1/1"));
    assert_eq!(walks[1].taken(&narrower).await, (1, 0));

    post(&cast, &round.lines[0], 1).await;
    assert_eq!(cast.app.offer_places().await, 1, "whoever waits for the line they came for has its places");
    assert_eq!(standings(&mut walks).await, words("list_offer list_offer list_offer"));
    cast.verified().await;
}
