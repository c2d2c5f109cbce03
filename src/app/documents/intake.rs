//! A file on its way in: looked at, scanned, hashed, sealed and written piece by piece, never whole in memory.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use sojourn_engine::ids::{CaseId, DocumentId, PersonId};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::flaw::Flaw;
use super::inspect::Inspector;
use super::scanner::{Scan, Scanner};
use super::sealed;
use crate::access::Caller;
use crate::app::scene::Scene;
use crate::app::{App, Conflict, Error, Result};
use crate::config;
use crate::store::files::{FilesError, Unnamed, Writing};
use crate::vault::Sealer;

/// Largest file, in bytes.
pub const FILE: usize = 10 * 1024 * 1024;
/// Files that come in at the same time; each takes two parts of memory at most.
const AT_A_TIME: usize = 8;

/// What uploads have to keep to.
#[derive(Debug)]
pub struct Uploads {
    scanner: Option<Scanner>,
    versions: u32,
    per_application: u32,
    running: Semaphore,
}

impl Uploads {
    /// As the settings say.
    pub fn new(settings: &config::Files) -> Self {
        Self {
            scanner: Scanner::new(settings),
            versions: settings.versions,
            per_application: settings.per_application,
            running: Semaphore::new(AT_A_TIME),
        }
    }

    /// Passes when a case that holds so many files may take another as this version.
    pub(super) fn room(&self, version: i32, held: u64) -> Result<()> {
        let full = if i64::from(version) > i64::from(self.versions) {
            Some(format!(
                "this document has {} versions, the most that are kept: ask your coordinator",
                self.versions
            ))
        } else if held >= u64::from(self.per_application) {
            let most = self.per_application;
            Some(format!("this application has {most} files, the most that are kept: ask your coordinator"))
        } else {
            None
        };
        full.map_or(Ok(()), |told| Err(Error::Conflict(Conflict::NotNow(told))))
    }
}

/// Why a file is not taken.
#[derive(Debug)]
pub enum Unfit {
    /// It is larger than [`FILE`].
    TooLarge,
    /// It is of no kind that is taken.
    Kind,
    /// Something is wrong with its content.
    Content(Flaw),
    /// What keeps any file from being taken.
    Failed(Error),
}

impl From<Error> for Unfit {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<FilesError> for Unfit {
    fn from(fault: FilesError) -> Self {
        Self::Failed(Error::Unavailable(Box::new(fault)))
    }
}

/// A file to supply.
#[derive(Debug)]
pub struct NewDocument {
    /// Slot of the workflow.
    pub slot: String,
    /// Name it has at its owner's.
    pub file_name: String,
    /// What came in.
    pub received: Received,
}

/// A file under the name it has at its owner's.
#[derive(Debug)]
pub struct NewFile {
    /// Name it has at its owner's.
    pub file_name: String,
    /// What came in.
    pub received: Received,
}

/// A file that came in whole and was found fit.
#[derive(Debug)]
pub struct Received {
    /// What is known of it.
    pub told: Told,
    /// The content, which no row names yet.
    pub content: Unnamed,
}

/// What is known of a file.
#[derive(Debug)]
pub struct Told {
    /// Id of the document it becomes.
    pub id: DocumentId,
    /// Kind, as told by its content.
    pub media_type: &'static str,
    /// Bytes of the content.
    pub size: u64,
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
    /// Random name it lies under.
    pub name: String,
}

/// A file on its way in; dropped, nothing of it stays.
#[derive(Debug)]
pub struct Intake<'a> {
    id: DocumentId,
    writing: Writing,
    sealer: Sealer,
    inspector: Option<Inspector>,
    scan: Option<Scan<'a>>,
    hash: Sha256,
    size: usize,
    _turn: SemaphorePermit<'a>,
}

/// Begins to take a file for a case that the caller sees.
///
/// # Errors
/// [`Error::NotFound`], and faults of the database.
pub async fn begin<'a>(app: &'a App, caller: &Caller, case: CaseId) -> Result<Intake<'a>, Unfit> {
    let at = app.clock.moment();
    let scene = Scene::look(app, &caller.scope(), case, &at).await?;
    let owner: PersonId = scene.live.dossier.application.applicant;
    let turn = app.uploads.running.acquire().await;
    let turn = turn.map_err(|closed| Error::Internal(Box::new(closed)))?;
    let id: DocumentId = at.id();
    let key = sealed::key_of(app, owner).await?;
    let scan = match &app.uploads.scanner {
        Some(scanner) => Some(scanner.begin()?),
        None => None,
    };
    Ok(Intake {
        id,
        writing: app.files.begin(),
        sealer: key.sealer(sealed::place(owner, case, id)),
        inspector: Some(Inspector::default()),
        scan,
        hash: Sha256::new(),
        size: 0,
        _turn: turn,
    })
}

impl Intake<'_> {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Unfit`], as soon as it shows.
    pub async fn put(&mut self, piece: Bytes) -> Result<(), Unfit> {
        self.size += piece.len();
        if self.size > FILE {
            return Err(Unfit::TooLarge);
        }
        self.hash.update(&piece);
        let looked_at = piece.clone();
        self.inspect(move |inspector| inspector.feed(&looked_at)).await?;
        if let Some(scan) = &mut self.scan {
            scan.put(&piece).await?;
        }
        let sealed = self.sealer.put(&piece).map_err(unsealed)?;
        Ok(self.writing.put(sealed.into()).await?)
    }

    /// Ends the file, and returns when all of it is there for good.
    ///
    /// # Errors
    /// [`Unfit`].
    pub async fn end(mut self) -> Result<Received, Unfit> {
        let media_type = self.inspect(Inspector::end).await?;
        if let Some(scan) = self.scan.take() {
            scan.verdict(self.id).await?;
        }
        self.writing.put(self.sealer.end().map_err(unsealed)?.into()).await?;
        let content = self.writing.finish().await?;
        let told = Told {
            id: self.id,
            media_type,
            size: self.size as u64,
            sha256: self.hash.finalize().into(),
            name: content.name().to_owned(),
        };
        Ok(Received { told, content })
    }

    /// Looks at bytes beside the threads that serve: a small piece may unfold into much.
    async fn inspect<T: Send + 'static>(
        &mut self,
        look: impl FnOnce(&mut Inspector) -> Result<T, Unfit> + Send + 'static,
    ) -> Result<T, Unfit> {
        let mut inspector = self.inspector.take().unwrap_or_default();
        let looked = tokio::task::spawn_blocking(move || {
            let told = look(&mut inspector);
            (inspector, told)
        });
        let (inspector, told) = looked.await.map_err(|fault| Error::Internal(Box::new(fault)))?;
        self.inspector = Some(inspector);
        told
    }
}

fn unsealed(fault: crate::vault::VaultError) -> Unfit {
    Unfit::Failed(Error::Internal(Box::new(fault)))
}
