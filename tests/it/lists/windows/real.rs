//! The windows of UJEP's agreements, read from its file once more.

use std::collections::BTreeMap;

use rstest::rstest;
use serde_json::{Value, json};

use crate::lists::real as list;
use crate::support::app::TestApp;
use crate::support::data::real;
use crate::support::database::Db;
use crate::support::offers::Pair;

/// What a row says of a term of a side: first and last day; `None` where there is no last day.
fn days(row: &list::Row, side: &str, term: &str) -> Option<Value> {
    let day = |end: &str| {
        let number =
            |of: &str| -> u32 { row[&format!("{side}Nominace{term}{end}{of}")].parse().expect("a number") };
        let (day, month) = (number("Den"), number("Mesic"));
        (day != 0).then(|| format!("{month:02}-{day:02}"))
    };
    Some(json!([day("Od"), day("Do")?]))
}

/// The map of UJEP's list with the windows of one side, for a direction.
fn map(side: &str, direction: &str) -> toml::Table {
    let mut map = list::map("tests/data/places/ujep.toml");
    let columns = map["columns"].as_table_mut().expect("columns");
    for (term, theirs) in [("winter", "Zs"), ("summer", "Ls")] {
        for (end, its) in [("opens", "Od"), ("closes", "Do")] {
            let heading = |of: &str| format!("{side}Nominace{theirs}{its}{of}").into();
            columns.insert(format!("{term}_{end}"), heading("Den"));
            columns.insert(format!("{term}_{end}_month"), heading("Mesic"));
        }
    }
    let defaults = map["defaults"].as_table_mut().expect("defaults");
    defaults.insert("direction".to_owned(), direction.into());
    defaults.insert("country".to_owned(), "CZ".into());
    map
}

/// What a report says of windows, by row and term.
fn told(report: &Value) -> BTreeMap<(u64, String), Value> {
    let mut told = BTreeMap::new();
    for one in report["windows"].as_array().expect("windows") {
        assert_eq!((&one["from"], &one["kept"]), (&Value::Null, &json!(false)), "{one}");
        for row in one["rows"].as_array().expect("rows") {
            let key = (row.as_u64().expect("a number"), one["term"].as_str().expect("a term").to_owned());
            let days = json!([one["to"]["opens"], one["to"]["closes"]]);
            assert!(told.insert(key, days).is_none(), "a row says each term once");
        }
    }
    told
}

#[rstest]
#[tokio::test]
async fn the_windows_of_ujep_come_in_row_by_row_as_they_are_counted_here(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
    #[values(("cizi", "out"), ("domaci", "in"))] (side, direction): (&str, &str),
) {
    let Some(file) = real(list::UJEP) else { return };
    let rows = list::rows(&file);
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let map = map(side, direction).to_string();
    let dry = [("columns", map.as_str()), ("dry_run", "true")];
    let file = std::fs::read(&file).expect("the list");
    let report = list::sent(&pair.sol, &pair.home, &dry, ("text/csv", file)).await;

    let mut refused = BTreeMap::new();
    for row in report["refused"].as_array().expect("a list") {
        let detail = row["detail"].as_str().expect("a text").to_owned();
        refused.insert(row["row"].as_u64().expect("a number"), detail);
    }
    let conflicts: Vec<_> =
        refused.iter().filter(|(_, told)| told.contains("of the same agreement")).collect();
    if side == "cizi" {
        // Two agreements of Wrocław's faculties fall into one here, and say different days.
        let wroclaw = "row 572 of the same agreement says until 06-01: write the same in both".to_owned();
        assert_eq!(conflicts, [(&575, &wroclaw)]);
    } else {
        assert_eq!(conflicts, []);
    }
    let mut said = BTreeMap::new();
    for (number, row) in (1..).zip(&rows).filter(|(number, _)| !refused.contains_key(number)) {
        for (term, theirs) in [("winter", "Zs"), ("summer", "Ls")] {
            said.extend(days(row, side, theirs).map(|days| ((number, term.to_owned()), days)));
        }
    }
    assert!(said.len() > 20, "{}", said.len());
    assert_eq!(told(&report), said);
}
