//! Tracks between the rows and the engine: which instance a text means, and what stands in the case's row of each.

use sojourn_engine::definition::{Definition, Each, InstanceId};
use sojourn_engine::ids::PersonId;
use sojourn_engine::machine::{Case, Instance};

use crate::app::Error;
use crate::store::dossiers::{CaseRow, TrackRow};

/// The instances of a stored case. One that its definition makes from the start stands in its initial state until a row says otherwise.
///
/// # Errors
/// [`Error::Internal`] when a row names something the definition does not have.
pub(super) fn instances(definition: &Definition, row: &CaseRow) -> Result<Vec<Instance>, Error> {
    let mut all = Case::new(definition, row.created_at).tracks;
    for stored in &row.tracks {
        let instance = read(definition, stored).ok_or_else(|| {
            let message = format!(
                "a stored case names `{}` in `{}`, which its definition does not have",
                stored.state, stored.track
            );
            Error::Internal(message.into())
        })?;
        all.retain(|other| other.id != instance.id);
        all.push(instance);
    }
    all.sort_by_key(|instance| instance.id);
    Ok(all)
}

fn read(definition: &Definition, row: &TrackRow) -> Option<Instance> {
    let machine = definition.track_named(&row.track)?;
    let state = |name: &String| definition.state_in(machine, name);
    let acted = |(event, role): &(String, String)| {
        Some((definition.event_named(event)?, definition.role_named(role)?))
    };
    Some(Instance {
        id: InstanceId { machine, key: row.key },
        state: state(&row.state)?,
        entered_at: row.entered_at,
        version: row.version,
        ever: row.ever.iter().map(state).collect::<Option<_>>()?,
        collected: row.collected.iter().map(acted).collect::<Option<_>>()?,
        clocks: Vec::new(),
    })
}

/// The rows of a case's instances; one that has never moved needs none.
pub(super) fn rows(definition: &Definition, case: &Case, before: &[TrackRow], named: Named) -> Vec<TrackRow> {
    let row = |instance: &Instance| {
        let track = definition.track(instance.id.machine)?;
        let is_initial =
            instance.state == track.initial && instance.version == 1 && instance.collected.is_empty();
        let mut row = TrackRow {
            track: track.name.clone(),
            key: instance.id.key,
            state: definition.states[instance.state.at()].name.clone(),
            entered_at: instance.entered_at,
            version: instance.version,
            ever: instance.ever.iter().map(|ix| definition.states[ix.at()].name.clone()).collect(),
            collected: instance
                .collected
                .iter()
                .map(|(event, role)| {
                    (definition.events[event.at()].name.clone(), definition.roles[role.at()].name.clone())
                })
                .collect(),
            person: None,
        };
        let known = before.iter().find(|old| old.track == row.track && old.key == row.key);
        row.person = match named {
            Some((id, person)) if id == instance.id => Some(person),
            _ => known.and_then(|old| old.person),
        };
        let made_later = track.each.is_some_and(|each| each != Each::Document);
        (!is_initial || made_later || known.is_some() || !row.ever.is_empty()).then_some(row)
    };
    case.tracks.iter().filter_map(row).collect()
}

/// The person a new instance names.
pub(super) type Named = Option<(InstanceId, PersonId)>;
