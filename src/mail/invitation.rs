//! A deadline that a letter asks its reader to keep, as a file for the reader's own calendar.
//!
//! It asks for no answer (`METHOD:PUBLISH`): whoever wants it takes it over. Every letter about one state of a case writes the same
//! entry, so that a reminder changes it rather than doubling it.

use lettre::message::SinglePart;
use lettre::message::header::{ContentDisposition, ContentTransferEncoding, ContentType};

use super::said::Said;
use crate::app::calendars::{Entry, published};
use crate::app::notices::{Letter, NoticeFacts};

/// Name of the attached file.
const FILE: &str = "deadline.ics";

/// The file of a letter that asks its reader to act by an instant still to come; the same on every try.
pub fn attachment(letter: &Letter, said: &Said, host: &str) -> Option<SinglePart> {
    let kind = ContentType::parse("text/calendar; charset=utf-8; method=PUBLISH").ok()?;
    Some(
        SinglePart::builder()
            .header(kind)
            .header(ContentDisposition::attachment(FILE))
            .header(ContentTransferEncoding::Base64)
            .body(published(&entry(letter, said, host)?)),
    )
}

fn entry(letter: &Letter, said: &Said, host: &str) -> Option<Entry> {
    let NoticeFacts::Case(facts) = &letter.facts else { return None };
    let at = facts.due_at.filter(|at| letter.action && *at > letter.queued_at)?;
    let (case, state) = (said.case.as_ref()?, said.state.as_ref()?);
    let lines = [
        Some(case.programme.clone()),
        Some(state.now.clone()),
        said.if_nothing.clone(),
        Some(letter.link.clone()),
    ];
    Some(Entry {
        uid: format!("{}/{}/{}@{host}", facts.case, facts.machine, facts.to),
        at,
        stamp: letter.queued_at,
        summary: format!("{}: {}", case.reference, state.label),
        description: lines.into_iter().flatten().collect::<Vec<_>>().join("\n"),
        url: letter.link.clone(),
    })
}
