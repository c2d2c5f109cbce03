//! Opening a case.

use super::{Case, ClockStart, Context, NoticeTo, Running, legal, step};
use crate::definition::{Addressee, Definition, InstanceId, RoleIx, StateIx};
use crate::guard::Slot;
use crate::refusal::Refusal;

/// What opening a case brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The case in its initial state.
    pub case: Case,
    /// Clocks of the main machine that start.
    pub clocks: Vec<ClockStart>,
    /// Clocks of tracks that start.
    pub track_clocks: Vec<(InstanceId, ClockStart)>,
    /// Notices to send.
    pub notices: Vec<NoticeTo>,
    /// Facts that were read.
    pub read: Vec<Slot>,
}

/// Opens a case for somebody who holds one of the roles in `held`.
///
/// # Errors
/// [`Refusal::NotYours`], and [`Refusal::Unmet`] or [`Refusal::TooLate`] for the guards of `[create]`.
pub fn open(definition: &Definition, held: super::Roles, context: &Context<'_>) -> Result<Opening, Refusal> {
    let create = &definition.create;
    if !create.by.iter().any(|role| held.has(*role)) {
        let needs = create.by.iter().map(|role| definition.roles[role.at()].name.clone()).collect();
        return Err(Refusal::NotYours { needs });
    }
    legal::guards(definition, &create.require, context.facts, context.now, false)?;
    let mut case = Case::new(definition, context.now);
    let mut facts = context.facts.clone();
    case.lay(definition, &mut facts);
    let starts = |state| step::start_clocks(definition, state, context, &facts);
    let clocks = starts(definition.initial);
    let running = |starts: &[ClockStart]| -> Vec<Running> {
        starts.iter().map(|start| Running::until(start.clock, start.due_at)).collect()
    };
    case.clocks = running(&clocks);
    let mut track_clocks = Vec::new();
    for instance in &mut case.tracks {
        let started = starts(instance.state);
        instance.clocks = running(&started);
        track_clocks.extend(started.into_iter().map(|start| (instance.id, start)));
    }
    let to = |addressee: &Addressee| match addressee {
        Addressee::Role(role) => vec![*role],
        Addressee::WaitsFor => step::waited_for(definition, &case),
        Addressee::WasWaiting => Vec::new(),
    };
    let notify = create.notify.iter();
    let notices =
        notify.map(|n| NoticeTo { notice: n.notice, to: n.to.iter().flat_map(to).collect::<Vec<RoleIx>>() });
    let read = create.require.iter().flat_map(|rule| rule.guard.slots()).copied().collect();
    Ok(Opening { notices: notices.collect(), case, clocks, track_clocks, read })
}

/// A case that has come to one of its states elsewhere, and the clocks of the main machine that start now.
pub fn land(definition: &Definition, state: StateIx, context: &Context<'_>) -> (Case, Vec<ClockStart>) {
    let mut case = Case { state, ..Case::new(definition, context.now) };
    let mut facts = context.facts.clone();
    case.lay(definition, &mut facts);
    let clocks = step::start_clocks(definition, state, context, &facts);
    case.clocks = clocks.iter().map(|start| Running::until(start.clock, start.due_at)).collect();
    (case, clocks)
}
