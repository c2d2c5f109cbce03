//! Where mails go, and what a failure means: wait and try again, or never.

use std::io;

use sojourn_engine::ids::NoticeId;

use super::maildir::Maildir;
use super::render::Mail;
use super::smtp::Smtp;

/// Mails written to a maildir at the same time.
const MAILDIR: usize = 4;

/// Where mails go.
#[derive(Debug)]
pub enum Transport {
    /// To a server.
    Smtp(Smtp),
    /// Into a directory of this machine.
    Maildir(Maildir),
}

/// Why a mail was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server or the line puts it off.
    #[error("{0}")]
    Later(String),
    /// The server refuses it for good; these are its words.
    #[error("{0}")]
    Never(String),
    /// The same, because it knows no such mailbox.
    #[error("{0}")]
    NoMailbox(String),
    /// It was not handed over, because it was not to be sent any more.
    #[error("not sent any more")]
    Withdrawn,
}

/// Asked last before a mail is handed over for good: whether it is still to be sent.
pub type Still<'a> = &'a (dyn Fn() -> bool + Send + Sync);

impl Transport {
    /// Hands one mail over; once this returns without a failure, the receiving side has it.
    ///
    /// # Errors
    /// [`Failure::Later`] for a fault that may pass, [`Failure::Never`] for a refusal, [`Failure::Withdrawn`] when `still` says no.
    pub async fn send(&self, mail: &Mail, still: Still<'_>) -> Result<(), Failure> {
        match self {
            Self::Smtp(smtp) => smtp.send(mail, still).await,
            Self::Maildir(_) if !still() => Err(Failure::Withdrawn),
            Self::Maildir(maildir) => {
                maildir.keep(mail).await.map_err(|fault| Failure::Later(fault.to_string()))
            }
        }
    }

    /// Removes mails of these notices that it keeps itself.
    ///
    /// # Errors
    /// One that cannot be removed.
    pub fn forget(&self, notices: &[NoticeId]) -> io::Result<()> {
        match self {
            Self::Smtp(_) => Ok(()),
            Self::Maildir(maildir) => notices.iter().try_for_each(|id| maildir.remove(*id)),
        }
    }

    /// How many mails it takes at the same time.
    pub const fn lanes(&self) -> usize {
        match self {
            Self::Smtp(smtp) => smtp.most(),
            Self::Maildir(_) => MAILDIR,
        }
    }

    /// Takes leave of the server.
    pub async fn close(&self) {
        match self {
            Self::Smtp(smtp) => smtp.close().await,
            Self::Maildir(_) => {}
        }
    }
}
