//! Whom a case waits for, since when, until when, and what happens if nobody acts.

use chrono::{DateTime, Utc};

use super::case::Seat;
use super::{Case, escalation, step};
use crate::definition::{ClockIx, Definition, EventIx, ExpiryAct, InstanceId, RoleIx};
use crate::facts::Facts;
use crate::guard::Verdict;

/// One party the case waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// The role.
    pub role: RoleIx,
    /// The instance of a track that waits; `None` is the main machine.
    pub instance: Option<InstanceId>,
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

/// Whom the case waits for: the main machine, then each track, each with those its escalations have reached; empty in a final state.
pub fn waiting(definition: &Definition, case: &Case, facts: &Facts) -> Vec<Awaited> {
    let awaited = |seat: Seat<'_>| {
        let first = seat.clocks.iter().min_by_key(|running| running.due_at).copied();
        let otherwise = first.and_then(|running| outcome(definition, running.clock, facts));
        let roles = step::waited_in(definition, &seat, seat.state);
        let reached = escalation::reached(definition, &seat, &roles);
        let one = |role, since| Awaited {
            role,
            instance: seat.instance,
            since,
            due_at: first.map(|running| running.due_at),
            clock: first.map(|running| running.clock),
            otherwise: otherwise.clone(),
        };
        let named = roles.into_iter().map(|role| one(role, seat.entered_at));
        named.chain(reached.into_iter().map(|(role, since)| one(role, since))).collect::<Vec<_>>()
    };
    case.seats(definition).flat_map(awaited).collect()
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
