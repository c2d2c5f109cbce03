//! What an application shows, and to whom: one answer for the page, the API and the mail.

mod offers;
mod sight;
mod tracks;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sojourn_engine::definition::{Definition, InstanceId, Texts};
use sojourn_engine::ids::{
    CallId, CaseId, ChoiceId, InstitutionId, OfferingId, PersonId, ProgrammeId, RegistrationId,
};
use sojourn_engine::machine::{self, Actor};
use sojourn_engine::vocabulary::{ChoiceResult, Phase, StateKind, Via};
use utoipa::ToSchema;

use crate::access::Caller;
use crate::app::holders::{follows_stays, stay_choice};
use crate::app::notices::Otherwise;
use crate::app::scene::Scene;
use crate::app::transition::drive::{Stage, View};
use crate::app::transition::{asks, otherwise, zone};
use crate::app::waiting_lists::StandingView;
use crate::clock::Moment;
use crate::store::calls::SlotRule;
use crate::store::dossiers::Choice;

pub(super) use offers::candidate;
pub use offers::{LineView, OfferView, ReasonView};
pub use sight::sees;
pub use tracks::{TrackView, label as track_label};

/// What stands for the state of an application while its decision is not shown yet.
pub(super) const UNDISCLOSED: &str = "undisclosed";

/// An application as one reader sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ApplicationView {
    /// Its id.
    pub id: CaseId,
    /// Short code people quote.
    pub reference: String,
    /// Name of the workflow it follows.
    pub workflow: String,
    /// Present state.
    pub state: String,
    /// Its name in the reader's language.
    pub state_label: String,
    /// What happens now, one sentence.
    pub now: String,
    /// Part of the life of a case.
    pub phase: Phase,
    /// Open or final.
    pub kind: StateKind,
    /// The row's version, also its `ETag`.
    pub version: i32,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it was last submitted.
    pub submitted_at: Option<DateTime<Utc>>,
    /// First end of a running clock.
    pub due_at: Option<DateTime<Utc>>,
    /// Zone of the institution whose calendar that clock counts in.
    pub due_zone: Option<String>,
    /// Who applies.
    pub applicant: PersonView,
    /// With which registration.
    pub registration_id: RegistrationId,
    /// The home institution.
    pub home: InstitutionView,
    /// The host of the current choice.
    pub host: Option<InstitutionView>,
    /// The call.
    pub call: CallView,
    /// Choices by rank; a host sees its own alone.
    pub choices: Vec<ChoiceView>,
    /// Where it stands on the waiting lists of its choices; for the applicant and the home, while it waits for a place.
    pub waiting_list: Vec<StandingView>,
    /// Answers to the call's questions; not for hosts.
    #[schema(value_type = Option<Object>)]
    pub answers: Option<serde_json::Value>,
    /// Whether a complete draft is submitted when the call closes; not for hosts.
    pub submit_at_bell: Option<bool>,
    /// Score in hundredths; for the home and the secretariat.
    pub score_hundredths: Option<i32>,
    /// The SHA-256 of the list as it was last submitted, which its applicant can compute again; not for hosts.
    pub receipt: Option<String>,
    /// Document slots of the workflow.
    pub documents: Vec<SlotView>,
    /// Tracks beside the main machine: the instances the case has.
    pub tracks: Vec<TrackView>,
    /// Every event of the present states: legal for this reader, or why not.
    pub offers: Vec<OfferView>,
    /// Whom the case waits for.
    pub waiting: Vec<WaitingView>,
}

/// A person by name.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CasePerson)]
pub struct PersonView {
    /// Their id.
    pub id: PersonId,
    /// Their name.
    pub name: String,
}

/// An institution by name.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CaseInstitution)]
pub struct InstitutionView {
    /// Its id.
    pub id: InstitutionId,
    /// Its name.
    pub name: String,
}

/// A call by title.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CaseCall)]
pub struct CallView {
    /// Its id.
    pub id: CallId,
    /// Its title.
    pub title: String,
}

/// One choice.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChoiceView {
    /// Its id, as `allocate` wants it.
    pub id: ChoiceId,
    /// 1 = most wanted; not for hosts.
    pub rank: Option<i16>,
    /// What is chosen.
    pub offering_id: OfferingId,
    /// Its programme.
    pub programme_id: ProgrammeId,
    /// Title of the programme.
    pub title: String,
    /// Its host.
    pub host: InstitutionView,
    /// First day.
    pub start_on: NaiveDate,
    /// Last day, as it is agreed now.
    pub end_on: NaiveDate,
    /// The last day the student asks for, until that is decided.
    pub asked_end_on: Option<NaiveDate>,
    /// How it came out.
    pub result: ChoiceResult,
    /// Whether it is the one the case is about.
    pub current: bool,
}

/// A document slot.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SlotView {
    /// Its name.
    pub slot: String,
    /// Its name in the reader's language.
    pub label: String,
    /// Whether this reader may fill it.
    pub yours: bool,
    /// Whether there is a document.
    pub filled: bool,
    /// Whether the call asks for it at all.
    pub asked: bool,
}

/// One party the case waits for.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CaseWaiting)]
pub struct WaitingView {
    /// The track that waits; none is the main machine.
    pub track: Option<String>,
    /// Which of its instances.
    pub key: Option<String>,
    /// What that is called in the reader's language.
    pub track_label: Option<String>,
    /// The role.
    pub role: String,
    /// Its name in the reader's language.
    pub label: String,
    /// Who holds it today; students see names of offices' people, hosts too.
    pub people: Vec<PersonView>,
    /// Whether the reader is one of them.
    pub you: bool,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when.
    pub due_at: Option<DateTime<Utc>>,
    /// Zone of the institution whose calendar counts.
    pub zone: Option<String>,
    /// What happens when nobody acts by then, typed.
    #[schema(value_type = Option<Object>)]
    pub otherwise: Option<Otherwise>,
    /// The same in a sentence.
    pub if_nothing: Option<String>,
}

/// What a reader is to the case, for what is shown of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The applicant.
    Applicant,
    /// Somebody of the home institution, the secretariat or the chair.
    Home,
    /// Somebody of the host alone.
    Host,
}

/// What a caller is to a case they see.
pub fn reader(scene: &Scene, caller: &Caller) -> Reader {
    let dossier = &scene.live.dossier;
    if dossier.application.applicant == caller.person {
        return Reader::Applicant;
    }
    let scope = caller.scope();
    if scope.sees_everything() || dossier.shown_to_home(&scope) { Reader::Home } else { Reader::Host }
}

/// What the applicant reads in place of a decision that is not shown yet.
pub fn hidden<'s>(scene: &'s Scene, reader: Reader, at: &Moment) -> Option<&'s Texts> {
    let until = scene.live.dossier.case.hidden_until;
    let is_hidden = reader == Reader::Applicant && until.is_some_and(|until| at.now < until);
    is_hidden.then(|| &scene.definition.states[scene.live.case.state.at()].public)
}

/// The view of a case as it was read.
pub fn of(scene: &Scene, caller: &Caller, at: &Moment) -> ApplicationView {
    build(scene, caller, at, scene.live.dossier.case.version)
}

/// The view of a case after steps that are about to be written.
pub fn after(scene: &Scene, caller: &Caller, at: &Moment) -> ApplicationView {
    build(scene, caller, at, scene.live.dossier.case.version + 1)
}

fn build(scene: &Scene, caller: &Caller, at: &Moment, version: i32) -> ApplicationView {
    let dossier = &scene.live.dossier;
    let definition = &scene.definition;
    let language = caller.language.as_str();
    let state = &definition.states[scene.live.case.state.at()];
    let reader = reader(scene, caller);
    let inside = reader != Reader::Host;
    let stage = scene.stage(at, Via::Api);
    let view = View::of(&stage, &scene.live, None, &asks(definition, &scene.live));
    let roles = scene.holders.roles(definition, caller.person, dossier, None);
    let hidden = hidden(scene, reader, at);
    let offered = if hidden.is_some() { Vec::new() } else { offered(scene, &stage, caller, &view) };
    let first = sight::clocks(scene, caller).min_by_key(|running| running.due_at);
    let due_zone = first.map(|running| zone(definition, dossier, &stage, running.clock));
    let hosted = |choice: &&Choice| dossier.hosted(choice, &caller.scope());
    let shown = |choice: &&Choice| inside || (choice.result == ChoiceResult::Chosen && hosted(choice));
    ApplicationView {
        id: dossier.case.id,
        reference: dossier.application.reference.clone(),
        workflow: definition.id.clone(),
        state: if hidden.is_some() { UNDISCLOSED.to_owned() } else { state.name.clone() },
        state_label: hidden.unwrap_or(&state.label).get(language).to_owned(),
        now: hidden.unwrap_or(&state.now).get(language).to_owned(),
        phase: if hidden.is_some() { Phase::Selection } else { state.phase },
        kind: if hidden.is_some() { StateKind::Open } else { state.kind },
        version,
        created_at: dossier.case.created_at,
        submitted_at: dossier.application.submitted_at,
        due_at: first.map(|running| running.due_at),
        due_zone,
        applicant: PersonView {
            id: dossier.application.applicant,
            name: scene.holders.applicant.as_ref().map(|holder| holder.name.clone()).unwrap_or_default(),
        },
        registration_id: dossier.application.registration,
        home: InstitutionView { id: dossier.home.id, name: dossier.home.name.clone() },
        host: dossier.current().map(host),
        call: CallView { id: dossier.call.id, title: dossier.call.title.clone() },
        choices: dossier.choices.iter().filter(shown).map(|c| choice(scene, c, inside)).collect(),
        waiting_list: Vec::new(),
        answers: inside.then(|| dossier.application.answers.clone()),
        submit_at_bell: inside.then_some(dossier.application.submit_at_bell),
        score_hundredths: dossier.application.score_hundredths.filter(|_| reader == Reader::Home),
        receipt: dossier.application.receipt.clone().filter(|_| inside),
        documents: slots(scene, roles, language),
        tracks: tracks::of(scene, &stage, caller),
        offers: offered.iter().map(|o| offers::view(scene, o, &stage, language)).collect(),
        waiting: if hidden.is_some() { Vec::new() } else { waiting(scene, &stage, &view, caller) },
    }
}

/// What may happen next: each machine judged by the roles that the caller holds there, and by the facts it is about.
fn offered(scene: &Scene, stage: &Stage<'_>, caller: &Caller, view: &View) -> Vec<machine::Offer> {
    let (definition, case) = (&*scene.definition, &scene.live.case);
    let machines = std::iter::once(None).chain(case.tracks.iter().map(|instance| Some(instance.id)));
    let machines = machines.filter(|of| sees(scene, caller, *of));
    let at = |of: Option<InstanceId>| {
        let viewer = Actor::Person(
            caller.person,
            scene.holders.roles(definition, caller.person, &scene.live.dossier, of),
        );
        let stay = of.filter(|id| follows_stays(definition, *id));
        let about = stay.and_then(|id| stay_choice(&scene.live.dossier, id.key)).map(|choice| choice.id);
        let own =
            about.map(|about| View::of(stage, &scene.live, Some(about), &asks(definition, &scene.live)));
        let context = own.as_ref().unwrap_or(view).context(stage, &scene.live);
        machine::offers_at(definition, case, of, viewer, &context)
    };
    machines.flat_map(at).collect()
}

fn host(choice: &Choice) -> InstitutionView {
    InstitutionView { id: choice.offering.host.id, name: choice.offering.host.name.clone() }
}

fn choice(scene: &Scene, choice: &Choice, inside: bool) -> ChoiceView {
    let dossier = &scene.live.dossier;
    let (start_on, end_on) = dossier.days(choice);
    ChoiceView {
        id: choice.id,
        rank: inside.then_some(choice.rank),
        offering_id: choice.offering.id,
        programme_id: choice.offering.programme,
        title: choice.offering.title.clone(),
        host: host(choice),
        start_on,
        end_on,
        asked_end_on: dossier.stay_of(choice).and_then(|stay| stay.asked_end_on),
        result: choice.result,
        current: dossier.application.current_choice == Some(choice.id),
    }
}

fn slots(scene: &Scene, roles: machine::Roles, language: &str) -> Vec<SlotView> {
    let dossier = &scene.live.dossier;
    let slot = |document: &sojourn_engine::definition::Document| SlotView {
        slot: document.name.clone(),
        label: document.label.get(language).to_owned(),
        yours: document.by.iter().any(|role| roles.has(*role)),
        filled: dossier.filled.contains(&document.name),
        asked: dossier.call.documents.get(&document.name) != Some(&SlotRule::Off),
    };
    scene.definition.documents.iter().map(slot).collect()
}

fn waiting(scene: &Scene, stage: &Stage<'_>, view: &View, caller: &Caller) -> Vec<WaitingView> {
    let definition = &scene.definition;
    let language = caller.language.as_str();
    let awaited = machine::waiting(definition, &scene.live.case, &view.facts);
    let one = |awaited: machine::Awaited| {
        let role = &definition.roles[awaited.role.at()];
        let holders = scene.holders.of(definition, awaited.role, &scene.live.dossier, awaited.instance);
        let (track, key) = tracks::named(definition, awaited.instance).unzip();
        let otherwise = awaited.otherwise.as_ref().map(|outcome| otherwise(definition, outcome));
        WaitingView {
            track,
            key,
            track_label: awaited.instance.map(|id| tracks::label(scene, id, language)),
            role: role.name.clone(),
            label: role.label.get(language).to_owned(),
            you: holders.iter().any(|holder| holder.person == caller.person),
            people: holders.iter().map(|h| PersonView { id: h.person, name: h.name.clone() }).collect(),
            since: awaited.since,
            due_at: awaited.due_at,
            zone: awaited.clock.map(|clock| zone(definition, &scene.live.dossier, stage, clock)),
            if_nothing: otherwise.as_ref().map(|otherwise| if_nothing(definition, otherwise, language)),
            otherwise,
        }
    };
    awaited.into_iter().filter(|awaited| sees(scene, caller, awaited.instance)).map(one).collect()
}

/// What happens when nobody acts, as a sentence.
pub fn if_nothing(definition: &Definition, otherwise: &Otherwise, language: &str) -> String {
    let event = |name: &String| {
        let found =
            definition.event_named(name).map(|event| definition.events[event.at()].label.get(language));
        found.unwrap_or(name).to_owned()
    };
    let role = |name: &String| {
        let found = definition.role_named(name).map(|role| definition.roles[role.at()].label.get(language));
        found.unwrap_or(name).to_owned()
    };
    let chinese = language.starts_with("zh");
    match otherwise {
        Otherwise::Fires(name) if chinese => format!("逾期未處理時，系統將自動執行：{}。", event(name)),
        Otherwise::Fires(name) => format!("If nobody acts by then, this happens by itself: {}.", event(name)),
        Otherwise::Escalates(roles) if chinese => {
            format!("逾期未處理時，將通知：{}。", roles.iter().map(role).collect::<Vec<_>>().join("、"))
        }
        Otherwise::Escalates(roles) => {
            format!(
                "If nobody acts by then, it goes to: {}.",
                roles.iter().map(role).collect::<Vec<_>>().join(", ")
            )
        }
        Otherwise::Allows(name) if chinese => format!("逾期後可以：{}。", event(name)),
        Otherwise::Allows(name) => format!("After that, this becomes possible: {}.", event(name)),
    }
}
