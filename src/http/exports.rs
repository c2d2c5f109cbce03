//! Everything that is kept about a person, as an archive.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sojourn_engine::ids::PersonId;

use super::extract::Id;
use super::problem::Problem;
use crate::access::Caller;
use crate::app::documents::attachment;
use crate::app::{App, exports};

/// Everything that is kept about a person: a ZIP archive of `data.json` and the files of their applications.
#[utoipa::path(get, path = "/api/v1/people/{id}/export", tag = "people", params(("id" = PersonId, Path)),
    responses((status = 200, description = "The archive", body = Vec<u8>, content_type = "application/zip")))]
pub async fn export_person(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(person): Id<PersonId>,
) -> Result<Response, Problem> {
    let (name, archive) = exports::export(&app, &caller, person).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, attachment(&name)),
    ];
    Ok((headers, Body::from_stream(archive)).into_response())
}
