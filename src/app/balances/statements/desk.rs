//! Statements as those who deal with them find them: with the names of both sides, and what the reader may do.

use std::collections::BTreeMap;

use serde::Serialize;
use sojourn_engine::ids::{AgreementId, BalanceStatementId, InstitutionId};
use sojourn_engine::vocabulary::StatementStatus;

use super::{Answered, StatementView, admit, seen, side};
use crate::access::Caller;
use crate::app::{App, Asked, Error, Page, Result};
use crate::store::agreements::{self, Agreement};
use crate::store::statements::{self as store, Statement};
use crate::store::{Conn, institutions};

/// Agreements that somebody can choose from.
const MANY: Asked = Asked { limit: 200, cursor: None };

/// A statement with both sides by name, and what its reader may do to it.
#[derive(Debug, Clone, Serialize)]
pub struct Deskful {
    /// The statement.
    pub statement: StatementView,
    /// The side that made it, by name.
    pub side: String,
    /// The other; where that is the alliance as a whole, its name.
    pub other: String,
    /// Whether the reader may confirm or dispute it.
    pub may_answer: bool,
    /// Whether the reader may settle it.
    pub may_settle: bool,
}

/// An agreement whose balance somebody may state.
#[derive(Debug, Clone, Serialize)]
pub struct Statable {
    /// The agreement.
    pub id: AgreementId,
    /// Both sides and the years it is valid.
    pub name: String,
}

/// One statement of an agreement the caller sees.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub async fn open(
    app: &App,
    caller: &Caller,
    (of, id): (AgreementId, BalanceStatementId),
) -> Result<Deskful> {
    let conn = app.store.read();
    let agreement = seen(conn, caller, of).await?;
    let row = store::find(conn, of, id).await?.ok_or(Error::NotFound)?;
    let names = names(conn, std::iter::once(&agreement)).await?;
    deskful(app, conn, caller, &names, (&agreement, row)).await
}

/// A page of the statements of all agreements the caller sees, the newest first.
///
/// # Errors
/// A cursor of another list.
pub async fn all(app: &App, caller: &Caller, asked: &Asked) -> Result<Page<Deskful>> {
    let conn = app.store.read();
    let page = store::every(conn, caller, caller.is_chair(), asked).await?;
    let known: BTreeMap<AgreementId, Agreement> =
        agreements::by_ids(conn, &page.items.iter().map(|row| row.agreement_id).collect::<Vec<_>>()).await?;
    let names = names(conn, known.values()).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        let Some(agreement) = known.get(&row.agreement_id) else { continue };
        items.push(deskful(app, conn, caller, &names, (agreement, row)).await?);
    }
    Ok(Page { items, next: page.next })
}

/// Agreements whose balance the caller may state for a side.
///
/// # Errors
/// Faults of the database.
pub async fn statable(app: &App, caller: &Caller) -> Result<Vec<Statable>> {
    let conn = app.store.read();
    let page = agreements::list(conn, caller, &MANY, &agreements::Wanted::default()).await?;
    let own: Vec<Agreement> = page.items.into_iter().filter(|row| side(row, caller).is_some()).collect();
    let names = names(conn, own.iter()).await?;
    let name = |id: Option<InstitutionId>| match id {
        Some(id) => names.get(&id).cloned().unwrap_or_default(),
        None => app.name.clone(),
    };
    let statable = |row: &Agreement| Statable {
        id: row.id,
        name: format!(
            "{} – {}, {} – {}",
            name(Some(row.proposer_id)),
            name(row.partner_id),
            row.valid_from_on,
            row.valid_until_on
        ),
    };
    Ok(own.iter().map(statable).collect())
}

/// Whether a statement that has come so far is to be answered so.
const fn awaits(status: StatementStatus, answered: &Answered) -> bool {
    match answered {
        Answered::Confirm | Answered::Dispute(_) => matches!(status, StatementStatus::Made),
        Answered::Settle(_) => matches!(status, StatementStatus::Disputed),
    }
}

async fn names(
    conn: &impl Conn,
    of: impl Iterator<Item = &Agreement>,
) -> Result<BTreeMap<InstitutionId, String>> {
    let sides: Vec<InstitutionId> = of.flat_map(Agreement::sides).collect();
    Ok(institutions::names(conn, &sides).await?)
}

async fn deskful(
    app: &App,
    conn: &impl Conn,
    caller: &Caller,
    names: &BTreeMap<InstitutionId, String>,
    (agreement, row): (&Agreement, Statement),
) -> Result<Deskful> {
    let may = async |answered: Answered| match admit(app, conn, agreement, &row, caller, &answered).await {
        Ok(()) => Ok(awaits(row.status, &answered)),
        Err(Error::Forbidden { .. }) => Ok(false),
        Err(fault) => Err(fault),
    };
    let may_answer = may(Answered::Confirm).await?;
    let may_settle = may(Answered::Settle(String::new())).await?;
    let name = |id| names.get(&id).cloned().unwrap_or_default();
    let other = agreement.other_than(row.side_id).map_or_else(|| app.name.clone(), name);
    Ok(Deskful { side: name(row.side_id), other, may_answer, may_settle, statement: row.into() })
}
