//! What may happen next: every event of the present states, legal for this viewer or why not.

use chrono::{DateTime, Utc};

use super::case::Seat;
use super::{Actor, Case, Context, legal};
use crate::definition::{Definition, Input, InstanceId, RoleIx, Transition, TransitionIx};
use crate::facts::Facts;
use crate::refusal::Refusal;

/// One event of a present state.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The transition behind it, with label, input schema and reason codes.
    pub transition: TransitionIx,
    /// The instance of a track it belongs to; `None` is the main machine.
    pub instance: Option<InstanceId>,
    /// The role the viewer would act in.
    pub role: Option<RoleIx>,
    /// Why it is not legal for this viewer now; `None` when it is.
    pub refusal: Option<Refusal>,
    /// By when: the first clock of the state that ends.
    pub by: Option<DateTime<Utc>>,
}

/// Every event people may fire from the present states, in the order of the file: the main machine's, then those of each track.
///
/// Input is not known yet: guards over it count as met, and [`step`](super::step) decides them.
pub fn offers(definition: &Definition, case: &Case, viewer: Actor, context: &Context<'_>) -> Vec<Offer> {
    let facts = legal::facts(definition, case, context, &Input::default());
    let from = |seat| offers_from(definition, (case, &seat), viewer, (context, &facts));
    case.seats(definition).flat_map(from).collect()
}

/// The same for one machine: the main one, or an instance of a track.
pub fn offers_at(
    definition: &Definition,
    case: &Case,
    of: Option<InstanceId>,
    viewer: Actor,
    context: &Context<'_>,
) -> Vec<Offer> {
    let facts = legal::facts(definition, case, context, &Input::default());
    let seat = case.seats(definition).find(|seat| seat.instance == of);
    seat.map_or_else(Vec::new, |seat| offers_from(definition, (case, &seat), viewer, (context, &facts)))
}

fn offers_from(
    definition: &Definition,
    (case, seat): (&Case, &Seat<'_>),
    viewer: Actor,
    (context, facts): (&Context<'_>, &Facts),
) -> Vec<Offer> {
    let mine = |transition: &Transition| transition.join.is_none() && legal::leaves(seat, transition);
    let leaving = definition.leaving(seat.state).filter(|(_, transition)| mine(transition));
    let by_people = leaving.filter(|(_, t)| t.by.iter().any(|role| Some(*role) != definition.system()));
    let offer = |(transition, declared)| {
        let judged = judge(definition, (case, seat), declared, viewer, context, facts);
        let (role, refusal) = match judged {
            Ok(role) => (role, None),
            Err(refusal) => (None, Some(refusal)),
        };
        Offer { transition, instance: seat.instance, role, refusal, by: seat.due_at() }
    };
    by_people.map(offer).collect()
}

fn judge(
    definition: &Definition,
    (case, seat): (&Case, &Seat<'_>),
    transition: &Transition,
    viewer: Actor,
    context: &Context<'_>,
    facts: &Facts,
) -> Result<Option<RoleIx>, Refusal> {
    legal::possible(definition, case, seat, transition, context)?;
    let role = legal::role(definition, (case, seat), transition, viewer, context.subject)?;
    legal::guards(definition, &transition.require, facts, context.now, true)?;
    legal::documents(definition, transition, context)?;
    if transition.choose.is_none() {
        legal::places(definition, case, transition, context, facts)?;
    }
    Ok(role)
}
