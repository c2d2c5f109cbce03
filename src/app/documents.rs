//! Documents of an application: supplied into slots, replaced by further versions, read by those they are meant for.
//!
//! The applicant and the home see all of them, the secretariat all but those about health, the host those meant for it once it
//! sees the case, the chair none; what came with a message is for its readers. A document in a slot changes what its case offers, so the case gets a new version with it.

mod attached;
mod flaw;
mod inspect;
mod intake;
mod names;
mod pdf;
mod picture;
mod retention;
mod scanner;
mod sealed;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::definition::DocumentIx;
use sojourn_engine::ids::{CaseId, DocumentId, MessageId};
use sojourn_engine::vocabulary::{Deed, DocumentClass, Matter, StateKind};
use utoipa::ToSchema;

use super::applications::view::PersonView;
use super::audit::Deeds;
use super::messages::Sides;
use super::scene::Scene;
use super::transition;
use super::{Answer, App, Asked, Conflict, Error, FieldError, Once, Page, Result, current};
use crate::access::Caller;
use crate::clock::Moment;
use crate::store::calls::SlotRule;
use crate::store::documents::{self as rows, Document, Reading, Sight};
use crate::store::files::Unnamed;
use crate::store::{Conn, dossiers};

pub(super) use attached::Attached;
pub use flaw::Flaw;
pub use intake::{FILE, Intake, NewDocument, NewFile, Received, Told, Unfit, Uploads, begin};
pub use names::attachment;
pub use retention::Retention;
pub use sealed::{Opened, content};

/// One version of a document.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DocumentView {
    /// Its id.
    pub id: DocumentId,
    /// The slot it was supplied into; of a file that came with a message, that message's id.
    pub slot: String,
    /// The message it came with; `null` for what was supplied into a slot.
    pub message: Option<MessageId>,
    /// The slot's name in the reader's language; of a file that came with a message, its own.
    pub label: String,
    /// 1, 2, 3 … in the slot; the highest counts. Also its `ETag`.
    pub version: i32,
    /// How sensitive it is.
    pub class: DocumentClass,
    /// Name it was uploaded under.
    pub file_name: String,
    /// Kind, as told by its content.
    pub media_type: String,
    /// Size in bytes.
    pub size_bytes: i64,
    /// SHA-256 of the content, in hexadecimal digits.
    pub sha256: String,
    /// Whether the host sees it too.
    pub for_host: bool,
    /// Who supplied it; not for hosts.
    pub supplier: Option<PersonView>,
    /// When.
    pub uploaded_at: DateTime<Utc>,
    /// Until when its content is kept; `null` until the case has ended.
    pub kept_until: Option<DateTime<Utc>>,
    /// When its content was removed, because its time was over; what is known of it stays.
    pub emptied_at: Option<DateTime<Utc>>,
}

/// A document with its content.
pub struct Content {
    /// What is known of it.
    pub row: Document,
    /// The content, opened piece by piece.
    pub stream: Opened,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content").field("row", &self.row.id).finish_non_exhaustive()
    }
}

/// What of a case's documents a caller sees: in slots the most that any of the parts they have in it allows, and those of the
/// messages that they read.
fn reading(scene: &Scene, caller: &Caller) -> Reading {
    let messages = Sides::of(&scene.live.dossier, caller).read();
    Reading { slots: sight(scene, caller), messages }
}

fn sight(scene: &Scene, caller: &Caller) -> Sight {
    let dossier = &scene.live.dossier;
    let scope = caller.scope();
    let parts = [
        (dossier.application.applicant == caller.person || dossier.shown_to_home(&scope), Sight::All),
        (caller.is_secretariat(), Sight::AllButHealth),
        (dossier.shown_to_host(&scope), Sight::ForHost),
    ];
    let held = parts.into_iter().find(|(holds, _)| *holds);
    held.map_or(Sight::Nothing, |(_, sight)| sight)
}

/// A page of a case's documents.
///
/// # Errors
/// [`Error::NotFound`] when the caller does not see the case.
pub async fn list(app: &App, caller: &Caller, id: CaseId, asked: &Asked) -> Result<Page<DocumentView>> {
    let at = app.clock.moment();
    let conn = app.store.read();
    let scene = Scene::look(app, &caller.scope(), id, &at).await?;
    let page = rows::list(conn, id, &reading(&scene, caller), asked).await?;
    let next = page.next;
    Ok(Page { items: views(app, conn, &scene, caller, page.items).await?, next })
}

async fn views(
    app: &App,
    conn: &impl Conn,
    scene: &Scene,
    caller: &Caller,
    rows: Vec<Document>,
) -> Result<Vec<DocumentView>> {
    let suppliers: Vec<_> = rows.iter().map(|row| row.supplier_id).collect();
    let names = dossiers::names(conn, &suppliers).await?;
    let inside = sight(scene, caller) != Sight::ForHost;
    let name = |row: &Document| {
        let found = names.iter().find(|(id, _)| *id == row.supplier_id && inside);
        found.map(|(id, name)| PersonView { id: *id, name: name.clone() })
    };
    Ok(rows.into_iter().map(|row| view(app, scene, caller, name(&row), row)).collect())
}

fn view(
    app: &App,
    scene: &Scene,
    caller: &Caller,
    supplier: Option<PersonView>,
    row: Document,
) -> DocumentView {
    let kept_until = app.retention.until(&scene.live.dossier.case, row.class);
    let slot = scene.definition.documents.iter().find(|document| document.name == row.slot);
    let unnamed = if row.message_id.is_some() { &row.file_name } else { &row.slot };
    DocumentView {
        id: row.id,
        label: slot.map_or(unnamed.as_str(), |slot| slot.label.get(&caller.language)).to_owned(),
        slot: row.slot,
        message: row.message_id,
        version: row.number,
        class: row.class,
        file_name: row.file_name,
        media_type: row.media_type,
        size_bytes: row.size_bytes,
        sha256: hex::encode(row.sha256),
        for_host: row.for_host,
        supplier,
        uploaded_at: row.uploaded_at,
        kept_until,
        emptied_at: row.emptied_at,
    }
}

/// One document with its content; the audit keeps who read it, but for applicants themselves.
///
/// # Errors
/// [`Error::NotFound`] when there is none that this caller may open.
pub async fn open(app: &App, caller: &Caller, case: CaseId, id: DocumentId) -> Result<Content> {
    let at = app.clock.moment();
    let conn = app.store.read();
    let scene = Scene::look(app, &caller.scope(), case, &at).await?;
    let row = rows::find(conn, case, id, &reading(&scene, caller)).await?.ok_or(Error::NotFound)?;
    let applicant = scene.live.dossier.application.applicant;
    let stream = content(app, conn, applicant, &row).await?;
    if caller.person != applicant {
        let tx = app.store.begin().await?;
        Deeds::new(Deed::Read, Matter::Document, id).note(&tx, &at, caller).await?;
        tx.commit().await?;
    }
    Ok(Content { row, stream })
}

/// Supplies a document; what was in the slot before stays as an earlier version.
///
/// # Errors
/// [`Error::Invalid`] for a slot that the case has not, [`Error::Forbidden`] for those who may not fill it,
/// [`Error::Conflict`] once the case has ended, or holds as much as it may.
pub async fn supply(
    app: &App,
    caller: &Caller,
    case: CaseId,
    once: &Once,
    new: NewDocument,
) -> Result<Answer> {
    let NewDocument { slot, file_name, received: Received { told, content } } = new;
    let (id, name) = (told.id, told.name.clone());
    let mut content = Some(content);
    let supplied = Supplied { slot, file_name, told };
    let answer = enter(app, caller, case, once, supplied, &mut content).await;
    let location = location(case, id);
    if let Some(content) = content {
        content.discard().await;
    } else if !matches!(&answer, Ok(given) if given.location.as_ref() == Some(&location)) {
        tidy(app, case, id, &name).await;
    }
    answer
}

fn location(case: CaseId, id: DocumentId) -> String {
    format!("/api/v1/applications/{case}/documents/{id}")
}

/// What is entered of a file.
struct Supplied {
    slot: String,
    file_name: String,
    told: Told,
}

/// Enters the row; takes the content as soon as the row may be there, whatever is answered.
async fn enter(
    app: &App,
    caller: &Caller,
    case: CaseId,
    once: &Once,
    new: Supplied,
    content: &mut Option<Unnamed>,
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let mut scene = Scene::read(app, &tx, &caller.scope(), case, &at).await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let slot = may_supply(&scene, caller, &new.slot)?;
    let noted = transition::uploaded(&tx, &mut scene, &at, slot).await?;
    if !noted && !rows::touch(&tx, case, scene.live.dossier.case.version).await? {
        return Err(Error::Stale);
    }
    let number = rows::next_number(&tx, case, &new.slot).await?;
    app.uploads.room(number, rows::count(&tx, case).await?)?;
    let id = new.told.id;
    let row = row(&scene, caller, &at, slot, number, new);
    rows::add(&tx, row.clone()).await?;
    let view = views(app, &tx, &scene, caller, vec![row]).await?.pop();
    let answer = Answer::created(location(case, id), number, &view)?;
    if let Some(content) = content.take() {
        content.keep();
    }
    turn.finish(tx, &at, answer).await
}

fn row(
    scene: &Scene,
    caller: &Caller,
    at: &Moment,
    slot: DocumentIx,
    number: i32,
    new: Supplied,
) -> Document {
    let class = scene.definition.documents[slot.at()].class;
    Document {
        id: new.told.id,
        case_id: scene.live.dossier.case.id,
        slot: new.slot,
        number,
        class,
        supplier_id: caller.person,
        file_name: names::plain(&new.file_name),
        media_type: new.told.media_type.to_owned(),
        size_bytes: i64::try_from(new.told.size).unwrap_or(i64::MAX),
        sha256: new.told.sha256.to_vec(),
        for_host: match class {
            DocumentClass::Ordinary | DocumentClass::Academic => true,
            DocumentClass::Identity | DocumentClass::Health => false,
        },
        uploaded_at: at.now,
        object: Some(new.told.name),
        emptied_at: None,
        message_id: None,
    }
}

/// Removes the content of a document that did not come to be.
async fn tidy(app: &App, case: CaseId, id: DocumentId, name: &str) {
    if matches!(rows::find(app.store.read(), case, id, &Reading::everything()).await, Ok(None)) {
        app.files.remove(name).await;
    }
}

fn may_supply(scene: &Scene, caller: &Caller, slot: &str) -> Result<DocumentIx> {
    let definition = &scene.definition;
    let dossier = &scene.live.dossier;
    let wrong = |detail: &str| Error::Invalid(vec![FieldError::new("/slot", detail)]);
    let found = (0..).map(DocumentIx).zip(&definition.documents).find(|(_, document)| document.name == slot);
    let (ix, document) = found
        .ok_or_else(|| wrong("the workflow has no such slot: take one of the application's `documents`"))?;
    if dossier.call.documents.get(slot) == Some(&SlotRule::Off) {
        return Err(wrong("the call does not ask for this document"));
    }
    let held = scene.holders.roles(definition, caller.person, dossier, None);
    if !document.by.iter().any(|role| held.has(*role)) {
        let names: Vec<&str> =
            document.by.iter().map(|role| definition.roles[role.at()].label.get(&caller.language)).collect();
        return Err(Error::Forbidden { needs: names.join(", ") });
    }
    match dossier.case.kind {
        StateKind::Open => Ok(ix),
        StateKind::Success | StateKind::Failure => {
            let told = "the case has ended: its documents stay as they are";
            Err(Error::Conflict(Conflict::NotNow(told.to_owned())))
        }
    }
}

/// Takes a document out of a draft.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`] for those who may not fill its slot, [`Error::Conflict`] once it is submitted.
pub async fn take_out(app: &App, caller: &Caller, case: CaseId, id: DocumentId, read: i32) -> Result<()> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    let scene = Scene::read(app, &tx, &caller.scope(), case, &at).await?;
    let row = rows::find(&tx, case, id, &reading(&scene, caller)).await?.ok_or(Error::NotFound)?;
    current(row.number, read)?;
    if row.message_id.is_some() {
        let told = "this came with a message, and stays with it";
        return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
    }
    may_supply(&scene, caller, &row.slot)?;
    if scene.live.case.state != scene.definition.initial {
        let told = "documents are taken out of drafts alone: supply a further version instead";
        return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
    }
    if !rows::touch(&tx, case, scene.live.dossier.case.version).await? {
        return Err(Error::Stale);
    }
    rows::remove(&tx, id).await?;
    tx.commit().await?;
    if let Some(name) = &row.object {
        tidy(app, case, id, name).await;
    }
    Ok(())
}
