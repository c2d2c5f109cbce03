//! Opening a case.

use super::{Case, ClockStart, Context, NoticeTo, legal, step};
use crate::definition::{Addressee, Definition, RoleIx};
use crate::guard::Slot;
use crate::refusal::Refusal;

/// What opening a case brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The case in its initial state.
    pub case: Case,
    /// Clocks that start.
    pub clocks: Vec<ClockStart>,
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
    let clocks = step::start_clocks(definition, definition.initial, context, context.facts);
    case.clocks = clocks.iter().map(|c| super::Running { clock: c.clock, due_at: c.due_at }).collect();
    let to = |addressee: &Addressee| match addressee {
        Addressee::Role(role) => vec![*role],
        Addressee::WaitsFor => step::waited_for(definition, &case, definition.initial),
        Addressee::WasWaiting => Vec::new(),
    };
    let notify = create.notify.iter();
    let notices =
        notify.map(|n| NoticeTo { notice: n.notice, to: n.to.iter().flat_map(to).collect::<Vec<RoleIx>>() });
    let read = create.require.iter().flat_map(|rule| rule.guard.slots()).copied().collect();
    Ok(Opening { notices: notices.collect(), case, clocks, read })
}
