//! Somebody with a marker in every place, and where the markers are found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use sojourn::mail::{Maildir, Renderer, Sender, Transport};
use sojourn::worker::Worker;

use crate::support::actor::{Actor, etag, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::cast::{Cast, merged};
use crate::support::database::{Db, TestDatabase};
use crate::support::logs;
use crate::support::offers::id;
use crate::support::rounds::documents_at_will;
use crate::support::walk::Walk;

/// What is found nowhere but with one person.
pub const MARKERS: &[&str] = &[
    "Zephyrine",
    "Quillfeather",
    "zephyrine.quillfeather@people.example",
    "MATR-778899",
    "urn:schac:personalUniqueCode:int:esi:zq:4711",
    "My grandmother Ottilie taught me",
    "Because of aunt Philippa",
    "Note of uncle Leopold",
    "diary-of-zephyrine.pdf",
    "content about cousin Balthasar",
    "A message of godmother Wilhelmina",
];

/// Somebody with a marker in every place, a worker with its folders, and a case that has ended.
pub struct Life {
    pub cast: Cast,
    pub person: String,
    pub student: Actor,
    pub case: Value,
    pub worker: Worker,
}

fn worker(cast: &Cast) -> Worker {
    let folder = cast.app.database.folder.path();
    let back = folder.join("back");
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(back.join(part)).expect("a folder");
    }
    let from = "Sojourn <sojourn@alliance.example>".parse().expect("a sender");
    let sender = Sender { from, reply_to: None, host: "alliance.example".to_owned() };
    let renderer = Renderer::open(sender, None).expect("the texts are sound");
    let maildir = Maildir::open(&folder.join("mail")).expect("a folder");
    Worker::new(Arc::clone(&cast.app.app), renderer, Transport::Maildir(maildir)).with_bounces(&back)
}

pub fn paper() -> Vec<u8> {
    b"%PDF-1.7\n1 0 obj<</Title(content about cousin Balthasar)>>endobj\n%%EOF\n".repeat(3_000)
}

pub async fn zephyrine(cast: &Cast) -> Actor {
    let body = json!({
        "given_name": MARKERS[0], "family_name": MARKERS[1], "email": MARKERS[2], "language": "en", "nationality": "DE",
        "birth_year": 2004,
        "registrations": [{
            "institution": cast.at("Alpha")["id"], "level": "first", "field": "0613", "year": 2, "credits": 60,
            "languages": ["en:B2"], "student_no": MARKERS[3], "esi": MARKERS[4],
        }],
    });
    cast.app.invited(cast.who("secretariat"), &body).await;
    cast.app.acting(MARKERS[2]).await
}

impl Life {
    pub async fn lived(db: Db) -> Self {
        for marker in MARKERS {
            logs::plant(marker);
        }
        let cast = Cast::of(db).await;
        let worker = worker(&cast);
        let student = zephyrine(&cast).await;
        let person = cast.app.person(MARKERS[2]).await.to_string();
        let form = json!({ "form": [{ "name": "why", "label": { "en": "Why?" }, "kind": "text", "required": false }] });
        let round = cast.exchange(2, &merged(documents_at_will("exchange"), &form)).await;
        let mut walk = Walk::open(&cast, &round, &student).await;
        let answers = json!({ "answers": { "why": MARKERS[5] } });
        student.patch(&walk.path(), &walk.case["version"], &answers).await.ok();
        student.upload(&walk.case, "transcript", MARKERS[8], &paper()).await.ok();
        walk.look().await;
        walk.act("student", "submit").await;
        let back = json!({
            "event": "return", "note": MARKERS[7], "reason": { "code": "answers", "text": MARKERS[6] },
        });
        walk.attempt("home_coordinator", &back).await.ok();
        walk.look().await;
        walk.act("student", "resubmit").await;
        let refused = json!({ "event": "allocate" });
        cast.who("home_coordinator").fire_as(&walk.case, &refused).await;
        let consents = format!("/people/{person}/consents/peers");
        send(student.request(Method::PUT, &consents).json(&json!({ "text_version": 1 }))).await.ok();
        let letter = Part::bytes(paper()).file_name(MARKERS[8]);
        let message = Form::new().text("text", MARKERS[10]).part("files", letter);
        let sent = student.request(Method::POST, &format!("{}/messages", walk.path()));
        send(sent.header("Idempotency-Key", fresh_key()).multipart(message)).await.ok();
        while worker.run_once().await.expect("delivered").total() > 0 {}
        let case = walk.case.clone();
        Self { cast, person, student, case, worker }
    }

    pub fn path(&self, part: &str) -> String {
        format!("/people/{}{part}", self.person)
    }

    pub async fn end(&mut self) {
        let path = format!("/applications/{}", id(&self.case));
        self.case = self.student.get(&path).await.ok();
        let body = json!({ "event": "withdraw", "reason": { "code": "personal", "text": MARKERS[6] } });
        self.student.fire_as(&self.case, &body).await.ok();
        self.cast.app.act_on_clocks().await;
        while self.worker.run_once().await.expect("delivered").total() > 0 {}
    }

    pub async fn erase(&self, by: &Actor, version: i64, confirm: &str) -> Answer {
        let request = by.request(Method::POST, &self.path("/erase")).json(&json!({ "confirm": confirm }));
        send(request.header("If-Match", etag(&json!(version))).header("Idempotency-Key", fresh_key())).await
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn holds(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|some| some == part.as_bytes())
}

/// Where each marker is found: in files below the folder of the test, and in rows of the tables.
pub async fn found(database: &TestDatabase) -> BTreeSet<(String, &'static str)> {
    let mut places = BTreeSet::new();
    let mut all = Vec::new();
    files(database.folder.path(), &mut all);
    for path in all {
        let bytes = std::fs::read(&path).unwrap_or_default();
        let name = path.strip_prefix(database.folder.path()).expect("below").display().to_string();
        let place = name.split('/').next().unwrap_or_default().to_owned();
        places.extend(
            MARKERS.iter().filter(|marker| holds(&bytes, marker)).map(|marker| (place.clone(), *marker)),
        );
    }
    let tables = database.connect().await;
    if database.kind == Db::Postgres {
        for (table, text) in rows(&tables).await {
            let known = MARKERS.iter().filter(|marker| text.contains(**marker));
            places.extend(known.map(|marker| (table.clone(), *marker)));
        }
    }
    places
}

/// Every row of every table of a server's database, as text; bytes as the text they are, where they are text.
async fn rows(tables: &sea_orm::DatabaseConnection) -> BTreeMap<String, String> {
    let named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
    let named = tables.query_all_raw(Statement::from_string(DbBackend::Postgres, named)).await.expect("read");
    let mut all = BTreeMap::new();
    for row in named {
        let table: String = row.try_get_by_index(0).expect("a name");
        let sql = format!("SELECT t::text, encode(convert_to(t::text, 'UTF8'), 'escape') FROM {table} t");
        let read =
            tables.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.expect("read");
        let text: Vec<String> = read
            .iter()
            .map(|row| row.try_get_by_index::<String>(0).expect("text"))
            .map(|text| format!("{text}{}", unhexed(&text)))
            .collect();
        all.insert(table, text.join("\n"));
    }
    all
}

/// What stands in a row as `\\x…`, read as text.
fn unhexed(text: &str) -> String {
    let parts = text.split("\\\\x").flat_map(|part| part.split("\\x")).skip(1);
    let digits = |part: &str| part.chars().take_while(char::is_ascii_hexdigit).collect::<String>();
    let bytes = parts.filter_map(|part| hex::decode(digits(part)).ok()).flatten().collect::<Vec<u8>>();
    String::from_utf8_lossy(&bytes).into_owned()
}
