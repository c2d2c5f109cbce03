//! A case goes over to another version of its definition: one step of its history, its clocks and accounts as that version has them.

use serde_json::json;
use sojourn_engine::adoption::{Adoption, EVENT, Landed, Obstacle};
use sojourn_engine::definition::{ClockIx, Definition, InstanceId, Resolver, RoleIx};
use sojourn_engine::ids::PersonId;
use sojourn_engine::machine::Running;

use super::clocks::{self, start};
use super::drive::{Stage, View};
use super::effects::{Entry, record, unused};
use super::live::{Live, LiveClock};
use super::places::{bind, draws};
use super::{settle, tracks};
use crate::app::scene::Scene;
use crate::app::{Error, Result};
use crate::store::dossiers::Dossier;
use crate::store::records::{Records, Stopped};

/// The dossier as a stage of the new version can read it: what that version has no word for is left out.
///
/// # Errors
/// Everything that keeps the case from landing.
pub fn carried(
    adoption: &Adoption<'_>,
    scene: &Scene,
    to: sojourn_engine::ids::WorkflowVersionId,
) -> std::result::Result<Dossier, Vec<Obstacle>> {
    let from = &scene.definition;
    let landed = adoption.land(from, &scene.live.case)?;
    let mut dossier = scene.live.dossier.clone();
    dossier.case.workflow = to;
    dossier.clocks.clear();
    dossier.case.tracks = tracks::rows(adoption.version(), &landed, &scene.live.dossier.case.tracks, None);
    dossier.case.paused = clocks::rows(adoption.version(), &landed);
    let named = |(state, origin): &(_, _)| (adoption.name(*state), adoption.name(*origin));
    dossier.case.registers = landed.registers.iter().map(named).collect();
    Ok(dossier)
}

/// Lays a case over: `scene` stands under the version it followed, `stage` and `live` under the new one.
///
/// # Errors
/// [`Error::Internal`] when the dossier names what its own definition does not have.
pub fn adopt(adoption: &Adoption<'_>, scene: &Scene, stage: &Stage<'_>, live: &mut Live) -> Result<()> {
    let slots = stage.definition.asks_in(live.case.state);
    let view = View::of(stage, live, None, &slots);
    let context = view.context(stage, live);
    let landed = adoption.clocks(&scene.definition, &scene.live.case, &live.case, &context, &view.facts);
    for (instance, landed) in landed {
        match landed {
            Landed::Kept(ix) => {
                let known = running(scene, stage.definition, (instance, ix));
                let name = &stage.definition.clocks[ix.at()].id;
                let lost = || Error::Internal(format!("the clock `{name}` does not run").into());
                live.clocks.push(LiveClock { clock: ix, instance, ..known.ok_or_else(lost)? });
            }
            Landed::Started(clock) => start(stage, live, instance, &[clock]),
        }
    }
    let of = |instance: Option<InstanceId>| {
        let here = live.clocks.iter().filter(move |clock| clock.instance == instance);
        here.map(|clock| Running { clock: clock.clock, due_at: clock.due_at, rungs: clock.rungs })
            .collect::<Vec<_>>()
    };
    live.case.clocks = of(None);
    for at in 0..live.case.tracks.len() {
        live.case.tracks[at].clocks = of(Some(live.case.tracks[at].id));
    }
    bind_new(stage, live);
    Ok(())
}

/// The running clock of the same machine and name.
fn running(
    scene: &Scene,
    to: &Definition,
    (instance, ix): (Option<InstanceId>, ClockIx),
) -> Option<LiveClock> {
    let from = &scene.definition;
    let machine = to.machine_text(instance);
    let is_same = |clock: &&LiveClock| {
        from.clocks[clock.clock.at()].id == to.clocks[ix.at()].id
            && from.machine_text(clock.instance) == machine
    };
    scene.live.clocks.iter().find(is_same).cloned()
}

/// Records the step and lays everything into the batch.
pub fn write(
    scene: &Scene,
    stage: &Stage<'_>,
    mut live: Live,
    numbers: (i32, i32),
    actor: PersonId,
    records: &mut Records,
) {
    let now = stage.at.now;
    for clock in &scene.live.clocks {
        if !live.clocks.iter().any(|kept| kept.row == clock.row) {
            records.stopped.push(Stopped {
                row: clock.row,
                case: live.dossier.case.id,
                at: now,
                fired: false,
            });
        }
    }
    let state = &stage.definition.states[live.case.state.at()];
    (live.dossier.case.phase, live.dossier.case.kind) = (state.phase, state.kind);
    let entry = Entry {
        event: EVENT,
        at: (None, live.case.state),
        from: Some(live.dossier.case.state.clone()),
        role: secretariat(stage.definition),
        actor: Some(actor),
        facts: json!({ "from": numbers.0, "to": numbers.1 }).to_string(),
        words: None,
    };
    record(stage, &mut live, entry, records);
    settle(stage, live, records);
}

fn secretariat(definition: &Definition) -> Option<RoleIx> {
    let all = (0..).map(RoleIx).zip(&definition.roles);
    all.into_iter().find(|(_, role)| role.resolver == Resolver::Secretariat).map(|(ix, _)| ix)
}

/// Binds accounts that the new version adds, or whose lines it draws elsewhere, to the lines of the present choice.
fn bind_new(stage: &Stage<'_>, live: &mut Live) {
    let Some(choice) = live.dossier.current() else { return };
    let bound = bind(stage.definition.accounts.iter().map(draws), &live.dossier, &choice.offering, &[]);
    for bound in bound {
        let known = live.dossier.accounts.iter().any(|row| row.name == bound.name);
        if !known {
            live.touched.accounts = true;
            live.dossier.accounts.push(unused(bound));
        }
    }
}
