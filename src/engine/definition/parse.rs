//! TOML → [`Definition`]: resolves every name and reports every mistake at once, each with its place and its mend.
//!
//! The only place where states, events and roles are text. Each section of the file has one function; a new key is read
//! there, and listed in its `only(…)`, so that a misspelt key is never silently ignored.

mod choices;
mod clocks;
mod days;
mod keys;
mod names;
mod sections;
mod tracks;
mod transitions;
pub(super) mod tree;

use std::cell::Cell;
use std::collections::BTreeMap;

use toml::de::DeTable;

use super::{Create, Definition, Finding, Place, Rule, StateIx, Subject, TransitionIx};
use crate::facts::{FactTable, TrackFacts};
use crate::guard::Type;
use names::Names;
use tree::{Node, Reader, Table};

/// Longest definition read, in bytes.
pub const LONGEST: usize = 1 << 20;
/// Most names of one kind; role sets are 64 bits wide, the rest keeps exploration sane.
const MOST_ROLES: usize = 64;
const MOST_TRACKS: usize = 32;
const MOST_NAMES: usize = 4096;

const SECTIONS: [&str; 19] = [
    "id",
    "subject",
    "initial",
    "languages",
    "roles",
    "create",
    "documents",
    "notices",
    "messages",
    "events",
    "reasons",
    "sets",
    "accounts",
    "states",
    "transitions",
    "joins",
    "separations",
    "tracks",
    "invariants",
];

impl Definition {
    /// Reads a definition and resolves its names.
    ///
    /// # Errors
    /// Every mistake found, in the order of the file: TOML faults, unknown keys and names, wrong types, guards that do not
    /// type-check. What a well-formed definition may still get wrong is the checker's to say.
    pub fn parse(source: &str) -> Result<Self, Vec<Finding>> {
        if source.len() > LONGEST {
            let text =
                format!("a definition may have at most {LONGEST} bytes, this one has {}", source.len());
            return Err(vec![Finding::error(Rule::Form, Place { line: 1, column: 1 }, text)]);
        }
        let (document, faults) = DeTable::parse_recoverable(source);
        let reader = Reader::new(source);
        for fault in &faults {
            reader.form(fault.span().unwrap_or_default(), fault.message());
        }
        let definition = if faults.is_empty() { Loader::load(&reader, document.get_ref()) } else { None };
        match (definition, reader.into_findings()) {
            (Some(definition), findings) if findings.is_empty() => Ok(definition),
            (_, findings) => Err(findings),
        }
    }
}

/// Answers belong to a call, not to a definition.
static NO_ANSWERS: BTreeMap<String, Type> = BTreeMap::new();

/// What the sections share while a definition is read.
struct Loader<'r, 's> {
    reader: &'r Reader<'s>,
    names: Names,
    facts: FactTable,
    inputs: BTreeMap<String, Type>,
    asked_tracks: Vec<TrackFacts>,
    subject: Subject,
    /// States that `from` and `[sets]` have come to so far.
    named: Cell<usize>,
}

impl<'r, 's> Loader<'r, 's> {
    fn load(reader: &'r Reader<'s>, document: &DeTable<'_>) -> Option<Definition> {
        let root = Table::root(reader, document);
        root.only(&SECTIONS);
        let names = Names::collect(&root);
        if let Some((kind, count, most)) = names.sizes(MOST_ROLES, MOST_TRACKS, MOST_NAMES).first() {
            reader.form(
                0..0,
                &format!("a definition may declare at most {most} {kind}, this one declares {count}"),
            );
            return None;
        }
        let asked_tracks = names.asked_tracks();
        let mut loader = Loader {
            reader,
            names,
            facts: FactTable::default(),
            inputs: BTreeMap::new(),
            asked_tracks,
            subject: Subject::Application,
            named: Cell::default(),
        };
        loader.inputs = loader.input_types(&root);
        Some(loader.definition(&root))
    }

    fn definition(&mut self, root: &Table<'_>) -> Definition {
        self.subject = self.subject(root);
        let (states, clocks) = self.all_states(root);
        let mut definition = Definition {
            id: root.text("id").unwrap_or_default(),
            subject: self.subject,
            initial: self.initial(root).unwrap_or(StateIx(0)),
            languages: root.texts("languages"),
            roles: self.roles(root),
            create: Create::default(),
            events: self.events(root),
            states,
            tracks: self.tracks(root),
            transitions: Vec::new(),
            clocks,
            notices: self.notices(root),
            documents: self.documents(root),
            reasons: self.reasons(root),
            accounts: self.accounts(root),
            messages: self.messages(root),
            separations: self.separations(root),
            invariants: self.invariants(root),
            facts: FactTable::default(),
            idle_sets: Vec::new(),
            leaving: Vec::new(),
            asked: Vec::new(),
        };
        definition.create = self.create(root);
        self.all_transitions(root, &mut definition);
        self.asked_before(root, &definition);
        definition.facts = std::mem::take(&mut self.facts);
        definition.leaving = leaving(&definition);
        definition.asked = definition.asked_after();
        if definition.languages.is_empty() {
            self.reader.form(0..0, "name the languages of all texts: languages = [\"en\", …]");
        }
        definition
    }

    fn subject(&self, root: &Table<'_>) -> Subject {
        match root.node("subject").and_then(|node| Some((node.as_text()?, node))) {
            Some(("application", _)) => Subject::Application,
            Some(("programme", _)) => Subject::Programme,
            Some(("agreement", _)) => Subject::Agreement,
            Some((_, node)) => {
                self.reader.form(node.span(), "subject is \"application\", \"programme\" or \"agreement\"");
                Subject::Application
            }
            None => {
                root.missing("subject", "\"application\", \"programme\" or \"agreement\"");
                Subject::Application
            }
        }
    }

    fn initial(&self, root: &Table<'_>) -> Option<StateIx> {
        match root.node("initial") {
            Some(node) => self.names.state(self.reader, &node),
            None => {
                root.missing("initial", "the state a new case begins in");
                None
            }
        }
    }

    fn create(&mut self, root: &Table<'_>) -> Create {
        let Some(table) = root.table("create") else {
            root.missing("create", "a table that says who may open a case");
            return Create::default();
        };
        table.only(&["by", "require", "notify"]);
        Create {
            by: self.role_list(&table, "by"),
            require: self.require(&table),
            notify: self.notify(&table),
        }
    }

    fn guard(&mut self, node: &Node<'_>) -> Option<crate::guard::Guard> {
        let source = node.text()?;
        let compiled = crate::guard::Guard::compile(source, &mut self.fact_names());
        self.report(node, compiled)
    }

    fn term(&mut self, node: &Node<'_>, expected: &Type) -> Option<crate::guard::Term> {
        let source = node.text()?;
        let compiled = crate::guard::Term::compile(source, expected, &mut self.fact_names());
        self.report(node, compiled)
    }

    fn fact_names(&mut self) -> crate::facts::FactNames<'_> {
        crate::facts::FactNames {
            table: &mut self.facts,
            accounts: &self.names.accounts,
            tracks: &self.asked_tracks,
            inputs: &self.inputs,
            answers: &NO_ANSWERS,
        }
    }

    fn report<T>(&self, node: &Node<'_>, compiled: Result<T, Vec<crate::guard::GuardError>>) -> Option<T> {
        let errors = match compiled {
            Ok(compiled) => return Some(compiled),
            Err(errors) => errors,
        };
        for error in errors {
            let start = self.reader.inside(node.span(), error.at.start);
            self.reader.finding(Rule::W10, start..start + 1, &error.message);
        }
        None
    }
}

fn leaving(definition: &Definition) -> Vec<Vec<TransitionIx>> {
    let mut leaving = vec![Vec::new(); definition.states.len()];
    for (ix, transition) in (0..).map(TransitionIx).zip(&definition.transitions) {
        for from in &transition.from {
            leaving[from.at()].push(ix);
        }
    }
    leaving
}
