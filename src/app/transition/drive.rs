//! The fold at the heart of the pipeline: one deed on one live case → its consequence, laid into the records of the batch.
//!
//! Pure: no database, no clock. HTTP drives one deed and settles; the import drives a whole life and settles once.

use std::borrow::Cow;

use serde_json::{Map, Value};
use sojourn_engine::definition::{Account, Choose, Definition, EventIx, InstanceId, Term};
use sojourn_engine::facts::Facts;
use sojourn_engine::guard::Slot;
use sojourn_engine::ids::{ChoiceId, PersonId, PlaceLineId, WorkflowVersionId};
use sojourn_engine::machine::{self, Actor, Attempt, Calendars, Context, LineView, Move, Step, World};
use sojourn_engine::refusal::Refusal;
use sojourn_engine::vocabulary::{AccountStatus, Via};

use super::facts::{Asked, next};
use super::live::Live;
use super::places::{Bound, Named, bind, chosen, draws};
use super::{chain, effects, situation, stays};
use crate::app::holders::{Holders, follows_stays, stay_choice};
use crate::clock::Moment;
use crate::store::dossiers::{Choice, Dossier};
use crate::store::places::{Line, in_force};
use crate::store::records::Records;

/// What somebody does to a case.
#[derive(Debug, Clone)]
pub struct Deed<'a> {
    /// The instance of a track it is done to; `None` is the main machine.
    pub instance: Option<InstanceId>,
    /// The event.
    pub event: &'a str,
    /// Its raw input.
    pub data: &'a Map<String, Value>,
    /// Code and text of the reason.
    pub reason: Option<(&'a str, &'a str)>,
    /// For the writer's institution only.
    pub note: Option<&'a str>,
    /// Who; `None` is the system.
    pub actor: Option<PersonId>,
}

/// Everything a deed is judged and recorded with, beside the case.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'a> {
    /// The definition the case began with.
    pub definition: &'a Definition,
    /// Its version.
    pub version: WorkflowVersionId,
    /// Who holds which role today.
    pub holders: &'a Holders,
    /// Calendar of the secretariat.
    pub alliance: &'a sojourn_engine::deadline::Calendar,
    /// By which door the deed came.
    pub via: Via,
    /// The instant and the ids of the command.
    pub at: &'a Moment,
}

/// A refused deed, with the facts that were read.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// Facts read, as canonical JSON.
    pub facts: String,
}

/// Opens the case of a live dossier and records its first step.
///
/// # Errors
/// The refusal of `[create]`, nothing recorded.
pub fn open(stage: &Stage<'_>, live: &mut Live, by: PersonId, records: &mut Records) -> Result<(), Refused> {
    let definition = stage.definition;
    let slots = definition.asks_to_open();
    let held = stage.holders.roles(definition, by, &live.dossier, None);
    let view = View::of(stage, live, None, &slots);
    let opening = machine::open(definition, held, &view.context(stage, live)).map_err(|refusal| Refused {
        refusal,
        facts: chain::canonical_facts(definition, &slots, &view.facts),
    })?;
    let facts = chain::canonical_facts(definition, &opening.read, &view.facts);
    live.case = opening.case.clone();
    effects::opened(stage, live, by, &opening, facts, records);
    Ok(())
}

/// Carries out one deed and lays its consequence into `records`.
///
/// # Errors
/// The engine's refusal; the live case and the records are as before.
pub fn fire(
    stage: &Stage<'_>,
    live: &mut Live,
    deed: &Deed<'_>,
    event: EventIx,
    records: &mut Records,
) -> Result<Step, Refused> {
    let definition = stage.definition;
    let here = match deed.instance {
        None => Some(live.case.state),
        Some(id) => live.case.instance(id).map(|instance| instance.state),
    };
    let leaving = here.into_iter().flat_map(|state| definition.leaving(state));
    let choosing: Vec<_> = leaving.filter(|(_, t)| t.event == event && t.join.is_none()).collect();
    let slots: Vec<Slot> = choosing.iter().flat_map(|(ix, _)| definition.asks_of(*ix)).copied().collect();
    let choose = choosing.iter().find_map(|(_, transition)| transition.choose.as_ref());
    let target =
        target(live, choose, deed.data).map_err(|refusal| Refused { refusal, facts: "{}".to_owned() })?;
    let actor = match deed.actor {
        Some(person) => {
            let held = stage.holders.roles(definition, person, &live.dossier, deed.instance);
            Actor::Person(person, held)
        }
        None => Actor::System,
    };
    let attempt = Attempt { event, instance: deed.instance, actor, data: deed.data, reason: deed.reason };
    let line = choosing.iter().find_map(|(_, transition)| transition.line_field());
    let named = picked(stage, live, target, line, deed.data)
        .map_err(|refusal| Refused { refusal, facts: "{}".to_owned() })?;
    live.picked = named.or(live.promised.take());
    live.stays = stays::count(live, choose);
    let stay = deed.instance.filter(|id| follows_stays(definition, *id));
    let about = target.or_else(|| stay_choice(&live.dossier, stay?.key).map(|choice| choice.id));
    let mut ahead = Ahead::of(stage, live, (target, about), slots);
    let step = machine::step(definition, &live.case, &attempt, &mut ahead);
    let read = |made: &Move, view: &View| chain::canonical_facts(definition, &made.read, &view.facts);
    let step = step.map_err(|refusal| Refused {
        refusal,
        facts: chain::canonical_facts(definition, &ahead.slots, &ahead.views[0].facts),
    })?;
    let facts = step.moves.iter().zip(&ahead.views).map(|(made, view)| read(made, view)).collect();
    effects::taken(stage, live, deed, &step, target, facts, records);
    Ok(step)
}

/// A case on trial: each move of a step is taken on a copy, so that the next one sees what it brought.
struct Ahead<'a> {
    stage: &'a Stage<'a>,
    live: Cow<'a, Live>,
    target: Option<ChoiceId>,
    slots: Vec<Slot>,
    /// What was so before each move.
    views: Vec<View>,
}

impl<'a> Ahead<'a> {
    fn of(
        stage: &'a Stage<'a>,
        live: &'a Live,
        (target, about): (Option<ChoiceId>, Option<ChoiceId>),
        slots: Vec<Slot>,
    ) -> Self {
        let views = vec![View::of(stage, live, about, &slots)];
        Self { stage, live: Cow::Borrowed(live), target, slots, views }
    }
}

impl World for Ahead<'_> {
    fn context(&self) -> Context<'_> {
        self.views[self.views.len() - 1].context(self.stage, &self.live)
    }

    fn take(&mut self, made: &Move) {
        let target = if self.views.len() == 1 { self.target } else { effects::target(&self.live, made) };
        effects::take(self.stage, self.live.to_mut(), made, target, None, &mut Records::default());
        self.views.push(View::of(self.stage, &self.live, None, &self.slots));
    }
}

/// The choice a transition would make current; `None` when it makes none.
fn target(
    live: &Live,
    choose: Option<&Choose>,
    data: &Map<String, Value>,
) -> Result<Option<ChoiceId>, Refusal> {
    let open = |choice: &&Choice| choice.result == sojourn_engine::vocabulary::ChoiceResult::Open;
    let choices = || live.dossier.choices.iter();
    match choose {
        None | Some(Choose::Nothing) => Ok(None),
        Some(Choose::First | Choose::All) => Ok(choices().find(open).map(|choice| choice.id)),
        Some(Choose::Next) => Ok(next(&live.dossier).map(|choice| choice.id)),
        Some(Choose::Input(field)) => {
            let named = data.get(field).and_then(Value::as_str);
            let is_named = |choice: &&Choice, named: &str| {
                choice.id.to_string() == named || choice.offering.id.to_string() == named
            };
            let known = named.and_then(|named| choices().find(|choice| is_named(choice, named)));
            match (named, known) {
                (_, Some(choice)) => Ok(Some(choice.id)),
                (None, None) => Ok(None),
                (Some(_), None) => Err(Refusal::InputInvalid {
                    fields: vec![sojourn_engine::definition::InputFault {
                        field: field.clone(),
                        detail: "must be the id of one of this application's choices".to_owned(),
                    }],
                }),
            }
        }
    }
}

/// The line that is named for the choice being chosen: one of the narrowest.
fn picked(
    stage: &Stage<'_>,
    live: &Live,
    target: Option<ChoiceId>,
    field: Option<&str>,
    data: &Map<String, Value>,
) -> Result<Option<PlaceLineId>, Refusal> {
    let Some((field, named)) = field.and_then(|field| Some((field, data.get(field)?))) else {
        return Ok(None);
    };
    let choice = live.dossier.choices.iter().find(|choice| Some(choice.id) == target);
    let (false, Some(choice)) = (named.is_null(), choice) else { return Ok(None) };
    let known = |id: &PlaceLineId| named.as_str() == Some(id.to_string().as_str());
    let found = lines_of(stage.definition, live, choice).into_iter().map(|line| line.id).find(known);
    found.map(Some).ok_or_else(|| Refusal::InputInvalid {
        fields: vec![sojourn_engine::definition::InputFault {
            field: field.to_owned(),
            detail: "must be the id of one of the place lines that the offer lists for this choice"
                .to_owned(),
        }],
    })
}

/// The line that was named, for the account that choices are bound to.
pub(super) fn picked_for<'d>(definition: &'d Definition, live: &Live) -> Option<Named<'d>> {
    definition.accounts.first().map(|account| account.name.as_str()).zip(live.picked)
}

/// Lines the accounts of the present choice have; one for a further term has its own once it holds a place.
fn held<'d>(definition: &'d Definition, dossier: &Dossier) -> Vec<Named<'d>> {
    let line = |declared: &'d Account| {
        let row = dossier.accounts.iter().find(|row| row.name == declared.name)?;
        let is_bound = declared.term == Term::Chosen || row.status != AccountStatus::None;
        Some((declared.name.as_str(), row.line.filter(|_| is_bound)?))
    };
    definition.accounts.iter().filter_map(line).collect()
}

/// The narrowest lines for the account that choices are bound to.
pub fn lines_of<'l>(definition: &Definition, live: &'l Live, choice: &Choice) -> Vec<&'l Line> {
    let account = definition.accounts.first();
    account.map_or_else(Vec::new, |account| chosen(account.line, &live.dossier, &choice.offering))
}

/// Lines among which whoever acts has to pick; an import takes the one the rule says.
fn rivals(stage: &Stage<'_>, live: &Live, target: Option<ChoiceId>) -> Vec<PlaceLineId> {
    let choice = live.dossier.choices.iter().find(|choice| Some(choice.id) == target);
    let (None, Some(choice)) = (live.picked, choice) else { return Vec::new() };
    let mut lines = lines_of(stage.definition, live, choice);
    // Of lines that none counts of by then there is nothing to pick: whichever it is, the refusal says so.
    lines.retain(|line| in_force(line, choice.offering.start_on));
    if lines.len() < 2 || stage.via == Via::Import {
        return Vec::new();
    }
    lines.into_iter().map(|line| line.id).collect()
}

/// What the engine sees of the world around one case.
#[derive(Debug)]
pub struct View {
    pub facts: Facts,
    lines: Vec<LineView>,
    next_lines: Vec<LineView>,
    rivals: Vec<PlaceLineId>,
    calendars: Calendars,
    documents: Vec<sojourn_engine::definition::DocumentIx>,
    stays: u16,
    overrides: Vec<(sojourn_engine::definition::ClockIx, sojourn_engine::definition::Span)>,
}

impl View {
    /// Gathers what `slots` ask for; with a target, facts of the choice speak of that one.
    pub fn of(stage: &Stage<'_>, live: &Live, target: Option<ChoiceId>, slots: &[Slot]) -> Self {
        let definition = stage.definition;
        let dossier = &live.dossier;
        let named = |id: ChoiceId| dossier.choices.iter().find(|choice| choice.id == id);
        let choice = target.and_then(named).or_else(|| dossier.current()).or_else(|| dossier.choices.first());
        let accounts = || definition.accounts.iter().map(draws);
        let bound_to =
            |choice: &Choice, named: &[Named<'_>]| bind(accounts(), dossier, &choice.offering, named);
        let named = match target {
            Some(_) => picked_for(definition, live).into_iter().collect(),
            None => held(definition, dossier),
        };
        let bound = choice.map(|choice| bound_to(choice, &named)).unwrap_or_default();
        let asked = Asked { tracks: &definition.tracks, dossier, choice, bound: &bound, now: stage.at.now };
        let mut facts = Facts::gather(&definition.facts, slots, |fact| asked.value(fact));
        live.case.lay(definition, &mut facts);
        let views = |bound: &[Bound]| bound.iter().map(Bound::view).collect();
        Self {
            facts,
            lines: views(&bound),
            next_lines: next(dossier).map(|choice| views(&bound_to(choice, &[]))).unwrap_or_default(),
            rivals: rivals(stage, live, target),
            calendars: situation::calendars(dossier, choice, stage.alliance),
            documents: situation::documents(definition, dossier),
            stays: live.stays,
            overrides: situation::overrides(definition, dossier),
        }
    }

    /// The engine's context over this view.
    pub fn context<'v>(&'v self, stage: &Stage<'_>, live: &Live) -> Context<'v> {
        Context {
            now: stage.at.now,
            facts: &self.facts,
            lines: &self.lines,
            next_lines: &self.next_lines,
            rivals: &self.rivals,
            documents: &self.documents,
            stays: self.stays,
            calendars: &self.calendars,
            overrides: &self.overrides,
            subject: Some(live.dossier.application.applicant),
        }
    }
}
