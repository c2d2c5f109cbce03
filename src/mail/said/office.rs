//! What letters of the office say: who is away, how far the record has come, what one chair leaves to the next, and how the places of
//! two sides stand.

use serde::Serialize;

use super::{Said, Tongue, some};
use crate::app::notices::{
    AbsenceNotice, BalanceNotice, CheckpointNotice, HandOverNotice, Letter, MessageNotice,
};
use crate::mail::cleanse;
use crate::mail::render::RenderError;

/// Who is away, and when.
#[derive(Debug, Serialize)]
pub(in crate::mail) struct Absence {
    name: String,
    from: String,
    until: String,
}

/// How far the record had come.
#[derive(Debug, Serialize)]
pub(in crate::mail) struct Checkpoint {
    number: i32,
    at: String,
    cases: u64,
    steps: u64,
    /// Whether its file goes with the mail.
    enclosed: bool,
}

/// What a term of the chair leaves to the next.
#[derive(Debug, Serialize)]
pub(in crate::mail) struct HandOver {
    from: String,
    until: String,
    institution: String,
    /// The member that holds it next, and from which day.
    next: Option<String>,
    next_from: Option<String>,
    waiting: u64,
    /// References as one list.
    references: Option<String>,
    /// Drafts as one list.
    drafts: Option<String>,
}

/// A statement of a balance.
#[derive(Debug, Serialize)]
pub(in crate::mail) struct Balance {
    /// The side that made it.
    side: String,
    one: String,
    other: String,
    at: String,
    dispute: Option<String>,
    settlement: Option<String>,
}

/// Who wrote about what.
#[derive(Debug, Serialize)]
pub(in crate::mail) struct Message {
    reference: String,
    institution: String,
    by_applicant: bool,
}

impl Message {
    pub(super) fn of(facts: &MessageNotice) -> Self {
        Self {
            reference: cleanse::line(&facts.reference),
            institution: cleanse::line(&facts.institution),
            by_applicant: facts.by_applicant,
        }
    }
}

impl Tongue<'_> {
    pub(super) fn balance(&self, letter: &Letter, facts: &BalanceNotice) -> Result<Said, RenderError> {
        let at = self.words.parts(facts.as_of, letter.reader.zone);
        let [one, other] = &facts.sides;
        let balance = Balance {
            side: cleanse::line(&facts.side),
            one: cleanse::line(one),
            other: cleanse::line(other),
            at: self.templates.phrase(self.language, "moment", &at)?,
            dispute: facts.dispute.as_deref().map(cleanse::block),
            settlement: facts.settlement.as_deref().map(cleanse::block),
        };
        Ok(Said { balance: Some(balance), ..Self::bare(letter) })
    }

    pub(super) fn absence(&self, letter: &Letter, facts: &AbsenceNotice) -> Result<Said, RenderError> {
        let name = letter.student.as_deref().filter(|name| !name.trim().is_empty());
        let absence = Absence {
            name: cleanse::line(name.unwrap_or(&self.words.erased)),
            from: self.day(Some(facts.from_on))?.unwrap_or_default(),
            until: self.day(Some(facts.until_on))?.unwrap_or_default(),
        };
        Ok(Said { absence: Some(absence), ..Self::bare(letter) })
    }

    pub(super) fn checkpoint(&self, letter: &Letter, facts: &CheckpointNotice) -> Result<Said, RenderError> {
        let at = self.words.parts(facts.at, letter.reader.zone);
        let checkpoint = Checkpoint {
            number: facts.number,
            at: self.templates.phrase(self.language, "moment", &at)?,
            cases: facts.cases,
            steps: facts.steps,
            enclosed: letter.enclosed.is_some(),
        };
        Ok(Said { checkpoint: Some(checkpoint), ..Self::bare(letter) })
    }

    pub(super) fn hand_over(&self, letter: &Letter, facts: &HandOverNotice) -> Result<Said, RenderError> {
        let listed = |all: &[String]| {
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            some(self.words.list(&all))
        };
        let (next, next_from) = facts.next.clone().unzip();
        let hand_over = HandOver {
            from: self.day(Some(facts.from_on))?.unwrap_or_default(),
            until: self.day(Some(facts.until_on))?.unwrap_or_default(),
            institution: cleanse::line(&facts.institution),
            next: next.as_deref().map(cleanse::line),
            next_from: self.day(next_from)?,
            waiting: facts.waiting,
            references: listed(&facts.references),
            drafts: listed(&facts.drafts),
        };
        Ok(Said { hand_over: Some(hand_over), ..Self::bare(letter) })
    }
}
