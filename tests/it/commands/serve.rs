//! `sojourn serve`: what keeps it from starting is one line, and a stop ends what has begun.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use rstest::rstest;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::{complaint, environment, on, settings};
use crate::support::actor::Actor;
use crate::support::app::PASSWORD;
use crate::support::database::{Db, TestDatabase};
use crate::support::process::{Server, run, sojourn};
use crate::support::season::Season;

/// No answer for so long: the test hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server on a free port.
pub fn start(settings: &[(&'static str, String)], folder: &Path) -> Server {
    let mut command = sojourn(folder, &environment(settings));
    command.args(["serve", "--bind", "127.0.0.1:0"]);
    Server::start(command)
}

#[tokio::test]
async fn a_port_in_use_is_named_and_nothing_is_served() {
    let database = TestDatabase::migrated(Db::Sqlite).await;
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").to_string();
    let told = complaint(&on(&database, &["serve", "--bind", &port]));
    assert!(told.contains(&format!("{port} is in use")) && told.contains("--bind or http.bind"), "{told}");
}

#[rstest]
#[case(&[], "[http]\nprot = 1\n[maill]\n", &["http.prot", "maill", "faulty.toml", "there are"])]
#[case(&[("SOJOURN_HTTP__TIMEOUT_SECONDS", "soon")], "", &["http.timeout_seconds", "SOJOURN_"])]
#[case(&[("SOJOURN_DATABASE__URL", "mysql://a")], "", &["database.url: begin with sqlite: or postgres:"])]
#[case(&[("SOJOURN_MAIL__SMTP", "mail.example.org")], "", &["mail.smtp", "smtps://"])]
#[case(&[("SOJOURN_MAIL__FROM", "nobody")], "", &["mail.from", "Name <"])]
#[case(&[("SOJOURN_LOG__FILTER", "sojourn=loud")], "", &["log.filter"])]
fn a_wrong_setting_is_named_with_its_place(
    #[case] environment: &[(&str, &str)],
    #[case] file: &str,
    #[case] wanted: &[&str],
) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("faulty.toml"), file).expect("written");
    let told = complaint(&run(folder.path(), environment, &["serve", "--config", "faulty.toml"]));
    for word in wanted {
        assert!(told.contains(word), "{word} is missing: {told}");
    }
}

#[test]
fn a_file_of_settings_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = complaint(&run(folder.path(), &[], &["serve", "--config", "absent.toml"]));
    assert!(told.contains("there is no file absent.toml"), "{told}");
    assert_eq!(folder.path().read_dir().expect("the folder").count(), 0, "nothing was made");
}

#[rstest]
#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let database = TestDatabase::migrated(db).await;
    let newer =
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_contract_all', 0)";
    database.connect().await.execute_unprepared(newer).await.expect("written");
    for command in [&["serve"][..], &["serve", "--migrate"], &["migrate"], &["verify"]] {
        let told = complaint(&on(&database, command));
        assert!(
            told.contains("the newer change `m20991231_000001_contract_all`: run the newer version"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_server_database_that_was_not_migrated_is_not_served() {
    let database = TestDatabase::empty(Db::Postgres).await;
    let told = complaint(&on(&database, &["serve"]));
    assert!(told.contains("changes of the schema: run `sojourn migrate`"), "{told}");
    assert!(
        database.connect().await.execute_unprepared("SELECT * FROM people").await.is_err(),
        "no table was made"
    );
}

/// Runs the binary as somebody whom file modes bind, which they do not for root.
fn as_nobody(folder: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    if folder.metadata().expect("the folder").uid() != 0 {
        return run(folder, settings, arguments);
    }
    let binary: PathBuf = folder.join("bin/sojourn");
    if !binary.exists() {
        std::fs::create_dir_all(folder.join("bin")).expect("made");
        std::fs::copy(env!("CARGO_BIN_EXE_sojourn"), &binary).expect("copied");
        let opened = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder, opened).expect("opened to all");
    }
    let mut command = Command::new("/usr/bin/setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(binary).args(arguments);
    command.current_dir(folder).env_clear().envs(settings.iter().copied());
    command.output().expect("setpriv runs")
}

fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("the mode is set");
}

#[tokio::test]
async fn a_database_file_that_may_only_be_read_is_named_and_left_as_it_is() {
    let database = TestDatabase::migrated(Db::Sqlite).await;
    let folder = database.folder.path();
    let file = folder.join("sojourn.sqlite");
    allow(&file, 0o444);
    let before = std::fs::read(&file).expect("the file");
    let settings = settings(&database);
    for command in ["serve", "migrate", "verify"] {
        let told = complaint(&as_nobody(folder, &environment(&settings), &[command]));
        assert!(told.contains("sojourn.sqlite is read-only: give this user the right"), "{told}");
    }
    assert_eq!(std::fs::read(&file).expect("the file"), before);
    assert!(!folder.join("keys.toml").exists(), "nothing was made");
}

#[rstest]
#[case("SOJOURN_DATABASE__URL", "sqlite:locked/new.db", "locked/new.db is read-only")]
#[case("SOJOURN_AUTH__KEY_FILE", "locked/keys.toml", "locked/keys.toml")]
#[case("SOJOURN_MAIL__MAILDIR", "locked/mail", "mail.maildir: locked/mail")]
#[case("SOJOURN_FILES__DIR", "locked/files", "files.dir: locked/files")]
fn a_folder_that_may_not_be_written_is_named(
    #[case] setting: &str,
    #[case] value: &str,
    #[case] wanted: &str,
) {
    let folder = tempfile::tempdir().expect("a folder");
    let (open, locked) = (folder.path().join("open"), folder.path().join("locked"));
    for made in [&open, &locked] {
        std::fs::create_dir(made).expect("made");
    }
    allow(&open, 0o777);
    allow(&locked, 0o555);
    let mut settings = vec![
        ("SOJOURN_DATABASE__URL", "sqlite:open/new.db"),
        ("SOJOURN_AUTH__KEY_FILE", "open/keys.toml"),
        ("SOJOURN_MAIL__MAILDIR", "open/mail"),
        ("SOJOURN_FILES__DIR", "open/files"),
        ("SOJOURN_HTTP__BIND", "127.0.0.1:0"),
        ("SOJOURN_LOG__FILTER", "off"),
    ];
    settings.retain(|(name, _)| *name != setting);
    settings.push((setting, value));
    let told = complaint(&as_nobody(folder.path(), &settings, &["serve"]));
    assert!(told.contains(wanted), "{told}");
    assert_eq!(locked.read_dir().expect("the folder").count(), 0);
    allow(&locked, 0o755);
}

#[rstest]
#[tokio::test]
async fn a_mail_server_that_cannot_be_reached_keeps_nobody_from_working(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let season = Season::open(db, 1, 1).await;
    let mut settings = season.settings();
    settings.push(("SOJOURN_MAIL__SMTP", "smtp://127.0.0.1:1?tls=none".to_owned()));
    let server = start(&settings, season.database.folder.path());
    let sol = Actor::signed_in(&server.address, "sol@alliance.example", PASSWORD).await;

    let put_off = async {
        loop {
            let listed = sol.get("/notifications?status=deferred").await.ok();
            if let Some(tried) = listed["items"].as_array().and_then(|items| items.first()) {
                break tried.clone();
            }
        }
    };
    let tried: Value = tokio::time::timeout(PATIENCE, put_off).await.expect("a mail is tried");
    assert_eq!(tried["attempts"], 1);
    assert!(tried["last_error"].as_str().is_some_and(|why| why.contains("refused")), "{tried}");

    let anna = Actor::signed_in(&server.address, &season.students[0], PASSWORD).await;
    let case = season.apply(&anna, 0).await;
    assert_eq!(anna.fire(&case, "submit", json!({})).await.ok()["state"], "submitted");
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
}

#[rstest]
#[tokio::test]
async fn a_stop_lets_the_running_request_end_and_takes_no_new_one(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let season = Season::open(db, 1, 1).await;
    let server = start(&season.settings(), season.database.folder.path());
    let address = server.address.trim_start_matches("http://").to_owned();
    let body =
        json!({ "grant_type": "password", "email": season.students[0], "password": PASSWORD }).to_string();
    let mut running = TcpStream::connect(&address).expect("connected");
    running.set_read_timeout(Some(PATIENCE)).expect("set");
    let head = format!(
        "POST /api/v1/auth/token HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    running.write_all(head.as_bytes()).expect("sent");
    let mut go_on = [0; 25];
    running.read_exact(&mut go_on).expect("the request is under way");
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");

    server.terminate();
    let refused = async {
        while TcpStream::connect(&address).is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("no new connection is taken");
    running.write_all(body.as_bytes()).expect("sent");
    let mut answer = String::new();
    running.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("access_token"), "{answer}");

    let (status, said) = server.stop();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}
