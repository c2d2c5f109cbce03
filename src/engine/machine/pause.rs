//! Clocks that stand still: a state that stops clocks keeps what is left of each, and whoever comes back has that rest.
//!
//! Only spans pause; what ends at a date ends at that date.

use chrono::{DateTime, TimeDelta, Utc};

use super::case::Seat;
use super::{Case, ClockStart, Context, Running, step};
use crate::definition::{Clock, ClockIx, Definition, InstanceId, Run, SpanUnit, StateIx};
use crate::vocabulary::StateKind;

/// A clock that stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paused {
    /// The instance of a track it runs in; `None` is the main machine.
    pub instance: Option<InstanceId>,
    /// The state it belongs to.
    pub state: StateIx,
    /// Which.
    pub clock: ClockIx,
    /// What was left of it.
    pub left: TimeDelta,
}

/// The clocks that stop when the main machine goes into `to`; none unless that state is the first to stop them.
pub(super) fn pauses(definition: &Definition, case: &Case, to: StateIx, now: DateTime<Utc>) -> Vec<Paused> {
    if !stops(definition, to) || stops(definition, case.state) {
        return Vec::new();
    }
    let pause = |instance, state, running: &Running| {
        let left = (running.due_at - now).max(TimeDelta::zero());
        let span = matches!(definition.clocks[running.clock.at()].run, Run::Within(_));
        span.then_some(Paused { instance, state, clock: running.clock, left })
    };
    let main = case.clocks.iter().filter_map(|running| pause(None, case.state, running));
    let tracks = case
        .tracks
        .iter()
        .flat_map(|one| one.clocks.iter().filter_map(move |running| pause(Some(one.id), one.state, running)));
    main.chain(tracks).collect()
}

/// Gives clocks of the main machine that start anew the rest they had, when it comes back to where they stood still.
pub(super) fn restore(
    definition: &Definition,
    case: &Case,
    (seat, to): (&Seat<'_>, StateIx),
    context: &Context<'_>,
    clocks: &mut [ClockStart],
) {
    if seat.instance.is_some() || !stops(definition, seat.state) {
        return;
    }
    for paused in case.paused.iter().filter(|paused| paused.instance.is_none() && paused.state == to) {
        for start in clocks.iter_mut().filter(|start| start.clock == paused.clock) {
            *start = resumed(definition, paused, context);
        }
    }
}

/// The clocks of tracks that go on when the main machine leaves what stopped them for `to`.
pub(super) fn resumes(
    definition: &Definition,
    case: &Case,
    to: StateIx,
    context: &Context<'_>,
) -> Vec<(InstanceId, ClockStart)> {
    if stops(definition, to) || definition.states[to.at()].kind != StateKind::Open {
        return Vec::new();
    }
    let goes_on = |paused: &Paused| Some((paused.instance?, resumed(definition, paused, context)));
    case.paused.iter().filter_map(goes_on).collect()
}

fn stops(definition: &Definition, state: StateIx) -> bool {
    definition.states[state.at()].stops_clocks
}

/// What was left, counted from now; a clock of days still ends with a day.
fn resumed(definition: &Definition, paused: &Paused, context: &Context<'_>) -> ClockStart {
    let clock: &Clock = &definition.clocks[paused.clock.at()];
    let calendar = context.calendars.of(clock.calendar);
    let due_at = match clock.run {
        Run::Within(span) if span.unit != SpanUnit::Hours => {
            calendar.end_of(calendar.date(context.now + paused.left))
        }
        Run::Within(_) | Run::Until(_) => context.now + paused.left,
    };
    ClockStart {
        clock: paused.clock,
        due_at,
        remind_at: step::reminders(clock, calendar, context.now, due_at),
    }
}
