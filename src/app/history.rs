//! The history of a case, filtered for its reader.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::adoption;
use sojourn_engine::definition::{Definition, Resolver};
use sojourn_engine::ids::{CaseId, PersonId};
use sojourn_engine::machine::{CALLED_BACK, ESCALATED, HANDED_ON};
use sojourn_engine::vocabulary::Via;
use utoipa::ToSchema;

use super::applications::view::{self, Reader};
use super::marks::{self, MarkView};
use super::scene::Scene;
use super::{App, Asked, Page, Result};
use crate::access::Caller;
use crate::store::Conn;
use crate::store::dossiers::{Dossier, names};
use crate::store::history::{self as rows, Step};

/// One step of a case.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StepView {
    /// 1, 2, 3 … in the case.
    pub number: i32,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When it was recorded; later only for imported history.
    pub recorded_at: DateTime<Utc>,
    /// By which door it came.
    pub via: Via,
    /// The track that moved; none is the main machine.
    pub track: Option<String>,
    /// Which of its instances.
    pub key: Option<String>,
    /// What that is called in the reader's language.
    pub track_label: Option<String>,
    /// The event.
    pub event: String,
    /// The words on its button, in the reader's language.
    pub event_label: String,
    /// State before.
    pub from: Option<String>,
    /// Its name in the reader's language.
    pub from_label: Option<String>,
    /// State after.
    pub to: String,
    /// Its name in the reader's language.
    pub to_label: String,
    /// The role that acted.
    pub role: String,
    /// Its name in the reader's language.
    pub role_label: String,
    /// Who acted; for the home and the secretariat, and for oneself.
    pub actor: Option<ActorView>,
    /// Code and text of the reason.
    pub reason: Option<StepReason>,
    /// Read by people of the writer's institution only.
    pub note: Option<String>,
    /// Data of the event.
    #[schema(value_type = Option<Object>)]
    pub data: Option<serde_json::Value>,
    /// Parts of the application that it marks for correction.
    pub marks: Vec<MarkView>,
    /// SHA-256 over this step and the one before.
    pub hash: String,
}

/// Who acted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ActorView {
    /// The person.
    pub id: PersonId,
    /// Their name.
    pub name: String,
}

/// A reason given.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StepReason {
    /// Code of the list.
    pub code: String,
    /// In the reader's language.
    pub label: String,
    /// The person's own words.
    pub text: String,
}

/// A page of a case's history.
///
/// # Errors
/// [`super::Error::NotFound`] when the caller does not see the case.
pub async fn list(app: &App, caller: &Caller, id: CaseId, asked: &Asked) -> Result<Page<StepView>> {
    let at = app.clock.moment();
    let conn = app.store.read();
    let scene = Scene::look(app, &caller.scope(), id, &at).await?;
    let reader = view::reader(&scene, caller);
    let since = host_sees_from(&scene).filter(|_| reader == Reader::Host);
    let until = view::hidden(&scene, reader, &at).map(|_| scene.live.dossier.case.entered_at);
    let mut page = rows::page(conn, id, (since, until), asked).await?;
    let has_part = scene.live.dossier.partaken(&caller.scope());
    page.items.retain(|step| {
        let machine = scene.definition.instance_of(&step.machine);
        (has_part || machine.is_some()) && view::sees(&scene, caller, machine)
    });
    let actors: Vec<PersonId> = page.items.iter().filter_map(|step| step.actor).collect();
    let known: BTreeMap<PersonId, String> = names(conn, &actors).await?.into_iter().collect();
    Ok(page.map(|step| {
        let label = scene.definition.instance_of(&step.machine);
        let label = label.map(|id| view::track_label(&scene, id, &caller.language));
        one((&scene.definition, Some(&scene.live.dossier)), (caller, reader), &known, step, label)
    }))
}

/// A page of the history of the case of a programme or an agreement, for somebody who has a part in it.
///
/// # Errors
/// Faults of the database.
pub async fn of_course(
    conn: &impl Conn,
    caller: &Caller,
    definition: &Definition,
    id: CaseId,
    asked: &Asked,
) -> Result<Page<StepView>> {
    let page = rows::page(conn, id, (None, None), asked).await?;
    let actors: Vec<PersonId> = page.items.iter().filter_map(|step| step.actor).collect();
    let known: BTreeMap<PersonId, String> = names(conn, &actors).await?.into_iter().collect();
    Ok(page.map(|step| one((definition, None), (caller, Reader::Home), &known, step, None)))
}

/// A host sees the steps from the one that showed it the case.
fn host_sees_from(scene: &Scene) -> Option<DateTime<Utc>> {
    scene.live.dossier.current().and_then(|choice| choice.host_sees_from)
}

/// Whether the caller works where whoever took the step acted for.
fn is_colleague(definition: &Definition, caller: &Caller, step: &Step) -> bool {
    let role = definition.role_named(&step.role).map(|role| &definition.roles[role.at()].resolver);
    match step.institution {
        Some(id) => caller.institutions().any(|mine| mine == id),
        None => role == Some(&Resolver::Secretariat) && caller.is_secretariat(),
    }
}

/// What an event is called: the definition says so, but for those that no definition declares.
fn event_label<'d>(definition: &'d Definition, event: &str, language: &str) -> Option<&'d str> {
    match event {
        adoption::EVENT if language.starts_with("zh") => Some("改用新版規則"),
        adoption::EVENT => Some("Moved to another version of the rules"),
        ESCALATED if language.starts_with("zh") => Some("期限已過，已通知下一順位"),
        ESCALATED => Some("Deadline passed, the next in line told"),
        HANDED_ON if language.starts_with("zh") => Some("已轉請他人處理"),
        HANDED_ON => Some("Handed on to somebody else"),
        CALLED_BACK if language.starts_with("zh") => Some("已撤回，回復原狀態"),
        CALLED_BACK => Some("Called back before anybody was told"),
        event => definition.event_named(event).map(|event| definition.events[event.at()].label.get(language)),
    }
}

fn one(
    (definition, dossier): (&Definition, Option<&Dossier>),
    (caller, reader): (&Caller, Reader),
    known: &BTreeMap<PersonId, String>,
    step: Step,
    track_label: Option<String>,
) -> StepView {
    let language = caller.language.as_str();
    let label = event_label(definition, &step.event, language);
    let state = |name: &str| {
        let known = definition.state_of(&step.machine, name).map(|state| state.label.get(language));
        known.unwrap_or(name).to_owned()
    };
    let role = definition.role_named(&step.role).map(|role| definition.roles[role.at()].label.get(language));
    let own = step.actor == Some(caller.person);
    let named = own || reader == Reader::Home;
    let colleague = is_colleague(definition, caller, &step);
    let event = step.event.clone();
    let written = step.written;
    let reason = written.as_ref().and_then(|w| Some((w.reason_code.clone()?, w.reason.clone()?)));
    // What a student gives as a reason may be about health: it is the home's alone to read.
    let reason = reason.filter(|_| own || reader != Reader::Host || colleague);
    let note = written.as_ref().and_then(|w| w.note.clone()).filter(|_| own || colleague);
    let data: Option<serde_json::Value> =
        written.and_then(|w| w.data).and_then(|data| serde_json::from_str(&data).ok());
    let (track, key) = step.machine.split_once('/').unzip();
    StepView {
        track: track.map(str::to_owned),
        key: key.map(str::to_owned),
        track_label,
        number: step.number,
        at: step.at,
        recorded_at: step.recorded_at,
        via: step.via,
        event_label: label.unwrap_or(&step.event).to_owned(),
        from_label: step.from.as_deref().map(state),
        to_label: state(&step.to),
        role_label: role.unwrap_or(&step.role).to_owned(),
        event: step.event,
        from: step.from,
        to: step.to,
        role: step.role,
        actor: step
            .actor
            .filter(|_| named)
            .map(|id| ActorView { id, name: known.get(&id).cloned().unwrap_or_default() }),
        reason: reason.map(|(code, text)| {
            let label = code_label(definition, &event, &code, language);
            StepReason { code, label, text }
        }),
        note,
        marks: marks::views((definition, dossier), &event, data.as_ref(), language),
        data,
        hash: hex::encode(step.hash),
    }
}

/// What a code of an event's reason says.
fn code_label(definition: &Definition, event: &str, code: &str, language: &str) -> String {
    let event = definition.event_named(event);
    let of_event = definition.transitions.iter().filter(|transition| Some(transition.event) == event);
    let mut codes = of_event
        .filter_map(|transition| transition.reason)
        .flat_map(|list| &definition.reasons[list.at()].codes);
    let known = codes.find(|(known, _)| known == code).map(|(_, label)| label.get(language));
    known.unwrap_or(code).to_owned()
}
