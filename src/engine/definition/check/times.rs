//! W09: every clock has an effect that is possible where it runs, and reminds while it runs, at both ends of its bounds.

use std::collections::BTreeSet;

use super::super::{
    Clock, ClockIx, Definition, EventIx, ExpiryAct, Finding, Reminder, Resolver, RoleIx, Rule, Run, Span,
    SpanUnit, StateIx, Transition,
};
use super::space::Space;

/// What stands in the declarations alone.
pub(super) fn of_declarations(definition: &Definition) -> Vec<Finding> {
    let mut findings = Vec::new();
    for clock in &definition.clocks {
        let mut wrong = |message: String| findings.push(Finding::error(Rule::W09, clock.place, message));
        if clock.on_expiry.is_empty() {
            wrong(format!(
                "nothing happens when `{}` is over: give it an `event`, an `escalate` or an `allow`",
                clock.id
            ));
        }
        for expiry in &clock.on_expiry {
            expired(definition, clock, &expiry.act).into_iter().for_each(&mut wrong);
        }
        bounded(clock).into_iter().for_each(&mut wrong);
        shortened(clock).into_iter().for_each(&mut wrong);
        reminded(clock).into_iter().for_each(&mut wrong);
    }
    findings
}

fn expired(definition: &Definition, clock: &Clock, act: &ExpiryAct) -> Option<String> {
    let state = &definition.states[clock.state.at()].name;
    match act {
        ExpiryAct::Escalate(roles) => {
            let held = |role: &RoleIx| definition.roles[role.at()].resolver == Resolver::Secretariat;
            (!roles.last().is_some_and(held)).then(|| {
                format!("`{}` escalates to roles that may have no holder: end it with one of alliance(secretariat)", clock.id)
            })
        }
        ExpiryAct::Allow(event) => {
            let people = |transition: &Transition| {
                transition.by.iter().any(|role| definition.roles[role.at()].resolver != Resolver::System)
            };
            (!fired_from(definition, clock.state, *event).any(people)).then(|| {
                let event = &definition.events[event.at()].name;
                format!("`{}` allows `{event}`, which nobody may fire in `{state}`: give it a transition from there", clock.id)
            })
        }
        ExpiryAct::Fire(event) => {
            let mut firing = fired_from(definition, clock.state, *event).filter(|t| by_system(definition, t));
            let needs = firing.find_map(|t| t.input.iter().find(|field| !field.optional))?;
            let event = &definition.events[event.at()].name;
            Some(format!(
                "`{}` fires `{event}`, whose input `{}` the system cannot give: make the field optional with `?`",
                clock.id, needs.name
            ))
        }
    }
}

fn fired_from(definition: &Definition, state: StateIx, event: EventIx) -> impl Iterator<Item = &Transition> {
    let leaving = definition.leaving(state).map(|(_, transition)| transition);
    leaving.filter(move |transition| transition.event == event && transition.join.is_none())
}

fn by_system(definition: &Definition, transition: &Transition) -> bool {
    let system = |role: &RoleIx| definition.roles[role.at()].resolver == Resolver::System;
    if transition.collect { transition.by.iter().all(system) } else { transition.by.iter().any(system) }
}

fn bounded(clock: &Clock) -> Option<String> {
    let (low, high) = clock.bounds?;
    let id = &clock.id;
    match clock.run {
        Run::Until(_) => {
            Some(format!("`{id}` runs until an instant, which has no bounds: drop `bounds`, or use `within`"))
        }
        Run::Within(_) if low.unit != high.unit => {
            Some(format!("the bounds of `{id}` count in different units: write both in one"))
        }
        Run::Within(span) if low > high || span.unit != low.unit || span < low || span > high => Some(
            format!("`{id}` takes {span}, which does not lie in its bounds from {low} to {high}: widen them"),
        ),
        Run::Within(_) => None,
    }
}

fn shortened(clock: &Clock) -> Option<String> {
    let (shorter, id) = (clock.shorter.as_ref()?.within, &clock.id);
    match clock.run {
        Run::Until(_) => Some(format!("`{id}` runs until an instant: drop `shorter`, or use `within`")),
        Run::Within(span) => {
            let least = clock.bounds.map_or(span, |(low, _)| low.min(span));
            (shorter.unit != least.unit || shorter >= least).then(|| {
                format!("`{id}` is no shorter with {shorter} than its {least}: write less, in the same unit")
            })
        }
    }
}

/// Reminders that would come after the end, or before the beginning, of the shortest clock a call may set.
fn reminded(clock: &Clock) -> Vec<String> {
    let Run::Within(span) = clock.run else { return Vec::new() };
    let shortest = clock.bounds.map_or(span, |(low, _)| low.min(span));
    let outside = clock.remind.iter().filter(|reminder| {
        let (Reminder::After(at) | Reminder::Before(at)) = reminder;
        !shorter(*at, shortest)
    });
    let sentence = |reminder: &Reminder| {
        let (at, side) = match reminder {
            Reminder::After(at) => (at, "after entry"),
            Reminder::Before(at) => (at, "before the end"),
        };
        format!(
            "`{}` reminds {at} {side}, which may lie outside its {shortest}: remind earlier, or raise the lower bound",
            clock.id
        )
    };
    outside.map(sentence).collect()
}

/// Whether a span is shorter than another in every calendar that works five days a week.
fn shorter(span: Span, than: Span) -> bool {
    match (span.unit, than.unit) {
        (SpanUnit::WorkingDays, SpanUnit::WorkingDays) => span.count < than.count,
        _ => longest(span) < shortest(than),
    }
}

/// Most hours a span can take.
const fn longest(span: Span) -> u32 {
    match span.unit {
        SpanUnit::Hours => span.count,
        SpanUnit::Days => span.count * 24,
        SpanUnit::WorkingDays => (span.count + span.count.div_ceil(5) * 2) * 24,
    }
}

/// Fewest hours a span can take.
const fn shortest(span: Span) -> u32 {
    match span.unit {
        SpanUnit::Hours => span.count,
        SpanUnit::Days | SpanUnit::WorkingDays => span.count * 24,
    }
}

/// Events of clocks that the system cannot fire where the clock runs, each with the shortest way there.
pub(super) fn findings(space: &Space<'_>) -> Vec<Finding> {
    let definition = space.definition;
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for node in (0..space.len()).filter(|node| !space.is_final(*node) && space.rests(*node)) {
        for (ix, event) in fired(definition, space.state_ix(node)) {
            let legal = space.firing(node).iter().any(|firing| {
                let transition = firing.transition;
                transition.event == event && transition.join.is_none() && by_system(definition, transition)
            });
            if !legal && seen.insert((ix, event)) {
                let clock = &definition.clocks[ix.at()];
                let message = format!(
                    "`{}` fires `{}`, which the system may not fire here: give it a transition by `system` from `{}`, whatever \
                     it was entered from",
                    clock.id,
                    definition.events[event.at()].name,
                    space.state(node).name
                );
                findings.push(Finding::error(Rule::W09, clock.place, message).shown_by(space.path(node)));
            }
        }
    }
    findings
}

fn fired(definition: &Definition, state: StateIx) -> Vec<(ClockIx, EventIx)> {
    let clocks = definition.states[state.at()].clocks.iter();
    let events = clocks
        .flat_map(|ix| definition.clocks[ix.at()].on_expiry.iter().map(move |expiry| (*ix, &expiry.act)));
    events
        .filter_map(|(ix, act)| match act {
            ExpiryAct::Fire(event) => Some((ix, *event)),
            ExpiryAct::Escalate(_) | ExpiryAct::Allow(_) => None,
        })
        .collect()
}
