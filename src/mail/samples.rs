//! Letters of every notice as the shipped workflows would send it, for a look before anybody gets one.
//!
//! Where a notice is sent, by whom, with which reason and which clock comes from the definition; names and days are made up.

mod accounts;
mod by_itself;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use minijinja::value::{Serde, Value};
use serde::Serialize;
use sojourn_engine::definition::{
    Addressee, Definition, Document, ExpiryAct, InputKind, MachineIx, Notify, Reasons, Resolver, StateIx,
    Target, Transition,
};
use sojourn_engine::ids::{CaseId, NoticeId, PersonId, WorkflowVersionId};
use uuid::Uuid;

use super::render::{RenderError, Renderer};
use crate::app::notices::{CaseNotice, Letter, MarkedItem, NoticeFacts, Otherwise, Reader, Reason};
use crate::app::waiting_lists::Standing;

/// One letter to look at.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The workflow that sends it; `account` for those about an account.
    pub workflow: String,
    /// What is special about it.
    pub kind: Kind,
    /// The letter, in no language yet: put the wanted one into its reader.
    pub letter: Letter,
}

/// How much a sample says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// As usual.
    Usual,
    /// No date, no host, nobody waited for, a student whose data was erased.
    Bare,
    /// Names as long as people have them, many choices, a reason of several lines.
    Full,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Usual, Self::Bare, Self::Full];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::Bare => "bare",
            Self::Full => "full",
        }
    }
}

/// Where a notice comes from: the step, and where the case stands after it.
struct Origin<'d> {
    definition: &'d Arc<Definition>,
    transition: Option<&'d Transition>,
    from: Option<StateIx>,
    to: StateIx,
    notify: &'d Notify,
}

/// Samples of every notice that one of the definitions sends, and of those about accounts.
pub fn samples(definitions: &[Arc<Definition>]) -> Vec<Sample> {
    let mut samples = Vec::new();
    for definition in definitions {
        for at in 0..definition.notices.len() {
            let Some(origin) = origin(definition, at) else { continue };
            samples.extend(Kind::ALL.map(|kind| Sample {
                workflow: definition.id.clone(),
                kind,
                letter: letter(&origin, kind),
            }));
        }
    }
    for definition in definitions {
        samples.extend(by_itself::samples(definition));
    }
    samples.extend(accounts::samples());
    let digest = by_itself::digest(&samples);
    samples.extend(digest);
    samples
}

/// Where somebody says who acts for them.
const ABSENCE: &str = "https://sojourn.example/absence";

/// The step that sends a notice; of several the one after which a clock runs and somebody is waited for.
fn origin(definition: &Arc<Definition>, notice: usize) -> Option<Origin<'_>> {
    let is = |notify: &&Notify| notify.notice.at() == notice;
    let mut origins: Vec<Origin<'_>> = Vec::new();
    if let Some(notify) = definition.create.notify.iter().find(is) {
        origins.push(Origin { definition, transition: None, from: None, to: definition.initial, notify });
    }
    for transition in &definition.transitions {
        let Some(notify) = transition.notify.iter().find(is) else { continue };
        origins.extend(transition.from.iter().map(|from| {
            let to = match transition.to {
                Target::State(to) => to,
                Target::Same | Target::Previous => *from,
            };
            Origin { definition, transition: Some(transition), from: Some(*from), to, notify }
        }));
    }
    let runs = |origin: &Origin<'_>| {
        let state = &definition.states[origin.to.at()];
        (!state.clocks.is_empty(), state.waits_for.is_some())
    };
    // The first of the best: `max_by_key` alone would take the last.
    origins.into_iter().rev().max_by_key(runs)
}

fn letter(origin: &Origin<'_>, kind: Kind) -> Letter {
    let definition = origin.definition;
    let notice = &definition.notices[origin.notify.notice.at()];
    let student = to_student(origin);
    let (name, address) = match (student, kind) {
        (true, Kind::Full) => (LONG_NAME, "maximiliane@student.example"),
        (true, _) => ("Anna Graf", "anna@student.example"),
        (false, _) => ("Ya-Ting Lin 林雅婷", "coordinator@haifeng.example"),
    };
    let page = "https://sojourn.example/cases/019a7c3e-5b1f-7a20-8c44-1d2e3f405162";
    let zone = if student { Tz::Europe__Berlin } else { Tz::Asia__Taipei };
    let named = if kind == Kind::Full { LONG_NAME } else { "Anna Graf" };
    Letter {
        id: NoticeId::from(id(u128::from(origin.notify.notice.0) + 1)),
        notice: notice.name.clone(),
        action: notice.action,
        queued_at: queued(),
        facts: NoticeFacts::Case(Box::new(facts(origin, kind))),
        reader: Reader {
            name: name.to_owned(),
            address: address.to_owned(),
            language: String::new(),
            zone,
            applicant: student,
        },
        student: (kind != Kind::Bare).then(|| named.to_owned()),
        definition: Some(Arc::clone(definition)),
        link: page.to_owned(),
        delegate: (notice.action && !student).then(|| ABSENCE.to_owned()),
        unsubscribe: None,
        digest: Vec::new(),
        enclosed: None,
    }
}

fn facts(origin: &Origin<'_>, kind: Kind) -> CaseNotice {
    let definition = origin.definition;
    let state = &definition.states[origin.to.at()];
    let role = |role: sojourn_engine::definition::RoleIx| definition.roles[role.at()].name.clone();
    let clock =
        state.clocks.first().filter(|_| kind != Kind::Bare).map(|clock| &definition.clocks[clock.at()]);
    let event = origin.transition.map(|transition| definition.events[transition.event.at()].name.clone());
    let full = kind == Kind::Full;
    let host = if full { LONG_HOST } else { "Haifeng University 海峰大學" };
    let day = |text: &str| text.parse::<NaiveDate>().ok();
    CaseNotice {
        version: WorkflowVersionId::from(id(1)),
        case: CaseId::from(id(2)),
        programme_id: None,
        agreement_id: None,
        reference: "LND-7F3K".to_owned(),
        machine: machine(definition, state.machine),
        event: event.unwrap_or_default(),
        from: origin.from.map(|from| definition.states[from.at()].name.clone()).unwrap_or_default(),
        to: state.name.clone(),
        role: origin.transition.and_then(|transition| transition.by.first()).map(|by| role(*by)),
        student: Some(PersonId::from(id(3))),
        programme: if full { LONG_PROGRAMME } else { "A term in Taipei" }.to_owned(),
        home: if full { LONG_HOME } else { "Universität Lindenau" }.to_owned(),
        host: (kind != Kind::Bare).then(|| host.to_owned()),
        last_day: day("2028-01-14"),
        asked_last_day: day("2028-06-30"),
        due_at: clock.map(|_| queued() + TimeDelta::days(14)),
        zone: clock.map(|_| "Asia/Taipei".to_owned()),
        otherwise: clock.and_then(|clock| clock.on_expiry.first()).map(|end| otherwise(definition, &end.act)),
        waiting: state.waits_for.filter(|_| kind != Kind::Bare).map(role).into_iter().collect(),
        reason: reason(origin, full),
        choices: (1..=if full { 5 } else { 2 })
            .map(|rank| format!("{} — {host}", CHOSEN[rank % CHOSEN.len()]))
            .collect(),
        receipt: (kind != Kind::Bare).then(|| "9f86d081884c7d659a2feaa0c55ad015".repeat(2)),
        standing: standing(origin, kind, host),
    }
}

fn standing(origin: &Origin<'_>, kind: Kind, host: &str) -> Vec<Standing> {
    let waits = origin.definition.offered_in(origin.to).is_some();
    let lists = match kind {
        Kind::Bare => 0,
        Kind::Usual => 2,
        Kind::Full => 5,
    };
    let place = |rank: usize| {
        let choice = format!("{} — {host}", CHOSEN[rank % CHOSEN.len()]);
        Standing { choice, position: rank * 3, of: rank * 3 + 11 }
    };
    if waits { (1..=lists).map(place).collect() } else { Vec::new() }
}

fn reason(origin: &Origin<'_>, full: bool) -> Option<Reason> {
    let list = &origin.definition.reasons[origin.transition?.reason?.at()];
    let text = if full {
        "Three papers are missing.\nPlease send:\n- the transcript\n- <b>both</b> forms & the letter"
    } else {
        "The transcript is not signed."
    };
    let code = list.codes.first().map(|(code, _)| code.clone()).unwrap_or_default();
    Some(Reason { list: list.name.clone(), code, text: text.to_owned(), items: items(origin, full) })
}

/// Parts that are marked, where the event marks any.
fn items(origin: &Origin<'_>, full: bool) -> Vec<MarkedItem> {
    let definition = origin.definition;
    let fields = origin.transition.into_iter().flat_map(|transition| &transition.input);
    let lists = fields.filter_map(|field| match field.kind {
        InputKind::Items(list) => Some(&definition.reasons[list.at()]),
        _ => None,
    });
    let mark = |(list, document): (&Reasons, &Document)| MarkedItem {
        names: definition.languages.iter().map(|l| (l.clone(), document.label.get(l).to_owned())).collect(),
        list: list.name.clone(),
        code: list.codes.first().map(|(code, _)| code.clone()).unwrap_or_default(),
        text: "The second page is <b>missing</b> & the first is blurred.".to_owned(),
    };
    let many = if full { 3 } else { 1 };
    lists.flat_map(|list| definition.documents.iter().take(many).map(move |d| (list, d))).map(mark).collect()
}

fn otherwise(definition: &Definition, act: &ExpiryAct) -> Otherwise {
    let event = |at: usize| definition.events[at].name.clone();
    match act {
        ExpiryAct::Fire(fired) => Otherwise::Fires(event(fired.at())),
        ExpiryAct::Allow(allowed) => Otherwise::Allows(event(allowed.at())),
        ExpiryAct::Escalate(roles) => {
            Otherwise::Escalates(roles.iter().map(|role| definition.roles[role.at()].name.clone()).collect())
        }
    }
}

/// The machine as facts name it: its first instance.
fn machine(definition: &Definition, machine: MachineIx) -> String {
    let Some(track) = definition.track(machine) else { return "main".to_owned() };
    let slot = definition.documents.first().map_or("1", |slot| slot.name.as_str());
    let keys = ["1", slot];
    let named = keys.into_iter().find(|key| definition.instance_named(&track.name, key).is_some());
    format!("{}/{}", track.name, named.unwrap_or("1"))
}

/// Whether the applicant is the one who reads it.
fn to_student(origin: &Origin<'_>) -> bool {
    let states = &origin.definition.states;
    let first = origin.notify.to.first().and_then(|to| match to {
        Addressee::Role(role) => Some(*role),
        Addressee::WaitsFor => states[origin.to.at()].waits_for,
        Addressee::WasWaiting => states[origin.from?.at()].waits_for,
    });
    first.is_some_and(|role| origin.definition.roles[role.at()].resolver == Resolver::Applicant)
}

fn queued() -> DateTime<Utc> {
    DateTime::from_timestamp(1_803_459_600, 0).unwrap_or_default()
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x019a_7c3e_5b1f_7a20_8c44_0000_0000_0000 + number)
}

const CHOSEN: [&str; 3] = ["Laboratory rotation", "A term in Taipei", "Engineering in English"];
const LONG_NAME: &str = "Maximiliane-Theodora Gräfin von und zu Hohenberg-Sonnenfels y Rodríguez de la Cruz";
const LONG_HOME: &str =
    "Rheinisch-Westfälische Hochschule für Angewandte Wissenschaften, Kunst und Gestaltung Lindenau-Süd";
const LONG_HOST: &str = "國立海峰科技與人文社會科學大學 National Haifeng University of Technology, Humanities and Social Sciences";
const LONG_PROGRAMME: &str = "Interdisciplinary Exchange Semester in Sustainable Engineering, Society and Policy (Autumn 2027, taught in English)";

/// A sample that was written to a file.
#[derive(Debug, Clone, Serialize)]
pub struct Written {
    /// The workflow that sends it.
    pub workflow: String,
    /// Name of the notice.
    pub notice: String,
    /// BCP 47 tag of the language it is in.
    pub language: String,
    /// What is special about it.
    pub kind: &'static str,
    /// Whether its reader has to act.
    pub action: bool,
    /// Its subject.
    pub subject: String,
    /// Its files, without an ending.
    pub place: String,
}

impl Renderer {
    /// A page that leads to all samples that were written.
    ///
    /// # Errors
    /// The page cannot be filled in.
    pub fn index(&self, written: &[Written]) -> Result<String, RenderError> {
        let mut workflows: Vec<String> = written.iter().map(|one| one.workflow.clone()).collect();
        workflows.dedup();
        let languages: Vec<String> = self.templates().languages().map(str::to_owned).collect();
        let all = Value::from(Serde(written));
        Ok(self
            .templates()
            .layout("preview.html", &minijinja::context! { written => all, workflows, languages })?)
    }
}
