//! What is wrong with a form: each fault beside its field and in the summary above.

use serde::Serialize;

use super::visit::Visit;
use crate::app::{Conflict, Error, FieldError, Result};

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wrong {
    /// The field; empty: the form as a whole.
    pub name: String,
    /// What is wrong there, and the mend, in the reader's language.
    pub told: String,
}

impl Wrong {
    /// A fault at a field.
    pub fn at(name: &str, told: String) -> Self {
        Self { name: name.to_owned(), told }
    }
}

/// Fields that are not right, each with its fault in the reader's language.
pub fn wrong(visit: &Visit, fields: &[FieldError]) -> Vec<Wrong> {
    let name = |pointer: &str| pointer.trim_start_matches('/').replace('/', "-");
    fields.iter().map(|fault| Wrong::at(&name(&fault.pointer), sentence(visit, &fault.detail))).collect()
}

/// What of an error is the form's to mend; what is not goes on.
pub fn of(visit: &Visit, error: Error) -> Result<Vec<Wrong>> {
    let whole = |told: String| Ok(vec![Wrong::at("", told)]);
    match error {
        Error::Invalid(wrong) => Ok(self::wrong(visit, &wrong)),
        Error::Stale => whole(visit.word("desk.stale")),
        Error::Conflict(Conflict::KeyReused | Conflict::StillRunning) => whole(visit.word("case.twice")),
        Error::Conflict(Conflict::NotNow(detail)) => whole(sentence(visit, &detail)),
        Error::Forbidden { needs } => whole(visit.word("errors.needs").replace("{}", &visit.said(&needs))),
        Error::TooMany { retry_after } => {
            whole(visit.word("login.too_many").replace("{}", &retry_after.to_string()))
        }
        error => Err(error),
    }
}

/// What a command says, as a sentence in the reader's language.
pub fn sentence(visit: &Visit, text: &str) -> String {
    let said = visit.said(text);
    if !said.is_ascii() {
        return said;
    }
    let mut letters = said.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if said.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}
