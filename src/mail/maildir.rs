//! Mails kept in a maildir, for an instance without an SMTP server.
//!
//! A mail is written to `tmp`, made durable and renamed into `new`, so that a reader never sees half of one. Its file bears the id of
//! its notice: handed over twice it is kept once.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use mailparse::{MailHeaderMap, ParsedMail};
use sojourn_engine::ids::NoticeId;

use super::render::Mail;

/// A directory of mails.
#[derive(Debug, Clone)]
pub struct Maildir {
    root: Arc<PathBuf>,
}

/// A mail read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
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

impl Maildir {
    /// The maildir at `root`, made where there is none.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn open(root: &Path) -> io::Result<Self> {
        for part in ["tmp", "new", "cur"] {
            fs::create_dir_all(root.join(part))?;
        }
        Ok(Self { root: Arc::new(root.to_owned()) })
    }

    /// Keeps one mail durably.
    pub(super) async fn keep(&self, mail: &Mail) -> io::Result<()> {
        let (maildir, id, bytes) = (self.clone(), mail.id, mail.bytes.clone());
        let written = tokio::task::spawn_blocking(move || maildir.write(id, &bytes)).await;
        written.unwrap_or_else(|gone| Err(io::Error::other(gone)))
    }

    fn write(&self, id: NoticeId, bytes: &[u8]) -> io::Result<()> {
        if self.find(id)?.is_some() {
            return Ok(());
        }
        let draft = self.root.join("tmp").join(id.to_string());
        let mut file = File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        let new = self.root.join("new");
        fs::rename(&draft, new.join(id.to_string()))?;
        File::open(&new)?.sync_all()
    }

    /// Ids of all mails, latest first.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn list(&self) -> io::Result<Vec<NoticeId>> {
        let mut ids = Vec::new();
        for part in ["new", "cur"] {
            for entry in fs::read_dir(self.root.join(part))? {
                ids.extend(id_of(&entry?.file_name().to_string_lossy()));
            }
        }
        ids.sort_unstable_by(|a, b| b.cmp(a));
        Ok(ids)
    }

    /// The mail of a notice; `None` when it was never sent here.
    ///
    /// # Errors
    /// The file cannot be read, or is no mail.
    pub fn read(&self, id: NoticeId) -> io::Result<Option<Kept>> {
        let Some(file) = self.find(id)? else { return Ok(None) };
        let bytes = fs::read(file)?;
        let mail = mailparse::parse_mail(&bytes).map_err(io::Error::other)?;
        let header = |name: &str| mail.headers.get_first_value(name).unwrap_or_default();
        let date = mailparse::dateparse(&header("Date")).ok().and_then(|at| DateTime::from_timestamp(at, 0));
        Ok(Some(Kept {
            id,
            date,
            to: header("To"),
            subject: header("Subject"),
            text: body(&mail, "text/plain")?,
            html: body(&mail, "text/html")?,
        }))
    }

    /// Removes the mail of a notice, if it was ever kept here.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn remove(&self, id: NoticeId) -> io::Result<()> {
        match self.find(id)? {
            Some(file) => fs::remove_file(file),
            None => Ok(()),
        }
    }

    /// The file of a notice: in `new`, or in `cur` once a mail reader has seen it.
    fn find(&self, id: NoticeId) -> io::Result<Option<PathBuf>> {
        let new = self.root.join("new").join(id.to_string());
        if new.try_exists()? {
            return Ok(Some(new));
        }
        for entry in fs::read_dir(self.root.join("cur"))? {
            let entry = entry?;
            if id_of(&entry.file_name().to_string_lossy()) == Some(id) {
                return Ok(Some(entry.path()));
            }
        }
        Ok(None)
    }
}

/// The id in a file name; readers append their flags after a colon.
fn id_of(name: &str) -> Option<NoticeId> {
    name.split(':').next()?.parse().ok()
}

fn body(mail: &ParsedMail<'_>, kind: &str) -> io::Result<String> {
    match mail.parts().find(|part| part.ctype.mimetype == kind) {
        Some(part) => part.get_body().map_err(io::Error::other),
        None => Ok(String::new()),
    }
}
