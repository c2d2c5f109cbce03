//! Declared names, collected before anything refers to them.

use super::super::{AccountIx, DocumentIx, EventIx, MessageIx, NoticeIx, ReasonsIx, RoleIx, Rule, StateIx};
use super::tree::{Node, Reader, Table};

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
    pub states: Vec<String>,
}

impl Names {
    pub fn collect(root: &Table<'_>) -> Self {
        let of = |section: &str| -> Vec<String> {
            let table = root.table(section);
            let keys =
                table.iter().flat_map(|table| table.entries().map(|(_, node)| node.key).collect::<Vec<_>>());
            keys.collect()
        };
        Self {
            roles: of("roles"),
            documents: of("documents"),
            notices: of("notices"),
            messages: of("messages"),
            events: of("events"),
            reasons: of("reasons"),
            sets: of("sets"),
            accounts: of("accounts"),
            states: of("states"),
        }
    }

    /// Kinds that declare too many names: kind, how many, at most.
    pub fn sizes(&self, most_roles: usize, most: usize) -> Vec<(&'static str, usize, usize)> {
        let counts = [
            ("roles", self.roles.len(), most_roles),
            ("states", self.states.len(), most),
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
    state states StateIx "state";
}

/// Reports a name nobody declared, with the nearest one that is.
pub(super) fn undeclared(reader: &Reader<'_>, node: &Node<'_>, what: &str, name: &str, known: &[String]) {
    let mend = match nearest(name, known.iter().map(String::as_str)) {
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
