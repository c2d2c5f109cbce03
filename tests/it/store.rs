//! What the store promises every command, on both databases.

mod groups;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rstest::rstest;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, Order, PaginatorTrait,
    QueryFilter,
};
use sojourn::clock::{Clock, Moment};
use sojourn::store::page::{Asked, Keyset};
use sojourn::store::write::{guarded, insert_many};
use sojourn::store::{Conn, Options, Store, StoreError};
use sojourn_engine::ids::{ImportFileId, InstitutionId, PlaceLineId};
use sojourn_engine::vocabulary::{Direction, InstitutionKind, PlaceSource, PlaceUnit};
use sojourn_entities::{chair_term, import_file, import_row, institution, person, place_line};

use crate::support::database::{Db, TestDatabase};

struct Bench {
    store: Store,
    at: Moment,
    _database: TestDatabase,
}

async fn bench(kind: Db) -> Bench {
    let database = TestDatabase::migrated(kind).await;
    let store = Store::open(&database.url, &Options::default()).await.unwrap();
    let at = Clock::fixed("2026-09-01T08:00:00Z".parse().unwrap(), 1).moment();
    Bench { store, at, _database: database }
}

fn institution(at: &Moment, erasmus_key: &str) -> institution::ActiveModel {
    institution::ActiveModel {
        id: Set(at.id()),
        kind: Set(InstitutionKind::Member),
        name: Set("Universität Graz".to_owned()),
        country: Set("AT".to_owned()),
        zone: Set("Europe/Vienna".to_owned()),
        language: Set("de".to_owned()),
        working_week: Set(serde_json::json!([1, 2, 3, 4, 5])),
        holidays: Set(serde_json::json!(["2027-01-01"])),
        erasmus_code: Set(Some(erasmus_key.to_owned())),
        erasmus_key: Set(Some(erasmus_key.to_owned())),
        ror_id: Set(None),
        schac: Set(None),
        founding: Set(true),
        unverified: Set(false),
        joined_on: Set(NaiveDate::from_ymd_opt(2020, 1, 1)),
        left_on: Set(None),
        created_at: Set(at.now),
        version: Set(1),
    }
}

fn line(at: &Moment, capacity: i32) -> place_line::ActiveModel {
    place_line::ActiveModel {
        id: Set(at.id()),
        source: Set(PlaceSource::Pool),
        agreement_id: Set(None),
        programme_id: Set(None),
        direction: Set(Direction::Out),
        home_id: Set(None),
        host_id: Set(None),
        period_id: Set(None),
        levels: Set(None),
        fields: Set(None),
        unit: Set(PlaceUnit::Heads),
        capacity: Set(capacity),
        held: Set(0),
        used: Set(0),
        created_at: Set(at.now),
        version: Set(1),
    }
}

async fn write(bench: &Bench, institutions: Vec<institution::ActiveModel>) -> Result<(), StoreError> {
    let tx = bench.store.begin().await?;
    insert_many(&tx, institutions).await?;
    tx.commit().await
}

async fn institutions(bench: &Bench) -> u64 {
    institution::Entity::find().count(bench.store.read().db()).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn a_command_that_is_dropped_leaves_nothing(#[values(Db::Sqlite, Db::Postgres)] kind: Db) {
    let bench = bench(kind).await;
    let tx = bench.store.begin().await.unwrap();
    insert_many(&tx, vec![institution(&bench.at, "AGRAZ01")]).await.unwrap();
    drop(tx);
    assert_eq!(institutions(&bench).await, 0);

    write(&bench, vec![institution(&bench.at, "AGRAZ01")]).await.unwrap();
    assert_eq!(institutions(&bench).await, 1);
}

#[rstest]
#[tokio::test]
async fn a_part_that_fails_takes_only_its_own_writes_back(#[values(Db::Sqlite, Db::Postgres)] kind: Db) {
    let bench = bench(kind).await;
    let tx = bench.store.begin().await.unwrap();
    insert_many(&tx, vec![institution(&bench.at, "AGRAZ01")]).await.unwrap();

    let part = tx.savepoint().await.unwrap();
    insert_many(&part, vec![institution(&bench.at, "AGRAZ01")]).await.unwrap_err();
    drop(part);
    insert_many(&tx, vec![institution(&bench.at, "AWIEN01")]).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(institutions(&bench).await, 2);
}

#[rstest]
#[tokio::test]
async fn a_row_reads_back_as_it_was_written(#[values(Db::Sqlite, Db::Postgres)] kind: Db) {
    let bench = bench(kind).await;
    let precise = Moment::as_of(&bench.at, "2026-09-01T08:00:00.123456Z".parse().unwrap());
    let row = institution(&precise, "AGRAZ01");
    let id = row.id.clone().unwrap();
    write(&bench, vec![row]).await.unwrap();

    let read = institution::Entity::find_by_id(id).one(bench.store.read().db()).await.unwrap().unwrap();
    assert_eq!(read.created_at, precise.now);
    assert_eq!(read.working_week, serde_json::json!([1, 2, 3, 4, 5]));
    assert_eq!(read.joined_on, NaiveDate::from_ymd_opt(2020, 1, 1));
    assert_eq!((read.kind, read.founding, read.left_on), (InstitutionKind::Member, true, None));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_last_places_are_taken_once_however_many_ask(#[values(Db::Sqlite, Db::Postgres)] kind: Db) {
    let bench = bench(kind).await;
    let line = line(&bench.at, 5);
    let id = line.id.clone().unwrap();
    let tx = bench.store.begin().await.unwrap();
    insert_many(&tx, vec![line]).await.unwrap();
    tx.commit().await.unwrap();

    let asking: Vec<_> = (0..32).map(|_| tokio::spawn(hold(bench.store.clone(), id))).collect();
    let mut got = 0;
    for asked in asking {
        got += u32::from(asked.await.unwrap().unwrap());
    }

    assert_eq!(got, 5);
    let line = place_line::Entity::find_by_id(id).one(bench.store.read().db()).await.unwrap().unwrap();
    assert_eq!((line.held, line.version), (5, 6));
}

async fn hold(store: Store, id: PlaceLineId) -> Result<bool, StoreError> {
    let tx = store.begin().await?;
    let line = place_line::Entity::find_by_id(id).one(tx.db()).await?.expect("the line");
    let column = |column: place_line::Column| Expr::col(column);
    let taken = column(place_line::Column::Held).add(Expr::col(place_line::Column::Used)).add(1);
    let update = place_line::Entity::update_many()
        .col_expr(place_line::Column::Held, column(place_line::Column::Held).add(1))
        .col_expr(place_line::Column::Version, column(place_line::Column::Version).add(1))
        .filter(place_line::Column::Id.eq(line.id))
        .filter(taken.lte(column(place_line::Column::Capacity)));
    let won = guarded(&tx, update).await?;
    tx.commit().await?;
    Ok(won)
}

#[rstest]
#[tokio::test]
async fn a_broken_constraint_has_the_same_name_on_both_databases(
    #[values(Db::Sqlite, Db::Postgres)] kind: Db,
) {
    let bench = bench(kind).await;
    let twice =
        write(&bench, vec![institution(&bench.at, "AGRAZ01"), institution(&bench.at, "AGRAZ01")]).await;
    let file = import_row::ActiveModel {
        file_id: Set(bench.at.id()),
        record: Set(1),
        kind: Set(None),
        case_id: Set(None),
        refusal: Set(None),
    };
    let tx = bench.store.begin().await.unwrap();
    let dangling = insert_many(&tx, vec![file]).await;
    drop(tx);
    let tx = bench.store.begin().await.unwrap();
    let mut negative = line(&bench.at, 5);
    negative.held = Set(-1);
    let below_zero = insert_many(&tx, vec![negative]).await;
    drop(tx);

    assert!(
        matches!(&twice, Err(StoreError::Conflict { constraint }) if constraint == "institutions_erasmus_key"),
        "{twice:?}"
    );
    assert!(matches!(&dangling, Err(StoreError::Reference { .. })), "{dangling:?}");
    assert!(
        matches!(&below_zero, Err(StoreError::Check { constraint }) if constraint == "place_lines_held"),
        "{below_zero:?}"
    );
}

#[rstest]
#[tokio::test]
async fn two_terms_of_the_chair_never_share_a_day(#[values(Db::Sqlite, Db::Postgres)] kind: Db) {
    let bench = bench(kind).await;
    let member = institution(&bench.at, "AGRAZ01");
    let anna = someone(&bench.at);
    let term = |from: &str, until: &str| chair_term::ActiveModel {
        id: Set(bench.at.id()),
        institution_id: member.id.clone(),
        person_id: anna.id.clone(),
        from_on: Set(from.parse().unwrap()),
        until_on: Set(until.parse().unwrap()),
        handed_over_at: Set(None),
        created_at: Set(bench.at.now),
        version: Set(1),
    };
    let terms = [
        term("2026-01-01", "2026-12-31"),
        term("2027-01-01", "2027-12-31"),
        term("2027-12-31", "2028-12-31"),
    ];
    let tx = bench.store.begin().await.unwrap();
    insert_many(&tx, vec![member]).await.unwrap();
    insert_many(&tx, vec![anna]).await.unwrap();

    let [first, next, overlapping] = terms;
    insert_many(&tx, vec![first, next]).await.unwrap();
    let refused = insert_many(&tx, vec![overlapping]).await;

    assert!(
        matches!(&refused, Err(StoreError::Check { constraint }) if constraint == "chair_terms_overlap"),
        "{refused:?}"
    );
}

fn someone(at: &Moment) -> person::ActiveModel {
    person::ActiveModel {
        id: Set(at.id()),
        given_name: Set("Anna".to_owned()),
        family_name: Set("Huber".to_owned()),
        email: Set(Some("anna@example.org".to_owned())),
        language: Set("de".to_owned()),
        nationality: Set(None),
        gender: Set(None),
        birth_year: Set(None),
        mails: Set(sojourn_engine::vocabulary::Mails::Daily),
        technical: Set(false),
        erased_at: Set(None),
        created_at: Set(at.now),
        version: Set(1),
        unreachable_since: Set(None),
        unreachable_words: Set(None),
    }
}

#[rstest]
#[tokio::test]
async fn more_rows_than_one_statement_can_bind_are_all_written(#[values(Db::Sqlite, Db::Postgres)] kind: Db) {
    let bench = bench(kind).await;
    let file: ImportFileId = bench.at.id();
    let rows = (1..=20_001).map(|record| import_row::ActiveModel {
        file_id: Set(file),
        record: Set(record),
        kind: Set(None),
        case_id: Set(None),
        refusal: Set((record % 2 == 0).then(|| "no such code".to_owned())),
    });
    let tx = bench.store.begin().await.unwrap();
    let written = import_file::ActiveModel {
        id: Set(file),
        sha256: Set(vec![7; 32]),
        name: Set("2008-09.csv".to_owned()),
        mapping: Set("erasmus".to_owned()),
        started_at: Set(bench.at.now),
        finished_at: Set(None),
    };
    insert_many(&tx, vec![written]).await.unwrap();
    insert_many(&tx, rows.collect()).await.unwrap();
    tx.commit().await.unwrap();

    let read = import_row::Entity::find().all(bench.store.read().db()).await.unwrap();
    assert_eq!(read.len(), 20_001);
    assert_eq!(read.iter().filter(|row| row.refusal.is_some()).count(), 10_000);
}

#[rstest]
#[tokio::test]
async fn pages_give_every_row_once_while_rows_are_added(#[values(Db::Sqlite, Db::Postgres)] kind: Db) {
    let bench = bench(kind).await;
    let rows: Vec<_> = (0..7).map(|at| institution(&minute(&bench.at, at / 3), &format!("A{at}"))).collect();
    write(&bench, rows).await.unwrap();

    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = newest(&bench, cursor).await.unwrap();
        seen.extend(page.items.iter().map(|row| row.erasmus_key.clone().unwrap()));
        write(&bench, vec![institution(&minute(&bench.at, 9), &format!("B{}", seen.len()))]).await.unwrap();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }

    seen.sort();
    assert_eq!(seen, ["A0", "A1", "A2", "A3", "A4", "A5", "A6"]);
}

fn minute(at: &Moment, minutes: i64) -> Moment {
    at.as_of(at.now + TimeDelta::minutes(minutes))
}

async fn newest(
    bench: &Bench,
    cursor: Option<String>,
) -> Result<sojourn::store::page::Page<institution::Model>, StoreError> {
    let asked = Asked { limit: 2, cursor };
    let keyset: Keyset<(DateTime<Utc>, InstitutionId)> = Keyset::read(&asked, "newest", &["member"])?;
    let columns = [institution::Column::CreatedAt, institution::Column::Id];
    let rows =
        keyset.narrow(institution::Entity::find(), columns, Order::Desc).all(bench.store.read().db()).await?;
    Ok(keyset.page(rows, |row| (row.created_at, row.id)))
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let bench = bench(Db::Sqlite).await;
    write(&bench, (0..3).map(|at| institution(&bench.at, &format!("A{at}"))).collect()).await.unwrap();
    let cursor = newest(&bench, None).await.unwrap().next;
    let asked = Asked { limit: 2, cursor };

    let filtered = Keyset::<(DateTime<Utc>, InstitutionId)>::read(&asked, "newest", &["partner"]);
    let sorted = Keyset::<(DateTime<Utc>, InstitutionId)>::read(&asked, "oldest", &["member"]);
    let garbled = newest(&bench, Some("AAAA".to_owned())).await;

    assert!(matches!(filtered, Err(StoreError::Cursor)));
    assert!(matches!(sorted, Err(StoreError::Cursor)));
    assert!(matches!(garbled, Err(StoreError::Cursor)));
}

#[rstest]
#[tokio::test]
async fn history_cannot_be_changed_or_removed(#[values(Db::Sqlite, Db::Postgres)] kind: Db) {
    let database = TestDatabase::migrated(kind).await;
    let db = database.connect().await;
    if kind == Db::Sqlite {
        db.execute_unprepared("PRAGMA foreign_keys = OFF").await.unwrap();
    } else {
        db.execute_unprepared("ALTER TABLE history DROP CONSTRAINT history_case_id_fkey").await.unwrap();
    }
    let (id, hash) = match kind {
        Db::Sqlite => ("x'019a7c3e5b1f7a208c441d2e3f405162'", "x'00'"),
        Db::Postgres => ("'019a7c3e-5b1f-7a20-8c44-1d2e3f405162'", "'\\x00'"),
    };
    let insert = format!(
        "INSERT INTO history (case_id, number, machine, at, recorded_at, via, actor_role, event, to_state, \
         workflow_version_id, facts, hash) VALUES ({id}, 1, 'main', '2026-09-01T08:00:00Z', '2026-09-01T08:00:00Z', \
         'api', 'student', 'submit', 'submitted', {id}, '', {hash})"
    );
    db.execute_unprepared(&insert).await.unwrap();

    let changed = db.execute_unprepared("UPDATE history SET event = 'refuse'").await.unwrap_err().to_string();
    let removed = db.execute_unprepared("DELETE FROM history").await.unwrap_err().to_string();

    assert!(changed.contains("history is append-only"), "{changed}");
    assert!(removed.contains("history is append-only"), "{removed}");
}
