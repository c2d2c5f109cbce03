//! Partner lists at the command line, and those that universities have published.

use std::path::{Path, PathBuf};
use std::process::Output;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::data::{own, real};
use crate::support::database::{Db, TestDatabase};
use crate::support::measured::measured;
use crate::support::process::run;

struct Shell {
    database: TestDatabase,
}

impl Shell {
    /// An instance with the members Alpha and Omega.
    async fn of(db: Db) -> Self {
        let shell = Self { database: TestDatabase::migrated(db).await };
        let members = "name,country,schac\nAlpha,DE,alpha.example\nOmega,FR,omega.example\n";
        let members = shell.file("members.csv", members.as_bytes());
        assert!(shell.run(&["import", "institutions", members.to_str().expect("a path")]).status.success());
        shell
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.database.folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let keys = self.database.folder.path().join("keys.toml").display().to_string();
        let environment =
            [("SOJOURN_DATABASE__URL", self.database.url.as_str()), ("SOJOURN_AUTH__KEY_FILE", &keys)];
        run(self.database.folder.path(), &environment, arguments)
    }

    /// Runs an import: what it reports, and what it complains of.
    fn import(&self, list: &Path, more: &[&str]) -> (Value, String) {
        let list = list.to_str().expect("a path");
        let all = ["import", "places", list, "--institution", "alpha.example", "--json"];
        let output = self.run(&[&all[..], more].concat());
        let complaint = String::from_utf8(output.stderr).expect("a message");
        assert_eq!(output.status.success(), complaint.is_empty(), "{complaint}");
        (serde_json::from_slice(&output.stdout).unwrap_or_default(), complaint)
    }

    fn verified(&self) {
        let output = self.run(&["verify", "--json"]);
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report in JSON");
        assert_eq!(report["differences"], 0, "{report}");
    }
}

const LIST: &str = "partner,direction,places,valid_from_on,valid_until_on\nOmega,out,3,2026-09-01,2029-08-31\nomega.example,in,2,2026-09-01,2029-08-31\n";

#[rstest]
#[tokio::test]
async fn a_list_is_tried_and_taken_over_at_the_command_line(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let shell = Shell::of(db).await;
    let list = shell.file("list.csv", LIST.as_bytes());

    let (tried, _) = shell.import(&list, &["--dry-run"]);
    let (done, _) = shell.import(&list, &[]);
    let (again, _) = shell.import(&list, &[]);

    let told = |report: &Value| {
        json!([report["changes"], report["lines"].as_array().map(Vec::len), report["unchanged"]])
    };
    assert_eq!(
        [told(&tried), told(&done), told(&again)],
        [json!([true, 2, 0]), json!([true, 2, 0]), json!([false, 0, 2])]
    );
    shell.verified();
    let path = list.to_str().expect("a path");
    let output = shell.run(&["import", "places", path, "--institution", "alpha.example", "--dry-run"]);
    let said = String::from_utf8(output.stdout).expect("lines");
    assert!(said.contains("nothing changes") && said.contains("2 lines as they were"), "{said}");
}

#[rstest]
#[tokio::test]
async fn windows_and_what_is_counted_otherwise_are_told_in_lines(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let shell = Shell::of(db).await;
    let list = "partner,direction,places,taken,valid_from_on,valid_until_on,winter_opens,winter_closes\n\
                Omega,out,3,2,2026-09-01,2029-08-31,15.2.,15.5.\n";
    let list = shell.file("list.csv", list.as_bytes());
    let path = list.to_str().expect("a path");

    let output = shell.run(&["import", "places", path, "--institution", "alpha.example"]);

    let said = String::from_utf8(output.stdout).expect("lines");
    for line in [
        "  nominations out Omega, winter: new → 02-15 to 05-15",
        "1 lines whose taken places the list counts otherwise; nothing of this is written: settle them by a balance statement, or",
        "  out Omega: 2 in the list, 0 here (rows 1)",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let (again, _) = shell.import(&list, &[]);
    assert_eq!((&again["changes"], &again["windows"]), (&json!(false), &json!([])));
    shell.verified();
}

#[tokio::test]
async fn a_list_that_cannot_be_taken_over_ends_with_one_line_and_changes_nothing() {
    let shell = Shell::of(Db::Sqlite).await;
    let bad = shell.file("bad.csv", LIST.replace("in,2", "in,-2").as_bytes());
    let map = shell.file("map.toml", b"[columns]\ncolour = \"x\"\n");
    let map = map.to_str().expect("a path");
    let absent = shell.database.folder.path().join("absent.csv");

    let (report, complaint) = shell.import(&bad, &[]);
    assert_eq!(report["refused"].as_array().map(Vec::len), Some(1));
    assert!(complaint.contains("bad.csv: 1 faults, nothing is changed"), "{complaint}");
    for (list, more, told) in [
        (&bad, &["--columns", map][..], "map.toml: the map speaks of a column `colour`"),
        (&absent, &[], "absent.csv"),
        (&bad, &["--columns", "nowhere.toml"], "nowhere.toml"),
    ] {
        let (_, complaint) = shell.import(list, more);
        assert!(complaint.contains(told) && complaint.lines().count() == 1, "{complaint}");
    }
    let path = bad.to_str().expect("a path");
    let output = shell.run(&["import", "places", path, "--institution", "beta.example"]);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && complaint.contains("`beta.example`: no institution"), "{complaint}");
    let (after, _) = shell.import(&shell.file("list.csv", LIST.as_bytes()), &["--dry-run"]);
    assert_eq!((&after["changes"], after["agreements"].as_array().map(Vec::len)), (&json!(true), Some(1)));
}

/// A list without the rows that were refused, which its people would mend.
fn without(list: &Path, separator: u8, report: &Value) -> Vec<u8> {
    let refused = report["refused"].as_array().expect("a list").iter();
    let refused: Vec<u64> = refused.map(|row| row["row"].as_u64().expect("a number")).collect();
    let mut bytes = std::fs::read(list).expect("the list");
    if list.extension().is_some_and(|extension| extension == "gz") {
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut text)
            .expect("unpacked");
        bytes = text;
    }
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(&bytes[..]);
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    writer.write_record(reader.headers().expect("a header")).expect("written");
    for (number, row) in (1..).zip(reader.records()) {
        if !refused.contains(&number) {
            writer.write_record(&row.expect("a row")).expect("written");
        }
    }
    writer.into_inner().expect("written")
}

#[rstest]
#[tokio::test]
async fn the_lists_of_two_universities_come_in_through_maps_of_their_own(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
    #[values(
        ("agreements-zaragoza/acuerdos_movilidad_2017-18.csv.gz", "tests/data/places/zaragoza.toml", b';', 3_477),
        ("agreements-ujep/iia_agreements.csv", "tests/data/places/ujep.toml", b',', 602)
    )]
    (list, map, separator, rows): (&str, &str, u8, u64),
) {
    let Some(list) = real(list) else { return };
    let shell = Shell::of(db).await;
    let map = own(map);
    let more = ["--columns", map.to_str().expect("a path"), "--new-partners"];

    let (report, complaint) = shell.import(&list, &more);

    let refused = report["refused"].as_array().expect("a list");
    assert_eq!(report["read"], rows);
    assert!(!refused.is_empty() && complaint.contains("nothing is changed"), "{complaint}");
    let mut why: Vec<String> =
        refused.iter().map(|row| format!("{} {}", row["column"], row["detail"])).collect();
    why.sort_unstable();
    why.dedup();
    println!("{}", why.join("\n"));
    let mended = shell.file("mended.csv", &without(&list, separator, &report));
    let (done, complaint) = shell.import(&mended, &more);
    assert_eq!((done["refused"].as_array().map(Vec::len), complaint.as_str()), (Some(0), ""));
    let (again, _) = shell.import(&mended, &more);
    assert_eq!(
        (&again["changes"], &again["unchanged"]),
        (&json!(false), &json!(done["lines"].as_array().map(Vec::len)))
    );
    shell.verified();
    let counted = |name: &str| done[name].as_array().map_or(0, Vec::len);
    let result = format!(
        "{} rows in, {} refused for {} reasons; {} partners, {} agreements, {} lines, {} of them from several rows",
        done["read"],
        refused.len(),
        why.len(),
        counted("partners"),
        counted("agreements"),
        counted("lines"),
        counted("summed"),
    );
    let name = list.file_name().and_then(|name| name.to_str()).expect("a name");
    measured(&format!("partner list {name} into {db:?}, rows"), rows, "", result);
}
