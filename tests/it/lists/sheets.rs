//! Partner lists that come as spreadsheets, and what no spreadsheet is.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::database::Db;
use crate::support::offers::{Pair, id};
use crate::support::workbook::Cell::{Day, Error, Formula, Nothing, Number, Text};
use crate::support::workbook::{Cell, XLSX, packed, workbook};

use super::refused;

async fn sent(by: &Actor, home: &Value, media: &str, list: Vec<u8>) -> Answer {
    let path = format!("/place-lines/import?institution={}", id(home));
    let request = by.request(Method::POST, &path).header("Content-Type", media);
    send(request.header("Idempotency-Key", fresh_key()).body(list)).await
}

fn header() -> Vec<Cell> {
    ["partner", "direction", "places", "valid_from_on", "valid_until_on"].map(Text).to_vec()
}

/// 2026-09-01 and 2029-08-31, as spreadsheets count days.
const DAYS: (u32, u32) = (46_266, 47_361);

fn row(direction: &'static str, places: Cell) -> Vec<Cell> {
    vec![Text("University of Omega"), Text(direction), places, Day(DAYS.0), Day(DAYS.1)]
}

#[rstest]
#[tokio::test]
async fn a_spreadsheet_is_read_as_the_table_it_shows(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let rows = [header(), row("out", Number(3.0)), vec![Nothing; 5], row("in", Text("2"))];

    let report = sent(&pair.hanna, &pair.home, XLSX, workbook(&rows, &[])).await.ok();

    assert_eq!((&report["sheet"], &report["read"]), (&json!("Partners"), &json!(2)));
    let told: Vec<_> =
        report["lines"].as_array().expect("lines").iter().map(|line| (&line["to"], &line["rows"])).collect();
    assert_eq!(json!(told), json!([[3, [1]], [2, [3]]]), "rows are counted as the sheet shows them");
    let agreement = &report["agreements"][0];
    assert_eq!(
        (&agreement["valid_from_on"], &agreement["valid_until_on"]),
        (&json!("2026-09-01"), &json!("2029-08-31"))
    );
}

#[rstest]
#[tokio::test]
async fn what_no_table_can_hold_is_refused_by_the_name_of_its_cell(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let rows = [
        header(),
        row("out", Number(3.0)),
        row("out", Formula("C2*2", 6.0)),
        row("in", Error("#N/A")),
        row("in", Number(1.5)),
        vec![Text("University of Omega"), Text("in"), Number(1.0), Number(45_674.0), Day(DAYS.1)],
        row("in", Number(1.0)),
        vec![Nothing, Text("out"), Number(1.0), Day(DAYS.0), Day(DAYS.1)],
    ];

    let problem =
        sent(&pair.hanna, &pair.home, XLSX, workbook(&rows, &["A7:A8", "H1:H9"])).await.problem(422);

    let told: Vec<_> = refused(&problem).into_iter().map(|(place, told)| format!("{place} {told}")).collect();
    assert_eq!(
        told,
        [
            "/rows/2/places C3 is a formula: write what it shows, as a value",
            "/rows/3/places C4 shows #N/A: write the value",
            "/rows/4/places `1.5` is no number of places: write a whole one from 0 to 1000000",
            "/rows/5/valid_from_on 45674 is how a spreadsheet writes 2025-01-17: write the date",
            "/rows/6/partner the cells A7 to A8 are merged: split them, and write the value into each",
            "/rows/7/partner the cells A7 to A8 are merged: split them, and write the value into each",
        ]
    );
    assert_eq!(pair.sol.get("/place-lines").await.ok()["items"], json!([]));
    let named = workbook(&[header(), row("out", Number(1.0))], &["A1:B1"]);
    let problem = sent(&pair.hanna, &pair.home, XLSX, named).await.problem(422);
    assert!(
        problem["errors"][0]["detail"].as_str().is_some_and(|told| told.contains("A1 to B1")),
        "{problem}"
    );
}

#[rstest]
#[tokio::test]
async fn a_file_that_is_damaged_hostile_or_something_else_changes_nothing(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let good = workbook(&[header(), row("out", Number(1.0))], &[]);
    let sheet = |cells: &str| format!("<worksheet><sheetData>{cells}</sheetData></worksheet>");
    let far =
        sheet(r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="900000"><c r="A900000"><v>1</v></c></row>"#);
    let wide = sheet(r#"<row r="1"><c r="XFD1"><v>1</v></c></row>"#);
    let zeros = vec![b' '; 70 * 1024 * 1024];
    let sheet = |text: &str| packed(&[("xl/worksheets/sheet1.xml", text.as_bytes())]);
    let many = r#"<sst uniqueCount="99999999999"><si><t>a</t></si></sst>"#;
    let mut cut = good[..good.len() / 2].to_vec();
    let mut bent = good.clone();
    let middle = bent.len() / 2;
    bent[middle..middle + 40].fill(0xff);
    cut.truncate(900);
    let whole = [
        (cut, "damaged"),
        (bent, "damaged"),
        (b"PK\x03\x04".to_vec(), "damaged"),
        (b"PK\x03\x04 and no more of it".to_vec(), "damaged"),
        (packed(&[]), "damaged"),
        (
            packed(&[
                ("xl/worksheets/sheet1.xml", b"<worksheet>"),
                ("xl/sharedStrings.xml", many.as_bytes()),
            ]),
            "damaged",
        ),
        (packed(&[("xl/worksheets/sheet1.xml", &zeros)]), "more than 64 MiB"),
        (packed(&[("xl/media/image1.png", &zeros)]), "more than 64 MiB"),
        (sheet(&far), "more than 20000 rows"),
        (sheet(&wide), "more than 256 columns"),
        (sheet("<worksheet><sheetData></sheetData></worksheet>"), "is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "without a password"),
        (b"partner,direction,places\n".to_vec(), "no XLSX file"),
        (b"{}".to_vec(), "no XLSX file"),
    ];
    for (list, told) in whole {
        let problem = sent(&pair.hanna, &pair.home, XLSX, list).await.problem(422);
        let said = problem["errors"][0]["detail"].as_str().expect("a sentence");
        assert!(said.contains(told), "{told}: {said}");
    }
    let problem = sent(&pair.hanna, &pair.home, "text/csv", good.clone()).await.problem(422);
    assert_eq!(problem["errors"][0]["detail"], "this is a spreadsheet: send it with the media type of one");
    sent(&pair.hanna, &pair.home, "application/vnd.ms-excel", good).await.problem(415);
    sent(&pair.hanna, &pair.home, "application/json", b"{}".to_vec()).await.problem(415);
    sent(&pair.hanna, &pair.home, "text/csv", vec![b'x'; 10 * 1024 * 1024 + 1]).await.problem(413);
    assert_eq!(pair.sol.get("/agreements").await.ok()["items"], json!([]));
}
