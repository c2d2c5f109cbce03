//! What keeps somebody's data from being erased: a dispute, an audit, a duty to keep. The secretariat sets and lifts it, with a reason.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use sojourn_engine::ids::{LegalHoldId, PersonId};
use sojourn_engine::vocabulary::{Deed, Matter};
use utoipa::ToSchema;

use super::audit::Deeds;
use super::{Answer, App, Error, Once, Page, Result, current, demand};
use crate::access::{Caller, Policy};
use crate::store::legal_holds::{self as store, LegalHold};
use crate::store::people;

/// A legal hold.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LegalHoldView {
    /// Its id.
    pub id: LegalHoldId,
    /// Whose data stay.
    pub person: PersonId,
    /// Why.
    pub reason: String,
    /// Who set it.
    pub set_by: PersonId,
    /// When.
    pub set_at: DateTime<Utc>,
    /// When it was lifted.
    pub lifted_at: Option<DateTime<Utc>>,
    /// 1, and 2 once it is lifted.
    pub version: i32,
}

impl From<LegalHold> for LegalHoldView {
    fn from(row: LegalHold) -> Self {
        let version = version(&row);
        Self {
            id: row.id,
            person: row.person_id,
            reason: row.reason,
            set_by: row.set_by,
            set_at: row.set_at,
            lifted_at: row.lifted_at,
            version,
        }
    }
}

const fn version(row: &LegalHold) -> i32 {
    if row.lifted_at.is_some() { 2 } else { 1 }
}

/// Holds on somebody's data, the first first; lifted ones too.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn list(app: &App, caller: &Caller, person: PersonId) -> Result<Page<LegalHoldView>> {
    demand(Policy::Secretariat, caller)?;
    let conn = app.store.read();
    people::find(conn, caller, person).await?.ok_or(Error::NotFound)?;
    let items = store::of(conn, person).await?.into_iter().map(Into::into).collect();
    Ok(Page { items, next: None })
}

/// Sets a hold.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn set(app: &App, caller: &Caller, once: &Once, person: PersonId, reason: &str) -> Result<Answer> {
    demand(Policy::Secretariat, caller)?;
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    people::find(&tx, caller, person).await?.ok_or(Error::NotFound)?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let row = LegalHold {
        id: at.id(),
        person_id: person,
        reason: reason.trim().to_owned(),
        set_by: caller.person,
        set_at: at.now,
        lifted_by: None,
        lifted_at: None,
    };
    store::add(&tx, row.clone()).await?;
    let deed = Deeds::new(Deed::Change, Matter::Person, person);
    deed.with(&json!({ "legal_hold": row.id }))?.note(&tx, &at, caller).await?;
    let location = format!("/api/v1/people/{person}/holds/{}", row.id);
    turn.finish(tx, &at, Answer::created(location, 1, &LegalHoldView::from(row))?).await
}

/// Lifts a hold.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Stale`] for one that was lifted.
pub async fn lift(
    app: &App,
    caller: &Caller,
    (person, id): (PersonId, LegalHoldId),
    read: i32,
) -> Result<()> {
    demand(Policy::Secretariat, caller)?;
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    people::find(&tx, caller, person).await?.ok_or(Error::NotFound)?;
    let holds = store::of(&tx, person).await?;
    let row = holds.iter().find(|row| row.id == id).ok_or(Error::NotFound)?;
    current(version(row), read)?;
    if !store::lift(&tx, id, caller.person, at.now).await? {
        return Err(Error::Stale);
    }
    let deed = Deeds::new(Deed::Change, Matter::Person, person);
    deed.with(&json!({ "legal_hold_lifted": id }))?.note(&tx, &at, caller).await?;
    Ok(tx.commit().await?)
}
