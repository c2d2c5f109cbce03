//! Lists that universities have published, brought in as they are: on the page, with its script and without, and over REST. What
//! they say is read here once more, with nothing of the service.

mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, fresh_key, send};
use crate::support::app::TestApp;
use crate::support::data::{own, real};
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::offers::{Pair, id};
use crate::support::workbook::{Cell, XLSX, workbook};

pub const ZARAGOZA: [&str; 2] = [
    "agreements-zaragoza/acuerdos_movilidad_2017-18.csv.gz",
    "agreements-zaragoza/acuerdos_movilidad_2018-19.csv.gz",
];
pub const UJEP: &str = "agreements-ujep/iia_agreements.csv";
/// The fields that there are, as the Czech list of them has them.
const FIELDS: &str = "agreements-ujep/isced_f_2013_cs.csv";
/// What a field that is none is said to mean here.
const GENERAL: &str = "00";

pub type Row = BTreeMap<String, String>;
/// Direction, partner and fields of a line.
type Key = (String, String, Vec<String>);

fn unpacked(list: &Path) -> Vec<u8> {
    let bytes = std::fs::read(list).expect("the list");
    let mut text = Vec::new();
    match flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut text) {
        Ok(_) => text,
        Err(_) => bytes,
    }
}

pub fn rows(list: &Path) -> Vec<Row> {
    let text = unpacked(list);
    let separator =
        if text.iter().take_while(|byte| **byte != b'\n').any(|byte| *byte == b';') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(&text[..]);
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn known_fields() -> Option<BTreeSet<String>> {
    let list = unpacked(&real(FIELDS)?);
    // A name with a comma in it stands there without quotes.
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&list[..]);
    let code = |row: csv::Result<csv::StringRecord>| row.expect("a row")[0].trim().to_owned();
    Some(reader.records().map(code).filter(|code| !code.is_empty()).collect())
}

/// The code that a Spanish list writes before the name of a field; `None` where there is no such field.
fn spanish(area: &str, known: &BTreeSet<String>) -> Option<String> {
    let code: String = area.chars().take_while(char::is_ascii_digit).collect();
    known.contains(&code).then_some(code)
}

/// What Zaragoza's list says: places by line, and the rows whose field is none.
fn of_zaragoza(rows: &[Row], known: &BTreeSet<String>) -> (BTreeMap<Key, i64>, Vec<u64>) {
    let (mut places, mut wrong) = (BTreeMap::new(), Vec::new());
    for (number, row) in (1..).zip(rows) {
        let field = spanish(&row["NOMBRE_AREA_ESTUDIOS_MOV"], known);
        if field.is_none() {
            wrong.push(number);
        }
        let partner = &row["UNIVERSIDAD_ACUERDO"];
        let (partner, _) = partner.rsplit_once(" (").expect("the country stands behind");
        let key =
            (row["IN_OUT"].to_lowercase(), partner.to_owned(), vec![field.unwrap_or(GENERAL.to_owned())]);
        *places.entry(key).or_default() += row["PLAZAS_OFERTADAS_ALUMNOS"].parse::<i64>().expect("a number");
    }
    (places, wrong)
}

pub fn map(name: &str) -> toml::Table {
    std::fs::read_to_string(own(name)).expect("the map").parse().expect("a map")
}

/// A map that says of every word that could not be read what it means.
fn saying(mut map: toml::Table, unread: &Value, means: impl Fn(&str, &str) -> String) -> toml::Table {
    for word in unread.as_array().expect("words") {
        let (column, word) =
            (word["column"].as_str().expect("a column"), word["word"].as_str().expect("a word"));
        let values = map.entry("values").or_insert_with(|| toml::Table::new().into());
        let of =
            values.as_table_mut().expect("words").entry(column).or_insert_with(|| toml::Table::new().into());
        of.as_table_mut().expect("words").insert(word.to_owned(), means(column, word).into());
    }
    map
}

pub async fn sent(by: &Actor, home: &Value, more: &[(&str, &str)], (media, list): (&str, Vec<u8>)) -> Value {
    let request = by.request(Method::POST, "/place-lines/import").header("Content-Type", media);
    let request = request.query(&[("institution", id(home)), ("new_partners", "true")]).query(more);
    send(request.header("Idempotency-Key", fresh_key()).body(list)).await.ok()
}

async fn everything(by: &Actor, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = by.get(&format!("{path}?limit=200{cursor}")).await.ok();
        all.extend(page["items"].as_array().expect("a list").iter().cloned());
        let Some(next) = page["next"].as_str() else { return all };
        cursor = format!("&cursor={next}");
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().expect("a list").iter().map(|one| one.as_str().expect("a text").to_owned()).collect()
}

fn refused(report: &Value) -> Vec<u64> {
    let rows = report["refused"].as_array().expect("a list").iter();
    rows.map(|row| row["row"].as_u64().expect("a number")).collect()
}

/// What a report says it changes, by line.
fn told(report: &Value) -> BTreeMap<Key, i64> {
    let lines = report["lines"].as_array().expect("lines").iter();
    let line = |line: &Value| {
        let text = |name: &str| line[name].as_str().expect("a text").to_owned();
        ((text("direction"), text("partner"), texts(&line["fields"])), line["to"].as_i64().expect("a number"))
    };
    lines.map(line).collect()
}

/// The lines that stand, as whoever runs the exchanges of the home reads them.
async fn standing(by: &Actor, home: &Value) -> BTreeMap<Key, i64> {
    let names: BTreeMap<String, String> = everything(by, "/institutions")
        .await
        .into_iter()
        .map(|one| (id(&one).to_owned(), one["name"].as_str().expect("a name").to_owned()))
        .collect();
    let mut standing = BTreeMap::new();
    for line in everything(by, "/place-lines").await {
        let (way, other) = if line["home"] == home["id"] { ("out", "host") } else { ("in", "home") };
        let other = names[line[other].as_str().expect("an id")].clone();
        let capacity = line["capacity"].as_i64().expect("a number");
        standing.insert((way.to_owned(), other, texts(&line["fields"])), capacity);
    }
    standing
}

/// A list as a workbook has it.
fn as_workbook(rows: &[Row], columns: &[&'static str]) -> Vec<u8> {
    let kept = |text: &str| Cell::Text(Box::leak(escaped(text).into_boxed_str()));
    let header = columns.iter().map(|column| Cell::Text(column)).collect();
    let row = |row: &Row| columns.iter().map(|column| kept(&row[*column])).collect();
    let all: Vec<Vec<Cell>> = std::iter::once(header).chain(rows.iter().map(row)).collect();
    workbook(&all, &[])
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[rstest]
#[tokio::test]
async fn what_zaragoza_offers_comes_in_row_by_row_as_it_is_counted_here(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
    #[values(0, 1)] year: usize,
) {
    let (Some(list), Some(known)) = (real(ZARAGOZA[year]), known_fields()) else { return };
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let (file, rows) = (std::fs::read(&list).expect("the list"), rows(&list));
    let (places, wrong) = of_zaragoza(&rows, &known);
    let zaragoza = map("tests/data/places/zaragoza.toml");

    let columns = zaragoza.to_string();
    let dry = [("columns", columns.as_str()), ("dry_run", "true")];
    let tried = sent(&pair.sol, &pair.home, &dry, ("text/csv", file.clone())).await;
    assert_eq!((tried["read"].as_u64(), &refused(&tried)), (Some(rows.len() as u64), &wrong));
    let words: BTreeSet<&str> = (1..)
        .zip(&rows)
        .filter(|(row, _)| wrong.contains(row))
        .map(|(_, row)| row["NOMBRE_AREA_ESTUDIOS_MOV"].as_str())
        .collect();
    let unread = tried["unread"].as_array().expect("words");
    assert_eq!(
        unread.iter().map(|one| one["word"].as_str().expect("a word")).collect::<BTreeSet<_>>(),
        words
    );
    let counted: u64 = unread.iter().map(|one| one["rows"].as_u64().expect("a number")).sum();
    assert_eq!(counted, wrong.len() as u64);

    let columns = saying(zaragoza, &tried["unread"], |_, _| GENERAL.to_owned()).to_string();
    let dry = [("columns", columns.as_str()), ("dry_run", "true")];
    let tried = sent(&pair.sol, &pair.home, &dry, ("text/csv", file.clone())).await;
    assert_eq!((&tried["refused"], &tried["unread"]), (&json!([]), &json!([])));
    assert_eq!(told(&tried), places);
    let names = [
        "UNIVERSIDAD_ACUERDO",
        "PAIS_UNIVERSIDAD_ACUERDO",
        "IN_OUT",
        "NOMBRE_AREA_ESTUDIOS_MOV",
        "PLAZAS_OFERTADAS_ALUMNOS",
    ];
    let mut sheet = sent(&pair.sol, &pair.home, &dry, (XLSX, as_workbook(&rows, &names))).await;
    assert_eq!(sheet["sheet"].take(), "Partners");
    assert_eq!(sheet, tried, "a workbook says the same");
    assert_eq!(standing(&pair.sol, &pair.home).await, BTreeMap::new(), "nothing is written before");

    let columns = [("columns", columns.as_str())];
    let done = sent(&pair.sol, &pair.home, &columns, ("text/csv", file.clone())).await;
    assert_eq!(told(&done), places);
    assert_eq!(standing(&pair.hanna, &pair.home).await, places);
    let again = sent(&pair.sol, &pair.home, &columns, ("text/csv", file)).await;
    assert_eq!((&again["changes"], again["unchanged"].as_u64()), (&json!(false), Some(places.len() as u64)));
    let offered: i64 = places.values().sum();
    let said = format!(
        "{} rows of no field named, {} lines with {offered} places as counted by the test",
        wrong.len(),
        places.len()
    );
    measured(&format!("{} over REST into {db:?}, rows", &ZARAGOZA[year][20..]), rows.len() as u64, "", said);
}

fn all_known(fields: &str, known: &BTreeSet<String>) -> bool {
    fields.split(',').map(str::trim).all(|code| code.is_empty() || known.contains(code))
}

/// What UJEP's list says: the partner's code without blanks, and the fields, of each row.
fn of_ujep(rows: &[Row], known: &BTreeSet<String>) -> BTreeMap<u64, (String, Vec<String>)> {
    let field = |text: &str| -> Vec<String> {
        let codes: BTreeSet<&str> = text.split(',').map(str::trim).filter(|code| !code.is_empty()).collect();
        codes.into_iter().filter(|_| all_known(text, known)).map(str::to_owned).collect()
    };
    let said =
        |row: &Row| (row["ciziSkolaZkratka"].replace(' ', ""), field(&row["KodyISCEDVEWPSpecifSmlouvy"]));
    (1..).zip(rows.iter().map(said)).collect()
}

#[rstest]
#[tokio::test]
async fn the_agreements_of_ujep_come_in_row_by_row_as_they_are_counted_here(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let (Some(list), Some(known)) = (real(UJEP), known_fields()) else { return };
    let app = TestApp::spawn(db).await;
    let pair = Pair::of(&app).await;
    let (file, rows) = (std::fs::read(&list).expect("the list"), rows(&list));
    let mut ujep = map("tests/data/places/ujep.toml");
    // One partner stands there without a code that tells its country.
    ujep["defaults"].as_table_mut().expect("defaults").insert("country".to_owned(), "CZ".into());
    let columns = ujep.to_string();
    let dry = [("columns", columns.as_str()), ("dry_run", "true")];
    let tried = sent(&pair.sol, &pair.home, &dry, ("text/csv", file.clone())).await;
    let wrong = (1..).zip(&rows).filter(|(_, row)| !all_known(&row["KodyISCEDVEWPSpecifSmlouvy"], &known));
    assert_eq!(refused(&tried), wrong.map(|(row, _)| row).collect::<Vec<u64>>());
    assert_eq!(tried["read"].as_u64(), Some(rows.len() as u64));

    let said = of_ujep(&rows, &known);
    let means = |column: &str, word: &str| match column {
        "partner" => word.split_whitespace().collect::<Vec<_>>().join(" "),
        _ => GENERAL.to_owned(),
    };
    let columns = saying(ujep, &tried["unread"], means).to_string();
    let columns = [("columns", columns.as_str())];
    let done = sent(&pair.sol, &pair.home, &columns, ("text/csv", file.clone())).await;
    let mut seen = BTreeSet::new();
    for line in done["lines"].as_array().expect("lines") {
        let fields: Vec<String> = texts(&line["fields"]);
        for row in line["rows"].as_array().expect("rows") {
            let row = row.as_u64().expect("a number");
            assert!(seen.insert(row), "row {row} stands once");
            let of = &said[&row].1;
            assert!(*of == fields || of.is_empty(), "row {row}: {of:?} {fields:?}");
        }
    }
    assert_eq!(seen.len(), rows.len(), "every row");
    let codes: BTreeSet<String> = said.values().map(|(code, _)| code.clone()).collect();
    assert_eq!(done["partners"].as_array().map(Vec::len), Some(codes.len()));
    let lines = done["lines"].as_array().map(Vec::len);
    assert_eq!(Some(everything(&pair.hanna, "/place-lines").await.len()), lines);
    let again = sent(&pair.sol, &pair.home, &columns, ("text/csv", file)).await;
    assert_eq!(
        (&again["changes"], again["unchanged"].as_u64()),
        (&json!(false), lines.map(|lines| lines as u64)),
        "{} {}",
        again["lines"],
        again["partners"]
    );
}
