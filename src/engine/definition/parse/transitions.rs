//! Transitions and joins.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::super::input::{InputKind, WrittenKind};
use super::super::{
    Addressee, Definition, InputField, Join, MachineIx, MessageIx, Notify, Place, PlaceEffect, PlaceOp,
    Require, Resolver, RoleIx, Rule, Side, StateIx, Target, Transition, Trigger,
};
use super::Loader;
use super::keys::{asks, schema};
use super::names::undeclared;
use super::tree::{Node, Table};
use crate::guard::Type;

/// Most states that all `from`, and the sets in them, may come to.
const MOST_NAMED: usize = 300_000;

const OPS: [(&str, PlaceOp); 6] = [
    ("hold", PlaceOp::Hold),
    ("use", PlaceOp::Use),
    ("release", PlaceOp::Release),
    ("return", PlaceOp::Return),
    ("free", PlaceOp::Free),
    ("keep", PlaceOp::Keep),
];

/// Sets of states by name.
pub(super) type Sets = BTreeMap<String, Set>;

pub(super) struct Set {
    members: Vec<StateIx>,
    /// Whether a `from` names it.
    pub used: Cell<bool>,
    pub place: Place,
}

impl PlaceOp {
    /// The word for it in a definition.
    pub fn word(self) -> &'static str {
        OPS.iter().find(|(_, op)| *op == self).map_or("", |(word, _)| word)
    }
}

impl Loader<'_, '_> {
    /// Types of all `input.<field>` facts; one name has one type in the whole definition.
    pub(super) fn input_types(&self, root: &Table<'_>) -> BTreeMap<String, Type> {
        let mut types: BTreeMap<String, Type> = BTreeMap::new();
        let tracks = root.table("tracks");
        let tracks =
            tracks.iter().flat_map(|t| t.entries().filter_map(|(_, n)| n.table()).collect::<Vec<_>>());
        let tables: Vec<Table<'_>> = std::iter::once(root.clone())
            .chain(tracks)
            .flat_map(|table| table.tables("transitions"))
            .collect();
        for (_, node) in
            tables.iter().filter_map(|t| t.table("input")).flat_map(|t| t.entries().collect::<Vec<_>>())
        {
            let Some(kind) = node.as_text().and_then(|text| self.kind(text).ok()) else { continue };
            let of = kind.fact_type();
            if types.insert(node.key.clone(), of.clone()).is_some_and(|before| before != of) {
                let message = format!(
                    "input `{}` has another type elsewhere: give one of the two another name",
                    node.key
                );
                self.reader.finding(Rule::W10, node.span(), &message);
            }
        }
        types
    }

    fn kind(&self, text: &str) -> Result<InputKind, String> {
        WrittenKind::read(text).kind(|list| {
            let at = self.names.reasons.iter().position(|known| known == list)?;
            u16::try_from(at).ok().map(super::super::ReasonsIx)
        })
    }

    /// Transitions, then joins, of one machine.
    pub(super) fn transitions(
        &mut self,
        of: &Table<'_>,
        definition: &mut Definition,
        scope: (MachineIx, &Sets),
        (keys, join_keys): (&[&str], &[&str]),
    ) {
        for (section, keys) in [("transitions", keys), ("joins", join_keys)] {
            for table in of.tables(section) {
                table.only(keys);
                if let Some(transition) = self.transition(&table, definition, scope, section == "joins") {
                    definition.transitions.push(transition);
                }
                if self.named.get() > MOST_NAMED {
                    let message = format!(
                        "the states of all `from` are more than {MOST_NAMED}: name fewer states, or give them events of their own"
                    );
                    self.reader.form(table.span.clone(), &message);
                    return;
                }
            }
        }
    }

    pub(super) fn sets(&self, root: &Table<'_>, definition: &Definition) -> Sets {
        let Some(section) = root.table("sets") else { return Sets::new() };
        let members =
            |node: &Node<'_>| node.list().iter().flat_map(|n| self.states_of(n, definition, None)).collect();
        let once = |mut members: Vec<StateIx>, place| {
            members.sort_unstable();
            members.dedup();
            Set { members, used: Cell::new(false), place }
        };
        section.entries().map(|(_, node)| (node.key.clone(), once(members(&node), node.place()))).collect()
    }

    /// States a `from` entry stands for: a name, `set:name` or `phase:name`.
    fn states_of(&self, node: &Node<'_>, definition: &Definition, sets: Option<&Sets>) -> Vec<StateIx> {
        if self.named.get() > MOST_NAMED {
            return Vec::new();
        }
        let states = self.named_states(node, definition, sets);
        self.named.set(self.named.get() + states.len());
        states
    }

    fn named_states(&self, node: &Node<'_>, definition: &Definition, sets: Option<&Sets>) -> Vec<StateIx> {
        let Some(text) = node.text() else { return Vec::new() };
        if let (Some(name), Some(sets)) = (text.strip_prefix("set:"), sets) {
            let Some(set) = sets.get(name) else {
                undeclared(self.reader, node, "set", name, &self.names.sets);
                return Vec::new();
            };
            set.used.set(true);
            return set.members.clone();
        }
        let Some(phase) = text.strip_prefix("phase:") else {
            return self.names.state(self.reader, node).into_iter().collect();
        };
        let Ok(phase) = phase.parse() else {
            self.reader.finding(
                Rule::W01,
                node.span(),
                &format!("`{phase}` is no phase; the README lists them"),
            );
            return Vec::new();
        };
        let open = |state: &super::super::State| {
            state.phase == phase && state.kind == crate::vocabulary::StateKind::Open
        };
        definition.states_of(MachineIx::MAIN).filter(|(_, state)| open(state)).map(|(ix, _)| ix).collect()
    }

    /// The states it leaves, each once.
    fn left(&self, table: &Table<'_>, definition: &Definition, sets: &Sets) -> Vec<StateIx> {
        let mut from: Vec<StateIx> =
            table.list("from").iter().flat_map(|node| self.states_of(node, definition, Some(sets))).collect();
        if table.node("from").is_none() {
            table.missing("from", "the states it leaves");
        }
        from.sort_unstable();
        from.dedup();
        from
    }

    fn transition(
        &mut self,
        table: &Table<'_>,
        definition: &Definition,
        (machine, sets): (MachineIx, &Sets),
        is_join: bool,
    ) -> Option<Transition> {
        let event = Self::wanted(table, "event").and_then(|node| self.names.event(self.reader, &node));
        let to = Self::wanted(table, "to").and_then(|node| self.target(&node));
        let from = self.left(table, definition, sets);
        let input = self.input(table);
        let mut transition = Transition {
            machine,
            event: event?,
            from,
            to: to?,
            came_from: table
                .list("came_from")
                .iter()
                .filter_map(|n| self.names.state(self.reader, n))
                .collect(),
            by: self.actors(table, definition, is_join),
            require: self.require(table),
            documents: table
                .list("documents")
                .iter()
                .filter_map(|n| self.names.document(self.reader, n))
                .collect(),
            schema: schema(&input, &definition.reasons),
            resets: self.resets(table),
            invalidates: self.invalidates(table, machine),
            adds: self.adds(table, &input, &definition.tracks),
            new_version: self.new_version(table, machine, &definition.tracks),
            input,
            reason: table.node("reason").and_then(|node| self.names.reason_list(self.reader, &node)),
            effects: table.tables("effects").iter().filter_map(|t| self.effect(t)).collect(),
            notify: self.notify(table),
            choose: table.node("choose").and_then(|node| self.choose(&node, table)),
            widens: self.widens(table),
            last_day: self.last_day(table),
            terms: self.terms(table),
            freezes: table.flag("freezes"),
            displaces: table.flag("displaces"),
            shows_to: table.list("shows_to").iter().filter_map(|node| self.side(node)).collect(),
            once: table.flag("once"),
            collect: table.node("collect").is_some_and(|node| self.collect(&node)),
            irreversible: table.flag("irreversible"),
            on: table.node("on").and_then(|node| self.trigger(&node)),
            join: if is_join { Some(self.join(table)) } else { None },
            asks: Vec::new(),
            place: table.place(),
        };
        transition.asks = asks(&transition);
        Some(transition)
    }

    fn wanted<'a>(table: &Table<'a>, key: &str) -> Option<Node<'a>> {
        let node = table.node(key);
        if node.is_none() {
            table.missing(key, "a name");
        }
        node
    }

    fn actors(&self, table: &Table<'_>, definition: &Definition, is_join: bool) -> Vec<RoleIx> {
        if is_join {
            if definition.system().is_none() {
                self.reader.finding(
                    Rule::W01,
                    table.span.clone(),
                    "a join needs a role with is = \"system\"",
                );
            }
            return definition.system().into_iter().collect();
        }
        let by = self.role_list(table, "by");
        if by.is_empty() {
            table.missing("by", "the roles that may fire it");
        }
        let twice =
            |role: &RoleIx| definition.roles.get(role.at()).is_some_and(|r| r.resolver == Resolver::System);
        if by.iter().filter(|role| twice(role)).count() > 1 {
            self.reader.form(table.span.clone(), "one role with is = \"system\" is enough");
        }
        by
    }

    fn join(&mut self, table: &Table<'_>) -> Join {
        let when = table.node("when").and_then(|node| self.guard(&node));
        Join { when, priority: table.node("priority").and_then(|node| node.number()).unwrap_or(0) }
    }

    fn target(&self, node: &Node<'_>) -> Option<Target> {
        match node.text()? {
            "@previous" if self.names.here == 0 => Some(Target::Previous),
            "@same" => Some(Target::Same),
            _ => self.names.state(self.reader, node).map(Target::State),
        }
    }

    pub(super) fn require(&mut self, table: &Table<'_>) -> Vec<Require> {
        let rules = table.tables("require");
        let mut require = Vec::with_capacity(rules.len());
        for rule in rules {
            rule.only(&["that", "else"]);
            let guard = Self::wanted(&rule, "that").and_then(|node| self.guard(&node));
            let message: Option<MessageIx> =
                Self::wanted(&rule, "else").and_then(|node| self.names.message(self.reader, &node));
            require.extend(guard.zip(message).map(|(guard, message)| Require { guard, message }));
        }
        require
    }

    fn input(&self, table: &Table<'_>) -> Vec<InputField> {
        let Some(fields) = table.table("input") else { return Vec::new() };
        let read = |node: Node<'_>| {
            let text = node.text()?;
            match self.kind(text) {
                Ok(InputKind::Line) if table.node("choose").is_none() => {
                    let message = "a line is that of the choice being chosen: it goes with `choose`";
                    self.reader.finding(Rule::W01, node.span(), message);
                    None
                }
                Ok(kind) => Some(InputField {
                    name: node.key.clone(),
                    kind,
                    optional: WrittenKind::read(text).optional,
                }),
                Err(message) => {
                    self.reader.finding(Rule::W01, node.span(), &message);
                    None
                }
            }
        };
        fields.entries().filter_map(|(_, node)| read(node)).collect()
    }

    fn effect(&mut self, table: &Table<'_>) -> Option<PlaceEffect> {
        table.only(&["hold", "use", "release", "return", "free", "keep", "when", "otherwise"]);
        let given: Vec<_> = OPS.iter().filter_map(|(word, op)| Some((*op, table.node(word)?))).collect();
        let [(op, node)] = &given[..] else {
            self.reader
                .form(table.span.clone(), "an effect names one of hold, use, release, return, free, keep");
            return None;
        };
        let account = self.names.account(self.reader, node)?;
        let when = table.node("when").and_then(|node| self.guard(&node));
        let otherwise = table.node("otherwise").and_then(|node| {
            let word = node.text()?;
            let op = OPS.iter().find(|(known, _)| *known == word).map(|(_, op)| *op);
            if op.is_none() {
                self.reader.form(node.span(), "otherwise is one of hold, use, release, return, free, keep");
            }
            op
        });
        Some(PlaceEffect { op: *op, account, when, otherwise })
    }

    pub(super) fn notify(&self, table: &Table<'_>) -> Vec<Notify> {
        let entries = table.tables("notify").into_iter();
        entries
            .filter_map(|entry| {
                entry.only(&["notice", "to"]);
                let notice =
                    Self::wanted(&entry, "notice").and_then(|node| self.names.notice(self.reader, &node));
                let to = entry.list("to").iter().filter_map(|node| self.addressee(node)).collect();
                Some(Notify { notice: notice?, to })
            })
            .collect()
    }

    fn addressee(&self, node: &Node<'_>) -> Option<Addressee> {
        match node.text()? {
            "@waits_for" => Some(Addressee::WaitsFor),
            "@was_waiting" => Some(Addressee::WasWaiting),
            _ => self.names.role(self.reader, node).map(Addressee::Role),
        }
    }

    fn side(&self, node: &Node<'_>) -> Option<Side> {
        match node.text()? {
            "home" => Some(Side::Home),
            "host" => Some(Side::Host),
            _ => {
                self.reader.form(node.span(), "a side is \"home\" or \"host\"");
                None
            }
        }
    }

    fn collect(&self, node: &Node<'_>) -> bool {
        let all = node.text() == Some("all");
        if !all {
            self.reader.form(node.span(), "collect is \"all\"");
        }
        all
    }

    fn trigger(&self, node: &Node<'_>) -> Option<Trigger> {
        let text = node.text()?;
        match text {
            "run" => return Some(Trigger::Run),
            "upload" => return Some(Trigger::Upload),
            _ => {}
        }
        if let Some(case) = text.strip_prefix("case:") {
            return Some(Trigger::Case(case.to_owned()));
        }
        let account = text.strip_prefix("place_freed:").and_then(|name| {
            let at = self.names.accounts.iter().position(|known| known == name)?;
            u16::try_from(at).ok().map(super::super::AccountIx)
        });
        if account.is_none() {
            let message =
                "on is \"run\", \"upload\", \"place_freed:<account>\" or \"case:<workflow>.<event>\"";
            self.reader.finding(Rule::W01, node.span(), message);
        }
        account.map(Trigger::PlaceFreed)
    }
}
