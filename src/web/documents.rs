//! Documents of a case: uploaded into slots, downloaded, taken out of a draft.

use axum::body::Body;
use axum::extract::{Multipart, Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use sojourn_engine::ids::{CaseId, DocumentId, NoticeId};

use super::Site;
use super::applications::show::{self, Said, is_editable};
use super::calls::id;
use super::fault::{Fault, detail, status_of};
use super::form::{Fields, Posted, SEAL};
use super::uploads::{Upload, opened, unread};
use super::visit::{SignedIn, Visit};
use crate::access::Caller;
use crate::app::applications::view::{ApplicationView, SlotView};
use crate::app::documents::{self, Content, DocumentView, NewDocument, NewFile};
use crate::app::{Asked, Error, Result, calls};

pub use crate::app::documents::FILE;

/// The slots of a case with what lies in them.
pub async fn of_case(visit: &Visit, caller: &Caller, view: &ApplicationView) -> Result<Vec<Value>> {
    let all = Asked { limit: 200, cursor: None };
    let held = documents::list(visit.app(), caller, view.id, &all).await?.items;
    let rules = match calls::get(visit.app(), Some(caller), view.call.id).await {
        Ok(call) => call.documents,
        // A host need not see the call of a case it sees.
        Err(Error::NotFound) => serde_json::Value::Null,
        Err(error) => return Err(error),
    };
    let editable = is_editable(view, caller);
    let slot = |slot: &SlotView| {
        let lies = |document: &&DocumentView| document.slot == slot.slot;
        let for_offers = view.offers.iter().filter(|offer| offer.documents.contains(&slot.slot));
        let needed: Vec<String> = for_offers.map(|offer| offer.label.clone()).collect();
        context! {
            slot => Value::from(Serde(slot)),
            rule => rules[&slot.slot].as_str().unwrap_or("required"),
            needed,
            held => Value::from(Serde(held.iter().filter(lies).collect::<Vec<_>>())),
            removable => editable && slot.yours,
        }
    };
    let wanted = |slot: &SlotView| view.offers.iter().any(|offer| offer.documents.contains(&slot.slot));
    // A slot that others fill much later says nothing to this reader now.
    let shown = |slot: &&SlotView| slot.filled || (slot.asked && (slot.yours || wanted(slot)));
    Ok(view.documents.iter().filter(shown).map(slot).collect())
}

/// The subject of a delivered mail, where the demo keeps it.
pub async fn subject(visit: &Visit, id: NoticeId) -> Option<String> {
    let mailbox = visit.web.0.demo.as_ref()?.mailbox.clone();
    let read = tokio::task::spawn_blocking(move || mailbox.read(id)).await.ok()?;
    read.ok().flatten().map(|mail| mail.subject)
}

pub async fn supply(
    State(web): Site,
    Path(named): Path<String>,
    request: Request,
) -> std::result::Result<Response, Fault> {
    let (visit, form) = opened(request, &web).await?;
    let case: CaseId = id(&named)?;
    let Some(caller) = visit.caller.clone() else { return Err(signed_out(&visit, case, form.ok()).await) };
    let mut upload = Upload::default();
    let read = match form {
        Ok(form) => upload.read(&visit, &caller, case, form).await,
        Err(error) => Err(error),
    };
    visit.remember(&upload.fields);
    let kept = match read {
        Ok(()) if !visit.sealed(upload.fields.get(SEAL)) => return Err(Fault::FOREIGN),
        Ok(()) => keep(&visit, &caller, case, upload).await,
        Err(error) => Err(error),
    };
    let (status, told) = match kept {
        Ok(()) => return Ok(Redirect::to(&format!("/cases/{case}?done=document#documents")).into_response()),
        Err(Error::Invalid(wrong)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, wrong.first().map(|field| field.detail.clone()))
        }
        // The case has gone on, and takes no such document any more.
        Err(error @ (Error::Conflict(_) | Error::Refused(_))) => {
            (status_of(&error), detail(&visit, &error).map(|told| visit.said(&told)))
        }
        Err(error) => return Err(error.into()),
    };
    let said = Said { form: "-documents".to_owned(), told, ..Said::default() };
    Ok(show::again(&visit, &caller, case, status, said).await?)
}

/// Leads whoever has to log in first back to the slot of their file, which a browser does not keep: it has to be chosen again.
async fn signed_out(visit: &Visit, case: CaseId, form: Option<Multipart>) -> Fault {
    let said = match form {
        Some(form) => Upload::words(form).await,
        None => Fields::default(),
    };
    let slot = said.get("slot");
    let plain = slot.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
    if plain && !slot.is_empty() {
        visit.stands_on(format!("/cases/{case}?again={slot}#file-{slot}"));
    }
    Error::Unauthenticated.into()
}

async fn keep(visit: &Visit, caller: &Caller, case: CaseId, mut upload: Upload) -> Result<()> {
    let file = upload.files.pop().ok_or_else(|| unread(visit.word("documents.none")))?;
    let NewFile { file_name, received } = file;
    let slot = upload.fields.get("slot").to_owned();
    let said = [visit.path.as_bytes(), slot.as_bytes(), file_name.as_bytes(), &received.told.sha256].join(&0);
    let once = super::visit::once(upload.fields.get(super::form::KEY), &said);
    documents::supply(visit.app(), caller, case, &once, NewDocument { slot, file_name, received }).await?;
    Ok(())
}

pub async fn download(
    signed_in: SignedIn,
    Path((case, document)): Path<(String, String)>,
) -> std::result::Result<Response, Fault> {
    let (case, document): (CaseId, DocumentId) = (id(&case)?, id(&document)?);
    let SignedIn { visit, caller } = signed_in;
    let Content { row, stream } = documents::open(visit.app(), &caller, case, document).await?;
    let headers = [
        (header::CONTENT_TYPE, row.media_type),
        (header::CONTENT_LENGTH, row.size_bytes.to_string()),
        (header::CONTENT_DISPOSITION, documents::attachment(&row.file_name)),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// What a paper that is shown in place may do: nothing but be drawn, and only within a page of ours.
const DRAWN: &str = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; \
                     form-action 'none'";

/// The same for a page that shows it in place: its kind was told by its content when it came, and a browser has to believe that.
pub async fn look(
    signed_in: SignedIn,
    Path((case, document)): Path<(String, String)>,
) -> std::result::Result<Response, Fault> {
    let (case, document): (CaseId, DocumentId) = (id(&case)?, id(&document)?);
    let SignedIn { visit, caller } = signed_in;
    let Content { row, stream } = documents::open(visit.app(), &caller, case, document).await?;
    let headers = [
        (header::CONTENT_TYPE, row.media_type),
        (header::CONTENT_LENGTH, row.size_bytes.to_string()),
        (header::CONTENT_DISPOSITION, "inline".to_owned()),
        (header::CONTENT_SECURITY_POLICY, DRAWN.to_owned()),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN".to_owned()),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}

pub async fn take_out(
    Path((case, document)): Path<(String, String)>,
    posted: Posted,
) -> std::result::Result<Response, Fault> {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    let (case, document): (CaseId, DocumentId) = (id(&case)?, id(&document)?);
    documents::take_out(visit.app(), &caller, case, document, fields.version()?).await?;
    Ok(Redirect::to(&format!("/cases/{case}#documents")).into_response())
}
