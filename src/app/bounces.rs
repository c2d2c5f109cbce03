//! What became of mails after a server had taken them, and people whose mailbox takes none.
//!
//! A report is taken once: the row of its notice decides, so that several workers may read the same one. An address that does not
//! exist marks its person unreachable until the address changes or somebody responsible says that it works; a later mail that a server
//! takes proves nothing, because the server before it took the one that came back, too.

use std::collections::BTreeSet;

use sojourn_engine::ids::{InstitutionId, NoticeId, PersonId};
use sojourn_engine::vocabulary::{Deed, Duty, Matter};

use super::audit::Deeds;
use super::notices::{NoticeFacts, UnreachableNotice};
use super::people::PersonView;
use super::{App, Error, Result};
use crate::access::Caller;
use crate::clock::Moment;
use crate::store::outbox::{self, NewNotice, NoticeRow};
use crate::store::people as store;
use crate::store::{Tx, holders};

/// What a mail server reports about one mail to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The notice of the mail.
    pub notice: NoticeId,
    /// Recipients it names, in lower case; one of them is the recipient of the notice.
    pub addresses: Vec<String>,
    /// What became of the mail.
    pub fate: Fate,
    /// Enhanced status code (RFC 3463), such as `5.1.1`; empty when it gives none.
    pub status: String,
    /// What the server said, on one line.
    pub words: String,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It came back.
    Failed,
    /// It is still on its way.
    Delayed,
    /// Somebody has it.
    Arrived,
}

/// What a report has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The notice has bounced.
    Bounced,
    /// Its words are kept.
    Noted,
    /// Nothing: it was known, or there is nothing to do.
    Nothing,
    /// Nothing: no such notice went to such a recipient.
    Foreign,
}

/// Whether a status speaks of the mailbox itself: no such address (5.1.x), or disabled (5.2.1).
pub fn is_about_the_mailbox(status: &str) -> bool {
    status == "5.2.1" || status.strip_prefix("5.1.").is_some_and(|detail| !detail.is_empty())
}

/// Takes a report.
///
/// # Errors
/// Faults of the database.
pub async fn take(app: &App, at: &Moment, report: &Report) -> Result<Taken> {
    let tx = app.store.begin().await?;
    let Some(row) = outbox::find(&tx, report.notice).await? else { return Ok(Taken::Foreign) };
    let reader = match row.recipient {
        Some(person) => outbox::addressed(&tx, &[person]).await?.remove(&person),
        None => None,
    };
    let address = reader.and_then(|reader| reader.address);
    if !address.is_some_and(|address| report.addresses.contains(&address)) {
        return Ok(Taken::Foreign);
    }
    let taken = match report.fate {
        Fate::Delayed if outbox::note(&tx, row.id, &report.words).await? => Taken::Noted,
        Fate::Failed if outbox::bounce(&tx, row.id, &report.words).await? => Taken::Bounced,
        Fate::Arrived | Fate::Delayed | Fate::Failed => Taken::Nothing,
    };
    if taken == Taken::Bounced {
        if is_about_the_mailbox(&report.status) {
            unreachable(app, &tx, at, &row, &report.words).await?;
        } else {
            pass_on(app, &tx, at, &row, &report.words).await?;
        }
    }
    tx.commit().await?;
    app.wake.notify_one();
    Ok(taken)
}

/// Marks the recipient of a notice unreachable, and passes the notice on when they have not been so before or were asked for something.
pub(super) async fn unreachable(app: &App, tx: &Tx, at: &Moment, row: &NoticeRow, words: &str) -> Result<()> {
    // What is asked at an address that is nobody's yet says nothing of the person's own.
    let Some(person) = row.recipient.filter(|_| row.notice != ELSEWHERE) else { return Ok(()) };
    if store::mark_unreachable(tx, person, at.now, words).await? || row.action {
        pass_on(app, tx, at, row, words).await?;
    }
    Ok(())
}

/// Tells the next in line that a notice has not arrived: for somebody with a duty the secretariat and the administrators and heads of
/// their institutions, for an applicant the coordinators there, and if there are none, the secretariat.
async fn pass_on(app: &App, tx: &Tx, at: &Moment, row: &NoticeRow, words: &str) -> Result<()> {
    let Some(person) = row.recipient.filter(|_| row.notice != UNREACHABLE) else { return Ok(()) };
    let (works, institutions) = outbox::belongs(tx, person).await?;
    let facts = UnreachableNotice { person, words: words.to_owned(), notice: row.notice.clone() };
    let facts = NoticeFacts::Unreachable(facts);
    let mut notices = Vec::new();
    for (recipient, language) in next_in_line(app, tx, at, person, works, &institutions).await? {
        let notice = facts.about_no_case(UNREACHABLE, true, (recipient, Some(language)), at)?;
        notices.push(NewNotice { case: row.case, number: row.number, ..notice });
    }
    Ok(outbox::add(tx, notices).await?)
}

/// The notice that goes to an address which is not its recipient's yet.
const ELSEWHERE: &str = "email_change_next";
/// The notice that somebody cannot be reached.
const UNREACHABLE: &str = "address_unreachable";

async fn next_in_line(
    app: &App,
    tx: &Tx,
    at: &Moment,
    person: PersonId,
    works: bool,
    institutions: &[InstitutionId],
) -> Result<BTreeSet<(PersonId, String)>> {
    let today = at.now.with_timezone(&app.zone).date_naive();
    let staff = holders::staff(tx, institutions, today, &[]).await?;
    let told = |duties: &[Duty]| -> BTreeSet<(PersonId, String)> {
        let fit = staff.iter().filter(|holder| duties.contains(&holder.duty));
        let fit = fit.filter(|holder| holder.person != person && !holder.unreachable);
        fit.map(|holder| (holder.person, holder.language.clone())).collect()
    };
    let wanted: &[Duty] =
        if works { &[Duty::Secretariat, Duty::Admin, Duty::Head] } else { &[Duty::Coordinator] };
    let next = told(wanted);
    Ok(if next.is_empty() { told(&[Duty::Secretariat]) } else { next })
}

/// Says that the mailbox of somebody works again.
///
/// # Errors
/// [`Error::NotFound`] for somebody the caller does not see, [`Error::Forbidden`] for who is neither of the secretariat nor an
/// administrator there.
pub async fn reachable(app: &App, caller: &Caller, id: PersonId) -> Result<PersonView> {
    let tx = app.store.begin().await?;
    let (row, roles) = store::find(&tx, caller, id).await?.ok_or(Error::NotFound)?;
    if caller.person == id && !caller.is_secretariat() {
        let needs = "an administrator of the institution, or the secretariat".to_owned();
        return Err(Error::Forbidden { needs });
    }
    if row.unreachable_since.is_none() {
        return Ok((row, roles).into());
    }
    store::mark_reachable(&tx, id).await?;
    let at = app.clock.moment();
    Deeds::new(Deed::Change, Matter::Person, id).note(&tx, &at, caller).await?;
    tx.commit().await?;
    let row = store::Person { unreachable_since: None, unreachable_words: None, ..row };
    Ok((row, roles).into())
}
