//! The declaring sections: roles, states, events, documents, notices, messages, reasons, accounts, separations.

use super::super::{
    Account, Document, Event, Line, MachineIx, Message, Notice, Reasons, Resolver, Role, Rule, Separation,
    Span, State, StateIx, Term, Texts,
};
use super::Loader;
use super::tree::{Node, Table};
use crate::definition::{Clock, RoleIx};
use crate::guard::Type;
use crate::vocabulary::{AgreementStatus, DocumentClass, Duty, Phase, Publication, StateKind, Subject};

const STATE_KEYS: [&str; 13] = [
    "phase",
    "kind",
    "waits_for",
    "label",
    "now",
    "public",
    "public_until",
    "clocks",
    "remember",
    "stops_clocks",
    "appeal",
    "publication",
    "standing",
];
const TRACK_STATE_KEYS: [&str; 5] = ["kind", "waits_for", "label", "now", "clocks"];

impl Loader<'_, '_> {
    pub(super) fn roles(&self, root: &Table<'_>) -> Vec<Role> {
        self.each(root, "roles", |name, node| {
            let table = node.table()?;
            table.only(&["is", "label"]);
            let resolver = table.node("is").and_then(|is| self.resolver(&is));
            Some(Role {
                name,
                resolver: resolver.unwrap_or(Resolver::System),
                label: texts(&table, "label"),
                place: node.place(),
            })
        })
    }

    fn resolver(&self, node: &Node<'_>) -> Option<Resolver> {
        let text = node.text()?;
        let (word, argument) = text.strip_suffix(')').and_then(|t| t.split_once('(')).unwrap_or((text, ""));
        let duty = || argument.parse::<Duty>().ok();
        let resolver = match (word, argument) {
            ("applicant", "") => Some(Resolver::Applicant),
            ("system", "") => Some(Resolver::System),
            ("alliance", "secretariat") => Some(Resolver::Secretariat),
            ("alliance", "chair") => Some(Resolver::Chair),
            ("home", _) => duty().map(Resolver::Home),
            ("host", _) => duty().map(Resolver::Host),
            ("link", track) => return self.names.track(self.reader, node, track).map(Resolver::Link),
            _ => None,
        };
        if resolver.is_none() {
            let message = format!(
                "`{text}` names no holder: use applicant, home(duty), host(duty), alliance(secretariat), alliance(chair), link(track) or system"
            );
            self.reader.finding(Rule::W01, node.span(), &message);
        }
        resolver
    }

    pub(super) fn events(&self, root: &Table<'_>) -> Vec<Event> {
        self.each(root, "events", |name, node| {
            let table = node.table()?;
            table.only(&["label", "confirm"]);
            Some(Event {
                name,
                label: texts(&table, "label"),
                confirm: table.node("confirm").map(|_| texts(&table, "confirm")).unwrap_or_default(),
                place: node.place(),
            })
        })
    }

    /// States of one machine; those of a track have its phase.
    pub(super) fn states(
        &mut self,
        of: &Table<'_>,
        machine: MachineIx,
        phase: Option<Phase>,
        states: &mut Vec<State>,
        clocks: &mut Vec<Clock>,
    ) {
        let Some(section) = of.table("states") else {
            of.missing("states", "at least one state");
            return;
        };
        for (_, node) in section.entries().collect::<Vec<_>>() {
            let ix = StateIx(u16::try_from(states.len()).unwrap_or(u16::MAX));
            if let Some(table) = node.table() {
                let state = match phase {
                    None => self.main_state(ix, &node, &table, clocks),
                    Some(phase) => {
                        table.only(&TRACK_STATE_KEYS);
                        self.state(ix, &node, &table, clocks, (machine, phase))
                    }
                };
                states.push(state);
            }
        }
    }

    fn main_state(
        &mut self,
        ix: StateIx,
        node: &Node<'_>,
        table: &Table<'_>,
        clocks: &mut Vec<Clock>,
    ) -> State {
        table.only(&STATE_KEYS);
        let phase = table.node("phase").and_then(|n| self.word::<Phase>(&n, "phase"));
        if table.node("phase").is_none() {
            table.missing("phase", "the part of the life of a case this state belongs to");
        }
        let state =
            self.state(ix, node, table, clocks, (MachineIx::MAIN, phase.unwrap_or(Phase::Application)));
        let public_until = table.node("public_until").and_then(|node| self.term(&node, &Type::Instant));
        if state.public.0.is_empty() != table.node("public_until").is_none() {
            let message = "`public` and `public_until` go together: what the applicant reads, and until when";
            self.reader.form(table.span.clone(), message);
        }
        let publication = self.publication(table, state.kind);
        let standing = self.standing(table, state.kind);
        State { public_until, publication, standing, appeal: self.appeal(table, state.kind), ..state }
    }

    /// What the state says, else draft while it is open and closed at its end.
    fn publication(&self, table: &Table<'_>, kind: StateKind) -> Option<Publication> {
        let node = table.node("publication");
        if self.subject != Subject::Programme {
            if let Some(node) = node {
                self.reader.form(node.span(), "`publication` is for cases of subject \"programme\"");
            }
            return None;
        }
        let said = node.and_then(|node| self.word::<Publication>(&node, "status of publication"));
        Some(said.unwrap_or(if kind == StateKind::Open { Publication::Draft } else { Publication::Closed }))
    }

    /// What the state says, else draft while it is open and ended at its end.
    fn standing(&self, table: &Table<'_>, kind: StateKind) -> Option<AgreementStatus> {
        let node = table.node("standing");
        if self.subject != Subject::Agreement {
            if let Some(node) = node {
                self.reader.form(node.span(), "`standing` is for cases of subject \"agreement\"");
            }
            return None;
        }
        let said = node.and_then(|node| self.word::<AgreementStatus>(&node, "status of an agreement"));
        Some(said.unwrap_or(if kind == StateKind::Open {
            AgreementStatus::Draft
        } else {
            AgreementStatus::Ended
        }))
    }

    fn appeal(&self, table: &Table<'_>, kind: StateKind) -> Option<Span> {
        let node = table.node("appeal")?;
        if kind != StateKind::Failure {
            self.reader.form(node.span(), "only a state of kind \"failure\" can be appealed against");
        }
        let appeal = node.table()?;
        appeal.only(&["within"]);
        match appeal.node("within") {
            Some(within) => self.span(&within),
            None => {
                appeal.missing("within", "a span such as \"14 days\"");
                None
            }
        }
    }

    fn state(
        &mut self,
        ix: StateIx,
        node: &Node<'_>,
        table: &Table<'_>,
        clocks: &mut Vec<Clock>,
        (machine, phase): (MachineIx, Phase),
    ) -> State {
        let kind = table.node("kind").and_then(|n| self.word::<StateKind>(&n, "kind of state"));
        State {
            name: node.key.clone(),
            machine,
            phase,
            kind: kind.unwrap_or(StateKind::Open),
            waits_for: table.node("waits_for").and_then(|n| self.names.role(self.reader, &n)),
            label: texts(table, "label"),
            now: texts(table, "now"),
            public: table.node("public").map(|_| texts(table, "public")).unwrap_or_default(),
            public_until: None,
            clocks: self.clocks(ix, table, clocks),
            remember: table.flag("remember"),
            stops_clocks: table.flag("stops_clocks"),
            publication: None,
            standing: None,
            appeal: None,
            place: node.place(),
        }
    }

    pub(super) fn documents(&self, root: &Table<'_>) -> Vec<Document> {
        self.each(root, "documents", |name, node| {
            let table = node.table()?;
            table.only(&["class", "by", "label"]);
            let class = table.node("class").and_then(|n| self.word::<DocumentClass>(&n, "class of document"));
            Some(Document {
                name,
                class: class.unwrap_or(DocumentClass::Ordinary),
                by: self.role_list(&table, "by"),
                label: texts(&table, "label"),
                place: node.place(),
            })
        })
    }

    pub(super) fn notices(&self, root: &Table<'_>) -> Vec<Notice> {
        self.each(root, "notices", |name, node| {
            let table = node.table()?;
            table.only(&["action"]);
            Some(Notice { name, action: table.flag("action"), place: node.place() })
        })
    }

    pub(super) fn messages(&self, root: &Table<'_>) -> Vec<Message> {
        self.each(root, "messages", |name, node| {
            Some(Message { name, text: texts_of(&node), place: node.place() })
        })
    }

    pub(super) fn reasons(&self, root: &Table<'_>) -> Vec<Reasons> {
        self.each(root, "reasons", |name, node| {
            let codes =
                node.table()?.entries().map(|(_, code)| (code.key.clone(), texts_of(&code))).collect();
            Some(Reasons { name, codes, place: node.place() })
        })
    }

    pub(super) fn accounts(&mut self, root: &Table<'_>) -> Vec<Account> {
        let Some(section) = root.table("accounts") else { return Vec::new() };
        let nodes: Vec<_> = section.entries().map(|(_, node)| node).collect();
        nodes.into_iter().filter_map(|node| self.account(&node)).collect()
    }

    fn account(&mut self, node: &Node<'_>) -> Option<Account> {
        let table = node.table()?;
        table.only(&["line", "enabled"]);
        let (line, term) = match table.node("line") {
            Some(node) => self.line(&node),
            None => {
                table.missing("line", "the place line it draws on");
                None
            }
        }
        .unwrap_or((Line::Programme, Term::Chosen));
        let enabled = table.node("enabled").and_then(|n| self.guard(&n));
        Some(Account { name: node.key.clone(), line, term, enabled, place: node.place() })
    }

    fn line(&self, node: &Node<'_>) -> Option<(Line, Term)> {
        let text = node.text()?;
        let (kind, term) = match text.strip_suffix(", extra term") {
            Some(kind) => (kind, Term::Extra),
            None => (text, Term::Chosen),
        };
        let line = match kind {
            "home to host" => Line::HomeToHost,
            "home pool" => Line::HomePool,
            "host" => Line::Host,
            "programme" => Line::Programme,
            "nominees" => Line::Nominees,
            _ => {
                let known = "line is \"home to host\", \"home pool\", \"host\", \"programme\" or \"nominees\", each also with \", extra term\" behind it";
                self.reader.form(node.span(), known);
                return None;
            }
        };
        Some((line, term))
    }

    pub(super) fn separations(&self, root: &Table<'_>) -> Vec<Separation> {
        let pairs = root.tables("separations").into_iter();
        pairs
            .filter_map(|table| {
                table.only(&["first", "second"]);
                let event = |key: &str| match table.node(key) {
                    Some(node) => self.names.event(self.reader, &node),
                    None => {
                        table.missing(key, "an event");
                        None
                    }
                };
                let (first, second) = (event("first"), event("second"));
                Some(Separation { first: first?, second: second?, place: table.place() })
            })
            .collect()
    }

    /// Roles named in a list.
    pub(super) fn role_list(&self, table: &Table<'_>, key: &str) -> Vec<RoleIx> {
        table.list(key).iter().filter_map(|node| self.names.role(self.reader, node)).collect()
    }

    #[expect(clippy::unused_self, reason = "a section is read like its neighbours")]
    fn each<T>(
        &self,
        root: &Table<'_>,
        section: &str,
        read: impl Fn(String, Node<'_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(section) = root.table(section) else { return Vec::new() };
        section.entries().filter_map(|(_, node)| read(node.key.clone(), node)).collect()
    }

    pub(super) fn word<T: std::str::FromStr>(&self, node: &Node<'_>, what: &str) -> Option<T> {
        let text = node.text()?;
        let word = text.parse().ok();
        if word.is_none() {
            self.reader.form(node.span(), &format!("`{text}` is no {what}; the README lists them"));
        }
        word
    }
}

/// The texts under `key`, or a finding that there are none.
pub(super) fn texts(table: &Table<'_>, key: &str) -> Texts {
    match table.node(key) {
        Some(node) => texts_of(&node),
        None => {
            table.missing(key, "its text in every language, as in { en = \"…\" }");
            Texts::default()
        }
    }
}

fn texts_of(node: &Node<'_>) -> Texts {
    let Some(table) = node.table() else { return Texts::default() };
    Texts(table.entries().filter_map(|(_, text)| Some((text.key.clone(), text.text()?.to_owned()))).collect())
}
