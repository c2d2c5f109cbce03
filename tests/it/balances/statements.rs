//! Statements of all agreements between two institutions, and of one academic year.

use rstest::rstest;
use serde_json::{Value, json};

use super::counted::{draft, fire};
use super::{agreement, allocated, answer, told};
use crate::support::cast::{Cast, address};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::without_documents;
use crate::support::visitor::Visitor;

/// The places of a stated balance, altogether.
fn capacity(stated: &Value) -> i64 {
    let rows = stated["balance"]["rows"].as_array().expect("rows").iter();
    rows.map(|row| row["numbers"]["capacity"].as_i64().expect("a number")).sum()
}

#[rstest]
#[tokio::test]
async fn a_pair_confirms_what_all_its_agreements_come_to(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let (home, host) = (cast.who("home_coordinator"), cast.who("host_coordinator"));
    // Two lines that cover a choice alike would have to be told apart.
    allocated(&cast, &round, "Anna").await;
    let second = draft(&cast, 5).await;
    fire(home, &second, "propose").await;
    fire(host, &second, "agree").await;
    draft(&cast, 11).await;
    let path = format!("/agreements/{}/statements", agreement(&cast, &round).await);

    let alone = home.post(&path, &json!({})).await.ok();
    let all = home.post(&path, &json!({ "all_agreements": true })).await.ok();
    assert_eq!((capacity(&alone), capacity(&all)), (2, 7), "what nobody has signed is in neither");
    assert_eq!(
        (&alone["balance"]["all_agreements"], &all["balance"]["all_agreements"]),
        (&json!(false), &json!(true))
    );
    let of_year = json!({ "all_agreements": true, "academic_year": 2026 });
    let year = host.post(&path, &of_year).await.ok();
    let pairs = year["balance"]["pairs"].as_array().expect("pairs");
    let told_of: Vec<_> = pairs.iter().map(|pair| (&pair["academic_year"], &pair["forecast"])).collect();
    assert_eq!(told_of, [(&json!(2026), &json!(1))], "{year}");
    let none = host.post(&path, &json!({ "all_agreements": true, "academic_year": 2031 })).await.ok();
    assert_eq!(none["balance"]["pairs"], json!([]));
    assert_ne!(year["sha256"], all["sha256"]);

    let at = format!("{path}/{}", id(&year));
    answer(host, &at, 1, "confirm", &json!({})).await.problem(403);
    answer(home, &at, 1, "confirm", &json!({})).await.ok();
    let at = format!("{path}/{}", id(&all));
    answer(host, &at, 1, "dispute", &json!({ "reason": "Two came." })).await.ok();
    assert_eq!(told(&cast, "balance_disputed").await, ["chair"]);

    let with_all = json!({
        "proposer": cast.at("Omega")["id"], "partner": null, "valid_from_on": "2026-09-01",
        "valid_until_on": "2029-08-31",
    });
    let with_all = format!("/agreements/{}/statements", id(&host.post("/agreements", &with_all).await.ok()));
    for (path, body, pointer) in [
        (&with_all, json!({ "all_agreements": true }), "/all_agreements"),
        (&path, json!({ "academic_year": 26 }), "/academic_year"),
    ] {
        let problem = host.post(path, &body).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer);
    }
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_pair_states_a_year_on_the_page(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    allocated(&cast, &round, "Anna").await;
    let of = agreement(&cast, &round).await;
    let email = address("home_coordinator");
    cast.app.accept(&email).await;
    let home = Visitor::signed_in(&cast.app.address, &email).await;
    let fields = |covers: &'static str, year: &'static str| {
        [("agreement", of.as_str()), ("covers", covers), ("year", year)]
    };
    for (covers, year, fault) in [("all", "26", "year"), ("all", "soon", "year"), ("both", "2026", "covers")]
    {
        let answer = home.submit("/statements", "/statements", &fields(covers, year)).await;
        let text = answer.text();
        assert!(answer.status == 422 && text.contains(&format!("id=\"{fault}-fault\"")), "{text}");
        assert!(text.contains(&format!("value=\"{year}\"")), "what was typed is kept: {text}");
    }

    let made = home.submit("/statements", "/statements", &fields("all", "2026")).await;

    assert_eq!(made.status, 303, "{}", made.text());
    for page in [made.header("location"), "/statements"] {
        let text = home.get(page).await.text();
        assert!(text.contains("all agreements between both sides, academic year 2026"), "{page}: {text}");
    }
}
