//! The closed list of problem types; each has a page of its own.

use axum::http::StatusCode;

/// A type of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The request cannot be read.
    Malformed,
    /// A POST that creates or fires came without its key.
    IdempotencyKeyMissing,
    /// Nobody is signed in.
    Unauthenticated,
    /// Address and password do not fit.
    WrongCredentials,
    /// The code of a second factor is missing, or does not fit.
    SecondFactor,
    /// Seen, but another's to do.
    Forbidden,
    /// Nothing there that the caller can see.
    NotFound,
    /// The address is right, the method is not.
    MethodNotAllowed,
    /// The workflow says no.
    Refused,
    /// Something else stands in the way.
    Conflict,
    /// What a run was made from is otherwise now.
    Outdated,
    /// The first request with this key goes on.
    StillRunning,
    /// The row has changed meanwhile.
    Stale,
    /// The body is too large.
    TooLarge,
    /// The body is of a type that is not read here.
    UnsupportedMediaType,
    /// Fields are wrong.
    Invalid,
    /// The key was used with another body.
    IdempotencyKeyReused,
    /// A change of a row came without its version.
    PreconditionRequired,
    /// Too many attempts.
    TooManyRequests,
    /// A fault of ours.
    Internal,
    /// The database cannot take it now.
    Unavailable,
    /// It took too long.
    Timeout,
}

impl Kind {
    /// Every type of problem.
    pub const ALL: &[Self] = &[
        Self::Malformed,
        Self::IdempotencyKeyMissing,
        Self::Unauthenticated,
        Self::WrongCredentials,
        Self::SecondFactor,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Refused,
        Self::Conflict,
        Self::Outdated,
        Self::StillRunning,
        Self::Stale,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Invalid,
        Self::IdempotencyKeyReused,
        Self::PreconditionRequired,
        Self::TooManyRequests,
        Self::Internal,
        Self::Unavailable,
        Self::Timeout,
    ];

    /// Last part of its `type`, and the name of its page.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::IdempotencyKeyMissing => "idempotency-key-missing",
            Self::Unauthenticated => "unauthenticated",
            Self::WrongCredentials => "wrong-credentials",
            Self::SecondFactor => "second-factor",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Refused => "refused",
            Self::Conflict => "conflict",
            Self::Outdated => "outdated",
            Self::StillRunning => "still-running",
            Self::Stale => "stale",
            Self::TooLarge => "too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::Invalid => "invalid",
            Self::IdempotencyKeyReused => "idempotency-key-reused",
            Self::PreconditionRequired => "precondition-required",
            Self::TooManyRequests => "too-many-requests",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
        }
    }

    /// What it is called, the same for every occurrence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request cannot be read",
            Self::IdempotencyKeyMissing => "The Idempotency-Key is missing",
            Self::Unauthenticated => "Nobody is signed in",
            Self::WrongCredentials => "Address and password do not fit",
            Self::SecondFactor => "A code of the second factor is needed",
            Self::Forbidden => "This is for somebody else to do",
            Self::NotFound => "There is nothing here",
            Self::MethodNotAllowed => "This method does not work here",
            Self::Refused => "The workflow refuses this step",
            Self::Conflict => "Something stands in the way",
            Self::Outdated => "What it was made from has changed",
            Self::StillRunning => "The first request is still running",
            Self::Stale => "This has changed meanwhile",
            Self::TooLarge => "The request is too large",
            Self::UnsupportedMediaType => "This type of content is not read here",
            Self::Invalid => "Some fields are not right",
            Self::IdempotencyKeyReused => "The Idempotency-Key belongs to another request",
            Self::PreconditionRequired => "The version is missing",
            Self::TooManyRequests => "Too many attempts",
            Self::Internal => "A fault of ours",
            Self::Unavailable => "Not possible just now",
            Self::Timeout => "This took too long",
        }
    }

    /// Its HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::IdempotencyKeyMissing => StatusCode::BAD_REQUEST,
            Self::Unauthenticated | Self::WrongCredentials | Self::SecondFactor => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Refused | Self::Conflict | Self::Outdated | Self::StillRunning => StatusCode::CONFLICT,
            Self::Stale => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid | Self::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable | Self::Timeout => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
