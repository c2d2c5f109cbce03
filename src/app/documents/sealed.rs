//! Contents under the key of their applicant: opened for readers, sealed where they lay open before there were keys.

use std::collections::BTreeSet;
use std::io;

use bytes::Bytes;
use futures_util::stream::{BoxStream, try_unfold};
use futures_util::{StreamExt, TryStreamExt};
use sojourn_engine::ids::{CaseId, DocumentId, PersonId};
use tokio::io::AsyncReadExt;
use uuid::Uuid;

use crate::app::{App, Error, Result};
use crate::store::documents::{self as rows, Document};
use crate::store::files::FilesError;
use crate::store::{Conn, payloads, person_keys};
use crate::vault::{CHUNK, DataKey, Opener, VaultError};

/// A content, opened piece by piece.
pub type Opened = BoxStream<'static, io::Result<Bytes>>;

/// Rows sealed in one transaction.
const AT_A_TIME: u64 = 500;

/// Where a content belongs: its table, its person, its case and its row.
pub(super) fn place(owner: PersonId, case: CaseId, id: DocumentId) -> Vec<u8> {
    let ids = [Uuid::from(owner), Uuid::from(case), Uuid::from(id)].map(Uuid::into_bytes);
    [b"documents\0".as_slice(), &ids.concat()].concat()
}

fn internal(fault: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Internal(Box::new(fault))
}

/// The key of somebody, made if there is none.
pub(super) async fn key_of(app: &App, owner: PersonId) -> Result<DataKey> {
    let one = BTreeSet::from([owner]);
    let mut keys = person_keys::of(app.store.read(), &one).await?;
    if keys.is_empty() {
        let tx = app.store.begin().await?;
        keys = person_keys::made(&tx, &one).await?;
        tx.commit().await?;
    }
    keys.remove(&owner).ok_or(Error::NotFound)
}

/// The content of a document; its first piece has been read, so that what does not open shows at once.
///
/// # Errors
/// [`Error::NotFound`] for one that was removed or erased.
pub async fn content(app: &App, conn: &impl Conn, owner: PersonId, row: &Document) -> Result<Opened> {
    let keys = person_keys::of(conn, &BTreeSet::from([owner])).await?;
    let (Some(name), Some(key)) = (&row.object, keys.get(&owner)) else { return Err(Error::NotFound) };
    let opener = key.opener(place(owner, row.case_id, row.id));
    let sealed = app.files.read(name).await.map_err(|fault| match fault {
        FilesError::NotFound { .. } => internal(fault),
        fault => Error::Unavailable(Box::new(fault)),
    })?;
    let mut opened = Box::pin(try_unfold(Some((sealed, opener)), open_next));
    let first = opened.next().await.transpose().map_err(internal)?.unwrap_or_default();
    Ok(futures_util::stream::iter([Ok(first)]).chain(opened).boxed())
}

type Sealed = BoxStream<'static, Result<Bytes, FilesError>>;

/// The next piece of a content that is not empty.
async fn open_next(state: Option<(Sealed, Opener)>) -> io::Result<Option<(Bytes, Option<(Sealed, Opener)>)>> {
    let Some((mut sealed, mut opener)) = state else { return Ok(None) };
    while let Some(piece) = sealed.try_next().await.map_err(io::Error::other)? {
        let plain = opener.put(&piece).map_err(io::Error::other)?;
        if !plain.is_empty() {
            return Ok(Some((plain.into(), Some((sealed, opener)))));
        }
    }
    let last = opener.end().map_err(io::Error::other)?;
    Ok(Some((last.into(), None)))
}

impl App {
    /// Seals what people wrote, and the contents of documents, that lie open since before there were keys; says how many of each.
    /// Stopped in the middle, it goes on where it was.
    ///
    /// # Errors
    /// Faults of the database, and of the places of contents.
    pub async fn seal_old(&self) -> Result<(u64, u64)> {
        let (mut payloads_done, mut contents) = (0, 0);
        loop {
            let tx = self.store.begin().await?;
            let some = payloads::seal_old(&tx, AT_A_TIME).await?;
            tx.commit().await?;
            payloads_done += some;
            if some == 0 {
                break;
            }
        }
        for id in self.files.old().await.map_err(internal)? {
            contents += u64::from(self.seal_content(id).await?);
        }
        Ok((payloads_done, contents))
    }

    /// Seals the content of one document and removes it where it lay open; a content that no document names is removed.
    async fn seal_content(&self, id: DocumentId) -> Result<bool> {
        let row = rows::with_owner(self.store.read(), id).await?;
        let mut sealed = false;
        if let Some((row, owner)) = row.filter(|(row, _)| row.object.is_none() && row.emptied_at.is_none()) {
            let key = key_of(self, owner).await?;
            let content = self.seal_file(&key, owner, &row).await?;
            let tx = self.store.begin().await?;
            sealed = rows::place_content(&tx, id, content.name()).await?;
            // From here on the row may name it, whatever is answered.
            if sealed {
                content.keep();
            } else {
                content.discard().await;
            }
            tx.commit().await?;
        }
        self.files.remove_old(id).await.map_err(internal)?;
        Ok(sealed)
    }

    async fn seal_file(
        &self,
        key: &DataKey,
        owner: PersonId,
        row: &Document,
    ) -> Result<crate::store::files::Unnamed> {
        let mut file = self.files.open_old(row.id).await.map_err(internal)?;
        let mut sealer = key.sealer(place(owner, row.case_id, row.id));
        let mut writing = self.files.begin();
        let mut page = vec![0; CHUNK];
        loop {
            let read = file.read(&mut page).await.map_err(internal)?;
            let piece = if read == 0 { break } else { sealer.put(&page[..read]) };
            writing.put(piece.map_err(internal)?.into()).await.map_err(internal)?;
        }
        let last: Result<Vec<u8>, VaultError> = sealer.end();
        writing.put(last.map_err(internal)?.into()).await.map_err(internal)?;
        writing.finish().await.map_err(internal)
    }
}
