//! What an e-mail may say: facts frozen at the step, names of people left out.
//!
//! People are referred to by id and named when the mail is rendered, so that erasure reaches queued notices too.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use sojourn_engine::definition::Definition;
use sojourn_engine::ids::{
    AgreementId, BalanceStatementId, CaseId, ChairTermId, InstitutionId, NoticeId, PersonId, ProgrammeId,
    TokenId, WorkflowVersionId,
};
use sojourn_engine::pace::Pace;
use sojourn_engine::vocabulary::TokenKind;

use super::waiting_lists::Standing;
use super::{Error, Result};
use crate::clock::Moment;
use crate::store::outbox::NewNotice;

pub use super::marks::{MarkedItem, Reason};

/// One notice with everything its mail says, people named: what the mail floor renders.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its row in the outbox; the headers of the mail derive from it.
    pub id: NoticeId,
    /// Name of the notice, also of its texts.
    pub notice: String,
    /// Whether the reader has to act.
    pub action: bool,
    /// When it was queued; the date of the mail on every try.
    pub queued_at: DateTime<Utc>,
    /// What it says.
    pub facts: NoticeFacts,
    /// Who reads it.
    pub reader: Reader,
    /// Name of the applicant; `None` without a case, or once erased.
    pub student: Option<String>,
    /// Letters that a digest tells of, each without its own reader's address; empty for any other.
    pub digest: Vec<Letter>,
    /// Words of the case's workflow; `None` without a case.
    pub definition: Option<Arc<Definition>>,
    /// Where its one button leads.
    pub link: String,
    /// Where a reader who works here names somebody to act in their place; `None` for whoever must act themselves.
    pub delegate: Option<String>,
    /// Where mails of this kind are turned off, for those that may be.
    pub unsubscribe: Option<String>,
    /// A file that goes with it: its name and its content, which is JSON.
    pub enclosed: Option<(String, String)>,
}

/// Who reads a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Full name.
    pub name: String,
    /// E-mail address as the person gave it.
    pub address: String,
    /// BCP 47 tag of the language they read.
    pub language: String,
    /// Zone of their institution.
    pub zone: Tz,
    /// Whether they are the applicant of the case.
    pub applicant: bool,
}

/// Facts of one notice, as stored in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum NoticeFacts {
    /// A step of a case.
    Case(Box<CaseNotice>),
    /// An invitation to sign in for the first time.
    Invitation(LinkNotice),
    /// A new password was asked for.
    PasswordReset(LinkNotice),
    /// Another address is wanted: the reader is asked at the present one.
    EmailPresent(LinkNotice),
    /// The same, at the next address.
    EmailNext(LinkNotice),
    /// An address wants an account.
    SignUp(LinkNotice),
    /// Something about the reader's account was changed.
    Account(AccountNotice),
    /// Somebody is to stand in for somebody who will be away.
    Absence(AbsenceNotice),
    /// Mail to somebody does not arrive.
    Unreachable(UnreachableNotice),
    /// What waits and what has happened, in one mail.
    Digest(DigestNotice),
    /// How far the record had come in a night.
    Checkpoint(CheckpointNotice),
    /// A term of the chair is over.
    HandOver(Box<HandOverNotice>),
    /// A balance was stated, confirmed, disputed or settled.
    Balance(Box<BalanceNotice>),
    /// Somebody wrote about a case.
    Message(MessageNotice),
}

/// A message about a case; what it says stands on the page alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageNotice {
    /// The case.
    pub case: CaseId,
    pub reference: String,
    /// The institution that speaks with the applicant.
    pub institution: String,
    /// Whether the applicant wrote it.
    pub by_applicant: bool,
}

/// A statement of a balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalanceNotice {
    /// The agreement; `None` in rows written before it was noted.
    #[serde(default)]
    pub agreement: Option<AgreementId>,
    /// The statement.
    pub statement: BalanceStatementId,
    /// The instant whose balance it states.
    pub as_of: DateTime<Utc>,
    /// The side that made it.
    pub side: String,
    /// Both sides.
    pub sides: [String; 2],
    /// What the other side says is wrong.
    pub dispute: Option<String>,
    /// How it was settled.
    pub settlement: Option<String>,
}

impl NoticeFacts {
    /// A notice that tells one person about no case, at once; `language` is theirs, English where none is known.
    ///
    /// # Errors
    /// Facts that cannot be written down.
    pub(super) fn about_no_case(
        &self,
        notice: &str,
        action: bool,
        (recipient, language): (PersonId, Option<String>),
        at: &Moment,
    ) -> Result<NewNotice> {
        let facts = serde_json::to_value(self).map_err(|error| Error::Internal(Box::new(error)))?;
        Ok(NewNotice {
            id: at.id(),
            notice: notice.to_owned(),
            action,
            recipient,
            language: language.unwrap_or_else(|| "en".to_owned()),
            case: None,
            number: None,
            link: None,
            facts: Some(facts),
            historic: false,
            at: at.now,
            not_before: None,
            pace: Pace::AtOnce,
        })
    }
}

/// What a term of the chair leaves to the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOverNotice {
    /// The term that is over.
    pub term: ChairTermId,
    /// Its first day.
    pub from_on: NaiveDate,
    /// Its last day.
    pub until_on: NaiveDate,
    /// The member that held it.
    pub institution: String,
    /// The member that holds it next, and from which day; none while nobody does.
    pub next: Option<(String, NaiveDate)>,
    /// How many cases wait for the chair.
    pub waiting: u64,
    /// References of those that wait the longest.
    pub references: Vec<String>,
    /// Drafts of workflows that wait for approval, each with its number.
    pub drafts: Vec<String>,
}

/// A checkpoint; its file goes with the mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointNotice {
    /// Its number.
    pub number: i32,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Cases there were.
    pub cases: u64,
    /// Steps there were.
    pub steps: u64,
}

/// Notices told together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestNotice {
    /// What asks for something first, by when it is due.
    pub items: Vec<DigestItem>,
    /// How many more there were.
    pub more: u32,
}

/// One notice of a digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestItem {
    /// Its row in the outbox.
    pub id: NoticeId,
    /// Its name.
    pub notice: String,
    /// Whether its reader still has to act.
    pub action: bool,
    /// What it tells.
    pub case: Box<CaseNotice>,
}

/// A time somebody is away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbsenceNotice {
    /// Who is away; named when the mail is rendered.
    pub person: PersonId,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub until_on: NaiveDate,
    /// Where they work; `None` is the secretariat.
    pub institution: Option<InstitutionId>,
}

impl NoticeFacts {
    /// The person it speaks of, who is named when the mail is rendered.
    pub fn names(&self) -> Option<PersonId> {
        match self {
            Self::Case(case) => case.student,
            Self::Absence(absence) => Some(absence.person),
            Self::Unreachable(notice) => Some(notice.person),
            _ => None,
        }
    }

    /// The one-time link it carries, with what that allows.
    pub fn one_time(&self) -> Option<(&LinkNotice, TokenKind)> {
        match self {
            Self::Invitation(link) => Some((link, TokenKind::Invitation)),
            Self::PasswordReset(link) => Some((link, TokenKind::PasswordReset)),
            Self::EmailPresent(link) => Some((link, TokenKind::EmailPresent)),
            Self::EmailNext(link) => Some((link, TokenKind::EmailNext)),
            Self::SignUp(link) => Some((link, TokenKind::SignUp)),
            Self::Case(_)
            | Self::Account(_)
            | Self::Absence(_)
            | Self::Unreachable(_)
            | Self::Digest(_)
            | Self::Checkpoint(_)
            | Self::HandOver(_)
            | Self::Balance(_)
            | Self::Message(_) => None,
        }
    }

    /// The version of the workflow whose words it is told in.
    pub fn version(&self) -> Option<WorkflowVersionId> {
        match self {
            Self::Case(case) => Some(case.version),
            Self::Invitation(_)
            | Self::PasswordReset(_)
            | Self::EmailPresent(_)
            | Self::EmailNext(_)
            | Self::SignUp(_)
            | Self::Account(_)
            | Self::Absence(_)
            | Self::Unreachable(_)
            | Self::Digest(_)
            | Self::Checkpoint(_)
            | Self::HandOver(_)
            | Self::Balance(_)
            | Self::Message(_) => None,
        }
    }
}

/// Somebody whose mailbox takes no mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreachableNotice {
    /// Who.
    pub person: PersonId,
    /// What the mail server said.
    pub words: String,
    /// Name of the notice that did not arrive.
    pub notice: String,
}

/// What was changed about an account stands in the name of the notice; here is when and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountNotice {
    /// When.
    pub at: DateTime<Utc>,
    /// Name of the browser or program; empty where it is not known.
    pub agent: String,
    /// The network, shortened; empty where it is not known.
    pub network: String,
}

/// A one-time link; the token is derived from its id when the mail is rendered and stands in no row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkNotice {
    /// The one-time token.
    pub token: TokenId,
    /// Until when it works.
    pub expires_at: DateTime<Utc>,
    /// Name of the institution that invites; `None` for a reset.
    pub institution: Option<String>,
}

/// Facts of a step of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseNotice {
    /// Version of the definition whose words are used.
    pub version: WorkflowVersionId,
    /// The case.
    pub case: CaseId,
    /// The programme the case is about; `None` for anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme_id: Option<ProgrammeId>,
    /// The agreement the case is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement_id: Option<AgreementId>,
    /// Its short code, safe in a subject.
    pub reference: String,
    /// `main`, or the track that moved with its key.
    #[serde(default)]
    pub machine: String,
    /// Event that was fired.
    pub event: String,
    /// State before.
    pub from: String,
    /// State after, joins included.
    pub to: String,
    /// Role the actor acted in; `None` for the system.
    pub role: Option<String>,
    /// The applicant.
    pub student: Option<PersonId>,
    /// Name of the programme of the current choice, else of the call.
    pub programme: String,
    /// Name of the home institution.
    pub home: String,
    /// Name of the host of the current choice.
    pub host: Option<String>,
    /// Last day of the stay, once there is a choice.
    #[serde(default)]
    pub last_day: Option<NaiveDate>,
    /// The last day the student asks for.
    #[serde(default)]
    pub asked_last_day: Option<NaiveDate>,
    /// First end of a running clock.
    pub due_at: Option<DateTime<Utc>>,
    /// IANA zone of the institution whose clock it is.
    pub zone: Option<String>,
    /// What happens if nobody acts by then.
    pub otherwise: Option<Otherwise>,
    /// Roles waited for after the step.
    pub waiting: Vec<String>,
    /// List, code and text of the reason given.
    pub reason: Option<Reason>,
    /// Ordered choices, for a receipt.
    pub choices: Vec<String>,
    /// Hash of what was submitted, for a receipt.
    pub receipt: Option<String>,
    /// Where its applicant stood on waiting lists when it was first about to be sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<Standing>,
}

/// What the end of a clock does, by names of the definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// The system fires this event.
    Fires(String),
    /// These roles are told.
    Escalates(Vec<String>),
    /// This event becomes possible.
    Allows(String),
}
