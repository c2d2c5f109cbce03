//! `sojourn secret rotate`, and master keys that are not there or not the right ones.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rstest::rstest;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait};
use serde_json::json;
use sojourn::store::payloads;
use sojourn_entities::{document, history_payload, payload, person_key};

use super::{complaint, environment, on, printed, settings};
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::process::run;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF\n";

/// A case with words and a document, both under its student's key; says where the document is.
async fn written(cast: &Cast) -> (Walk<'_>, String) {
    let round = cast.exchange(2, &json!({})).await;
    let walk = Walk::open(cast, &round, &cast.student("Anna").await).await;
    let uploaded = walk.student.upload(&walk.case, "transcript", "a.pdf", PDF).await;
    let place = uploaded.header("location").to_owned();
    uploaded.ok();
    (walk, place)
}

fn key_file(cast: &Cast) -> PathBuf {
    cast.app.database.folder.path().join("keys.toml")
}

async fn masters(cast: &Cast) -> Vec<String> {
    let rows = person_key::Entity::find().all(&cast.app.database.connect().await).await.expect("read");
    rows.into_iter().map(|row| row.master).collect()
}

#[rstest]
#[tokio::test]
async fn the_master_key_is_replaced_while_the_service_runs(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (walk, place) = written(&cast).await;
    let before = fs::read_to_string(key_file(&cast)).expect("the key file");
    assert_eq!(masters(&cast).await, ["m1"]);

    let output = on(&cast.app.database, &["secret", "rotate"]);
    let told = printed(&output);
    assert!(told.contains("1 keys were put under `m2`, the only master key"), "{told}");

    let after = fs::read_to_string(key_file(&cast)).expect("the key file");
    assert!(after.contains("\nm2 = ") && !after.contains("\nm1 = "), "only the new one is left");
    let session = |text: &str| {
        text.lines().filter(|line| line.starts_with("k1")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(session(&before), session(&after), "other secrets stay");
    assert_eq!(fs::metadata(key_file(&cast)).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(masters(&cast).await, ["m2"]);
    // The service, which knew the old one alone, goes on reading and writing.
    assert_eq!(walk.student.get(&place).await.body, PDF);
    let another = cast.student("Berta").await;
    let round = cast.exchange(2, &json!({})).await;
    let theirs = Walk::open(&cast, &round, &another).await;
    another.upload(&theirs.case, "transcript", "b.pdf", PDF).await.ok();
    assert_eq!(masters(&cast).await, ["m2", "m2"]);
}

#[rstest]
#[tokio::test]
async fn a_replacement_that_was_stopped_goes_on_and_the_old_key_is_taken_until_then(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let (walk, place) = written(&cast).await;
    let mut vault = sojourn::config::read_vault(&key_file(&cast)).expect("master keys");
    vault.renew([9; 32]);
    sojourn::config::keep_vault(&key_file(&cast), &vault).expect("kept");
    assert_eq!(walk.student.get(&place).await.body, PDF);

    let output = on(&cast.app.database, &["secret", "rotate"]);
    assert!(printed(&output).contains("1 keys were put under `m2`"), "no third key is made");
    assert_eq!(masters(&cast).await, ["m2"]);
    assert_eq!(walk.student.get(&place).await.body, PDF);
}

#[tokio::test]
async fn keys_of_the_settings_are_replaced_by_another_one_there() {
    let cast = Cast::of(Db::Sqlite).await;
    written(&cast).await;
    let vault = fs::read_to_string(key_file(&cast)).expect("the key file");
    let secret =
        vault.lines().find_map(|line| line.strip_prefix("m1 = \"")).expect("m1").trim_end_matches('"');
    let with = |keys: String, current: &str| {
        let mut settings = settings(&cast.app.database);
        settings.push(("SOJOURN_VAULT__KEYS", keys));
        settings.push(("SOJOURN_VAULT__CURRENT", current.to_owned()));
        run(cast.app.database.folder.path(), &environment(&settings), &["secret", "rotate"])
    };
    let old = format!("m1 = \"{secret}\"");
    let told = complaint(&with(format!("{{ {old} }}"), "m1"));
    assert!(told.contains("add another key to vault.keys"), "{told}");
    let new = format!("autumn = \"{}\"", "k".repeat(43));
    let output = with(format!("{{ {old}, {new} }}"), "autumn");
    assert!(printed(&output).contains("1 keys were put under `autumn`: take m1 out of vault.keys"));
    assert_eq!(masters(&cast).await, ["autumn"]);
}

fn change(file: &Path, change: impl Fn(&str) -> Option<String>) {
    let text = fs::read_to_string(file).expect("the key file");
    let lines: Vec<String> = text.lines().filter_map(change).collect();
    fs::write(file, lines.join("\n")).expect("written");
}

#[rstest]
#[tokio::test]
async fn a_master_key_that_is_lost_or_wrong_keeps_every_command_from_starting(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    written(&cast).await;
    let file = key_file(&cast);
    let right = fs::read(&file).expect("the key file");
    for command in [&["serve"][..], &["verify"], &["secret", "rotate"]] {
        fs::remove_file(&file).expect("gone");
        let told = complaint(&on(&cast.app.database, command));
        assert!(
            told.contains("there is no file") && told.contains("keys.toml: it holds the master key"),
            "{told}"
        );
        assert!(!file.exists(), "no other is made in its place");

        fs::write(&file, &right).expect("back");
        let wrong = |line: &str| {
            Some(if line.starts_with("m1 = ") {
                format!("m1 = \"{}\"", "w".repeat(43))
            } else {
                line.to_owned()
            })
        };
        change(&file, wrong);
        let told = complaint(&on(&cast.app.database, command));
        assert!(told.contains("the master key `m1` is not the one"), "{told}");

        fs::write(&file, &right).expect("back");
        change(&file, |line| Some(line.replace("m1", "m7")));
        let told = complaint(&on(&cast.app.database, command));
        assert!(
            told.contains("the master key `m1` is neither in the settings nor in the key file"),
            "{told}"
        );
        fs::write(&file, &right).expect("back");
    }
    assert!(printed(&on(&cast.app.database, &["verify"])).contains("cases"));
}

#[rstest]
#[tokio::test]
async fn what_lay_open_before_there_were_keys_is_sealed_when_the_service_starts(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    walk.act("student", "submit").await;
    let body =
        json!({ "event": "return", "note": "Weak.", "reason": { "code": "answers", "text": "Which?" } });
    walk.attempt("home_coordinator", &body).await.ok();
    let other = Walk::open(&cast, &cast.exchange(2, &json!({})).await, &walk.student).await;
    let place =
        other.student.upload(&other.case, "transcript", "a.pdf", PDF).await.header("location").to_owned();
    let tables = cast.app.database.connect().await;
    as_before(&cast, &tables).await;

    let (words, contents) = cast.app.app.seal_old().await.expect("sealed");
    assert!(words >= 1);
    assert_eq!(contents, 1);

    cast.verified().await;
    assert!(history_payload::Entity::find().all(&tables).await.expect("read").is_empty());
    let history = walk.student.get(&format!("{}/history", walk.path())).await.ok();
    assert!(history.to_string().contains("Which?"));
    assert_eq!(walk.student.get(&place).await.body, PDF);
    let names: Vec<String> = cast
        .app
        .database
        .folder
        .path()
        .join("files")
        .read_dir()
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert!(names.len() == 1 && !names[0].contains('-'), "{names:?}");
    assert_eq!(cast.app.app.seal_old().await.expect("nothing to do"), (0, 0));
}

/// Puts words and contents back where they lay before there were keys.
async fn as_before(cast: &Cast, tables: &sea_orm::DatabaseConnection) {
    for row in payload::Entity::find().all(tables).await.expect("read") {
        let kept =
            payloads::of_steps(cast.app.app.store.read(), row.case_id, [row.number]).await.expect("opened");
        for written in kept.into_values() {
            let (reason_code, reason) = written.reason.unzip();
            let old = history_payload::ActiveModel {
                case_id: Set(written.case),
                number: Set(written.number),
                key: Set(written.key),
                data: Set(written.data),
                reason_code: Set(reason_code),
                reason: Set(reason),
                note: Set(written.note),
            };
            history_payload::Entity::insert(old).exec(tables).await.expect("laid open");
        }
    }
    payload::Entity::delete_many().exec(tables).await.expect("gone");
    let folder = cast.app.database.folder.path().join("files");
    for row in document::Entity::find().all(tables).await.expect("read") {
        fs::remove_file(folder.join(row.object.as_deref().expect("a name"))).expect("gone");
        fs::write(folder.join(row.id.to_string()), PDF).expect("laid open");
        let old = document::ActiveModel { id: Set(row.id), object: Set(None), ..Default::default() };
        old.update(tables).await.expect("as before");
    }
}
