//! Who hears of a statement: the other side when it is made, the chair when it is disputed, both sides when it is settled.

use sojourn_engine::ids::{InstitutionId, PersonId};
use sojourn_engine::pace::Pace;
use sojourn_engine::vocabulary::{Duty, StatementStatus};

use crate::app::notices::{BalanceNotice, NoticeFacts};
use crate::app::{App, Result};
use crate::clock::Moment;
use crate::store::agreements::Agreement;
use crate::store::holders::{self, Holder};
use crate::store::outbox::{self, NewNotice};
use crate::store::statements::Statement;
use crate::store::{Tx, institutions};

/// Asks the other side.
pub(super) async fn made(
    app: &App,
    tx: &Tx,
    at: &Moment,
    agreement: &Agreement,
    row: &Statement,
) -> Result<()> {
    let to = match agreement.other_than(row.side_id) {
        Some(other) => offices(app, tx, &[other]).await?,
        None => secretariat(app, tx).await?,
    };
    send((app, tx), at, ("balance_to_confirm", true), agreement, row, to).await
}

/// Tells of an answer: a dispute goes to whoever settles it, everything else to the side that made the statement, or both.
pub(super) async fn answered(
    app: &App,
    tx: &Tx,
    at: &Moment,
    agreement: &Agreement,
    row: &Statement,
) -> Result<()> {
    let sides: Vec<InstitutionId> = agreement.sides().collect();
    let (notice, to) = match row.status {
        StatementStatus::Made => return Ok(()),
        StatementStatus::Confirmed => (("balance_confirmed", false), offices(app, tx, &[row.side_id]).await?),
        StatementStatus::Disputed => (("balance_disputed", true), deciders(app, tx, &sides).await?),
        StatementStatus::Settled => {
            let mut to = offices(app, tx, &sides).await?;
            if agreement.partner_id.is_none() {
                to.extend(secretariat(app, tx).await?);
            }
            (("balance_settled", false), to)
        }
    };
    send((app, tx), at, notice, agreement, row, to).await
}

/// Coordinators of institutions as a whole; where there are none, heads.
async fn offices(app: &App, tx: &Tx, of: &[InstitutionId]) -> Result<Vec<Holder>> {
    let staff = holders::staff(tx, of, app.today(), &[]).await?;
    let mut found = Vec::new();
    for institution in of {
        let held = |duty| {
            let here = move |one: &&Holder| {
                one.duty == duty && one.institution == Some(*institution) && one.unit.is_none() && !one.away
            };
            staff.iter().filter(here).cloned().collect::<Vec<_>>()
        };
        let coordinators = held(Duty::Coordinator);
        found.extend(if coordinators.is_empty() { held(Duty::Head) } else { coordinators });
    }
    Ok(found)
}

/// The chair; the secretariat while there is none, or it belongs to a side.
async fn deciders(app: &App, tx: &Tx, sides: &[InstitutionId]) -> Result<Vec<Holder>> {
    let chair = holders::chair(tx, app.today()).await?;
    let apart = chair.filter(|chair| chair.institution.is_none_or(|at| !sides.contains(&at)));
    match apart {
        Some(chair) => Ok(vec![chair]),
        None => secretariat(app, tx).await,
    }
}

async fn secretariat(app: &App, tx: &Tx) -> Result<Vec<Holder>> {
    let staff = holders::staff(tx, &[], app.today(), &[]).await?;
    Ok(staff.into_iter().filter(|one| one.duty == Duty::Secretariat).collect())
}

async fn send(
    (app, tx): (&App, &Tx),
    at: &Moment,
    (notice, action): (&str, bool),
    agreement: &Agreement,
    row: &Statement,
    to: Vec<Holder>,
) -> Result<()> {
    let sides: Vec<InstitutionId> = agreement.sides().collect();
    let names = institutions::names(tx, &sides).await?;
    let name = |id| names.get(&id).cloned().unwrap_or_default();
    let facts = BalanceNotice {
        agreement: Some(agreement.id),
        statement: row.id,
        as_of: row.as_of,
        side: name(row.side_id),
        sides: [name(agreement.proposer_id), agreement.partner_id.map_or_else(|| app.name.clone(), name)],
        dispute: row.dispute.clone(),
        settlement: row.settlement.clone(),
    };
    let facts = serde_json::to_value(NoticeFacts::Balance(Box::new(facts))).ok();
    let mut people: Vec<(PersonId, String)> = to.into_iter().map(|one| (one.person, one.language)).collect();
    people.sort_unstable();
    people.dedup_by_key(|(person, _)| *person);
    let one = |(recipient, language)| NewNotice {
        id: at.id(),
        notice: notice.to_owned(),
        action,
        recipient,
        language,
        case: None,
        number: None,
        link: None,
        facts: facts.clone(),
        historic: false,
        at: at.now,
        not_before: None,
        pace: Pace::AtOnce,
    };
    Ok(outbox::add(tx, people.into_iter().map(one).collect()).await?)
}
