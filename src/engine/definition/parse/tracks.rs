//! Tracks and invariants, and what transitions do to tracks.

use super::super::{
    Clock, Definition, Each, InputField, InputKind, Invariant, MachineIx, Rule, State, StateIx, Track,
};
use super::Loader;
use super::keys::{JOIN_KEYS, KEYS, TRACK_JOIN_KEYS, TRACK_KEYS};
use super::sections::texts;
use super::transitions::Sets;
use super::tree::{Node, Table};
use crate::vocabulary::Phase;

impl Loader<'_, '_> {
    pub(super) fn tracks(&mut self, root: &Table<'_>) -> Vec<Track> {
        self.each_track(root, Self::track)
    }

    /// States and clocks of the main machine, then of each track.
    pub(super) fn all_states(&mut self, root: &Table<'_>) -> (Vec<State>, Vec<Clock>) {
        let mut clocks = Vec::new();
        let mut states = Vec::new();
        self.states(root, MachineIx::MAIN, None, &mut states, &mut clocks);
        self.each_track(root, |loader, machine, _, table| {
            let phase = phase(table);
            loader.states(table, machine, Some(phase), &mut states, &mut clocks);
        });
        (states, clocks)
    }

    /// Transitions and joins of the main machine, then of each track.
    pub(super) fn all_transitions(&mut self, root: &Table<'_>, definition: &mut Definition) {
        let sets = self.sets(root, definition);
        self.transitions(root, definition, (MachineIx::MAIN, &sets), (&KEYS, &JOIN_KEYS));
        let idle = sets.iter().filter(|(_, set)| !set.used.get());
        definition.idle_sets = idle.map(|(name, set)| (name.clone(), set.place)).collect();
        let none = Sets::new();
        self.each_track(root, |loader, machine, _, table| {
            loader.transitions(table, definition, (machine, &none), (&TRACK_KEYS, &TRACK_JOIN_KEYS));
        });
    }

    /// Reads each track with its names in scope.
    fn each_track<T>(
        &mut self,
        root: &Table<'_>,
        mut read: impl FnMut(&mut Self, MachineIx, &Node<'_>, &Table<'_>) -> T,
    ) -> Vec<T> {
        let Some(section) = root.table("tracks") else { return Vec::new() };
        let nodes: Vec<Node<'_>> = section.entries().map(|(_, node)| node).collect();
        let tables = nodes.iter().filter_map(|node| Some((node, node.table()?)));
        let mut all = Vec::new();
        for (machine, (node, table)) in (1..).map(MachineIx).zip(tables) {
            self.names.here = machine.at();
            all.push(read(self, machine, node, &table));
        }
        self.names.here = 0;
        all
    }

    fn track(&mut self, machine: MachineIx, node: &Node<'_>, table: &Table<'_>) -> Track {
        table.only(&[
            "label",
            "phase",
            "initial",
            "each",
            "versions",
            "latch",
            "seen_by",
            "states",
            "transitions",
            "joins",
        ]);
        let initial = match table.node("initial") {
            Some(node) => self.names.state(self.reader, &node),
            None => {
                table.missing("initial", "the state an instance begins in");
                None
            }
        };
        let each = table.node("each").and_then(|node| self.each_of(&node));
        if each.is_some() && table.flag("versions") {
            self.reader
                .form(table.span.clone(), "a track with `each` has no versions: drop one of the two keys");
        }
        let first = self.names.machines.iter().take(machine.at()).map(Vec::len).sum::<usize>();
        Track {
            name: node.key.clone(),
            label: texts(table, "label"),
            phase: table
                .node("phase")
                .and_then(|n| self.word::<Phase>(&n, "phase"))
                .unwrap_or(Phase::Placement),
            initial: initial.unwrap_or(StateIx(u16::try_from(first).unwrap_or_default())),
            each,
            versions: table.flag("versions"),
            latch: table
                .list("latch")
                .iter()
                .filter_map(|node| self.names.state(self.reader, node))
                .collect(),
            seen_by: self.role_list(table, "seen_by"),
            place: node.place(),
        }
    }

    fn each_of(&self, node: &Node<'_>) -> Option<Each> {
        match node.text()? {
            "referee" => Some(Each::Referee),
            "stay" => Some(Each::Stay),
            "document" => Some(Each::Document),
            _ => {
                self.reader.form(node.span(), "each is \"referee\", \"stay\" or \"document\"");
                None
            }
        }
    }

    pub(super) fn invariants(&mut self, root: &Table<'_>) -> Vec<Invariant> {
        let tables = root.tables("invariants");
        let mut all = Vec::with_capacity(tables.len());
        for table in tables {
            table.only(&["id", "never"]);
            let name = table.text("id");
            let never = match table.node("never") {
                Some(node) => self.guard(&node),
                None => {
                    table.missing("never", "the condition that must never hold");
                    None
                }
            };
            all.extend(name.zip(never).map(|(name, never)| Invariant { name, never, place: table.place() }));
        }
        all
    }

    pub(super) fn resets(&self, table: &Table<'_>) -> Vec<MachineIx> {
        let nodes = table.list("resets");
        nodes.iter().filter_map(|node| self.names.track(self.reader, node, node.text()?)).collect()
    }

    /// `"signatures"` are those of the machine itself, `"track.<track>.signatures"` those of a track.
    pub(super) fn invalidates(&self, table: &Table<'_>, machine: MachineIx) -> Vec<MachineIx> {
        let read = |node: &Node<'_>| {
            let text = node.text()?;
            if text == "signatures" {
                return Some(machine);
            }
            let track = text.strip_prefix("track.").and_then(|rest| rest.strip_suffix(".signatures"));
            if track.is_none() {
                let message = "write \"signatures\" or \"track.<track>.signatures\"";
                self.reader.form(node.span(), message);
            }
            self.names.track(self.reader, node, track?)
        };
        table.list("invalidates").iter().filter_map(read).collect()
    }

    /// The track that gets a new instance: one for referees, named by the input.
    pub(super) fn adds(
        &self,
        table: &Table<'_>,
        input: &[InputField],
        tracks: &[Track],
    ) -> Option<MachineIx> {
        let node = table.node("adds")?;
        let machine = self.names.track(self.reader, &node, node.text()?)?;
        let is_text = |name: &str| {
            input.iter().any(|f| f.name == name && !f.optional && matches!(f.kind, InputKind::Text(_)))
        };
        let each = tracks.get(machine.at() - 1).and_then(|track| track.each);
        if each != Some(Each::Referee) {
            self.reader.finding(Rule::W01, node.span(), "`adds` names a track with each = \"referee\"");
        } else if !is_text("name") || !is_text("email") {
            let message = "the person is named by the input: give it `name` and `email` as text";
            self.reader.finding(Rule::W01, node.span(), message);
        }
        Some(machine)
    }

    pub(super) fn new_version(&self, table: &Table<'_>, machine: MachineIx, tracks: &[Track]) -> bool {
        let Some(node) = table.node("new_version") else { return false };
        let counted =
            machine.at().checked_sub(1).and_then(|at| tracks.get(at)).is_some_and(|track| track.versions);
        if !counted {
            self.reader.finding(
                Rule::W01,
                node.span(),
                "only a track with versions = true has a next version",
            );
        }
        node.bool()
    }
}

/// The phase of a track; a word that is none is reported once, where the track itself is read.
fn phase(table: &Table<'_>) -> Phase {
    let Some(node) = table.node("phase") else {
        table.missing("phase", "the part of the life of a case this track belongs to");
        return Phase::Placement;
    };
    node.as_text().and_then(|text| text.parse().ok()).unwrap_or(Phase::Placement)
}
