//! What may happen next: every event of the present state, legal for this viewer or why not.

use chrono::{DateTime, Utc};

use super::{Actor, Case, Context, legal};
use crate::definition::{Definition, RoleIx, Transition, TransitionIx};
use crate::refusal::Refusal;

/// One event of the present state.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The transition behind it, with label, input schema and reason codes.
    pub transition: TransitionIx,
    /// The role the viewer would act in.
    pub role: Option<RoleIx>,
    /// Why it is not legal for this viewer now; `None` when it is.
    pub refusal: Option<Refusal>,
    /// By when: the first clock of the state that ends.
    pub by: Option<DateTime<Utc>>,
}

/// Every event people may fire from the present state, in the order of the file.
///
/// Input is not known yet: guards over it count as met, and [`step`](super::step) decides them.
pub fn offers(definition: &Definition, case: &Case, viewer: Actor, context: &Context<'_>) -> Vec<Offer> {
    let mut facts = context.facts.clone();
    legal::set_main(definition, &mut facts, case.state);
    let mine = |transition: &Transition| transition.join.is_none() && legal::leaves(case, transition);
    let leaving = definition.leaving(case.state).filter(|(_, transition)| mine(transition));
    leaving
        .filter(|(_, transition)| transition.by.iter().any(|role| Some(*role) != definition.system()))
        .map(|(ix, transition)| {
            let judged = judge(definition, case, transition, viewer, context, &facts);
            let (role, refusal) = match judged {
                Ok(role) => (role, None),
                Err(refusal) => (None, Some(refusal)),
            };
            Offer { transition: ix, role, refusal, by: case.due_at() }
        })
        .collect()
}

fn judge(
    definition: &Definition,
    case: &Case,
    transition: &Transition,
    viewer: Actor,
    context: &Context<'_>,
    facts: &crate::facts::Facts,
) -> Result<Option<RoleIx>, Refusal> {
    legal::possible(definition, case, transition)?;
    let role = legal::role(definition, case, transition, viewer, context.subject)?;
    legal::guards(definition, &transition.require, facts, context.now, true)?;
    legal::documents(definition, transition, context)?;
    if transition.choose.is_none() {
        legal::places(definition, case, transition, context, facts)?;
    }
    Ok(role)
}
