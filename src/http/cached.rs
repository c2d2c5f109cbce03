//! Texts that follow from what never changes: kept by the reader, and sent again only when they differ (RFC 9110 §13.1.2).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

/// Header of a read whose answer the reader may have already.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header that an extractor reads")]
pub struct IfNoneMatchHeader {
    /// The `ETag` of the answer that is there already.
    #[param(rename = "If-None-Match", required = false)]
    if_none_match: String,
}

/// What the reader has.
#[derive(Debug)]
pub struct IfNoneMatch(Vec<HeaderValue>);

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect()))
    }
}

impl IfNoneMatch {
    /// The text, or 304 where the reader has it already; its `ETag` is a digest of what it says.
    pub fn answer(&self, media_type: &'static str, text: String) -> Response {
        let etag = format!("\"{}\"", hex::encode(&Sha256::digest(&text)[..16]));
        let named = self.0.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let has = named.map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag);
        let headers = [
            (header::ETAG, etag),
            (header::CACHE_CONTROL, "private, no-cache".to_owned()),
            (header::VARY, "Accept-Language, Authorization".to_owned()),
        ];
        if has {
            (StatusCode::NOT_MODIFIED, headers).into_response()
        } else {
            (headers, [(header::CONTENT_TYPE, media_type)], text).into_response()
        }
    }
}
