//! The one answer to whatever goes wrong: `application/problem+json` (RFC 9457), made from [`app::Error`](Error) in one place.
//!
//! A handler returns a [`Problem`]; the outermost layer writes it with the request's id and the caller's language. To add a kind:
//! a variant of [`Kind`] with its slug, and `templates/problems/<slug>.md` that says what it means and how to mend it.

mod kind;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sojourn_engine::refusal::Refusal;

use crate::app::allocations::Changed;
use crate::app::refusals;
use crate::app::{Conflict, Error, FieldError};

pub use crate::app::chinese;
pub use kind::Kind;

/// Seconds after which a fault that passes may be tried again.
const SOON: u64 = 2;

/// What went wrong and what to do now.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<FieldError>,
    refusal: Option<Box<Refusal>>,
    changes: Vec<Changed>,
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem with a sentence that says what to do.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let retry_after =
            matches!(kind, Kind::Unavailable | Kind::Timeout | Kind::StillRunning).then_some(SOON);
        let (errors, changes) = (Vec::new(), Vec::new());
        Self { kind, detail: detail.into(), errors, refusal: None, changes, retry_after }
    }

    /// Wrong fields of the request body.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = "Mend the fields named in `errors`, then send it again.";
        Self { errors, ..Self::new(Kind::Invalid, detail) }
    }

    /// Which kind it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The document in `language`; a sentence that has no words in it is in English.
    pub fn document(&self, request: &str, language: &str) -> Value {
        let say = |text: &str| {
            let other = if language.starts_with("zh") { chinese(text) } else { None };
            other.unwrap_or_else(|| text.to_owned())
        };
        let detail = self.refusal.as_ref().map(|refusal| refusals::detail(refusal, language));
        let mut document = json!({
            "type": format!("/problems/{}", self.kind.slug()),
            "title": say(self.kind.title()),
            "status": self.kind.status().as_u16(),
            "detail": detail.unwrap_or_else(|| say(&self.detail)),
            "instance": request,
        });
        if !self.errors.is_empty() {
            let told = |error: &FieldError| FieldError::new(&*error.pointer, say(&error.detail));
            document["errors"] = self.errors.iter().map(|error| json!(told(error))).collect();
        }
        if !self.changes.is_empty() {
            document["changes"] = json!(self.changes);
        }
        if let Some(refusal) = &self.refusal {
            document["refusal"] = refusals::document(refusal, language);
        }
        document
    }

    /// The whole answer.
    pub(super) fn write(&self, request: &str, language: &str) -> Response {
        let body = self.document(request, language).to_string();
        let content = HeaderValue::from_static("application/problem+json");
        let mut response = (self.kind.status(), [(header::CONTENT_TYPE, content)], body).into_response();
        let headers = response.headers_mut();
        if self.kind.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Leaves the writing to the outermost layer, which knows the request.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            Error::NotFound => Self::new(Kind::NotFound, detail),
            Error::Unauthenticated => Self::new(Kind::Unauthenticated, detail),
            Error::WrongCredentials => Self::new(Kind::WrongCredentials, detail),
            Error::CodeNeeded | Error::WrongCode => Self::new(Kind::SecondFactor, detail),
            Error::Forbidden { .. } => Self::new(Kind::Forbidden, detail),
            Error::Refused(refusal) => Self::refused(refusal),
            Error::Stale => Self::new(Kind::Stale, detail),
            Error::Outdated(changes) => Self { changes, ..Self::new(Kind::Outdated, detail) },
            Error::Invalid(errors) => Self::invalid(errors),
            Error::Conflict(Conflict::KeyReused) => {
                let errors = vec![FieldError::new("", detail.clone())];
                Self { errors, ..Self::new(Kind::IdempotencyKeyReused, detail) }
            }
            Error::Conflict(conflict) => Self::new(of_conflict(&conflict), detail),
            Error::TooMany { retry_after } => {
                Self { retry_after: Some(retry_after), ..Self::new(Kind::TooManyRequests, detail) }
            }
            Error::Unavailable(source) => {
                tracing::warn!(error = chain(&*source), "this cannot be done now");
                Self::new(Kind::Unavailable, detail)
            }
            Error::Internal(source) => {
                tracing::error!(error = chain(&*source), "internal fault");
                Self::new(
                    Kind::Internal,
                    "This is our fault; the log holds it under the request id in `instance`.",
                )
            }
        }
    }
}

impl Problem {
    fn refused(refusal: Refusal) -> Self {
        let kind = match &refusal {
            Refusal::NotYours { .. } | Refusal::SamePerson { .. } => Kind::Forbidden,
            Refusal::InputInvalid { fields } => {
                let error = |field: &sojourn_engine::definition::InputFault| {
                    FieldError::new(format!("/data/{}", field.field), field.detail.clone())
                };
                return Self::invalid(fields.iter().map(error).collect());
            }
            Refusal::NotFromHere { .. }
            | Refusal::Unmet { .. }
            | Refusal::Missing { .. }
            | Refusal::TooLate { .. }
            | Refusal::NoPlace { .. }
            | Refusal::SeveralLines { .. }
            | Refusal::ReasonNeeded { .. } => Kind::Refused,
        };
        Self { refusal: Some(Box::new(refusal)), ..Self::new(kind, String::new()) }
    }
}

const fn of_conflict(conflict: &Conflict) -> Kind {
    match conflict {
        Conflict::Taken(_) | Conflict::InUse(_) | Conflict::NotNow(_) => Kind::Conflict,
        Conflict::KeyReused => Kind::IdempotencyKeyReused,
        Conflict::StillRunning => Kind::StillRunning,
    }
}

/// A message as a sentence.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// An error with everything that caused it, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_title_has_its_words_in_chinese() {
        for kind in Kind::ALL {
            assert!(chinese(kind.title()).is_some(), "{}", kind.title());
        }
    }
}
