//! What people wrote with the steps of a case: sealed with the key of whom the case is about, opened for those who read it.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use serde::{Deserialize, Serialize};
use sojourn_engine::ids::{CaseId, PersonId};
use sojourn_entities::{application, history_payload, payload};
use uuid::Uuid;

use super::person_keys::{self, Keys, bytes, nobody};
use super::records::NewPayload;
use super::verify::Cases;
use super::write::insert_many;
use super::{Conn, Result, Tx};

/// What is sealed, in the order of its fields.
#[derive(Serialize, Deserialize)]
struct Sealed {
    /// In hexadecimal digits.
    key: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    reason: Option<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    note: Option<String>,
}

/// Where a payload belongs: its table, its person, its case and its step.
fn place(owner: PersonId, case: CaseId, number: i32) -> Vec<u8> {
    let number = number.to_be_bytes();
    let case = Uuid::from(case).into_bytes();
    [b"payloads\0", bytes(owner).as_slice(), &case, &number].concat()
}

/// Seals what was written with steps, and keeps it.
async fn add(tx: &Tx, new: Vec<NewPayload>) -> Result<()> {
    insert_many(tx, sealed(tx, new).await?).await
}

/// What was written with steps, sealed.
pub(super) async fn sealed(tx: &Tx, new: Vec<NewPayload>) -> Result<Vec<payload::ActiveModel>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let keys = person_keys::made(tx, &owners(&new)).await?;
    under(&keys, new)
}

/// What was written with steps by those who have a key, sealed; what others wrote stays where it was.
pub(super) async fn sealed_ahead(
    conn: &impl Conn,
    new: &mut Vec<NewPayload>,
) -> Result<Vec<payload::ActiveModel>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let keys = person_keys::of(conn, &owners(new)).await?;
    let known = new.extract_if(.., |one| keys.contains_key(&one.owner)).collect();
    under(&keys, known)
}

fn owners(new: &[NewPayload]) -> BTreeSet<PersonId> {
    new.iter().map(|one| one.owner).collect()
}

fn under(keys: &Keys, new: Vec<NewPayload>) -> Result<Vec<payload::ActiveModel>> {
    let mut rows = Vec::with_capacity(new.len());
    for one in new {
        let place = place(one.owner, one.case, one.number);
        let plain = Sealed { key: hex::encode(one.key), data: one.data, reason: one.reason, note: one.note };
        let Some(key) = keys.get(&one.owner) else { continue };
        let plain = serde_json::to_vec(&plain).map_err(super::unwritten)?;
        rows.push(payload::ActiveModel {
            case_id: Set(one.case),
            number: Set(one.number),
            owner_id: Set(one.owner),
            sealed: Set(key.seal(&place, &plain)?),
        });
    }
    Ok(rows)
}

/// What was written with these steps of a case.
pub async fn of_steps(
    conn: &impl Conn,
    case: CaseId,
    numbers: impl IntoIterator<Item = i32>,
) -> Result<BTreeMap<(CaseId, i32), NewPayload>> {
    let query = payload::Entity::find()
        .filter(payload::Column::CaseId.eq(case))
        .filter(payload::Column::Number.is_in(numbers));
    open(conn, query).await
}

/// What was written in these cases.
pub(super) async fn of_cases(conn: &impl Conn, of: Cases<'_>) -> Result<BTreeMap<(CaseId, i32), NewPayload>> {
    open(conn, payload::Entity::find().filter(of.among(payload::Column::CaseId))).await
}

/// Opens payloads: what was erased is missing, what was changed has no key, so that it matches no HMAC.
async fn open(
    conn: &impl Conn,
    query: Select<payload::Entity>,
) -> Result<BTreeMap<(CaseId, i32), NewPayload>> {
    let rows = query.all(conn.db()).await?;
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let owners: BTreeSet<PersonId> = rows.iter().map(|row| row.owner_id).collect();
    let keys = person_keys::of(conn, &owners).await?;
    let plain = |row: payload::Model| {
        let key = keys.get(&row.owner_id)?;
        let (owner, case, number) = (row.owner_id, row.case_id, row.number);
        let opened = key.unseal(&place(owner, case, number), &row.sealed).ok();
        let read = opened.and_then(|plain| serde_json::from_slice::<Sealed>(&plain).ok());
        if read.is_none() {
            tracing::error!(%case, number, "what was written with a step does not open: it was changed");
        }
        let Sealed { key, data, reason, note } =
            read.unwrap_or(Sealed { key: String::new(), data: None, reason: None, note: None });
        let key = hex::decode(key).unwrap_or_default();
        Some(((case, number), NewPayload { owner, case, number, key, data, reason, note }))
    };
    Ok(rows.into_iter().filter_map(plain).collect())
}

/// Seals up to so many payloads from before there were keys, and says how many there were.
pub async fn seal_old(tx: &Tx, most: u64) -> Result<u64> {
    let query = history_payload::Entity::find()
        .order_by_asc(history_payload::Column::CaseId)
        .order_by_asc(history_payload::Column::Number)
        .limit(most)
        .lock_exclusive();
    let rows = query.all(tx.db()).await?;
    let cases: BTreeSet<CaseId> = rows.iter().map(|row| row.case_id).collect();
    let owners: Vec<(CaseId, PersonId)> = application::Entity::find()
        .select_only()
        .columns([application::Column::Id, application::Column::ApplicantId])
        .filter(application::Column::Id.is_in(cases))
        .into_tuple()
        .all(tx.db())
        .await?;
    let owners: BTreeMap<CaseId, PersonId> = owners.into_iter().collect();
    let (count, mut new) = (rows.len() as u64, Vec::with_capacity(rows.len()));
    for row in rows {
        history_payload::Entity::delete_by_id((row.case_id, row.number)).exec(tx.db()).await?;
        new.push(NewPayload {
            owner: owners.get(&row.case_id).copied().unwrap_or_else(nobody),
            case: row.case_id,
            number: row.number,
            key: row.key,
            data: row.data,
            reason: row.reason_code.zip(row.reason),
            note: row.note,
        });
    }
    add(tx, new).await?;
    Ok(count)
}
