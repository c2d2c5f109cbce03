//! Checkpoints: what no checkpoint holds yet, and those there are.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use sojourn_engine::ids::CaseId;
use sojourn_engine::vocabulary::Via;
use sojourn_entities::{case, checkpoint, checkpoint_head, history};

use super::write::insert_many;
use super::{Conn, Result, Tx};

pub use sojourn_entities::checkpoint::Model as Checkpoint;

/// Cases read at a time.
const RANGE: u64 = 500;
/// Rows written by one statement.
const ROWS: usize = 1_000;

/// Steps of one case that stand in no checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// The case.
    pub case: CaseId,
    /// Number of the first that is listed.
    pub from: i32,
    /// Their hashes, in order. Of imported ones, which come all at once, the last alone: it covers those before.
    pub hashes: Vec<Vec<u8>>,
}

/// Steps that no checkpoint holds, by case.
pub async fn unsigned(conn: &impl Conn) -> Result<Vec<Unsigned>> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let cases: Vec<(CaseId, i32)> = case::Entity::find()
            .select_only()
            .columns([case::Column::Id, case::Column::Steps])
            .filter(after.map_or_else(|| case::Column::Steps.gte(0), |id: CaseId| case::Column::Id.gt(id)))
            .order_by_asc(case::Column::Id)
            .limit(RANGE)
            .into_tuple()
            .all(conn.db())
            .await?;
        let Some((last, _)) = cases.last() else { return Ok(all) };
        after = Some(*last);
        let ids = cases.iter().map(|(id, _)| *id);
        let heads = checkpoint_head::Entity::find().filter(checkpoint_head::Column::CaseId.is_in(ids));
        let heads: BTreeMap<CaseId, i32> =
            heads.all(conn.db()).await?.into_iter().map(|row| (row.case_id, row.steps)).collect();
        let signed = |id: &CaseId| heads.get(id).copied().unwrap_or(0);
        let grown: Vec<CaseId> =
            cases.iter().filter(|(id, steps)| signed(id) < *steps).map(|(id, _)| *id).collect();
        let rows: Vec<(CaseId, i32, Vec<u8>, Via)> = history::Entity::find()
            .select_only()
            .columns([
                history::Column::CaseId,
                history::Column::Number,
                history::Column::Hash,
                history::Column::Via,
            ])
            .filter(history::Column::CaseId.is_in(grown))
            .order_by_asc(history::Column::CaseId)
            .order_by_asc(history::Column::Number)
            .into_tuple()
            .all(conn.db())
            .await?;
        let fresh = rows.into_iter().filter(|(id, number, ..)| *number > signed(id));
        fresh.for_each(|row| list(&mut all, row));
    }
}

fn list(all: &mut Vec<Unsigned>, (case, number, hash, via): (CaseId, i32, Vec<u8>, Via)) {
    match all.last_mut().filter(|last| last.case == case) {
        Some(last) if via == Via::Import => (last.from, last.hashes) = (number, vec![hash]),
        Some(last) => last.hashes.push(hash),
        None => all.push(Unsigned { case, from: number, hashes: vec![hash] }),
    }
}

/// The newest checkpoint.
pub async fn newest(conn: &impl Conn) -> Result<Option<Checkpoint>> {
    Ok(checkpoint::Entity::find().order_by_desc(checkpoint::Column::Number).one(conn.db()).await?)
}

/// One checkpoint.
pub async fn find(conn: &impl Conn, number: i32) -> Result<Option<Checkpoint>> {
    Ok(checkpoint::Entity::find_by_id(number).one(conn.db()).await?)
}

/// Cases there are, and steps.
pub async fn counts(conn: &impl Conn) -> Result<(u64, u64)> {
    Ok((case::Entity::find().count(conn.db()).await?, history::Entity::find().count(conn.db()).await?))
}

/// Keeps a checkpoint, and how far each case stands in it.
pub async fn keep(tx: &Tx, row: Checkpoint, signed: &[Unsigned]) -> Result<()> {
    let row = checkpoint::ActiveModel {
        number: Set(row.number),
        at: Set(row.at),
        hash: Set(row.hash),
        file: Set(row.file),
    };
    insert_many(tx, vec![row]).await?;
    let last = |one: &Unsigned| one.from + i32::try_from(one.hashes.len()).unwrap_or(i32::MAX) - 1;
    for rows in signed.chunks(ROWS) {
        let rows = rows
            .iter()
            .map(|one| checkpoint_head::ActiveModel { case_id: Set(one.case), steps: Set(last(one)) });
        let grown = OnConflict::column(checkpoint_head::Column::CaseId)
            .update_column(checkpoint_head::Column::Steps)
            .to_owned();
        checkpoint_head::Entity::insert_many(rows).on_conflict(grown).exec_without_returning(tx.db()).await?;
    }
    Ok(())
}

/// Hashes of steps of some cases by case and number, whichever of them there are.
pub async fn hashes(conn: &impl Conn, cases: &[CaseId]) -> Result<BTreeMap<(CaseId, i32), Vec<u8>>> {
    let rows: Vec<(CaseId, i32, Vec<u8>)> = history::Entity::find()
        .select_only()
        .columns([history::Column::CaseId, history::Column::Number, history::Column::Hash])
        .filter(history::Column::CaseId.is_in(cases.iter().copied()))
        .into_tuple()
        .all(conn.db())
        .await?;
    Ok(rows.into_iter().map(|(case, number, hash)| ((case, number), hash)).collect())
}

/// When a checkpoint was last made.
pub async fn last_made(conn: &impl Conn) -> Result<Option<DateTime<Utc>>> {
    let at = checkpoint::Entity::find()
        .select_only()
        .column(checkpoint::Column::At)
        .order_by_desc(checkpoint::Column::Number)
        .into_tuple()
        .one(conn.db())
        .await?;
    Ok(at)
}
