//! Files that come with a message: documents without a slot, read by whoever reads the message.

use sojourn_engine::ids::{CaseId, DocumentId};
use sojourn_engine::vocabulary::DocumentClass;

use super::intake::{NewFile, Told};
use super::{Received, names, tidy};
use crate::app::{App, Result};
use crate::store::Tx;
use crate::store::documents::{self as rows, Document};
use crate::store::files::Unnamed;
use crate::store::messages::Message;

/// Files on their way into a message.
#[derive(Debug)]
pub(in crate::app) struct Attached {
    files: Vec<(String, Told)>,
    /// As long as no row may name them.
    contents: Vec<Unnamed>,
}

impl Attached {
    /// Files that came in whole.
    pub(in crate::app) fn of(files: Vec<NewFile>) -> Self {
        let (mut kept, mut contents) = (Vec::new(), Vec::new());
        for NewFile { file_name, received: Received { told, content } } in files {
            kept.push((file_name, told));
            contents.push(content);
        }
        Self { files: kept, contents }
    }

    /// Ids of the documents they become.
    pub(in crate::app) fn ids(&self) -> impl Iterator<Item = DocumentId> {
        self.files.iter().map(|(_, told)| told.id)
    }

    /// Enters the rows; from here on they may name the contents, whatever is answered.
    ///
    /// # Errors
    /// [`crate::app::Error::Conflict`] when the case holds as much as it may.
    pub(in crate::app) async fn enter(&mut self, app: &App, tx: &Tx, message: &Message) -> Result<()> {
        if self.files.is_empty() {
            return Ok(());
        }
        let held = rows::count(tx, message.case).await?;
        for (nth, (file_name, told)) in (0..).zip(&self.files) {
            app.uploads.room(1, held + nth)?;
            rows::add(tx, row(message, nth, file_name, told)).await?;
        }
        self.contents.drain(..).for_each(Unnamed::keep);
        Ok(())
    }

    /// Removes the contents of files that no row came to name.
    pub(in crate::app) async fn settle(self, app: &App, case: CaseId) {
        let entered = self.contents.is_empty();
        for content in self.contents {
            content.discard().await;
        }
        for (_, told) in self.files.iter().filter(|_| entered) {
            tidy(app, case, told.id, &told.name).await;
        }
    }
}

fn row(message: &Message, nth: u64, file_name: &str, told: &Told) -> Document {
    Document {
        id: told.id,
        case_id: message.case,
        // No slot of a workflow is called so.
        slot: message.id.to_string(),
        number: i32::try_from(nth).map_or(i32::MAX, |nth| nth.saturating_add(1)),
        class: DocumentClass::Ordinary,
        supplier_id: message.author,
        file_name: names::plain(file_name),
        media_type: told.media_type.to_owned(),
        size_bytes: i64::try_from(told.size).unwrap_or(i64::MAX),
        sha256: told.sha256.to_vec(),
        for_host: message.with_host,
        uploaded_at: message.sent_at,
        object: Some(told.name.clone()),
        emptied_at: None,
        message_id: Some(message.id),
    }
}
