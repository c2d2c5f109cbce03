//! What the suite logs, and what must never stand there: `tests/run` looks for the second in the first when all tests have run.
//!
//! Both lie in `target/tmp/logs`, one pair of files per process.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, create_dir_all};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex};

use serde_json::Value;
use tracing_subscriber::EnvFilter;

/// More than any operator asks for; what drivers tell of single statements is theirs.
const FILTER: &str = "info,sojourn=trace";
/// Members of JSON whose values are secret, or name somebody.
const TELLING: &[&str] = &["email", "password", "token", "access_token", "refresh_token", "secret"];
/// The line that shows that logs are kept at all.
const BEGUN: &str = "the log of this process is kept";

static PLANTED: LazyLock<Mutex<(File, BTreeSet<String>)>> = LazyLock::new(|| {
    let file = file("planted");
    Mutex::new((file, BTreeSet::new()))
});

fn file(kind: &str) -> File {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("logs");
    create_dir_all(&folder).expect("the folder of logs");
    let path = folder.join(format!("{}.{kind}", std::process::id()));
    OpenOptions::new().create(true).append(true).open(path).expect("a file of logs")
}

/// Keeps everything this process logs from now on; once is enough.
pub fn keep() {
    static KEPT: LazyLock<()> = LazyLock::new(|| {
        let lines = tracing_subscriber::fmt().with_ansi(false).with_env_filter(EnvFilter::new(FILTER));
        lines.with_writer(Mutex::new(file("log"))).try_init().expect("nobody else keeps the log");
        tracing::info!(target: "sojourn", "{BEGUN}");
    });
    LazyLock::force(&KEPT);
}

/// Keeps what a process of ours said on standard error.
pub fn said(text: &str) {
    file("log").write_all(text.as_bytes()).expect("kept");
}

/// Says what must never be logged: one line, of at least eight characters.
pub fn plant(secret: &str) {
    if secret.len() < 8 || secret.contains('\n') {
        return;
    }
    let mut planted = PLANTED.lock().expect("nobody panicked");
    let (file, known) = &mut *planted;
    if known.insert(secret.to_owned()) {
        writeln!(file, "{secret}").expect("kept");
    }
}

/// Plants what a body tells of people and their secrets.
pub fn plant_all(body: &[u8]) {
    let text = String::from_utf8_lossy(body);
    if !["token\"", "\"email\"", "\"password\"", "\"secret\""].iter().any(|name| text.contains(name)) {
        return;
    }
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        walk(&value);
    }
}

fn walk(value: &Value) {
    match value {
        Value::Array(all) => all.iter().for_each(walk),
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            TELLING.iter().filter_map(|name| text(name)).for_each(plant);
            if let (Some(given), Some(family)) = (text("given_name"), text("family_name")) {
                plant(&format!("{given} {family}"));
            }
            fields.values().for_each(walk);
        }
        _ => {}
    }
}
