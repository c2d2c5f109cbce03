//! The way of a case on the picture of its workflow.

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use minijinja::Value;
use minijinja::context;
use minijinja::value::Serde;
use sha2::{Digest, Sha256};
use sojourn_engine::definition::diagram::STYLE;

use super::super::calls::id;
use super::super::fault::Fault;
use super::super::visit::SignedIn;
use crate::app::applications::{self, road};
use crate::app::{Asked, history};

/// Steps shown beside the picture.
const MANY: Asked = Asked { limit: 200, cursor: None };

pub async fn show(signed_in: SignedIn, Path(named): Path<String>) -> Result<Response, Fault> {
    let SignedIn { visit, caller } = signed_in;
    let case = applications::read(visit.app(), &caller, id(&named)?).await?;
    let steps = history::list(visit.app(), &caller, case.id, &MANY).await?.items;
    let steps = Value::from(Serde(steps.iter().rev().collect::<Vec<_>>()));
    Ok(visit.page(
        StatusCode::OK,
        "applications/road.html",
        context! { case => Value::from(Serde(&case)), steps },
    ))
}

pub async fn picture(signed_in: SignedIn, Path(named): Path<String>) -> Result<Response, Fault> {
    let drawn = road::drawn(signed_in.visit.app(), &signed_in.caller, id(&named)?).await?;
    let digest = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'");
    let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    Ok((head, drawn).into_response())
}
