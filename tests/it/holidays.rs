//! Days off from holiday files: what is taken over, what is told, and that nonsense changes nothing.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::commands::{complaint, on, printed};
use crate::support::actor::{Actor, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::app::TestApp;
use crate::support::cast::Cast;
use crate::support::database::{Db, TestDatabase};
use crate::support::offers::id;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;

/// A file in the ways that published ones are written.
const FILE: &str = "BEGIN:VCALENDAR\r\n\
VERSION:2.0\r\nPRODID:-//Somebody//Holidays//EN\r\nX-WR-CALNAME:Feiertage\r\n\
BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20261003\r\nDTEND;VALUE=DATE:20261004\r\nSUMMARY:Tag der Deutschen \r\n  Einheit\r\nTRANSP:TRANSPARENT\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-P1D\r\nEND:VALARM\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20201225\r\nDURATION:P2D\r\nRRULE:FREQ=YEARLY;UNTIL=20281225\r\nEXDATE;VALUE=DATE:20271225\r\nSUMMARY:Weihnachten\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:3\r\nDTSTART;TZID=Europe/Berlin:20270101T000000\r\nDTEND;TZID=Europe/Berlin:20270102T000000\r\nSUMMARY:Neujahr\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:4\r\nDTSTART:20270202T090000Z\r\nDTEND:20270202T100000Z\r\nSUMMARY:Meeting\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:5\r\nDTSTART;VALUE=DATE:20270501\r\nSTATUS:CANCELLED\r\nSUMMARY:Gestrichen\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:6\r\nDTSTART;VALUE=DATE:20270214\r\nSUMMARY:Valentine's Day\r\nDESCRIPTION:Observance\\nTo hide observances\\, go to Settings\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:7\r\nDTSTART;VALUE=DATE:20270301\r\nthis is nonsense\r\nSUMMARY:Mit Fehler\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:8\r\nDTSTART;VALUE=DATE:20270306\r\nRRULE:FREQ=WEEKLY\r\nSUMMARY:Samstag\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:9\r\nDTSTART;VALUE=DATE:20160101\r\nSUMMARY:Lange her\r\nEND:VEVENT\r\n\
END:VCALENDAR\r\n";

/// Days off that the file adds from 2026 on.
const DAYS: &[&str] = &[
    "2025-12-25",
    "2025-12-26",
    "2026-10-03",
    "2026-12-25",
    "2026-12-26",
    "2027-01-01",
    "2027-03-01",
    "2028-12-25",
    "2028-12-26",
];

async fn imported(by: &Actor, at: &Value, query: &str, file: impl Into<Vec<u8>>) -> Answer {
    let path = format!("/institutions/{}/holidays{query}", id(at));
    let request = by.request(Method::POST, &path).header("Content-Type", "text/calendar; charset=utf-8");
    send(request.header("Idempotency-Key", fresh_key()).body(file.into())).await
}

async fn standing(by: &Actor, at: &Value) -> Value {
    by.get(&format!("/institutions/{}", id(at))).await.ok()
}

fn days(report: &Value) -> Vec<&str> {
    let added = report["added"].as_array().expect("days").iter();
    added.map(|day| day["on"].as_str().expect("a day")).collect()
}

/// A file with these entries.
fn file(entries: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{entries}END:VCALENDAR\r\n")
}

fn whole_day(day: &str, more: &str) -> String {
    format!("BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:{day}\r\n{more}END:VEVENT\r\n")
}

#[rstest]
#[tokio::test]
async fn an_administrator_takes_over_a_holiday_file_and_is_told_what_it_made(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let omega = app.member(&sol, "Omega", "TW", "Asia/Taipei").await;
    let admin = app.holder(&sol, "admin", &alpha).await;
    let coordinator = app.holder(&sol, "coordinator", &alpha).await;
    let other = app.holder(&sol, "admin", &omega).await;

    let tried = imported(&admin, &alpha, "?dry_run=true", FILE).await.ok();
    assert_eq!((days(&tried), &tried["dry_run"]), (DAYS.to_vec(), &json!(true)));
    assert_eq!((&standing(&sol, &alpha).await["holidays"], &tried["version"]), (&json!([]), &json!(1)));

    let answer = imported(&admin, &alpha, "", FILE).await;
    let report = answer.ok();
    assert_eq!((days(&report), answer.header("etag")), (DAYS.to_vec(), "\"2\""));
    let unity = &report["added"][2];
    assert_eq!((&unity["name"], &unity["line"]), (&json!("Tag der Deutschen Einheit"), &json!(12)));
    let left_out: Vec<(i64, &str, &str)> =
        report["left_out"].as_array().expect("lines").iter().map(told).collect();
    assert_eq!(
        left_out,
        [
            (39, "time_of_day", "Meeting"),
            (45, "cancelled", "Gestrichen"),
            (51, "observance", "Valentine's Day"),
            (60, "nonsense", ""),
            (66, "rule", "Samstag"),
        ]
    );
    assert_eq!(report["out_of_range"], json!(11), "the Christmases before 2025, and one long ago");
    assert_eq!(report["running_deadlines"], "unchanged");
    assert_eq!(standing(&sol, &alpha).await["holidays"], json!(DAYS));

    let again = imported(&sol, &alpha, "", FILE).await.ok();
    assert_eq!((&again["added"], &again["known"], &again["version"]), (&json!([]), &json!(DAYS), &json!(2)));

    coordinator_and_strangers(&app, [&coordinator, &other], &alpha).await;
}

fn told(left: &Value) -> (i64, &str, &str) {
    assert!(left["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{left}");
    (
        left["line"].as_i64().expect("a number"),
        left["reason"].as_str().expect("a reason"),
        left["name"].as_str().expect("a name"),
    )
}

async fn coordinator_and_strangers(app: &TestApp, [coordinator, other]: [&Actor; 2], alpha: &Value) {
    imported(coordinator, alpha, "", FILE).await.problem(403);
    imported(other, alpha, "", FILE).await.problem(403);
    imported(&app.stranger(), alpha, "", FILE).await.problem(401);
    let nowhere = json!({ "id": "019a7c3e-5b1f-7a20-8c44-1d2e3f405162" });
    imported(other, &nowhere, "", FILE).await.problem(404);
}

#[rstest]
#[tokio::test]
async fn a_file_takes_the_place_of_the_years_it_speaks_of_and_of_no_other(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let path = format!("/institutions/{}", id(&alpha));
    let before = json!(["2026-12-31", "2027-01-01", "2027-05-05"]);
    sol.patch(&path, &json!(1), &json!({ "holidays": before })).await.ok();
    let next =
        file(&format!("{}{}", whole_day("20270101", ""), whole_day("20270517", "SUMMARY:Whit Monday\r\n")));

    let report = imported(&sol, &alpha, "?replace=true", next).await.ok();

    assert_eq!((days(&report), &report["known"]), (vec!["2027-05-17"], &json!(["2027-01-01"])));
    assert_eq!(report["removed"], json!(["2027-05-05"]));
    assert_eq!(standing(&sol, &alpha).await["holidays"], json!(["2026-12-31", "2027-01-01", "2027-05-17"]));
}

#[rstest]
#[tokio::test]
async fn nonsense_is_refused_with_its_mend_and_changes_nothing(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let many = |count: usize, more: &str| file(&whole_day("20270101", more).repeat(count));
    let never = "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\r\n";
    let far = "RRULE:FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU\r\n";

    for (what, nonsense, says) in [
        ("nothing", Vec::new(), "first line must be BEGIN:VCALENDAR"),
        ("a page", b"<!doctype html>".to_vec(), "first line must be BEGIN:VCALENDAR"),
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0".to_vec(), "Line 1 is not UTF-8"),
        (
            "Latin-1",
            file("X-WR-CALNAME:F\u{fc}r\r\n").chars().map(|c| c as u8).collect(),
            "Line 3 is not UTF-8",
        ),
        ("half a file", FILE.as_bytes()[..FILE.len() - 20].to_vec(), "last line must be END:VCALENDAR"),
        ("too many entries", many(5_001, "").into_bytes(), "more than 5000 entries"),
        ("too many days", many(1, far).into_bytes(), "more than 1000 days off"),
        ("rules without end", many(50, far).into_bytes(), "more than 10000 days"),
        ("rules that name no day", many(500, never).into_bytes(), "name no day"),
    ] {
        let refused = imported(&sol, &alpha, "", nonsense).await.problem(422);
        let detail = refused["errors"][0]["detail"].as_str().expect("a sentence");
        assert!(detail.contains(says), "{what}: {detail}");
    }
    let secondly = imported(&sol, &alpha, "?dry_run=true", many(1, "RRULE:FREQ=SECONDLY\r\n")).await.ok();
    assert_eq!((days(&secondly), &secondly["left_out"][0]["reason"]), (Vec::<&str>::new(), &json!("rule")));
    let nested = format!("BEGIN:VEVENT\r\n{}", "BEGIN:X\r\n".repeat(50_000));
    let nested = imported(&sol, &alpha, "", file(&nested)).await.ok();
    assert_eq!((&nested["left_out"][0]["reason"], days(&nested).len()), (&json!("not_ended"), 0));
    imported(&sol, &alpha, "", vec![b'A'; 1024 * 1024 + 1]).await.problem(413);
    imported(&sol, &alpha, "?replace=perhaps", FILE).await.problem(400);
    for kind in ["text/plain", "application/json", "text/calendar; charset=iso-8859-1"] {
        let path = format!("/institutions/{}/holidays", id(&alpha));
        let request = sol.request(Method::POST, &path).header("Content-Type", kind).body(FILE);
        send(request.header("Idempotency-Key", fresh_key())).await.problem(415);
    }
    let alpha = standing(&sol, &alpha).await;
    assert_eq!((&alpha["holidays"], &alpha["version"]), (&json!([]), &json!(1)));
}

#[rstest]
#[tokio::test]
async fn the_command_line_takes_a_holiday_file_too(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let database = TestDatabase::migrated(db).await;
    let at = |name: &str| database.folder.path().join(name);
    std::fs::write(at("members.csv"), "name,country,schac\nAlpha,DE,alpha.example\n").expect("written");
    printed(&on(&database, &["import", "institutions", "members.csv"]));
    std::fs::write(at("days.ics"), FILE).expect("written");
    std::fs::write(at("broken.ics"), "nonsense").expect("written");
    std::fs::write(at("large.ics"), vec![b'A'; 1024 * 1024 + 1]).expect("written");
    let import = |file: &str, more: &[&str]| {
        on(&database, &[&["import", "holidays", file, "--institution", "alpha.example"], more].concat())
    };

    let tried = import("days.ics", &["--dry-run"]);
    let lines: Vec<&str> = printed(&tried).lines().collect();
    let head = "days would be added, 0 known already, 0 removed, 5 left out;";
    assert!(
        lines[0].contains(head) && lines[0].ends_with("running deadlines stay as they are"),
        "{}",
        lines[0]
    );
    assert!(lines.contains(&"  2027-01-01 Neujahr"), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("line 60: ")), "{lines:?}");
    let report: Value = serde_json::from_str(printed(&import("days.ics", &["--json"]))).expect("JSON");
    assert_eq!(report["version"], json!(2));
    let report: Value = serde_json::from_str(printed(&import("days.ics", &["--json"]))).expect("JSON");
    assert_eq!(
        (days(&report).len(), json!(report["known"].as_array().map(Vec::len))),
        (0, report["holidays"].clone())
    );

    assert!(complaint(&import("broken.ics", &[])).contains("broken.ics: this is no iCalendar file"));
    assert!(complaint(&import("large.ics", &[])).contains("larger than 1 MiB"));
    assert!(complaint(&import("missing.ics", &[])).contains("missing.ics"));
    let nowhere = on(&database, &["import", "holidays", "days.ics", "--institution", "nowhere.example"]);
    assert!(complaint(&nowhere).contains("no institution has this"));
}

#[rstest]
#[tokio::test]
async fn a_deadline_that_runs_stays_as_it_was_told_and_the_next_one_counts_with_the_new_days(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let mut first = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let mut second = Walk::open(&cast, &round, &cast.student("Ben").await).await;
    let told = first.act("student", "submit").await["waiting"][0]["due_at"].clone();
    assert_eq!(told, "2026-09-15T21:59:59Z", "ten working days after a Tuesday");

    let entries = ["20260907", "20260908", "20260912"].map(|day| whole_day(day, "SUMMARY:Closed\r\n"));
    let admin = cast.who("home_admin");
    let report = imported(admin, cast.at("Alpha"), "", file(&entries.concat())).await.ok();

    assert_eq!((days(&report).len(), &report["running_deadlines"]), (3, &json!("unchanged")));
    first.look().await;
    assert_eq!(first.case["waiting"][0]["due_at"], told);
    let next = second.act("student", "submit").await["waiting"][0]["due_at"].clone();
    assert_eq!(next, "2026-09-17T21:59:59Z", "two days more; one lies on a Saturday");
    cast.verified().await;
}
