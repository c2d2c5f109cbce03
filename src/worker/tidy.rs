//! What is left of people who were erased, outside the rows of the database: mails kept on this machine, mails that came back,
//! contents, free pages. It is done again until nothing is left.

use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use tracing::{error, info};

use super::Worker;
use crate::app::Result;
use crate::app::erasures::Remains;

impl Worker {
    /// Tidies up behind erasures, and says how many are done for good.
    ///
    /// # Errors
    /// Faults of the database; what cannot be removed yet is told in the log and tried again.
    pub async fn tidy_up(&self) -> Result<usize> {
        let untidy = self.app.untidy_erasures().await?;
        if untidy.is_empty() {
            return Ok(0);
        }
        let (post, folder) =
            (Arc::clone(&self.post), self.bounces.as_ref().map(|bounces| bounces.folder().to_owned()));
        let remains: Vec<Remains> = untidy.iter().map(|one| one.remains.clone()).collect();
        let removed = tokio::task::spawn_blocking(move || {
            remains.iter().try_for_each(|remains| {
                post.forget(&remains.notices)?;
                folder.as_deref().map_or(Ok(()), |folder| forget(folder, remains))
            })
        });
        if let Err(fault) = removed.await.unwrap_or_else(|gone| Err(io::Error::other(gone))) {
            error!(%fault, "mails of somebody who was erased cannot be removed yet");
            return Ok(0);
        }
        if !self.app.tidy_up(&self.app.clock.moment(), &untidy).await? {
            return Ok(0);
        }
        info!(erasures = untidy.len(), "nothing is left of people who were erased");
        Ok(untidy.len())
    }
}

/// Removes mails from a maildir that name one of the notices, or the address.
fn forget(folder: &Path, remains: &Remains) -> io::Result<()> {
    let mut known: Vec<String> = remains.notices.iter().map(ToString::to_string).collect();
    known.extend(remains.address.iter().map(|address| address.to_lowercase()));
    for part in ["new", "cur", "tmp"] {
        for entry in fs::read_dir(folder.join(part))? {
            let path = entry?.path();
            let content = fs::read(&path)?;
            let content = String::from_utf8_lossy(&content).to_lowercase();
            if known.iter().any(|known| content.contains(known.as_str())) {
                fs::remove_file(&path)?;
            }
        }
    }
    Ok(())
}
