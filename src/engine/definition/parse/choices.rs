//! Which choice a transition makes current.

use super::super::{Choose, Rule};
use super::Loader;
use super::tree::{Node, Table};

impl Loader<'_, '_> {
    pub(super) fn widens(&self, table: &Table<'_>) -> bool {
        let by_input =
            table.node("choose").is_some_and(|node| node.as_text().is_some_and(|t| t.starts_with("input.")));
        if let Some(node) = table.node("widens").filter(|_| !by_input) {
            let message = "`widens` goes with `choose = \"input.FIELD\"`: the choice may be an offering not applied for";
            self.reader.form(node.span(), message);
        }
        by_input && table.flag("widens")
    }

    pub(super) fn choose(&self, node: &Node<'_>, table: &Table<'_>) -> Option<Choose> {
        match node.text()? {
            "first" => Some(Choose::First),
            "next" => Some(Choose::Next),
            "all" => Some(Choose::All),
            "none" => Some(Choose::Nothing),
            text => {
                let field = text.strip_prefix("input.");
                let declared =
                    field.filter(|field| table.table("input").is_some_and(|t| t.node(field).is_some()));
                if declared.is_none() {
                    let message = "choose is \"first\", \"next\", \"all\", \"none\" or \"input.<field>\" with that field in `input`";
                    self.reader.finding(Rule::W01, node.span(), message);
                }
                declared.map(|field| Choose::Input(field.to_owned()))
            }
        }
    }
}
