//! Documents: taken by what they are, replaced by further versions, taken out of drafts, given back byte for byte.

use chrono::TimeDelta;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{fresh_key, send};
use crate::support::answer::Answer;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::walk::Walk;
use crate::uploads::samples::{JPEG, PNG};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF\n";
/// Ten mebibytes.
const MOST: usize = 10 * 1024 * 1024;

async fn draft(cast: &Cast) -> Walk<'_> {
    let round = cast.exchange(2, &json!({ "documents": { "language_proof": "off" } })).await;
    Walk::open(cast, &round, &cast.student("Anna").await).await
}

async fn listed(walk: &Walk<'_>) -> Vec<Value> {
    walk.student.get(&format!("{}/documents", walk.path())).await.ok()["items"]
        .as_array()
        .expect("items")
        .clone()
}

fn sized(bytes: usize) -> Vec<u8> {
    let mut file = PDF.to_vec();
    file.resize(bytes, b' ');
    file
}

#[rstest]
#[tokio::test]
async fn a_file_is_what_its_content_says_and_comes_back_byte_for_byte(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let walk = draft(&cast).await;

    for (name, content, kind) in [
        ("成績單 2026.pdf", PDF, "application/pdf"),
        ("scan.html", PNG, "image/png"),
        ("photo.exe", JPEG, "image/jpeg"),
    ] {
        cast.app.advance(TimeDelta::seconds(1));
        let uploaded = walk.student.upload(&walk.case, "transcript", name, content).await;
        let location = uploaded.header("location").to_owned();
        let view = uploaded.ok();
        assert_eq!((&view["media_type"], &view["file_name"]), (&json!(kind), &json!(name)));
        assert_eq!((&view["size_bytes"], &view["class"]), (&json!(content.len()), &json!("academic")));
        assert_eq!(uploaded.header("etag"), format!("\"{}\"", view["version"]));

        let file = walk.student.get(&location).await;
        assert_eq!((file.status, &file.body[..]), (200, content));
        assert_eq!((file.header("content-type"), file.header("x-content-type-options")), (kind, "nosniff"));
        assert_eq!(file.header("content-length"), content.len().to_string());
        assert!(file.header("content-disposition").starts_with("attachment; filename*=UTF-8''"));
        assert!(file.header("content-security-policy").contains("default-src 'none'"), "{:?}", file.headers);
        assert!(file.header("cache-control").contains("no-store"), "{:?}", file.headers);
    }
    let versions: Vec<_> = listed(&walk).await.iter().map(|row| row["version"].clone()).collect();
    assert_eq!(versions, [json!(1), json!(2), json!(3)], "replaced, never overwritten");
}

#[rstest]
#[tokio::test]
async fn hostile_names_are_plain_and_hostile_contents_refused(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let walk = draft(&cast).await;

    for (name, kept) in [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("a\u{202e}fdp.exe", "afdp.exe"),
        ("<script>.pdf", "_script_.pdf"),
        (".", "document"),
    ] {
        let uploaded = walk.student.upload(&walk.case, "motivation", name, PDF).await;
        let location = uploaded.header("location").to_owned();
        let view = uploaded.ok();
        assert_eq!(view["file_name"], kept);
        let shown = walk.student.get(&location).await;
        let disposition = shown.header("content-disposition");
        assert!(disposition.is_ascii() && !disposition.contains(['/', '\\', '<', '"']), "{disposition}");
    }
    for content in [
        &b"<html><script>alert(1)</script></html>"[..],
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        b"MZ\x90\0",
        b"GIF89a",
        b"PK\x03\x04",
        b"",
    ] {
        walk.student.upload(&walk.case, "motivation", "a.pdf", content).await.problem(415);
    }
    assert_eq!(listed(&walk).await.len(), 5);
}

#[rstest]
#[tokio::test]
async fn a_file_has_up_to_ten_mebibytes(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let walk = draft(&cast).await;
    let whole = sized(MOST);

    let location =
        walk.student.upload(&walk.case, "transcript", "a.pdf", &whole).await.header("location").to_owned();

    assert_eq!(walk.student.get(&location).await.body, whole);
    walk.student.upload(&walk.case, "transcript", "a.pdf", &sized(MOST + 1)).await.problem(413);
    walk.student.upload(&walk.case, "transcript", "a.pdf", &sized(MOST + 200_000)).await.problem(413);
}

#[rstest]
#[tokio::test]
async fn a_slot_is_filled_by_those_it_is_for(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let mut walk = draft(&cast).await;
    let pointer = |answer: Answer| answer.problem(422)["errors"][0]["pointer"].clone();

    assert_eq!(pointer(walk.student.upload(&walk.case, "passport", "a.pdf", PDF).await), "/slot");
    assert_eq!(
        pointer(walk.student.upload(&walk.case, "language_proof", "a.pdf", PDF).await),
        "/slot",
        "switched off"
    );
    let theirs = walk.student.upload(&walk.case, "transcript_of_records", "a.pdf", PDF).await.problem(403);
    assert!(theirs["detail"].as_str().is_some_and(|detail| detail.contains("Host coordinator")), "{theirs}");
    cast.who("home_coordinator").upload(&walk.case, "transcript", "a.pdf", PDF).await.problem(404);
    for slot in ["transcript", "motivation"] {
        walk.student.upload(&walk.case, slot, "a.pdf", PDF).await.ok();
    }
    walk.look().await;
    let slots = walk.case["documents"].as_array().expect("slots");
    let told: Vec<_> = slots
        .iter()
        .map(|slot| {
            (
                slot["slot"].as_str().expect("a name"),
                slot["yours"] == true,
                slot["filled"] == true,
                slot["asked"] == true,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("transcript", true, true, true),
            ("motivation", true, true, true),
            ("language_proof", true, false, false),
            ("transcript_of_records", false, false, true),
            ("insurance_proof", true, false, true),
        ]
    );
    walk.act("student", "submit").await;
    let home = cast.who("home_coordinator");
    home.upload(&walk.case, "motivation", "a.pdf", PDF).await.problem(403);
    assert_eq!(home.upload(&walk.case, "transcript", "b.pdf", PDF).await.ok()["version"], 2);
    walk.look().await;
    walk.act("student", "withdraw").await;
    walk.student.upload(&walk.case, "transcript", "c.pdf", PDF).await.problem(409);
}

#[rstest]
#[tokio::test]
async fn a_document_is_taken_out_of_a_draft_alone(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let mut walk = draft(&cast).await;
    let stranger = cast.student("Berta").await;
    let mut places = Vec::new();
    for slot in ["transcript", "transcript", "motivation"] {
        places.push(walk.student.upload(&walk.case, slot, "a.pdf", PDF).await.header("location").to_owned());
    }
    let version = walk.student.get(&walk.path()).await.ok()["version"].clone();
    assert_eq!(version, 4, "each makes the next version of the case");

    send(walk.student.request(reqwest::Method::DELETE, &places[0])).await.problem(428);
    walk.student.delete(&places[0], &json!(2)).await.problem(412);
    stranger.delete(&places[0], &json!(1)).await.problem(404);
    cast.who("secretariat").delete(&places[0], &json!(1)).await.problem(403);
    walk.student.delete(&places[0], &json!(1)).await.ok();

    walk.student.get(&places[0]).await.problem(404);
    walk.student.delete(&places[0], &json!(1)).await.problem(404);
    assert_eq!(walk.student.get(&places[1]).await.body, PDF);
    let files =
        std::fs::read_dir(cast.app.database.folder.path().join("files")).expect("the folder of the files");
    assert_eq!(files.count(), 2, "the file is gone too");
    walk.look().await;
    walk.act("student", "submit").await;
    walk.student.delete(&places[1], &json!(2)).await.problem(409);
    assert_eq!(listed(&walk).await.len(), 2);
}

#[rstest]
#[tokio::test]
async fn an_upload_sent_again_is_one_document(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let walk = draft(&cast).await;
    let key = fresh_key();
    let path = format!("{}/documents", walk.path());
    let upload = |name: &'static str| {
        let file = reqwest::multipart::Part::bytes(PDF).file_name(name);
        let form = reqwest::multipart::Form::new().text("slot", "transcript").part("file", file);
        let request = walk.student.request(reqwest::Method::POST, &path).multipart(form);
        send(request.header("Idempotency-Key", &key))
    };

    let (first, again) = (upload("a.pdf").await, upload("a.pdf").await);

    assert_eq!(
        (first.status, &first.body, first.header("location")),
        (201, &again.body, again.header("location"))
    );
    upload("b.pdf").await.problem(422);
    assert_eq!(listed(&walk).await.len(), 1);
    let files =
        std::fs::read_dir(cast.app.database.folder.path().join("files")).expect("the folder of the files");
    assert_eq!(files.count(), 1);
}

#[rstest]
#[tokio::test]
async fn a_form_that_is_not_whole_is_refused_and_a_document_belongs_to_its_case(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let walk = draft(&cast).await;
    let path = format!("{}/documents", walk.path());
    let post = || walk.student.request(reqwest::Method::POST, &path).header("Idempotency-Key", fresh_key());
    let form = reqwest::multipart::Form::new;
    let file = || reqwest::multipart::Part::bytes(PDF).file_name("a.pdf");

    let lacking = send(post().multipart(form().text("slot", "transcript"))).await.problem(422);
    assert_eq!(lacking["errors"][0]["pointer"], "/file");
    let lacking = send(post().multipart(form().part("file", file()))).await.problem(422);
    assert_eq!(lacking["errors"][0]["pointer"], "/slot");
    let more = form().text("slot", "transcript").part("file", file()).text("colour", "red");
    assert_eq!(send(post().multipart(more)).await.problem(422)["errors"][0]["pointer"], "/colour");
    send(post().header("Content-Type", "multipart/form-data; boundary=x").body("no form")).await.problem(400);
    send(post().json(&json!({}))).await.problem(415);
    let unkeyed = form().text("slot", "transcript").part("file", file());
    send(walk.student.request(reqwest::Method::POST, &path).multipart(unkeyed)).await.problem(400);

    let document = walk.student.upload(&walk.case, "transcript", "a.pdf", PDF).await.ok();
    let round = cast.internship(1, &json!({})).await;
    let other = Walk::open(&cast, &round, &walk.student).await;
    walk.student.get(&format!("{}/documents/{}", other.path(), id(&document))).await.problem(404);
}
