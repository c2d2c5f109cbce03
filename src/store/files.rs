//! Contents of documents: each under a random name that tells nothing, in a folder or in a bucket of an S3 server.
//!
//! What comes here is sealed already. A content is whole before the row that names it is committed: a row never names one that
//! is not there. Nothing is ever written over, and no more of a content than a part is in memory.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
use sojourn_engine::ids::DocumentId;
use tokio::io::AsyncWriteExt;
use url::Url;

use crate::config;
use crate::vault;

pub use object_store::Error as FilesError;

/// Bytes that an S3 server wants in each part but the last.
const PART: usize = 5 * 1024 * 1024;
/// Bytes written to a folder at a time.
const PAGE: usize = 256 * 1024;

/// Where the contents are.
#[derive(Debug, Clone)]
pub struct Files {
    objects: Arc<dyn ObjectStore>,
    part: usize,
    /// Where contents lay before they were sealed, named by their documents.
    folder: PathBuf,
}

/// A content on its way in; dropped, what was written of it is removed again.
#[derive(Debug)]
pub struct Writing {
    writer: Option<BufWriter>,
    name: String,
    files: Files,
}

/// A content that no committed row names yet; dropped, it is removed again.
#[derive(Debug)]
pub struct Unnamed {
    name: Option<String>,
    files: Files,
}

/// Runs what a destructor cannot wait for.
fn later(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(work);
    }
}

impl Writing {
    /// Takes the next bytes.
    pub async fn put(&mut self, bytes: Bytes) -> Result<(), FilesError> {
        match &mut self.writer {
            Some(writer) if !bytes.is_empty() => writer.put(bytes).await,
            _ => Ok(()),
        }
    }

    /// Returns when all of it is there for good.
    pub async fn finish(mut self) -> Result<Unnamed, FilesError> {
        if let Some(mut writer) = self.writer.take() {
            let ended = writer.shutdown().await;
            ended.map_err(|fault| FilesError::Generic { store: "files", source: Box::new(fault) })?;
        }
        Ok(Unnamed { name: Some(std::mem::take(&mut self.name)), files: self.files.clone() })
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let Some(mut writer) = self.writer.take() else { return };
        later(async move {
            if let Err(fault) = writer.abort().await {
                tracing::debug!(%fault, "a broken upload could not be taken back");
            }
        });
    }
}

impl Unnamed {
    /// The random name.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    /// Leaves the content where it is, for the row that is about to be committed.
    pub fn keep(mut self) {
        self.name = None;
    }

    /// Removes it now.
    pub async fn discard(mut self) {
        if let Some(name) = self.name.take() {
            self.files.remove(&name).await;
        }
    }
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        let Some(name) = self.name.take() else { return };
        let files = self.files.clone();
        later(async move {
            files.remove(&name).await;
        });
    }
}

impl Files {
    /// The place that the settings name; a folder is made if it is not there, for its owner alone.
    ///
    /// # Errors
    /// A folder that cannot be made, an address that is none of a bucket, credentials that are missing.
    pub fn open(settings: &config::Files) -> Result<Self, FilesError> {
        // Whoever has chosen one before has chosen.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = settings.dir.clone();
        let Some(url) = &settings.url else {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
            made.map_err(|fault| FilesError::Generic { store: "files", source: Box::new(fault) })?;
            let objects = LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true);
            return Ok(Self { objects: Arc::new(objects), part: PAGE, folder });
        };
        let bucket = AmazonS3Builder::from_env().with_url(url).build()?;
        let parsed = Url::parse(url)
            .map_err(|fault| FilesError::Generic { store: "files", source: Box::new(fault) })?;
        let prefix = Path::from_url_path(parsed.path())?;
        let objects: Arc<dyn ObjectStore> = if prefix.as_ref().is_empty() {
            Arc::new(bucket)
        } else {
            Arc::new(PrefixStore::new(bucket, prefix))
        };
        Ok(Self { objects, part: PART, folder })
    }

    /// Proves that contents can be kept, before somebody loses one.
    ///
    /// # Errors
    /// Whatever keeps one from being written or removed.
    pub async fn probe(&self) -> Result<(), FilesError> {
        let name = Path::from(vault::random_name());
        self.objects.put(&name, Bytes::new().into()).await?;
        self.objects.delete(&name).await
    }

    /// Begins a content under a new name.
    pub fn begin(&self) -> Writing {
        let name = vault::random_name();
        let writer =
            BufWriter::with_capacity(Arc::clone(&self.objects), Path::from(name.as_str()), self.part);
        Writing { writer: Some(writer.with_max_concurrency(1)), name, files: self.clone() }
    }

    /// Reads a content from its beginning.
    ///
    /// # Errors
    /// [`FilesError::NotFound`], and a place that does not answer.
    pub async fn read(
        &self,
        name: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, FilesError>>, FilesError> {
        Ok(self.objects.get(&Path::from(name)).await?.into_stream())
    }

    /// Removes a content that no row names any more, and says whether it is gone; what cannot be removed is told in the log.
    pub async fn remove(&self, name: &str) -> bool {
        match self.objects.delete(&Path::from(name)).await {
            Ok(()) | Err(FilesError::NotFound { .. }) => true,
            Err(fault) => {
                tracing::error!(%fault, name, "a content that no row names is left behind");
                false
            }
        }
    }

    /// Names of all contents.
    pub fn names(&self) -> BoxStream<'static, Result<String, FilesError>> {
        let listed = self.objects.list(None);
        listed.map(|found| found.map(|meta| meta.location.as_ref().to_owned())).boxed()
    }

    /// A content from before they were sealed.
    pub async fn open_old(&self, id: DocumentId) -> io::Result<tokio::fs::File> {
        tokio::fs::File::open(self.folder.join(id.to_string())).await
    }

    /// Documents whose contents lie there as they did before they were sealed.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub async fn old(&self) -> io::Result<Vec<DocumentId>> {
        let mut found = Vec::new();
        let mut folder = match tokio::fs::read_dir(&self.folder).await {
            Ok(folder) => folder,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(found),
            Err(fault) => return Err(fault),
        };
        while let Some(entry) = folder.next_entry().await? {
            let name = entry.file_name();
            // A sealed content has a name without dashes.
            let dashed = name.to_str().filter(|name| name.contains('-'));
            found.extend(dashed.and_then(|name| name.parse::<DocumentId>().ok()));
        }
        Ok(found)
    }

    /// Removes a content from before they were sealed.
    pub async fn remove_old(&self, id: DocumentId) -> io::Result<()> {
        tokio::fs::remove_file(self.folder.join(id.to_string())).await
    }
}
