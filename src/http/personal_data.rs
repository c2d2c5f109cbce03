//! What is kept about people, and why.

use axum::Json;
use axum::http::HeaderMap;

use super::language;
use crate::app::Page;
use crate::app::personal_data::{self, KindView};

/// Kinds of personal data with purpose, basis and retention, in the reader's language.
#[utoipa::path(get, path = "/api/v1/personal-data", tag = "people",
    responses((status = 200, body = Page<KindView>)))]
pub async fn list_personal_data(headers: HeaderMap) -> Json<Page<KindView>> {
    Json(Page { items: personal_data::list(language::of(&headers)), next: None })
}
