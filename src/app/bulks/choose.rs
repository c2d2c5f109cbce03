//! Which events could be fired at many cases at once, and what each would want to know.

use std::collections::BTreeMap;

use serde::Serialize;
use sojourn_engine::ids::CaseId;

use super::MOST;
use crate::access::Caller;
use crate::app::applications::view::{self, OfferView};
use crate::app::scene::Scene;
use crate::app::transition::held::can_be_undone;
use crate::app::{App, Error, FieldError, Result};

/// Cases that somebody has ticked.
#[derive(Debug, Clone, Serialize)]
pub struct Chosen {
    /// The cases they see, in the order they named them.
    pub cases: Vec<ChosenCase>,
    /// What they may do to some of them, what they may do to most first.
    pub events: Vec<EventChoice>,
}

/// One of them.
#[derive(Debug, Clone, Serialize)]
pub struct ChosenCase {
    /// Its id.
    pub id: CaseId,
    /// Its version.
    pub version: i32,
    /// Short code.
    pub reference: String,
    /// Who applies.
    pub applicant: String,
    /// Its state, in the reader's language.
    pub state_label: String,
}

/// An event that one of them offers.
#[derive(Debug, Clone, Serialize)]
pub struct EventChoice {
    /// The event with its fields, as the first of them offers it.
    pub offer: OfferView,
    /// How many of them offer it.
    pub cases: usize,
}

/// The cases of a list that the caller sees, and what they may do to them.
///
/// # Errors
/// [`Error::Invalid`] for none, or too many.
pub async fn choices(app: &App, caller: &Caller, ids: &[CaseId]) -> Result<Chosen> {
    if ids.is_empty() || ids.len() > MOST {
        let detail = format!("name between 1 and {MOST} cases");
        return Err(Error::Invalid(vec![FieldError::new("/items", detail)]));
    }
    let at = app.clock.moment();
    let mut scenes: BTreeMap<CaseId, Scene> = BTreeMap::new();
    for scene in Scene::look_all(app, app.store.read(), ids, &at).await? {
        if scene.live.dossier.visible(&caller.scope()) {
            scenes.insert(scene.live.dossier.case.id, scene);
        }
    }
    let mut cases = Vec::with_capacity(scenes.len());
    let mut events: Vec<EventChoice> = Vec::new();
    for id in ids {
        let Some(scene) = scenes.remove(id) else { continue };
        let seen = view::of(&scene, caller, &at);
        cases.push(ChosenCase {
            id: *id,
            version: seen.version,
            reference: seen.reference,
            applicant: seen.applicant.name,
            state_label: seen.state_label,
        });
        for offer in seen.offers.into_iter().filter(|offer| is_for_many(&scene, offer)) {
            match events.iter_mut().find(|known| known.offer.event == offer.event) {
                Some(known) => known.cases += 1,
                None => events.push(EventChoice { offer, cases: 1 }),
            }
        }
    }
    events.sort_by_key(|event| std::cmp::Reverse(event.cases));
    Ok(Chosen { cases, events })
}

/// Whether an event wants to know nothing that differs from case to case, and can be called back.
fn is_for_many(scene: &Scene, offer: &OfferView) -> bool {
    let fields = offer.input["properties"].as_object();
    let own = fields.is_some_and(|fields| {
        fields.values().any(|field| ["choice", "line"].iter().any(|own| field["x-is"] == *own))
    });
    let event = scene.definition.event_named(&offer.event);
    let mut leaving = scene.definition.leaving(scene.live.case.state).map(|(_, transition)| transition);
    offer.legal
        && offer.track.is_none()
        && !own
        && leaving.any(|transition| Some(transition.event) == event && can_be_undone(transition))
}
