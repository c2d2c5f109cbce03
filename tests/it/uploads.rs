//! Files that mean no good, files at rest, the scanner, and the place they are kept in.

pub mod samples;

use std::path::PathBuf;
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use rstest::rstest;
use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;
use sojourn_entities::document;

use self::samples::{JPEG, PNG, bomb, packed, pdf};
use crate::support::actor::{Actor, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::app::PASSWORD;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::process::{Server, sojourn};
use crate::support::s3::S3;
use crate::support::season::Season;
use crate::support::walk::Walk;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF\n";
/// What was refused is gone within so long.
const PATIENCE: Duration = Duration::from_secs(20);

async fn draft(cast: &Cast) -> Walk<'_> {
    let round = cast.exchange(2, &json!({})).await;
    Walk::open(cast, &round, &cast.student("Anna").await).await
}

/// Every file below the folder of the files.
fn kept(cast: &Cast) -> Vec<PathBuf> {
    let folder = cast.app.database.folder.path().join("files");
    let entries = folder.read_dir().expect("the folder of the files");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

/// Waits until so many files are left: what was refused is removed behind the answer.
async fn left(cast: &Cast, count: usize) {
    let wait = async {
        while kept(cast).len() != count {
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(PATIENCE, wait).await;
    assert!(ended.is_ok(), "{count} files should be left: {:?}", kept(cast));
}

fn said(problem: &serde_json::Value) -> &str {
    let field = problem["errors"][0]["detail"].as_str();
    field.or(problem["detail"].as_str()).expect("a detail")
}

#[rstest]
#[tokio::test]
async fn every_hostile_file_is_refused_in_clear_words_and_nothing_of_it_stays(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let walk = draft(&cast).await;
    let samples = samples::all();
    assert!(samples.len() >= 100, "{}", samples.len());

    for sample in &samples {
        let answer = walk.student.upload(&walk.case, "transcript", &sample.name, &sample.content).await;
        assert_eq!(answer.status, sample.status, "{}: {}", sample.name, answer.text());
        let problem = answer.problem(sample.status);
        assert!(said(&problem).contains(sample.says), "{}: {problem}", sample.name);
    }

    left(&cast, 0).await;
    let rows = document::Entity::find().count(&cast.app.database.connect().await).await.expect("counted");
    let version = walk.student.get(&walk.path()).await.ok()["version"].clone();
    assert_eq!((rows, version), (0, json!(1)), "nothing was half done");
    measured(&format!("hostile files refused, {db:?}"), samples.len() as u64, "", "all");
}

#[rstest]
#[tokio::test]
async fn forms_that_are_torn_or_swollen_are_refused(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let walk = draft(&cast).await;
    let path = format!("{}/documents", walk.path());
    let slot = "--x\r\nContent-Disposition: form-data; name=\"slot\"\r\n\r\ntranscript\r\n";
    let file =
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7\n%%EOF\n";
    let bodies = [
        String::new(),
        "--x--\r\n".to_owned(),
        "--x\r\n".to_owned(),
        format!("{slot}{file}"),
        format!("{slot}{file}\r\n--x"),
        format!("{slot}{file}\r\n--y--\r\n"),
        format!("{slot}{slot}{file}\r\n--x--\r\n"),
        format!("{slot}{file}\r\n{file}\r\n--x--\r\n"),
        format!("{}{file}\r\n--x--\r\n", slot.replace("name=\"slot\"", "")),
        format!("{}{file}\r\n--x--\r\n", slot.replace("slot\"", "slot[]\"")),
        format!("{}{file}\r\n--x--\r\n", slot.replace("transcript", &"t".repeat(100_000))),
        format!(
            "{slot}{}\r\n--x--\r\n",
            file.replace("\r\n\r\n%PDF", &format!("\r\nX: {}\r\n\r\n%PDF", "h".repeat(11_000_000)))
        ),
        format!("{slot}{}\r\n--x--\r\n", file.replace("%PDF", "<html>")),
        "x".repeat(1_000_000),
    ];
    for (number, body) in bodies.into_iter().enumerate() {
        let request =
            walk.student.request(reqwest::Method::POST, &path).header("Idempotency-Key", fresh_key());
        let answer = send(request.header("Content-Type", "multipart/form-data; boundary=x").body(body)).await;
        assert!((400..500).contains(&answer.status), "{number}: {} {}", answer.status, answer.text());
        assert!(!said(&answer.problem(answer.status)).is_empty());
    }
    left(&cast, 0).await;
}

#[rstest]
#[tokio::test]
async fn what_is_kept_is_sealed_and_comes_back_byte_for_byte_or_not_at_all(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let walk = draft(&cast).await;
    let text = b"1 0 obj<</Title(Mei Lin, born in Tainan)>>endobj\n";
    let mut files =
        vec![PNG.to_vec(), JPEG.to_vec(), pdf("/Filter/FlateDecode", &packed(&text.repeat(9_000)))];
    for length in [65_535, 65_536, 65_537, 131_072, 1_000_003] {
        let mut file = PDF.to_vec();
        file.extend(text.iter().cycle().take(length - PDF.len()));
        files.push(file);
    }
    let mut places = Vec::new();
    for file in &files {
        let answer = walk.student.upload(&walk.case, "transcript", "a.pdf", file).await;
        places.push(answer.header("location").to_owned());
        answer.ok();
    }
    for (place, file) in places.iter().zip(&files) {
        assert!(walk.student.get(place).await.body == *file, "{place}");
    }

    let stored = kept(&cast);
    assert_eq!(stored.len(), files.len());
    for path in &stored {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        assert!(name.len() == 32 && name.bytes().all(|letter| letter.is_ascii_hexdigit()), "{name}");
        let sealed = std::fs::read(path).expect("read");
        assert!(
            ![&PDF[..8], b"in Tainan", &PNG[..8], &JPEG[..8]].iter().any(|plain| holds(&sealed, plain)),
            "{name}"
        );
        // Another content in its place, or another byte, does not open.
        let mut changed = sealed.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        std::fs::write(path, &changed).expect("changed");
    }
    for (place, file) in places.iter().zip(&files) {
        let request = walk.student.request(reqwest::Method::GET, place);
        let answer = request.send().await.expect("an answer begins");
        let body = if answer.status() == 500 { None } else { answer.bytes().await.ok() };
        assert!(body.is_none_or(|body| body.len() < file.len()), "{place}: the wrong content is never whole");
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|some| some == part)
}

#[rstest]
#[tokio::test]
async fn an_application_holds_so_many_files_and_a_document_so_many_versions(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::with(db, "[files]\nversions = 2\nper_application = 3").await;
    let walk = draft(&cast).await;
    let upload = async |slot: &str| walk.student.upload(&walk.case, slot, "a.pdf", PDF).await;
    for slot in ["transcript", "transcript"] {
        upload(slot).await.ok();
    }
    let full = upload("transcript").await.problem(409);
    assert!(said(&full).to_lowercase().contains("this document has 2 versions"), "{full}");
    upload("motivation").await.ok();
    let full = upload("language_proof").await.problem(409);
    assert!(said(&full).to_lowercase().contains("this application has 3 files"), "{full}");
    left(&cast, 3).await;
}

/// Settings with a scanner that is a line of shell.
fn scanner(line: &str, seconds: u32) -> String {
    let command = json!(["/bin/sh", "-c", line]);
    format!("[files]\nscanner = {command}\nscanner_seconds = {seconds}")
}

async fn scanned(cast: &Cast, content: &[u8]) -> Answer {
    let walk = draft(cast).await;
    walk.student.upload(&walk.case, "transcript", "a.pdf", content).await
}

#[rstest]
#[tokio::test]
async fn a_scanner_reads_each_upload_and_what_it_refuses_is_not_kept(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::with(db, &scanner("if grep -q EVIL; then echo 'Evil FOUND'; exit 1; fi", 60)).await;
    let walk = draft(&cast).await;
    let mut large = PDF.to_vec();
    large.resize(3_000_000, b' ');
    let infected = [PDF, b"EVIL"].concat();

    for clean in [PDF, &large] {
        walk.student.upload(&walk.case, "transcript", "a.pdf", clean).await.ok();
    }
    let refused = walk.student.upload(&walk.case, "transcript", "a.pdf", &infected).await.problem(422);
    assert!(said(&refused).contains("the scanner of this service"), "{refused}");
    assert!(!refused.to_string().contains("FOUND"), "what it says is the operator's: {refused}");
    large.extend(b"EVIL");
    walk.student.upload(&walk.case, "transcript", "a.pdf", &large).await.problem(422);
    left(&cast, 2).await;
}

#[rstest]
#[case::hangs("exec sleep 100", 1, 503)]
#[case::reads_and_hangs("cat >/dev/null; exec sleep 100", 1, 503)]
#[case::refuses_unread("exit 3", 60, 422)]
#[case::passes_unread("exit 0", 60, 201)]
#[case::is_killed("kill -9 $$", 60, 422)]
#[case::talks_without_end("yes | head -c 10000000; cat >/dev/null", 60, 201)]
#[tokio::test]
async fn a_scanner_that_misbehaves_lets_nothing_through(
    #[case] line: &str,
    #[case] seconds: u32,
    #[case] status: u16,
) {
    let cast = Cast::with(Db::Sqlite, &scanner(line, seconds)).await;
    let mut large = PDF.to_vec();
    large.resize(2_000_000, b' ');
    let answer = scanned(&cast, &large).await;
    assert_eq!(answer.status, status, "{}", answer.text());
    left(&cast, usize::from(answer.status == 201)).await;
}

#[tokio::test]
async fn a_scanner_that_is_not_there_keeps_uploads_out_and_nothing_else() {
    let cast = Cast::with(Db::Sqlite, "[files]\nscanner = [\"/nowhere/scan\"]").await;
    let refused = scanned(&cast, PDF).await.problem(503);
    assert!(said(&refused).contains("try again soon"), "{refused}");
    assert!(!refused.to_string().contains("nowhere"), "{refused}");
    left(&cast, 0).await;
}

/// A student of a season with an application, at a server of its own.
async fn student(season: &Season, server: &Server) -> (Actor, serde_json::Value) {
    let student = Actor::signed_in(&server.address, &season.students[0], PASSWORD).await;
    let case = season.apply(&student, 0).await;
    (student, case)
}

/// Kibibytes that the process holds now, and the most it has held.
fn memory(process: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process lives");
    let line = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).expect("a line");
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
    };
    (line("VmRSS:"), line("VmHWM:"))
}

#[tokio::test]
async fn bombs_take_little_memory() {
    let season = Season::open_with_documents(Db::Sqlite).await;
    let server = Server::start(serving(&season, &[]));
    let (student, case) = student(&season, &server).await;
    student.upload(&case, "transcript", "a.pdf", PDF).await.ok();
    let (before, _) = memory(server.id());

    let bombs = [
        bomb(300),
        bomb(1_000),
        samples::all().into_iter().find(|one| one.name == "bomb-of-many.pdf").expect("there").content,
    ];
    let mut sent = tokio::task::JoinSet::new();
    for bomb in bombs.iter().cycle().take(12) {
        let bomb = bomb.clone();
        let (student, case) = (student.clone(), case.clone());
        sent.spawn(async move { student.upload(&case, "transcript", "a.pdf", &bomb).await.status });
    }
    assert!(sent.join_all().await.into_iter().all(|status| status == 422));

    let grown = memory(server.id()).1.saturating_sub(before) / 1024;
    assert!(grown < 50, "{grown} MiB");
    measured("bombs at the same time (12), growth of memory", 12, "", format_args!("{grown} MiB"));
}

/// The command that serves a season, with further settings.
fn serving(season: &Season, more: &[(&str, &str)]) -> std::process::Command {
    let settings = season.settings();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut command = sojourn(season.database.folder.path(), &settings);
    command.envs(more.iter().copied()).args(["serve", "--bind", "127.0.0.1:0"]);
    command
}

#[rstest]
#[case::the_bucket_alone("s3://letters", "")]
#[case::a_folder_in_it("s3://letters/of/sojourn", "of/sojourn/")]
#[tokio::test]
async fn files_are_kept_in_a_bucket_when_the_settings_name_one(#[case] url: &str, #[case] folder: &str) {
    let s3 = S3::start().await;
    s3.make("letters").await;
    let season = Season::open_with_documents(Db::Sqlite).await;
    let settings = [s3.settings(), vec![("SOJOURN_FILES__URL".to_owned(), url.to_owned())]].concat();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let server = Server::start(serving(&season, &settings));
    let (student, case) = student(&season, &server).await;
    let mut large = PDF.to_vec();
    large.extend(b"0123456789abcdef".iter().cycle().take(9_000_000));

    let mut places = Vec::new();
    for content in [PDF, &large] {
        let answer = student.upload(&case, "transcript", "a.pdf", content).await;
        places.push(answer.header("location").to_owned());
        answer.ok();
    }
    assert_eq!(student.get(&places[0]).await.body, PDF);
    assert!(student.get(&places[1]).await.body == large, "in parts there and back");
    student
        .upload(&case, "transcript", "a.pdf", &[&large[..], b"1 0 obj<</S/JavaScript>>endobj"].concat())
        .await
        .problem(422);
    student.delete(&places[0], &json!(1)).await.ok();

    let names = s3.names("letters").await;
    let [name] = &names[..] else { panic!("one content is left: {names:?}") };
    assert!(name.strip_prefix(folder).is_some_and(|name| name.len() == 32), "{name}");
    assert!(!holds(&s3.content("letters", name).await, b"0123456789abcdef"), "it is sealed there too");
    assert_eq!(s3.parts("letters").await, 0, "no part of a broken upload stays");
    let local = season.database.folder.path().join("files");
    assert!(local.read_dir().map_or(0, Iterator::count) == 0, "nothing lies in the folder");
}

#[tokio::test]
async fn a_bucket_that_is_not_there_or_not_ours_keeps_the_service_from_starting() {
    let s3 = S3::start().await;
    let season = Season::open_with_documents(Db::Sqlite).await;
    let mut settings = s3.settings();
    settings.push(("SOJOURN_FILES__URL".to_owned(), "s3://absent".to_owned()));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();

    let output = serving(&season, &settings).output().expect("the binary runs");

    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), told.lines().count()), (Some(1), 1), "{told}");
    assert!(told.contains("files.url: s3://absent") && told.contains("NoSuchBucket"), "{told}");
}

#[rstest]
#[case("en", "The PDF holds a script")]
#[case("zh-Hant", "PDF 含有程式碼")]
#[tokio::test]
async fn a_refusal_speaks_the_readers_language(#[case] language: &str, #[case] words: &str) {
    let cast = Cast::of(Db::Sqlite).await;
    let walk = draft(&cast).await;
    let content = pdf("/S/JavaScript/JS(app.alert(1))", b"");
    let form = Form::new().text("slot", "transcript").part("file", Part::bytes(content).file_name("a.pdf"));
    let path = format!("{}/documents", walk.path());
    let request = walk.student.request(reqwest::Method::POST, &path).multipart(form);
    let request = request.header("Idempotency-Key", fresh_key()).header("Accept-Language", language);
    let problem = send(request).await.problem(422);
    assert!(said(&problem).to_lowercase().contains(&words.to_lowercase()), "{problem}");
}
