//! Joins: what follows a step by itself, where something followed and where nothing did.

use super::Recorded;
use super::course::{Course, Stop, Taken};
use super::report::Kind;
use super::rules::{Named, same_guard};
use super::seen::Truth;
use crate::definition::{InstanceId, MAIN, StateIx, Transition};
use crate::guard::Guard;

/// The condition of a join.
fn when(join: &Transition) -> Option<&Guard> {
    join.join.as_ref().and_then(|join| join.when.as_ref())
}

impl<'d> Course<'_, 'd> {
    /// The join that follows where a recorded join followed.
    pub(super) fn joined(
        &mut self,
        before: &Named<'d>,
        old: &Transition,
        of: Option<InstanceId>,
        step: &Recorded<'_>,
    ) -> Result<Taken<'d>, Stop> {
        let state = self.state(of);
        let known = self.known_joins(before, step.machine, state);
        let taken = known.iter().position(|join| std::ptr::eq(*join, old));
        let name = self.rules.changed.state_name(state);
        let mut assumed = None;
        for (ix, join) in self.joins(of) {
            let when = when(join);
            let alike = known.iter().position(|one| {
                same_guard(self::when(one), when)
                    && before.definition.events[one.event.at()].name
                        == self.rules.changed.definition.events[join.event.at()].name
            });
            let truth = match (alike, taken, when) {
                (Some(at), Some(taken), _) if at == taken => Truth::Holds,
                (Some(at), Some(taken), _) if at < taken => Truth::Fails,
                (_, _, None) => Truth::Holds,
                (_, _, Some(when)) => {
                    self.look(step);
                    self.seen.truth(self.rules, when)
                }
            };
            let event = &self.rules.changed.definition.events[join.event.at()].name;
            match truth {
                Truth::Holds if event == step.event => return Ok((ix, join)),
                Truth::Holds => {
                    let what = format!("`{event}` follows instead");
                    return Err(Self::found(Kind::Elsewhere, step, name, what));
                }
                Truth::Fails => {}
                Truth::Unknown(fact) => {
                    self.doubt(state, event, &format!("`{fact}`"));
                    if event == step.event {
                        assumed = Some((ix, join));
                    }
                }
            }
        }
        let what = "it does not follow by itself".to_owned();
        assumed.ok_or_else(|| Self::found(Kind::Elsewhere, step, name, what))
    }

    /// Joins that leave a machine's present state, in the order they are looked at.
    fn joins(&self, of: Option<InstanceId>) -> Vec<Taken<'d>> {
        let leaving = self.rules.changed.definition.leaving(self.state(of));
        let mut joins: Vec<_> = leaving.filter(|(_, t)| t.join.is_some() && self.may(of, t)).collect();
        joins.sort_by_key(|(ix, t)| (t.join.as_ref().map_or(0, |join| join.priority), *ix));
        joins
    }

    /// Joins of the deciding definition, in that order.
    fn known_joins(&self, before: &Named<'d>, machine: &str, state: StateIx) -> Vec<&'d Transition> {
        let of = before.definition.instance_of(machine).filter(|_| machine != MAIN);
        let Some(state) = before.state(of, self.rules.changed.state_name(state)) else { return Vec::new() };
        let mut joins: Vec<_> = before.definition.leaving(state).filter(|(_, t)| t.join.is_some()).collect();
        joins.sort_by_key(|(ix, t)| (t.join.as_ref().map_or(0, |join| join.priority), *ix));
        joins.into_iter().map(|(_, join)| join).collect()
    }

    /// A join that would follow a step where none followed.
    pub(super) fn pending(
        &mut self,
        before: &Named<'d>,
        of: Option<InstanceId>,
        step: &Recorded<'_>,
        next: Option<&Recorded<'_>>,
    ) -> Result<(), Stop> {
        let state = self.state(of);
        if !self.rules.changed.joins[state.at()] {
            return Ok(());
        }
        let known = self.known_joins(before, step.machine, state);
        // The next step of the same instant is the join that followed, and is looked at by itself.
        let is_join = |next: &Recorded<'_>| {
            next.at == step.at
                && next.actor.is_none()
                && known.iter().any(|join| before.definition.events[join.event.at()].name == next.event)
        };
        if next.is_some_and(is_join) {
            return Ok(());
        }
        for (_, join) in self.joins(of) {
            let when = when(join);
            if known.iter().any(|one| same_guard(self::when(one), when)) {
                continue;
            }
            let event = &self.rules.changed.definition.events[join.event.at()].name;
            let truth = match when {
                None => Truth::Holds,
                Some(when) => {
                    self.look(step);
                    self.seen.truth(self.rules, when)
                }
            };
            match truth {
                Truth::Holds => {
                    let name = self.rules.changed.state_name(state);
                    return Err(Self::found(
                        Kind::Elsewhere,
                        step,
                        name,
                        format!("`{event}` follows by itself"),
                    ));
                }
                Truth::Fails => {}
                Truth::Unknown(fact) => self.doubt(state, event, &format!("`{fact}`")),
            }
        }
        Ok(())
    }
}
