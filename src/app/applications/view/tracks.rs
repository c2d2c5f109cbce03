//! Tracks of a case, as a reader sees them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::definition::{Definition, Each, InstanceId};
use sojourn_engine::machine::Instance;
use sojourn_engine::vocabulary::StateKind;
use utoipa::ToSchema;

use super::PersonView;
use crate::access::Caller;
use crate::app::holders::stay_choice;
use crate::app::scene::Scene;
use crate::app::transition::drive::Stage;
use crate::app::transition::zone;

/// One instance of a track.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrackView {
    /// The track.
    pub track: String,
    /// Which of its instances: a number from 1, or the document slot.
    pub key: String,
    /// What it is called in the reader's language: the track, with the slot, the person or the number.
    pub label: String,
    /// Present state.
    pub state: String,
    /// Its name in the reader's language.
    pub state_label: String,
    /// What happens now, one sentence.
    pub now: String,
    /// Open or final.
    pub kind: StateKind,
    /// Its version, from 1, where the track counts versions.
    pub version: Option<u16>,
    /// When the state was entered.
    pub entered_at: DateTime<Utc>,
    /// First end of a running clock.
    pub due_at: Option<DateTime<Utc>>,
    /// Zone of the institution whose calendar that clock counts in.
    pub due_zone: Option<String>,
    /// The person it names.
    pub person: Option<PersonView>,
}

/// Name of the track and key of an instance.
pub(super) fn named(definition: &Definition, instance: Option<InstanceId>) -> Option<(String, String)> {
    let id = instance?;
    Some((definition.track(id.machine)?.name.clone(), definition.key(id)))
}

/// The track's name, with what sets the instance apart where there are several.
pub fn label(scene: &Scene, id: InstanceId, language: &str) -> String {
    let definition = &*scene.definition;
    let Some(track) = definition.track(id.machine) else { return String::new() };
    let rows = &scene.live.dossier.case.tracks;
    let person = || rows.iter().find(|row| row.track == track.name && row.key == id.key)?.person;
    let name = track.label.get(language);
    let apart = match track.each {
        None => return name.to_owned(),
        Some(Each::Document) => {
            definition.documents.get(usize::from(id.key).wrapping_sub(1)).map(|d| d.label.get(language))
        }
        Some(Each::Referee) => {
            let person = person();
            scene.holders.linked.iter().find(|holder| Some(holder.person) == person).map(|h| h.name.as_str())
        }
        Some(Each::Stay) => stay_choice(&scene.live.dossier, id.key).map(|c| c.offering.host.name.as_str()),
    };
    format!("{name} · {}", apart.map_or_else(|| id.key.to_string(), str::to_owned))
}

/// Every instance the caller sees, in the order of the definition.
pub(super) fn of(scene: &Scene, stage: &Stage<'_>, caller: &Caller) -> Vec<TrackView> {
    let shown = scene.live.case.tracks.iter().filter(|one| super::sees(scene, caller, Some(one.id)));
    shown.filter_map(|instance| one(scene, stage, instance, &caller.language)).collect()
}

fn one(scene: &Scene, stage: &Stage<'_>, instance: &Instance, language: &str) -> Option<TrackView> {
    let definition = &*scene.definition;
    let track = definition.track(instance.id.machine)?;
    let state = &definition.states[instance.state.at()];
    let (name, key) = named(definition, Some(instance.id))?;
    let rows = &scene.live.dossier.case.tracks;
    let person =
        rows.iter().find(|row| row.track == name && row.key == instance.id.key).and_then(|row| row.person);
    let first = instance.clocks.iter().min_by_key(|clock| clock.due_at);
    let holder = person.and_then(|id| scene.holders.linked.iter().find(|holder| holder.person == id));
    Some(TrackView {
        track: name,
        key,
        label: label(scene, instance.id, language),
        state: state.name.clone(),
        state_label: state.label.get(language).to_owned(),
        now: state.now.get(language).to_owned(),
        kind: state.kind,
        version: track.versions.then_some(instance.version),
        entered_at: instance.entered_at,
        due_at: first.map(|clock| clock.due_at),
        due_zone: first.map(|clock| zone(definition, &scene.live.dossier, stage, clock.clock)),
        person: holder.map(|holder| PersonView { id: holder.person, name: holder.name.clone() }),
    })
}
