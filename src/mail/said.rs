//! What a text may say: the facts of a letter in the reader's language, every word of a person cleansed.

mod account;
mod marked;
mod office;

use chrono::NaiveDate;
use minijinja::value::{Serde, Value};
use serde::Serialize;
use sojourn_engine::definition::{Definition, Resolver, Texts};

use self::account::AccountWords;
use self::marked::ReasonWords;
use self::office::{Absence, Balance, Checkpoint, HandOver, Message};
use super::cleanse;
use super::render::RenderError;
use super::templates::Templates;
use super::words::Words;
use crate::app::notices::{
    CaseNotice, DigestNotice, Letter, LinkNotice, NoticeFacts, Otherwise, UnreachableNotice,
};

/// Longest name in a subject, in characters.
const SUBJECT: usize = 48;

/// Values of one letter, by the names texts know them by.
#[derive(Debug, Serialize)]
pub(super) struct Said {
    pub recipient: Named,
    pub link: String,
    pub institution: Option<String>,
    pub case: Option<CaseWords>,
    pub student: Option<Named>,
    pub state: Option<StateWords>,
    pub event: Option<Labelled>,
    pub actor: Option<Actor>,
    pub last_day: Option<String>,
    pub asked_last_day: Option<String>,
    pub absence: Option<Absence>,
    pub account: Option<AccountWords>,
    pub digest: Option<Digest>,
    pub checkpoint: Option<Checkpoint>,
    pub hand_over: Option<HandOver>,
    pub balance: Option<Balance>,
    pub message: Option<Message>,
    pub due: Option<Due>,
    pub if_nothing: Option<String>,
    pub waiting: Option<String>,
    pub reason: Option<ReasonWords>,
    pub choices: Vec<Choice>,
    pub receipt: Option<String>,
    pub standing: Vec<Place>,
}

/// A place on a waiting list.
#[derive(Debug, Serialize)]
pub(super) struct Place {
    name: String,
    position: usize,
    of: usize,
}

/// Somebody's name.
#[derive(Debug, Serialize)]
pub(super) struct Named {
    name: String,
}

#[derive(Debug, Serialize)]
pub(super) struct CaseWords {
    pub reference: String,
    pub programme: String,
    home: String,
    host: String,
}

#[derive(Debug, Serialize)]
pub(super) struct StateWords {
    pub label: String,
    pub now: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Labelled {
    label: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Actor {
    role: String,
}

/// What a digest tells of.
#[derive(Debug, Serialize)]
pub(super) struct Digest {
    /// What asks for something.
    wants: Vec<Line>,
    /// What has happened.
    news: Vec<Line>,
    more: u32,
}

/// One notice of a digest: its subject, and where it leads.
#[derive(Debug, Serialize)]
struct Line {
    title: String,
    link: String,
}

/// An end of a clock in two zones, equal where the zones are.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Due {
    reader: String,
    institution: String,
    #[serde(skip)]
    short: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Choice {
    rank: usize,
    name: String,
}

/// One language, with the means to speak it.
struct Tongue<'a> {
    templates: &'a Templates,
    language: &'a str,
    words: &'a Words,
}

impl Said {
    /// What a letter says in `language`.
    pub fn of(letter: &Letter, templates: &Templates, language: &str) -> Result<Self, RenderError> {
        let words = templates.words(language).ok_or_else(|| RenderError::NoText(letter.notice.clone()))?;
        let tongue = Tongue { templates, language, words };
        match &letter.facts {
            NoticeFacts::Case(facts) => tongue.case(letter, facts),
            NoticeFacts::Unreachable(facts) => Ok(tongue.unreachable(letter, facts)),
            NoticeFacts::Invitation(link)
            | NoticeFacts::PasswordReset(link)
            | NoticeFacts::EmailPresent(link)
            | NoticeFacts::EmailNext(link)
            | NoticeFacts::SignUp(link) => tongue.link(letter, link),
            NoticeFacts::Account(facts) => tongue.account(letter, facts),
            NoticeFacts::Absence(absence) => tongue.absence(letter, absence),
            NoticeFacts::Digest(facts) => tongue.digest(letter, facts),
            NoticeFacts::Checkpoint(facts) => tongue.checkpoint(letter, facts),
            NoticeFacts::HandOver(facts) => tongue.hand_over(letter, facts),
            NoticeFacts::Balance(facts) => tongue.balance(letter, facts),
            NoticeFacts::Message(facts) => {
                Ok(Said { message: Some(Message::of(facts)), ..Tongue::bare(letter) })
            }
        }
    }

    /// The same for a subject, where moments and names are short: what stands behind them must not be cut off.
    pub fn for_subject(&self) -> Value {
        let short = |name: &str| cleanse::shorten(name, SUBJECT);
        let case = self.case.as_ref().map(|case| CaseWords {
            reference: case.reference.clone(),
            programme: short(&case.programme),
            home: short(&case.home),
            host: short(&case.host),
        });
        let institution = self.institution.as_deref().map(short);
        let due = self.due.as_ref().map(|due| Due { reader: due.short.clone(), ..due.clone() });
        let whole = Value::from(Serde(self));
        minijinja::context! { due => Serde(due), case => Serde(case), institution, ..whole }
    }
}

impl Tongue<'_> {
    fn case(&self, letter: &Letter, facts: &CaseNotice) -> Result<Said, RenderError> {
        let definition = letter.definition.as_deref().ok_or(RenderError::NoDefinition)?;
        let line = cleanse::line;
        let state = definition.state_of(&facts.machine, &facts.to);
        let event = definition.event_named(&facts.event).map(|ix| &definition.events[ix.at()].label);
        let student = letter.student.as_deref().filter(|name| !name.trim().is_empty());
        let choices = facts.choices.iter().enumerate();
        Ok(Said {
            recipient: named(&letter.reader.name),
            link: letter.link.clone(),
            institution: None,
            case: Some(CaseWords {
                reference: line(&facts.reference),
                programme: line(&facts.programme),
                home: line(&facts.home),
                host: facts.host.as_deref().map_or_else(|| self.words.no_host.clone(), line),
            }),
            student: facts.student.map(|_| named(student.unwrap_or(&self.words.erased))),
            state: state
                .map(|state| StateWords { label: self.text(&state.label), now: self.text(&state.now) }),
            event: event.map(|label| Labelled { label: self.text(label) }),
            actor: facts.role.as_deref().map(|role| Actor { role: self.role(definition, role) }),
            last_day: self.day(facts.last_day)?,
            asked_last_day: self.day(facts.asked_last_day)?,
            absence: None,
            account: None,
            digest: None,
            checkpoint: None,
            hand_over: None,
            balance: None,
            message: None,
            due: self.due(letter, facts)?,
            if_nothing: self.otherwise(definition, facts.otherwise.as_ref())?,
            waiting: some(self.awaited(definition, facts, letter.reader.applicant)),
            reason: facts.reason.as_ref().map(|reason| {
                ReasonWords::of(reason, self.language, |list, code| self.reason(definition, list, code))
            }),
            choices: choices.map(|(before, name)| Choice { rank: before + 1, name: line(name) }).collect(),
            receipt: facts.receipt.as_deref().map(line),
            standing: facts
                .standing
                .iter()
                .map(|one| Place { name: line(&one.choice), position: one.position, of: one.of })
                .collect(),
        })
    }

    fn link(&self, letter: &Letter, facts: &LinkNotice) -> Result<Said, RenderError> {
        let zone = letter.reader.zone;
        let expires = self.words.parts(facts.expires_at, zone);
        let reader = self.templates.phrase(self.language, "moment", &expires)?;
        let short = self.templates.phrase(self.language, "short", &expires)?;
        Ok(Said {
            institution: facts.institution.as_deref().map(cleanse::line),
            due: Some(Due { institution: reader.clone(), reader, short }),
            ..Self::bare(letter)
        })
    }

    /// Somebody cannot be reached, with what the mail server said.
    fn unreachable(&self, letter: &Letter, facts: &UnreachableNotice) -> Said {
        let name = letter.student.as_deref().filter(|name| !name.trim().is_empty());
        Said {
            student: Some(named(name.unwrap_or(&self.words.erased))),
            reason: Some(ReasonWords::bare(&facts.notice, &facts.words)),
            ..Self::bare(letter)
        }
    }

    /// Nothing but the reader and the link.
    fn bare(letter: &Letter) -> Said {
        Said {
            recipient: named(&letter.reader.name),
            link: letter.link.clone(),
            institution: None,
            case: None,
            student: None,
            state: None,
            event: None,
            actor: None,
            last_day: None,
            asked_last_day: None,
            absence: None,
            account: None,
            digest: None,
            checkpoint: None,
            hand_over: None,
            balance: None,
            message: None,
            due: None,
            if_nothing: None,
            waiting: None,
            reason: None,
            choices: Vec::new(),
            receipt: None,
            standing: Vec::new(),
        }
    }

    /// The notices of a digest, each by its subject without the mark that says whether it asks for something.
    fn digest(&self, letter: &Letter, facts: &DigestNotice) -> Result<Said, RenderError> {
        let mut digest = Digest { wants: Vec::new(), news: Vec::new(), more: facts.more };
        for one in &letter.digest {
            let said = Said::of(one, self.templates, self.language)?;
            let subject = self.templates.subject(self.language, &one.notice, &said.for_subject())?;
            let marks = self.words.marks.iter();
            let bare =
                marks.fold(subject.as_str(), |subject, mark| subject.trim_start_matches(mark.as_str()));
            let line = Line { title: capital(&cleanse::line(bare)), link: one.link.clone() };
            if one.action { digest.wants.push(line) } else { digest.news.push(line) }
        }
        Ok(Said { digest: Some(digest), ..Self::bare(letter) })
    }

    fn day(&self, on: Option<NaiveDate>) -> Result<Option<String>, RenderError> {
        Ok(on.map(|on| self.templates.phrase(self.language, "date", self.words.day(on))).transpose()?)
    }

    fn due(&self, letter: &Letter, facts: &CaseNotice) -> Result<Option<Due>, RenderError> {
        let Some(at) = facts.due_at else { return Ok(None) };
        let zone = facts.zone.as_deref().and_then(|zone| zone.parse().ok()).unwrap_or(letter.reader.zone);
        let there = self.words.parts(at, zone);
        let here = self.words.parts(at, letter.reader.zone);
        Ok(Some(Due {
            reader: self.templates.phrase(self.language, "moment", &here)?,
            institution: self.templates.phrase(self.language, "moment", &there)?,
            short: self.templates.phrase(self.language, "short", &here)?,
        }))
    }

    fn otherwise(
        &self,
        definition: &Definition,
        otherwise: Option<&Otherwise>,
    ) -> Result<Option<String>, RenderError> {
        let event = |name: &str| {
            let label = definition.event_named(name).map(|ix| self.text(&definition.events[ix.at()].label));
            label.unwrap_or_else(|| name.to_owned())
        };
        let said = match otherwise {
            None => return Ok(None),
            Some(Otherwise::Fires(name)) => {
                self.templates.phrase(self.language, "fires", minijinja::context! { event => event(name) })
            }
            Some(Otherwise::Allows(name)) => {
                self.templates.phrase(self.language, "allows", minijinja::context! { event => event(name) })
            }
            Some(Otherwise::Escalates(roles)) => {
                let roles = self.roles(definition, roles);
                self.templates.phrase(self.language, "escalates", minijinja::context! { roles })
            }
        };
        Ok(Some(said?))
    }

    /// Whom the case waits for; an applicant who reads it is addressed.
    fn awaited(&self, definition: &Definition, facts: &CaseNotice, applicant: bool) -> String {
        let applies = |name: &str| {
            let role = definition.role_named(name).map(|ix| &definition.roles[ix.at()]);
            role.is_some_and(|role| role.resolver == Resolver::Applicant)
        };
        let label = |name: &String| {
            if applicant && applies(name) { self.words.you.clone() } else { self.role(definition, name) }
        };
        let labels: Vec<String> = facts.waiting.iter().map(label).collect();
        self.words.list(&labels.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn roles(&self, definition: &Definition, names: &[String]) -> String {
        let labels: Vec<String> = names.iter().map(|name| self.role(definition, name)).collect();
        self.words.list(&labels.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn role(&self, definition: &Definition, name: &str) -> String {
        let label = definition.role_named(name).map(|ix| self.text(&definition.roles[ix.at()].label));
        label.unwrap_or_else(|| name.to_owned())
    }

    fn reason(&self, definition: &Definition, list: &str, code: &str) -> String {
        let lists = definition.reasons.iter().filter(|reasons| reasons.name == list);
        let mut codes = lists.flat_map(|reasons| &reasons.codes);
        let label = codes.find(|(known, _)| known == code).map(|(_, label)| self.text(label));
        label.unwrap_or_else(|| cleanse::line(code))
    }

    fn text(&self, texts: &Texts) -> String {
        texts.get(self.language).to_owned()
    }
}

fn named(name: &str) -> Named {
    Named { name: cleanse::line(name) }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// A text that begins with a capital, in scripts that have them.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}
