//! Allocations of places: a run gives every application of a call that waits for a place the best it can have, by published rules.
//!
//! A trial freezes what it is made from and what comes out, and changes nothing else. Once confirmed its places are held, and the
//! events of its applications follow in batches ([`carry`]). Coordinators of homes as a whole make and confirm runs of these homes,
//! the secretariat of any together, so that scores decide over all of them; each applicant reads why their own came out as it did.

pub mod carry;
mod changed;
mod collect;
mod confirm;
mod explain;
pub(super) mod fairness;
pub mod file;
mod outcomes;
mod proof;
mod sight;
mod trial;
mod words;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use sojourn_engine::allocation::{Cause, Change, Got, Grounds, differences};
use sojourn_engine::ids::{AllocationId, CallId, CaseId, InstitutionId, PersonId, PlaceLineId};
use sojourn_engine::vocabulary::AllocationStatus;
use utoipa::ToSchema;

use self::file::{Frozen, RunFile};
use self::sight::{Sight, demand};
use self::words::Names;
use super::{App, Asked, Error, Page, Result, calls};
use crate::access::Caller;
use crate::store::allocations::{self as store, Allocation, Miss};
use crate::store::{Conn, StoreError};

pub use changed::Changed;
pub use confirm::confirm;
pub use explain::{ChoiceExplained, Explanation, explanation, explanations, moved_by};
pub use fairness::{FairnessView, GroupView, fairness};
pub use outcomes::{Outcome, called, outcomes};
pub use proof::{Promise, promises};
pub use sight::makes;
pub use trial::{NewRun, trial};

/// Most changes between two runs that one view lists.
const LISTED: usize = 500;

/// A run in short.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RunItem {
    /// Its id.
    pub id: AllocationId,
    /// 1, 2, 3 … in the call.
    pub number: i32,
    /// How far it has come.
    pub status: AllocationStatus,
    /// SHA-256 of its input with the seed.
    pub digest: String,
    /// Applications that take part.
    pub total: i32,
    /// Those of them that get a place.
    pub placed: i32,
    /// Those of them that have been moved since it was confirmed.
    pub done: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When its last event was carried out.
    pub finished_at: Option<DateTime<Utc>>,
    /// Grows with every change, also its `ETag`.
    pub version: i32,
}

impl From<Allocation> for RunItem {
    fn from(row: Allocation) -> Self {
        Self {
            id: row.id,
            number: row.number,
            status: row.status,
            digest: row.digest,
            total: row.students,
            placed: row.placed,
            done: row.done,
            created_at: row.created_at,
            confirmed_at: row.confirmed_at,
            finished_at: row.finished_at,
            version: row.version,
        }
    }
}

/// A run.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RunView {
    /// The same in short.
    #[serde(flatten)]
    pub item: RunItem,
    /// The call.
    pub call: CallId,
    /// Who made it.
    pub created_by: Option<PersonId>,
    /// Who confirmed it.
    pub confirmed_by: Option<PersonId>,
    /// The homes whose applications it takes in.
    pub homes: Vec<Named>,
    /// What ties are broken by; its SHA-256 is the call's `seed_commitment`.
    pub seed: String,
    /// When the seed was drawn.
    pub seed_drawn_at: Option<DateTime<Utc>>,
    /// `deferred_acceptance` or `serial_order`.
    #[schema(value_type = String)]
    pub rule: serde_json::Value,
    /// Why it is not deferred acceptance.
    #[schema(value_type = Option<Object>)]
    pub why: serde_json::Value,
    /// The rule in words, and why it holds.
    pub rule_in_words: String,
    /// Those who got none.
    pub unplaced: i32,
    /// Who got which choice: everybody, then each home, level and broad field.
    pub fairness: Vec<GroupView>,
    /// How full each line became.
    pub lines: Vec<LineUse>,
    /// What changed since the run of the same homes before it.
    pub since: Option<Since>,
    /// Applications that it could not move, with the reason; those of homes whose exchanges the caller runs as a whole, for the
    /// secretariat all.
    pub missed: Vec<MissedView>,
}

/// Something with its name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Named {
    /// Its id.
    pub id: InstitutionId,
    /// Its name.
    pub name: String,
}

/// How full a line became.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LineUse {
    /// The line.
    pub line: PlaceLineId,
    /// Where its places are.
    pub at: String,
    /// Units it had to give.
    pub capacity: u64,
    /// Units it gave.
    pub used: u64,
    /// How many of each home got a place on it.
    pub homes: Vec<LineHome>,
}

/// How many of a home got a place on a line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LineHome {
    /// The home.
    pub id: InstitutionId,
    /// Its name.
    pub name: String,
    /// How many.
    pub students: u32,
}

/// What changed since a run before.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Since {
    /// The run before.
    pub run: AllocationId,
    /// Its number.
    pub number: i32,
    /// How many applications come out otherwise.
    pub changed: usize,
    /// The first of them of homes whose exchanges the caller runs as a whole; for the secretariat of all.
    pub changes: Vec<ChangeView>,
}

/// An application that comes out otherwise.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChangeView {
    /// The application.
    pub application: CaseId,
    /// What it got before.
    pub before: Option<GotView>,
    /// What it gets now.
    pub after: Option<GotView>,
    /// What changed of its input, typed.
    #[schema(value_type = Vec<Object>)]
    pub causes: serde_json::Value,
    /// The same in words.
    pub because: Vec<String>,
}

/// What somebody got.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GotView {
    /// Its position on the list.
    pub rank: u16,
    /// What it is called.
    pub title: String,
    /// Where.
    pub host: String,
}

/// An application that a run could not move.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MissedView {
    /// The application.
    pub application: CaseId,
    /// The refusal of its workflow.
    #[schema(value_type = Object)]
    pub refusal: serde_json::Value,
}

/// A page of the runs of a call that the caller sees, the latest first.
///
/// # Errors
/// [`Error::NotFound`] for a call they do not see.
pub async fn list(app: &App, caller: &Caller, call: CallId, asked: &Asked) -> Result<Page<RunItem>> {
    let conn = app.store.read();
    calls::seen(conn, caller, call).await?;
    Ok(store::list(conn, caller, call, asked).await?.map(RunItem::from))
}

/// One run of a call that the caller sees.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub async fn get(app: &App, caller: &Caller, of: (CallId, AllocationId)) -> Result<RunView> {
    let conn = app.store.read();
    let row = store::find(conn, caller, of).await?.ok_or(Error::NotFound)?;
    view(conn, row, caller).await
}

/// What a run was made from and what came out, for whoever wants to check it.
///
/// # Errors
/// [`Error::NotFound`] when there is none the caller sees, [`Error::Forbidden`] for whoever makes no runs of all its homes.
pub async fn download(app: &App, caller: &Caller, of: (CallId, AllocationId)) -> Result<RunFile> {
    let conn = app.store.read();
    let row = store::find(conn, caller, of).await?.ok_or(Error::NotFound)?;
    demand(caller, &store::homes(conn, row.id).await?)?;
    Ok(frozen(conn, row.id).await?.file(of, row.created_at))
}

/// What a run was made from and what came out.
async fn frozen(conn: &impl Conn, id: AllocationId) -> Result<Frozen> {
    let files = store::files(conn, id).await?;
    let lost = || StoreError::Reference { constraint: "allocation_files".to_owned() };
    Frozen::unpack(&files.ok_or_else(lost)?)
}

async fn view(conn: &impl Conn, row: Allocation, caller: &Caller) -> Result<RunView> {
    let run = frozen(conn, row.id).await?;
    let names = Names::of(conn, &run.input).await?;
    let homes = store::homes(conn, row.id).await?;
    let before = match store::before(conn, &row, &homes).await? {
        Some(before) => {
            let files = frozen(conn, before.id).await?;
            Some((before, files))
        }
        None => None,
    };
    let call = crate::store::dossiers::call(conn, row.call_id).await?;
    let instance = run.input.instance().map_err(|faults| unsound(&faults))?;
    let sight = Sight::of(conn, caller, row.call_id).await?;
    let seen = sight.among(before.iter().map(|(_, before)| &before.input).chain([&run.input]));
    let language = caller.language.as_str();
    let since = match &before {
        Some((row, before)) => Some(since((row, before), (&instance, &run), &seen, &names, language)?),
        None => None,
    };
    let (rule, why) = (run.outcome.rule, run.outcome.why);
    let misses = store::misses(conn, row.id).await?;
    let missed = |miss: Miss| MissedView { application: miss.case, refusal: miss.refusal };
    let named = |id: &InstitutionId| Named { id: *id, name: names.institution(*id) };
    Ok(RunView {
        call: row.call_id,
        created_by: row.created_by,
        confirmed_by: row.confirmed_by,
        homes: homes.iter().map(named).collect(),
        seed: run.input.rules.seed.clone(),
        seed_drawn_at: call.and_then(|call| call.seed_drawn_at),
        rule: json!(rule),
        why: json!(why),
        rule_in_words: words::rule(&names, (rule, why), language),
        unplaced: row.students - row.placed,
        fairness: fairness::groups(&run, &names),
        lines: lines(&Grounds::new(&instance, &run.outcome), &names),
        since,
        missed: misses.into_iter().filter(|miss| seen.contains(&miss.case)).map(missed).collect(),
        item: row.into(),
    })
}

fn lines(grounds: &Grounds<'_, '_>, names: &Names) -> Vec<LineUse> {
    let home = |(id, students)| LineHome { id, name: names.institution(id), students };
    let filled = grounds.lines().into_iter().map(|filled| LineUse {
        line: filled.line,
        at: names.line(filled.line),
        capacity: filled.capacity,
        used: filled.used,
        homes: filled.homes.into_iter().map(home).collect(),
    });
    filled.collect()
}

/// An input that was sound when it was frozen and is no longer.
fn unsound(faults: &[sojourn_engine::allocation::Fault]) -> Error {
    let told = faults.first().map(ToString::to_string).unwrap_or_default();
    Error::Internal(format!("a frozen allocation cannot be read: {told}").into())
}

fn since(
    (row, before): (&Allocation, &Frozen),
    (instance, run): (&sojourn_engine::allocation::Instance<'_>, &Frozen),
    seen: &BTreeSet<CaseId>,
    names: &Names,
    language: &str,
) -> Result<Since> {
    let earlier = before.input.instance().map_err(|faults| unsound(&faults))?;
    let changes = differences((&earlier, &before.outcome), (instance, &run.outcome));
    let got = |got: Got| GotView {
        rank: got.rank,
        title: names.title(got.offering),
        host: names.host(got.offering),
    };
    let view = |change: &Change| ChangeView {
        application: change.student,
        before: change.before.map(got),
        after: change.after.map(got),
        causes: json!(change.causes),
        because: change.causes.iter().map(|cause: &Cause| words::cause(names, cause, language)).collect(),
    };
    let shown = changes.iter().filter(|change| seen.contains(&change.student));
    Ok(Since {
        run: row.id,
        number: row.number,
        changed: changes.len(),
        changes: shown.take(LISTED).map(view).collect(),
    })
}
