//! Clocks of a live case: which a move stops, which it starts, and how each stands in its row.

use chrono::{DateTime, Utc};
use sojourn_engine::definition::{Definition, Each, EventIx, ExpiryAct, InstanceId};
use sojourn_engine::machine::{ClockStart, Move};
use sojourn_engine::vocabulary::StateKind;

use super::drive::Stage;
use super::live::{Live, LiveClock};
use crate::store::dossiers::Dossier;
use crate::store::records::{NewClock, Records};

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
    let over = |instance: Option<InstanceId>| ends_with(stage.definition, made, instance);
    let (stopped, run_on): (Vec<_>, Vec<_>) = live.clocks.drain(..).partition(|clock| over(clock.instance));
    live.clocks = run_on;
    for clock in stopped {
        let ends = &stage.definition.clocks[clock.clock.at()].on_expiry;
        let its_event = |event| ends.iter().any(|e| e.act == ExpiryAct::Fire(event));
        let fired = clock.instance == made.instance && clock.due_at <= now && fires.is_some_and(its_event);
        let (fired_at, ended_at) = if fired { (Some(now), None) } else { (None, Some(now)) };
        if clock.fresh {
            records.clocks.push(new_clock(stage, &live.dossier, clock, ended_at, fired_at));
        } else {
            records.stopped.push((clock.row, live.dossier.case.id, fired_at, ended_at));
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
        fresh: true,
    }));
}

/// A clock as it will stand in its row.
pub(super) fn new_clock(
    stage: &Stage<'_>,
    dossier: &Dossier,
    clock: LiveClock,
    ended_at: Option<DateTime<Utc>>,
    fired_at: Option<DateTime<Utc>>,
) -> NewClock {
    NewClock {
        case: dossier.case.id,
        id: clock.row,
        machine: stage.definition.machine_text(clock.instance),
        clock: stage.definition.clocks[clock.clock.at()].id.clone(),
        entered_at: clock.entered_at,
        due_at: clock.due_at,
        remind_at: clock.remind_at,
        ended_at,
        fired_at,
    }
}
