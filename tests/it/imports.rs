//! Past mobilities come in record by record: counted as an independent script counts them, once each whatever is killed, and a
//! file or record that is wrong is named with its place.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use rand::rngs::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use rstest::rstest;
use serde_json::{Value, json};
use sojourn_engine::guard::Decimal;

use crate::support::counts::count;
use crate::support::data::{counted_mobilities, own, real};
use crate::support::database::{Db, TestDatabase};
use crate::support::measured::measured;
use crate::support::process::{run, sojourn};

/// Settings of a process beside which a test has its own keys.
fn environment(database: &TestDatabase) -> [(&'static str, String); 2] {
    let keys = database.folder.path().join("keys.toml");
    [("SOJOURN_DATABASE__URL", database.url.clone()), ("SOJOURN_AUTH__KEY_FILE", keys.display().to_string())]
}

fn process(database: &TestDatabase, arguments: &[&str]) -> Output {
    let environment = environment(database);
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    run(database.folder.path(), &environment, arguments)
}

/// Runs an import to its end; `Err` has what it said.
fn import(database: &TestDatabase, what: &[&str], file: &Path) -> Result<Value, String> {
    let path = file.to_str().expect("a path");
    let arguments: Vec<&str> = ["import"].iter().chain(what).copied().chain(["--json", path]).collect();
    let output = process(database, &arguments);
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).expect("a report in JSON"))
    } else {
        Err(String::from_utf8(output.stderr).expect("a message"))
    }
}

const MOBILITIES: &[&str] = &["mobilities", "--mapping", "erasmus"];

fn verify(database: &TestDatabase) -> Value {
    let output = process(database, &["verify", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report in JSON");
    assert_eq!(report["differences"], 0, "{report}");
    report
}

fn number(value: &Value) -> Decimal {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

/// Column and number of every refused record.
fn refused(report: &Value) -> Vec<(Value, Value)> {
    let list = report["refused"].as_array().expect("a list");
    list.iter().map(|refused| (refused["record"].clone(), refused["column"].clone())).collect()
}

fn agrees(report: &Value, counted: &Value) {
    for same in ["records", "kinds", "stays", "hosts", "employers"] {
        assert_eq!(report[same], counted[same], "{same}");
    }
    for sum in ["ects", "months"] {
        assert_eq!(number(&report[sum]), number(&counted[sum]), "{sum}");
    }
    assert_eq!(refused(report), refused(counted));
}

/// A sample of a year of real mobilities, or the small file of the repository, with what the script counts in it.
fn sample(year: &str, folder: &Path) -> (PathBuf, Value) {
    let sample = folder.join(format!("sample_{year}.csv.gz"));
    let counted = match real(&format!("erasmus/erasmus_sm_{year}.csv.gz")) {
        Some(file) => counted_mobilities(&file, count("import_every"), &sample),
        None => counted_mobilities(&own("tests/data/mobilities.csv"), 1, &sample),
    };
    (sample, counted)
}

#[rstest]
#[tokio::test]
async fn a_year_of_mobilities_is_imported_as_an_independent_script_counts_it_and_a_repeat_adds_nothing(
    #[values(Db::Sqlite, Db::Postgres)] kind: Db,
    #[values("2008-09", "2009-10", "2010-11")] year: &str,
) {
    let database = TestDatabase::migrated(kind).await;
    let (file, counted) = sample(year, database.folder.path());

    let report = import(&database, MOBILITIES, &file).expect("imported");

    agrees(&report, &counted);
    let pace = &report["run"];
    assert_eq!(pace["events"], report["events"]);
    assert!(pace["peak_memory_kib"].as_u64().expect("Linux tells") < 300 * 1_024, "{pace}");
    let verified = verify(&database);
    assert_eq!(verified["cases"], report["imported"]);
    assert_eq!(verified["steps"], report["events"]);

    let again = import(&database, MOBILITIES, &file).expect("imported before");

    assert_eq!(again["run"]["records"], 0);
    agrees(&again, &counted);
    let result = format!(
        "{} steps/s, {:.0} s, bounded by {} ({} %), at most {} MiB; counts, sums and flows as the script's",
        pace["events_per_second"],
        pace["took_ms"].as_f64().expect("a number") / 1_000.0,
        pace["bound_by"].as_str().expect("a text"),
        pace["waited_percent"],
        pace["peak_memory_kib"].as_u64().expect("a number") / 1_024,
    );
    measured(
        &format!("import of {year} into {kind:?}, records"),
        report["records"].as_u64().expect("a number"),
        "",
        result,
    );
}

#[rstest]
#[tokio::test]
async fn a_record_that_cannot_be_a_case_is_named_and_stops_nobody(
    #[values(Db::Sqlite, Db::Postgres)] kind: Db,
) {
    let database = TestDatabase::migrated(kind).await;
    let file = own("tests/data/mobilities_faulty.csv");
    let counted = counted_mobilities(&file, 1, &database.folder.path().join("sample.csv.gz"));

    let report = import(&database, MOBILITIES, &file).expect("imported");

    agrees(&report, &counted);
    assert_eq!(report["imported"], 2);
    assert_eq!(report["refused"][3]["reason"], "`13-2009` is no month: write it as MM-YYYY, such as 09-2008");
    verify(&database);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_whole_with_the_place_and_the_mend() {
    let database = TestDatabase::migrated(Db::Sqlite).await;
    let good = std::fs::read_to_string(own("tests/data/mobilities.csv")).expect("the small file");
    let write = |name: &str, bytes: &[u8]| {
        let path = database.folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, good.repeat(50).as_bytes()).expect("packed");
    let packed = packed.finish().expect("packed");
    let umlaut: Vec<u8> =
        good.replace("KULTURBÜRO", "KULTURB\u{1}RO").bytes().map(|b| if b == 1 { 0xfc } else { b }).collect();
    let cases = [
        (database.folder.path().join("absent.csv"), "there is no such file"),
        (database.folder.path().to_owned(), "this is a folder"),
        (write("empty.csv", b""), "is empty: its first line must name the columns"),
        (
            write("colour.csv", good.replacen("gender", "colour", 1).as_bytes()),
            "no column is called `colour`",
        ),
        (write("short.csv", b"home_institution;age\n"), "the column `gender` is missing"),
        (write("latin.csv", &umlaut), "is not UTF-8: save the table as `CSV UTF-8`"),
        (write("cut.csv.gz", &packed[..packed.len() / 2]), "cut short or damaged"),
    ];
    for (file, told) in cases {
        let said = import(&database, MOBILITIES, &file).expect_err("refused");
        assert!(said.contains(told), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(file.file_name().and_then(|name| name.to_str()).expect("a name")), "{said}");
    }
    assert_eq!(verify(&database)["cases"], 0, "nothing half done");
}

/// A file of so many records: those of the small file again and again, which are different students.
fn repeated(records: usize, folder: &Path) -> PathBuf {
    let good = std::fs::read_to_string(own("tests/data/mobilities.csv")).expect("the small file");
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(good.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("records");
    let path = folder.join("repeated.csv");
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_path(&path).expect("a file");
    writer.write_record(&header).expect("written");
    for row in rows.iter().cycle().take(records) {
        writer.write_record(row).expect("written");
    }
    writer.flush().expect("written");
    path
}

/// Runs the import until it has done so many batches, then kills it; `false` when it ended by itself before.
fn kill_after(database: &TestDatabase, file: &Path, batches: u32) -> bool {
    let environment = environment(database);
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut command = sojourn(database.folder.path(), &environment);
    command
        .env("SOJOURN_LOG__FILTER", "sojourn=debug")
        .arg("import")
        .args(MOBILITIES)
        .arg(file)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let log = BufReader::new(child.stderr.take().expect("standard error"));
    let done =
        log.lines().map_while(Result::ok).filter(|line| line.contains("records=")).nth(batches as usize);
    child.kill().expect("killed");
    let status = child.wait().expect("ended");
    done.is_some() && !status.success()
}

#[rstest]
#[tokio::test]
async fn an_import_that_is_killed_again_and_again_ends_as_if_nothing_had_happened(
    #[values(Db::Sqlite, Db::Postgres)] kind: Db,
) {
    let kills = count("kills_import");
    let seed = 20_261_125;
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let records = usize::try_from(kills).expect("a number") * 1_000;
    let (database, quiet) = (TestDatabase::migrated(kind).await, TestDatabase::migrated(kind).await);
    let file = repeated(records, database.folder.path());

    let mut hit = 0;
    for _ in 0..kills {
        hit += u64::from(kill_after(&database, &file, random.random_range(0..=2)));
    }
    let report = import(&database, MOBILITIES, &file).expect("imported");

    assert_eq!(hit, kills, "every kill hits a running import");
    assert!(report["run"]["records"].as_u64() < Some(records as u64), "something stood already");
    let whole = import(&quiet, MOBILITIES, &file).expect("imported");
    for same in
        ["records", "imported", "kinds", "ects", "months", "stays", "hosts", "employers", "events", "refused"]
    {
        assert_eq!(report[same], whole[same], "{same}");
    }
    let (verified, undisturbed) = (verify(&database), verify(&quiet));
    assert_eq!(verified, undisturbed, "cases, steps, notices and lines are as many");
    assert_eq!(verified["cases"], json!(records));
    measured(
        &format!("kills of an import into {kind:?}"),
        kills,
        seed,
        format!("{records} records once each, nothing lost or doubled, verify finds nothing"),
    );
}

#[rstest]
#[tokio::test]
async fn institutions_come_from_tables_and_give_names_to_those_that_history_brought(
    #[values(Db::Sqlite, Db::Postgres)] kind: Db,
) {
    let database = TestDatabase::migrated(kind).await;
    import(&database, MOBILITIES, &own("tests/data/mobilities.csv")).expect("imported");
    let table = database.folder.path().join("institutions.csv");
    let text = "name,country,erasmus_code,zone\nUniversität Musterstadt,DE,D MUSTERS01,\nAarhus Universitet,DK,DK ARHUS01,\n\
                Somewhere,XX,,\nNew York,US,,\nNew York,US,,America/New_York\n";
    std::fs::write(&table, text).expect("written");

    let report = import(&database, &["institutions"], &table).expect("imported");

    assert_eq!(
        (&report["created"], &report["verified"], &report["known"]),
        (&json!(2), &json!(1), &json!(0)),
        "{report}"
    );
    assert_eq!(report["refused"][0]["column"], "country");
    assert_eq!(report["refused"][1]["column"], "zone");
    let again = import(&database, &["institutions"], &table).expect("imported");
    assert_eq!(again["known"], 2);
    assert_eq!(again["created"], 1, "an institution without any code cannot be known again");
}

#[tokio::test]
async fn the_published_lists_of_charter_holders_are_read_as_they_are() {
    let (Some(euc), Some(eche)) =
        (real("institutions/euc_2007_2013.json.gz"), real("institutions/eche_2021_2027.json.gz"))
    else {
        return;
    };
    let database = TestDatabase::migrated(Db::Sqlite).await;

    let older = import(&database, &["institutions", "--mapping", "euc"], &euc).expect("imported");
    let newer = import(&database, &["institutions", "--mapping", "eche"], &eche).expect("imported");

    assert_eq!((&older["read"], &older["created"]), (&json!(4_919), &json!(4_918)));
    assert_eq!(
        (&newer["read"], &newer["known"]),
        (&json!(5_912), &json!(3_451)),
        "3,451 codes stand in both lists"
    );
}

#[rstest]
#[tokio::test]
async fn people_come_from_a_table_at_the_command_line(#[values(Db::Sqlite, Db::Postgres)] kind: Db) {
    let database = TestDatabase::migrated(kind).await;
    let institutions = database.folder.path().join("institutions.csv");
    std::fs::write(
        &institutions,
        "name;country;erasmus_code;schac\nAarhus Universitet;DK;DK ARHUS01;au.dk\n",
    )
    .expect("written");
    import(&database, &["institutions"], &institutions).expect("imported");
    let people = database.folder.path().join("people.csv");
    let text = "given_name,family_name,email,level,institution\nAnna,Berg,anna@aarhus.example,first,DK ARHUS01\nCaj,Dam,caj@aarhus.example,second,au.dk\nBo,,bo@aarhus.example,first,DK ARHUS01\n";
    std::fs::write(&people, text).expect("written");

    let report = import(&database, &["people"], &people).expect("imported");

    assert_eq!((&report["created"], &report["refused"][0]["column"]), (&json!(2), &json!("family_name")));
    assert_eq!(import(&database, &["people"], &people).expect("imported")["known"], 2);
}
