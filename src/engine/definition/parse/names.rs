//! Declared names, collected before anything refers to them.

use super::super::{
    AccountIx, DocumentIx, EventIx, MachineIx, MessageIx, NoticeIx, ReasonsIx, RoleIx, Rule, StateIx,
};
use super::tree::{Node, Reader, Table};
use crate::facts::TrackFacts;

/// Names of every kind in the order of the file; a name's position is its index.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub roles: Vec<String>,
    pub documents: Vec<String>,
    pub notices: Vec<String>,
    pub messages: Vec<String>,
    pub events: Vec<String>,
    pub reasons: Vec<String>,
    pub sets: Vec<String>,
    pub accounts: Vec<String>,
    /// States of each machine, the main one first.
    pub machines: Vec<Vec<String>>,
    /// Tracks; the first is machine 1.
    pub tracks: Vec<TrackNames>,
    /// The machine that is being read: a state's name means one of its states.
    pub here: usize,
}

/// What guards may ask of a track.
#[derive(Debug, Default)]
pub(super) struct TrackNames {
    pub name: String,
    pub each: bool,
    pub latch: Vec<String>,
}

impl Names {
    pub fn collect(root: &Table<'_>) -> Self {
        let of = |section: &str| keys(root, section);
        let section = root.table("tracks");
        let nodes =
            section.iter().flat_map(|table| table.entries().map(|(_, node)| node).collect::<Vec<_>>());
        let tracks: Vec<(String, Table<'_>)> =
            nodes.filter_map(|node| Some((node.key.clone(), node.table()?))).collect();
        Self {
            roles: of("roles"),
            documents: of("documents"),
            notices: of("notices"),
            messages: of("messages"),
            events: of("events"),
            reasons: of("reasons"),
            sets: of("sets"),
            accounts: of("accounts"),
            machines: std::iter::once(of("states"))
                .chain(tracks.iter().map(|(_, t)| keys(t, "states")))
                .collect(),
            tracks: tracks.iter().map(|(name, table)| TrackNames::of(name, table)).collect(),
            here: 0,
        }
    }

    /// Kinds that declare too many names: kind, how many, at most.
    pub fn sizes(
        &self,
        most_roles: usize,
        most_tracks: usize,
        most: usize,
    ) -> Vec<(&'static str, usize, usize)> {
        let counts = [
            ("roles", self.roles.len(), most_roles),
            ("states", self.machines.iter().map(Vec::len).sum(), most),
            ("tracks", self.tracks.len(), most_tracks),
            ("events", self.events.len(), most),
            ("notices", self.notices.len(), most),
            ("messages", self.messages.len(), most),
            ("documents", self.documents.len(), most),
            ("accounts", self.accounts.len(), most_roles),
            ("lists of reasons", self.reasons.len(), most),
        ];
        counts.into_iter().filter(|(_, count, most)| count > most).collect()
    }
}

macro_rules! resolvers {
    ($($method:ident $table:ident $ix:ident $what:literal;)*) => {
        impl Names {
            $(#[doc = concat!("The ", $what, " a node names, or a finding.")]
            pub fn $method(&self, reader: &Reader<'_>, node: &Node<'_>) -> Option<$ix> {
                let name = node.text()?;
                let found = self.$table.iter().position(|known| known == name);
                if found.is_none() {
                    undeclared(reader, node, $what, name, &self.$table);
                }
                found.and_then(|at| u16::try_from(at).ok()).map($ix)
            })*
        }
    };
}

resolvers! {
    role roles RoleIx "role";
    document documents DocumentIx "document";
    notice notices NoticeIx "notice";
    message messages MessageIx "message";
    event events EventIx "event";
    reason_list reasons ReasonsIx "list of reasons";
    account accounts AccountIx "account";
}

impl Names {
    /// The state of the machine being read that a node names, or a finding.
    pub fn state(&self, reader: &Reader<'_>, node: &Node<'_>) -> Option<StateIx> {
        let name = node.text()?;
        let found = self.state_at(self.here, name);
        if found.is_none() {
            undeclared(reader, node, "state", name, self.machines.get(self.here).map_or(&[], Vec::as_slice));
        }
        found
    }

    /// The state of that name in a machine.
    pub fn state_at(&self, machine: usize, name: &str) -> Option<StateIx> {
        let before: usize = self.machines.iter().take(machine).map(Vec::len).sum();
        let at = self.machines.get(machine)?.iter().position(|known| known == name)?;
        u16::try_from(before + at).ok().map(StateIx)
    }

    /// What guards may ask of each track.
    pub fn asked_tracks(&self) -> Vec<TrackFacts> {
        let asked = |(machine, track): (usize, &TrackNames)| TrackFacts {
            name: track.name.clone(),
            each: track.each,
            latch: track
                .latch
                .iter()
                .filter_map(|state| Some((state.clone(), self.state_at(machine, state)?)))
                .collect(),
        };
        (1..).zip(&self.tracks).map(asked).collect()
    }

    /// The track a node names, or a finding.
    pub fn track(&self, reader: &Reader<'_>, node: &Node<'_>, name: &str) -> Option<MachineIx> {
        let found = self.tracks.iter().position(|track| track.name == name);
        if found.is_none() {
            let known: Vec<String> = self.tracks.iter().map(|track| track.name.clone()).collect();
            undeclared(reader, node, "track", name, &known);
        }
        found.and_then(|at| u16::try_from(at + 1).ok()).map(MachineIx)
    }
}

impl TrackNames {
    fn of(name: &str, table: &Table<'_>) -> Self {
        let latch = table.node("latch").map(|node| node.list()).unwrap_or_default();
        Self {
            name: name.to_owned(),
            each: table.node("each").is_some(),
            latch: latch.iter().filter_map(|node| node.as_text().map(str::to_owned)).collect(),
        }
    }
}

fn keys(table: &Table<'_>, section: &str) -> Vec<String> {
    let table = table.table(section);
    table.iter().flat_map(|table| table.entries().map(|(_, node)| node.key).collect::<Vec<_>>()).collect()
}

/// Reports a name nobody declared, with the nearest one that is.
pub(super) fn undeclared(reader: &Reader<'_>, node: &Node<'_>, what: &str, name: &str, known: &[String]) {
    let near = if reader.guesses() { nearest(name, known.iter().map(String::as_str)) } else { None };
    let mend = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("declare it, or use one of the {} that are", known.len()),
    };
    reader.finding(Rule::W01, node.span(), &format!("no {what} `{name}` is declared; {mend}"));
}

/// The known name nearest to a misspelt one, if any is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.map(|other| (distance(name, other), other)).min()?;
    (near.0 <= 2.max(name.chars().count() / 3)).then_some(near.1)
}

/// Edits (insert, delete, replace) between two names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(64).enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = before + usize::from(from != *to);
            before = row[j + 1];
            row[j + 1] = replaced.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
