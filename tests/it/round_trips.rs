//! How many statements a request asks the database for, beside beginning and committing: each is a round trip on PostgreSQL. An event
//! needs few, and what works on many needs no more than on two.

use rstest::rstest;
use serde_json::{Value, json};

use crate::bulks::accepted;
use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;

/// Events on the way of an exchange, and the most statements each may ask for on SQLite and on PostgreSQL, of a caller who is known
/// and on connections that are warm. The first that holds words makes the key of its person: three statements more. On
/// SQLite two of them ask whether the case is still as it was read before the writer's turn.
const WAY: [(&str, &str, usize, usize); 7] = [
    ("student", "submit", 17, 6),
    ("home_coordinator", "find_eligible", 15, 6),
    ("home_coordinator", "allocate", 25, 8),
    ("student", "accept_offer", 15, 6),
    ("home_coordinator", "nominate", 18, 7),
    ("host_coordinator", "acknowledge", 15, 6),
    ("host_coordinator", "approve", 20, 7),
];

#[rstest]
#[tokio::test]
async fn an_event_asks_for_few_statements(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    for (role, event, on_sqlite, on_postgres) in WAY {
        // Whoever acts has just been read as a caller.
        let (seen, body) = walk.asked(None, role, event, &json!({})).await;
        cast.app.statements();
        walk.holder(role).fire_as(&seen, &body).await.ok();
        let statements = cast.app.statements();

        let told = statements.join("\n");
        measured(&format!("statements of `{event}` over HTTP, {db:?}"), 1, "", statements.len());
        let most = if matches!(db, Db::Sqlite) { on_sqlite } else { on_postgres };
        assert!(statements.len() <= most, "{event} asked for {}:\n{told}", statements.len());
        walk.look().await;
    }
}

#[rstest]
#[tokio::test]
async fn many_ask_for_no_more_statements_than_two(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    const NAMES: [&str; 12] =
        ["Anna", "Berta", "Carla", "Dora", "Emma", "Frida", "Greta", "Hilda", "Ida", "Jana", "Karla", "Lina"];
    let cast = Cast::of(db).await;
    let round = cast.exchange(15, &without_documents()).await;
    let walks = accepted(&cast, &round, &NAMES).await;
    let home = cast.who("home_coordinator");

    for list in ["/applications", "/queue"] {
        let mut asked = Vec::new();
        for rows in [2, 10] {
            let path = format!("{list}?limit={rows}");
            home.get(&path).await.ok();
            cast.app.statements();
            let page = home.get(&path).await.ok();
            asked.push(cast.app.statements());
            assert_eq!(page["items"].as_array().map(Vec::len), Some(rows), "{page}");
        }
        assert_alike(list, &asked);
    }
    let mut asked = Vec::new();
    // The first that asks what an event would bring reads the definitions.
    for some in [&walks[..2], &walks[..2], &walks[..10]] {
        asked.push(statements_of_a_bulk(&cast, "/bulk?dry_run=true", some).await);
    }
    assert_alike("/bulk?dry_run=true", &asked[1..]);
    // Cases move together: what each adds is the guard of its own row.
    let two = statements_of_a_bulk(&cast, "/bulk", &walks[..2]).await;
    let ten = statements_of_a_bulk(&cast, "/bulk", &walks[2..]).await;
    let more = ten.len().saturating_sub(two.len());
    measured(&format!("statements of ten cases of a bulk, {db:?}"), 10, "", ten.len());
    assert!(more <= 8 * 4, "of two\n{}\nof ten\n{}", two.join("\n"), ten.join("\n"));
}

/// What a nomination of all of them at once asks the database for.
async fn statements_of_a_bulk(cast: &Cast, path: &str, walks: &[Walk<'_>]) -> Vec<String> {
    let home = cast.who("home_coordinator");
    let case = |walk: &Walk<'_>| json!({ "id": walk.case["id"], "version": walk.case["version"] });
    let items: Vec<Value> = walks.iter().map(case).collect();
    let body = json!({ "event": "nominate", "data": { "no_conflict": true }, "items": items });
    home.get("/queue?limit=1").await.ok();
    cast.app.statements();
    home.post(path, &body).await.ok();
    cast.app.statements()
}

#[track_caller]
fn assert_alike(what: &str, asked: &[Vec<String>]) {
    for many in &asked[1..] {
        let (few, told) = (asked[0].join("\n"), many.join("\n"));
        assert_eq!(many.len(), asked[0].len(), "{what}: of two\n{few}\nof ten\n{told}");
    }
}
