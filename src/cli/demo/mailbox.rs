//! The demo's mails, for the page that shows them.

use std::io;
use std::path::Path;

use sojourn_engine::ids::NoticeId;

use crate::mail::Maildir;
use crate::web::demo::{self, Letter};

/// A maildir whose mails a page may show.
#[derive(Debug)]
pub struct Mailbox(Maildir);

impl Mailbox {
    /// The mailbox in a folder, made where there is none.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Maildir::open(folder).map(Self)
    }
}

impl demo::Mailbox for Mailbox {
    fn list(&self) -> io::Result<Vec<NoticeId>> {
        self.0.list()
    }

    fn read(&self, id: NoticeId) -> io::Result<Option<Letter>> {
        let letter = |kept: crate::mail::Kept| Letter {
            id: kept.id,
            date: kept.date,
            to: kept.to,
            subject: kept.subject,
            text: kept.text,
            html: kept.html,
        };
        Ok(self.0.read(id)?.map(letter))
    }
}
