//! How many statements one event costs: each is a round trip on PostgreSQL, beside the beginning and the commit.

use rstest::rstest;
use serde_json::json;

use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;

/// An event and the most statements it may cost, for a caller who is known and on connections that are warm. The first that holds
/// words makes the key of its person: up to three statements more.
const MOST: [(&str, &str, usize); 4] = [
    ("student", "submit", 24),
    ("home_coordinator", "find_eligible", 22),
    ("home_coordinator", "allocate", 33),
    ("student", "accept_offer", 22),
];

#[rstest]
#[tokio::test]
async fn an_event_costs_few_statements(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    for (role, event, most) in MOST {
        // Whoever acts has just been read as a caller.
        let seen = walk.seen_by(role).await;
        let data = if event == "allocate" { json!({ "choice": walk.choice(1) }) } else { json!({}) };
        cast.app.statements();
        walk.holder(role).fire(&seen, event, data).await.ok();
        let statements = cast.app.statements();

        let told = statements.join("\n");
        measured(&format!("statements of `{event}` over HTTP, {db:?}"), 1, "", statements.len());
        assert!(statements.len() <= most, "{event} took {}:\n{told}", statements.len());
        walk.look().await;
    }
}
