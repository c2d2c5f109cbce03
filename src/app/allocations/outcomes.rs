//! Who got what in a run, by name, for those who make runs of their homes.

use std::collections::BTreeMap;

use sojourn_engine::ids::{AllocationId, CallId, CaseId, PlaceLineId};
use uuid::Uuid;

use super::words::Names;
use super::{Changed, GotView, Sight, demand, frozen};
use crate::access::Caller;
use crate::app::{App, Error, Result};
use crate::store::allocations as store;

/// An application with what it got.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Outcome {
    /// The application.
    pub application: CaseId,
    /// Its short code.
    pub reference: String,
    /// Who applies.
    pub name: String,
    /// What it got.
    pub got: Option<GotView>,
}

/// What applications of homes whose exchanges the caller runs as a whole got, by application after one; for the secretariat all.
///
/// # Errors
/// [`Error::NotFound`] for a run the caller does not see.
pub async fn outcomes(
    app: &App,
    caller: &Caller,
    of: (CallId, AllocationId),
    after: Option<CaseId>,
    most: usize,
) -> Result<Vec<Outcome>> {
    let conn = app.store.read();
    let row = store::find(conn, caller, of).await?.ok_or(Error::NotFound)?;
    let run = frozen(conn, row.id).await?;
    let seen = Sight::of(conn, caller, of.0).await?.among([&run.input]);
    let names = Names::of(conn, &run.input).await?;
    let some: Vec<_> = run
        .outcome
        .placed
        .iter()
        .filter(|one| seen.contains(&one.student))
        .filter(|one| after.is_none_or(|after| one.student > after))
        .take(most)
        .collect();
    let ids: Vec<CaseId> = some.iter().map(|placed| placed.student).collect();
    let mut people = store::applicants(conn, &ids).await?;
    let outcome = |placed: &&sojourn_engine::allocation::Placed| {
        let (reference, name) = people.remove(&placed.student)?;
        let got = placed.got.map(|got| GotView {
            rank: got.rank,
            title: names.title(got.offering),
            host: names.host(got.offering),
        });
        Some(Outcome { application: placed.student, reference, name, got })
    };
    Ok(some.iter().filter_map(outcome).collect())
}

/// What applications and lines that have changed since a run are called: the short code with the applicant's name, and the hosts.
///
/// # Errors
/// [`Error::NotFound`] for a run the caller does not see, [`Error::Forbidden`] for one of homes that they make no runs of.
pub async fn called(
    app: &App,
    caller: &Caller,
    of: (CallId, AllocationId),
    changes: &[Changed],
) -> Result<BTreeMap<Uuid, String>> {
    let conn = app.store.read();
    let row = store::find(conn, caller, of).await?.ok_or(Error::NotFound)?;
    demand(caller, &store::homes(conn, row.id).await?)?;
    let ids: Vec<CaseId> = changes.iter().filter_map(|change| change.application).collect();
    let people = store::applicants(conn, &ids).await?;
    let mut called: BTreeMap<Uuid, String> = people
        .into_iter()
        .map(|(id, (reference, name))| (id.into(), format!("{reference} {name}")))
        .collect();
    let lines: Vec<PlaceLineId> = changes.iter().filter_map(|change| change.line).collect();
    if !lines.is_empty() {
        let names = Names::of(conn, &frozen(conn, row.id).await?.input).await?;
        called.extend(lines.into_iter().map(|line| (line.into(), names.line(line))));
    }
    Ok(called)
}
