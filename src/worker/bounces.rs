//! Reads what came back from a maildir: each message is taken once and then put among those that were read.
//!
//! Taking is idempotent, so that a message goes from `new` to `cur` only when it is dealt with: a worker that is killed between leaves
//! it for the next, and two workers may read the same one. What is no report is kept flagged, for somebody to read.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{error, info, warn};

use crate::app::App;
use crate::app::bounces::{self, Taken};
use crate::mail::bounce;

/// Messages taken in one round.
const MOST: usize = 100;
/// Flags of a maildir: seen; and flagged, which mail programs show as important.
const SEEN: &str = ":2,S";
const FLAGGED: &str = ":2,FS";

/// A maildir of what came back.
#[derive(Debug)]
pub(super) struct Bounces {
    folder: PathBuf,
    /// Messages that could not be put away, so that they are not read for ever.
    stuck: Mutex<BTreeSet<String>>,
}

impl Bounces {
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), stuck: Mutex::default() }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes what is new, and says how many messages were put away.
    pub(super) async fn take(&self, app: &Arc<App>) -> usize {
        let folder = self.folder.clone();
        let listed = tokio::task::spawn_blocking(move || list(&folder)).await;
        let names = match listed {
            Ok(Ok(names)) => names,
            Ok(Err(fault)) => {
                warn!(%fault, folder = %self.folder.display(), "mails that came back cannot be read: see mail.bounces");
                return 0;
            }
            Err(_) => return 0,
        };
        let known = self.stuck.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut count = 0;
        for name in names.into_iter().filter(|name| !known.contains(name)).take(MOST) {
            let Some(flags) = self.one(app, &name).await else { continue };
            let (from, to) =
                (self.folder.join("new").join(&name), self.folder.join("cur").join(format!("{name}{flags}")));
            match fs::rename(from, to) {
                Ok(()) => count += 1,
                // Another worker was faster.
                Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
                Err(fault) => {
                    error!(%fault, name, "a mail that came back cannot be put away: it is not read again");
                    self.stuck.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
                }
            }
        }
        count
    }

    /// Deals with one message, and says with which flags it is put away; `None` leaves it for another round.
    async fn one(&self, app: &App, name: &str) -> Option<&'static str> {
        let path = self.folder.join("new").join(name);
        let read = tokio::task::spawn_blocking(move || content(&path)).await;
        let bytes = match read {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(fault)) if fault.kind() == io::ErrorKind::NotFound => return None,
            Ok(Err(_)) | Err(_) => return Some(FLAGGED),
        };
        let reports = match bounce::read(&bytes) {
            Ok(reports) => reports,
            Err(unknown) => {
                info!(name, %unknown, "a mail that came back is kept for somebody to read");
                return Some(FLAGGED);
            }
        };
        for report in reports {
            match bounces::take(app, &app.clock.moment(), &report).await {
                Ok(Taken::Foreign) => {
                    warn!(name, notice.id = %report.notice, "a report about a mail that went to nobody it names");
                }
                Ok(_) => {}
                Err(fault) => {
                    error!(%fault, name, "a mail that came back could not be taken: it is read again");
                    return None;
                }
            }
        }
        Some(SEEN)
    }
}

/// Names of what is new, oldest first as maildirs name them; only plain files with plain names.
fn list(folder: &Path) -> io::Result<Vec<String>> {
    fs::create_dir_all(folder.join("cur"))?;
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.join("new"))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort();
    Ok(names)
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bounce::MOST as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
