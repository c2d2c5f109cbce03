//! Where mails go, and what a failure means: wait and try again, or never.

use super::maildir::Maildir;
use super::render::Mail;
use super::smtp::Smtp;

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
}

impl Transport {
    /// Hands one mail over; once this returns without a failure, the receiving side has it.
    ///
    /// # Errors
    /// [`Failure::Later`] for a fault that may pass, [`Failure::Never`] for a refusal.
    pub async fn send(&self, mail: &Mail) -> Result<(), Failure> {
        match self {
            Self::Smtp(smtp) => smtp.send(mail).await,
            Self::Maildir(maildir) => {
                maildir.keep(mail).await.map_err(|fault| Failure::Later(fault.to_string()))
            }
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
