//! Programmes with their offerings.
//!
//! A draft is seen by those who run exchanges for its host and by the secretariat; what was published, by everybody.

mod sought;

use chrono::NaiveDate;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, JoinType, Order, QueryFilter, QueryOrder,
    QuerySelect, RelationTrait,
};
use serde::Serialize;
use sojourn_engine::ids::{CallId, CaseId, InstitutionId, OfferingId, ProgrammeId};
use sojourn_engine::vocabulary::{Level, ProgrammeKind, Publication};
use sojourn_entities::{call, call_offering, institution, offering, period, programme};

use super::page::{Asked, Keyset, Page};
use super::periods::Period;
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};
use crate::access::Caller;

pub use sojourn_entities::offering::Model as Offering;
pub use sojourn_entities::programme::Model as Programme;
pub use sought::{Facets, facets};

/// Which programmes.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Wanted {
    /// Only of this kind.
    pub kind: Option<ProgrammeKind>,
    /// Only of this host.
    pub host: Option<InstitutionId>,
    /// Only as far as this.
    pub status: Option<Publication>,
    /// Only those that follow this workflow.
    pub workflow: Option<String>,
    /// Only those whose host is in this country (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    /// Only those for this field: the beginning of an ISCED-F 2013 code.
    pub field: Option<String>,
    /// Only those for this study cycle.
    pub level: Option<Level>,
    /// Only those that ask for this language or for none (BCP 47).
    pub language: Option<String>,
    /// Only those held in an academic year that begins in this year.
    pub academic_year: Option<i16>,
    /// Only those held in the term with this code.
    pub term: Option<String>,
    /// Only those with a place left for one of these homes, as the lines of places say.
    pub free_for: Option<Vec<InstitutionId>>,
    /// Only those whose title, or whose host's name, holds this.
    pub q: Option<String>,
}

fn seen(by: Option<&Caller>) -> Condition {
    match by {
        Some(caller) if caller.is_secretariat() => Condition::all(),
        _ => Condition::any()
            .add(programme::Column::Status.ne(Publication::Draft))
            .add(programme::Column::HostId.is_in(by.map(Caller::coordinated).unwrap_or_default())),
    }
}

/// A page of the programmes somebody sees, in the order they were entered.
pub async fn list(
    conn: &impl Conn,
    by: Option<&Caller>,
    asked: &Asked,
    wanted: &Wanted,
) -> Result<Page<Programme>> {
    let keyset: Keyset<(ProgrammeId,)> = Keyset::read(asked, "programmes", wanted)?;
    let mut query = programme::Entity::find().filter(seen(by));
    if let Some(kind) = wanted.kind {
        query = query.filter(programme::Column::Kind.eq(kind));
    }
    if let Some(host) = wanted.host {
        query = query.filter(programme::Column::HostId.eq(host));
    }
    if let Some(status) = wanted.status {
        query = query.filter(programme::Column::Status.eq(status));
    }
    if let Some(workflow) = &wanted.workflow {
        query = query.filter(programme::Column::WorkflowId.eq(workflow));
    }
    let query = query.filter(sought::matching(wanted));
    let rows = keyset.narrow(query, [programme::Column::Id], Order::Asc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// One programme, when it is seen.
pub async fn find(conn: &impl Conn, by: Option<&Caller>, id: ProgrammeId) -> Result<Option<Programme>> {
    Ok(programme::Entity::find_by_id(id).filter(seen(by)).one(conn.db()).await?)
}

/// One programme, whoever asks: for what happens by itself.
pub async fn any(conn: &impl Conn, id: ProgrammeId) -> Result<Option<Programme>> {
    Ok(programme::Entity::find_by_id(id).one(conn.db()).await?)
}

/// The programme that a case vets.
pub async fn of_case(conn: &impl Conn, case: CaseId) -> Result<Option<Programme>> {
    Ok(programme::Entity::find().filter(programme::Column::CaseId.eq(case)).one(conn.db()).await?)
}

/// Enters a programme.
pub async fn add(tx: &Tx, row: Programme) -> Result<()> {
    insert_many(tx, vec![programme::ActiveModel::from(row)]).await
}

/// Writes the next version of a programme; `false` when that version is there already.
pub async fn replace(tx: &Tx, row: Programme) -> Result<bool> {
    let (id, read) = (row.id, row.version - 1);
    let update = programme::Entity::update_many()
        .set(programme::ActiveModel::from(row).reset_all())
        .filter(programme::Column::Id.eq(id))
        .filter(programme::Column::Version.eq(read));
    guarded(tx, update).await
}

/// A page of a programme's offerings with their periods.
pub async fn offerings(conn: &impl Conn, of: ProgrammeId, asked: &Asked) -> Result<Page<(Offering, Period)>> {
    let keyset: Keyset<(OfferingId,)> = Keyset::read(asked, "offerings", &of)?;
    let query = offering::Entity::find().filter(offering::Column::ProgrammeId.eq(of));
    let columns = [(offering::Entity, offering::Column::Id)];
    let rows = keyset
        .narrow(query, columns, Order::Asc)
        .find_also(offering::Entity, period::Entity)
        .all(conn.db())
        .await?;
    let rows = rows.into_iter().filter_map(|(row, period)| Some((row, period?))).collect();
    Ok(keyset.page(rows, |(row, _)| (row.id,)))
}

/// One offering of a programme, with its period.
pub async fn offering(
    conn: &impl Conn,
    of: ProgrammeId,
    id: OfferingId,
) -> Result<Option<(Offering, Period)>> {
    let row = offering::Entity::find_by_id(id)
        .filter(offering::Column::ProgrammeId.eq(of))
        .find_also(offering::Entity, period::Entity)
        .one(conn.db())
        .await?;
    Ok(row.and_then(|(row, period)| Some((row, period?))))
}

/// Enters an offering.
pub async fn add_offering(tx: &Tx, row: Offering) -> Result<()> {
    insert_many(tx, vec![offering::ActiveModel::from(row)]).await
}

/// Writes the next version of an offering; `false` when that version is there already.
pub async fn replace_offering(tx: &Tx, row: Offering) -> Result<bool> {
    let (id, read) = (row.id, row.version - 1);
    let update = offering::Entity::update_many()
        .set(offering::ActiveModel::from(row).reset_all())
        .filter(offering::Column::Id.eq(id))
        .filter(offering::Column::Version.eq(read));
    guarded(tx, update).await
}

/// A call that opened an offering to applicants.
pub async fn opened_by(conn: &impl Conn, id: OfferingId) -> Result<Option<CallId>> {
    let query = call_offering::Entity::find()
        .filter(call_offering::Column::OfferingId.eq(id))
        .inner_join(call::Entity)
        .filter(call::Column::Status.ne(Publication::Draft))
        .select_only()
        .column(call_offering::Column::CallId);
    Ok(query.into_tuple().one(conn.db()).await?)
}

/// An offering with what it is of, for whoever opens calls.
#[derive(Debug, Clone)]
pub struct Coming {
    /// Its id.
    pub id: OfferingId,
    /// Title of its programme.
    pub title: String,
    /// How far the programme has come.
    pub status: Publication,
    /// Name of the host.
    pub host: String,
    /// First day.
    pub start_on: NaiveDate,
    /// Last day.
    pub end_on: NaiveDate,
}

/// Offerings that begin after a day, of programmes that are not closed and that somebody sees, by host and day; the first so many.
pub async fn coming(
    conn: &impl Conn,
    by: Option<&Caller>,
    after: NaiveDate,
    most: u64,
) -> Result<Vec<Coming>> {
    let rows: Vec<(OfferingId, String, Publication, String, NaiveDate, NaiveDate)> = offering::Entity::find()
        .select_only()
        .column(offering::Column::Id)
        .columns([programme::Column::Title, programme::Column::Status])
        .column(institution::Column::Name)
        .columns([offering::Column::StartOn, offering::Column::EndOn])
        .join(JoinType::InnerJoin, offering::Relation::Programme.def())
        .join(JoinType::InnerJoin, programme::Relation::Institution.def())
        .filter(seen(by))
        .filter(programme::Column::Status.ne(Publication::Closed))
        .filter(offering::Column::StartOn.gt(after))
        .order_by_asc(institution::Column::Name)
        .order_by_asc(offering::Column::StartOn)
        .order_by_asc(offering::Column::Id)
        .limit(most)
        .into_tuple()
        .all(conn.db())
        .await?;
    let coming =
        |(id, title, status, host, start_on, end_on)| Coming { id, title, status, host, start_on, end_on };
    Ok(rows.into_iter().map(coming).collect())
}
