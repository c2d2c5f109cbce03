//! When hosts take nominations, as lists say it: filled in, compared, and shown where nominations are made.

mod pages;
mod real;

use rstest::rstest;
use serde_json::{Value, json};

use super::{all, refused, sent};
use crate::support::app::TestApp;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::offers::{Pair, id};

const HEADER: &str = "partner,direction,places,valid_from_on,valid_until_on,winter_opens,winter_closes,summer_opens,summer_closes\n";

/// A list whose rows differ in the cells given: partner and direction, then the four days.
fn list(rows: &[(&str, &str, &str)]) -> String {
    let row = |(partner, way, days): &(&str, &str, &str)| {
        format!("University of {partner},{way},2,2026-09-01,2029-08-31,{days}\n")
    };
    std::iter::once(HEADER.to_owned()).chain(rows.iter().map(row)).collect()
}

/// Host, term, first and last day of each window of an agreement.
fn said(agreement: &Value) -> Value {
    let windows = agreement["nomination_windows"].as_array().expect("windows").iter();
    json!(
        windows.map(|one| json!([one["host"], one["term"], one["opens"], one["closes"]])).collect::<Vec<_>>()
    )
}

/// Term, what it was, what the list says, and whether that stays, of each window of a report.
fn told(report: &Value) -> Value {
    let windows = report["windows"].as_array().expect("windows").iter();
    let days = |of: &Value| if of.is_null() { Value::Null } else { json!([of["opens"], of["closes"]]) };
    let one =
        |one: &Value| json!([one["term"], days(&one["from"]), days(&one["to"]), one["kept"], one["rows"]]);
    json!(windows.map(one).collect::<Vec<_>>())
}

#[rstest]
#[tokio::test]
async fn windows_come_in_with_a_list_and_a_repeat_changes_nothing(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let first = list(&[
        ("Omega", "out", "02-15,15.5.,1/8,01.11."),
        ("Omega", "out", "0,0,,"),
        ("Omega", "in", "0,15.6.,11-01,01-15"),
    ]);

    let tried = sent(&pair.hanna, &pair.home, "&dry_run=true", first.clone()).await.ok();
    assert_eq!(all(&pair.hanna.get("/agreements").await.ok()), Vec::<Value>::new());
    let done = sent(&pair.hanna, &pair.home, "", first.clone()).await.ok();
    let again = sent(&pair.hanna, &pair.home, "", first).await.ok();

    for report in [&tried, &done] {
        let expected = json!([
            ["winter", null, ["02-15", "05-15"], false, [1]],
            ["summer", null, ["08-01", "11-01"], false, [1]],
            ["winter", null, [null, "06-15"], false, [3]],
            ["summer", null, ["11-01", "01-15"], false, [3]],
        ]);
        assert_eq!(told(report), expected, "{report}");
        assert_eq!(report["windows"][0]["partner"], "University of Omega");
        assert_eq!(
            (&report["windows"][0]["host"], &report["windows"][2]["host"]),
            (&pair.host["id"], &pair.home["id"])
        );
    }
    assert_eq!(
        (&tried["windows"][0]["agreement"], &done["windows"][0]["agreement"]),
        (&Value::Null, &done["agreements"][0]["id"])
    );
    assert_eq!((told(&again), &again["changes"]), (json!([]), &json!(false)));
    let agreement = pair.otto.get(&format!("/agreements/{}", id(&done["agreements"][0]))).await.ok();
    let (own, other) = (&pair.home["id"], &pair.host["id"]);
    let expected = json!([
        [other, "winter", "02-15", "05-15"],
        [other, "summer", "08-01", "11-01"],
        [own, "winter", null, "06-15"],
        [own, "summer", "11-01", "01-15"],
    ]);
    assert_eq!((said(&agreement), &agreement["version"]), (expected, &json!(1)));

    let later = list(&[("Omega", "in", "01-10,06-15,11-01,01-15")]);
    let later = sent(&pair.hanna, &pair.home, "", later).await.ok();
    assert_eq!(told(&later), json!([["winter", [null, "06-15"], ["01-10", "06-15"], false, [1]]]));
    assert_eq!((&later["changes"], &later["lines"]), (&json!(true), &json!([])));
    let agreement = pair.otto.get(&format!("/agreements/{}", id(&done["agreements"][0]))).await.ok();
    assert_eq!(
        (&said(&agreement)[2], &agreement["version"]),
        (&json!([own, "winter", "01-10", "06-15"]), &json!(2))
    );
    let audited = all(&pair.sol.get("/audit?limit=200").await.ok());
    let entry = audited.iter().find(|entry| entry["subject"] == "agreement" && entry["deed"] == "change");
    let changes = &entry.expect("an entry")["changes"];
    assert_eq!(changes.as_object().map(serde_json::Map::len), Some(1), "{changes}");
    assert_eq!(changes["nomination_windows"][1][2]["opens"], "01-10");
}

#[rstest]
#[tokio::test]
async fn cells_that_are_no_days_and_rows_that_differ_are_named(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let wrong = list(&[
        ("Omega", "out", "30.2.,05-15,,"),
        ("Omega", "out", "02-15,,,"),
        ("Omega", "out", ",,15,11-01"),
        ("Omega", "in", "02-15,05-15,,"),
        ("Omega", "in", "02-15,05-16,,"),
        ("Omega", "in", "0,05-15,,"),
    ]);

    let problem = sent(&pair.hanna, &pair.home, "", wrong).await.problem(422);

    let expected = [
        ("/rows/1/winter_opens", "`30.2.` is no day of the year: write month and day, such as 02-15"),
        ("/rows/2/winter_closes", "the first day stands alone: write the last day too"),
        ("/rows/3/summer_opens", "`15` is no day of the year: write month and day, such as 02-15"),
        ("/rows/5/winter_closes", "row 4 of the same agreement says 02-15 to 05-15: write the same in both"),
        ("/rows/6/winter_closes", "row 4 of the same agreement says 02-15 to 05-15: write the same in both"),
    ];
    assert_eq!(refused(&problem), expected.map(|(place, told)| (place.to_owned(), told.to_owned())));
    assert_eq!(all(&pair.hanna.get("/agreements").await.ok()), Vec::<Value>::new());
    let apart = "partner,direction,places,winter_closes,winter_closes_month,summer_closes_month\n\
                 University of Omega,out,1,31,4,\nUniversity of Omega,out,1,15,13,\nUniversity of Omega,out,1,,,3\n";
    let problem = sent(&pair.hanna, &pair.home, "", apart).await.problem(422);
    let places: Vec<_> = refused(&problem).into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["/rows/1/winter_closes", "/rows/2/winter_closes_month", "/rows/3/summer_closes"]);
}

#[rstest]
#[tokio::test]
async fn what_a_member_says_of_itself_no_partner_overwrites(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let partner =
        json!({ "kind": "partner", "name": "University of Sigma", "country": "JP", "zone": "Asia/Tokyo" });
    pair.sol.post("/institutions", &partner).await.ok();
    let rows = |days| list(&[("Omega", "out", days), ("Sigma", "out", days)]);
    sent(&pair.hanna, &pair.home, "", rows("02-15,05-15,,")).await.ok();
    let own = "partner,direction,places,winter_closes\nUniversity of Alpha,in,2,04-30\n";

    let corrected = sent(&pair.otto, &pair.host, "", own).await.ok();
    assert_eq!(told(&corrected), json!([["winter", ["02-15", "05-15"], [null, "04-30"], false, [1]]]));
    let report = sent(&pair.hanna, &pair.home, "", rows("03-01,05-31,,")).await.ok();
    let again = sent(&pair.hanna, &pair.home, "", rows("03-01,05-31,,")).await.ok();

    let kept = json!(["winter", [null, "04-30"], ["03-01", "05-31"], true, [1]]);
    assert_eq!(told(&report), json!([kept, ["winter", ["02-15", "05-15"], ["03-01", "05-31"], false, [2]]]));
    assert_eq!(report["changes"], true, "nobody but its partners speaks for Sigma");
    assert_eq!((told(&again), &again["changes"]), (json!([kept]), &json!(false)));
    let agreements = all(&pair.otto.get("/agreements").await.ok());
    assert_eq!(said(&agreements[0]), json!([[pair.host["id"], "winter", null, "04-30"]]));
}

#[rstest]
#[tokio::test]
async fn the_next_agreement_goes_on_with_its_windows(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (first, other) = (cast.who("home_coordinator"), cast.who("host_coordinator"));
    let done = sent(first, cast.at("Alpha"), "", list(&[("Omega", "out", "02-15,05-15,,")])).await.ok();
    let path = format!("/agreements/{}", id(&done["agreements"][0]));
    first.fire_agreement(&path, 1, &json!({ "event": "propose" })).await.ok();
    other.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.ok();
    cast.app.act_on_clocks().await;
    cast.app.clock.set("2029-03-05T00:00:00Z".parse().expect("an instant"));
    cast.app.act_on_clocks().await;
    let version = first.get(&path).await.ok()["version"].as_i64().and_then(|version| version.try_into().ok());
    other.fire_agreement(&path, version.expect("a version"), &json!({ "event": "renew" })).await.ok();

    let agreements = all(&first.get("/agreements").await.ok());
    assert_eq!(agreements.len(), 2);
    assert_eq!(said(&agreements[1]), json!([[cast.at("Omega")["id"], "winter", "02-15", "05-15"]]));
}
