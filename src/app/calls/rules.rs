//! What a call can say about the documents and tracks of the workflows behind it, and what it can open.

use std::collections::BTreeMap;

use sojourn_engine::ids::OfferingId;

use super::store;
use crate::access::Caller;
use crate::app::{App, Result};
use crate::store::programmes;

pub use crate::store::programmes::Coming;

/// Offerings to choose from at most.
const MOST: u64 = 500;

/// Names with their labels.
pub type Named = Vec<(String, String)>;

/// What the workflows behind some offerings know, by name and label in the reader's language.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Slots of documents.
    pub documents: Named,
    /// Tracks.
    pub tracks: Named,
}

/// What the workflows of these offerings know.
///
/// # Errors
/// Faults of the database.
pub async fn rules(app: &App, caller: &Caller, offerings: &[OfferingId]) -> Result<Rules> {
    let conn = app.store.read();
    let programmes = store::behind(conn, offerings).await?;
    let (mut documents, mut tracks) = (BTreeMap::new(), BTreeMap::new());
    let names: std::collections::BTreeSet<_> =
        programmes.iter().map(|(_, row)| row.workflow_id.as_str()).collect();
    for workflow in names {
        let Some((_, definition)) = app.definitions.current(conn, workflow).await? else { continue };
        let of = |label: &sojourn_engine::definition::Texts| label.get(&caller.language).to_owned();
        documents.extend(definition.documents.iter().map(|slot| (slot.name.clone(), of(&slot.label))));
        tracks.extend(definition.tracks.iter().map(|track| (track.name.clone(), of(&track.label))));
    }
    Ok(Rules { documents: documents.into_iter().collect(), tracks: tracks.into_iter().collect() })
}

/// Offerings that a call of the caller's could open: those that begin after today, by host and day.
///
/// # Errors
/// Faults of the database.
pub async fn coming(app: &App, caller: &Caller) -> Result<Vec<Coming>> {
    Ok(programmes::coming(app.store.read(), Some(caller), app.today(), MOST).await?)
}
