//! Commands that wait for SQLite's one writer at the same time share one commit; each has its own answer.

use std::sync::{Arc, Mutex};

use sea_orm::ConnectionTrait;
use sojourn::store::write::insert_many;
use sojourn::store::{Conn, Store, StoreError};
use sojourn_entities::institution::ActiveModel;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, yield_now};

use super::{Bench, bench, institution, institutions};
use crate::support::database::Db;

/// A bench, with every statement it is asked from now on.
async fn watched() -> (Bench, Arc<Mutex<Vec<String>>>) {
    let mut bench = bench(Db::Sqlite).await;
    let said = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&said);
    bench.store.observe(move |sql| told.lock().expect("whole").push(sql.to_owned()));
    (bench, said)
}

fn groups(said: &Mutex<Vec<String>>) -> usize {
    said.lock().expect("whole").iter().filter(|sql| sql.as_str() == "SAVEPOINT sojourn_group").count()
}

/// Lets everybody who is ready come as far as they can without the database.
async fn settle() {
    for _ in 0..50 {
        yield_now().await;
    }
}

async fn enter(store: Store, row: ActiveModel) -> Result<(), StoreError> {
    let tx = store.begin().await?;
    insert_many(&tx, vec![row]).await?;
    tx.commit().await
}

/// A command that waits for its turn from now on.
async fn waiting(bench: &Bench, key: &str) -> JoinHandle<Result<(), StoreError>> {
    let task = tokio::spawn(enter(bench.store.clone(), institution(&bench.at, key)));
    settle().await;
    task
}

#[tokio::test]
async fn commands_that_wait_together_are_committed_once_and_each_fails_alone() {
    let (bench, said) = watched().await;
    let first = bench.store.begin().await.unwrap();
    insert_many(&first, vec![institution(&bench.at, "AGRAZ01")]).await.unwrap();
    let mut tasks = Vec::new();
    for key in ["AWIEN01", "AGRAZ01", "ALINZ01", "AWIEN01", "AINNS01"] {
        tasks.push(waiting(&bench, key).await);
    }

    first.commit().await.unwrap();

    let mut refused = Vec::new();
    for (nth, task) in tasks.into_iter().enumerate() {
        match task.await.unwrap() {
            Ok(()) => {}
            Err(StoreError::Conflict { .. }) => refused.push(nth),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(refused, [1, 3], "those that are there already");
    assert_eq!((institutions(&bench).await, groups(&said)), (4, 1));
    // Alone, a command needs no group.
    enter(bench.store.clone(), institution(&bench.at, "ASALZ01")).await.unwrap();
    assert_eq!((institutions(&bench).await, groups(&said)), (5, 1));
}

#[tokio::test]
async fn whoever_goes_away_takes_nobody_else_along() {
    let (bench, said) = watched().await;
    let first = bench.store.begin().await.unwrap();
    insert_many(&first, vec![institution(&bench.at, "AGRAZ01")]).await.unwrap();
    let (began, begun) = oneshot::channel();
    let (go, gone) = oneshot::channel::<()>();
    let second = tokio::spawn({
        let (store, row) = (bench.store.clone(), institution(&bench.at, "AWIEN01"));
        async move {
            let tx = store.begin().await.unwrap();
            began.send(()).unwrap();
            gone.await.unwrap();
            insert_many(&tx, vec![row]).await.unwrap();
            // Dropped without an end.
        }
    });
    settle().await;
    let third = waiting(&bench, "ALINZ01").await;
    let first = tokio::spawn(first.commit());
    begun.await.unwrap();

    // What the first did is with the group now, whether or not anybody waits for the answer.
    first.abort();
    go.send(()).unwrap();
    second.await.unwrap();
    third.await.unwrap().unwrap();

    assert_eq!((institutions(&bench).await, groups(&said)), (2, 1), "the first and the third");
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_answered_and_the_next_goes_on() {
    let (bench, said) = watched().await;
    let first = bench.store.begin().await.unwrap();
    insert_many(&first, vec![institution(&bench.at, "AGRAZ01")]).await.unwrap();
    let second = tokio::spawn({
        let (store, mut row) = (bench.store.clone(), institution(&bench.at, "AWIEN01"));
        async move {
            let tx = store.begin().await?;
            tx.db().execute_unprepared("PRAGMA max_page_count = 1").await?;
            row.name = sea_orm::ActiveValue::Set("x".repeat(100_000));
            insert_many(&tx, vec![row]).await?;
            tx.commit().await
        }
    });
    settle().await;
    let third = waiting(&bench, "ALINZ01").await;

    let told = first.commit().await;

    assert!(matches!(second.await.unwrap(), Err(StoreError::Full)));
    third.await.unwrap().unwrap();
    let there = institutions(&bench).await;
    assert_eq!(there, 1 + u64::from(told.is_ok()), "what was answered is there, and nothing else: {told:?}");
    assert_eq!(groups(&said), 1);
    // The connection that the fault left behind is not used again.
    enter(bench.store.clone(), institution(&bench.at, "AGRAZ01")).await.unwrap_or_else(|error| {
        assert!(told.is_ok(), "{error}");
    });
    assert_eq!(institutions(&bench).await, 2);
}
