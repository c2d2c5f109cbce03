//! What moves an agreement: proposed by the side that wrote it, agreed by the other, ended by either.

use chrono::NaiveDate;
use sojourn_engine::ids::AgreementId;
use sojourn_engine::vocabulary::AgreementStatus::{self, Agreed, Draft, Ended, Proposed};
use sojourn_engine::vocabulary::{AgreementEvent, Deed, Matter};

use super::{Agreement, AgreementView, either, not_now, side};
use crate::access::Caller;
use crate::app::audit::Deeds;
use crate::app::{Answer, App, Error, FieldError, Once, Result, current};
use crate::clock::Moment;
use crate::store::{agreements as store, waiting_lists};

/// An event with what it carries.
#[derive(Debug, Clone, Copy)]
pub struct Fired {
    /// The event.
    pub event: AgreementEvent,
    /// Last day of what is ended; today when left out.
    pub ended_on: Option<NaiveDate>,
}

/// Moves an agreement in the version that was read.
///
/// # Errors
/// [`Error::Forbidden`] for whoever is not the side that may, [`Error::Conflict`] when it stands where the event does not begin.
pub async fn fire(
    app: &App,
    caller: &Caller,
    id: AgreementId,
    read: i32,
    once: &Once,
    fired: Fired,
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let mut row = store::find(&tx, caller, id).await?.ok_or(Error::NotFound)?;
    admit(&row, caller, fired.event)?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    current(row.version, read)?;
    let today = at.now.with_timezone(&app.zone).date_naive();
    let was = AgreementView::from(row.clone());
    advance(&mut row, caller, fired, today, &at)?;
    row.version = read + 1;
    let view = AgreementView::from(row.clone());
    if !store::replace(&tx, row).await? {
        return Err(Error::Stale);
    }
    let deed = Deeds::new(Deed::Change, Matter::Agreement, id).at(view.proposer);
    deed.differing(&was, &view)?.note(&tx, &at, caller).await?;
    if view.status == Agreed {
        waiting_lists::mark_agreement(&tx, id, at.now).await?;
    }
    turn.finish(tx, &at, Answer::ok(view.version, &view)?).await
}

/// Who may: nobody else agrees for a side, the secretariat neither.
fn admit(row: &Agreement, caller: &Caller, event: AgreementEvent) -> Result<()> {
    match event {
        AgreementEvent::Propose => side(caller, row.proposer_id, "a coordinator of the side that wrote it"),
        AgreementEvent::Agree => {
            side(caller, row.partner_id, "a coordinator of the other side")?;
            if row.proposed_by == Some(caller.person) {
                let needs = "somebody else of the other side: you have agreed for the first already";
                return Err(Error::Forbidden { needs: needs.to_owned() });
            }
            Ok(())
        }
        AgreementEvent::Return | AgreementEvent::End => either(row, caller),
    }
}

fn advance(row: &mut Agreement, caller: &Caller, fired: Fired, today: NaiveDate, at: &Moment) -> Result<()> {
    let ends = fired.event == AgreementEvent::End;
    if fired.ended_on.is_some() && !ends {
        return Err(invalid("goes with the event `end` alone: leave it out"));
    }
    row.status = match (row.status, fired.event) {
        (Draft, AgreementEvent::Propose) => {
            (row.proposed_by, row.proposed_at) = (Some(caller.person), Some(at.now));
            Proposed
        }
        (Proposed, AgreementEvent::Agree) => {
            (row.agreed_by, row.agreed_at) = (Some(caller.person), Some(at.now));
            Agreed
        }
        (Proposed, AgreementEvent::Return) => {
            (row.proposed_by, row.proposed_at) = (None, None);
            Draft
        }
        (Agreed, AgreementEvent::End) => {
            let last = fired.ended_on.unwrap_or(today);
            if !(row.valid_from_on..=row.valid_until_on).contains(&last) {
                return Err(invalid("a day of its validity: from its first to its last"));
            }
            row.ended_on = Some(last);
            Ended
        }
        (before, _) => return Err(not_now(&ways(before))),
    };
    Ok(())
}

fn ways(from: AgreementStatus) -> String {
    let way = match from {
        Draft => "`propose` it",
        Proposed => "`agree` to it, or `return` it",
        Agreed => "`end` it",
        Ended => return "it is ended: write another".to_owned(),
    };
    format!("it is {from}: from there you can only {way}")
}

fn invalid(detail: &str) -> Error {
    Error::Invalid(vec![FieldError::new("/data/ended_on", detail)])
}
