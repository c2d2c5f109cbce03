//! What a browser keeps for pages, by name.

use axum::http::{HeaderMap, HeaderValue, header};
use axum_extra::extract::cookie::Cookie;

/// Names of the cookies; browsers keep those with the prefix to this host and to TLS.
#[derive(Debug, Clone, Copy)]
pub enum Keeps {
    /// The session.
    Pass,
    /// The mark of somebody who has not signed in.
    Mark,
    /// The language they chose.
    Language,
    /// The theme they chose.
    Theme,
    /// What is needed when they come back from a provider.
    Away,
}

impl Keeps {
    /// What it is called; cookies of a host reached by TLS are kept to it.
    pub const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Pass, true) => "__Host-sojourn",
            (Self::Pass, false) => "sojourn",
            (Self::Mark, true) => "__Host-sojourn-mark",
            (Self::Mark, false) => "sojourn-mark",
            (Self::Away, true) => "__Host-sojourn-away",
            (Self::Away, false) => "sojourn-away",
            (Self::Theme, true) => "__Host-sojourn-theme",
            (Self::Theme, false) => "sojourn-theme",
            (Self::Language, true) => "__Host-sojourn-language",
            (Self::Language, false) => "sojourn-language",
        }
    }
}

/// Adds a cookie to an answer.
pub fn keep(headers: &mut HeaderMap, cookie: &Cookie<'static>) {
    if let Ok(value) = HeaderValue::try_from(cookie.to_string()) {
        headers.append(header::SET_COOKIE, value);
    }
}
