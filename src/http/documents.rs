//! Documents of an application: uploading, listing, downloading, taking out of a draft.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sojourn_engine::ids::{CaseId, DocumentId};

use super::extract::{Id, IfMatch, Listing, NoFilter, PageQuery};
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use super::upload::{self, Form, UploadForm};
use crate::access::Caller;
use crate::app::documents::{self, Content, DocumentView};
use crate::app::{Answer, App, Page};

/// Documents of an application that you may open, first uploaded first.
#[utoipa::path(get, path = "/api/v1/applications/{id}/documents", tag = "documents",
    params(("id" = CaseId, Path), PageQuery), responses((status = 200, body = Page<DocumentView>)))]
pub async fn list_documents(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CaseId>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<DocumentView>>, Problem> {
    Ok(Json(documents::list(&app, &caller, id, &listing.asked).await?))
}

/// Supplies a document; an earlier one in its slot stays as an earlier version.
#[utoipa::path(post, path = "/api/v1/applications/{id}/documents", tag = "documents",
    params(("id" = CaseId, Path), IdempotencyHeader),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, body = DocumentView)))]
pub async fn supply_document(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CaseId>,
    form: Form,
) -> Result<Answer, Problem> {
    let (once, new) = upload::receive(&app, &caller, id, form).await?;
    Ok(documents::supply(&app, &caller, id, &once, new).await?)
}

/// The content of a document.
#[utoipa::path(get, path = "/api/v1/applications/{id}/documents/{doc_id}", tag = "documents",
    params(("id" = CaseId, Path), ("doc_id" = DocumentId, Path)),
    responses((status = 200, description = "The file", content_type = "application/octet-stream")))]
pub async fn get_document(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((id, document)): Id<(CaseId, DocumentId)>,
) -> Result<Response, Problem> {
    let Content { row, stream } = documents::open(&app, &caller, id, document).await?;
    let headers = [
        (header::CONTENT_TYPE, row.media_type),
        (header::CONTENT_LENGTH, row.size_bytes.to_string()),
        (header::CONTENT_DISPOSITION, documents::attachment(&row.file_name)),
        (header::ETAG, format!("\"{}\"", row.number)),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}

/// Takes a document out of a draft; `If-Match` is the version of the document.
#[utoipa::path(delete, path = "/api/v1/applications/{id}/documents/{doc_id}", tag = "documents",
    params(("id" = CaseId, Path), ("doc_id" = DocumentId, Path), IfMatchHeader),
    responses((status = 204, description = "Taken out")))]
pub async fn take_document_out(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((id, document)): Id<(CaseId, DocumentId)>,
    IfMatch(read): IfMatch,
) -> Result<StatusCode, Problem> {
    documents::take_out(&app, &caller, id, document, read).await?;
    Ok(StatusCode::NO_CONTENT)
}
