//! Notices with their delivery state, shown to the secretariat; `claims` has those that are on their way.

mod claims;
mod standings;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::ids::{CaseId, NoticeId, PersonId};
use sojourn_engine::vocabulary::{Deed, Matter, NoticeStatus};
use utoipa::ToSchema;

use super::audit::Deeds;
use super::notices::Letter;
use super::{Answer, App, Asked, Conflict, Error, Once, Page, Result};
use crate::access::Caller;
use crate::store::outbox::{self, NoticeRow};

pub use crate::store::outbox::Filter;
pub use claims::{Due, Outcome, Patience};

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
    /// The notice that it sends once more.
    pub repeats: Option<NoticeId>,
}

/// A notice with what its e-mail says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotificationContent {
    /// How far it has come.
    pub notification: NotificationView,
    /// Its e-mail as it would be written now; `null` once what it said is gone, or while its recipient has no address.
    pub content: Option<Content>,
    /// Why there is none.
    pub why_not: Option<String>,
}

/// What an e-mail says.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Content {
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
    /// Its HTML.
    pub html: String,
}

/// Who writes a letter as an e-mail, so that it can be looked at.
pub trait Writer: std::fmt::Debug + Send + Sync {
    /// What the mail of a letter says.
    ///
    /// # Errors
    /// Why it cannot be written.
    fn write(&self, letter: &Letter) -> std::result::Result<Content, String>;
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
            repeats: row.repeats,
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
    Deeds::new(Deed::Resend, Matter::Notice, id).note(&tx, &at, caller).await?;
    let row = outbox::find(&tx, id).await?.ok_or(Error::NotFound)?;
    let answer = Answer::report(&NotificationView::from(row))?;
    let answer = turn.finish(tx, &at, answer).await?;
    app.wake.notify_one();
    Ok(answer)
}

/// One notice with what its e-mail says.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(app: &App, id: NoticeId) -> Result<NotificationContent> {
    let row = outbox::find(app.store.read(), id).await?.ok_or(Error::NotFound)?;
    let written = match (app.letter_of(id).await?, app.writer.get()) {
        (Some(Ok(letter)), Some(writer)) => writer.write(&letter),
        (Some(Err(why)), _) => Err(why),
        (Some(Ok(_)), None) => Err("no mails are written here".to_owned()),
        (None, _) => Err("what it said is gone".to_owned()),
    };
    let (content, why_not) = match written {
        Ok(content) => (Some(content), None),
        Err(why) => (None, Some(why)),
    };
    Ok(NotificationContent { notification: row.into(), content, why_not })
}

/// Sends what a notice said once more, as a notice of its own: for one whose e-mail was taken and yet is not there.
///
/// # Errors
/// [`Error::NotFound`], and [`Error::Conflict`] for one that waits still, is history, or whose text is gone.
pub async fn resend(app: &App, caller: &Caller, once: &Once, id: NoticeId) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    if outbox::find(&tx, id).await?.is_none() {
        return Err(Error::NotFound);
    }
    let again: NoticeId = at.id();
    if !outbox::repeat(&tx, id, again, at.now).await? {
        let told = "only a notice that was sent, failed or came back, and whose text is still there, can be sent once more";
        return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
    }
    Deeds::new(Deed::Resend, Matter::Notice, id).note(&tx, &at, caller).await?;
    let row = outbox::find(&tx, again).await?.ok_or(Error::NotFound)?;
    let answer = Answer::report(&NotificationView::from(row))?;
    let answer = turn.finish(tx, &at, answer).await?;
    app.wake.notify_one();
    Ok(answer)
}
