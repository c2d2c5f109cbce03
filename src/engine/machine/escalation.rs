//! The end of a clock that nobody has acted by: the roles its escalation names are told in turn, each while there is somebody to tell.

use chrono::{DateTime, Utc};

use super::case::Seat;
use crate::definition::{ClockIx, Definition, ExpiryAct, RoleIx, Span, SpanUnit};

/// The event by which a history records that a deadline has passed and whom the case waits for besides; no definition can name one so.
pub const ESCALATED: &str = "@escalate";

/// The event by which a history records that whom a track names has handed it on to somebody else.
pub const HANDED_ON: &str = "@hand_on";

/// The event by which a history records that the steps before it, all of one instant, were called back before anybody was told.
pub const CALLED_BACK: &str = "@call_back";

/// How long each role of an escalation has before the next is told, in the calendar of the clock.
pub const PATIENCE: Span = Span { count: 3, unit: SpanUnit::WorkingDays };

/// Where an escalation has got to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    /// The role to tell now.
    pub role: RoleIx,
    /// How many roles of the list are reached with it.
    pub rungs: u8,
    /// Whether there is a role left to tell after it.
    pub more: bool,
}

/// The next role an escalation tells after `rungs` of its list: the first that is not waited for already and that somebody holds, who
/// can be reached; the last when there is none such. `None` once the list is at its end.
pub fn next_rung(
    roles: &[RoleIx],
    rungs: u8,
    waited_for: &[RoleIx],
    somebody_holds: impl Fn(RoleIx) -> bool,
) -> Option<Rung> {
    let fits = |role: &RoleIx| !waited_for.contains(role) && somebody_holds(*role);
    let left = roles.get(usize::from(rungs)..)?;
    let ahead = left.iter().position(fits).or_else(|| left.len().checked_sub(1))?;
    let reached = usize::from(rungs) + ahead + 1;
    Some(Rung {
        role: left[ahead],
        rungs: u8::try_from(reached).unwrap_or(u8::MAX),
        more: reached < roles.len(),
    })
}

/// Roles that the escalations of a machine have reached beside those it waits for, each with the end of its clock.
pub(super) fn reached(
    definition: &Definition,
    seat: &Seat<'_>,
    waited_for: &[RoleIx],
) -> Vec<(RoleIx, DateTime<Utc>)> {
    let mut reached: Vec<(RoleIx, DateTime<Utc>)> = Vec::new();
    for running in seat.clocks {
        let roles = escalates(definition, running.clock);
        for role in roles.iter().take(usize::from(running.rungs)) {
            if !waited_for.contains(role) && reached.iter().all(|(known, _)| known != role) {
                reached.push((*role, running.due_at));
            }
        }
    }
    reached
}

/// The roles that the end of a clock tells in turn.
fn escalates(definition: &Definition, clock: ClockIx) -> &[RoleIx] {
    let acts = definition.clocks[clock.at()].on_expiry.iter().map(|expiry| &expiry.act);
    let roles = acts.filter_map(|act| match act {
        ExpiryAct::Escalate(roles) => Some(roles.as_slice()),
        ExpiryAct::Fire(_) | ExpiryAct::Allow(_) => None,
    });
    roles.into_iter().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escalation_tells_its_roles_in_turn_and_passes_over_whoever_cannot_be_told() {
        let roles = [RoleIx(3), RoleIx(1), RoleIx(2)];
        let all = |_| true;
        let first = next_rung(&roles, 0, &[], all).unwrap();
        assert_eq!(first, Rung { role: RoleIx(3), rungs: 1, more: true });
        assert_eq!(next_rung(&roles, 1, &[], all).unwrap().role, RoleIx(1));
        let waited = next_rung(&roles, 0, &[RoleIx(3)], all).unwrap();
        assert_eq!(waited, Rung { role: RoleIx(1), rungs: 2, more: true });
        let vacant = next_rung(&roles, 0, &[], |role| role == RoleIx(2)).unwrap();
        assert_eq!(vacant, Rung { role: RoleIx(2), rungs: 3, more: false });
        let nobody = next_rung(&roles, 1, &[], |_| false).unwrap();
        assert_eq!(nobody, Rung { role: RoleIx(2), rungs: 3, more: false });
        assert_eq!(next_rung(&roles, 3, &[], all), None);
    }
}
