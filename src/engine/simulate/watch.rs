//! Deadlines that the changed definition sets otherwise: when they would have ended, and what that would have done.

use chrono::{DateTime, Utc};

use super::course::{Course, Stop};
use super::report::{Found, Kind};
use super::rules::{Named, act, same_ends};
use super::seen::Truth;
use super::{Past, Recorded};
use crate::adoption::same_time;
use crate::definition::{Clock, ClockIx, Definition, ExpiryAct, InstanceId, Run, Span, StateIx};
use crate::guard::Value;

/// A deadline that runs and that the deciding definition did not set so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch {
    pub instance: Option<InstanceId>,
    pub clock: ClockIx,
    pub due_at: DateTime<Utc>,
    /// When it ended under the definition that decided, where it did the same there.
    was_due_at: Option<DateTime<Utc>>,
    told: bool,
}

/// Where the end of a clock lies that counts from an instant; `None` for one that rests on facts.
fn within(
    definition: &Definition,
    ix: ClockIx,
    from: DateTime<Utc>,
    past: &Past<'_>,
    shorter: Option<Span>,
) -> Option<DateTime<Utc>> {
    let clock = &definition.clocks[ix.at()];
    let Run::Within(span) = clock.run else { return None };
    let state = &definition.states[clock.state.at()].name;
    let named = |(name, _): &&(&str, Span)| name.split_once('.') == Some((state, &clock.id));
    let set = past.overrides.iter().find(named).map(|(_, span)| *span);
    let inside = |span: &Span| {
        clock.bounds.is_some_and(|(least, most)| span.unit == least.unit && least <= *span && *span <= most)
    };
    let span = set.filter(inside).unwrap_or(span);
    Some(past.calendars.of(clock.calendar).after(from, shorter.map_or(span, |shorter| shorter.min(span))))
}

impl Course<'_, '_> {
    /// Watches the deadlines of a state that has been entered, where the changed definition sets them otherwise.
    pub(super) fn watch(
        &mut self,
        before: &Named<'_>,
        of: Option<InstanceId>,
        state: StateIx,
        step: &Recorded<'_>,
    ) {
        let definition = self.rules.changed.definition;
        let name = self.rules.changed.state_name(state);
        let was = before.state(before.definition.instance_of(step.machine), name);
        for &ix in &definition.states[state.at()].clocks {
            let clock = &definition.clocks[ix.at()];
            let known = was.and_then(|was| before.definition.clock_named(was, &clock.id));
            let old = known.map(|known| &before.definition.clocks[known.at()]);
            let ends_alike = old.is_some_and(|old| same_ends((definition, clock), (before.definition, old)));
            if ends_alike && old.is_some_and(|old| same_time(old, clock)) {
                continue;
            }
            let due_at = match &clock.run {
                Run::Within(_) => self.within(ix, step),
                Run::Until(_) => self.until(ix, step),
            };
            // One that was shorter under a condition ended at an instant that is not told again here.
            let was_due_at = known.filter(|_| ends_alike && old.is_some_and(|old| old.shorter.is_none()));
            let was_due_at =
                was_due_at.and_then(|known| within(before.definition, known, step.at, self.past, None));
            if let Some(due_at) = due_at {
                self.watches.push(Watch { instance: of, clock: ix, due_at, was_due_at, told: false });
            }
        }
    }

    fn within(&mut self, ix: ClockIx, step: &Recorded<'_>) -> Option<DateTime<Utc>> {
        let definition = self.rules.changed.definition;
        let clock = &definition.clocks[ix.at()];
        let mut span = None;
        if let Some(shorter) = &clock.shorter {
            self.look(step);
            match self.seen.truth(self.rules, &shorter.when) {
                Truth::Holds => span = Some(shorter.within),
                Truth::Fails => {}
                Truth::Unknown(fact) => {
                    self.doubt(clock.state, &clock.id, &fact);
                    return None;
                }
            }
        }
        within(definition, ix, step.at, self.past, span)
    }

    fn until(&mut self, ix: ClockIx, step: &Recorded<'_>) -> Option<DateTime<Utc>> {
        let definition = self.rules.changed.definition;
        let clock = &definition.clocks[ix.at()];
        let Run::Until(term) = &clock.run else { return None };
        self.look(step);
        if let Some(slot) = term.slots().iter().find(|slot| !self.seen.knows(**slot)) {
            self.doubt(clock.state, &clock.id, definition.facts.path(*slot));
            return None;
        }
        match term.value(&self.seen)? {
            Value::Instant(at) => Some(at.max(step.at)),
            _ => None,
        }
    }

    /// Lets the deadlines end that would have ended before a step.
    ///
    /// # Errors
    /// The first whose end would have moved the case.
    pub(super) fn lapses(&mut self, step: &Recorded<'_>) -> Result<(), Stop> {
        if self.watches.is_empty() {
            return Ok(());
        }
        self.watches.sort_by_key(|watch| (watch.due_at, watch.clock));
        for at in 0..self.watches.len() {
            let watch = self.watches[at];
            if watch.told || watch.due_at >= step.at {
                continue;
            }
            self.watches[at].told = true;
            // What was late already, and carried on, is no consequence of the change.
            if watch.was_due_at.is_some_and(|was| was < step.at) {
                continue;
            }
            self.end(watch, step)?;
        }
        Ok(())
    }

    fn end(&mut self, watch: Watch, step: &Recorded<'_>) -> Result<(), Stop> {
        let definition = self.rules.changed.definition;
        let clock = &definition.clocks[watch.clock.at()];
        let state = self.rules.changed.state_name(clock.state);
        for expiry in &clock.on_expiry {
            if let Some(when) = &expiry.when {
                self.look(step);
                match self.seen.truth(self.rules, when) {
                    Truth::Holds => {}
                    Truth::Fails => continue,
                    Truth::Unknown(fact) => {
                        self.doubt(clock.state, &clock.id, &fact);
                        return Ok(());
                    }
                }
            }
            let then = act(definition, &expiry.act);
            if matches!(expiry.act, ExpiryAct::Fire(_)) {
                let what = format!("deadline `{}` would have ended: {then}", clock.id);
                return Err(Stop::differs(Found {
                    kind: Kind::Lapsed,
                    state: state.to_owned(),
                    event: step.event.to_owned(),
                    what,
                }));
            }
            self.tallies.lapsed(state, &clock.id, then);
            return Ok(());
        }
        Ok(())
    }

    /// Whether a step of the system was the end of a deadline that would not have ended yet.
    pub(super) fn is_early(&self, before: &Named<'_>, of: Option<InstanceId>, step: &Recorded<'_>) -> bool {
        let fires = |definition: &Definition, clock: &Clock| {
            clock.on_expiry.iter().any(|expiry| match expiry.act {
                ExpiryAct::Fire(event) => definition.events[event.at()].name == step.event,
                ExpiryAct::Escalate(_) | ExpiryAct::Allow(_) => false,
            })
        };
        let was = before.definition.instance_of(step.machine);
        let old_state = step.from.and_then(|from| before.state(was, from));
        let old = before.definition;
        let ended = old_state.is_some_and(|state| {
            old.states[state.at()].clocks.iter().any(|ix| fires(old, &old.clocks[ix.at()]))
        });
        if !ended || step.actor.is_some() {
            return false;
        }
        let definition = self.rules.changed.definition;
        let Some(state) = step.from.and_then(|from| self.rules.changed.state(of, from)) else { return false };
        let mut clocks = definition.states[state.at()].clocks.iter();
        !clocks.any(|ix| {
            let watched = self.watches.iter().find(|w| w.instance == of && w.clock == *ix);
            fires(definition, &definition.clocks[ix.at()]) && watched.is_none_or(|w| w.due_at <= step.at)
        })
    }
}
