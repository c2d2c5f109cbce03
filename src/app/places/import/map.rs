//! How a list that was not made for the service is read: a small table in TOML.
//!
//! ```text
//! [columns]
//! partner = "UNIVERSIDAD_ACUERDO"
//! [values.direction]
//! OUT = "out"
//! [defaults]
//! valid_from_on = "2017-09-01"
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::row::COLUMNS;
use crate::app::imports::table::Headings;

/// The longest map, in bytes.
pub const LONGEST: usize = 16 * 1024;

/// What a list calls its columns and their values, and what holds for all of its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Map {
    /// What it calls each column; empty: as the service does.
    columns: BTreeMap<String, String>,
    /// By column: what it writes, and what that is here.
    values: BTreeMap<String, BTreeMap<String, String>>,
    /// What stands in cells that it leaves empty, and in columns that it has not.
    defaults: BTreeMap<String, String>,
}

impl Map {
    /// Reads a map.
    ///
    /// # Errors
    /// What is wrong with it and how to mend it.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err("the map is longer than 16 KiB: name fewer values".to_owned());
        }
        let map: Self = toml::from_str(text).map_err(|fault| {
            let line = fault.span().map_or(1, |at| text[..at.start].matches('\n').count() + 1);
            format!("line {line} of the map: {}", fault.message().replace('\n', " "))
        })?;
        let mut named = map.columns.keys().chain(map.values.keys()).chain(map.defaults.keys());
        match named.find(|name| COLUMNS.all().all(|known| known != *name)) {
            Some(unknown) => {
                let known: Vec<_> = COLUMNS.all().collect();
                Err(format!("the map speaks of a column `{unknown}`: there are {}", known.join(", ")))
            }
            None => Ok(map),
        }
    }

    /// The map as it is written.
    pub fn written(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// The same words with other columns: what the list calls each, and what holds where it says nothing; neither where empty.
    #[must_use]
    pub fn with<'c>(self, columns: impl Iterator<Item = (&'static str, &'c str, &'c str)>) -> Self {
        let mut map = Self { values: self.values, ..Self::default() };
        for (column, heading, given) in columns {
            let filled = |text: &str| Some((column.to_owned(), text.to_owned())).filter(|_| !text.is_empty());
            map.columns.extend(filled(heading));
            map.defaults.extend(filled(given));
        }
        map
    }

    /// Says what a word means in a column.
    pub fn say(&mut self, column: &str, word: &str, meaning: &str) {
        self.values.entry(column.to_owned()).or_default().insert(word.to_owned(), meaning.to_owned());
    }

    /// What the list writes in a column where this is meant; `None` where it writes nothing.
    pub fn word<'m>(&'m self, column: &str, meant: &'m str) -> Option<&'m str> {
        let mut said = self.values.get(column).into_iter().flatten();
        match said.find(|(_, meaning)| *meaning == meant) {
            Some((word, _)) => Some(word),
            None => Some(meant).filter(|_| self.given(column) != meant),
        }
    }

    /// What stands in a column where the list says nothing; empty: nothing.
    pub fn given(&self, column: &str) -> &str {
        self.defaults.get(column).map_or("", String::as_str)
    }

    /// What stands among the headings of a list for a column, of one with headings of its own as the map says.
    pub fn found<'h>(&self, column: &str, headings: &'h [String]) -> Option<&'h str> {
        let named = self.columns.get(column).map(String::as_str);
        let named = named.or_else(|| self.columns.is_empty().then_some(column))?;
        let same = |heading: &&String| heading.to_lowercase() == named.trim().to_lowercase();
        headings.iter().find(same).map(String::as_str)
    }

    /// How the list calls its columns.
    pub fn headings(&self) -> Headings {
        Headings { names: self.columns.clone(), given: self.defaults.keys().cloned().collect() }
    }

    /// What the list calls a column.
    pub fn heading<'m>(&'m self, column: &'m str) -> &'m str {
        self.columns.get(column).map_or(column, String::as_str)
    }

    /// What a cell says, with the values and defaults of the map; blanks at its ends do not count.
    pub fn value<'m>(&'m self, column: &str, cell: &'m str) -> &'m str {
        let cell = cell.trim();
        let other = if cell.is_empty() {
            self.defaults.get(column)
        } else {
            self.values.get(column).and_then(|values| values.get(cell))
        };
        other.map_or(cell, String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_gives_other_words_and_fills_what_is_empty() {
        let text = "[columns]\ndirection = \"IN_OUT\"\n[values.direction]\nOUT = \"out\"\n[defaults]\nplaces = \"1\"";
        let map = Map::read(text).unwrap();
        assert_eq!(map.value("direction", " OUT "), "out");
        assert_eq!(map.value("direction", "IN"), "IN");
        assert_eq!((map.value("places", " "), map.value("places", "3")), ("1", "3"));
        assert_eq!((map.heading("direction"), map.heading("places")), ("IN_OUT", "places"));
    }

    #[test]
    fn a_map_that_is_none_is_refused_by_its_line_or_its_name() {
        let told = |text: &str| Map::read(text).unwrap_err();
        assert!(told("[columns]\npartner = 3").starts_with("line 2 of the map: "));
        assert!(told("[colours]").starts_with("line 1 of the map: "));
        assert!(told("[columns]\ncolour = \"x\"").contains("`colour`"));
        assert!(told(&"#".repeat(LONGEST + 1)).contains("16 KiB"));
    }
}
