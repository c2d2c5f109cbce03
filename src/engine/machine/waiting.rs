//! Whom a case waits for, since when, until when, and what happens if nobody acts.

use chrono::{DateTime, Utc};

use super::{Case, step};
use crate::definition::{ClockIx, Definition, EventIx, ExpiryAct, RoleIx};
use crate::facts::Facts;
use crate::guard::Verdict;

/// One party the case waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// The role.
    pub role: RoleIx,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; `None` when no clock runs.
    pub due_at: Option<DateTime<Utc>>,
    /// The clock that ends first.
    pub clock: Option<ClockIx>,
    /// What happens when nobody acts by then.
    pub otherwise: Option<Outcome>,
}

/// What the end of a clock does, as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The system fires this event.
    Fires(EventIx),
    /// These roles are told.
    Escalates(Vec<RoleIx>),
    /// This event becomes possible.
    Allows(EventIx),
}

/// Whom the case waits for; empty in a final state.
pub fn waiting(definition: &Definition, case: &Case, facts: &Facts) -> Vec<Awaited> {
    let first = case.clocks.iter().min_by_key(|running| running.due_at);
    let otherwise = first.and_then(|running| outcome(definition, running.clock, facts));
    let roles = step::waited_for(definition, case, case.state).into_iter();
    roles
        .map(|role| Awaited {
            role,
            since: case.entered_at,
            due_at: first.map(|running| running.due_at),
            clock: first.map(|running| running.clock),
            otherwise: otherwise.clone(),
        })
        .collect()
}

/// What the end of a clock would do now: the first expiry whose condition holds.
pub fn outcome(definition: &Definition, clock: ClockIx, facts: &Facts) -> Option<Outcome> {
    let holds = |when: &Option<crate::guard::Guard>| {
        when.as_ref().is_none_or(|guard| guard.holds(facts) == Verdict::True)
    };
    let expiry = definition.clocks[clock.at()].on_expiry.iter().find(|expiry| holds(&expiry.when))?;
    Some(match &expiry.act {
        ExpiryAct::Fire(event) => Outcome::Fires(*event),
        ExpiryAct::Escalate(roles) => Outcome::Escalates(roles.clone()),
        ExpiryAct::Allow(event) => Outcome::Allows(*event),
    })
}
