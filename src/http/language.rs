//! Which of our languages a request asks for.

use axum::http::{HeaderMap, header};

use crate::access::language;

/// The language of ours that `Accept-Language` likes best.
pub fn of(headers: &HeaderMap) -> &'static str {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    language::of(accepted.unwrap_or_default())
}
