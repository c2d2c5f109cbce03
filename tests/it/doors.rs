//! The doors of the service: TLS, heads of requests that are too much, other sites, and pages that carry nothing of their own.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use rstest::rstest;

use crate::commands::{complaint, on, serve, settings};
use crate::support::actor::send;
use crate::support::app::TestApp;
use crate::support::data::own;
use crate::support::database::{Db, TestDatabase};

/// No answer for so long: the test hangs. Longer than a head of a request may take.
const PATIENCE: Duration = Duration::from_secs(40);

fn file(name: &str) -> String {
    own(&format!("tests/data/tls/{name}")).display().to_string()
}

/// Asks for the health of the service over TLS, trusting the authority of the tests alone.
const CLIENT: &str = "\
import ssl, sys, urllib.request
trust = ssl.create_default_context(cafile=sys.argv[2])
answer = urllib.request.urlopen(sys.argv[1] + '/healthz', context=trust)
print(answer.status, answer.headers['strict-transport-security'])
";

fn ask(address: &str) -> (bool, String) {
    let asked = Command::new("/usr/bin/python3")
        .args(["-c", CLIENT, address, &file("authority.pem")])
        .output()
        .expect("python runs");
    let said = [asked.stdout, asked.stderr].concat();
    (asked.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn with_tls(database: &TestDatabase, name: &str) -> Vec<(&'static str, String)> {
    let mut settings = settings(database);
    settings.push(("SOJOURN_HTTP__TLS_CERTIFICATE", file(&format!("{name}.pem"))));
    settings.push(("SOJOURN_HTTP__TLS_KEY", file(&format!("{name}.key"))));
    settings.push(("SOJOURN_HTTP__PUBLIC_URL", "https://localhost".to_owned()));
    settings
}

#[tokio::test]
async fn with_a_certificate_the_service_speaks_tls_by_itself() {
    let database = TestDatabase::migrated(Db::Sqlite).await;
    let server = serve::start(&with_tls(&database, "right"), database.folder.path());
    let address = server.address.replace("127.0.0.1", "localhost");
    assert!(address.starts_with("https://"), "{address}");
    let (trusted, said) = ask(&address);
    assert!(trusted && said.starts_with("204 max-age="), "{said}");
    let plain = reqwest::get(address.replace("https://", "http://")).await;
    assert!(plain.is_err(), "nothing is said without TLS: {plain:?}");
}

#[rstest]
#[case("right.pem", None, "http.tls_key: name the file")]
#[case("absent.pem", Some("right.key"), "http.tls_certificate: ")]
#[case("right.pem", Some("README.md"), "no chain of certificates with its key, both PEM")]
#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named(
    #[case] certificate: &str,
    #[case] key: Option<&str>,
    #[case] wanted: &str,
) {
    let database = TestDatabase::migrated(Db::Sqlite).await;
    let key = key.map(|key| format!("tls_key = '{}'", file(key))).unwrap_or_default();
    let text = format!("[http]\ntls_certificate = '{}'\n{key}\n", file(certificate));
    let settings = database.folder.path().join("tls.toml");
    std::fs::write(&settings, text).expect("written");
    let settings = settings.display().to_string();
    let told = complaint(&on(&database, &["serve", "--bind", "127.0.0.1:0", "--config", &settings]));
    assert!(told.contains(wanted), "{told}");
}

/// Sends the bytes, and says what comes back until the line is cut.
fn raw(app: &TestApp, bytes: &[u8]) -> String {
    let host = app.address.trim_start_matches("http://");
    let mut line = TcpStream::connect(host).expect("the service listens");
    line.set_read_timeout(Some(PATIENCE)).expect("set");
    // The service may answer, and close, before it has read everything.
    let _ = line.write_all(bytes);
    let mut answer = Vec::new();
    let _ = line.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[rstest]
#[case::one_long_field(&format!("X-Long: {}\r\n", "a".repeat(64 * 1024)))]
#[case::very_many_fields(&"X-Many: a\r\n".repeat(101))]
#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_is_too_large_is_refused(#[case] fields: &str) {
    let app = TestApp::spawn(Db::Sqlite).await;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    let answer = tokio::task::block_in_place(|| raw(&app, request.as_bytes()));
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_never_ends_holds_no_connection() {
    let app = TestApp::spawn(Db::Sqlite).await;
    let began = Instant::now();
    tokio::task::block_in_place(|| raw(&app, b"GET /healthz HTTP/1.1\r\nHost: a\r\n"));
    assert!(began.elapsed() < PATIENCE, "the service closed the line by itself");
}

#[rstest]
#[tokio::test]
async fn no_other_site_reads_an_answer(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let app = TestApp::spawn(db).await;
    for method in [Method::GET, Method::OPTIONS] {
        let request = reqwest::Client::new().request(method, format!("{}/healthz", app.address));
        let request = request.header("Origin", "https://evil.example");
        let answer = send(request.header("Access-Control-Request-Method", "GET")).await;
        let allowed = answer.headers.keys().filter(|name| name.as_str().starts_with("access-control-"));
        assert_eq!(allowed.count(), 0, "{:?}", answer.headers);
    }
}

fn templates(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            templates(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "html") {
            found.push(entry);
        }
    }
}

/// What the policy of the pages would not let a browser do.
fn inline(page: &str) -> bool {
    let handler = page.split_whitespace().any(|word| word.starts_with("on") && word.contains("=\""));
    page.contains(" style=") || page.contains("<style") || page.contains("<script>") || handler
}

#[test]
fn no_page_carries_scripts_or_styles_of_its_own() {
    let mut pages = Vec::new();
    templates(&own("templates/web"), &mut pages);
    assert!(pages.len() > 10, "the pages are there");
    let wrong = pages.iter().filter(|page| inline(&std::fs::read_to_string(page).expect("a page")));
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&PathBuf>::new());
    assert!(inline("<p style=\"a\">") && inline("<a onclick=\"b()\">"));
}
