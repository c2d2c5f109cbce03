//! One case: where it stands, what its reader may do, and what has happened.

use std::collections::BTreeMap;

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};
use sojourn_engine::ids::CaseId;
use sojourn_engine::vocabulary::{Phase, StateKind, Via};

use super::super::calls::id;
use super::super::documents;
use super::super::fault::Fault;
use super::super::fields::{self, Picks, fields};
use super::super::form::Fields;
use super::super::visit::{SignedIn, Visit};
use super::draft;
use crate::access::{Caller, full_name};
use crate::app::applications::view::{ChoiceView, LineView, OfferView};
use crate::app::applications::{self, ApplicationView};
use crate::app::history::StepView;
use crate::app::marks::MarkView;
use crate::app::{Asked, Result, allocations, calls, history, notifications, people};

/// Steps, documents and mails shown of one case.
const MANY: Asked = Asked { limit: 200, cursor: None };

/// What has just been done.
#[derive(Debug, Default, Deserialize)]
pub struct Came {
    /// `step`, `given`, `draft` or `document`.
    done: Option<String>,
    /// The slot whose file has to be chosen again.
    again: Option<String>,
}

/// What a page says about a form that was not taken.
#[derive(Debug, Default)]
pub struct Said {
    /// The form: an event's name, or that of the draft.
    pub form: String,
    /// What it said.
    pub typed: Fields,
    /// What is wrong with all of it.
    pub told: Option<String>,
    /// Which of its fields are not right.
    pub faults: Vec<String>,
    /// What is wrong with them, where that is told field by field.
    pub details: BTreeMap<String, String>,
}

pub async fn show(
    signed_in: SignedIn,
    Path(named): Path<String>,
    Query(came): Query<Came>,
) -> std::result::Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let id: CaseId = id(&named)?;
    let view = applications::read(visit.app(), &caller, id).await?;
    let done = came
        .done
        .filter(|done| matches!(done.as_str(), "step" | "draft" | "document" | "opened" | "score" | "given"));
    let page = page(&visit, &caller, &view, None).await?;
    Ok(visit.page(StatusCode::OK, "applications/show.html", context! { done, again => came.again, ..page }))
}

/// The same page over a form that was not taken, with everything that was typed.
pub async fn again(
    visit: &Visit,
    caller: &Caller,
    case: CaseId,
    status: StatusCode,
    said: Said,
) -> Result<Response> {
    let view = applications::read(visit.app(), caller, case).await?;
    let page = page(visit, caller, &view, Some(&said)).await?;
    Ok(visit.page(status, "applications/show.html", context! { done => (), again => (), ..page }))
}

async fn page(visit: &Visit, caller: &Caller, view: &ApplicationView, said: Option<&Said>) -> Result<Value> {
    let app = visit.app();
    let steps = history::list(app, caller, view.id, &MANY).await?.items;
    let documents = documents::of_case(visit, caller, view).await?;
    let draft =
        if is_editable(view, caller) { Some(draft::form(visit, caller, view, said).await?) } else { None };
    let tasks = tasks(view, draft.as_ref(), &documents);
    let left = tasks.iter().filter(|task| !task.done).count();
    let (legal, not_legal): (Vec<_>, Vec<_>) = view.offers.iter().partition(|offer| offer.legal);
    let widens = legal.iter().any(|offer| offer.widens);
    let beyond = if widens { applications::beyond(app, view).await? } else { Vec::new() };
    let wider = [view.choices.as_slice(), &beyond].concat();
    let picks = |offer: &OfferView| Picks {
        choices: choices(visit, if offer.widens { &wider } else { &view.choices }),
        lines: lines(visit, view, offer),
    };
    let legal: Vec<Value> = legal.into_iter().map(|offer| form(&picks(offer), offer, said)).collect();
    let scores = scores(visit, caller, view).await?;
    let stays = said.is_some_and(|said| stays(view, (draft.is_some(), scores), said));
    let scored = said.filter(|said| said.form == draft::SCORE);
    let answers = draft::answered(visit, view).await?;
    let typed = said.filter(|_| !stays).map(|said| texts(&said.typed));
    Ok(context! {
        run => moved_by(visit, view, &steps).await?,
        case => Value::from(Serde(view)),
        door => door(view.id),
        reader_of_reason => "reason_text",
        noted => visit.is_staff() && view.applicant.id != caller.person,
        turn => view.waiting.iter().any(|waiting| waiting.you),
        marked_parts => Value::from(Serde(&marks(view, &steps))),
        markable => markable(view, &answers),
        steps => Value::from(Serde(steps.iter().rev().collect::<Vec<_>>())),
        documents, draft, legal, left,
        tasks => Value::from(Serde(&tasks)),
        answers,
        scores,
        score => scored.map(|said| said.typed.get("score").to_owned()),
        score_fault => scored.and_then(|said| said.told.clone()),
        not_legal => Value::from(Serde(&not_legal)),
        // Documents have a section of their own.
        tracks => Value::from(Serde(view.tracks.iter().filter(|track| track.key.parse::<u16>().is_ok()).collect::<Vec<_>>())),
        mails => mails(visit, caller, view.id).await?,
        told => said.and_then(|said| said.told.clone()),
        refused => said.and_then(|said| view.offers.iter().find(|one| !one.legal && one.name() == said.form)).map(Serde).map(Value::from),
        receipt_lines => applications::receipt::lines(view),
        faulty => said.filter(|_| stays).map(|said| context! { form => said.form.clone(), faults => said.faults.clone() }),
        typed,
    })
}

/// Whether the form that was sent is on the page still.
fn stays(view: &ApplicationView, (is_draft, is_scored): (bool, bool), said: &Said) -> bool {
    (said.form == draft::FORM && is_draft)
        || (said.form == draft::SCORE && is_scored)
        || view.offers.iter().any(|offer| offer.legal && offer.name() == said.form)
}

/// The run of an allocation that moved a case.
async fn moved_by(visit: &Visit, view: &ApplicationView, steps: &[StepView]) -> Result<Option<String>> {
    if steps.iter().all(|step| step.via != Via::Run) {
        return Ok(None);
    }
    let run = allocations::moved_by(visit.app(), view.call.id, view.id).await?;
    Ok(run.map(|run| run.to_string()))
}

/// What the last step of the main machine has marked for correction, by part of the application.
/// A choice also by what it chooses, for a draft knows it by that.
fn marks<'s>(view: &ApplicationView, steps: &'s [StepView]) -> BTreeMap<String, &'s MarkView> {
    let last = steps.iter().rev().find(|step| step.track.is_none());
    let mut marks = BTreeMap::new();
    for mark in last.into_iter().flat_map(|step| &step.marks) {
        let chosen = view.choices.iter().find(|choice| mark.item == format!("choice:{}", choice.id));
        marks.extend(chosen.map(|choice| (format!("offering:{}", choice.offering_id), mark)));
        marks.insert(mark.item.clone(), mark);
    }
    marks
}

/// Parts of an application that can be marked: its documents, choices and answers.
pub fn markable(view: &ApplicationView, answers: &[Value]) -> Vec<Value> {
    let papers = view.documents.iter().filter(|slot| slot.asked || slot.filled);
    let papers =
        papers.map(|slot| context! { item => format!("document:{}", slot.slot), name => slot.label.clone() });
    let choices = view.choices.iter().map(|choice| {
        let name = format!("{} · {}", choice.title, choice.host.name);
        context! { item => format!("choice:{}", choice.id), name }
    });
    let answers = answers.iter().map(|answer| {
        let name = answer.get_attr("name").unwrap_or_default();
        context! { item => format!("answer:{name}"), name => answer.get_attr("label").unwrap_or_default() }
    });
    papers.chain(choices).chain(answers).collect()
}

/// Whether the reader may change choices and answers: it is theirs, and waits for them before anybody else has decided.
pub fn is_editable(view: &ApplicationView, caller: &Caller) -> bool {
    let own = view.applicant.id == caller.person;
    let waits = view.waiting.iter().any(|waiting| waiting.you);
    own && waits && view.phase == Phase::Application && view.kind == StateKind::Open
}

/// A part of a draft and how far it is.
#[derive(Debug, Serialize)]
struct Task {
    /// `choices`, `answers` or `document`.
    what: &'static str,
    /// What a document is called.
    label: Option<String>,
    /// Where on the page it is.
    at: String,
    needed: bool,
    done: bool,
}

/// What there is to be done in a draft; nothing once it is handed over.
fn tasks(view: &ApplicationView, draft: Option<&Value>, documents: &[Value]) -> Vec<Task> {
    let Some(draft) = draft else { return Vec::new() };
    let done = !view.choices.is_empty();
    let mut tasks = vec![Task { what: "choices", label: None, at: "choices".to_owned(), needed: true, done }];
    let text = |value: &Value, name: &str| {
        value.get_attr(name).ok().and_then(|found| found.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let is = |value: &Value, name: &str| value.get_attr(name).is_ok_and(|found| found.is_true());
    let questions: Vec<Value> =
        draft.get_attr("questions").ok().and_then(|all| all.try_iter().ok()).into_iter().flatten().collect();
    if let Some(first) = questions.first() {
        let open = questions.iter().find(|one| is(one, "required") && text(one, "value").is_empty());
        tasks.push(Task {
            what: "answers",
            label: None,
            at: format!("answer-{}", text(open.unwrap_or(first), "name")),
            needed: questions.iter().any(|one| is(one, "required")),
            done: open.is_none(),
        });
    }
    for entry in documents {
        let Ok(slot) = entry.get_attr("slot") else { continue };
        tasks.push(Task {
            what: "document",
            label: Some(text(&slot, "label")),
            at: format!("slot-{}", text(&slot, "slot")),
            // Others are asked for later.
            needed: text(entry, "rule") == "required" && is(entry, "needed"),
            done: is(&slot, "filled"),
        });
    }
    tasks
}

/// The address of a case's page.
pub fn door(case: CaseId) -> String {
    format!("/cases/{case}")
}

/// Choices to pick from, by id and label.
pub fn choices(visit: &Visit, all: &[ChoiceView]) -> Vec<(String, String)> {
    let label = |choice: &ChoiceView| {
        let name = format!("{} – {}", choice.host.name, choice.title);
        // Beyond the ranked ones a host may offer the same at several times.
        choice.rank.map_or_else(
            || format!("{name}, {}", visit.days(choice.start_on, choice.end_on)),
            |rank| format!("{rank}. {name}"),
        )
    };
    all.iter().map(|choice| (choice.id.to_string(), label(choice))).collect()
}

/// The form of an event, with what was typed into it.
pub fn form(picks: &Picks, offer: &OfferView, said: Option<&Said>) -> Value {
    let said = said.filter(|said| said.form == offer.name());
    let typed = said.map(|said| &said.typed);
    let faults = said.map(|said| said.faults.clone()).unwrap_or_default();
    let text = |name: &str| typed.map(|typed| typed.get(name).to_owned()).unwrap_or_default();
    let filled = fields(&offer.input, picks, typed, &faults);
    context! {
        name => offer.name(),
        offer => Value::from(Serde(offer)),
        plain => filled.is_empty() && offer.reasons.is_empty(),
        fields => Value::from(Serde(&filled)),
        open => said.is_some(),
        marked => said.map(|said| Value::from(Serde(&fields::marked(&said.typed).collect::<BTreeMap<_, _>>()))),
        code => text("reason.code"),
        text => text("reason.text"),
        note => text("note"),
        fault_names => faults.clone(),
        reason_fault => faults.iter().any(|fault| fault == "reason"),
    }
}

/// Place lines to pick from, each once, by what they are for.
pub fn lines(visit: &Visit, view: &ApplicationView, offer: &OfferView) -> Vec<(String, String)> {
    let label = |line: &LineView| {
        let choice = view.choices.iter().find(|choice| choice.id == line.choice);
        let host = choice.map(|choice| choice.host.name.clone()).unwrap_or_default();
        let levels = line.levels.iter().map(|level| visit.word(&format!("levels.{level}")));
        let until =
            line.valid_until_on.map(|day| visit.word("case.line_until").replace("{}", &day.to_string()));
        let free = visit.word("case.line_free").replace("{}", &line.free.to_string());
        let parts = levels.chain(line.fields.iter().cloned()).chain(until).chain([free]);
        format!("{host}: {}", parts.collect::<Vec<_>>().join(&visit.word("form.comma")))
    };
    let mut lines: Vec<(String, String)> = Vec::new();
    for line in &offer.lines {
        let id = line.line.to_string();
        if lines.iter().all(|(known, _)| *known != id) {
            lines.push((id, label(line)));
        }
    }
    lines
}

/// What somebody typed into a form that is gone, so that it is not lost.
pub fn texts(typed: &Fields) -> Vec<String> {
    let texts = typed.0.iter().filter(|(name, _)| {
        ["data.", "answer."].iter().any(|part| name.starts_with(part))
            || ["reason.text", "note", "score", "name", "email"].contains(&name.as_str())
    });
    texts.map(|(_, value)| value.clone()).filter(|value| !value.is_empty() && value != "true").collect()
}

/// Whether the reader may enter a score.
pub async fn scores(visit: &Visit, caller: &Caller, view: &ApplicationView) -> Result<bool> {
    let home = caller.coordinated().contains(&view.home.id) && view.applicant.id != caller.person;
    if !home || view.kind != StateKind::Open {
        return Ok(false);
    }
    Ok(calls::get(visit.app(), Some(caller), view.call.id).await?.scores)
}

async fn mails(visit: &Visit, caller: &Caller, case: CaseId) -> Result<Vec<Value>> {
    let page = notifications::of_case(visit.app(), caller, case, &MANY).await?;
    let mut mails = Vec::with_capacity(page.items.len());
    for notice in page.items {
        let to = match notice.recipient_id {
            Some(person) if person != caller.person => people::get(visit.app(), caller, person).await.ok(),
            _ => None,
        };
        let to = to.map(|person| full_name(&person.given_name, &person.family_name));
        let subject = documents::subject(visit, notice.id).await;
        mails.push(context! { notice => Value::from(Serde(&notice)), to, subject });
    }
    Ok(mails)
}
