//! The history of one case, with what people wrote.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter};
use sojourn_engine::ids::{CaseId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::Via;
use sojourn_entities::history;

use super::page::{Asked, Keyset, Page};
use super::{Conn, StoreError, payloads};

/// One step with what was written.
#[derive(Debug, Clone)]
pub struct Step {
    /// 1, 2, 3 … in the case.
    pub number: i32,
    /// `main`, or the track with its key.
    pub machine: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// By which door it came.
    pub via: Via,
    /// Who acted.
    pub actor: Option<PersonId>,
    /// In which role.
    pub role: String,
    /// For which institution.
    pub institution: Option<InstitutionId>,
    /// The event.
    pub event: String,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: String,
    /// Hash of the step.
    pub hash: Vec<u8>,
    /// Data, reason code, reason, note.
    pub written: Option<Written>,
}

/// What people wrote with a step.
#[derive(Debug, Clone)]
pub struct Written {
    /// Data of the event, as JSON.
    pub data: Option<String>,
    /// Code of the reason.
    pub reason_code: Option<String>,
    /// Text of the reason.
    pub reason: Option<String>,
    /// For the writer's institution only.
    pub note: Option<String>,
}

/// A page of a case's history, first step first; only steps from the first instant on and before the second.
pub async fn page(
    conn: &impl Conn,
    case: CaseId,
    (since, until): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    asked: &Asked,
) -> Result<Page<Step>, StoreError> {
    let keyset = Keyset::<(i32,)>::read(asked, "number", &(case, since, until))?;
    let mut query = history::Entity::find().filter(history::Column::CaseId.eq(case));
    if let Some(since) = since {
        query = query.filter(history::Column::At.gte(since));
    }
    if let Some(until) = until {
        query = query.filter(history::Column::At.lt(until));
    }
    let rows = keyset.narrow(query, [history::Column::Number], Order::Asc).all(conn.db()).await?;
    let mut payloads = payloads::of_steps(conn, case, rows.iter().map(|row| row.number)).await?;
    let mut written = |number: i32| {
        let payload = payloads.remove(&(case, number))?;
        let (reason_code, reason) = payload.reason.unzip();
        Some(Written { data: payload.data, reason_code, reason, note: payload.note })
    };
    Ok(keyset.page(rows, |row| (row.number,)).map(|row| Step {
        written: written(row.number),
        number: row.number,
        machine: row.machine,
        at: row.at,
        recorded_at: row.recorded_at,
        via: row.via,
        actor: row.actor_id,
        role: row.actor_role,
        institution: row.institution_id,
        event: row.event,
        from: row.from_state,
        to: row.to_state,
        hash: row.hash,
    }))
}
