//! Everything the rules may ask about one case, read in a handful of set-based statements.
//!
//! A [`Dossier`] is plain values: `app` turns it into the engine's case and facts. To let guards ask for something new, add it
//! here to the statement that is nearest to it.

mod around;
mod case_row;
mod covers;
mod parts;
mod rows;

use chrono::NaiveDate;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use sojourn_engine::ids::{CallId, CaseId, InstitutionId, OfferingId, PersonId, RegistrationId};
use sojourn_engine::vocabulary::Publication;
use sojourn_entities::{
    application, call, case, choice, institution, offering, period, person, programme, registration,
};

pub use case_row::{CaseRow, PausedRow, TrackRow};
pub use covers::{Cover, covers, held, hold};
pub use rows::{
    Account, ApplicationRow, Choice, Dossier, ExtraTerm, Institution, Offering, RunningClock, Stay, Student,
};

use self::around::Around;
pub(super) use self::parts::clocks_of;
use super::calls::Call;
use super::places::Waiting;
use super::{Conn, StoreError, json};
use crate::access::full_name;

/// Reads what stands around applications, and in how many cases others wait for their lines: as many statements as for one.
pub async fn fill(
    conn: &impl Conn,
    covers: Vec<Cover>,
    waiting: &Waiting,
) -> Result<Vec<Dossier>, StoreError> {
    let mut around = Around::read(conn, &covers, waiting).await?;
    covers.into_iter().map(|cover| around.dossier(cover)).collect()
}

/// The version of a case; `None` when there is none.
pub async fn version(conn: &impl Conn, id: CaseId) -> Result<Option<i32>, StoreError> {
    Ok(of_cases(&[id]).into_tuple().one(conn.db()).await?)
}

fn of_cases(ids: &[CaseId]) -> Select<case::Entity> {
    let these = case::Entity::find().filter(case::Column::Id.is_in(ids.iter().copied()));
    these.select_only().column(case::Column::Version)
}

/// Offerings by id, with what they offer, for applications that are about to be opened.
pub async fn offerings(conn: &impl Conn, ids: &[OfferingId]) -> Result<Vec<Offering>, StoreError> {
    let rows = offering::Entity::find()
        .filter(offering::Column::Id.is_in(ids.iter().copied()))
        .find_also(offering::Entity, period::Entity)
        .find_also(offering::Entity, programme::Entity)
        .find_also(programme::Entity, institution::Entity)
        .all(conn.db())
        .await?;
    rows.into_iter()
        .filter_map(|(offering, period, programme, host)| {
            Some(build_offering(&offering, &period?, programme?, host?))
        })
        .collect()
}

/// Offerings that a choice may go beyond an application for: of published programmes of a workflow, not over yet, by their hosts' names.
pub async fn beyond(
    conn: &impl Conn,
    workflow: &str,
    on: NaiveDate,
    most: u64,
) -> Result<Vec<Offering>, StoreError> {
    let rows = offering::Entity::find()
        .find_also(offering::Entity, period::Entity)
        .find_also(offering::Entity, programme::Entity)
        .find_also(programme::Entity, institution::Entity)
        .filter(programme::Column::WorkflowId.eq(workflow))
        .filter(programme::Column::Status.eq(Publication::Published))
        .filter(offering::Column::EndOn.gt(on))
        .order_by_asc(institution::Column::Name)
        .order_by_asc(offering::Column::Id)
        .limit(most)
        .all(conn.db())
        .await?;
    rows.into_iter()
        .filter_map(|(offering, period, programme, host)| {
            Some(build_offering(&offering, &period?, programme?, host?))
        })
        .collect()
}

fn build_choice(
    choice: &choice::Model,
    offering: &offering::Model,
    period: &period::Model,
    programme: programme::Model,
    host: institution::Model,
) -> Result<Choice, StoreError> {
    Ok(Choice {
        id: choice.id,
        rank: choice.rank,
        line: choice.place_line_id,
        result: choice.result,
        host_sees_from: choice.host_sees_from,
        host_sees_until: choice.host_sees_until,
        offering: build_offering(offering, period, programme, host)?,
    })
}

fn build_offering(
    offering: &offering::Model,
    period: &period::Model,
    programme: programme::Model,
    host: institution::Model,
) -> Result<Offering, StoreError> {
    Ok(Offering {
        id: offering.id,
        start_on: offering.start_on,
        end_on: offering.end_on,
        period: period.id,
        twelfths: period.twelfths,
        programme: programme.id,
        unit: programme.unit_id,
        status: programme.status,
        title: programme.title,
        kind: programme.kind,
        gives_credit: programme.gives_credit,
        fields: json(programme.fields)?,
        levels: json(programme.levels)?,
        languages: json(programme.languages)?,
        host: Institution::try_from(host)?,
    })
}

fn student_of(application: &application::Model, row: registration::Model) -> Result<Student, StoreError> {
    match &application.frozen_registration {
        Some(frozen) => json(frozen.clone()),
        None => Student::try_from(row),
    }
}

/// What guards may ask of a registration as it stands today.
pub async fn student(conn: &impl Conn, id: RegistrationId) -> Result<Student, StoreError> {
    let row = registration::Entity::find_by_id(id).one(conn.db()).await?;
    let gone = || StoreError::Internal(sea_orm::DbErr::RecordNotFound(format!("registration {id}")));
    Student::try_from(row.ok_or_else(gone)?)
}

/// The host's first term that begins after a day, the shorter of two.
pub async fn term_after(
    conn: &impl Conn,
    host: InstitutionId,
    day: NaiveDate,
) -> Result<Option<ExtraTerm>, StoreError> {
    let row = period::Entity::find()
        .filter(period::Column::InstitutionId.eq(host))
        .filter(period::Column::StartOn.gt(day))
        .order_by_asc(period::Column::StartOn)
        .order_by_asc(period::Column::EndOn)
        .order_by_asc(period::Column::Id)
        .one(conn.db())
        .await?;
    Ok(row.map(ExtraTerm::from))
}

/// Given and family name of people, for views that name them.
pub async fn names(conn: &impl Conn, ids: &[PersonId]) -> Result<Vec<(PersonId, String)>, StoreError> {
    let rows =
        person::Entity::find().filter(person::Column::Id.is_in(ids.iter().copied())).all(conn.db()).await?;
    Ok(rows.iter().map(|row| (row.id, full_name(&row.given_name, &row.family_name))).collect())
}

/// The call of a dossier that is about to be made.
pub async fn call(conn: &impl Conn, id: CallId) -> Result<Option<Call>, StoreError> {
    call::Entity::find_by_id(id).one(conn.db()).await?.map(Call::try_from).transpose()
}
