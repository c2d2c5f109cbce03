//! The command line as people meet it: the real binary, run to its end, on real files and databases.

mod definitions;
mod mail;
mod secret;
pub mod serve;

use std::ffi::OsStr;
use std::path::Path;
use std::process::Output;

use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::actor::Actor;
use crate::support::app::{PASSWORD, TestApp};
use crate::support::database::{Db, TestDatabase};
use crate::support::offers::id;
use crate::support::process::{run, sojourn};
use crate::support::season::Season;

/// Settings as the binary takes them.
fn environment<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text")
}

/// What a successful command printed.
#[track_caller]
pub fn printed(output: &Output) -> &str {
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// The one line of a command that failed.
#[track_caller]
pub fn complaint(output: &Output) -> String {
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{line}");
    assert_eq!((line.lines().count(), line.starts_with("sojourn: ")), (1, true), "{line}");
    line.to_owned()
}

/// The settings for a database that a test has to itself.
pub fn settings(database: &TestDatabase) -> Vec<(&'static str, String)> {
    let at = |name: &str| database.folder.path().join(name).display().to_string();
    vec![
        ("SOJOURN_DATABASE__URL", database.url.clone()),
        ("SOJOURN_AUTH__KEY_FILE", at("keys.toml")),
        ("SOJOURN_LOG__FILTER", "off".to_owned()),
    ]
}

pub fn on(database: &TestDatabase, arguments: &[&str]) -> Output {
    run(database.folder.path(), &environment(&settings(database)), arguments)
}

fn here(arguments: &[impl AsRef<OsStr>]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments: Vec<&str> = arguments.iter().map(|a| a.as_ref().to_str().expect("UTF-8")).collect();
    run(folder.path(), &[], &arguments)
}

/// The commands that a `--help` lists.
fn commands(help: &str) -> Vec<String> {
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names.map(str::to_owned).collect()
}

#[test]
fn every_command_explains_itself_with_an_example() {
    let mut open = vec![Vec::new()];
    let mut leaves = 0;
    while let Some(command) = open.pop() {
        let help = here(&[&command[..], &["--help".to_owned()]].concat());
        let help = printed(&help);
        let below = commands(help);
        if below.is_empty() {
            leaves += 1;
            assert!(help.contains("\nExample:\n  "), "{command:?}: {help}");
            assert!(help.contains(&format!("sojourn {}", command.join(" "))), "{command:?}: {help}");
        }
        open.extend(below.into_iter().map(|name| [&command[..], &[name]].concat()));
    }
    assert!(leaves >= 11, "{leaves} commands");
}

#[test]
fn a_command_that_is_misspelt_is_told_from_one_that_fails() {
    for arguments in [&["srve"][..], &["check"], &["person", "invite"], &["serve", "--bind", "nowhere"]] {
        let output = here(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_reader_who_has_gone_is_no_fault_and_a_full_disk_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [&["config"][..], &["secret", "new"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output =
            sojourn(folder.path(), &[]).args(arguments).stdout(writer).output().expect("the binary runs");
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{arguments:?}");
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("the device");
        let output =
            sojourn(folder.path(), &[]).args(arguments).stdout(full).output().expect("the binary runs");
        assert!(complaint(&output).starts_with("sojourn: standard output: No space left"), "{arguments:?}");
    }
}

#[test]
fn the_settings_are_printed_as_a_file_that_can_be_read_and_without_secrets() {
    let folder = tempfile::tempdir().expect("a folder");
    let secrets = [
        ("SOJOURN_MAIL__SMTP", "smtps://anna:swordfish@mail.example.org"),
        ("SOJOURN_DATABASE__URL", "postgres://anna:swordfish@db.example.org/sojourn"),
        ("SOJOURN_HTTP__BIND", "127.0.0.1:8099"),
    ];
    let shown = run(folder.path(), &secrets, &["config"]);
    let machine = run(folder.path(), &secrets, &["config", "--json"]);
    for shown in [printed(&shown), printed(&machine)] {
        assert!(shown.contains("127.0.0.1:8099") && !shown.contains("swordfish"), "{shown}");
    }
    let plain = run(folder.path(), &[], &["config"]);
    std::fs::write(folder.path().join("sojourn.toml"), &plain.stdout).expect("written");
    assert_eq!(printed(&run(folder.path(), &[], &["config"])), printed(&plain));
}

#[test]
fn secrets_are_new_each_time_and_serve_as_a_key_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (here(&["secret", "new"]), here(&["secret", "new"]));
    assert_ne!(printed(&one), printed(&other));
    std::fs::write(folder.path().join("keys.toml"), &one.stdout).expect("written");
    let settings = [("SOJOURN_AUTH__KEY_FILE", "keys.toml"), ("SOJOURN_LOG__FILTER", "off")];
    printed(&run(folder.path(), &settings, &["verify"]));
    std::fs::write(folder.path().join("keys.toml"), "current = \"k1\"\n").expect("written");
    let refused = complaint(&run(folder.path(), &settings, &["verify"]));
    assert!(refused.contains("keys.toml") && refused.contains("instance_key"), "{refused}");
}

#[rstest]
#[tokio::test]
async fn the_first_people_come_from_the_command_line(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let database = TestDatabase::migrated(db).await;
    let named = ["--given-name", "Sol", "--family-name", "Ek", "--email", "sol@alliance.example"];
    let invite = [&["person", "invite"][..], &named, &["--json", "secretariat"]].concat();

    let said: Value = serde_json::from_str(printed(&on(&database, &invite))).expect("JSON");
    assert_eq!(said["person"]["roles"][0]["duty"], "secretariat");
    let link = said["link"].as_str().expect("a link");
    assert!(link.starts_with("http://127.0.0.1:8080/invitation?token="), "{link}");

    let again = complaint(&on(&database, &invite));
    assert!(again.contains("e-mail address"), "{again}");
    let nobody = complaint(&on(&database, &["person", "role", "--email", "x@y.example", "secretariat"]));
    assert!(nobody.contains("nobody has the e-mail address x@y.example"), "{nobody}");
    let nowhere =
        ["person", "role", "--email", "sol@alliance.example", "coordinator", "--institution", "D  NOWHERE1"];
    let nowhere = complaint(&on(&database, &nowhere));
    assert!(nowhere.contains("no institution has the code or id `D  NOWHERE1`"), "{nowhere}");
}

#[rstest]
#[tokio::test]
async fn a_duty_is_granted_to_somebody_who_is_there(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    let sol = app.secretariat().await;
    let alpha = app.member(&sol, "Alpha", "DE", "Europe/Berlin").await;
    let ada = app.holder(&sol, "coordinator", &alpha).await;
    let grant =
        ["person", "role", "--email", "Coordinator@alpha.example", "head", "--institution", id(&alpha)];
    let granted = on(&app.database, &[&grant[..], &["--from", "2026-01-01", "--json"]].concat());
    let said: Value = serde_json::from_str(printed(&granted)).expect("JSON");
    assert_eq!(said["id"], ada.get("/auth/me").await.ok()["person"]);
    let read = sol.get(&format!("/people/{}", id(&said))).await.ok();
    for person in [said, read] {
        let roles = person["roles"].as_array().expect("roles");
        assert_eq!(roles.iter().map(|role| &role["duty"]).collect::<Vec<_>>(), ["coordinator", "head"]);
    }
}

#[rstest]
#[tokio::test]
async fn a_schema_is_brought_up_to_date_once(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let database = TestDatabase::empty(db).await;
    if db == Db::Postgres {
        let early = complaint(&on(&database, &["verify"]));
        assert!(early.contains("lacks") && early.contains("run `sojourn migrate`"), "{early}");
    }
    let first = on(&database, &["migrate", "--json"]);
    let first: Vec<String> = serde_json::from_str(printed(&first)).expect("a list of names");
    assert!(!first.is_empty());
    let again = on(&database, &["migrate"]);
    assert!(printed(&again).starts_with("0 changes applied to "), "{}", printed(&again));
    assert!(printed(&on(&database, &["verify"])).starts_with("0 cases, 0 steps"));
}

/// A database with one application that was submitted; its id.
async fn submitted(db: Db) -> (Season, String) {
    let season = Season::open(db, 1, 1).await;
    let server = serve::start(&season.settings(), season.database.folder.path());
    let anna = Actor::signed_in(&server.address, &season.students[0], PASSWORD).await;
    let case = season.apply(&anna, 0).await;
    let case = anna.fire(&case, "submit", json!({})).await.ok();
    assert!(server.stop().0.success());
    (season, id(&case).to_owned())
}

#[rstest]
#[tokio::test]
async fn a_step_that_was_changed_afterwards_is_named(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let (season, case) = submitted(db).await;
    let verify = |more: &[&str]| on(&season.database, &[&["verify"], more].concat());
    let output = verify(&[]);
    let sound = printed(&output);
    assert!(sound.contains(" cases, ") && !sound.contains("difference"), "{sound}");

    // Only somebody with power over the tables gets past their own guard.
    let connection = season.database.connect().await;
    let change = "UPDATE history SET actor_role = 'system' \
                  WHERE number = 2 AND case_id IN (SELECT id FROM applications)";
    let guarded = connection.execute_unprepared(change).await;
    assert!(guarded.is_err_and(|error| error.to_string().contains("history is append-only")));
    let unguard = match db {
        Db::Sqlite => "DROP TRIGGER history_no_update",
        Db::Postgres => "DROP TRIGGER history_append_only ON history",
    };
    connection.execute_unprepared(unguard).await.expect("unguarded");
    connection.execute_unprepared(change).await.expect("changed");

    let told = verify(&[]);
    assert!(complaint(&told).contains("1 difference: the record does not explain the present"));
    let wanted = format!("{case}, step 2: its content does not match its hash: it was changed");
    assert!(text(&told.stdout).contains(&wanted), "{}", text(&told.stdout));
    let machine = verify(&["--json"]);
    assert_eq!(machine.status.code(), Some(1));
    let machine: Value = serde_json::from_slice(&machine.stdout).expect("JSON");
    let first = &machine["first"][0];
    assert_eq!((&machine["differences"], &first["of"], &first["step"]), (&json!(1), &json!(case), &json!(2)));
}

fn copy_of(database: &TestDatabase, file: &Path) -> Output {
    let mut settings = settings(database);
    settings[0].1 = format!("sqlite:{}", file.display());
    run(database.folder.path(), &environment(&settings), &["verify"])
}

#[tokio::test]
async fn a_copy_made_while_the_service_runs_can_be_put_in_its_place() {
    let (season, _) = submitted(Db::Sqlite).await;
    let server = serve::start(&season.settings(), season.database.folder.path());
    let copy = season.database.folder.path().join("copy.db");
    let backup = |target: &Path| on(&season.database, &["backup", target.to_str().expect("UTF-8")]);

    assert!(printed(&backup(&copy)).starts_with(&format!("{} holds everything", copy.display())));
    drop(server);
    let verified = copy_of(&season.database, &copy);
    assert_eq!(printed(&verified), printed(&on(&season.database, &["verify"])), "the copy holds as much");

    let before = std::fs::read(&copy).expect("the copy");
    let refused = complaint(&backup(&copy));
    assert!(refused.contains("copy.db exists already: name a new file"), "{refused}");
    assert_eq!(std::fs::read(&copy).expect("the copy"), before);
    let nowhere = complaint(&backup(Path::new("no/such/copy.db")));
    assert!(nowhere.contains("no/such/copy.db"), "{nowhere}");
}

#[tokio::test]
async fn a_postgresql_database_is_copied_by_its_own_tools() {
    let database = TestDatabase::migrated(Db::Postgres).await;
    let refused = complaint(&on(&database, &["backup", "copy.db"]));
    assert!(refused.contains("pg_basebackup"), "{refused}");
    assert!(!database.folder.path().join("copy.db").exists());
}
