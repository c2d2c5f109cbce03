//! Headers of tables: which column stands where, under the service's own names or those a list gives it.

use std::collections::{BTreeMap, BTreeSet};

use csv::StringRecord;

/// The columns a table must and may have.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    /// Those that must be there.
    pub needed: &'static [&'static str],
    /// Those that may be there.
    pub wanted: &'static [&'static str],
}

/// How a list calls its columns, where it was not made for the service.
#[derive(Debug, Clone, Default)]
pub struct Headings {
    /// What it calls each of them; empty: as the service does. Whatever else stands in it is not read.
    pub names: BTreeMap<String, String>,
    /// Columns that have a value without standing in it.
    pub given: BTreeSet<String>,
}

/// Name of each column with its place in a record.
pub(super) type Located = Vec<(&'static str, usize)>;

impl Columns {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &'static str> {
        self.needed.iter().chain(self.wanted).copied()
    }

    /// Where each column stands in a header.
    pub(super) fn locate(&self, header: &StringRecord, headings: &Headings) -> Result<Located, String> {
        let located = if headings.names.is_empty() {
            self.under_own_names(header)?
        } else {
            self.under_names_of(header, headings)?
        };
        let there = |name: &str| located.iter().any(|(there, _)| *there == name);
        match self.needed.iter().find(|name| !there(name) && !headings.given.contains(**name)) {
            Some(missing) => Err(format!("the column `{missing}` is missing")),
            None => Ok(located),
        }
    }

    fn under_own_names(&self, header: &StringRecord) -> Result<Located, String> {
        let mut located = Located::with_capacity(header.len());
        for (at, name) in header.iter().map(plain).enumerate() {
            let Some(known) = self.all().find(|known| *known == name.to_lowercase()) else {
                return Err(format!("no column is called `{name}`"));
            };
            if located.iter().any(|(earlier, _)| *earlier == known) {
                return Err(format!("the column `{name}` stands there twice"));
            }
            located.push((known, at));
        }
        Ok(located)
    }

    fn under_names_of(&self, header: &StringRecord, headings: &Headings) -> Result<Located, String> {
        let mut located = Located::with_capacity(headings.names.len());
        for (own, name) in &headings.names {
            let Some(known) = self.all().find(|known| known == own) else {
                return Err(format!("no column is called `{own}`"));
            };
            let mut places =
                header.iter().map(plain).enumerate().filter(|(_, heading)| *heading == name.trim());
            match (places.next(), places.next()) {
                (None, _) => return Err(format!("the column `{name}` is missing")),
                (Some((at, _)), None) => located.push((known, at)),
                (Some(_), Some(_)) => return Err(format!("the column `{name}` stands there twice")),
            }
        }
        Ok(located)
    }
}

/// A heading without the mark that some programs set before the first.
pub(super) fn plain(heading: &str) -> &str {
    heading.trim_start_matches('\u{feff}').trim()
}
