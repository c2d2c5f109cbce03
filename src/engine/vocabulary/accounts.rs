//! Words about how people sign in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Duty, UnknownWord};

words! {
    /// What somebody holds for which a second factor may be demanded: a duty, or the annual chair.
    Office ("office") {
        /// The annual chair.
        Chair = "chair",
        /// Coordinator of an institution or unit.
        Coordinator = "coordinator",
        /// Head of the office.
        Head = "head",
        /// Academic coordinator.
        Academic = "academic",
        /// Pays grants.
        Grants = "grants",
        /// First to hear of incidents.
        Safety = "safety",
        /// Acts for an employer.
        Employer = "employer",
        /// Administrator of an institution's people.
        Admin = "admin",
        /// The permanent secretariat.
        Secretariat = "secretariat",
    }

    /// What a one-time token allows its bearer.
    TokenKind ("kind of token") {
        /// Setting a first password.
        Invitation = "invitation",
        /// Setting a new password.
        PasswordReset = "password_reset",
        /// Agreeing to another e-mail address, at the present one.
        EmailPresent = "email_present",
        /// Showing that the next e-mail address is one's own.
        EmailNext = "email_next",
        /// Making an account of one's own.
        SignUp = "sign_up",
    }
}

impl From<Duty> for Office {
    fn from(duty: Duty) -> Self {
        match duty {
            Duty::Coordinator => Self::Coordinator,
            Duty::Head => Self::Head,
            Duty::Academic => Self::Academic,
            Duty::Grants => Self::Grants,
            Duty::Safety => Self::Safety,
            Duty::Employer => Self::Employer,
            Duty::Admin => Self::Admin,
            Duty::Secretariat => Self::Secretariat,
        }
    }
}
