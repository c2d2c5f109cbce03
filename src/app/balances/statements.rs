//! Statements of balances: one side states what the postings say up to an instant, of one agreement or of all between both sides, the
//! other confirms it or disputes it, and the chair decides what stays disputed.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sojourn_engine::ids::{AgreementId, BalanceStatementId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::{Deed, Matter, StatementStatus};
use utoipa::ToSchema;

use super::{Asked, BalanceView, Wanted, balance};
use crate::access::{Caller, Place};
use crate::app::audit::Deeds;
use crate::app::{Answer, App, Asked as Paged, Conflict, Error, FieldError, Once, Page, Result, current};
use crate::clock::Moment;
use crate::store::agreements::{self, Agreement};
use crate::store::statements::{self as store, Statement};
use crate::store::{Conn, Tx, holders};

pub mod desk;
mod told;

/// What a balance is stated of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope {
    /// The instant; `None` is now.
    pub as_of: Option<DateTime<Utc>>,
    /// Every agreement between both sides, not the one alone.
    pub all_agreements: bool,
    /// Only the academic year that begins in this year.
    pub academic_year: Option<i16>,
}

/// A balance as it is stated, with what it is of: the digest speaks of both.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatedBalance {
    /// Whether it is of every agreement between both sides, not of one alone.
    pub all_agreements: bool,
    /// Year in which the academic year begins that it is of; `null`: all years.
    pub academic_year: Option<i16>,
    /// The numbers.
    #[serde(flatten)]
    pub balance: BalanceView,
}

/// A statement of a balance.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatementView {
    /// Its id.
    pub id: BalanceStatementId,
    /// The agreement, or one of those between both sides.
    pub agreement: AgreementId,
    /// The instant whose balance it states.
    pub as_of: DateTime<Utc>,
    /// How far it has come.
    pub status: StatementStatus,
    /// The balance as it was stated.
    #[schema(value_type = StatedBalance)]
    pub balance: Value,
    /// SHA-256 of the stated balance, in hexadecimal digits: the same on both sides.
    pub sha256: String,
    /// The side that made it.
    pub side: InstitutionId,
    /// Who made it.
    pub made_by: PersonId,
    /// When.
    pub made_at: DateTime<Utc>,
    /// Who confirmed or disputed it for the other side.
    pub answered_by: Option<PersonId>,
    /// When.
    pub answered_at: Option<DateTime<Utc>>,
    /// What the other side says is wrong.
    pub dispute: Option<String>,
    /// Who settled the dispute.
    pub settled_by: Option<PersonId>,
    /// When.
    pub settled_at: Option<DateTime<Utc>>,
    /// How.
    pub settlement: Option<String>,
    /// Grows with every change.
    pub version: i32,
}

impl From<Statement> for StatementView {
    fn from(row: Statement) -> Self {
        Self {
            id: row.id,
            agreement: row.agreement_id,
            as_of: row.as_of,
            status: row.status,
            balance: serde_json::from_str(&row.content).unwrap_or_default(),
            sha256: hex::encode(&row.sha256),
            side: row.side_id,
            made_by: row.made_by,
            made_at: row.made_at,
            answered_by: row.answered_by,
            answered_at: row.answered_at,
            dispute: row.dispute,
            settled_by: row.settled_by,
            settled_at: row.settled_at,
            settlement: row.settlement,
            version: row.version,
        }
    }
}

/// What is done to a statement that was made.
#[derive(Debug, Clone)]
pub enum Answered {
    /// The other side agrees.
    Confirm,
    /// The other side says what is wrong.
    Dispute(String),
    /// The chair says how it is.
    Settle(String),
}

/// A page of the statements of an agreement the caller sees, the newest first.
pub async fn list(app: &App, caller: &Caller, of: AgreementId, asked: &Paged) -> Result<Page<StatementView>> {
    let conn = app.store.read();
    seen(conn, caller, of).await?;
    Ok(store::list(conn, of, asked).await?.map(Into::into))
}

/// One statement of an agreement the caller sees.
pub async fn get(
    app: &App,
    caller: &Caller,
    of: AgreementId,
    id: BalanceStatementId,
) -> Result<StatementView> {
    let conn = app.store.read();
    seen(conn, caller, of).await?;
    Ok(store::find(conn, of, id).await?.ok_or(Error::NotFound)?.into())
}

/// The agreement, for its sides, the secretariat, and the chair, who decides what is disputed.
async fn seen(conn: &impl Conn, caller: &Caller, of: AgreementId) -> Result<Agreement> {
    let found = if caller.is_chair() {
        agreements::known(conn, of).await?
    } else {
        agreements::find(conn, caller, of).await?
    };
    found.ok_or(Error::NotFound)
}

/// The side of an agreement that somebody speaks for.
fn side(agreement: &Agreement, caller: &Caller) -> Option<InstitutionId> {
    agreement.sides().find(|side| caller.coordinates(&Place::whole(*side)))
}

/// States the balance of an agreement, or of all between its sides, for one of them, as of an instant.
///
/// # Errors
/// [`Error::Forbidden`] for whoever speaks for neither side, [`Error::Invalid`] for an instant to come, and for all agreements with the
/// alliance as a whole.
pub async fn make(app: &App, caller: &Caller, of: AgreementId, once: &Once, scope: Scope) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let agreement = seen(&tx, caller, of).await?;
    let side =
        side(&agreement, caller).ok_or_else(|| forbidden("a coordinator of either side as a whole"))?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let as_of = scope.as_of.unwrap_or(at.now);
    if as_of > at.now {
        return Err(Error::Invalid(vec![FieldError::new("/as_of", "not yet: give an instant that is past")]));
    }
    let stated = stated(app, &tx, caller, &agreement, Scope { as_of: Some(as_of), ..scope }).await?;
    let content = serde_json::to_string(&stated).map_err(|fault| Error::Internal(Box::new(fault)))?;
    let row = Statement {
        id: at.id(),
        agreement_id: of,
        as_of,
        sha256: Sha256::digest(content.as_bytes()).to_vec(),
        content,
        status: StatementStatus::Made,
        side_id: side,
        made_by: caller.person,
        made_at: at.now,
        answered_by: None,
        answered_at: None,
        dispute: None,
        settled_by: None,
        settled_at: None,
        settlement: None,
        version: 1,
    };
    store::add(&tx, row.clone()).await?;
    told::made(app, &tx, &at, &agreement, &row).await?;
    let view = StatementView::from(row);
    Deeds::new(Deed::Create, Matter::BalanceStatement, view.id)
        .at(side)
        .with(&view)?
        .note(&tx, &at, caller)
        .await?;
    let location = format!("/api/v1/agreements/{of}/statements/{}", view.id);
    let answer = turn.finish(tx, &at, Answer::created(location, 1, &view)?).await?;
    app.wake.notify_one();
    Ok(answer)
}

/// The balance that such a statement states.
async fn stated(
    app: &App,
    tx: &Tx,
    caller: &Caller,
    agreement: &Agreement,
    scope: Scope,
) -> Result<StatedBalance> {
    let Scope { as_of, all_agreements, academic_year } = scope;
    let wanted = match (all_agreements, agreement.partner_id) {
        (false, _) => Wanted { agreement: Some(agreement.id), ..Wanted::default() },
        (true, Some(partner)) => {
            Wanted { between: Some([agreement.proposer_id, partner]), ..Wanted::default() }
        }
        (true, None) => {
            let told = "the other side is the alliance as a whole: state the balance of this agreement alone";
            return Err(Error::Invalid(vec![FieldError::new("/all_agreements", told)]));
        }
    };
    let whole = balance(app, tx, caller, true, &Asked { wanted, at: as_of }).await?;
    let balance = match academic_year {
        Some(year) => whole.in_year(year),
        None => whole,
    };
    Ok(StatedBalance { all_agreements, academic_year, balance })
}

/// Confirms, disputes or settles a statement in the version that was read.
///
/// # Errors
/// [`Error::Forbidden`] for whoever it is not for, [`Error::Conflict`] when it is not there yet, or over.
pub async fn answer(
    app: &App,
    caller: &Caller,
    (of, id): (AgreementId, BalanceStatementId),
    read: i32,
    once: &Once,
    answered: Answered,
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let agreement = seen(&tx, caller, of).await?;
    let mut row = store::find(&tx, of, id).await?.ok_or(Error::NotFound)?;
    admit(app, &tx, &agreement, &row, caller, &answered).await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    current(row.version, read)?;
    let was = StatementView::from(row.clone());
    advance(&mut row, caller, answered, &at)?;
    row.version = read + 1;
    if !store::replace(&tx, row.clone()).await? {
        return Err(Error::Stale);
    }
    told::answered(app, &tx, &at, &agreement, &row).await?;
    let view = StatementView::from(row);
    let deed = Deeds::new(Deed::Change, Matter::BalanceStatement, id).at(view.side);
    deed.differing(&was, &view)?.note(&tx, &at, caller).await?;
    let answer = turn.finish(tx, &at, Answer::ok(view.version, &view)?).await?;
    app.wake.notify_one();
    Ok(answer)
}

fn forbidden(needs: &str) -> Error {
    Error::Forbidden { needs: needs.to_owned() }
}

/// The other side answers, by somebody else, for the alliance as a whole the secretariat; the chair settles, unless it belongs to a side: then the secretariat, as without a chair.
async fn admit(
    app: &App,
    conn: &impl Conn,
    agreement: &Agreement,
    row: &Statement,
    caller: &Caller,
    answered: &Answered,
) -> Result<()> {
    match answered {
        Answered::Confirm | Answered::Dispute(_) => {
            let speaks = match agreement.other_than(row.side_id) {
                Some(other) => caller.coordinates(&Place::whole(other)),
                None => caller.is_secretariat(),
            };
            if !speaks || caller.person == row.made_by {
                return Err(forbidden("a coordinator of the other side as a whole, who has not made it"));
            }
        }
        Answered::Settle(_) => {
            let chair = holders::chair(conn, app.today()).await?.and_then(|holder| holder.institution);
            let apart = chair.filter(|at| agreement.sides().all(|side| side != *at));
            let may = if apart.is_some() { caller.is_chair() } else { caller.is_secretariat() };
            if !may {
                return Err(forbidden(
                    "the chair; the secretariat while there is none, or it belongs to a side",
                ));
            }
        }
    }
    Ok(())
}

fn advance(row: &mut Statement, caller: &Caller, answered: Answered, at: &Moment) -> Result<()> {
    let by = (Some(caller.person), Some(at.now));
    match (row.status, answered) {
        (StatementStatus::Made, Answered::Confirm) => {
            (row.answered_by, row.answered_at) = by;
            row.status = StatementStatus::Confirmed;
        }
        (StatementStatus::Made, Answered::Dispute(words)) => {
            (row.answered_by, row.answered_at) = by;
            (row.status, row.dispute) = (StatementStatus::Disputed, Some(words));
        }
        (StatementStatus::Disputed, Answered::Settle(words)) => {
            (row.settled_by, row.settled_at) = by;
            (row.status, row.settlement) = (StatementStatus::Settled, Some(words));
        }
        (before, _) => {
            let way = match before {
                StatementStatus::Made => "the other side may confirm or dispute it",
                StatementStatus::Disputed => "the chair may settle it",
                StatementStatus::Confirmed | StatementStatus::Settled => "make another",
            };
            return Err(Error::Conflict(Conflict::NotNow(format!("it is {before}: {way}"))));
        }
    }
    Ok(())
}
