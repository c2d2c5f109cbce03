//! What a batch writes, as plain values, and how each becomes its row.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::{NotSet, Set};
use serde_json::json;
use sojourn_engine::ids::{
    CallId, CaseId, ChoiceId, ClockRowId, InstitutionId, OfferingId, PersonId, PlaceLineId, RefusalId,
    UnitId, WorkflowVersionId,
};
use sojourn_engine::vocabulary::{ChoiceResult, Duty, StayKind, Subject, Via};
use sojourn_entities::{clock, history, payload};

use crate::store::action_links::ActionLink;
use crate::store::dossiers::{Account, ApplicationRow, CaseRow, Stay, Student};
use crate::store::idempotency::NewAnswer;
use crate::store::outbox::NewNotice;
use crate::store::places::{LineChange, NewPosting};

/// Everything a batch of steps writes.
#[derive(Debug, Default)]
pub struct Records {
    /// Cases opened in this batch, as they stand at its end.
    pub opened: Vec<Opened>,
    /// Cases that stood before, as they stand at its end.
    pub moved: Vec<Moved>,
    /// Choices that are new.
    pub choices: Vec<NewChoice>,
    /// Choices that changed.
    pub changed_choices: Vec<NewChoice>,
    /// Accounts of cases opened in this batch.
    pub new_accounts: Vec<(CaseId, Account)>,
    /// Accounts of cases that stood before, as they stand at the end.
    pub accounts: Vec<(CaseId, Account)>,
    /// Cases whose stays are written anew.
    pub stays_of: Vec<CaseId>,
    /// Their stays.
    pub stays: Vec<NewStay>,
    /// Stays whose last day was moved or asked to move.
    pub changed_stays: Vec<(CaseId, Stay)>,
    /// Steps.
    pub history: Vec<NewHistory>,
    /// What people wrote with them.
    pub payloads: Vec<NewPayload>,
    /// The same, sealed already.
    pub(in crate::store) sealed: Vec<payload::ActiveModel>,
    /// Changes of place lines.
    pub lines: BTreeMap<PlaceLineId, LineChange>,
    /// What explains them.
    pub postings: Vec<NewPosting>,
    /// Lines that a case has come to wait for.
    pub awaited: BTreeSet<PlaceLineId>,
    /// Clocks that stop because their state was left or their end was carried out.
    pub stopped: Vec<Stopped>,
    /// Clocks that start.
    pub clocks: Vec<NewClock>,
    /// Cases whose waits are written anew.
    pub waits_of: Vec<CaseId>,
    /// Whom they wait for now.
    pub waits: Vec<NewWait>,
    /// Notices.
    pub notices: Vec<NewNotice>,
    /// Links by which somebody can act without signing in.
    pub links: Vec<ActionLink>,
    /// The answer to the request that brought all this.
    pub answer: Option<NewAnswer>,
}

impl Records {
    /// Takes in what another case of the same batch writes.
    pub fn append(&mut self, mut other: Self) {
        self.opened.append(&mut other.opened);
        self.moved.append(&mut other.moved);
        self.choices.append(&mut other.choices);
        self.changed_choices.append(&mut other.changed_choices);
        self.new_accounts.append(&mut other.new_accounts);
        self.accounts.append(&mut other.accounts);
        self.stays_of.append(&mut other.stays_of);
        self.stays.append(&mut other.stays);
        self.changed_stays.append(&mut other.changed_stays);
        self.history.append(&mut other.history);
        self.payloads.append(&mut other.payloads);
        self.sealed.append(&mut other.sealed);
        for (line, change) in other.lines {
            let sum = self.lines.entry(line).or_default();
            sum.capacity += change.capacity;
            sum.held += change.held;
            sum.used += change.used;
        }
        self.postings.append(&mut other.postings);
        self.awaited.append(&mut other.awaited);
        self.stopped.append(&mut other.stopped);
        self.clocks.append(&mut other.clocks);
        self.waits_of.append(&mut other.waits_of);
        self.waits.append(&mut other.waits);
        self.notices.append(&mut other.notices);
        self.links.append(&mut other.links);
        self.answer = self.answer.take().or(other.answer);
    }
}

/// A clock that stops.
#[derive(Debug, Clone, Copy)]
pub struct Stopped {
    /// Its id.
    pub row: ClockRowId,
    /// Its case.
    pub case: CaseId,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether its end was what the batch carried out.
    pub fired: bool,
}

/// A case opened in this batch.
#[derive(Debug)]
pub struct Opened {
    /// What it is about.
    pub subject: Subject,
    /// The case at the end of the batch.
    pub case: CaseRow,
    /// First end of a running clock.
    pub due_at: Option<DateTime<Utc>>,
    /// The application it is about.
    pub application: Option<OpenedApplication>,
}

/// An application opened in this batch.
#[derive(Debug)]
pub struct OpenedApplication {
    /// The application at the end of the batch.
    pub row: ApplicationRow,
    /// The home institution.
    pub home: InstitutionId,
    /// The call.
    pub call: CallId,
    /// The registration as frozen.
    pub frozen: Option<Student>,
}

/// A case that stood before.
#[derive(Debug)]
pub struct Moved {
    /// The case at the end of the batch, its version the one it had before.
    pub case: CaseRow,
    /// First end of a running clock.
    pub due_at: Option<DateTime<Utc>>,
    /// The application, when anything beside its state changed.
    pub application: Option<(ApplicationRow, Option<Student>)>,
}

/// A choice as it stands at the end of the batch.
#[derive(Debug, Clone)]
pub struct NewChoice {
    /// Its id.
    pub id: ChoiceId,
    /// The application.
    pub application: CaseId,
    /// 1 = most wanted.
    pub rank: i16,
    /// What is chosen.
    pub offering: OfferingId,
    /// Its host.
    pub host: InstitutionId,
    /// What may change of it.
    pub state: ChoiceState,
}

/// What may change of a choice.
#[derive(Debug, Clone, Copy)]
pub struct ChoiceState {
    /// The line it is bound to.
    pub line: Option<PlaceLineId>,
    /// How it came out.
    pub result: ChoiceResult,
    /// When the host's sight began.
    pub host_sees_from: Option<DateTime<Utc>>,
    /// When the host was left behind.
    pub host_sees_until: Option<DateTime<Utc>>,
}

/// A stay.
#[derive(Debug, Clone)]
pub struct NewStay {
    /// The application.
    pub application: CaseId,
    /// 1, 2, 3 …
    pub seq: i16,
    /// The choice that brought it.
    pub choice: ChoiceId,
    /// What is attended.
    pub offering: OfferingId,
    /// Where.
    pub host: InstitutionId,
    /// What is done.
    pub kind: StayKind,
    /// First and last day.
    pub days: (chrono::NaiveDate, chrono::NaiveDate),
    /// The last day somebody has asked for.
    pub asked_end_on: Option<chrono::NaiveDate>,
    /// Credits in hundredths.
    pub credits_hundredths: Option<i32>,
    /// Months in hundredths.
    pub months_hundredths: Option<i32>,
}

/// One step of a case's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHistory {
    /// The case.
    pub case: CaseId,
    /// 1, 2, 3 … in the case.
    pub number: i32,
    /// `main`, or the track with its key.
    pub machine: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When it was written.
    pub recorded_at: DateTime<Utc>,
    /// By which door it came.
    pub via: Via,
    /// Who acted.
    pub actor: Option<PersonId>,
    /// In which role; `system` for the system.
    pub role: String,
    /// For which institution.
    pub institution: Option<InstitutionId>,
    /// The event.
    pub event: String,
    /// State before.
    pub from: Option<String>,
    /// State after.
    pub to: String,
    /// The definition that decided.
    pub workflow: WorkflowVersionId,
    /// Facts read, as canonical JSON.
    pub facts: String,
    /// HMAC of the payload.
    pub payload_hmac: Option<Vec<u8>>,
    /// Hash over all this and the previous hash.
    pub hash: Vec<u8>,
}

/// What people wrote with a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayload {
    /// With whose key it is sealed: the applicant's.
    pub owner: PersonId,
    /// The case.
    pub case: CaseId,
    /// Number of the step.
    pub number: i32,
    /// Key of the HMAC.
    pub key: Vec<u8>,
    /// Data as canonical JSON.
    pub data: Option<String>,
    /// Code and text of the reason.
    pub reason: Option<(String, String)>,
    /// For the writer's institution only.
    pub note: Option<String>,
}

/// A clock that starts.
#[derive(Debug, Clone)]
pub struct NewClock {
    /// The case.
    pub case: CaseId,
    /// Its id.
    pub id: ClockRowId,
    /// `main`, or the track with its key.
    pub machine: String,
    /// Its name in the definition.
    pub clock: String,
    /// When its state was entered.
    pub entered_at: DateTime<Utc>,
    /// When it ends.
    pub due_at: DateTime<Utc>,
    /// When to remind.
    pub remind_at: Vec<DateTime<Utc>>,
    /// How many roles of its escalation have been reached.
    pub rungs: u8,
    /// Set when the same batch stopped it again, and whether its end was what that carried out.
    pub stopped: Option<(DateTime<Utc>, bool)>,
}

impl NewClock {
    /// From when its end is at risk: its last reminder, or where three quarters of its time have gone.
    fn risk_at(&self) -> DateTime<Utc> {
        let most = self.entered_at + (self.due_at - self.entered_at) * 3 / 4;
        self.remind_at.last().copied().unwrap_or(most)
    }
}

/// A party the case waits for.
#[derive(Debug, Clone)]
pub struct NewWait {
    /// The case.
    pub case: CaseId,
    /// `main`, or the track with its key.
    pub machine: String,
    /// Role in the definition.
    pub role: String,
    /// Duty that resolves it.
    pub duty: Option<Duty>,
    /// At which institution.
    pub institution: Option<InstitutionId>,
    /// The case's unit there.
    pub unit: Option<UnitId>,
    /// Exactly this person.
    pub person: Option<PersonId>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; `None` when no clock runs.
    pub due_at: Option<DateTime<Utc>>,
}

/// A refused attempt.
#[derive(Debug)]
pub struct Refused {
    /// Its id.
    pub id: RefusalId,
    /// The case.
    pub case: CaseId,
    /// `main`, or the track with its key.
    pub machine: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: Option<PersonId>,
    /// In which role, when they had one.
    pub role: Option<String>,
    /// The event.
    pub event: String,
    /// The definition that refused.
    pub workflow: WorkflowVersionId,
    /// Facts read, as canonical JSON.
    pub facts: String,
    /// The refusal as answered.
    pub refusal: serde_json::Value,
}

impl From<NewHistory> for history::ActiveModel {
    fn from(new: NewHistory) -> Self {
        Self {
            sequence: NotSet,
            case_id: Set(new.case),
            number: Set(new.number),
            machine: Set(new.machine),
            at: Set(new.at),
            recorded_at: Set(new.recorded_at),
            via: Set(new.via),
            actor_id: Set(new.actor),
            actor_role: Set(new.role),
            institution_id: Set(new.institution),
            event: Set(new.event),
            from_state: Set(new.from),
            to_state: Set(new.to),
            workflow_version_id: Set(new.workflow),
            facts: Set(new.facts),
            payload_hmac: Set(new.payload_hmac),
            hash: Set(new.hash),
        }
    }
}

impl From<NewClock> for clock::ActiveModel {
    fn from(new: NewClock) -> Self {
        let first = new.remind_at.first().copied().unwrap_or(new.due_at);
        let risk_at = new.risk_at();
        Self {
            case_id: Set(new.case),
            id: Set(new.id),
            machine: Set(new.machine),
            clock: Set(new.clock),
            entered_at: Set(new.entered_at),
            due_at: Set(new.due_at),
            remind_at: Set(json!(new.remind_at)),
            wake_at: Set(new.stopped.is_none().then_some(first)),
            fired_at: Set(new.stopped.and_then(|(at, fired)| fired.then_some(at))),
            ended_at: Set(new.stopped.map(|(at, _)| at)),
            rungs: Set(i16::from(new.rungs)),
            risk_at: Set(Some(risk_at)),
            leased_until: Set(None),
            lease: Set(None),
        }
    }
}
