//! Why the rules say no, and what would make it yes.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::definition::{InputFault, Texts};
use crate::guard::Value;
use crate::ids::{ChoiceId, PlaceLineId};

/// The engine's answer to an attempt that is not legal; each variant says what would make it legal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    /// The event does not leave the present state.
    NotFromHere {
        /// The event.
        event: String,
        /// The present state.
        state: String,
        /// States it does leave; empty when it may happen only once and has.
        allowed_from: Vec<String>,
    },
    /// The actor holds none of the roles that may.
    NotYours {
        /// Roles that may, by name.
        needs: Vec<String>,
    },
    /// The same person may not do both.
    SamePerson {
        /// The event they carried out already; `None`: they are the applicant.
        as_event: Option<String>,
    },
    /// Guards that do not hold, all of them.
    Unmet {
        /// Each with its message and the values that failed it.
        rules: Vec<UnmetRule>,
    },
    /// Slots that are empty.
    Missing {
        /// Names of the slots.
        documents: Vec<String>,
    },
    /// The time for it has passed.
    TooLate {
        /// When it did.
        closed_at: DateTime<Utc>,
        /// The message of the guard.
        rule: UnmetRule,
    },
    /// No place to hold or use.
    NoPlace {
        /// The account.
        account: String,
        /// Why.
        #[serde(rename = "why")]
        code: NoPlace,
        /// Places left, in the line's unit.
        free: i64,
        /// What is possible instead, as far as somebody has looked.
        #[serde(skip_serializing_if = "Instead::is_empty")]
        instead: Instead,
    },
    /// Several lines of places cover the choice equally well: a person picks.
    SeveralLines {
        /// The input field that names the one.
        field: String,
        /// The lines, the oldest first.
        lines: Vec<PlaceLineId>,
    },
    /// The event wants a reason: a code of the list and a text.
    ReasonNeeded {
        /// Codes of the list.
        codes: Vec<String>,
    },
    /// Fields of the input that are wrong.
    InputInvalid {
        /// Each with what is wrong.
        fields: Vec<InputFault>,
    },
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoPlace {
    /// No line covers home, host, period, level and field.
    NoAgreement,
    /// The agreement behind the line is not in force when the stay begins.
    NotInForce,
    /// Every place of the line is held or used.
    Full,
    /// Others wait for this line: only promotion from the list may hold its places.
    Waiters,
    /// The account is not in the status the effect starts from.
    WrongStatus,
}

/// What whoever found no place may do instead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Instead {
    /// Choices of the same case that have a place left, the most wanted first.
    pub choices: Vec<ChoiceId>,
    /// The event that puts the case on the waiting list.
    pub event: Option<String>,
}

impl Instead {
    /// Whether there is nothing.
    pub const fn is_empty(&self) -> bool {
        self.choices.is_empty() && self.event.is_none()
    }
}

/// A guard that does not hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnmetRule {
    /// Name of its message.
    pub code: String,
    /// The message in every language.
    pub message: Texts,
    /// Facts that made it fail, by path; `null` where nothing is known.
    pub values: Vec<(String, Option<Value>)>,
}

impl Refusal {
    /// The tag of the variant, as in the answer's `refusal.code`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFromHere { .. } => "not_from_here",
            Self::NotYours { .. } => "not_yours",
            Self::SamePerson { .. } => "same_person",
            Self::Unmet { .. } => "unmet",
            Self::Missing { .. } => "missing",
            Self::TooLate { .. } => "too_late",
            Self::NoPlace { .. } => "no_place",
            Self::SeveralLines { .. } => "several_lines",
            Self::ReasonNeeded { .. } => "reason_needed",
            Self::InputInvalid { .. } => "input_invalid",
        }
    }
}
