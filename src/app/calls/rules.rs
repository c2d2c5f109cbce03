//! What a call can say about the documents, tracks and clocks of the workflows behind it, and what it can open.

use std::collections::BTreeMap;

use sojourn_engine::definition::Definition;
use sojourn_engine::definition::clocks::{Run, SpanUnit};
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
    /// Clocks that a call may set otherwise.
    pub clocks: Vec<ClockRule>,
}

/// A clock that a call may set otherwise.
#[derive(Debug, Clone)]
pub struct ClockRule {
    /// `<state>.<clock>`.
    pub name: String,
    /// What the state is called in the reader's language.
    pub state: String,
    /// What its spans count.
    pub unit: SpanUnit,
    /// What the workflow says, where it says a span.
    pub usual: Option<u32>,
    /// The shortest.
    pub least: u32,
    /// The longest.
    pub most: u32,
}

/// Clocks of a definition that calls may set otherwise.
fn clocks<'d>(definition: &'d Definition, language: &'d str) -> impl Iterator<Item = ClockRule> + 'd {
    definition.clocks.iter().filter_map(move |clock| {
        let (least, most) = clock.bounds?;
        let state = &definition.states[clock.state.at()];
        let usual = match clock.run {
            Run::Within(span) => Some(span.count),
            Run::Until(_) => None,
        };
        Some(ClockRule {
            name: format!("{}.{}", state.name, clock.id),
            state: state.label.get(language).to_owned(),
            unit: least.unit,
            usual,
            least: least.count,
            most: most.count,
        })
    })
}

/// What the workflows of these offerings know.
///
/// # Errors
/// Faults of the database.
pub async fn rules(app: &App, caller: &Caller, offerings: &[OfferingId]) -> Result<Rules> {
    let conn = app.store.read();
    let programmes = store::behind(conn, offerings).await?;
    let (mut documents, mut tracks) = (BTreeMap::new(), BTreeMap::new());
    let mut spans: Vec<ClockRule> = Vec::new();
    let names: std::collections::BTreeSet<_> =
        programmes.iter().map(|(_, row)| row.workflow_id.as_str()).collect();
    for workflow in names {
        let Some((_, definition)) = app.definitions.current(conn, workflow).await? else { continue };
        let of = |label: &sojourn_engine::definition::Texts| label.get(&caller.language).to_owned();
        documents.extend(definition.documents.iter().map(|slot| (slot.name.clone(), of(&slot.label))));
        tracks.extend(definition.tracks.iter().map(|track| (track.name.clone(), of(&track.label))));
        for clock in clocks(&definition, &caller.language) {
            // What several workflows have, every one of them has to take.
            match spans.iter_mut().find(|known| known.name == clock.name) {
                Some(known) if known.unit == clock.unit => {
                    (known.least, known.most) = (known.least.max(clock.least), known.most.min(clock.most));
                }
                // Spans of another unit are compared where they are saved.
                Some(_) => {}
                None => spans.push(clock),
            }
        }
    }
    Ok(Rules {
        documents: documents.into_iter().collect(),
        tracks: tracks.into_iter().collect(),
        clocks: spans,
    })
}

/// Offerings that a call of the caller's could open: those that begin after today, by host and day.
///
/// # Errors
/// Faults of the database.
pub async fn coming(app: &App, caller: &Caller) -> Result<Vec<Coming>> {
    Ok(programmes::coming(app.store.read(), Some(caller), app.today(), MOST).await?)
}
