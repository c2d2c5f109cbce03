//! What may go wrong in a command, told in words the caller can act on.

use serde::Serialize;
use sojourn_engine::refusal::Refusal;

use super::allocations::Changed;
use crate::store::StoreError;

/// Result of a command.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such row, or none this caller may see.
    #[error("there is nothing here that you can see")]
    NotFound,
    /// Nobody is signed in, or the session is over.
    #[error("sign in first")]
    Unauthenticated,
    /// Address and password do not fit each other, whichever is wrong.
    #[error("this address and this password do not fit: try again, or ask for a new password")]
    WrongCredentials,
    /// The password fits, and the account has a second factor.
    #[error("enter the code of your second factor as well")]
    CodeNeeded,
    /// The password fits, the code of the second factor does not.
    #[error("this code does not fit, or was used before: take the next one")]
    WrongCode,
    /// Seen, but not this caller's to change; names who may.
    #[error("this needs {needs}")]
    Forbidden {
        /// The role or duty that may.
        needs: String,
    },
    /// The engine says no.
    #[error("the workflow refuses this step: {}", .0.code())]
    Refused(Refusal),
    /// The row changed since the caller read it.
    #[error("this was changed meanwhile: read it again, then repeat")]
    Stale,
    /// What a run was made from is otherwise now.
    #[error("what this run was made from has changed: run it again")]
    Outdated(Vec<Changed>),
    /// Fields that are wrong.
    #[error("some fields are not right")]
    Invalid(Vec<FieldError>),
    /// Something else stands in the way.
    #[error("{0}")]
    Conflict(Conflict),
    /// Too many attempts.
    #[error("too many attempts: wait {retry_after} seconds")]
    TooMany {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// The database, or the place of files, cannot be reached, is read-only, or is full; the scanner of uploads does not answer.
    #[error("this cannot be done now: try again soon")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A fault of ours; logged once, never shown.
    #[error("an internal fault")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Whether the database gave the command up for another one that it crossed: done again, it may well succeed.
    pub(super) fn is_crossed(&self) -> bool {
        let Self::Unavailable(source) = self else { return false };
        matches!(source.downcast_ref(), Some(StoreError::Crossed))
    }
}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the request body.
    pub pointer: String,
    /// What is wrong and how to mend it.
    pub detail: String,
}

impl FieldError {
    /// A fault at a pointer.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// One field of a body that is wrong.
pub(super) fn wrong(field: &str, detail: &str) -> Error {
    Error::Invalid(vec![FieldError::new(format!("/{field}"), detail)])
}

/// Something that stands in the way, by name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Another row has this value already.
    #[error("another one has this {0} already: choose another, or use that one")]
    Taken(&'static str),
    /// The row is still used.
    #[error("this is still in use by {0}: end that first")]
    InUse(&'static str),
    /// The same idempotency key came with another body.
    #[error("this Idempotency-Key was used with another body: take a new key")]
    KeyReused,
    /// The first request with this key is still running.
    #[error("the first request with this Idempotency-Key is still running: ask again shortly")]
    StillRunning,
    /// Only drafts can be changed so.
    #[error("{0}")]
    NotNow(String),
}

/// What a constraint keeps from being there twice, in words.
const TAKEN: &[(&str, &str)] = &[
    ("allocations_call_id_number", "number"),
    ("allocations_going_on", "call whose run is being carried out"),
    ("people_email", "e-mail address"),
    ("log_in_domains_domain", "domain"),
    ("identities_issuer_subject", "log-in"),
    ("institutions_erasmus_key", "Erasmus code"),
    ("institutions_ror_id", "ROR id"),
    ("institutions_schac", "SCHAC home organisation"),
    ("workflow_versions_workflow_id_number", "version number"),
    ("periods_institution_id_academic_year_term", "term in the same academic year"),
    ("offerings_programme_id_period_id_start_on_end_on", "period with the same days"),
];

/// What a condition of the database asks for, in words.
const ASKED: &[(&str, &str)] = &[
    (
        "chair_terms_overlap",
        "another term of the chair shares days with this one: end one before the other begins",
    ),
    ("chair_terms_order", "the last day is before the first: give them in order"),
    ("place_lines_capacity", "there are fewer places than you take away: take at most what is there"),
];

fn word(words: &[(&str, &'static str)], constraint: &str) -> Option<&'static str> {
    words.iter().find(|(name, _)| *name == constraint).map(|(_, word)| *word)
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Conflict { constraint } => match word(TAKEN, constraint) {
                Some(taken) => Self::Conflict(Conflict::Taken(taken)),
                None => Self::Internal(Box::new(error)),
            },
            StoreError::Check { constraint } => match word(ASKED, constraint) {
                Some(asked) => Self::Conflict(Conflict::NotNow(asked.to_owned())),
                None => Self::Internal(Box::new(error)),
            },
            StoreError::Cursor => {
                Self::Invalid(vec![FieldError::new("/cursor", "leave it out to begin the list anew")])
            }
            StoreError::Unreachable { .. }
            | StoreError::ReadOnly { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::NotMigrated { .. }
            | StoreError::Busy
            | StoreError::Crossed
            | StoreError::Gone { .. }
            | StoreError::Full => Self::Unavailable(Box::new(error)),
            StoreError::Address { .. }
            | StoreError::NotADatabase { .. }
            | StoreError::Reference { .. }
            | StoreError::Vault(_)
            | StoreError::Internal(_) => Self::Internal(Box::new(error)),
        }
    }
}
