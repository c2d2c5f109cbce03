//! Places that cases of a bulk take before it is the next one's turn.

use std::collections::BTreeMap;

use sojourn_engine::ids::PlaceLineId;

use crate::app::scene::Scene;
use crate::store::places::LineChange;
use crate::store::records::Records;

/// What the cases before have drawn from each line.
#[derive(Debug, Default)]
pub(super) struct Drawn(BTreeMap<PlaceLineId, LineChange>);

impl Drawn {
    /// Lays it on the lines that a case sees.
    pub fn lay(&self, scene: &mut Scene) {
        for row in &mut scene.live.dossier.lines {
            if let Some(change) = self.0.get(&row.id) {
                row.held += change.held;
                row.used += change.used;
            }
        }
    }

    /// Adds what a case takes.
    pub fn add(&mut self, written: &Records) {
        for (line, change) in &written.lines {
            let sum = self.0.entry(*line).or_default();
            sum.held += change.held;
            sum.used += change.used;
        }
    }
}
