//! What is kept about people: listed, taken away by them, erased for good, and kept no longer than it may.

mod life;

use std::collections::BTreeSet;
use std::io::Read;

use chrono::TimeDelta;
use reqwest::Method;
use rstest::rstest;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use sojourn::app::personal_data::register;

use self::life::{Life, MARKERS, found, paper, zephyrine};
use crate::support::actor::{Actor, etag, fresh_key, send};
use crate::support::cast::Cast;
use crate::support::database::{Db, TestDatabase};
use crate::support::offers::id;
use crate::support::rounds::documents_at_will;
use crate::support::visitor::{Visitor, hidden};
use crate::support::walk::Walk;

#[tokio::test]
async fn every_column_is_in_the_register_once_and_every_kind_is_told_in_each_language() {
    let database = TestDatabase::migrated(Db::Sqlite).await;
    let columns = "SELECT m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                   WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'seaql_migrations'";
    let read =
        database.connect().await.query_all_raw(Statement::from_string(DbBackend::Sqlite, columns)).await;
    let all: BTreeSet<String> =
        read.expect("read").iter().map(|row| row.try_get_by_index(0).expect("a name")).collect();
    let register = register();
    let mut listed: Vec<String> = register.kinds.iter().flat_map(|kind| kind.columns.clone()).collect();
    listed.extend(register.other.columns.clone());
    let within = |table: &String| {
        let prefix = format!("{table}.");
        all.iter().filter(move |column| column.starts_with(&prefix)).cloned().collect::<Vec<_>>()
    };
    listed.extend(register.other.tables.iter().flat_map(within));
    let once: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), once.len(), "none is listed twice");
    assert_eq!(
        all.difference(&once).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "enter it in templates/privacy.toml"
    );
    assert_eq!(once.difference(&all).collect::<Vec<_>>(), Vec::<&String>::new(), "there is no such column");
    for kind in &register.kinds {
        for texts in [&kind.what, &kind.purpose, &kind.kept] {
            let told = |language: &str| texts.get(language).is_some_and(|text| !text.trim().is_empty());
            assert!(told("en") && told("zh-Hant"), "{}", kind.name);
        }
    }
}

#[rstest]
#[tokio::test]
async fn an_archive_holds_everything_that_is_kept_about_somebody(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let life = Life::lived(db).await;
    let sol = life.cast.who("secretariat");
    let own = life.student.get(&life.path("/export")).await;
    assert_eq!((own.status, own.header("content-type")), (200, "application/zip"));
    assert!(own.header("content-disposition").starts_with("attachment"));
    assert_eq!(sol.get(&life.path("/export")).await.status, 200);
    life.cast.who("home_admin").get(&life.path("/export")).await.problem(403);
    life.cast.student("Berta").await.get(&life.path("/export")).await.problem(404);

    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(own.body)).expect("an archive");
    let mut data = String::new();
    archive.by_name("data.json").expect("there").read_to_string(&mut data).expect("text");
    // What a colleague noted is read at the writer's institution alone.
    for marker in MARKERS.iter().filter(|marker| ![MARKERS[7], MARKERS[9]].contains(marker)) {
        assert!(data.contains(marker), "{marker} is missing");
    }
    assert!(!data.contains(MARKERS[7]) && !data.contains("$argon2"));
    let data: Value = serde_json::from_str(&data).expect("JSON");
    assert_eq!(data["consents"][1]["kind"], "peers");
    assert!(data["what_this_is"].as_array().is_some_and(|kinds| kinds.len() > 10));
    let names: Vec<String> = archive.file_names().map(|name| name.expect("a name").into_owned()).collect();
    for folder in ["documents/", "messages/"] {
        let name = names.iter().find(|name| name.starts_with(folder)).expect(folder);
        assert!(name.ends_with(MARKERS[8]), "{name}");
        let mut content = Vec::new();
        archive.by_name(name).expect("there").read_to_end(&mut content).expect("read");
        assert!(content == paper(), "byte for byte");
    }
}

#[rstest]
#[tokio::test]
async fn nobody_is_erased_while_something_stands_in_the_way(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let mut life = Life::lived(db).await;
    let sol = life.cast.who("secretariat").clone();
    let way = async |life: &Life| {
        let told = life.student.get(&life.path("/erasure")).await.ok();
        let ways = told["in_the_way"].as_array().expect("a list").clone();
        ways.iter().map(|way| way["what"].as_str().expect("a word").to_owned()).collect::<Vec<_>>()
    };
    let email = MARKERS[2];

    assert_eq!(way(&life).await, ["running"]);
    let running = life.erase(&life.student, 1, email).await.problem(409);
    assert!(running["detail"].as_str().is_some_and(|told| told.contains("still run")), "{running}");
    life.end().await;
    assert_eq!(way(&life).await, Vec::<String>::new());

    let hold = sol.post(&life.path("/holds"), &json!({ "reason": "A claim of 2026." })).await.ok();
    life.student.get(&life.path("/holds")).await.problem(403);
    assert_eq!(way(&life).await, ["hold"]);
    assert_eq!(
        life.erase(&sol, 1, email).await.problem(409)["detail"]
            .as_str()
            .map(|told| told.contains("legal hold")),
        Some(true)
    );
    sol.post(&life.path("/holds"), &json!({ "reason": "  " })).await.problem(422);
    sol.delete(&format!("{}/{}", life.path("/holds"), id(&hold)), &json!(1)).await.ok();
    sol.delete(&format!("{}/{}", life.path("/holds"), id(&hold)), &json!(1)).await.problem(412);
    assert_eq!(sol.get(&life.path("/holds")).await.ok()["items"][0]["version"], 2);

    let role =
        json!({ "duty": "academic", "institution": life.cast.at("Alpha")["id"], "from_on": "2026-09-01" });
    let person = sol.get(&life.path("")).await.ok();
    let request = sol.request(Method::POST, &life.path("/roles")).json(&role);
    let request = request.header("Idempotency-Key", fresh_key()).header("If-Match", etag(&person["version"]));
    let granted = send(request).await.ok();
    assert_eq!(way(&life).await, ["duties"]);
    let version = granted["version"].as_i64().expect("a version");
    life.erase(&life.student, version, email).await.problem(409);
    let role = granted["roles"][0]["id"].as_str().expect("an id").to_owned();
    sol.delete(&format!("{}/{role}", life.path("/roles")), &granted["version"]).await.ok();

    let now = sol.get(&life.path("")).await.ok()["version"].as_i64().expect("a version");
    life.erase(&life.student, now - 1, email).await.problem(412);
    let wrong = life.erase(&life.student, now, "somebody@else.example").await.problem(422);
    assert_eq!(wrong["errors"][0]["pointer"], "/confirm");
    life.erase(life.cast.who("home_admin"), now, email).await.problem(403);
    life.erase(life.cast.who("host_coordinator"), now, email).await.problem(404);
    let untouched = sol.get(&life.path("")).await.ok();
    assert_eq!(untouched["email"], email, "nothing was half done");
    let own = sol.get("/auth/me").await.ok()["person"].as_str().expect("an id").to_owned();
    let last = sol.get(&format!("/people/{own}/erasure")).await.ok();
    assert_eq!(last["in_the_way"][0]["what"], "duties");
}

#[rstest]
#[tokio::test]
async fn nothing_is_left_of_somebody_who_was_erased_and_the_record_still_explains_the_present(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
    #[values(true, false)] themselves: bool,
) {
    let mut life = Life::lived(db).await;
    life.end().await;
    let folder = life.cast.app.database.folder.path().to_owned();
    std::fs::write(folder.join("back/cur/1.m:2,FS"), format!("From: <{}>\n\nI am away.", MARKERS[2]))
        .expect("written");
    std::fs::write(folder.join("back/cur/2.m:2,FS"), "From: <berta@people.example>\n\nMe too.")
        .expect("written");
    let sol = life.cast.who("secretariat").clone();
    let before = found(&life.cast.app.database).await;
    let places: BTreeSet<&str> = before.iter().map(|(place, _)| place.as_str()).collect();
    assert!(places.contains("mail") && places.contains("back") && places.len() > 2, "{before:?}");
    let sealed = [MARKERS[6], MARKERS[7], MARKERS[9], MARKERS[10]];
    let open: Vec<_> =
        before.iter().filter(|(place, marker)| place != "mail" && sealed.contains(marker)).collect();
    // A mail tells the reason; what the step holds is sealed.
    assert!(open.iter().all(|(_, marker)| *marker == MARKERS[6]), "{open:?}");
    let history = format!("/applications/{}/history", id(&life.case));
    let steps = sol.get(&history).await.ok()["items"].as_array().expect("steps").len();
    let lines = sol.get("/place-lines").await.ok();

    let by = if themselves { &life.student } else { &sol };
    let version = by.get(&life.path("")).await.ok()["version"].as_i64().expect("a version");
    let erased = life.erase(by, version, "  Zephyrine.Quillfeather@people.example ").await.ok();
    assert_eq!(erased["person"], life.person);
    assert_eq!(life.worker.tidy_up().await.expect("tidied"), 1);
    assert_eq!(life.worker.tidy_up().await.expect("nothing to do"), 0);

    assert_eq!(
        found(&life.cast.app.database).await,
        BTreeSet::new(),
        "not in files, free pages, logs of the database, or rows"
    );
    assert!(folder.join("back/cur/2.m:2,FS").exists(), "other people's mails stay");
    assert_eq!(folder.join("files").read_dir().expect("the folder").count(), 0);
    life.student.get("/auth/me").await.problem(401);
    let refused =
        json!({ "grant_type": "password", "email": MARKERS[2], "password": crate::support::app::PASSWORD });
    life.cast.app.stranger().post("/auth/token", &refused).await.problem(401);
    for part in ["", "/export", "/erasure", "/consents", "/registrations", "/holds"] {
        sol.get(&life.path(part)).await.problem(404);
    }
    let case = format!("/applications/{}", id(&life.case));
    for path in [
        &case,
        &history,
        &format!("{case}/documents"),
        "/applications?q=Quillfeather",
        "/people",
        "/notifications",
        "/audit",
    ] {
        let told = sol.get(path).await;
        assert_eq!(told.status, 200, "{path}: {}", told.text());
        for marker in MARKERS {
            assert!(!told.text().contains(marker), "{path}: {marker}");
        }
    }
    assert_eq!(sol.get(&history).await.ok()["items"].as_array().expect("steps").len(), steps);
    assert_eq!(sol.get("/place-lines").await.ok(), lines, "sums stay");
    life.cast.verified().await;
    let audit = sol.get("/audit?subject=person").await;
    assert!(audit.text().contains(&life.person), "{}", audit.text());
    // The address is free again.
    zephyrine(&life.cast).await;
}

#[rstest]
#[tokio::test]
async fn papers_are_kept_as_long_as_the_settings_say_and_under_a_hold_longer(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let settings = "[retention]\nordinary_days = 30\nacademic_days = 400\nidentity_days = 5\nhealth_days = 5";
    let cast = Cast::with(db, settings).await;
    let round = cast.exchange(2, &documents_at_will("exchange")).await;
    let student = cast.student("Anna").await;
    let mut walk = Walk::open(&cast, &round, &student).await;
    for slot in ["transcript", "motivation"] {
        student.upload(&walk.case, slot, "a.pdf", &paper()).await.ok();
    }
    let listed =
        async || student.get(&format!("{}/documents", walk_path(&walk.case))).await.ok()["items"].clone();
    assert_eq!(listed().await[1]["kept_until"], Value::Null, "an open case keeps everything");
    walk.look().await;
    walk.act("student", "submit").await;
    walk.act("student", "withdraw").await;
    let person = cast.app.person("anna@people.example").await;
    let sol = cast.who("secretariat");
    let holds = format!("/people/{person}/holds");
    let hold = sol.post(&holds, &json!({ "reason": "An audit." })).await.ok();
    let empty = async || cast.app.app.empty_documents(&cast.app.clock.moment()).await.expect("looked at");
    cast.app.advance(TimeDelta::days(29));
    assert_eq!(empty().await, 0);
    cast.app.advance(TimeDelta::days(2));
    assert_eq!(empty().await, 0, "a hold keeps all");
    sol.delete(&format!("{holds}/{}", id(&hold)), &json!(1)).await.ok();
    assert_eq!(empty().await, 1);

    let rows = student.get(&format!("{}/documents", walk_path(&walk.case))).await.ok()["items"].clone();
    let of = |slot: &str| {
        rows.as_array().expect("rows").iter().find(|row| row["slot"] == slot).expect("there").clone()
    };
    let (motivation, transcript) = (of("motivation"), of("transcript"));
    assert!(motivation["emptied_at"].is_string() && transcript["emptied_at"].is_null());
    assert!(
        transcript["kept_until"].as_str().is_some_and(|until| until.starts_with("2027-10")),
        "{transcript}"
    );
    let at = |row: &Value| format!("{}/documents/{}", walk_path(&walk.case), id(row));
    student.get(&at(&motivation)).await.problem(404);
    assert!(student.get(&at(&transcript)).await.body == paper());
    let files = cast.app.database.folder.path().join("files").read_dir().expect("the folder").count();
    assert_eq!(files, 1);
}

fn walk_path(case: &Value) -> String {
    format!("/applications/{}", id(case))
}

#[rstest]
#[tokio::test]
async fn one_agrees_by_oneself_to_the_text_one_has_read_and_takes_it_back(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let anna = cast.student("Anna").await;
    let person = cast.app.person("anna@people.example").await;
    let at = format!("/people/{person}/consents");
    let give = async |by: &Actor, kind: &str, version: i32| {
        send(by.request(Method::PUT, &format!("{at}/{kind}")).json(&json!({ "text_version": version }))).await
    };
    let withdraw =
        async |by: &Actor, kind: &str| send(by.request(Method::DELETE, &format!("{at}/{kind}"))).await;
    let listed = anna.get(&at).await.ok();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
    assert!(
        listed["items"][0]["given_at"].is_null()
            && listed["items"][0]["text"].as_str().is_some_and(|text| text.len() > 20)
    );

    let given = give(&anna, "surveys", 1).await.ok();
    assert!(given["given_at"].is_string());
    cast.app.advance(TimeDelta::hours(1));
    assert_eq!(give(&anna, "surveys", 1).await.ok()["given_at"], given["given_at"], "once is enough");
    let other = give(&anna, "surveys", 2).await.problem(422);
    assert_eq!(other["errors"][0]["pointer"], "/text_version");
    give(&anna, "nothing", 1).await.problem(404);
    give(cast.who("secretariat"), "surveys", 1).await.problem(403);
    give(cast.who("host_coordinator"), "surveys", 1).await.problem(404);
    withdraw(cast.who("secretariat"), "surveys").await.problem(403);
    cast.who("home_admin").get(&at).await.problem(403);
    assert_eq!(withdraw(&anna, "surveys").await.status, 204);
    assert_eq!(withdraw(&anna, "surveys").await.status, 204);
    give(&anna, "surveys", 1).await.ok();
    let record = cast.who("secretariat").get(&at).await.ok()["items"][0]["record"].clone();
    assert_eq!(record.as_array().map(Vec::len), Some(2), "{record}");
    assert!(record[0]["withdrawn_at"].is_string() && record[1]["withdrawn_at"].is_null());
}

#[rstest]
#[case("en", "Erase me for good", "still run")]
#[case("zh-Hant", "永久刪除我的資料", "尚有進行中的申請")]
#[tokio::test]
async fn the_page_of_ones_data_gives_them_away_and_ends_them(
    #[case] language: &str,
    #[case] button: &str,
    #[case] running: &str,
) {
    let mut life = Life::lived(Db::Sqlite).await;
    let visitor = Visitor::signed_in(&life.cast.app.address, MARKERS[2]).await;
    visitor.submit("/", "/language", &[("language", language), ("back", "/")]).await;
    let page = "/account/data";
    let shown = visitor.get(page).await.text();
    assert!(shown.contains(running) && !shown.contains(button), "{shown}");
    life.end().await;
    let shown = visitor.get(page).await.text();
    assert!(shown.contains(button) && shown.contains(MARKERS[2]), "{shown}");

    let archive = visitor.get("/account/data/export").await;
    assert_eq!((archive.status, &archive.body[..2]), (200, &b"PK"[..]));
    let agreed =
        visitor.submit(page, "/account/data/consents/surveys", &[("version", "1"), ("agree", "yes")]).await;
    assert_eq!(agreed.header("location"), "/account/data?done=agreed#consents", "{}", agreed.text());
    let taken_back =
        visitor.submit(page, "/account/data/consents/surveys", &[("version", "1"), ("agree", "no")]).await;
    assert_eq!(taken_back.header("location"), "/account/data?done=taken_back#consents");

    let (_, form) = shown.split_once("action=\"/account/data/erase\"").expect("a form");
    let version = hidden(form, "version").expect("a version");
    let erase = async |address: &str| {
        visitor.submit(page, "/account/data/erase", &[("version", &version), ("again", address)]).await
    };
    let wrong = erase("other@people.example").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("role=\"alert\""), "{}", wrong.text());
    assert_eq!(erase(MARKERS[2]).await.header("location"), "/login?after=erased");
    assert!(visitor.get(page).await.header("location").starts_with("/login"));
    assert_eq!(visitor.get("/login?after=erased").await.status, 200);
}
