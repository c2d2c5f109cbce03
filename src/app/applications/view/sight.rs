//! Which machines of a case a caller sees who sees the case.

use sojourn_engine::definition::InstanceId;
use sojourn_engine::machine::Running;

use crate::access::Caller;
use crate::app::scene::Scene;

/// Whether a caller who sees the case sees that machine of it.
///
/// Whom a track alone names sees where the case stands and what names them, and nothing beside.
pub fn sees(scene: &Scene, caller: &Caller, machine: Option<InstanceId>) -> bool {
    let (dossier, scope) = (&scene.live.dossier, caller.scope());
    if !dossier.partaken(&scope) {
        let named = |id: InstanceId| {
            let track = scene.definition.track(id.machine).map(|track| track.name.as_str());
            let mut rows = dossier.case.tracks.iter().filter(|row| Some(row.track.as_str()) == track);
            rows.any(|row| row.key == id.key && row.names(&scope))
        };
        return machine.is_none_or(named);
    }
    scene.holders.see(&scene.definition, caller.person, &scene.live.dossier, machine)
}

/// Running clocks of what the caller sees.
pub(super) fn clocks<'s>(scene: &'s Scene, caller: &'s Caller) -> impl Iterator<Item = &'s Running> {
    let tracks = scene.live.case.tracks.iter().filter(|one| sees(scene, caller, Some(one.id)));
    scene.live.case.clocks.iter().chain(tracks.flat_map(|one| &one.clocks))
}
