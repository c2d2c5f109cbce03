//! The shape of the source, held by reading it: which floor may name which, and what no file may hold.
//!
//! A rule is one test that lists every place that breaks it, as path:line. A further floor is a line in [`FLOORS`].

mod source;

use std::collections::BTreeSet;
use std::path::PathBuf;

use source::{Source, holds};

use crate::support::data::own;

/// The parts of the root package, and what each may name of the others.
const FLOORS: &[(&str, &[&str])] = &[
    ("config", &[]),
    ("clock", &[]),
    ("telemetry", &["config"]),
    ("vault", &["config", "clock"]),
    ("access", &["clock"]),
    ("store", &["access", "clock", "config", "vault"]),
    ("app", &["store", "access", "clock", "config", "vault"]),
    ("mail", &["app", "config", "clock"]),
    ("http", &["app", "access", "clock", "config", "telemetry"]),
    ("web", &["app", "access", "clock", "config", "telemetry"]),
    ("worker", &["mail", "app", "access", "clock", "config"]),
    (
        "cli",
        &["http", "web", "worker", "mail", "app", "store", "access", "clock", "config", "telemetry", "vault"],
    ),
];

/// Crates that one part of the source has to itself.
const RESERVED: &[(&str, &[&str])] = &[
    (
        "sea_orm",
        &[
            "src/store",
            "entities",
            "migrations",
            "src/engine/ids.rs",
            "src/engine/vocabulary.rs",
            "src/engine/vocabulary",
        ],
    ),
    ("sea_query", &["src/store", "entities", "migrations"]),
    ("sojourn_entities", &["src/store"]),
    ("sojourn_migrations", &["src/store"]),
    ("sea_orm_migration", &["src/store", "migrations"]),
    ("axum", &["src/http", "src/web", "src/cli"]),
    ("utoipa_axum", &["src/http"]),
    ("lettre", &["src/mail"]),
    ("clap", &["src/cli", "src/main.rs"]),
    ("indicatif", &["src/cli"]),
    ("figment", &["src/config"]),
    ("argon2", &["src/access"]),
    ("chacha20poly1305", &["src/vault"]),
    ("object_store", &["src/store"]),
];

/// What reads a clock or makes randomness.
const CLOCKS: &[&str] = &[
    "Utc::now",
    "Local::now",
    "SystemTime::now",
    "Instant::now",
    "now_v7",
    "new_v4",
    "rand::rng",
    "thread_rng",
    "OsRng",
];

const WHOLE: &[&str] = &["src", "entities", "migrations", "tests", "benches"];
const SHIPPED: &[&str] = &["src", "entities", "migrations"];

fn assert_none(rule: &str, places: &[String]) {
    assert!(places.is_empty(), "{rule}:\n  {}", places.join("\n  "));
}

/// The part of the root package a file belongs to.
fn floor(path: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    let name = path.strip_prefix("src/")?.split(['/', '.']).next()?;
    FLOORS.iter().find(|(floor, _)| *floor == name)
}

/// The parts that code names as `crate::part` or `crate::{part, …}`.
fn parts_named(code: &str) -> BTreeSet<&'static str> {
    let mut named = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let heads = if rest.starts_with('{') { top_level(rest) } else { vec![rest] };
        let words = heads.iter().map(|head| head.split(|letter: char| !is_word(letter)).next().unwrap_or(""));
        named.extend(
            words.filter_map(|word| FLOORS.iter().find(|(part, _)| *part == word).map(|(part, _)| *part)),
        );
    }
    named
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The members of a `{a, b::{c, d}}` group, without what lies deeper.
fn top_level(group: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut heads = Vec::new();
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 1 && (letter == '{' || letter == ',') {
            heads.push(group[at + 1..].trim_start());
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

#[test]
fn a_floor_names_only_the_floors_below_it() {
    let mut broken = Vec::new();
    for file in Source::all(&["src"]) {
        let Some((floor, below)) = floor(&file.path) else { continue };
        for part in parts_named(&file.code) {
            if part != *floor && !below.contains(&part) {
                broken.push(format!("{}: {floor} names {part}", file.path));
            }
        }
    }
    assert_none("arrows between floors point down only", &broken);
}

#[test]
fn a_group_of_imports_is_read_member_by_member() {
    let named =
        parts_named("use crate::{app::{http, x}, store, unknown::web}; crate::mail::send(); crate::Other");
    assert_eq!(named, BTreeSet::from(["app", "mail", "store"]));
}

#[test]
fn every_part_of_the_source_has_a_floor() {
    let files = Source::all(&["src"]);
    let placed = |path: &str| floor(path).is_some() || path.starts_with("src/engine/");
    let unplaced = files.iter().filter(|file| !placed(&file.path)).map(|file| file.path.clone());
    let unplaced: Vec<String> =
        unplaced.filter(|path| path != "src/lib.rs" && path != "src/main.rs").collect();
    assert_none("a part of src that FLOORS does not list", &unplaced);
}

#[test]
fn a_reserved_crate_is_named_only_where_it_belongs() {
    let mut broken = Vec::new();
    for file in Source::all(SHIPPED) {
        for (name, places) in RESERVED.iter().filter(|(_, places)| !file.is_under(places)) {
            let lines = file.lines_with(name).into_iter();
            broken
                .extend(lines.map(|(line, _)| format!("{}:{line}: {name}, kept for {places:?}", file.path)));
        }
    }
    assert_none("reserved crates", &broken);
}

#[test]
fn the_engine_depends_on_values_alone() {
    let manifest = std::fs::read_to_string(own("src/engine/Cargo.toml")).expect("the engine's manifest");
    let manifest: toml::Table = toml::from_str(&manifest).expect("a manifest");
    let pure = [
        "chrono",
        "chrono-tz",
        "serde",
        "serde_json",
        "sha2",
        "thiserror",
        "toml",
        "uuid",
        "sea-orm",
        "utoipa",
    ];
    let impure = manifest["dependencies"].as_table().expect("a table").keys();
    let impure: Vec<String> = impure.filter(|name| !pure.contains(&name.as_str())).cloned().collect();
    assert_none("the engine takes no crate that can do anything", &impure);

    let mut broken = Vec::new();
    for file in Source::all(&["src/engine"]).iter().filter(|file| !file.is_test()) {
        for word in ["std::fs", "std::env", "std::net", "std::process", "std::thread", "async fn", "await"] {
            let lines = file.lines_with(word).into_iter().filter(|(line, _)| *line < file.shipped_until());
            broken.extend(lines.map(|(line, _)| format!("{}:{line}: {word}", file.path)));
        }
    }
    assert_none("the engine does nothing", &broken);
}

#[test]
fn the_clock_is_read_in_one_file() {
    let mut broken = Vec::new();
    for file in Source::all(SHIPPED).iter().filter(|file| !file.is_test() && file.path != "src/clock.rs") {
        for word in CLOCKS {
            broken.extend(
                file.lines_with(word).iter().map(|(line, _)| format!("{}:{line}: {word}", file.path)),
            );
        }
        let sql = file.literals.iter().filter(|piece| {
            let text = piece.text.to_lowercase();
            text.contains("now()") || text.contains("current_timestamp") || text.contains("datetime('now'")
        });
        broken.extend(sql.map(|piece| format!("{}:{}: the clock of the database", file.path, piece.line)));
        let built = file.lines_with("current_timestamp").into_iter();
        broken.extend(built.map(|(line, _)| format!("{}:{line}: the clock of the database", file.path)));
    }
    assert_none("instants come from the command's moment", &broken);
}

#[test]
fn no_file_is_longer_than_four_hundred_lines() {
    let long = Source::all(WHOLE).into_iter().map(|file| (file.text.lines().count(), file.path));
    let long: Vec<String> = long
        .filter(|(lines, _)| *lines > 400)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert_none("split it by meaning", &long);
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent = Source::all(WHOLE).into_iter().filter(|file| !file.text.starts_with("//!"));
    assert_none("a file begins with //!", &silent.map(|file| file.path).collect::<Vec<_>>());
}

#[test]
fn no_module_is_a_drawer() {
    let drawers = [
        "util", "utils", "helper", "helpers", "common", "types", "misc", "core", "dto", "manager", "service",
    ];
    let names = Source::all(WHOLE).into_iter().map(|file| file.path);
    let found = names.filter(|path| path.split(['/', '.', '_']).any(|part| drawers.contains(&part)));
    assert_none("name what it holds", &found.collect::<Vec<_>>());
}

#[test]
fn rows_are_not_serialised() {
    let mut broken = Vec::new();
    for file in Source::all(&["entities"]) {
        for word in ["Serialize", "Deserialize", "serde"] {
            broken.extend(file.lines_with(word).iter().map(|(line, _)| format!("{}:{line}", file.path)));
        }
    }
    assert_none("a row is never an answer nor an input", &broken);
}

#[test]
fn comments_hold_no_promises() {
    let mut broken = Vec::new();
    for file in Source::all(WHOLE).iter().filter(|file| !file.path.starts_with("tests/it/architecture")) {
        for piece in &file.comments {
            let promise = ["TODO", "FIXME", "XXX", "HACK"].iter().any(|word| holds(&piece.text, word));
            let marks = ["issue ", "issue #", "(#", "see #"];
            let numbered = marks.iter().any(|mark| is_numbered(&piece.text, mark));
            if promise || numbered {
                broken.push(format!("{}:{}: {}", file.path, piece.line, piece.text));
            }
        }
    }
    assert_none("a comment says why, not when", &broken);
}

/// Whether a mark stands before a number.
fn is_numbered(text: &str, mark: &str) -> bool {
    text.split(mark).skip(1).any(|after| after.starts_with(|letter: char| letter.is_ascii_digit()))
}

#[test]
fn no_test_sleeps_or_is_ignored() {
    let mut broken = Vec::new();
    for file in Source::all(WHOLE) {
        for word in ["thread::sleep", "time::sleep", "#[ignore", "todo!", "unimplemented!", "dbg!"] {
            let lines = file.code.lines().enumerate().filter(|(_, line)| line.contains(word));
            let waits =
                |line: usize| word.ends_with("sleep") && !file.is_test() && line < file.shipped_until();
            let places = lines.map(|(before, _)| before + 1).filter(|line| !waits(*line));
            broken.extend(places.map(|line| format!("{}:{line}: {word}", file.path)));
        }
    }
    assert_none("neither pauses nor gaps", &broken);
}

/// Where such a name may stand: formats have words of their own (`return` is an effect, `student` a word of mails),
/// the others tell a story.
const NAMING: &[&str] = &[
    "src/engine/definition/parse",
    "src/engine/guard/parse.rs",
    "src/mail/templates",
    "src/cli/demo",
    "src/cli/import",
];

/// Words of everyday that a file says of something else than the state, event or role of that name.
const EVERYDAY: &[(&str, &str)] = &[
    ("migrations/m20261125_000019_pause_clocks.rs", "paused"),
    ("src/app/place_reports.rs", "offered"),
    ("src/engine/definition/check/leave.rs", "withdraw"),
    ("src/engine/definition/scenarios/declared.rs", "asked"),
    ("src/engine/definition/scenarios/declared.rs", "upload"),
    ("src/engine/definition/scenarios/situation.rs", "opened"),
    ("src/engine/refusal.rs", "missing"),
    ("src/engine/simulate/attempt.rs", "missing"),
    ("src/http/problem/kind.rs", "refused"),
    ("src/http/shape.rs", "filled"),
    ("src/web/applications/show.rs", "filled"),
    ("src/web/applications/show.rs", "opened"),
    ("src/web/fault.rs", "missing"),
    ("src/web/personal_data.rs", "agree"),
    ("src/web/templates.rs", "filled"),
    ("src/web/visit.rs", "chair"),
];

/// Names of states, events and roles in the shipped definitions.
fn shipped_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let folder = own("templates/workflows").read_dir().expect("the shipped definitions");
    let files = folder.map(|entry| entry.expect("an entry").path());
    let is_definition = |path: &PathBuf| {
        path.to_str()
            .and_then(|name| name.strip_suffix(".toml"))
            .is_some_and(|stem| !stem.ends_with(".scenarios"))
    };
    for path in files.filter(is_definition) {
        let text = std::fs::read_to_string(&path).expect("a definition is UTF-8");
        let definition: toml::Table = toml::from_str(&text).expect("a shipped definition is TOML");
        let keys = |table: &toml::Table, key: &str| match table.get(key) {
            Some(toml::Value::Table(inner)) => inner.keys().cloned().collect(),
            _ => Vec::new(),
        };
        names.extend(["roles", "events", "states"].iter().flat_map(|key| keys(&definition, key)));
        let tracks = definition.get("tracks").and_then(toml::Value::as_table).into_iter().flatten();
        names
            .extend(tracks.filter_map(|(_, track)| track.as_table()).flat_map(|track| keys(track, "states")));
    }
    assert!(names.len() > 50, "the names of two definitions, not {names:?}");
    names
}

#[test]
fn no_shipped_code_names_a_state_event_or_role_of_a_definition() {
    let files = Source::all(SHIPPED);
    let vocabulary = files.iter().filter(|file| file.path.starts_with("src/engine/vocabulary"));
    let words_of_the_field: BTreeSet<&str> =
        vocabulary.flat_map(|file| file.literals.iter().map(|piece| piece.text.as_str())).collect();
    let names = shipped_names();
    let mut broken = Vec::new();
    for file in files.iter().filter(|file| !file.is_test() && !file.is_under(NAMING)) {
        for piece in file.literals.iter().filter(|piece| piece.line < file.shipped_until()) {
            let said = (file.path.as_str(), piece.text.as_str());
            let excused = words_of_the_field.contains(said.1) || EVERYDAY.contains(&said);
            if names.contains(&piece.text) && !excused {
                broken.push(format!("{}:{}: \"{}\"", file.path, piece.line, piece.text));
            }
        }
    }
    assert_none("only definitions name their states, events and roles", &broken);
}
