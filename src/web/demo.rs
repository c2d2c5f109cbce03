//! What the demo shows beside the pages: who can sign in, and every mail that was delivered.

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::ids::NoticeId;

/// The extras of a demo, which only listens on its own machine.
#[derive(Debug, Clone)]
pub struct Demo {
    /// Who can sign in.
    pub log_ins: Vec<LogIn>,
    /// Everybody's password.
    pub password: String,
    /// Where the mails lie.
    pub mailbox: Arc<dyn Mailbox>,
}

/// Somebody who can sign in to the demo.
#[derive(Debug, Clone, Serialize)]
pub struct LogIn {
    /// What they do: a duty, `student` or `chair`.
    pub duty: &'static str,
    /// Where; empty for the whole alliance.
    pub place: String,
    /// Their e-mail address.
    pub email: String,
}

/// Mails that were delivered into a folder.
pub trait Mailbox: Debug + Send + Sync {
    /// Ids of all mails, latest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    fn list(&self) -> io::Result<Vec<NoticeId>>;

    /// One mail; `None` when there is none with this id.
    ///
    /// # Errors
    /// The file cannot be read, or is no mail.
    fn read(&self, id: NoticeId) -> io::Result<Option<Letter>>;
}

/// A mail as it was delivered.
#[derive(Debug, Clone, Serialize)]
pub struct Letter {
    /// The notice it tells.
    pub id: NoticeId,
    /// When its notice was queued.
    pub date: Option<DateTime<Utc>>,
    /// Whom it is for, as its header says.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
    /// Its HTML.
    pub html: String,
}
