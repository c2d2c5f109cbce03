//! What a run of an allocation may do to a case.

use super::{Actor, Case, Context, legal};
use crate::definition::{Choose, Definition, Input, Transition, TransitionIx, Trigger};
use crate::refusal::Refusal;

/// The transition by which a run gives a case the choice it got, from where the case stands now.
pub fn placed_by<'d>(definition: &'d Definition, case: &Case) -> Option<(TransitionIx, &'d Transition)> {
    on_run(definition, case).find(|(_, transition)| matches!(transition.choose, Some(Choose::Input(_))))
}

/// The transitions by which a run moves a case that got no place, in the order of the definition: the first that is legal is taken.
pub fn passed_by<'d>(
    definition: &'d Definition,
    case: &Case,
) -> impl Iterator<Item = (TransitionIx, &'d Transition)> {
    on_run(definition, case).filter(|(_, transition)| transition.choose.is_none())
}

fn on_run<'d>(
    definition: &'d Definition,
    case: &Case,
) -> impl Iterator<Item = (TransitionIx, &'d Transition)> {
    let seat = case.main();
    let state = seat.state;
    let origin = seat.origin;
    let came = move |transition: &Transition| {
        transition.came_from.is_empty() || origin.is_some_and(|origin| transition.came_from.contains(&origin))
    };
    let on = |transition: &Transition| transition.on == Some(Trigger::Run) && transition.join.is_none();
    definition.leaving(state).filter(move |(_, transition)| on(transition) && came(transition))
}

/// Whether a run may take a transition now, as far as anything but places tells.
///
/// # Errors
/// What would make it legal.
pub fn may_run(
    definition: &Definition,
    case: &Case,
    ix: TransitionIx,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    let transition = &definition.transitions[ix.at()];
    let seat = case.main();
    legal::possible(definition, case, &seat, transition, context)?;
    legal::role(definition, (case, &seat), transition, Actor::System, context.subject)?;
    let facts = legal::facts(definition, case, context, &Input::default());
    legal::guards(definition, &transition.require, &facts, context.now, true)?;
    legal::documents(definition, transition, context)
}
