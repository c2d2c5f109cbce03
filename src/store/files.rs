//! Contents of documents, one file each in one folder, named by the document's id.
//!
//! A file is written whole beside its place, brought to the disk, and then renamed, before the row that names it is committed:
//! a row never names a file that is not there. Nothing is ever written over.

use std::io;
use std::path::PathBuf;

use sojourn_engine::ids::DocumentId;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

/// The folder of the files.
#[derive(Debug, Clone)]
pub struct Files {
    folder: PathBuf,
}

/// A file that no committed row names yet; dropped, it is removed again.
#[derive(Debug)]
pub struct Unnamed {
    place: PathBuf,
    kept: bool,
}

impl Unnamed {
    /// Leaves the file where it is, for the row that is about to be committed.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        // A file that cannot be removed is named by no row, so nobody is shown it.
        if !self.kept && std::fs::remove_file(&self.place).is_err() {
            tracing::debug!(place = %self.place.display(), "nothing to remove");
        }
    }
}

impl Files {
    /// The files in that folder, which is made when the first one comes.
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Writes a content under its document's id, and returns when it is on the disk.
    pub async fn write(&self, id: DocumentId, content: &[u8]) -> io::Result<Unnamed> {
        fs::create_dir_all(&self.folder).await?;
        let part = Unnamed { place: self.folder.join(format!("{id}.part")), kept: false };
        let mut file = File::create_new(&part.place).await?;
        file.write_all(content).await?;
        file.sync_all().await?;
        let place = self.place(id);
        fs::rename(&part.place, &place).await?;
        part.keep();
        let whole = Unnamed { place, kept: false };
        // A new name is safe only once its folder is.
        File::open(&self.folder).await?.sync_all().await?;
        Ok(whole)
    }

    /// Opens a content for reading.
    pub async fn open(&self, id: DocumentId) -> io::Result<File> {
        File::open(self.place(id)).await
    }

    /// Removes a content that no row names any more.
    pub async fn remove(&self, id: DocumentId) -> io::Result<()> {
        fs::remove_file(self.place(id)).await
    }

    fn place(&self, id: DocumentId) -> PathBuf {
        self.folder.join(id.to_string())
    }
}
