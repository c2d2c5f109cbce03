//! Notices on their way: claimed for a worker, named for the mail, settled; and shown to the secretariat.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sojourn_engine::ids::{CaseId, LeaseId, NoticeId, PersonId};
use sojourn_engine::vocabulary::{NoticeStatus, TokenKind};
use utoipa::ToSchema;

use super::notices::{Letter, NoticeFacts, Reader};
use super::{Answer, App, Asked, Conflict, Error, Once, Page, Result};
use crate::access::Caller;
use crate::clock::Moment;
use crate::store::outbox::{self, Addressed, Claimed, NoticeRow, Settled};

pub use crate::store::outbox::Filter;

/// How long a worker has a notice; longer than the ten minutes a server may take for the last dot.
const LEASE: TimeDelta = TimeDelta::minutes(15);
/// How long the facts of a sent notice are kept.
const FACTS: TimeDelta = TimeDelta::days(30);
/// How long a notice is tried.
const PATIENCE: TimeDelta = TimeDelta::days(5);

/// A claimed notice, ready to be written or past writing.
#[derive(Debug)]
pub struct Due {
    /// Its row.
    pub id: NoticeId,
    /// How often it was tried before.
    pub attempts: i16,
    /// When it was queued.
    pub queued_at: DateTime<Utc>,
    /// The letter, or why there can be none.
    pub letter: std::result::Result<Letter, String>,
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiving side has it.
    Sent,
    /// The server or the line puts it off.
    Later(String),
    /// It can never be taken.
    Never(String),
}

impl App {
    /// Claims notices that are due and names the people in them.
    pub async fn claim_notices(&self, at: &Moment, lease: LeaseId, most: u64) -> Result<Vec<Due>> {
        let tx = self.store.begin().await?;
        let claimed = outbox::claim(&tx, lease, at.now, at.now + LEASE, most).await?;
        tx.commit().await?;
        let facts: Vec<Option<NoticeFacts>> = claimed.iter().map(facts).collect();
        let mut people: BTreeSet<PersonId> = claimed.iter().filter_map(|row| row.recipient).collect();
        people.extend(facts.iter().flatten().filter_map(NoticeFacts::names));
        let people: Vec<PersonId> = people.into_iter().collect();
        let known = outbox::addressed(self.store.read(), &people).await?;
        let mut due = Vec::with_capacity(claimed.len());
        for (row, facts) in claimed.into_iter().zip(facts) {
            let (id, attempts, queued_at) = (row.id, row.attempts, row.queued_at);
            let reader = row.recipient.and_then(|person| known.get(&person));
            let named = facts.as_ref().and_then(NoticeFacts::names).and_then(|person| known.get(&person));
            let letter = self.letter(row, facts, reader, named).await?;
            due.push(Due { id, attempts, queued_at, letter });
        }
        Ok(due)
    }

    async fn letter(
        &self,
        row: Claimed,
        facts: Option<NoticeFacts>,
        reader: Option<&Addressed>,
        student: Option<&Addressed>,
    ) -> Result<std::result::Result<Letter, String>> {
        let Some(facts) = facts else {
            return Ok(Err("what it said is gone: nothing can be sent".to_owned()));
        };
        let Some(reader) = reader.and_then(|reader| Some((reader, reader.address.clone()?))) else {
            return Ok(Err("its recipient has no e-mail address: give them one, then retry".to_owned()));
        };
        let (reader, address) = reader;
        let definition = match facts.version() {
            Some(version) => Some(self.definitions.get(self.store.read(), version).await?),
            None => None,
        };
        let zone = reader.zone.as_deref().and_then(|zone| zone.parse().ok()).unwrap_or(self.zone);
        Ok(Ok(Letter {
            id: row.id,
            notice: row.notice,
            action: row.action,
            queued_at: row.queued_at,
            link: row.link.map_or_else(|| self.link(&facts), |id| self.links.act(id)),
            facts,
            reader: Reader { name: reader.name.clone(), address, language: reader.language.clone(), zone },
            student: student.map(|student| student.name.clone()).filter(|name| !name.is_empty()),
            definition,
        }))
    }

    fn link(&self, facts: &NoticeFacts) -> String {
        match facts {
            NoticeFacts::Case(case) => self.links.page(&match case.programme_id {
                Some(programme) => format!("/programmes/{programme}"),
                None => format!("/cases/{}", case.case),
            }),
            NoticeFacts::Invitation(link) => self.links.address(link.token, TokenKind::Invitation),
            NoticeFacts::PasswordReset(link) => self.links.address(link.token, TokenKind::PasswordReset),
            NoticeFacts::Absence(_) => self.links.page("/cases?waiting_for_me=true"),
        }
    }

    /// Settles a claimed notice; one whose claim has run out is left to the worker that has it now.
    pub async fn settle_notice(
        &self,
        at: &Moment,
        lease: LeaseId,
        due: &Due,
        outcome: Outcome,
    ) -> Result<()> {
        let settled = match outcome {
            Outcome::Sent => Settled::Sent,
            Outcome::Never(words) => Settled::Failed(words),
            Outcome::Later(words) => match again(due, at.now) {
                Some(next) => Settled::Deferred(next, words),
                None => Settled::Failed(format!("given up after {} tries: {words}", due.attempts + 1)),
            },
        };
        let tx = self.store.begin().await?;
        outbox::settle(&tx, due.id, lease, settled, at.now).await?;
        Ok(tx.commit().await?)
    }

    /// Empties the facts of notices sent long ago, and says of how many.
    pub async fn forget_notices(&self, at: &Moment) -> Result<u64> {
        let tx = self.store.begin().await?;
        let forgotten = outbox::forget(&tx, at.now - FACTS).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}

/// After 1, 5 and 15 minutes, then after 1, 2, 4 and each further 8 hours; `None` after five days.
fn again(due: &Due, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let wait = match due.attempts {
        0 => TimeDelta::minutes(1),
        1 => TimeDelta::minutes(5),
        2 => TimeDelta::minutes(15),
        3 => TimeDelta::hours(1),
        4 => TimeDelta::hours(2),
        5 => TimeDelta::hours(4),
        _ => TimeDelta::hours(8),
    };
    Some(now + wait).filter(|next| *next <= due.queued_at + PATIENCE)
}

fn facts(row: &Claimed) -> Option<NoticeFacts> {
    row.facts.clone().and_then(|facts| serde_json::from_value(facts).ok())
}

/// A notice with its delivery state.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotificationView {
    /// Its id; `X-Notification-Id` of its e-mail.
    pub id: NoticeId,
    /// Name of the notice.
    pub notice: String,
    /// For whom.
    pub recipient_id: Option<PersonId>,
    /// The case it tells about.
    pub case_id: Option<CaseId>,
    /// How far it has come.
    pub status: NoticeStatus,
    /// How often it was tried.
    pub attempts: i16,
    /// When it is tried next.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// What the server or the line said last.
    pub last_error: Option<String>,
    /// When it was queued.
    pub queued_at: DateTime<Utc>,
    /// When the server took it.
    pub sent_at: Option<DateTime<Utc>>,
}

impl From<NoticeRow> for NotificationView {
    fn from(row: NoticeRow) -> Self {
        Self {
            id: row.id,
            notice: row.notice,
            recipient_id: row.recipient,
            case_id: row.case,
            status: row.status,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            last_error: row.last_error,
            queued_at: row.queued_at,
            sent_at: row.sent_at,
        }
    }
}

/// Notices with their delivery state, newest first.
pub async fn list(app: &App, asked: &Asked, filter: &Filter) -> Result<Page<NotificationView>> {
    Ok(outbox::page(app.store.read(), asked, filter).await?.map(NotificationView::from))
}

/// The caller's own notices, newest first.
pub async fn mine(app: &App, caller: &Caller, asked: &Asked) -> Result<Page<NotificationView>> {
    list(app, asked, &Filter { recipient: Some(caller.person), ..Filter::default() }).await
}

/// Notices about one case, newest first: all of them for the secretariat, one's own for everybody else.
pub async fn of_case(
    app: &App,
    caller: &Caller,
    case: CaseId,
    asked: &Asked,
) -> Result<Page<NotificationView>> {
    let recipient = (!caller.is_secretariat()).then_some(caller.person);
    list(app, asked, &Filter { case: Some(case), recipient, ..Filter::default() }).await
}

/// Puts a notice that failed or waits in line again.
///
/// # Errors
/// [`Error::NotFound`], and [`Error::Conflict`] for one that is sent, waits for its first try, or is history.
pub async fn retry(app: &App, caller: &Caller, once: &Once, id: NoticeId) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    if outbox::find(&tx, id).await?.is_none() {
        return Err(Error::NotFound);
    }
    if !outbox::requeue(&tx, id, at.now).await? {
        let told =
            "only a notice that failed or was put off, and whose text is still there, can be tried again";
        return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
    }
    let row = outbox::find(&tx, id).await?.ok_or(Error::NotFound)?;
    let answer = Answer::report(&NotificationView::from(row))?;
    let answer = turn.finish(tx, &at, answer).await?;
    app.wake.notify_one();
    Ok(answer)
}
