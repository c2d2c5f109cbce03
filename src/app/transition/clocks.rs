//! Clocks of a live case: which a move stops, which it starts, and how each stands in its row.

use chrono::{DateTime, TimeDelta, Utc};
use sojourn_engine::definition::{Definition, Each, EventIx, ExpiryAct, InstanceId};
use sojourn_engine::machine::{Case, ClockStart, Move, Paused};
use sojourn_engine::vocabulary::StateKind;

use super::drive::Stage;
use super::live::{Live, LiveClock, unknown};
use crate::app::Error;
use crate::store::dossiers::{Dossier, PausedRow};
use crate::store::records::{NewClock, Records, Stopped};

/// Stops the clocks of the state that is left, and those of tracks that end or start anew with it; the one whose end this is counts as
/// fired.
pub(super) fn stop(
    stage: &Stage<'_>,
    live: &mut Live,
    made: &Move,
    fires: Option<EventIx>,
    records: &mut Records,
) {
    let now = stage.at.now;
    let paused = |clock: &LiveClock| {
        made.pauses.iter().any(|p| (p.instance, p.clock) == (clock.instance, clock.clock))
    };
    let over = |clock: &LiveClock| ends_with(stage.definition, made, clock.instance) || paused(clock);
    let (stopped, run_on): (Vec<_>, Vec<_>) = live.clocks.drain(..).partition(over);
    live.clocks = run_on;
    for clock in stopped {
        let ends = &stage.definition.clocks[clock.clock.at()].on_expiry;
        let its_event = |event| ends.iter().any(|e| e.act == ExpiryAct::Fire(event));
        let fired = clock.instance == made.instance && clock.due_at <= now && fires.is_some_and(its_event);
        if clock.fresh {
            records.clocks.push(new_clock(stage, &live.dossier, clock, Some((now, fired))));
        } else {
            let (row, case) = (clock.row, live.dossier.case.id);
            records.stopped.push(Stopped { row, case, at: now, fired });
        }
    }
}

/// Whether a move ends the clocks of a machine: its own, or that of a track which starts anew, or all when the case ends.
fn ends_with(definition: &Definition, made: &Move, clock: Option<InstanceId>) -> bool {
    let Some(id) = clock else { return made.instance.is_none() && made.entered };
    let follows_stays = definition.track(id.machine).is_some_and(|track| track.each == Some(Each::Stay));
    let case_ends =
        made.instance.is_none() && made.entered && definition.states[made.to.at()].kind != StateKind::Open;
    (made.instance == clock && made.entered)
        || case_ends
        || made.resets.contains(&id.machine)
        || (made.stays.is_some() && follows_stays)
}

/// Starts the clocks of the state that is entered.
pub(super) fn start(stage: &Stage<'_>, live: &mut Live, instance: Option<InstanceId>, clocks: &[ClockStart]) {
    live.clocks.extend(clocks.iter().map(|clock| LiveClock {
        row: stage.at.id(),
        instance,
        clock: clock.clock,
        entered_at: stage.at.now,
        due_at: clock.due_at,
        remind_at: clock.remind_at.clone(),
        rungs: 0,
        fresh: true,
    }));
}

/// A clock as it will stand in its row.
pub(super) fn new_clock(
    stage: &Stage<'_>,
    dossier: &Dossier,
    clock: LiveClock,
    stopped: Option<(DateTime<Utc>, bool)>,
) -> NewClock {
    NewClock {
        case: dossier.case.id,
        id: clock.row,
        machine: stage.definition.machine_text(clock.instance),
        clock: stage.definition.clocks[clock.clock.at()].id.clone(),
        entered_at: clock.entered_at,
        due_at: clock.due_at,
        remind_at: clock.remind_at,
        rungs: clock.rungs,
        stopped,
    }
}

/// Clocks that stand still, as their rows name them.
///
/// # Errors
/// [`Error::Internal`] when a row names something the definition does not have.
pub(super) fn paused(definition: &Definition, rows: &[PausedRow]) -> Result<Vec<Paused>, Error> {
    let read = |row: &PausedRow| {
        let instance = definition.instance_of(&row.machine);
        let state = match instance {
            None => definition.state_named(&row.state)?,
            Some(id) => definition.state_in(id.machine, &row.state)?,
        };
        let clock = definition.clock_named(state, &row.clock)?;
        Some(Paused { instance, state, clock, left: TimeDelta::seconds(row.left) })
    };
    rows.iter().map(|row| read(row).ok_or_else(|| unknown("clock", &row.clock))).collect()
}

/// The rows of a case's clocks that stand still.
pub(super) fn rows(definition: &Definition, case: &Case) -> Vec<PausedRow> {
    let row = |paused: &Paused| PausedRow {
        machine: definition.machine_text(paused.instance),
        state: definition.states[paused.state.at()].name.clone(),
        clock: definition.clocks[paused.clock.at()].id.clone(),
        left: paused.left.num_seconds(),
    };
    case.paused.iter().map(row).collect()
}
