//! What may happen next in a case, as one reader sees it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sojourn_engine::definition::{InputKind, RoleIx, Transition};
use sojourn_engine::ids::{AgreementId, ChoiceId, PlaceLineId};
use sojourn_engine::machine::Offer;
use sojourn_engine::vocabulary::{ChoiceResult, Level};
use utoipa::ToSchema;

use super::{ChoiceView, InstitutionView};
use crate::app::refusals;
use crate::app::scene::Scene;
use crate::app::transition::drive::{Stage, lines_of};
use crate::app::transition::zone;
use crate::store::dossiers::{Choice, Offering};
use crate::store::places::Line;

/// One event of the present state.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OfferView {
    /// The track it belongs to: fire it at `POST …/tracks/{track}/{key}/events`; none is the main machine.
    pub track: Option<String>,
    /// Which of its instances.
    pub key: Option<String>,
    /// What that is called in the reader's language.
    pub track_label: Option<String>,
    /// The event, as `POST …/events` wants it.
    pub event: String,
    /// The words on its button.
    pub label: String,
    /// Whether this reader may fire it now.
    pub legal: bool,
    /// Names of the roles that may.
    pub by: Vec<String>,
    /// Why not, in a sentence.
    pub why_not: Option<String>,
    /// Why not, typed.
    #[schema(value_type = Option<Object>)]
    pub refusal: Option<serde_json::Value>,
    /// By when.
    pub due_at: Option<DateTime<Utc>>,
    /// Zone of the institution whose deadline that is.
    pub due_zone: Option<String>,
    /// Input as JSON Schema.
    #[schema(value_type = Object)]
    pub input: serde_json::Value,
    /// Place lines to pick from: those that cover one of the choices equally well, when there are several.
    pub lines: Vec<LineView>,
    /// Whether its choice may be an offering that was not applied for: any of a published programme of the same workflow.
    pub widens: bool,
    /// Codes of its reason; empty when it wants none.
    pub reasons: Vec<ReasonView>,
    /// Codes by which its input marks parts of the application; empty where it marks none.
    pub marks: Vec<ReasonView>,
    /// Slots that must be filled.
    pub documents: Vec<String>,
    /// Whether it cannot be undone.
    pub irreversible: bool,
    /// What to read before.
    pub confirm: Option<String>,
}

impl OfferView {
    /// A name no other offer of the view has: the event, behind the track and the key where it has one.
    pub fn name(&self) -> String {
        let parts = [self.track.as_deref(), self.key.as_deref(), Some(self.event.as_str())];
        parts.into_iter().flatten().collect::<Vec<_>>().join("-")
    }
}

/// One code of a reason.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReasonView {
    /// The code.
    pub code: String,
    /// In the reader's language.
    pub label: String,
}

/// A place line that covers a choice as well as others do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LineView {
    /// The line, as the event's input names it.
    pub line: PlaceLineId,
    /// The choice it covers.
    pub choice: ChoiceId,
    /// The agreement behind it.
    pub agreement: Option<AgreementId>,
    /// Its last day.
    pub valid_until_on: Option<NaiveDate>,
    /// Study cycles it is for; empty: all.
    pub levels: Vec<Level>,
    /// ISCED-F 2013 codes it is for; empty: all.
    pub fields: Vec<String>,
    /// How many are left.
    pub free: i64,
}

/// One event as a reader sees it.
pub(super) fn view(scene: &Scene, offer: &Offer, stage: &Stage<'_>, language: &str) -> OfferView {
    let definition = &*scene.definition;
    let transition: &Transition = &definition.transitions[offer.transition.at()];
    let event = &definition.events[transition.event.at()];
    let label = |role: &RoleIx| definition.roles[role.at()].name.clone();
    let codes = transition.reason.map(|list| &definition.reasons[list.at()].codes);
    let reason = |(code, texts): &(String, sojourn_engine::definition::Texts)| ReasonView {
        code: code.clone(),
        label: texts.get(language).to_owned(),
    };
    let marked = transition.input.iter().filter_map(|field| match field.kind {
        InputKind::Items(list) => Some(list),
        _ => None,
    });
    let (track, key) = super::tracks::named(definition, offer.instance).unzip();
    let clocks = match offer.instance {
        None => &scene.live.case.clocks,
        Some(id) => scene.live.case.instance(id).map_or(&scene.live.case.clocks, |one| &one.clocks),
    };
    let first = clocks.iter().find(|clock| Some(clock.due_at) == offer.by);
    OfferView {
        track,
        key,
        track_label: offer.instance.map(|id| super::tracks::label(scene, id, language)),
        event: event.name.clone(),
        label: event.label.get(language).to_owned(),
        legal: offer.refusal.is_none(),
        by: transition.by.iter().filter(|role| Some(**role) != definition.system()).map(label).collect(),
        why_not: offer.refusal.as_ref().map(|refusal| refusals::told(refusal, definition, language)),
        refusal: offer.refusal.as_ref().map(|refusal| refusals::document(refusal, language)),
        due_zone: first.map(|clock| zone(definition, &scene.live.dossier, stage, clock.clock)),
        due_at: offer.by,
        input: transition.schema.clone(),
        lines: lines(scene, offer, transition),
        widens: transition.widens,
        reasons: codes.into_iter().flatten().map(reason).collect(),
        marks: marked.flat_map(|list| &definition.reasons[list.at()].codes).map(reason).collect(),
        documents: transition.documents.iter().map(|d| definition.documents[d.at()].name.clone()).collect(),
        irreversible: transition.irreversible,
        confirm: Some(event.confirm.get(language).to_owned()).filter(|text| !text.is_empty()),
    }
}

/// An offering that may become a choice, under its own id.
pub fn candidate(offering: &Offering) -> ChoiceView {
    ChoiceView {
        id: uuid::Uuid::from(offering.id).into(),
        rank: None,
        offering_id: offering.id,
        programme_id: offering.programme,
        title: offering.title.clone(),
        host: InstitutionView { id: offering.host.id, name: offering.host.name.clone() },
        start_on: offering.start_on,
        end_on: offering.end_on,
        asked_end_on: None,
        result: ChoiceResult::Open,
        current: false,
    }
}

/// Lines that whoever may do it has to pick from.
fn lines(scene: &Scene, offer: &Offer, transition: &Transition) -> Vec<LineView> {
    if offer.refusal.is_some() || transition.line_field().is_none() {
        return Vec::new();
    }
    let open = |choice: &&Choice| choice.result == ChoiceResult::Open;
    let of = |choice: &Choice| {
        let lines = lines_of(&scene.definition, &scene.live, choice);
        let several = lines.len() > 1;
        lines.into_iter().filter(|_| several).map(|row| line(row, choice)).collect::<Vec<_>>()
    };
    scene.live.dossier.choices.iter().filter(open).flat_map(of).collect()
}

fn line(line: &Line, choice: &Choice) -> LineView {
    LineView {
        line: line.id,
        choice: choice.id,
        agreement: line.agreement.as_ref().map(|agreement| agreement.id),
        valid_until_on: line.agreement.as_ref().map(|agreement| agreement.valid_until_on),
        levels: line.covers.levels.clone(),
        fields: line.covers.fields.clone(),
        free: line.free(),
    }
}
