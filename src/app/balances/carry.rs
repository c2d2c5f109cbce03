//! Places that were not taken in one period, carried over to a later one.

use serde::Serialize;
use serde_json::json;
use sojourn_engine::ids::{PeriodId, PlaceLineId};
use sojourn_engine::vocabulary::{Deed, Matter, PostingKind};
use utoipa::ToSchema;

use crate::access::Caller;
use crate::app::audit::{self, Deeds};
use crate::app::places::{Ends, PlaceLine, PlaceLineView};
use crate::app::{Answer, App, Conflict, Error, FieldError, Once, Result};
use crate::store::places::NewPosting;
use crate::store::{Tx, balances as store, periods, places};

/// Places to carry over.
#[derive(Debug, Clone)]
pub struct Carry {
    /// The line they go to.
    pub to: PlaceLineId,
    /// How many.
    pub amount: i32,
    /// Why.
    pub reason: String,
}

/// Two lines after places were carried from one to the other.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Carried {
    /// The line they came from.
    pub from: PlaceLineView,
    /// The line they went to.
    pub to: PlaceLineView,
}

/// Carries free places of a line over to that of a later period.
///
/// # Errors
/// [`Error::NotFound`] for no such line, [`Error::Invalid`] for a line that is not its successor, [`Error::Conflict`] when fewer are
/// free.
pub async fn carry(app: &App, caller: &Caller, id: PlaceLineId, once: &Once, carry: Carry) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let from = places::find(&tx, caller, id).await?.ok_or(Error::NotFound)?;
    Ends::of(&tx, caller, &from).await?.demand(caller)?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let to = places::find(&tx, caller, carry.to).await?;
    let to = to.ok_or_else(|| invalid("no line that you see"))?;
    succeeds(&tx, &from, &to).await?;
    let posting = |line, amount| NewPosting {
        id: at.id(),
        line,
        kind: PostingKind::Carry,
        amount,
        step: None,
        run: None,
        person: Some(caller.person),
        reason: Some(carry.reason.clone()),
        at: at.now,
    };
    if !store::carry(&tx, posting(from.id, -carry.amount), posting(to.id, carry.amount)).await? {
        let view = PlaceLineView::from(from);
        let told = format!("only {} are free: carry no more than that", view.free.max(0));
        return Err(Error::Conflict(Conflict::NotNow(told)));
    }
    let (was_from, was_to) = (PlaceLineView::from(from), PlaceLineView::from(to));
    let again = async |id| -> Result<PlaceLineView> {
        Ok(places::find(&tx, caller, id).await?.ok_or(Error::NotFound)?.into())
    };
    let carried = Carried { from: again(id).await?, to: again(carry.to).await? };
    let deed = |was: &PlaceLineView, is: &PlaceLineView| {
        Deeds::new(Deed::Change, Matter::PlaceLine, is.id).at(is.host).differing(was, is)
    };
    let deeds = vec![deed(&was_from, &carried.from)?, deed(&was_to, &carried.to)?];
    audit::note_all(deeds, &tx, &at, caller).await?;
    let location = format!("/api/v1/place-lines/{}", carry.to);
    let answer = Answer::created(location, carried.to.version, &carried)?;
    let answer = turn.finish(tx, &at, answer).await?;
    app.wake.notify_one();
    Ok(answer)
}

fn invalid(detail: &str) -> Error {
    Error::Invalid(vec![FieldError::new("/to", detail)])
}

/// Passes for two lines that differ in nothing but their period, the second's being later.
async fn succeeds(tx: &Tx, from: &PlaceLine, to: &PlaceLine) -> Result<()> {
    let terms = |line: &PlaceLine| {
        json!([
            line.source,
            line.agreement_id,
            line.programme_id,
            line.direction,
            line.home_id,
            line.host_id,
            line.unit,
            line.levels,
            line.fields
        ])
    };
    if terms(from) != terms(to) {
        return Err(invalid("differs in more than its period: name the same places of a later period"));
    }
    let period = async |id: Option<PeriodId>| match id {
        Some(id) => periods::find(tx, id).await,
        None => Ok(None),
    };
    match (period(from.period_id).await?, period(to.period_id).await?) {
        (Some(earlier), Some(later)) if earlier.end_on < later.start_on => Ok(()),
        _ => Err(invalid("is not for a later period: carry over from one period to a later one")),
    }
}
