//! The slices of one definition as they are walked, one after another, within one limit.

use serde::Serialize;

use super::super::{Definition, Finding, Place, Rule};
use super::slices::Slice;
use super::space::Space;
use super::walk::MOST_EDGES;

/// One slice that was walked, and how large it came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SliceSize {
    /// Tracks walked beside the main machine.
    pub tracks: Vec<String>,
    /// Whether accounts were walked.
    pub accounts: bool,
    /// Accounts that were switched off.
    pub off: Vec<String>,
    /// What was fixed for as long as a case runs; empty when nothing was.
    pub fixed: String,
    /// Combinations that can be reached.
    pub states: usize,
    /// Moves between them.
    pub edges: usize,
}

/// Walks slices and keeps their sizes.
pub(super) struct Walked<'d> {
    pub definition: &'d Definition,
    pub sizes: Vec<SliceSize>,
    /// Most nodes of one slice.
    most: usize,
    /// Nodes that may still be walked in all slices together.
    left: usize,
    /// Moves that may still be walked in all slices together.
    moves_left: usize,
}

/// Most slices of one definition.
const MOST_SLICES: usize = 2_000;
/// How many slices of the largest size may be walked in all.
const LARGEST: usize = 4;

impl<'d> Walked<'d> {
    pub fn new(definition: &'d Definition, most: usize) -> Self {
        Self {
            definition,
            sizes: Vec::new(),
            most,
            left: most.saturating_mul(LARGEST),
            moves_left: MOST_EDGES * LARGEST,
        }
    }

    /// Walks one slice, or says that it is too large.
    pub fn explore(&mut self, slice: &Slice) -> Result<Space<'d>, Finding> {
        let most = self.most.min(self.left);
        if self.sizes.len() >= MOST_SLICES {
            let message = format!(
                "too large to prove: more than {MOST_SLICES} slices would have to be walked: name fewer facts in invariants"
            );
            return Err(Finding::error(Rule::W00, Place { line: 1, column: 1 }, message));
        }
        let Some(space) = Space::explore(self.definition, slice, (most, MOST_EDGES.min(self.moves_left)))
        else {
            return Err(self.too_large(slice, most));
        };
        self.left -= space.len();
        self.moves_left = self.moves_left.saturating_sub(space.moves());
        self.sizes.push(SliceSize {
            tracks: self.names(slice),
            accounts: slice.accounts,
            off: slice.off.iter().map(|ix| self.definition.accounts[ix.at()].name.clone()).collect(),
            fixed: space.known.told(),
            states: space.len(),
            edges: space.moves(),
        });
        Ok(space)
    }

    fn names(&self, slice: &Slice) -> Vec<String> {
        let tracks = slice.tracks.iter().filter_map(|machine| self.definition.track(*machine));
        tracks.map(|track| track.name.clone()).collect()
    }

    fn too_large(&self, slice: &Slice, most: usize) -> Finding {
        let tracks = self.names(slice);
        let (place, what, mend) =
            match slice.tracks.first().and_then(|machine| self.definition.track(*machine)) {
                Some(track) => (
                    track.place,
                    format!("the main machine with {}", tracks.join(", ")),
                    "name fewer tracks in one guard, or use fewer states in them",
                ),
                None => (
                    Place { line: 1, column: 1 },
                    "state, origins and accounts".to_owned(),
                    "use fewer states with `remember`, fewer accounts or fewer events with `once`",
                ),
            };
        let message = format!(
            "too large to prove: more than {most} combinations of {what} can be reached, or more than {MOST_EDGES} moves between them: {mend}"
        );
        Finding::error(Rule::W00, place, message)
    }
}
