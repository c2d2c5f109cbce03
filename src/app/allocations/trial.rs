//! Trying an allocation: what it is made from is frozen with what comes out, and nothing else happens.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use sojourn_engine::allocation::{Allocation as Outcome, Fault, Input};
use sojourn_engine::ids::{CallId, CaseId, InstitutionId};
use sojourn_engine::vocabulary::{AllocationStatus, Deed, Matter, Publication};

use super::collect::{Wanted, collect};
use super::file::Frozen;
use super::{RunItem, demand, makes, view};
use crate::access::Caller;
use crate::app::audit::Deeds;
use crate::app::calls;
use crate::app::{Answer, App, Conflict, Error, FieldError, Once, Result};
use crate::clock::Moment;
use crate::store::Conn;
use crate::store::allocations::{self as store, Allocation, Files};
use crate::store::calls as call_store;
use crate::store::calls::{CallRow, Whole};

/// Rows told of at most that cannot be allocated from.
const TOLD: usize = 100;

/// A run to make.
#[derive(Debug, Clone, Default)]
pub struct NewRun {
    /// The homes whose applications it takes in; none: all that the caller runs exchanges of, for the secretariat all that somebody
    /// applies from.
    pub homes: Vec<InstitutionId>,
}

/// Tries the allocation of a call.
///
/// # Errors
/// [`Error::NotFound`] for a call the caller does not see, [`Error::Forbidden`] for whoever makes no runs of its homes,
/// [`Error::Conflict`] while applications come in, [`Error::Invalid`] for what cannot be allocated from, row by row.
pub async fn trial(app: &App, caller: &Caller, call: CallId, once: &Once, new: NewRun) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let whole = calls::seen(&tx, caller, call).await?;
    let homes = chosen(&tx, caller, &whole, &new).await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    closed(&whole, &homes, &at)?;
    let seed = match whole.row.seed.clone() {
        Some(seed) => seed,
        None => draw(&tx, &whole.row, &at).await?,
    };
    tx.commit().await?;

    let wanted = Wanted { call, scored: whole.row.scores, homes, seed };
    let input = collect(app, app.store.read(), &wanted, &at).await?.input;
    let (frozen, digest, packed) = match solved(input).await? {
        Ok(done) => done,
        Err(faults) => return Err(refused(app.store.read(), &faults).await?),
    };

    let tx = app.store.begin().await?;
    let placed = frozen.outcome.placed.iter().filter(|placed| placed.got.is_some()).count();
    let row = Allocation {
        id: at.id(),
        call_id: call,
        number: store::next_number(&tx, call).await?,
        status: AllocationStatus::Trial,
        digest,
        students: count(frozen.outcome.placed.len()),
        placed: count(placed),
        done: 0,
        created_by: Some(caller.person),
        created_at: at.now,
        confirmed_by: None,
        confirmed_at: None,
        finished_at: None,
        going_on: None,
        version: 1,
    };
    store::add(&tx, row.clone(), &wanted.homes, packed).await?;
    let deed = Deeds::new(Deed::Create, Matter::Allocation, row.id).at(only(&wanted.homes));
    deed.with(&RunItem::from(row.clone()))?.note(&tx, &at, caller).await?;
    let location = format!("/api/v1/calls/{call}/allocations/{}", row.id);
    let answer = Answer::created(location, 1, &view(&tx, row, caller).await?)?;
    turn.finish(tx, &at, answer).await
}

fn count(of: usize) -> i32 {
    i32::try_from(of).unwrap_or(i32::MAX)
}

/// Allocates, proves the outcome, and packs both; or says what cannot be allocated from.
async fn solved(input: Input) -> Result<Result<(Frozen, String, Files), Vec<Fault>>> {
    let work = move || {
        let (outcome, proven) = {
            let instance = match input.instance() {
                Ok(instance) => instance,
                Err(faults) => return Ok(Err(faults)),
            };
            let outcome: Outcome = instance.solve();
            let proven = instance.verify(&outcome);
            (outcome, proven)
        };
        if let Some(breach) = proven.first() {
            return Err(Error::Internal(format!("an allocation breaks its promise: {breach}").into()));
        }
        let digest = outcome.input.to_string();
        let frozen = Frozen { input, outcome };
        let packed = frozen.pack()?;
        Ok(Ok((frozen, digest, packed)))
    };
    tokio::task::spawn_blocking(work).await.map_err(|gone| Error::Internal(gone.into()))?
}

/// What cannot be allocated from, each with the application or line it is about.
async fn refused(conn: &impl Conn, faults: &[Fault]) -> Result<Error> {
    // One score serves all choices of an application.
    let unscored: BTreeSet<CaseId> = faults.iter().filter_map(without_score).collect();
    let unscored: Vec<CaseId> = unscored.into_iter().take(TOLD).collect();
    let called = store::applicants(conn, &unscored).await?;
    let of_application = unscored.iter().map(|id| {
        let who = called.get(id).map_or_else(|| id.to_string(), |(code, name)| format!("{code} {name}"));
        let detail = format!("this call scores applications, and that of {who} has no score: enter it first");
        FieldError::new(format!("/applications/{id}"), detail)
    });
    let others = faults.iter().filter(|fault| without_score(fault).is_none());
    let others = others.map(|fault| FieldError::new(String::new(), fault.to_string()));
    Ok(Error::Invalid(of_application.chain(others).take(TOLD).collect()))
}

/// The application whose score is missing, where that is the fault.
fn without_score(fault: &Fault) -> Option<CaseId> {
    match fault {
        Fault::ScoreMissing { student, .. } => Some(*student),
        _ => None,
    }
}

/// The homes that are asked for, else all that the caller runs exchanges of; for the secretariat all that somebody applies from.
async fn chosen(
    conn: &impl Conn,
    caller: &Caller,
    whole: &Whole,
    new: &NewRun,
) -> Result<Vec<InstitutionId>> {
    let all = || whole.homes.iter().map(|home| home.id);
    for (at, home) in new.homes.iter().enumerate() {
        if all().all(|known| known != *home) {
            let told = "the call is not for this home: name one of its `homes`";
            return Err(Error::Invalid(vec![FieldError::new(format!("/homes/{at}"), told)]));
        }
    }
    let mut homes: Vec<InstitutionId> = match &new.homes[..] {
        [] if caller.is_secretariat() => {
            let applied = store::applied_from(conn, whole.row.id).await?;
            all().filter(|home| applied.is_empty() || applied.contains(home)).collect()
        }
        [] => all().filter(|home| makes(caller, &[*home])).collect(),
        named => named.to_vec(),
    };
    homes.sort_unstable();
    homes.dedup();
    demand(caller, &homes)?;
    Ok(homes)
}

/// The institution that a run concerns, where it is one.
pub(super) fn only(homes: &[InstitutionId]) -> Option<InstitutionId> {
    match homes {
        [home] => Some(*home),
        _ => None,
    }
}

/// Passes when no application of these homes comes in any more.
fn closed(whole: &Whole, homes: &[InstitutionId], at: &Moment) -> Result<()> {
    let not_now = |detail: String| Err(Error::Conflict(Conflict::NotNow(detail)));
    if whole.row.status == Publication::Draft {
        return not_now("this call is a draft: publish it first".to_owned());
    }
    let row = &whole.row;
    let closes = whole.homes.iter().filter(|home| homes.contains(&home.id)).map(|home| {
        let closes = calls::calendar(row, &home.zone).instant(row.closes_on.and_time(row.closes_time));
        closes + TimeDelta::minutes(row.grace_minutes.into())
    });
    match closes.max().filter(|closes| at.now <= *closes) {
        Some(closes) => {
            not_now(format!("applications come in until {}: allocate after that", closes.format("%FT%TZ")))
        }
        None => Ok(()),
    }
}

/// Draws the seed of a call that was published without one.
async fn draw(tx: &crate::store::Tx, row: &CallRow, at: &Moment) -> Result<String> {
    let seed = hex::encode(at.random::<16>());
    if call_store::draw(tx, row.id, &seed, at.now).await? { Ok(seed) } else { Err(Error::Stale) }
}
