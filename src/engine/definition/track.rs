//! Tracks: smaller flat machines beside the main one, in the same case.

use super::{Definition, DocumentIx, MachineIx, Place, RoleIx, State, StateIx, Texts};
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
    /// The only roles that see it; empty: whoever sees the case.
    pub seen_by: Vec<RoleIx>,
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

/// How records call the main machine.
pub const MAIN: &str = "main";

/// Machines in records: `main`, or a track with the key of its instance, as in `references/2`.
impl Definition {
    /// The text for the main machine, or for an instance of a track.
    pub fn machine_text(&self, of: Option<InstanceId>) -> String {
        let name = |id: InstanceId| Some(format!("{}/{}", self.track(id.machine)?.name, self.key(id)));
        of.and_then(name).unwrap_or_else(|| MAIN.to_owned())
    }

    /// The instance that such a text means; `None` is the main machine.
    pub fn instance_of(&self, machine: &str) -> Option<InstanceId> {
        let (track, key) = machine.split_once('/')?;
        self.instance_named(track, key)
    }

    /// The state of that name in the machine that such a text means.
    pub fn state_of(&self, machine: &str, name: &str) -> Option<&State> {
        let of = self.instance_of(machine).map_or(MachineIx::MAIN, |id| id.machine);
        self.state_in(of, name).map(|ix| &self.states[ix.at()])
    }
}
