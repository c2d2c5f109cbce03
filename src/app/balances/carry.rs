//! Places that were not taken in one period, carried over to a later one.

use serde::Serialize;
use serde_json::{Value, json};
use sojourn_engine::ids::{PeriodId, PlaceLineId};
use sojourn_engine::vocabulary::{Deed, Matter, PostingKind};
use utoipa::ToSchema;

use crate::access::Caller;
use crate::app::audit::{self, Deeds};
use crate::app::places::{Ends, PlaceLine, PlaceLineView};
use crate::app::{Answer, App, Conflict, Error, FieldError, Once, Result};
use crate::clock::Moment;
use crate::store::periods::Period;
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
    let from = giver(&tx, caller, id).await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let [was, carried] = write(&tx, (caller, &at), from, &carry).await?;
    let deed = |was: &PlaceLineView, is: &PlaceLineView| {
        Deeds::new(Deed::Change, Matter::PlaceLine, is.id).at(is.host).differing(was, is)
    };
    let deeds = vec![deed(&was.from, &carried.from)?, deed(&was.to, &carried.to)?];
    audit::note_all(deeds, &tx, &at, caller).await?;
    let location = format!("/api/v1/place-lines/{}", carry.to);
    let answer = Answer::created(location, carried.to.version, &carried)?;
    let answer = turn.finish(tx, &at, answer).await?;
    app.wake.notify_one();
    Ok(answer)
}

/// Both lines before and after such a carry, of which nothing is kept.
///
/// # Errors
/// As for [`carry`].
pub async fn preview(app: &App, caller: &Caller, id: PlaceLineId, carry: &Carry) -> Result<[Carried; 2]> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    let from = giver(&tx, caller, id).await?;
    write(&tx, (caller, &at), from, carry).await
}

/// Lines of the same agreement that free places of one can be carried to, the first to begin first.
///
/// # Errors
/// [`Error::NotFound`] for no line that the caller sees.
pub async fn heirs(app: &App, caller: &Caller, id: PlaceLineId) -> Result<Vec<PlaceLineView>> {
    let conn = app.store.read();
    let from = places::find(conn, caller, id).await?.ok_or(Error::NotFound)?;
    let (Some(agreement), Some(period)) = (from.agreement_id, from.period_id) else { return Ok(Vec::new()) };
    let lines = places::of_agreement(conn, agreement).await?;
    let bound: Vec<PeriodId> = lines.iter().filter_map(|line| line.period_id).collect();
    let known = periods::named(conn, &bound).await?;
    let Some(earlier) = known.get(&period) else { return Ok(Vec::new()) };
    let later = |line: PlaceLine| {
        let period = known.get(&line.period_id?)?;
        (terms(&line) == terms(&from) && follows(earlier, period)).then_some((period.start_on, line))
    };
    let mut found: Vec<_> = lines.into_iter().filter_map(later).collect();
    found.sort_by_key(|(start_on, line)| (*start_on, line.id));
    Ok(found.into_iter().map(|(_, line)| line.into()).collect())
}

/// The line that places come from, for those whose places they are.
async fn giver(tx: &Tx, caller: &Caller, id: PlaceLineId) -> Result<PlaceLine> {
    let from = places::find(tx, caller, id).await?.ok_or(Error::NotFound)?;
    Ends::of(tx, caller, &from).await?.demand(caller)?;
    Ok(from)
}

/// Posts what a carry does; both lines before it and after.
async fn write(
    tx: &Tx,
    (caller, at): (&Caller, &Moment),
    from: PlaceLine,
    carry: &Carry,
) -> Result<[Carried; 2]> {
    let to = places::find(tx, caller, carry.to).await?;
    let to = to.ok_or_else(|| invalid("no line that you see"))?;
    succeeds(tx, &from, &to).await?;
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
    if !store::carry(tx, posting(from.id, -carry.amount), posting(to.id, carry.amount)).await? {
        let view = PlaceLineView::from(from);
        let told = format!("only {} are free: carry no more than that", view.free.max(0));
        return Err(Error::Conflict(Conflict::NotNow(told)));
    }
    let again = async |id| -> Result<PlaceLineView> {
        Ok(places::find(tx, caller, id).await?.ok_or(Error::NotFound)?.into())
    };
    let carried = Carried { from: again(from.id).await?, to: again(to.id).await? };
    Ok([Carried { from: from.into(), to: to.into() }, carried])
}

fn invalid(detail: &str) -> Error {
    Error::Invalid(vec![FieldError::new("/to", detail)])
}

/// Everything that a line is for but its period.
fn terms(line: &PlaceLine) -> Value {
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
}

fn follows(earlier: &Period, later: &Period) -> bool {
    earlier.end_on < later.start_on
}

/// Passes for two lines that differ in nothing but their period, the second's being later.
async fn succeeds(tx: &Tx, from: &PlaceLine, to: &PlaceLine) -> Result<()> {
    if terms(from) != terms(to) {
        return Err(invalid("differs in more than its period: name the same places of a later period"));
    }
    let period = async |id: Option<PeriodId>| match id {
        Some(id) => periods::find(tx, id).await,
        None => Ok(None),
    };
    match (period(from.period_id).await?, period(to.period_id).await?) {
        (Some(earlier), Some(later)) if follows(&earlier, &later) => Ok(()),
        _ => Err(invalid("is not for a later period: carry over from one period to a later one")),
    }
}
