//! Partner lists with places: tried first, taken over whole or not at all, and every row that cannot be is named.

mod counted;
mod real;
mod sheets;
mod shell;
mod terms;
mod windows;

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::Db;
use crate::support::offers::{Pair, id};

/// Sends a list for the home of a pair, with more of a query.
async fn sent(by: &Actor, home: &Value, query: &str, list: impl Into<Vec<u8>>) -> Answer {
    let path = format!("/place-lines/import?institution={}{query}", id(home));
    let request = by.request(Method::POST, &path).header("Content-Type", "text/csv");
    send(request.header("Idempotency-Key", fresh_key()).body(list.into())).await
}

/// Row, column and what is said of each refused row of a report, or of a problem.
fn refused(said: &Value) -> Vec<(String, String)> {
    let rows = said["refused"].as_array().map(|rows| {
        let column = |row: &Value| row["column"].as_str().unwrap_or_default().to_owned();
        let place =
            |row: &Value| format!("/rows/{}/{}", row["row"], column(row)).trim_end_matches('/').to_owned();
        rows.iter().map(|row| (place(row), row["detail"].as_str().expect("a text").to_owned())).collect()
    });
    rows.unwrap_or_else(|| {
        let errors = said["errors"].as_array().expect("errors").iter();
        let text = |error: &Value, name: &str| error[name].as_str().expect("a text").to_owned();
        errors.map(|error| (text(error, "pointer"), text(error, "detail"))).collect()
    })
}

fn all(page: &Value) -> Vec<Value> {
    assert_eq!(page["next"], Value::Null);
    page["items"].as_array().expect("a list").clone()
}

const LIST: &str = "partner,direction,level,field,places,valid_from_on,valid_until_on,note\n\
                    University of Omega,out,\"second, first\",0613-Software,3,2026-09-01,2029-08-31,As agreed in May.\n\
                    University of Omega,in,,,2,2026-09-01,2029-08-31,\n\
                    University of Omega (Taiwan),out,\"first,second\",0613,1,2027-09-01,2028-08-31,\n";

#[rstest]
#[tokio::test]
async fn a_list_says_what_it_would_change_then_changes_that_and_a_repeat_changes_nothing(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;

    let tried = sent(&pair.hanna, &pair.home, "&dry_run=true", LIST).await.ok();
    assert_eq!(all(&pair.hanna.get("/agreements").await.ok()), Vec::<Value>::new());
    let done = sent(&pair.hanna, &pair.home, "", LIST).await.ok();
    let again = sent(&pair.hanna, &pair.home, "", LIST).await.ok();

    for report in [&tried, &done] {
        assert_eq!((&report["read"], &report["changes"]), (&json!(3), &json!(true)), "{report}");
        assert_eq!((&report["summed"], &report["unchanged"]), (&json!([[1, 3]]), &json!(0)));
        let lines = report["lines"].as_array().expect("lines").iter();
        let told: Vec<_> =
            lines.map(|line| (&line["direction"], &line["from"], &line["to"], &line["fields"])).collect();
        assert_eq!(
            json!(told),
            json!([["out", null, 4, ["0613"]], ["in", null, 2, []]]),
            "rows 1 and 3 are of one line"
        );
        assert_eq!(report["agreements"].as_array().map(Vec::len), Some(1));
        assert_eq!(report["refused"], json!([]));
    }
    assert_eq!(
        (&tried["dry_run"], &tried["lines"][0]["id"], &tried["agreements"][0]["id"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    let agreements = all(&pair.otto.get("/agreements").await.ok());
    assert_eq!(agreements.len(), 1, "the other side sees what it is to agree to");
    assert_eq!(
        (&agreements[0]["id"], &agreements[0]["status"]),
        (&done["agreements"][0]["id"], &json!("draft"))
    );
    assert_eq!((&agreements[0]["proposer"], &agreements[0]["proposed_by"]), (&pair.home["id"], &Value::Null));
    let line = pair.hanna.get(&format!("/place-lines/{}", id(&done["lines"][0]))).await.ok();
    assert_eq!((&line["capacity"], &line["levels"]), (&json!(4), &json!(["first", "second"])));
    assert_eq!(
        (&line["home"], &line["host"], &line["direction"]),
        (&pair.home["id"], &pair.host["id"], &json!("out"))
    );
    let back = pair.hanna.get(&format!("/place-lines/{}", id(&done["lines"][1]))).await.ok();
    assert_eq!((&back["home"], &back["host"]), (&pair.host["id"], &pair.home["id"]));

    assert_eq!(
        (&again["changes"], &again["unchanged"], &again["lines"]),
        (&json!(false), &json!(2), &json!([]))
    );
    assert_eq!(all(&pair.hanna.get("/place-lines").await.ok()).len(), 2);
    let audited = all(&pair.sol.get("/audit?limit=200").await.ok());
    let of = |subject: &str| {
        audited.iter().filter(|entry| entry["subject"] == subject && entry["deed"] == "create").count()
    };
    assert_eq!((of("agreement"), of("place_line")), (1, 2));
}

#[rstest]
#[tokio::test]
async fn a_later_list_posts_what_differs_and_a_line_may_be_overdrawn(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let done = sent(&pair.hanna, &pair.home, "", LIST).await.ok();
    let path = format!("/agreements/{}", id(&done["agreements"][0]));
    pair.hanna.fire_agreement(&path, 1, &json!({ "event": "propose" })).await.ok();
    pair.otto.fire_agreement(&path, 2, &json!({ "event": "agree" })).await.ok();
    let take = "UPDATE place_lines SET used = 2 WHERE capacity = 4";
    sea_orm::ConnectionTrait::execute_unprepared(&app.database.connect().await, take).await.expect("written");

    let fewer = "partner;direction;level;field;places\nUniversity of Omega;OUT;first,second;0613;1\nUniversity of Omega;in;;;5\n";
    let tried = sent(&pair.hanna, &pair.home, "&dry_run=true", fewer).await.ok();
    let report = sent(&pair.hanna, &pair.home, "", fewer).await.ok();

    assert_eq!(tried["lines"], report["lines"]);
    let told = |at: usize| ["from", "to", "overdrawn"].map(|name| report["lines"][at][name].clone());
    assert_eq!(told(0), [json!(4), json!(1), json!(true)]);
    assert_eq!(told(1), [json!(2), json!(5), json!(false)]);
    assert_eq!(report["agreements"], json!([]), "the one both agreed on covers rows without days");
    let line = pair.otto.get(&format!("/place-lines/{}", id(&report["lines"][0]))).await.ok();
    assert_eq!(
        (&line["capacity"], &line["free"], &line["overdrawn"], &line["version"]),
        (&json!(1), &json!(-1), &json!(true), &json!(2))
    );
}

#[rstest]
#[tokio::test]
async fn one_row_that_cannot_be_keeps_all_out_and_each_is_named(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let works = json!({ "kind": "employer", "name": "Works", "country": "DE", "zone": "Europe/Berlin" });
    pair.sol.post("/institutions", &works).await.ok();
    let list = "partner,direction,level,field,places,valid_from_on,valid_until_on,unit,period\n\
                University of Omega,out,first,0613,3,2026-09-01,2029-08-31,,\n\
                University of Omega,over,fifth,222-Lenguas,-2,45674,2029-08-31,years,\n\
                ,out,,,2.5,2026-09-01,,,\n\
                Nowhere (Peru),out,,,1,2026-09-01,2029-08-31,,\n\
                University of Alpha,out,,,1,2026-09-01,2029-08-31,,\n\
                Works,out,,,1,2026-09-01,2029-08-31,,\n\
                University of Omega,in,,,1,2029-09-01,2026-08-31,,\n\
                ,,,,,,,,\n\
                University of Omega,in,,,,,,,\n\
                University of Omega,out,,,1,2026-09-01,2029-08-31,,S9\n\
                University of Omega,out\n";

    let problem = sent(&pair.hanna, &pair.home, "", list).await.problem(422);
    let tried = sent(&pair.hanna, &pair.home, "&dry_run=true", list).await.ok();

    let places: Vec<_> = refused(&problem).into_iter().map(|(place, _)| place).collect();
    let expected = [
        "2/direction",
        "2/level",
        "2/field",
        "2/places",
        "2/valid_from_on",
        "2/unit",
        "3/places",
        "3/valid_until_on",
        "3/partner",
        "4/partner",
        "5/partner",
        "6/partner",
        "7/valid_until_on",
        "9/places",
        "10/period",
        "11",
    ];
    assert_eq!(places, expected.map(|place| format!("/rows/{place}")));
    assert_eq!(refused(&tried), refused(&problem));
    let said = problem["errors"].to_string();
    for told in [
        "45674 is how a spreadsheet writes 2025-01-17: write the date",
        "`-2`: places are never negative",
        "`over` is no direction: write one of out, in",
        "`222-Lenguas` is no field",
        "let the secretariat import with `new_partners`",
        "2 cells, but 9 columns",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    assert_eq!(tried["read"], 10, "a row of separators alone is none");
    assert_eq!(all(&pair.sol.get("/agreements").await.ok()), Vec::<Value>::new());
    assert_eq!(all(&pair.sol.get("/place-lines").await.ok()), Vec::<Value>::new());
    let request = pair
        .hanna
        .request(Method::POST, &format!("/place-lines/import?dry_run=true&institution={}", id(&pair.home)));
    let request = request.header("Content-Type", "text/csv").header("Accept-Language", "zh-Hant");
    let chinese = send(request.header("Idempotency-Key", fresh_key()).body(list)).await.ok();
    let told = |said: &Value| {
        said["refused"]
            .as_array()
            .expect("a list")
            .iter()
            .find(|row| row["column"] == "valid_from_on")
            .cloned()
    };
    assert_eq!(told(&chinese).expect("the row")["detail"], "45674 是試算表對 2025-01-17 的寫法：請填寫日期");
}

#[rstest]
#[tokio::test]
async fn a_partner_nobody_knows_is_entered_by_the_secretariat_alone(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let list = "partner,name,country,direction,places,valid_from_on,valid_until_on\n\
                D  KONSTAN01,,,out,2,2026-09-01,2029-08-31\n\
                d konstan01,Universität Konstanz,,in,2,2026-09-01,2029-08-31\n\
                Hochschule Coburg (Alemania),,DE,out,1,2026-09-01,2029-08-31\n\
                unizar.es,Universidad de Zaragoza,ES,out,1,2026-09-01,2029-08-31\n";

    sent(&pair.hanna, &pair.home, "", list).await.problem(422);
    let problem = sent(&pair.hanna, &pair.home, "&new_partners=true", list).await.problem(403);
    assert!(problem["detail"].as_str().is_some_and(|told| told.contains("secretariat")), "{problem}");
    let report = sent(&pair.sol, &pair.home, "&new_partners=true", list).await.ok();

    let partners = report["partners"].as_array().expect("a list");
    let told: Vec<_> =
        partners.iter().map(|new| (&new["name"], &new["country"], &new["erasmus_code"])).collect();
    assert_eq!(
        json!(told),
        json!([
            ["D  KONSTAN01", "DE", "D  KONSTAN01"],
            ["Hochschule Coburg", "DE", null],
            ["Universidad de Zaragoza", "ES", null],
        ])
    );
    let coburg = pair.hanna.get(&format!("/institutions/{}", id(&partners[1]))).await.ok();
    assert_eq!(
        (&coburg["unverified"], &coburg["kind"], &coburg["zone"]),
        (&json!(true), &json!("partner"), &json!("Europe/Berlin"))
    );
    let again = sent(&pair.hanna, &pair.home, "", list).await.ok();
    assert_eq!((&again["changes"], &again["unchanged"]), (&json!(false), &json!(4)), "known by now");
    let nameless = "partner,direction,places,valid_from_on,valid_until_on\nupc.edu,out,1,2026-09-01,2029-08-31\n\
                    Lima,out,1,2026-09-01,2029-08-31\n";
    let problem = sent(&pair.sol, &pair.home, "&new_partners=true", nameless).await.problem(422);
    let places: Vec<_> = refused(&problem).into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["/rows/1/name", "/rows/2/country"]);
}

#[rstest]
#[tokio::test]
async fn a_list_with_words_of_its_own_is_read_through_a_map(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let map = "[columns]\npartner = \"Universidad\"\ndirection = \"IN_OUT\"\nplaces = \"Plazas\"\n\
               [values.direction]\nENTRADA = \"in\"\n[defaults]\nvalid_from_on = \"2026-09-01\"\nvalid_until_on = \"2029-08-31\"\n";
    let sent = async |map: &str, list: &str| {
        let path = format!("/place-lines/import?institution={}&dry_run=true", id(&pair.home));
        let request = pair.hanna.request(Method::POST, &path).query(&[("columns", map)]);
        let request = request.header("Content-Type", "text/csv").header("Idempotency-Key", fresh_key());
        send(request.body(list.to_owned())).await
    };

    let report = sent(
        map,
        "\u{feff}Curso;Universidad;IN_OUT;Plazas\r\n2026;University of Omega;ENTRADA;7\r\n2026;University of Omega;SALIDA;-1\r\n",
    )
    .await
    .ok();

    assert_eq!((&report["lines"][0]["to"], &report["lines"][0]["direction"]), (&json!(7), &json!("in")));
    let places: Vec<_> = refused(&report).into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["/rows/2/IN_OUT", "/rows/2/Plazas"], "by the headings of the list");
    let without = sent(map, "Curso;Universidad;Plazas\n").await.problem(422);
    assert!(
        without["errors"][0]["detail"].as_str().is_some_and(|told| told.contains("`IN_OUT` is missing")),
        "{without}"
    );
    for (wrong, told) in
        [("[columns]\ncolour = \"x\"", "`colour`"), ("columns = 3", "line 1"), ("[columns", "line 1")]
    {
        let problem = sent(wrong, LIST).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], "/columns");
        assert!(problem["errors"][0]["detail"].as_str().is_some_and(|said| said.contains(told)), "{problem}");
    }
}

#[rstest]
#[tokio::test]
async fn a_list_is_for_those_who_run_the_exchanges_of_a_member(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let partner = json!({ "kind": "partner", "name": "Sigma", "country": "JP", "zone": "Asia/Tokyo" });
    let partner = pair.sol.post("/institutions", &partner).await.ok();
    let anna = app.student(&pair.sol, "Anna", &pair.home).await;

    sent(&pair.otto, &pair.home, "", LIST).await.problem(403);
    sent(&anna, &pair.home, "", LIST).await.problem(403);
    sent(&app.stranger(), &pair.home, "", LIST).await.problem(401);
    for (institution, told) in
        [("", "say whose list"), ("nowhere.example", "no institution"), (id(&partner), "no member")]
    {
        let list = sent(&pair.sol, &json!({ "id": institution }), "", LIST).await.problem(422);
        assert_eq!(list["errors"][0]["pointer"], "/institution");
        assert!(list["errors"][0]["detail"].as_str().is_some_and(|said| said.contains(told)), "{list}");
    }
    for table in
        ["", "partner,direction,places\n", "partner,direction\nUniversity of Omega,out\n", "partner,colour\n"]
    {
        sent(&pair.hanna, &pair.home, "", table).await.problem(422);
    }
    let long = format!("partner,direction,places\n{}", "University of Omega,out,1\n".repeat(20_001));
    let told = sent(&pair.hanna, &pair.home, "", long).await.problem(422);
    assert_eq!(told["errors"][0]["detail"], "the list has more than 20000 rows: split it");
    assert_eq!(all(&pair.sol.get("/place-lines").await.ok()), Vec::<Value>::new());
}

#[rstest]
#[tokio::test]
async fn a_list_that_is_sent_twice_at_once_comes_in_once(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let key = fresh_key();
    let same = || {
        let path = format!("/place-lines/import?institution={}", id(&pair.home));
        let request = pair.hanna.request(Method::POST, &path).header("Content-Type", "text/csv");
        send(request.header("Idempotency-Key", &key).body(LIST))
    };

    let (one, two, three) =
        tokio::join!(same(), sent(&pair.hanna, &pair.home, "", LIST), sent(&pair.sol, &pair.home, "", LIST));
    let again = same().await;

    assert_eq!((one.status, again.status, &again.body), (200, 200, &one.body), "a key is answered once");
    let changed = [one, two, three].map(|answer| answer.ok()["changes"].clone());
    assert_eq!(changed.iter().filter(|changes| **changes == json!(true)).count(), 1, "{changed:?}");
    assert_eq!(all(&pair.sol.get("/agreements").await.ok()).len(), 1);
    let capacities: Vec<_> =
        all(&pair.sol.get("/place-lines").await.ok()).iter().map(|line| line["capacity"].clone()).collect();
    assert_eq!(capacities.iter().filter_map(Value::as_i64).sum::<i64>(), 6, "{capacities:?}");
}

#[rstest]
#[tokio::test]
async fn a_new_line_costs_no_statement_of_its_own(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let list = |rows: u32| {
        let row = |number| format!("Partner {number},DE,out,1,2026-09-01,2029-08-31\n");
        let rows: String = (0..rows).map(row).collect();
        format!("partner,country,direction,places,valid_from_on,valid_until_on\n{rows}")
    };
    sent(&pair.sol, &pair.home, "&new_partners=true", list(1)).await.ok();
    app.statements();

    let report = sent(&pair.sol, &pair.home, "&new_partners=true", list(600)).await.ok();

    let statements = app.statements();
    assert_eq!(report["lines"].as_array().map(Vec::len), Some(599));
    assert!(statements.len() <= 60, "{} statements:\n{}", statements.len(), statements.join("\n"));
}
