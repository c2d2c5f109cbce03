//! Messages about a case, between its applicant and the home or the host: the other side is told by mail.
//!
//! The applicant sees both conversations, the home and the host their own. Text is sealed with the applicant's key, and goes with it.
//! Documents of the case can go with it, which each side sees as far as it sees them without the message; and files of its own,
//! which are for those who read it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sojourn_engine::ids::{CaseId, DocumentId, InstitutionId, MessageId, PersonId};
use sojourn_engine::vocabulary::Duty;
use utoipa::ToSchema;

use super::applications::view::PersonView;
use super::documents::{self, Attached, NewFile};
use super::notices::{MessageNotice, NoticeFacts};
use super::scene::Scene;
use super::{Answer, App, Asked, Conflict, Error, FieldError, Once, Page, Result};
use crate::access::Caller;
use crate::clock::Moment;
use crate::store::dossiers::{Dossier, names};
use crate::store::messages::{self as store, Message};
use crate::store::{Tx, holders, outbox, sessions};

/// Files that come with a message, at most.
pub const FILES: usize = 3;
/// Messages that one person may write in one case within a day.
const MOST: u64 = 50;
/// Documents of a case that are looked at.
const MANY: Asked = Asked { limit: 200, cursor: None };

/// A message.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MessageView {
    /// Its id.
    pub id: MessageId,
    /// Whether it is exchanged with the host; else with the home.
    pub with_host: bool,
    /// Who wrote it.
    pub author: PersonView,
    /// Whether that is the applicant.
    pub by_applicant: bool,
    /// The text; `null` in the answer to sending it, and once its person has been erased.
    pub text: Option<String>,
    /// Documents of the case that go with it, and files that came with it, at `GET /applications/{id}/documents/{document_id}`.
    pub documents: Vec<DocumentId>,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
}

/// A message to send.
#[derive(Debug)]
pub struct NewMessage {
    /// Whether it is for the host, or from there; the home's else.
    pub with_host: bool,
    /// The text.
    pub text: String,
    /// Documents of the case that go with it.
    pub documents: Vec<DocumentId>,
    /// Files of its own, [`FILES`] at most.
    pub files: Vec<NewFile>,
}

/// With whom a caller speaks in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    /// In the conversation with the home.
    pub home: bool,
    /// In the conversation with the host.
    pub host: bool,
    /// Whether they apply in it.
    pub applicant: bool,
}

impl Sides {
    pub(super) fn of(dossier: &Dossier, caller: &Caller) -> Self {
        let (scope, applicant) = (caller.scope(), dossier.application.applicant == caller.person);
        let shown = |choice: &crate::store::dossiers::Choice| {
            choice.host_sees_from.is_some() && choice.host_sees_until.is_none()
        };
        if applicant {
            let host = dossier.current().is_some_and(shown);
            return Self { home: dossier.application.home_sees_from.is_some(), host, applicant };
        }
        Self { home: dossier.shown_to_home(&scope), host: dossier.shown_to_host(&scope), applicant }
    }

    /// The conversations they read.
    pub(super) fn read(self) -> Vec<bool> {
        if self.applicant {
            return vec![false, true];
        }
        [(self.home, false), (self.host, true)]
            .into_iter()
            .filter(|(has, _)| *has)
            .map(|(_, host)| host)
            .collect()
    }

    /// Whether there is anybody to speak with.
    pub const fn any(self) -> bool {
        self.home || self.host
    }
}

/// With whom the caller could exchange messages about a case.
///
/// # Errors
/// [`Error::NotFound`] when the caller does not see the case.
pub async fn sides(app: &App, caller: &Caller, case: CaseId) -> Result<Sides> {
    let scene = Scene::look(app, &caller.scope(), case, &app.clock.moment()).await?;
    Ok(Sides::of(&scene.live.dossier, caller))
}

/// A page of the messages of a case that the caller reads, the newest first.
///
/// # Errors
/// [`Error::NotFound`] when the caller does not see the case.
pub async fn list(app: &App, caller: &Caller, case: CaseId, asked: &Asked) -> Result<Page<MessageView>> {
    let conn = app.store.read();
    let scene = Scene::look(app, &caller.scope(), case, &app.clock.moment()).await?;
    let dossier = &scene.live.dossier;
    let page = store::list(conn, case, &Sides::of(dossier, caller).read(), asked).await?;
    let authors: Vec<PersonId> = page.items.iter().map(|one| one.author).collect();
    let known: BTreeMap<PersonId, String> = names(conn, &authors).await?.into_iter().collect();
    let applicant = dossier.application.applicant;
    Ok(page.map(|one| {
        let name = known.get(&one.author).cloned().unwrap_or_default();
        view(one, applicant, name)
    }))
}

fn view(message: Message, applicant: PersonId, name: String) -> MessageView {
    MessageView {
        id: message.id,
        with_host: message.with_host,
        by_applicant: message.author == applicant,
        author: PersonView { id: message.author, name },
        text: message.text,
        documents: message.documents,
        sent_at: message.sent_at,
    }
}

/// Sends a message, and tells the other side by mail.
///
/// # Errors
/// [`Error::NotFound`] for a case the caller does not see, [`Error::Forbidden`] for who has no part in the conversation,
/// [`Error::Conflict`] as long as the other side does not see the case and once the case holds as many files as it may, [`Error::Invalid`] for a document that is none of the case,
/// [`Error::TooMany`] for too many in a day.
pub async fn send(app: &App, caller: &Caller, once: &Once, case: CaseId, new: NewMessage) -> Result<Answer> {
    let NewMessage { with_host, text, documents, files } = new;
    let mut attached = Attached::of(files);
    let written = Written { with_host, text, documents };
    let answer = enter(app, caller, once, case, written, &mut attached).await;
    attached.settle(app, case).await;
    answer
}

/// A message without its files.
struct Written {
    with_host: bool,
    text: String,
    documents: Vec<DocumentId>,
}

async fn enter(
    app: &App,
    caller: &Caller,
    once: &Once,
    case: CaseId,
    new: Written,
    attached: &mut Attached,
) -> Result<Answer> {
    let at = app.clock.moment();
    let seen = documents::list(app, caller, case, &MANY).await?.items;
    let goes = |id: DocumentId| seen.iter().any(|known| known.id == id && known.message.is_none());
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let scene = Scene::read(app, &tx, &caller.scope(), case, &at).await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let dossier = &scene.live.dossier;
    demand(dossier, caller, new.with_host)?;
    if let Some(nth) = new.documents.iter().position(|id| !goes(*id)) {
        return Err(Error::Invalid(vec![FieldError::new(
            format!("/documents/{nth}"),
            "no document of this application: upload it first",
        )]));
    }
    if store::written_since(&tx, case, caller.person, at.now - TimeDelta::days(1)).await? >= MOST {
        return Err(Error::TooMany { retry_after: 3600 });
    }
    let applicant = dossier.application.applicant;
    let message = Message {
        id: at.id(),
        case,
        owner: applicant,
        author: caller.person,
        with_host: new.with_host,
        documents: new.documents.into_iter().chain(attached.ids()).collect(),
        text: Some(new.text),
        sent_at: at.now,
    };
    store::add(&tx, &message).await?;
    attached.enter(app, &tx, &message).await?;
    tell(app, &tx, &at, dossier, &message).await?;
    let name = names(&tx, &[caller.person]).await?.pop().map(|(_, name)| name).unwrap_or_default();
    // Answers are kept for repeated requests: what is sealed does not lie there in the open.
    let view = view(Message { text: None, ..message }, applicant, name);
    let location = format!("/api/v1/applications/{case}/messages");
    let answer = turn.finish(tx, &at, Answer::created(location, 1, &view)?).await?;
    app.wake.notify_one();
    Ok(answer)
}

fn demand(dossier: &Dossier, caller: &Caller, with_host: bool) -> Result<()> {
    let sides = Sides::of(dossier, caller);
    if (with_host && sides.host) || (!with_host && sides.home) {
        return Ok(());
    }
    if sides.applicant {
        let told = "they do not see this application yet: write to them once it has reached them";
        return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
    }
    let needs = "the applicant, or a coordinator of the home or the present host".to_owned();
    Err(Error::Forbidden { needs })
}

/// Tells the applicant, or whoever coordinates on the other side.
async fn tell(app: &App, tx: &Tx, at: &Moment, dossier: &Dossier, message: &Message) -> Result<()> {
    let host = dossier.current().filter(|_| message.with_host);
    let institution = host.map_or(&dossier.home, |choice| &choice.offering.host);
    let facts = NoticeFacts::Message(MessageNotice {
        case: message.case,
        reference: dossier.application.reference.clone(),
        institution: institution.name.clone(),
        by_applicant: message.author == message.owner,
    });
    let mut notices = Vec::new();
    for reader in readers(app, tx, at, dossier, message, institution.id).await? {
        let language = sessions::language(tx, reader).await?;
        notices.push(facts.about_no_case("message_received", false, (reader, language), at)?);
    }
    Ok(outbox::add(tx, notices).await?)
}

async fn readers(
    app: &App,
    tx: &Tx,
    at: &Moment,
    dossier: &Dossier,
    message: &Message,
    institution: InstitutionId,
) -> Result<Vec<PersonId>> {
    if message.author != message.owner {
        return Ok(vec![message.owner]);
    }
    let unit = match dossier.current().filter(|_| message.with_host) {
        Some(choice) => choice.offering.unit,
        None => dossier.application.home_unit,
    };
    let line = dossier.line_of(unit);
    let today = at.now.with_timezone(&app.zone).date_naive();
    let staff = holders::staff(tx, &[institution], today, &[message.case]).await?;
    let here = staff.iter().filter(|holder| {
        holder.institution == Some(institution)
            && holder.unit.is_none_or(|unit| line.contains(&unit))
            && !holder.unreachable
            && !holder.away
    });
    let with = |duty: Duty| {
        let mut people: Vec<PersonId> =
            here.clone().filter(|holder| holder.duty == duty).map(|holder| holder.person).collect();
        people.sort_unstable();
        people.dedup();
        people
    };
    let coordinators = with(Duty::Coordinator);
    Ok(if coordinators.is_empty() { with(Duty::Head) } else { coordinators })
}
