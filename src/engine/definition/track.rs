//! Tracks: smaller flat machines beside the main one, in the same case.

use super::{DocumentIx, MachineIx, Place, StateIx, Texts};
use crate::guard::Guard;
use crate::vocabulary::Phase;

/// A flat machine beside the main one.
#[derive(Debug, Clone)]
pub struct Track {
    /// Name in the file and in the API.
    pub name: String,
    /// Name shown to people.
    pub label: Texts,
    /// The phase it belongs to; its states share it.
    pub phase: Phase,
    /// The state an instance begins in.
    pub initial: StateIx,
    /// What there is one instance of it for; `None` for a track with a single instance.
    pub each: Option<Each>,
    /// Whether its instance is counted in versions, as a learning agreement is.
    pub versions: bool,
    /// States that, once entered, are remembered until the track starts anew.
    pub latch: Vec<StateIx>,
    /// Where it is declared.
    pub place: Place,
}

/// What a track with several instances has one for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Each {
    /// Each person who was asked by a transition with `adds`.
    Referee,
    /// Each stay of the application, by its number.
    Stay,
    /// Each document slot of the definition.
    Document,
}

/// One instance of a track in a case: the track, and a number from 1.
///
/// A single track has the number 1; a stay has its place in the sequence, a referee the order of asking, a document slot its place
/// in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId {
    /// The track.
    pub machine: MachineIx,
    /// Which of its instances.
    pub key: u16,
}

/// What may never be so in a case.
#[derive(Debug, Clone)]
pub struct Invariant {
    /// Name in the file.
    pub name: String,
    /// The condition that must never hold.
    pub never: Guard,
    /// Where it is declared.
    pub place: Place,
}

impl InstanceId {
    /// The key as a definition's document track counts it.
    pub const fn of_document(machine: MachineIx, document: DocumentIx) -> Self {
        Self { machine, key: document.0 + 1 }
    }
}
