//! A record that somebody with power over the database rewrites as a whole is told from the one that others hold a checkpoint of.

use chrono::TimeDelta;
use rstest::rstest;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter};
use sojourn::app::checkpoints::{Checkpoint, Unsound};
use sojourn::app::transition::chain;
use sojourn::app::verify::{Report, export, verify, verify_export};
use sojourn::store::verify::range;
use sojourn_engine::ids::CaseId;
use sojourn_entities::{case, checkpoint, history, outbox};

use crate::support::cast::Cast;
use crate::support::database::Db;
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;
use crate::walks::{EXCHANGE_LEGS, events, take};

async fn looked_at(cast: &Cast) -> Report {
    verify(&cast.app.app, |_| ()).await.expect("the database answers")
}

async fn made(cast: &Cast) -> Checkpoint {
    cast.app.app.make_checkpoint(&cast.app.clock.moment()).await.expect("made")
}

async fn unguard(conn: &DatabaseConnection, db: Db, table: &str) {
    let statement = match db {
        Db::Sqlite => format!("DROP TRIGGER {table}_no_update"),
        Db::Postgres => format!("DROP TRIGGER {table}_append_only ON {table}"),
    };
    conn.execute_unprepared(&statement).await.expect("unguarded");
}

/// Makes the third step of a case somebody else's, and every hash from there on fit again.
async fn rewrite(cast: &Cast, conn: &DatabaseConnection, id: CaseId) {
    let rows = range(cast.app.app.store.read(), None, 500).await.expect("read").expect("cases");
    let mut head = Vec::new();
    for step in &rows.steps[&id] {
        let mut step = step.clone();
        if step.number == 3 {
            step.role = "system".to_owned();
        }
        step.hash = chain::link(&head, &step);
        head.clone_from(&step.hash);
        history::Entity::update_many()
            .col_expr(history::Column::Hash, Expr::value(step.hash.clone()))
            .col_expr(history::Column::ActorRole, Expr::value(step.role.clone()))
            .filter(history::Column::CaseId.eq(id))
            .filter(history::Column::Number.eq(step.number))
            .exec(conn)
            .await
            .expect("rewritten");
    }
    case::Entity::update_many()
        .col_expr(case::Column::Head, Expr::value(head))
        .filter(case::Column::Id.eq(id))
        .exec(conn)
        .await
        .expect("rewritten");
}

#[rstest]
#[tokio::test]
async fn a_chain_that_was_written_anew_differs_from_its_checkpoint_at_its_first_changed_step(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    for word in events("ELIGIBLE", EXCHANGE_LEGS) {
        take(&mut walk, &word).await;
    }
    let first = made(&cast).await;
    for word in events("allocate accept_offer", EXCHANGE_LEGS) {
        take(&mut walk, &word).await;
    }
    let second = made(&cast).await;
    let id: CaseId = walk.case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let new = second.statement.steps - first.statement.steps;
    assert_eq!((first.statement.number, second.statement.number, new), (1, 2, 2));
    let listed =
        |made: &Checkpoint| made.steps.iter().find(|steps| steps.case == id).expect("listed").clone();
    assert_eq!((listed(&first).from, listed(&second).from), (1, 4), "each lists what is new");
    let sound = looked_at(&cast).await;
    assert_eq!((sound.checkpoints, sound.differences), (2, 0), "{sound:?}");
    let kept = serde_json::to_string(&first).expect("JSON");
    assert_eq!(cast.app.app.own_checkpoint(&kept), Ok(first.clone()));

    let conn = cast.app.database.connect().await;
    unguard(&conn, db, "history").await;
    rewrite(&cast, &conn, id).await;

    let told = looked_at(&cast).await;
    let named: Vec<(&str, Option<i32>)> =
        told.first.iter().map(|one| (one.what.as_str(), one.step)).collect();
    assert_eq!(
        named,
        [("it is not as it was at checkpoint 1", Some(3)), ("it is not as it was at checkpoint 2", Some(4))],
        "the chain itself fits"
    );
    assert_eq!(cast.app.app.differing_from(&first).await.expect("read"), [(id, 3)], "by the file alone");

    // Whoever makes the stored checkpoints fit, too, cannot sign them.
    unguard(&conn, db, "checkpoints").await;
    let stored = checkpoint::Entity::find_by_id(1).one(&conn).await.expect("read").expect("a checkpoint");
    let rewritten = range(cast.app.app.store.read(), None, 500).await.expect("read").expect("cases");
    let hash = hex::encode(&rewritten.steps[&id][2].hash);
    let forged = stored.file.replace(&listed(&first).hashes[2], &hash);
    checkpoint::Entity::update_many()
        .col_expr(checkpoint::Column::File, Expr::value(forged))
        .filter(checkpoint::Column::Number.eq(1))
        .exec(&conn)
        .await
        .expect("forged");
    let told = looked_at(&cast).await;
    assert!(told.first[0].what.contains("the file was changed"), "{told:?}");
}

#[rstest]
#[tokio::test]
async fn a_checkpoint_is_made_once_a_night_and_sent_to_the_head_of_every_member(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::with(db, "[alliance]\nzone = 'Europe/Madrid'").await;
    let night = async || cast.app.app.nightly_checkpoint(&cast.app.clock.moment()).await.expect("looked");
    assert_eq!(
        (night().await, night().await),
        (Some(1), None),
        "the first at once, as it is past two o'clock"
    );
    cast.app.clock.set("2026-09-01T23:30:00Z".parse().expect("an instant"));
    assert_eq!(night().await, None, "half past one in the night in the zone of the alliance");
    cast.app.advance(TimeDelta::hours(1));
    assert_eq!((night().await, night().await), (Some(2), None));

    let conn = cast.app.database.connect().await;
    let sent = outbox::Entity::find()
        .filter(outbox::Column::Notice.eq("checkpoint"))
        .all(&conn)
        .await
        .expect("read");
    let mut readers: Vec<&str> =
        sent.iter().map(|row| cast.part(&row.recipient_id.expect("somebody").to_string())).collect();
    readers.sort_unstable();
    assert_eq!(readers, ["chair", "chair", "home_head", "home_head", "host_head", "host_head"]);
    let at = cast.app.clock.moment();
    let due = cast.app.app.claim_notices(&at, at.id(), 100).await.expect("claimed");
    let letters = due.into_iter().filter_map(|due| due.letter.ok());
    let files: Vec<_> = letters.filter_map(|letter| letter.enclosed).collect();
    assert_eq!(files.len(), sent.len(), "each head has the file with the mail");
    assert!(files.iter().all(|(_, file)| Checkpoint::read(file).is_ok()));
}

#[test]
fn a_file_that_is_none_is_told_why() {
    assert!(matches!(Checkpoint::read("{}"), Err(Unsound::Shape(_))));
    assert!(matches!(Checkpoint::read("nonsense\u{0}"), Err(Unsound::Shape(_))));
}

/// What does not agree in a file, with the number of the step.
fn differences(file: &str, kept: &[Checkpoint]) -> Vec<(Option<i32>, String)> {
    let report = verify_export(file.as_bytes(), kept).expect("the lines can be read");
    report.first.into_iter().map(|one| (one.step, one.what)).collect()
}

#[rstest]
#[tokio::test]
async fn a_file_of_the_record_is_verified_without_the_database(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(2, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    for word in events("ELIGIBLE allocate", EXCHANGE_LEGS) {
        take(&mut walk, &word).await;
    }
    let kept = made(&cast).await;
    let mut file = Vec::new();
    let held = export(&cast.app.app, &mut file).await.expect("written");
    let file = String::from_utf8(file).expect("text");
    assert_eq!((held.0, held.1), (kept.statement.cases, kept.statement.steps));
    assert_eq!(differences(&file, std::slice::from_ref(&kept)), [], "as it is");
    assert!(!file.contains("Anna"), "no name");

    let lines: Vec<&str> = file.lines().collect();
    // The case that was opened last stands last.
    let step = |number: i32| {
        lines.iter().rposition(|line| line.contains(&format!("\"number\":{number},"))).expect("a step")
    };
    let third = lines[step(3)];
    let changed = file.replace(third, &third.replacen("\"number\":3", "\"number\":3,\"x\":1", 1));
    let place = format!("line {}: ", step(3) + 1);
    assert!(verify_export(changed.as_bytes(), &[]).is_err_and(|told| told.starts_with(&place)));
    let changed = file.replace(third, &third.replace("\"role\":\"", "\"role\":\"not_"));
    let told = "its content does not match its hash: it was changed".to_owned();
    assert_eq!(differences(&changed, &[]), [(Some(3), told)], "the first that was changed");
    let missing = file.replace(&format!("{}\n", lines[step(2)]), "");
    assert_eq!(differences(&missing, &[])[0], (Some(2), "this step is missing from the history".to_owned()));
    let cut = lines[..lines.len() - 1].join("\n");
    assert_eq!(differences(&cut, &[]), [(None, "its end is missing: it was cut off".to_owned())]);

    // A record that was written anew as a whole fits in itself, and not with what others have kept.
    let conn = cast.app.database.connect().await;
    unguard(&conn, db, "history").await;
    let id: CaseId = walk.case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    rewrite(&cast, &conn, id).await;
    let mut file = Vec::new();
    export(&cast.app.app, &mut file).await.expect("written");
    let file = String::from_utf8(file).expect("text");
    assert_eq!(differences(&file, &[]), []);
    assert_eq!(differences(&file, &[kept]), [(Some(3), "it is not as it was at checkpoint 1".to_owned())]);
}
