//! What a transition does to the last day of the stay, or to the terms of the agreement.

use super::super::input::WrittenKind;
use super::super::{Definition, LastDay, Rule, Transition};
use super::Loader;
use super::tree::{Node, Table};
use crate::vocabulary::{Subject, Terms};

impl Loader<'_, '_> {
    pub(super) fn last_day(&self, table: &Table<'_>) -> Option<LastDay> {
        match (table.node("ask_last_day"), table.node("last_day")) {
            (Some(_), Some(node)) => {
                self.reader
                    .form(node.span(), "a last day is either asked for or set: drop one of the two keys");
                None
            }
            (Some(node), None) => self.day(&node, table).map(LastDay::Ask),
            (None, Some(node)) if node.as_text() == Some("asked") => Some(LastDay::Grant),
            (None, Some(node)) => self.day(&node, table).map(LastDay::Set),
            (None, None) => None,
        }
    }

    /// What becomes of the terms of the agreement that the case is about.
    pub(super) fn terms(&self, table: &Table<'_>) -> Option<Terms> {
        let node = table.node("terms")?;
        if self.subject != Subject::Agreement {
            self.reader.form(node.span(), "`terms` is for cases of subject \"agreement\"");
            return None;
        }
        self.word::<Terms>(&node, "effect on terms")
    }

    /// Finds days that are granted although nothing asks for one.
    pub(super) fn asked_before(&self, root: &Table<'_>, definition: &Definition) {
        let asks = |t: &Transition| matches!(t.last_day, Some(LastDay::Ask(_)));
        if definition.transitions.iter().any(asks) {
            return;
        }
        for node in root.tables("transitions").iter().filter_map(|table| table.node("last_day")) {
            if node.as_text() == Some("asked") {
                let message =
                    "no transition asks for a last day: give one `ask_last_day = \"input.<field>\"`";
                self.reader.finding(Rule::W01, node.span(), message);
            }
        }
    }

    /// The field of the input that holds the day: a date that must be given.
    fn day(&self, node: &Node<'_>, table: &Table<'_>) -> Option<String> {
        let field = node.text()?.strip_prefix("input.");
        let is_date = |field: &&str| {
            let input = table.table("input").and_then(|input| input.node(field));
            let kind = input.and_then(|node| node.as_text()).map(WrittenKind::read);
            kind.is_some_and(|kind| kind.word == "date" && !kind.optional)
        };
        let known = field.filter(is_date);
        if known.is_none() {
            let message =
                "write \"input.<field>\" with that field as `date` in `input`, or last_day = \"asked\"";
            self.reader.finding(Rule::W01, node.span(), message);
        }
        known.map(str::to_owned)
    }
}
