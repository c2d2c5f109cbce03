//! Taken places that a list counts: compared with what is taken here, and never written.

use std::collections::BTreeMap;

use rstest::rstest;
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use super::real::{self, ZARAGOZA, map, rows};
use super::{all, refused, sent};
use crate::support::app::TestApp;
use crate::support::data::real;
use crate::support::database::Db;
use crate::support::offers::Pair;

const LIST: &str = "partner,direction,field,places,taken,valid_from_on,valid_until_on\n\
                    University of Omega,out,0613,3,2,2026-09-01,2029-08-31\n\
                    University of Omega,out,0613,1,1,2026-09-01,2029-08-31\n\
                    University of Omega,out,0613,1,,2026-09-01,2029-08-31\n\
                    University of Omega,in,,2,0,2026-09-01,2029-08-31\n\
                    University of Omega,in,0911,2,,2026-09-01,2029-08-31\n";

#[rstest]
#[tokio::test]
async fn what_a_list_counts_as_taken_is_compared_and_never_written(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;

    let tried = sent(&pair.hanna, &pair.home, "&dry_run=true", LIST).await.ok();
    let done = sent(&pair.hanna, &pair.home, "", LIST).await.ok();
    let counted = |list: i64, here: i64| {
        json!([{
            "partner": "University of Omega", "direction": "out", "period": null, "levels": [], "fields": ["0613"],
            "list": list, "here": here, "rows": [1, 2],
        }])
    };
    assert_eq!(tried["counted_otherwise"], counted(3, 0), "rows that say nothing count nothing");
    assert_eq!(done["counted_otherwise"], counted(3, 0));
    for line in all(&pair.hanna.get("/place-lines").await.ok()) {
        assert_eq!((&line["held"], &line["used"]), (&json!(0), &json!(0)), "{line}");
    }

    let taken = "UPDATE place_lines SET used = 2, held = 2 WHERE capacity = 5";
    app.database.connect().await.execute_unprepared(taken).await.expect("written");
    let again = sent(&pair.hanna, &pair.home, "", LIST).await.ok();
    assert_eq!((&again["counted_otherwise"], &again["changes"]), (&counted(3, 4), &json!(false)));
    let taken = "UPDATE place_lines SET used = 1 WHERE capacity = 5";
    app.database.connect().await.execute_unprepared(taken).await.expect("written");
    let same = sent(&pair.hanna, &pair.home, "", LIST).await.ok();
    assert_eq!(same["counted_otherwise"], json!([]));
}

#[rstest]
#[tokio::test]
async fn a_count_that_is_none_is_named_by_its_row(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let list = "partner,direction,places,taken\nUniversity of Omega,out,1,two\nUniversity of Omega,out,1,-1\nUniversity of Omega,in,1,1000001\n";

    let told = sent(&pair.hanna, &pair.home, "", list).await.problem(422);

    let of_taken = |(place, _): &(String, String)| place.ends_with("/taken");
    let told: Vec<_> = refused(&told).into_iter().filter(of_taken).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[0].1, "`two` is no number of places: write a whole one from 0 to 1000000");
    assert_eq!(told[1].1, "`-1`: places are never negative: write 0 or more");
}

#[rstest]
#[tokio::test]
async fn the_places_that_zaragoza_counts_as_taken_are_told_line_by_line(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let Some(list) = real(ZARAGOZA[0]) else { return };
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let mut map = map("tests/data/places/zaragoza.toml");
    let columns = map["columns"].as_table_mut().expect("columns");
    columns.insert("taken".to_owned(), "PLAZAS_ASIGNADAS_ALUMNOS_OUT".into());
    let (map, rows) = (map.to_string(), rows(&list));
    let dry = [("columns", map.as_str()), ("dry_run", "true")];
    let file = std::fs::read(&list).expect("the list");

    let tried = real::sent(&pair.sol, &pair.home, &dry, ("text/csv", file)).await;

    let wrong: Vec<u64> =
        tried["refused"].as_array().expect("a list").iter().filter_map(|row| row["row"].as_u64()).collect();
    let mut counted: BTreeMap<(String, String, String), i64> = BTreeMap::new();
    for (number, row) in (1..).zip(&rows) {
        if wrong.contains(&number) {
            continue;
        }
        let (partner, _) = row["UNIVERSIDAD_ACUERDO"].rsplit_once(" (").expect("the country stands behind");
        let field = row["NOMBRE_AREA_ESTUDIOS_MOV"].chars().take_while(char::is_ascii_digit).collect();
        let taken: i64 = row["PLAZAS_ASIGNADAS_ALUMNOS_OUT"].parse().expect("a number");
        *counted.entry((row["IN_OUT"].to_lowercase(), partner.to_owned(), field)).or_default() += taken;
    }
    counted.retain(|_, taken| *taken != 0);
    let text = |line: &Value, name: &str| line[name].as_str().expect("a text").to_owned();
    let told: BTreeMap<_, _> = tried["counted_otherwise"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| {
            assert_eq!(line["here"], 0);
            let field = line["fields"][0].as_str().expect("a field").to_owned();
            (
                (text(line, "direction"), text(line, "partner"), field),
                line["list"].as_i64().expect("a number"),
            )
        })
        .collect();
    assert!(told.len() > 300, "{}", told.len());
    assert_eq!(told, counted);
}
