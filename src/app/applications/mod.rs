//! Applications: opening, editing while a draft, reading.

pub mod list;
mod misfits;
pub mod receipt;
pub mod road;
pub mod scores;
pub mod view;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sojourn_engine::definition::Definition;
use sojourn_engine::ids::{CallId, CaseId, OfferingId, PersonId, RegistrationId, UnitId, WorkflowVersionId};
use sojourn_engine::vocabulary::{ChoiceResult, Phase, Publication, StateKind, Via};

pub use misfits::{Misfit, Misfits, misfits};
pub use view::ApplicationView;

use super::scene::Scene;
use super::transition::{self, drive};
use super::{Answer, App, Error, FieldError, Once, Result, waiting_lists};
use crate::access::{Caller, Scope};
use crate::clock::Moment;
use crate::store::Conn;
use crate::store::applications::{self as rows, Draft};
use crate::store::dossiers::{self, ApplicationRow, CaseRow, Choice, Dossier, Offering};
use crate::store::places::{Reached, lines_for};
use crate::store::records::Records;

/// What an application is opened with.
#[derive(Debug, Clone)]
pub struct NewApplication {
    /// The call.
    pub call: CallId,
    /// With which registration; `None` takes the caller's only one the call is for.
    pub registration: Option<RegistrationId>,
    /// Offerings, most wanted first.
    pub choices: Vec<OfferingId>,
    /// Answers to the call's questions.
    pub answers: Map<String, Value>,
    /// Whether a complete draft is submitted when the call closes.
    pub submit_at_bell: bool,
}

/// What may change of a draft.
#[derive(Debug, Clone, Default)]
pub struct DraftChange {
    /// Offerings, most wanted first.
    pub choices: Option<Vec<OfferingId>>,
    /// Answers, replaced as a whole.
    pub answers: Option<Map<String, Value>>,
    /// Whether a complete draft is submitted when the call closes.
    pub submit_at_bell: Option<bool>,
    /// Score in hundredths; the home's to enter.
    pub score_hundredths: Option<i32>,
}

/// Reads one application.
///
/// # Errors
/// [`Error::NotFound`] when there is none this caller sees.
pub async fn read(app: &App, caller: &Caller, id: CaseId) -> Result<ApplicationView> {
    let at = app.clock.moment();
    let scene = Scene::look(app, &caller.scope(), id, &at).await?;
    let mut view = view::of(&scene, caller, &at);
    view.waiting_list = waiting_lists::standings(app, app.store.read(), &scene, caller, &at).await?;
    Ok(view)
}

/// Opens an application as a draft.
///
/// # Errors
/// [`Error::Invalid`] for unknown or foreign ids, [`Error::Refused`] when the call is not open for the caller.
pub async fn open(app: &App, caller: &Caller, once: &Once, new: NewApplication) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let mut scene = stage_new(app, &tx, caller, new, &at).await?;
    let mut written = Records::default();
    let stage = drive::Stage {
        definition: &scene.definition,
        version: scene.version,
        holders: &scene.holders,
        alliance: &scene.alliance,
        via: Via::Api,
        at: &at,
    };
    drive::open(&stage, &mut scene.live, caller.person, &mut written)
        .map_err(|refused| Error::Refused(refused.refusal))?;
    let location = format!("/api/v1/applications/{}", scene.live.dossier.case.id);
    let answer = Answer::created(location, scene.live.dossier.case.version, &view::of(&scene, caller, &at))?;
    transition::settle_new(&scene.stage(&at, Via::Api), scene.live.clone(), &mut written);
    transition::keep(&tx, &scene, written).await?;
    let answer = turn.finish(tx, &at, answer).await?;
    app.wake.notify_one();
    Ok(answer)
}

async fn stage_new(
    app: &App,
    conn: &impl Conn,
    caller: &Caller,
    new: NewApplication,
    at: &Moment,
) -> Result<Scene> {
    let call = dossiers::call(conn, new.call).await?;
    let published =
        |call: &crate::store::calls::Call| call.status == Publication::Published && !call.historic;
    let call = call.filter(published).ok_or_else(|| invalid("/call_id", "no open call has this id"))?;
    let registered = rows::registered(conn, caller.person, call.id).await?;
    let registration = one_of(&registered, new.registration)?;
    let offerings = chosen(conn, &call, &new.choices).await?;
    let workflow = rows::workflow_of(conn, &new.choices).await?;
    let [workflow] = &workflow[..] else {
        return Err(invalid("/choices", "all choices of one application follow the same workflow"));
    };
    let (version, definition) = app
        .definitions
        .current(conn, workflow)
        .await?
        .ok_or_else(|| invalid("/choices", "the workflow of this programme is not in force"))?;
    let choices: Vec<Choice> = offerings.into_iter().zip(1..).map(|(o, rank)| choice(o, rank, at)).collect();
    let reached = Reached {
        homes: vec![registration.home.id],
        hosts: choices.iter().map(|choice| choice.offering.host.id).collect(),
        programmes: choices.iter().map(|choice| choice.offering.programme).collect(),
    };
    let units: Vec<_> =
        choices.iter().filter_map(|choice| choice.offering.unit).chain(registration.unit).collect();
    let dossier = Dossier {
        case: fresh_case(&definition, version, at),
        application: ApplicationRow {
            answers: answers(&call, new.answers)?,
            submit_at_bell: new.submit_at_bell,
            ..fresh_application(caller.person, (registration.id, registration.unit), at)
        },
        student: registration.student.clone(),
        lines: lines_for(conn, &reached).await?,
        back: if call.reciprocal { lines_for(conn, &reached.back()).await? } else { Vec::new() },
        home: registration.home.clone(),
        call,
        units: crate::store::institutions::units_above(conn, &units).await?,
        choices,
        stay: None,
        extra_term: None,
        accounts: Vec::new(),
        clocks: Vec::new(),
        filled: Vec::new(),
        waiters: BTreeMap::new(),
    };
    Scene::over(app, conn, dossier, definition, at).await
}

/// The registration that is named, or the only one there is.
fn one_of(all: &[rows::Registered], named: Option<RegistrationId>) -> Result<&rows::Registered> {
    let found = match (named, all) {
        (Some(id), all) => all.iter().find(|registered| registered.id == id),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.ok_or_else(|| invalid("/registration_id", "name one of your registrations that this call is for"))
}

/// An application of which nothing is known yet but who applies, with which registration at which unit.
pub fn fresh_application(
    applicant: PersonId,
    (registration, home_unit): (RegistrationId, Option<UnitId>),
    at: &Moment,
) -> ApplicationRow {
    ApplicationRow {
        reference: reference(at),
        applicant,
        registration,
        home_unit,
        current_choice: None,
        answers: json!({}),
        consents: json!({}),
        submit_at_bell: false,
        score_hundredths: None,
        submitted_at: None,
        home_sees_from: None,
        frozen: false,
        receipt: None,
    }
}

/// A case in the first state of its definition.
pub fn fresh_case(definition: &Definition, version: WorkflowVersionId, at: &Moment) -> CaseRow {
    let state = &definition.states[definition.initial.at()];
    CaseRow {
        id: at.id(),
        workflow: version,
        state: state.name.clone(),
        phase: state.phase,
        kind: state.kind,
        entered_at: at.now,
        registers: BTreeMap::new(),
        collected: Vec::new(),
        tracks: Vec::new(),
        paused: Vec::new(),
        hidden_until: None,
        acts: Vec::new(),
        steps: 0,
        head: Vec::new(),
        created_at: at.now,
        version: 1,
    }
}

/// Most offerings that a choice beyond the application is picked from on a page.
const BEYOND: u64 = 200;

/// Offerings that a widening choice of the case may take, as choices are shown; each stands under the id of its offering.
///
/// # Errors
/// Faults of the database.
pub async fn beyond(app: &App, view: &ApplicationView) -> Result<Vec<view::ChoiceView>> {
    let today = app.clock.now().date_naive();
    let all = dossiers::beyond(app.store.read(), &view.workflow, today, BEYOND).await?;
    let known = |offering: &Offering| view.choices.iter().any(|choice| choice.offering_id == offering.id);
    Ok(all.iter().filter(|offering| !known(offering)).map(view::candidate).collect())
}

/// Changes a draft, or enters the home's score.
///
/// # Errors
/// [`Error::Stale`], [`Error::Forbidden`] for those whose draft it is not, [`Error::Conflict`] once it is submitted.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: CaseId,
    if_version: i32,
    change: DraftChange,
) -> Result<ApplicationView> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    let scene = Scene::read(app, &tx, &caller.scope(), id, &at).await?;
    if scene.live.dossier.case.version != if_version {
        return Err(Error::Stale);
    }
    may_change(&scene, caller, &change)?;
    let call = &scene.live.dossier.call;
    let choices = match &change.choices {
        Some(ids) => {
            let workflows = rows::workflow_of(&tx, ids).await?;
            if workflows != [scene.definition.id.clone()] {
                return Err(invalid("/choices", "choices of this application follow its own workflow"));
            }
            let offerings = chosen(&tx, call, ids).await?;
            Some(offerings.into_iter().zip(1..).map(|(offering, rank)| choice(offering, rank, &at)).collect())
        }
        None => None,
    };
    let draft = Draft {
        choices,
        answers: change.answers.map(|given| answers(call, given)).transpose()?,
        submit_at_bell: change.submit_at_bell,
        score_hundredths: change.score_hundredths,
    };
    if !rows::edit(&tx, id, if_version, draft).await? {
        return Err(Error::Stale);
    }
    if let Some(score) = change.score_hundredths {
        let (home, before) = (scene.live.dossier.home.id, scene.live.dossier.application.score_hundredths);
        scores::noted(id, home, before, Some(score))?.note(&tx, &at, caller).await?;
    }
    let scene = Scene::read(app, &tx, &Scope::system(), id, &at).await?;
    let mut view = view::of(&scene, caller, &at);
    view.waiting_list = waiting_lists::standings(app, &tx, &scene, caller, &at).await?;
    tx.commit().await?;
    Ok(view)
}

fn may_change(scene: &Scene, caller: &Caller, change: &DraftChange) -> Result<()> {
    let dossier = &scene.live.dossier;
    let own = dossier.application.applicant == caller.person;
    let drafts = change.choices.is_some() || change.answers.is_some() || change.submit_at_bell.is_some();
    let state = &scene.definition.states[scene.live.case.state.at()];
    let theirs = state.waits_for.is_some_and(|role| {
        scene.definition.roles[role.at()].resolver == sojourn_engine::definition::Resolver::Applicant
    });
    if drafts && !own {
        return Err(Error::Forbidden { needs: "the applicant".to_owned() });
    }
    if drafts && !(theirs && state.phase == Phase::Application && state.kind == StateKind::Open) {
        let told =
            "choices and answers change only while it is a draft or returned to you: take it back first";
        return Err(Error::Conflict(super::Conflict::NotNow(told.to_owned())));
    }
    let home = caller.coordinates(&dossier.at_home()) && dossier.shown_to_home(&caller.scope());
    if change.score_hundredths.is_some() && (own || !home) {
        return Err(Error::Forbidden { needs: "the home coordinator".to_owned() });
    }
    Ok(())
}

async fn chosen(
    conn: &impl Conn,
    call: &crate::store::calls::Call,
    ids: &[OfferingId],
) -> Result<Vec<Offering>> {
    if ids.is_empty() {
        return Err(invalid("/choices", "name at least one offering of the call"));
    }
    if let Some(most) = call.max_choices.filter(|most| ids.len() > usize::from(most.unsigned_abs())) {
        return Err(invalid("/choices", &format!("this call takes at most {most} choices")));
    }
    let open = rows::offered(conn, call.id, ids).await?;
    let mut found = dossiers::offerings(conn, ids).await?;
    let mut faults = Vec::new();
    let mut ordered = Vec::with_capacity(ids.len());
    for (at, id) in ids.iter().enumerate() {
        let pointer = format!("/choices/{at}");
        if ids[..at].contains(id) {
            faults.push(FieldError::new(pointer, "this offering is listed already: each at most once"));
            continue;
        }
        match found.iter().position(|offering| offering.id == *id && open.contains(id)) {
            Some(place) if found[place].status != Publication::Published => {
                let detail = "its programme takes no new applications now: choose another offering";
                faults.push(FieldError::new(pointer, detail));
            }
            Some(place) => ordered.push(found.swap_remove(place)),
            None => faults.push(FieldError::new(pointer, "this call has no such offering")),
        }
    }
    if faults.is_empty() { Ok(ordered) } else { Err(Error::Invalid(faults)) }
}

fn choice(offering: Offering, rank: i16, at: &Moment) -> Choice {
    Choice {
        id: at.id(),
        rank,
        line: None,
        result: ChoiceResult::Open,
        host_sees_from: None,
        host_sees_until: None,
        offering,
    }
}

/// Answers that fit the questions of the call; what is not answered yet is left out.
fn answers(call: &crate::store::calls::Call, given: Map<String, Value>) -> Result<Value> {
    let mut faults = Vec::new();
    for (name, value) in &given {
        let fits = match call.form.iter().find(|question| question.name == *name) {
            Some(question) => question.kind.takes(value),
            None => Err("this call asks no such question"),
        };
        faults.extend(fits.err().map(|detail| FieldError::new(format!("/answers/{name}"), detail)));
    }
    if faults.is_empty() { Ok(Value::Object(given)) } else { Err(Error::Invalid(faults)) }
}

fn invalid(pointer: &str, detail: &str) -> Error {
    Error::Invalid(vec![FieldError::new(pointer, detail)])
}

/// Letters and digits nobody mistakes for one another (Crockford's base 32).
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A short code people quote, such as `7K2M4-9QFD1`: 50 random bits, which tell nothing and do not meet in a million applications.
fn reference(at: &Moment) -> String {
    let symbol = |byte: u8| char::from(SYMBOLS[usize::from(byte & 31)]);
    let symbols = at.random::<10>().map(symbol);
    let (left, right) = symbols.split_at(5);
    left.iter().chain(&['-']).chain(right).collect()
}
