//! Which period, agreement and line a row of a partner list means.

use rstest::rstest;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::database::Db;
use crate::support::offers::Pair;

use super::{refused, sent};

#[rstest]
#[tokio::test]
async fn a_row_may_be_for_a_period_of_the_hosts_calendar(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let spring = pair.otto.post("/periods", &pair.period()).await.ok();
    let mut next = pair.period();
    (next["academic_year"], next["start_on"], next["end_on"]) =
        (json!(2027), json!("2028-02-15"), json!("2028-06-30"));
    let next = pair.otto.post("/periods", &next).await.ok();
    let list = "partner,direction,places,valid_from_on,valid_until_on,period\n\
                University of Omega,out,1,2026-09-01,2027-08-31,S2\nUniversity of Omega,out,2,2026-09-01,2029-08-31,2027/S2\n";

    let report = sent(&pair.hanna, &pair.home, "", list).await.ok();
    let vague = "partner,direction,places,period,valid_from_on,valid_until_on\nUniversity of Omega,out,1,S2,2026-09-01,2029-08-31\nUniversity of Omega,in,1,S2,2026-09-01,2029-08-31\n";
    let vague = sent(&pair.hanna, &pair.home, "&dry_run=true", vague).await.ok();

    assert_eq!(report["lines"][0]["period"], spring["id"]);
    assert_eq!(report["lines"][1]["period"], next["id"]);
    assert_eq!(
        report["agreements"].as_array().map(Vec::len),
        Some(2),
        "the first does not cover the second row"
    );
    let told: Vec<_> = refused(&vague).into_iter().map(|(_, told)| told).collect();
    assert_eq!(told[0], "`S2` means several periods: write the year too, such as 2026/S2");
    assert!(told[1].contains("no period of the host's calendar"), "Alpha has none: {told:?}");
}

#[rstest]
#[tokio::test]
async fn a_row_that_fits_several_agreements_or_lines_says_so(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let days = |until: &str| json!({ "proposer": pair.home["id"], "partner": pair.host["id"], "valid_from_on": "2026-09-01", "valid_until_on": until });
    let first = pair.hanna.post("/agreements", &days("2029-08-31")).await.ok();
    let bare = "partner,direction,places,unit\nUniversity of Omega,out,1,\n";
    assert_eq!(
        sent(&pair.hanna, &pair.home, "&dry_run=true", bare).await.ok()["lines"][0]["agreement"],
        first["id"]
    );
    pair.hanna.post("/agreements", &days("2028-08-31")).await.ok();
    let line = json!({ "source": "agreement", "agreement": first["id"], "home": pair.home["id"], "host": pair.host["id"], "unit": "twelfths", "capacity": 12 });
    let line = pair.hanna.post("/place-lines", &line).await.ok();

    let told = sent(&pair.hanna, &pair.home, "", bare).await.problem(422);
    assert_eq!(told["errors"][0]["pointer"], "/rows/1/valid_from_on");
    let dated = |unit: &str| {
        format!(
            "partner,direction,places,unit,valid_from_on,valid_until_on\nUniversity of Omega,out,18,{unit},2026-09-01,2027-08-31\n"
        )
    };
    let told = sent(&pair.hanna, &pair.home, "", dated("heads")).await.problem(422);
    assert_eq!(told["errors"][0]["detail"], "this line counts twelfths: write that");
    let posted = sent(&pair.hanna, &pair.home, "", dated("")).await.ok();
    assert_eq!((&posted["lines"][0]["id"], &posted["lines"][0]["to"]), (&line["id"], &json!(18)));
    let twin = json!({ "source": "agreement", "agreement": first["id"], "home": pair.home["id"], "host": pair.host["id"], "unit": "heads", "capacity": 1 });
    pair.hanna.post("/place-lines", &twin).await.ok();
    let told = sent(&pair.hanna, &pair.home, "", dated("")).await.problem(422);
    assert_eq!(
        (&told["errors"][0]["pointer"], told["errors"].as_array().map(Vec::len)),
        (&json!("/rows/1"), Some(1))
    );
}
