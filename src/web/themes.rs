//! Light or dark: as the system has it, or as somebody chose.

use axum::response::{IntoResponse, Redirect, Response};

use super::form::Posted;
use super::sessions::onward;
use super::visit::{Keeps, keep};

/// What can be chosen; the first is the system's.
pub const THEMES: [&str; 3] = ["auto", "light", "dark"];

/// The theme of that name, or the system's.
pub fn known(name: Option<&str>) -> &'static str {
    THEMES.into_iter().find(|known| Some(*known) == name).unwrap_or(THEMES[0])
}

pub async fn choose(posted: Posted) -> Response {
    let Posted { visit, fields } = posted;
    let mut response = Redirect::to(onward(fields.get("back"))).into_response();
    keep(response.headers_mut(), &visit.cookie(Keeps::Theme, known(Some(fields.get("theme")))));
    response
}
