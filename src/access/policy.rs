//! Who may reach an endpoint at all; what they may do to a row is the scope's and the definition's to say.

use sojourn_engine::vocabulary::Duty;

use super::Caller;

/// The policy a route is registered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Policy {
    /// No log-in.
    Anyone,
    /// Any signed-in person, even one who still has to set up a second factor: for what concerns their own log-in.
    Oneself,
    /// Any signed-in person.
    SignedIn,
    /// The secretariat.
    Secretariat,
    /// The annual chair.
    Chair,
    /// Secretariat or chair.
    SecretariatOrChair,
    /// Administrators of an institution and the secretariat.
    Admin,
    /// Home or host coordinators and the secretariat.
    Coordinators,
}

impl Policy {
    /// Whether a caller passes; [`Policy::Anyone`] passes without one.
    pub fn admits(self, caller: Option<&Caller>) -> bool {
        let Some(caller) = caller else { return self == Self::Anyone };
        if caller.lacks_factor {
            return matches!(self, Self::Anyone | Self::Oneself);
        }
        match self {
            Self::Anyone | Self::Oneself | Self::SignedIn => true,
            Self::Secretariat => caller.is_secretariat(),
            Self::Chair => caller.is_chair(),
            Self::SecretariatOrChair => caller.is_secretariat() || caller.is_chair(),
            Self::Admin => caller.is_secretariat() || caller.holds_anywhere(Duty::Admin),
            Self::Coordinators => caller.is_secretariat() || caller.holds_anywhere(Duty::Coordinator),
        }
    }

    /// Its name, as written into the OpenAPI document (`x-policy`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Oneself => "signed in, for oneself",
            Self::SignedIn => "signed in",
            Self::Secretariat => "secretariat",
            Self::Chair => "annual chair",
            Self::SecretariatOrChair => "secretariat or annual chair",
            Self::Admin => "admin of an institution or secretariat",
            Self::Coordinators => "coordinators or secretariat",
        }
    }
}
