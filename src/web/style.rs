//! The style sheet and the icon, from the binary.

use axum::http::header;
use axum::response::{IntoResponse, Response};

const SHEET: &str = include_str!("../../templates/web/style.css");
const ICON: &str = include_str!("../../templates/web/favicon.svg");

pub async fn sheet() -> Response {
    file("text/css; charset=utf-8", SHEET)
}

pub async fn icon() -> Response {
    file("image/svg+xml", ICON)
}

fn file(kind: &'static str, content: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, content).into_response()
}
