//! What a handler reads of a request; whatever is wrong with it is already a [`Problem`].
//!
//! The order of a handler's arguments is state, caller, path, query, headers, body.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::string::FromUtf8Error;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{
    ConnectInfo, FromRequest, FromRequestParts, OptionalFromRequestParts, Path, Query, Request,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use super::problem::{Kind, Problem};
use crate::access::{Caller, Whence};
use crate::app::{Asked, FieldError, Once};

/// Put into the request by the policy of its route; without that policy there is no caller.
impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Self>().cloned();
        caller.ok_or_else(|| crate::app::Error::Unauthenticated.into())
    }
}

/// For routes that anyone may reach and that show more to those who signed in.
impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

/// Where the request comes from.
impl<S: Sync> FromRequestParts<S> for Whence {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let from = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let address = from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(from)| from.ip());
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self::new(address, agent))
    }
}

/// The ids in the path; what is no id names nothing.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = <Path<T> as FromRequestParts<S>>::from_request_parts(parts, state).await;
        read.map(|Path(ids)| Self(ids)).map_err(|_| crate::app::Error::NotFound.into())
    }
}

/// The version of the row that the caller has read.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(pub i32);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            let detail = "Send the `ETag` of the version you have read as `If-Match`.";
            return Err(Problem::new(Kind::PreconditionRequired, detail));
        };
        let quoted = value.to_str().ok().and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
        let version = quoted.and_then(|number| number.parse().ok());
        version.map(Self).ok_or_else(|| Problem::from(crate::app::Error::Stale))
    }
}

/// A list's page and filters; parameters that nobody knows are refused.
#[derive(Debug, Clone)]
pub struct Listing<F> {
    /// Which page.
    pub asked: Asked,
    /// Which rows.
    pub filter: F,
}

/// Which page of a list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Most items of the page.
    #[serde(default = "PageQuery::usual")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: u64,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl PageQuery {
    const fn usual() -> u64 {
        50
    }
}

/// A list without filters.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoFilter {}

impl<S: Sync, F: DeserializeOwned + Send> FromRequestParts<S> for Listing<F> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let pairs = parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let is_page = |pair: &&str| matches!(pair.split('=').next(), Some("limit" | "cursor"));
        let (page, filter): (Vec<&str>, Vec<&str>) = pairs.partition(is_page);
        let PageQuery { limit, cursor } = query(&page.join("&"))?;
        if !(1..=200).contains(&limit) {
            return Err(Problem::new(Kind::Malformed, "`limit` is a number from 1 to 200."));
        }
        Ok(Self { asked: Asked { limit, cursor }, filter: query(&filter.join("&"))? })
    }
}

/// What a query asks for, where there are no pages.
#[derive(Debug, Clone)]
pub struct Filter<F>(pub F);

impl<S: Sync, F: DeserializeOwned + Send> FromRequestParts<S> for Filter<F> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn query<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let malformed = |why: &dyn std::fmt::Display| {
        Problem::new(Kind::Malformed, format!("The query cannot be read: {why}."))
    };
    let uri: Uri = format!("/?{text}").parse().map_err(|why| malformed(&why))?;
    Query::try_from_uri(&uri).map(|Query(read)| read).map_err(|rejection| malformed(&rejection.body_text()))
}

/// A body whose shape has been checked.
#[derive(Debug, Clone)]
pub struct Valid<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Validate> FromRequest<S> for Valid<Json<T>> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, bytes) = read(request, state).await?;
        Ok(Self(Json(json(&parts.headers, &bytes)?)))
    }
}

/// The body of a request that does its work once however often it is sent, with the key that makes it so.
#[derive(Debug, Clone)]
pub struct Keyed<T>(pub Once, pub T);

impl<S: Send + Sync, T: DeserializeOwned + Validate> FromRequest<S> for Keyed<Json<T>> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, bytes) = read(request, state).await?;
        let once = once(&parts, &bytes)?;
        Ok(Self(once, Json(json(&parts.headers, &bytes)?)))
    }
}

/// For bodies that are not JSON; the handler looks at their type.
impl<S: Send + Sync> FromRequest<S> for Keyed<Bytes> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, bytes) = read(request, state).await?;
        Ok(Self(once(&parts, &bytes)?, bytes))
    }
}

/// The body of a request that is plain text or TOML.
#[derive(Debug, Clone)]
pub struct Toml(pub String);

impl<S: Send + Sync> FromRequest<S> for Toml {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, bytes) = read(request, state).await?;
        toml(&parts.headers, bytes)
    }
}

impl<S: Send + Sync> FromRequest<S> for Keyed<Toml> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, bytes) = read(request, state).await?;
        let once = once(&parts, &bytes)?;
        Ok(Self(once, toml(&parts.headers, bytes)?))
    }
}

fn toml(headers: &HeaderMap, bytes: Bytes) -> Result<Toml, Problem> {
    let media = media_type(headers);
    if !["text/plain", "application/toml"].iter().any(|known| media.eq_ignore_ascii_case(known)) {
        let detail = "Send TOML, with `Content-Type: application/toml` or `text/plain`.";
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    let broken = |error: FromUtf8Error| {
        let at = error.utf8_error().valid_up_to();
        let line = String::from_utf8_lossy(&error.as_bytes()[..at]).matches('\n').count() + 1;
        Problem::new(Kind::Malformed, format!("Line {line} is not UTF-8: save the text as UTF-8."))
    };
    String::from_utf8(bytes.into()).map(Toml).map_err(broken)
}

pub(super) async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<(Parts, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    // The limit of the route travels with the request, so the body is read as part of it.
    let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), state).await;
    let unread = |rejection: BytesRejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(Kind::TooLarge, "The body is larger than this operation takes: send less.")
        }
        _ => Problem::new(Kind::Malformed, "The body ended too early: send it again."),
    };
    Ok((parts, bytes.map_err(unread)?))
}

/// Visible ASCII, with or without the quotes of a structured field (RFC 8941 §3.3.3).
pub(super) fn once(parts: &Parts, body: &Bytes) -> Result<Once, Problem> {
    let Some(value) = parts.headers.get("idempotency-key") else {
        let detail =
            "Send a header `Idempotency-Key`, such as a new UUID, and repeat it when you repeat the request.";
        return Err(Problem::new(Kind::IdempotencyKeyMissing, detail));
    };
    let text = value.to_str().unwrap_or_default().trim();
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if !(1..=255).contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = "`Idempotency-Key` is 1 to 255 visible ASCII characters.";
        return Err(Problem::new(Kind::IdempotencyKeyMissing, detail));
    }
    let hash = Sha256::new()
        .chain_update(parts.method.as_str())
        .chain_update([0])
        .chain_update(parts.uri.to_string())
        .chain_update([0])
        .chain_update(body);
    Ok(Once::new(key, hash.finalize().into()))
}

fn json<T: DeserializeOwned + Validate>(headers: &HeaderMap, bytes: &Bytes) -> Result<T, Problem> {
    let media = media_type(headers);
    if !media.eq_ignore_ascii_case("application/json") && !media.ends_with("+json") {
        return Err(Problem::new(
            Kind::UnsupportedMediaType,
            "Send JSON, with `Content-Type: application/json`.",
        ));
    }
    checked(bytes)
}

/// A body of JSON, whatever carried it.
pub(super) fn checked<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T, Problem> {
    if holds_nul(bytes) {
        let told = "The body holds the character U+0000, which no text here may hold: leave it out.";
        return Err(Problem::new(Kind::Malformed, told));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let body: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| unreadable(&error))?;
    reader.end().map_err(|error| malformed(&error))?;
    body.validate().map_err(|errors| Problem::invalid(faults(&errors, "")))?;
    Ok(body)
}

/// Whether a text in JSON holds U+0000, which stands there as an escape alone; PostgreSQL keeps no such text.
fn holds_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        rest = &rest[at + 1..];
        if rest.starts_with(b"u0000") {
            return true;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    false
}

pub(super) fn media_type(headers: &HeaderMap) -> &str {
    let content = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content.split(';').next().unwrap_or_default().trim()
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Kind::Malformed, format!("The body is not JSON: {error}."))
}

fn unreadable(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    use serde_path_to_error::Segment;
    if !error.inner().is_data() {
        return malformed(error.inner());
    }
    let pointer: String = error
        .path()
        .iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", escaped(key)),
            Segment::Enum { variant } => format!("/{}", escaped(variant)),
            Segment::Unknown => String::new(),
        })
        .collect();
    let told = error.inner().to_string();
    let detail = told.split(" at line ").next().unwrap_or(&told);
    Problem::invalid(vec![FieldError::new(pointer, detail)])
}

/// RFC 6901 §3.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn faults(errors: &ValidationErrors, place: &str) -> Vec<FieldError> {
    let mut all = Vec::new();
    for (field, kind) in errors.errors() {
        let pointer = format!("{place}/{}", escaped(field));
        match kind {
            ValidationErrorsKind::Struct(inner) => all.extend(faults(inner, &pointer)),
            ValidationErrorsKind::List(items) => {
                let each =
                    items.iter().flat_map(|(index, inner)| faults(inner, &format!("{pointer}/{index}")));
                all.extend(each);
            }
            ValidationErrorsKind::Field(broken) => all.extend(broken.iter().map(|error| {
                let detail = error.message.clone().unwrap_or_else(|| error.code.clone());
                FieldError::new(&*pointer, detail)
            })),
        }
    }
    all.sort_by(|one, other| one.pointer.cmp(&other.pointer));
    all
}
