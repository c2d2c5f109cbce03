//! Whose runs somebody makes, and whose applications they read of by name.

use std::collections::BTreeSet;

use sojourn_engine::allocation::{Input, Student};
use sojourn_engine::ids::{CallId, CaseId, InstitutionId};

use super::file::Frozen;
use crate::access::{Caller, Place};
use crate::app::{Error, Result};
use crate::store::Conn;
use crate::store::allocations as store;

/// Whoever makes and confirms runs.
const MAKERS: &str = "a coordinator of each of its homes as a whole, or the secretariat";
/// Whoever confirms a run, apart from that.
const APART: &str = "somebody who does not apply in this run";

/// Whether somebody makes and confirms runs of these homes: the secretariat of any, others where they run the exchanges of each as
/// a whole.
pub fn makes(caller: &Caller, homes: &[InstitutionId]) -> bool {
    caller.is_secretariat() || (!homes.is_empty() && homes.iter().all(|home| coordinates(caller, *home)))
}

fn coordinates(caller: &Caller, home: InstitutionId) -> bool {
    caller.coordinates(&Place::whole(home))
}

/// Passes for whoever makes runs of these homes.
pub(super) fn demand(caller: &Caller, homes: &[InstitutionId]) -> Result<()> {
    if makes(caller, homes) { Ok(()) } else { Err(Error::Forbidden { needs: MAKERS.to_owned() }) }
}

/// Passes for whoever does not apply in a run: nobody decides on an application of their own.
pub(super) async fn apart(conn: &impl Conn, caller: &Caller, call: CallId, run: &Frozen) -> Result<()> {
    let own = store::of_applicant(conn, call, caller.person).await?;
    if own.iter().all(|id| run.outcome.of(*id).is_none()) {
        return Ok(());
    }
    Err(Error::Forbidden { needs: APART.to_owned() })
}

/// Whom of the runs of a call somebody reads of by name: the secretariat of all, others of homes whose exchanges they run as a
/// whole; of themselves they read as applicants.
pub(super) struct Sight<'c> {
    caller: &'c Caller,
    own: Vec<CaseId>,
}

impl<'c> Sight<'c> {
    pub(super) async fn of(conn: &impl Conn, caller: &'c Caller, call: CallId) -> Result<Self> {
        Ok(Self { caller, own: store::of_applicant(conn, call, caller.person).await? })
    }

    fn sees(&self, student: &Student) -> bool {
        let by_duty = self.caller.is_secretariat() || coordinates(self.caller, student.home);
        by_duty && !self.own.contains(&student.id)
    }

    /// Those among the applications of some runs.
    pub(super) fn among<'i>(&self, inputs: impl IntoIterator<Item = &'i Input>) -> BTreeSet<CaseId> {
        let all = inputs.into_iter().flat_map(|input| &input.students);
        all.filter(|student| self.sees(student)).map(|student| student.id).collect()
    }
}
