//! Very many clocks that are due at one moment: each acts once, while people go on reading; and looking for due clocks when very many are
//! not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use rstest::rstest;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait,
    IntoActiveModel, Iterable, PaginatorTrait, QueryFilter,
};
use sojourn_engine::ids::{CaseId, ClockRowId};
use sojourn_entities::{case, clock, history, outbox};

use crate::support::actor::Actor;
use crate::support::cast::Cast;
use crate::support::counts::count;
use crate::support::database::Db;
use crate::support::measured::measured;
use crate::support::pattern::{Pattern, copy};
use crate::support::rounds::without_documents;
use crate::support::walk::Walk;
use crate::walks::{EXCHANGE_LEGS, events, take};

/// Requests a second of people who read.
const READS: u64 = 50;
/// How long they read in calm.
const CALM: Duration = Duration::from_secs(4);
/// Rows of one insert.
const CHUNK: usize = 500;

async fn insert<A>(conn: &DatabaseConnection, rows: Vec<A>)
where
    A: ActiveModelTrait + Send,
    A::Entity: EntityTrait,
    <A::Entity as EntityTrait>::Column: Iterable,
{
    for chunk in rows.chunks(CHUNK) {
        A::Entity::insert_many(chunk.to_vec()).exec_without_returning(conn).await.expect("rows");
    }
}

/// People who read at a steady pace until told to stop; how long each answer took, in order of length.
async fn read(actor: Actor, paths: Vec<String>, stop: impl Future<Output = ()>) -> Vec<Duration> {
    let mut pace = tokio::time::interval(Duration::from_millis(1_000 / READS));
    let mut asked = tokio::task::JoinSet::new();
    tokio::pin!(stop);
    let mut nth = 0;
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = pace.tick() => {
                let (actor, path) = (actor.clone(), paths[nth % paths.len()].clone());
                nth += 1;
                asked.spawn(async move {
                    let began = Instant::now();
                    actor.get(&path).await.ok();
                    began.elapsed()
                });
            }
        }
    }
    let mut took = asked.join_all().await;
    took.sort_unstable();
    took
}

pub(crate) fn p99(took: &[Duration]) -> Duration {
    took[(took.len() * 99 / 100).min(took.len() - 1)]
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn all_clocks_of_one_moment_act_once_while_people_read(#[values(Db::Sqlite, Db::Postgres)] db: Db) {
    let many = count("clocks_of_one_moment");
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let mut walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    for word in events("ELIGIBLE allocate", EXCHANGE_LEGS) {
        take(&mut walk, &word).await;
    }
    let id: CaseId = walk.case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let conn = cast.app.database.connect().await;
    Pattern::of(&conn, id).await.multiply(&conn, many - 1).await;
    if db == Db::Postgres {
        conn.execute_unprepared("ANALYZE").await.expect("analysed");
    }

    let paths = vec![walk.path(), "/applications?waiting_for_me=true&limit=25".to_owned()];
    let reader = cast.who("home_coordinator").clone();
    let calm = async {
        tokio::time::timeout(CALM, std::future::pending::<()>()).await.ok();
    };
    let calm = read(reader.clone(), paths.clone(), calm).await;

    walk.until_due();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let reading = tokio::spawn(read(reader, paths, async move {
        stopped.await.ok();
    }));
    let began = Instant::now();
    let worker = {
        let app = Arc::clone(&cast.app.app);
        tokio::spawn(async move {
            let mut fired = 0;
            loop {
                let at = app.clock.moment();
                let acts = app.act_on_clocks(&at, at.id(), app.clocks_per_round).await.expect("acted");
                assert_eq!((acts.failed, acts.stuck), (0, 0), "{acts:?}");
                if acts.claimed == 0 {
                    return fired;
                }
                fired += acts.fired;
            }
        })
    };
    let fired = worker.await.expect("it ends");
    let took = began.elapsed();
    stop.send(()).ok();
    let busy = reading.await.expect("they read");

    assert_eq!(fired as u64, many);
    let lapses = history::Entity::find().filter(history::Column::Event.eq("lapse"));
    assert_eq!(lapses.count(&conn).await.expect("counted"), many, "once each");
    let lapsed = case::Entity::find().filter(case::Column::State.eq("lapsed"));
    assert_eq!(lapsed.count(&conn).await.expect("counted"), many);
    let told = outbox::Entity::find().filter(outbox::Column::Notice.eq("offer_lapsed"));
    assert!(told.count(&conn).await.expect("counted") >= many, "each student is told");
    assert_eq!(walk.taken(&round.lines[0]).await.0, 0, "every place is free again");

    let pace = u128::from(many) * 1_000 / took.as_millis().max(1);
    measured(
        &format!("Clocks due at one moment, {db:?}"),
        many,
        "",
        format!(
            "{:.1} s, {pace} a second; reading at {READS}/s: p99 {:.1} ms in calm, {:.1} ms meanwhile",
            took.as_secs_f64(),
            p99(&calm).as_secs_f64() * 1e3,
            p99(&busy).as_secs_f64() * 1e3
        ),
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn looking_for_due_clocks_does_not_depend_on_how_many_are_not(
    #[values(Db::Sqlite, Db::Postgres)] db: Db,
) {
    let cast = Cast::of(db).await;
    let round = cast.exchange(3, &without_documents()).await;
    let walk = Walk::open(&cast, &round, &cast.student("Anna").await).await;
    let id: CaseId = walk.case["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let conn = cast.app.database.connect().await;
    let one = clock::Entity::find()
        .filter(clock::Column::CaseId.eq(id))
        .one(&conn)
        .await
        .expect("read")
        .expect("a clock");
    let mut there = 0;
    let mut costs = Vec::new();
    for many in [1_000, count("clocks_to_come")] {
        let rows = (there..many).map(|nth| {
            let mut row = one.clone().into_active_model().reset_all();
            row.id = ActiveValue::Set(ClockRowId::from(copy(one.id.into(), nth)));
            row.wake_at =
                ActiveValue::Set(Some(one.due_at + TimeDelta::seconds(i64::try_from(nth).expect("few"))));
            row
        });
        insert(&conn, rows.collect()).await;
        there = many;
        if db == Db::Postgres {
            conn.execute_unprepared("ANALYZE clocks").await.expect("analysed");
        }
        let mut looks = Vec::new();
        for _ in 0..60 {
            let at = cast.app.clock.moment();
            let began = Instant::now();
            let acts = cast.app.app.act_on_clocks(&at, at.id(), 500).await.expect("the database answers");
            looks.push(began.elapsed());
            assert_eq!(acts.claimed, 0);
        }
        looks.sort_unstable();
        costs.push((many, looks[looks.len() / 2]));
    }
    let told: Vec<String> =
        costs.iter().map(|(many, cost)| format!("{many}: {:.2} ms", cost.as_secs_f64() * 1e3)).collect();
    measured(&format!("Looking for due clocks among those to come, {db:?}"), there, "", told.join("; "));
    assert!(there > 1_000);
}
