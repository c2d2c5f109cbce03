//! What a case that no application is about shows.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::definition::Texts;
use sojourn_engine::facts::Facts;
use sojourn_engine::ids::{AgreementId, CaseId, ProgrammeId};
use sojourn_engine::machine::{self, Actor, Awaited, Offer};
use sojourn_engine::vocabulary::{Phase, StateKind};
use utoipa::ToSchema;

use super::course::Course;
use crate::access::Caller;
use crate::app::applications::view::{OfferView, PersonView, ReasonView, WaitingView};
use crate::app::notices::Otherwise;
use crate::app::refusals;
use crate::app::transition::otherwise;
use crate::clock::Moment;

/// The case of a programme or of an agreement, as one reader sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CourseView {
    /// The case.
    pub id: CaseId,
    /// The programme it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub programme: Option<ProgrammeId>,
    /// The agreement it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementId>,
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
    /// The version its events are fired with, also its `ETag`: of an agreement the agreement's own.
    pub version: i32,
    /// First end of a running clock.
    pub due_at: Option<DateTime<Utc>>,
    /// Zone of the institution whose calendar that clock counts in.
    pub due_zone: Option<String>,
    /// Every event of the present state: legal for this reader, or why not.
    pub offers: Vec<OfferView>,
    /// Whom the case waits for.
    pub waiting: Vec<WaitingView>,
}

/// The view of a case as it was read.
pub(in crate::app) fn of(course: &Course, caller: &Caller, at: &Moment) -> CourseView {
    let definition = &*course.definition;
    let state = &definition.states[course.case.state.at()];
    let language = caller.language.as_str();
    let actor = Actor::Person(caller.person, course.roles(caller.person));
    let offers = course.within(at, |context| machine::offers(definition, &course.case, actor, context));
    let awaited = machine::waiting(definition, &course.case, &Facts::default());
    let first = course.case.clocks.iter().min_by_key(|clock| clock.due_at);
    CourseView {
        id: course.row.id,
        programme: course.about.programme(),
        agreement: course.about.agreement(),
        workflow: definition.id.clone(),
        state: state.name.clone(),
        state_label: state.label.get(language).to_owned(),
        now: state.now.get(language).to_owned(),
        phase: state.phase,
        kind: state.kind,
        version: course.version(),
        due_at: course.case.due_at(),
        due_zone: first.map(|clock| course.zone(clock.clock)),
        offers: offers.iter().map(|offer| self::offer(course, offer, language)).collect(),
        waiting: awaited.iter().map(|awaited| waiting(course, awaited, caller)).collect(),
    }
}

fn offer(course: &Course, offer: &Offer, language: &str) -> OfferView {
    let definition = &*course.definition;
    let transition = &definition.transitions[offer.transition.at()];
    let event = &definition.events[transition.event.at()];
    let people = transition.by.iter().filter(|role| Some(**role) != definition.system());
    let codes = transition.reason.map(|list| &definition.reasons[list.at()].codes);
    let reason = |(code, texts): &(String, Texts)| ReasonView {
        code: code.clone(),
        label: texts.get(language).to_owned(),
    };
    let first = course.case.clocks.iter().find(|clock| Some(clock.due_at) == offer.by);
    OfferView {
        track: None,
        key: None,
        track_label: None,
        event: event.name.clone(),
        label: event.label.get(language).to_owned(),
        legal: offer.refusal.is_none(),
        by: people.map(|role| definition.roles[role.at()].name.clone()).collect(),
        why_not: offer.refusal.as_ref().map(|refusal| refusals::told(refusal, definition, language)),
        refusal: offer.refusal.as_ref().map(|refusal| refusals::document(refusal, language)),
        due_zone: first.map(|clock| course.zone(clock.clock)),
        due_at: offer.by,
        input: transition.schema.clone(),
        lines: Vec::new(),
        widens: transition.widens,
        reasons: codes.into_iter().flatten().map(reason).collect(),
        marks: Vec::new(),
        documents: Vec::new(),
        irreversible: transition.irreversible,
        confirm: Some(event.confirm.get(language).to_owned()).filter(|text| !text.is_empty()),
    }
}

fn waiting(course: &Course, awaited: &Awaited, caller: &Caller) -> WaitingView {
    let definition = &*course.definition;
    let language = caller.language.as_str();
    let role = &definition.roles[awaited.role.at()];
    let people = course.people(awaited.role);
    let then: Option<Otherwise> = awaited.otherwise.as_ref().map(|outcome| otherwise(definition, outcome));
    WaitingView {
        track: None,
        key: None,
        track_label: None,
        role: role.name.clone(),
        label: role.label.get(language).to_owned(),
        you: people.iter().any(|holder| holder.person == caller.person),
        people: people
            .iter()
            .map(|holder| PersonView { id: holder.person, name: holder.name.clone() })
            .collect(),
        since: awaited.since,
        due_at: awaited.due_at,
        zone: awaited.clock.map(|clock| course.zone(clock)),
        if_nothing: then
            .as_ref()
            .map(|then| crate::app::applications::view::if_nothing(definition, then, language)),
        otherwise: then,
    }
}
