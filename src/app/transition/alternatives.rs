//! What somebody may do instead who reached for a place that is not there: another choice, or the waiting list.

use serde_json::Value;
use sojourn_engine::definition::{Choose, Definition, Target};
use sojourn_engine::ids::{CaseId, ChoiceId};
use sojourn_engine::machine::{self, Actor};
use sojourn_engine::refusal::{Instead, Refusal};
use sojourn_engine::vocabulary::{ChoiceResult, Via};

use super::drive::View;
use super::places::{Bound, bind, draws};
use super::{Attempt, asks};
use crate::access::Caller;
use crate::app::scene::Scene;
use crate::app::{App, Error};
use crate::clock::Moment;
use crate::store::dossiers::Choice;

/// A refusal for want of a place with what is possible instead; any other error as it is.
pub(super) async fn told(
    app: &App,
    caller: &Caller,
    at: &Moment,
    (id, attempt): (CaseId, &Attempt),
    error: Error,
) -> Error {
    let Error::Refused(Refusal::NoPlace { account, code, free, .. }) = error else { return error };
    // Whoever took the last place may have changed what is left elsewhere.
    let instead = match Scene::look(app, &caller.scope(), id, at).await {
        Ok(scene) => {
            Instead { choices: with_room(&scene, attempt), event: list(&scene, caller, at, attempt) }
        }
        Err(_) => Instead::default(),
    };
    Error::Refused(Refusal::NoPlace { account, code, free, instead })
}

/// Other choices the same event could be for.
fn with_room(scene: &Scene, attempt: &Attempt) -> Vec<ChoiceId> {
    let (definition, dossier) = (&*scene.definition, &scene.live.dossier);
    let Some(field) = chooses(definition, scene, attempt) else { return Vec::new() };
    let tried = attempt.data.get(field).and_then(Value::as_str).unwrap_or_default();
    let is_other = |choice: &&Choice| {
        choice.result != ChoiceResult::Void
            && ![choice.id.to_string(), choice.offering.id.to_string()].iter().any(|id| id == tried)
    };
    let room = |choice: &&Choice| {
        let accounts = definition.accounts.iter().take(1).map(draws);
        bind(accounts, dossier, &choice.offering, &[]).iter().all(Bound::has_room)
    };
    dossier.choices.iter().filter(is_other).filter(room).map(|choice| choice.id).collect()
}

fn chooses<'d>(definition: &'d Definition, scene: &Scene, attempt: &Attempt) -> Option<&'d str> {
    let event = definition.event_named(&attempt.event)?;
    let mut leaving = definition.leaving(scene.live.case.state).map(|(_, transition)| transition);
    leaving.find_map(|transition| match &transition.choose {
        Some(Choose::Input(field)) if transition.event == event => Some(field.as_str()),
        _ => None,
    })
}

/// The event by which whoever asks may put the case on the waiting list now.
fn list(scene: &Scene, caller: &Caller, at: &Moment, attempt: &Attempt) -> Option<String> {
    let definition = &*scene.definition;
    let stage = scene.stage(at, Via::Api);
    let view = View::of(&stage, &scene.live, None, &asks(definition, &scene.live));
    let roles = scene.holders.roles(definition, caller.person, &scene.live.dossier, None);
    let viewer = Actor::Person(caller.person, roles);
    let offers =
        machine::offers_at(definition, &scene.live.case, None, viewer, &view.context(&stage, &scene.live));
    let joins = |offer: &machine::Offer| {
        let transition = &definition.transitions[offer.transition.at()];
        let lists = matches!(transition.to, Target::State(to) if definition.offered_in(to).is_some());
        let event = &definition.events[transition.event.at()].name;
        (offer.refusal.is_none() && lists && *event != attempt.event).then(|| event.clone())
    };
    offers.iter().find_map(joins)
}
