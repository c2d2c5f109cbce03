//! Scores: one per application, entered alone or from a table, seen by the home alone.

use chrono::TimeDelta;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use rstest::rstest;
use serde_json::{Value, json};

use crate::commands::{complaint, on, printed};
use crate::support::actor::{Actor, etag, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::cast::{Cast, address, merged};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::{Round, without_documents};
use crate::support::visitor::{Visitor, seal};
use crate::support::walk::Walk;

/// How long the sessions of browsers last.
const LASTS: TimeDelta = TimeDelta::hours(12);

async fn put(by: &Actor, case: &Value, version: &Value, body: &Value) -> Answer {
    let path = format!("/applications/{}/score", id(case));
    send(by.request(Method::PUT, &path).header("If-Match", etag(version)).json(body)).await
}

async fn table(by: &Actor, round: &Round, table: impl Into<Vec<u8>>, query: &str) -> Answer {
    let path = format!("/calls/{}/scores{query}", id(&round.call));
    let request = by.request(Method::POST, &path).header("Content-Type", "text/csv; charset=utf-8");
    send(request.header("Idempotency-Key", fresh_key()).body(table.into())).await
}

/// A call that scores, and applications that were submitted to it.
async fn submitted<'c>(cast: &'c Cast, names: &[&str]) -> (Round, Vec<Walk<'c>>) {
    let round = cast.exchange(3, &merged(without_documents(), &json!({ "scores": true }))).await;
    let mut walks = Vec::new();
    for (number, name) in (1..).zip(names) {
        let student = cast.registered(name, &json!({ "student_no": format!("s-{number}") })).await;
        let mut walk = Walk::open(cast, &round, &student).await;
        walk.act("student", "submit").await;
        walks.push(walk);
    }
    (round, walks)
}

fn pointers(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().expect("errors").iter();
    errors.map(|error| error["pointer"].as_str().expect("a pointer")).collect()
}

#[rstest]
#[tokio::test]
async fn a_home_scores_an_application_and_nobody_else_reads_it(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (_, walks) = submitted(&cast, &["Anna"]).await;
    let (walk, home) = (&walks[0], cast.who("home_coordinator"));
    let seen = walk.seen_by("home_coordinator").await;

    let scored = put(home, &walk.case, &seen["version"], &json!({ "score": 87.5 })).await.ok();
    assert_eq!(scored["score_hundredths"], 8_750);
    put(home, &walk.case, &seen["version"], &json!({ "score": 90 })).await.problem(412);
    assert!(walk.seen_by("student").await["score_hundredths"].is_null());
    let version = &scored["version"];
    put(&walk.student, &walk.case, version, &json!({ "score": 100 })).await.problem(403);
    put(cast.who("other_coordinator"), &walk.case, version, &json!({ "score": 1 })).await.problem(404);
    put(cast.who("host_coordinator"), &walk.case, version, &json!({ "score": 1 })).await.problem(404);
    for wrong in
        [json!({}), json!({ "score": -1 }), json!({ "score": 87.555 }), json!({ "score": 10_000.01 })]
    {
        assert_eq!(
            pointers(&put(home, &walk.case, version, &wrong).await.problem(422)),
            ["/score"],
            "{wrong}"
        );
    }
    put(home, &walk.case, version, &json!({ "score": "87" })).await.problem(422);
    let emptied = put(home, &walk.case, version, &json!({ "score": null })).await.ok();
    assert!(emptied["score_hundredths"].is_null());

    let audit = cast.who("secretariat").get("/audit?subject=application").await.ok();
    let entries = audit["items"].as_array().expect("entries");
    assert_eq!(entries.len(), 2, "{audit}");
    assert_eq!(
        (&entries[0]["deed"], &entries[0]["changes"]),
        (&json!("change"), &json!(["score_hundredths"]))
    );
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_table_scores_a_whole_call_or_nothing_of_it(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (round, walks) = submitted(&cast, &["Anna", "Berta", "Carla"]).await;
    let home = cast.who("home_coordinator");
    let [anna, berta, carla] = [&walks[0], &walks[1], &walks[2]];
    let reference = anna.case["reference"].as_str().expect("a reference");
    let good = format!(
        "\u{feff}Application;Student_no;Score\r\n{reference};;87,5\r\n{};;90\r\n;s-3;61.25\r\n",
        id(&berta.case)
    );

    let tried = table(home, &round, good.clone(), "?dry_run=true").await.ok();
    let first = json!({
        "application": anna.case["id"], "reference": reference, "name": "Anna Student", "from_hundredths": null, "to_hundredths": 8_750,
    });
    assert_eq!((&tried["changes"][0], tried["changes"].as_array().map(Vec::len)), (&first, Some(3)));
    assert_eq!((&tried["dry_run"], &tried["changed"], &tried["read"]), (&json!(true), &json!(3), &json!(3)));
    assert!(anna.seen_by("home_coordinator").await["score_hundredths"].is_null());

    let bad = format!("student_no,score\ns-1,80\ns-9,70\ns-2,ninety\ns-1,81\n,5\ns-3,70,1\ns-2,{}\n", "=1+1");
    let tried = table(home, &round, bad.clone(), "?dry_run=true").await.ok();
    let told = |row: &Value| (row["row"].as_u64().expect("a row"), row["column"].clone());
    let rows: Vec<_> = tried["refused"].as_array().expect("rows").iter().map(told).collect();
    let column = |name: &str| json!(name);
    assert_eq!(
        rows,
        [
            (2, column("student_no")),
            (3, column("score")),
            (4, Value::Null),
            (5, column("student_no")),
            (6, Value::Null),
            (7, Value::Null),
        ]
    );
    let refused = table(home, &round, bad, "").await.problem(422);
    assert_eq!(pointers(&refused), ["/2/student_no", "/3/score", "/4", "/5/student_no", "/6", "/7"]);
    assert!(anna.seen_by("home_coordinator").await["score_hundredths"].is_null(), "nothing is half imported");

    let entered = table(home, &round, good.clone(), "").await.ok();
    assert_eq!((&entered["changed"], &entered["unchanged"]), (&json!(3), &json!(0)));
    for (walk, score) in [(anna, 8_750), (berta, 9_000), (carla, 6_125)] {
        assert_eq!(walk.seen_by("home_coordinator").await["score_hundredths"], score);
    }
    let again = table(home, &round, good.clone(), "").await.ok();
    assert_eq!((&again["changed"], &again["unchanged"]), (&json!(0), &json!(3)));
    table(&anna.student, &round, good.clone(), "").await.problem(403);
    table(cast.who("other_coordinator"), &round, good, "").await.problem(403);
    for (text, status) in
        [("", 422), ("score\n", 422), ("points\n1\n", 422), ("score,student_no\n\u{e9}", 422)]
    {
        table(home, &round, text, "").await.problem(status);
    }
    table(home, &round, b"score,student_no\n\xff,s-1\n".to_vec(), "").await.problem(422);
    cast.verified().await;
}

#[rstest]
#[tokio::test]
async fn a_page_shows_what_a_table_would_change_and_enters_it_whole(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let (round, walks) = submitted(&cast, &["Anna", "Berta"]).await;
    let seen = walks[0].seen_by("home_coordinator").await;
    put(cast.who("home_coordinator"), &walks[0].case, &seen["version"], &json!({ "score": 60 })).await.ok();
    let scores = async || {
        let mut all = Vec::new();
        for walk in &walks {
            all.push(walk.seen_by("home_coordinator").await["score_hundredths"].clone());
        }
        all
    };
    let home = cast.app.browsing(&address("home_coordinator"), LASTS).await;
    let call = format!("/calls/{}", id(&round.call));
    let page = format!("{call}/scores");
    assert!(home.get(&call).await.text().contains(&format!("href=\"{page}\"")));
    let seal = seal(&home.get(&page).await.text());
    let upload = |seal: &str, content: &[u8]| {
        let file = Part::bytes(content.to_vec()).file_name("scores.csv");
        let form = Form::new().text("seal", seal.to_owned()).text("key", "k").part("file", file);
        send(home.post(&page, &home.address).multipart(form))
    };
    let take = async |content: &str| {
        let fields = [("seal", seal.as_str()), ("key", "t"), ("file", content)];
        send(home.form(&format!("{page}/take"), &home.address, &fields)).await
    };

    assert_eq!(upload("", b"student_no,score\ns-1,80\n").await.status, 403);
    let large = [b"student_no,score\n".as_slice(), &b"s-1,80\n".repeat(200_000)].concat();
    for (content, told) in [
        (b"".as_slice(), "Choose a file"),
        (b"points\n1\n", "points"),
        (b"student_no,score\n\xff,1\n", "not in UTF-8"),
        (large.as_slice(), "too large for a page"),
    ] {
        let refused = upload(&seal, content).await;
        let text = refused.text();
        assert!(
            refused.status == 422 && text.contains(told) && text.contains("role=\"alert\""),
            "{told}: {text}"
        );
    }
    let bad = "student_no;score\ns-1;80\ns-9;70\ns-2;ninety\n";
    let tried = upload(&seal, bad.as_bytes()).await;
    let text = tried.text();
    assert!(
        text.contains("Row 2 <code>student_no</code>") && text.contains("Row 3 <code>score</code>"),
        "{text}"
    );
    assert!(tried.status == 200 && !text.contains("/scores/take\""), "{text}");
    let refused = take(bad).await;
    assert!(
        refused.status == 422 && refused.text().contains("Row 3 <code>score</code>"),
        "{}",
        refused.text()
    );
    assert_eq!(scores().await, [json!(6_000), Value::Null], "nothing is half entered");

    let good = "student_no;score\ns-1;80,5\ns-2;90\n";
    let text = upload(&seal, good.as_bytes()).await.text();
    for part in ["Anna Student", "60.0", "80.5", "90.0", "–", "/scores/take\""] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(scores().await, [json!(6_000), Value::Null], "nothing is written yet");
    for _ in 0..2 {
        let taken = take(good).await;
        assert_eq!((taken.status, taken.header("location")), (303, format!("{call}?done=scores").as_str()));
    }
    assert_eq!(scores().await, [json!(8_050), json!(9_000)]);
    assert!(home.get(&format!("{call}?done=scores")).await.text().contains("The scores are entered."));
    let same = upload(&seal, good.as_bytes()).await.text();
    assert!(
        same.contains("Every score is as in this table already.") && !same.contains("/scores/take\""),
        "{same}"
    );

    for part in ["other_coordinator", "host_coordinator", "home_academic", "Anna"] {
        let other = cast.app.browsing(&address(part), LASTS).await;
        assert_eq!(other.get(&page).await.status, 404, "{part}");
        assert_eq!(other.submit("/", &format!("{page}/take"), &[("file", good)]).await.status, 404, "{part}");
        assert!(!other.get(&call).await.text().contains("/scores\""), "{part}");
    }
    assert_eq!(Visitor::new(&cast.app.address).get(&page).await.status, 303);
    cast.verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_operator_enters_a_table_at_the_command_line(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let (round, walks) = submitted(&cast, &["Anna", "Berta"]).await;
    let database = &cast.app.database;
    let write = |name: &str, text: &str| {
        std::fs::write(database.folder.path().join(name), text).expect("written");
    };
    let import = |file: &str, more: &[&str]| {
        on(database, &[&["import", "scores", file, "--call", id(&round.call)], more].concat())
    };
    write("good.csv", "student_no,score\ns-1,80.5\ns-2,90\n");
    let code = walks[0].case["reference"].as_str().expect("a code");
    let tried = import("good.csv", &["--dry-run"]);
    let lines: Vec<&str> = printed(&tried).lines().collect();
    assert_eq!(lines[0], "2 rows: 2 scores would change, 0 as before");
    assert_eq!(lines[1], format!("  {code} Anna Student: none → 80.50"));
    assert!(walks[0].seen_by("home_coordinator").await["score_hundredths"].is_null());
    let report: Value = serde_json::from_str(printed(&import("good.csv", &["--json"]))).expect("JSON");
    assert_eq!((&report["changed"], &report["dry_run"]), (&json!(2), &json!(false)));
    assert_eq!(walks[1].seen_by("home_coordinator").await["score_hundredths"], 9_000);

    write("bad.csv", "student_no,score\ns-1,70\ns-9,1\n");
    let refused = import("bad.csv", &[]);
    assert!(complaint(&refused).contains("bad.csv: 1 faults, nothing is entered"));
    assert!(String::from_utf8_lossy(&refused.stdout).contains("row 2, student_no: no submitted application"));
    assert_eq!(walks[0].seen_by("home_coordinator").await["score_hundredths"], 8_050);
    assert!(complaint(&import("none.csv", &[])).contains("none.csv"));
    let nowhere = on(database, &["import", "scores", "good.csv", "--call", id(&walks[0].case)]);
    assert!(complaint(&nowhere).contains("no call has this id"));
    cast.verified().await;
}
