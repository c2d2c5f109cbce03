//! Scores: one per application, entered alone or from a table, seen by the home alone.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::actor::{Actor, etag, fresh_key, send};
use crate::support::answer::Answer;
use crate::support::cast::{Cast, merged};
use crate::support::database::Db;
use crate::support::offers::id;
use crate::support::rounds::{Round, without_documents};
use crate::support::walk::Walk;

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
