//! Deadlines by which one reader is awaited, over all their cases: applications, programmes and agreements.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sojourn_engine::ids::{AgreementId, CaseId, InstitutionId, ProgrammeId};
use sojourn_entities::{agreement, application, case, programme, wait};

use super::items::{Item, Row, filled, rows, running_clocks};
use super::{Awaited, awaited, houses, seen};
use crate::access::Scope;
use crate::store::dossiers::CaseRow;
use crate::store::records::never;
use crate::store::{Conn, Result};

/// One deadline of one machine of a case.
#[derive(Debug, Clone)]
pub struct Waited {
    /// The case.
    pub case: CaseId,
    /// `main`, or the track with its key.
    pub machine: String,
    /// Role in the definition.
    pub role: String,
    /// Whether the reader is awaited by name, not for a duty.
    pub by_name: bool,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when.
    pub due_at: DateTime<Utc>,
}

/// A programme whose case awaits the reader.
#[derive(Debug, Clone)]
pub struct OfProgramme {
    /// The programme.
    pub id: ProgrammeId,
    /// Its title.
    pub title: String,
    /// IANA zone of its host.
    pub zone: String,
    /// Clocks that run: machine, name in the definition, end.
    pub clocks: Vec<(String, String, DateTime<Utc>)>,
    /// The case that vets it.
    pub case: CaseRow,
}

/// An agreement whose case awaits the reader.
#[derive(Debug, Clone)]
pub struct OfAgreement {
    /// The agreement.
    pub id: AgreementId,
    /// Name and IANA zone of the side that wrote it and of the other; none: the alliance as a whole.
    pub ends: [Option<(String, String)>; 2],
    /// Clocks that run: machine, name in the definition, end.
    pub clocks: Vec<(String, String, DateTime<Utc>)>,
    /// The case that runs it.
    pub case: CaseRow,
}

/// Deadlines of a reader, the first to end first, with what they are about.
#[derive(Debug, Default)]
pub struct Deadlines {
    /// The deadlines.
    pub waits: Vec<Waited>,
    /// Those of their cases that are applications the reader sees.
    pub applications: BTreeMap<CaseId, (Item, CaseRow)>,
    /// Those that vet programmes.
    pub programmes: BTreeMap<CaseId, OfProgramme>,
    /// Those that run agreements.
    pub agreements: BTreeMap<CaseId, OfAgreement>,
}

/// The first `most` deadlines by which a reader is awaited.
pub async fn deadlines(conn: &impl Conn, scope: &Scope, reader: &Awaited, most: u64) -> Result<Deadlines> {
    let awaits = awaited::for_reader(conn, reader).await?;
    let rows = wait::Entity::find()
        .filter(awaits.into_iter().fold(Condition::any(), Condition::add))
        .filter(wait::Column::DueAt.lt(never()))
        .order_by_asc(wait::Column::DueAt)
        .order_by_asc(wait::Column::CaseId)
        .order_by_asc(wait::Column::Machine)
        .order_by_asc(wait::Column::Role)
        .limit(most)
        .all(conn.db())
        .await?;
    let waited = |row: wait::Model| Waited {
        case: row.case_id,
        machine: row.machine,
        role: row.role,
        by_name: row.person_id == Some(reader.person),
        since: row.since,
        due_at: row.due_at,
    };
    let waits: Vec<Waited> = rows.into_iter().map(waited).collect();
    if waits.is_empty() {
        return Ok(Deadlines::default());
    }
    let mut cases: Vec<CaseId> = waits.iter().map(|wait| wait.case).collect();
    cases.sort_unstable();
    cases.dedup();
    let by_name = waits.iter().filter(|wait| wait.by_name).map(|wait| wait.case).collect();
    let applications = applications(conn, scope, &cases, by_name).await?;
    let (programmes, agreements) = (programmes(conn, &cases).await?, agreements(conn, &cases).await?);
    Ok(Deadlines { waits, applications, programmes, agreements })
}

/// Applications of the reader's scope, and those that await the reader by name.
async fn applications(
    conn: &impl Conn,
    scope: &Scope,
    cases: &[CaseId],
    by_name: Vec<CaseId>,
) -> Result<BTreeMap<CaseId, (Item, CaseRow)>> {
    let found: Vec<Row> = rows()
        .filter(application::Column::Id.is_in(cases.iter().copied()))
        .filter(Condition::any().add(seen(scope)).add(application::Column::Id.is_in(by_name)))
        .into_model()
        .all(conn.db())
        .await?;
    let items = filled(conn, found).await?;
    let mut rows = rows_of(conn, items.iter().map(|item| item.id).collect()).await?;
    let with = |item: Item| Some((item.id, (CaseRow::try_from(rows.remove(&item.id)?), item)));
    let found = items.into_iter().filter_map(with);
    found.map(|(id, (row, item))| Ok((id, (item, row?)))).collect()
}

async fn programmes(conn: &impl Conn, cases: &[CaseId]) -> Result<BTreeMap<CaseId, OfProgramme>> {
    let rows = programme::Entity::find()
        .filter(programme::Column::CaseId.is_in(cases.iter().copied()))
        .all(conn.db())
        .await?;
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<CaseId> = rows.iter().filter_map(|row| row.case_id).collect();
    let hosts: Vec<InstitutionId> = rows.iter().map(|row| row.host_id).collect();
    let zones = houses(conn, hosts).await?;
    let mut clocks = running_clocks(conn, ids.iter().copied()).await?;
    let mut cases = rows_of(conn, ids).await?;
    let mut about = BTreeMap::new();
    for row in rows {
        let Some(case) = row.case_id.and_then(|id| cases.remove(&id)) else { continue };
        let zone = zones.get(&row.host_id).map(|(_, zone)| zone.clone()).unwrap_or_default();
        let clocks = clocks.remove(&case.id).unwrap_or_default();
        let of = OfProgramme { id: row.id, title: row.title, zone, clocks, case: CaseRow::try_from(case)? };
        about.insert(of.case.id, of);
    }
    Ok(about)
}

async fn rows_of(conn: &impl Conn, ids: Vec<CaseId>) -> Result<BTreeMap<CaseId, case::Model>> {
    let rows = case::Entity::find().filter(case::Column::Id.is_in(ids)).all(conn.db()).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

async fn agreements(conn: &impl Conn, cases: &[CaseId]) -> Result<BTreeMap<CaseId, OfAgreement>> {
    let rows = agreement::Entity::find()
        .filter(agreement::Column::CaseId.is_in(cases.iter().copied()))
        .all(conn.db())
        .await?;
    if rows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<CaseId> = rows.iter().filter_map(|row| row.case_id).collect();
    let sides =
        houses(conn, rows.iter().flat_map(|row| [Some(row.proposer_id), row.partner_id]).flatten().collect())
            .await?;
    let mut clocks = running_clocks(conn, ids.iter().copied()).await?;
    let mut cases = rows_of(conn, ids).await?;
    let mut about = BTreeMap::new();
    for row in rows {
        let Some(case) = row.case_id.and_then(|id| cases.remove(&id)) else { continue };
        let ends =
            [Some(row.proposer_id), row.partner_id].map(|id| id.and_then(|id| sides.get(&id).cloned()));
        let of = OfAgreement {
            id: row.id,
            ends,
            clocks: clocks.remove(&case.id).unwrap_or_default(),
            case: CaseRow::try_from(case)?,
        };
        about.insert(of.case.id, of);
    }
    Ok(about)
}
