//! Confirming a run: everything still is as it was frozen, the run is fixed, and all its places are held, in one short transaction.
//!
//! What takes long, collecting everything anew, is done before it; in it the versions of the applications and the numbers of the
//! lines are compared with what was collected. The events follow from [`super::carry`].

use std::collections::BTreeMap;

use sojourn_engine::ids::{AllocationId, CallId, PlaceLineId};
use sojourn_engine::vocabulary::{AllocationStatus, Deed, Matter, PostingKind};

use super::carry::Draws;
use super::changed::{Changed, changes};
use super::collect::{Collected, Wanted, collect, standing};
use super::file::Frozen;
use super::sight::apart;
use super::trial::only;
use super::{RunItem, demand, frozen};
use crate::access::Caller;
use crate::app::audit::Deeds;
use crate::app::calls;
use crate::app::{Answer, App, Conflict, Error, Once, Result, current};
use crate::clock::Moment;
use crate::store::Tx;
use crate::store::allocations::{self as store, Allocation};
use crate::store::places::NewPosting;

/// Confirms a run in the version that was read.
///
/// # Errors
/// [`Error::Forbidden`] for whoever makes no runs of its homes or applies in it, [`Error::Outdated`] when something it was made from is otherwise now, each change named; [`Error::Conflict`] for one that is no
/// trial any more, and while another run of the call is being carried out.
pub async fn confirm(
    app: &App,
    caller: &Caller,
    once: &Once,
    of: (CallId, AllocationId),
    read: i32,
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let row = store::find(&tx, caller, of).await?.ok_or(Error::NotFound)?;
    let homes = store::homes(&tx, row.id).await?;
    demand(caller, &homes)?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    current(row.version, read)?;
    possible(&tx, &row).await?;
    let whole = calls::seen(&tx, caller, row.call_id).await?;
    // Nothing was written; others write while all is collected anew.
    drop(tx);

    let run = frozen(app.store.read(), row.id).await?;
    apart(app.store.read(), caller, row.call_id, &run).await?;
    let seed = run.input.rules.seed.clone();
    let wanted = Wanted { call: row.call_id, scored: whole.row.scores, homes, seed };
    let now = collect(app, app.store.read(), &wanted, &at).await?;
    same(&row, &run, &now)?;

    let at = at.as_of(app.clock.now());
    let tx = app.store.begin().await?;
    if standing(app, &tx, &wanted).await? != now.standing {
        let now = collect(app, &tx, &wanted, &at).await?;
        return Err(Error::Outdated(changes(&run.input, &now.input)));
    }
    possible(&tx, &row).await?;
    if !store::confirm(&tx, &row, caller.person, at.now).await? {
        return Err(Error::Stale);
    }
    hold(&tx, (&row, &at), &run, &now).await?;
    let before = RunItem::from(row.clone());
    let row = store::get(&tx, of).await?.ok_or(Error::NotFound)?;
    let item = RunItem::from(row);
    let deed = Deeds::new(Deed::Approve, Matter::Allocation, item.id).at(only(&wanted.homes));
    deed.differing(&before, &item)?.note(&tx, &at, caller).await?;
    let answer = turn.finish(tx, &at, Answer::ok(item.version, &item)?).await?;
    app.wake.notify_one();
    Ok(answer)
}

/// Passes for a trial of a call of which no other run is being carried out.
async fn possible(tx: &Tx, row: &Allocation) -> Result<()> {
    let not_now = |told: &str| Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
    if row.status != AllocationStatus::Trial {
        return not_now("this run has been confirmed: make a new one for those who still wait");
    }
    if store::goes_on(tx, row.call_id).await? {
        return not_now(
            "another run of this call is being carried out: wait until it is done, then run it again",
        );
    }
    Ok(())
}

/// Passes when a run would be made from the same now.
fn same(row: &Allocation, run: &Frozen, now: &Collected) -> Result<()> {
    let digest = now.input.instance().map(|instance| instance.digest().to_string());
    match digest {
        Ok(digest) if digest == row.digest => Ok(()),
        Ok(_) | Err(_) => Err(Error::Outdated(changes(&run.input, &now.input))),
    }
}

/// Holds every place that the run gives, for the run.
async fn hold(tx: &Tx, (row, at): (&Allocation, &Moment), run: &Frozen, now: &Collected) -> Result<()> {
    let draws = Draws::of(&run.input);
    let mut units: BTreeMap<PlaceLineId, i32> = BTreeMap::new();
    for draw in run.outcome.placed.iter().filter_map(|placed| placed.got).flat_map(|got| draws.by(&got)) {
        *units.entry(draw.line).or_default() += i32::try_from(draw.units).unwrap_or(i32::MAX);
    }
    for (id, amount) in units {
        let gone = || Error::Outdated(vec![Changed::line("line", id, None, None)]);
        let line = now.lines.get(&id).ok_or_else(gone)?;
        let posting = NewPosting {
            id: at.id(),
            line: id,
            kind: PostingKind::Hold,
            amount,
            step: None,
            run: Some(row.id),
            person: None,
            reason: None,
            at: at.now,
        };
        if !store::hold(tx, line, posting).await? {
            return Err(Error::Outdated(vec![Changed::line("capacity", id, Some(line.free()), None)]));
        }
    }
    Ok(())
}
