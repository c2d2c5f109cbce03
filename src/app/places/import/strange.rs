//! Words of a list that nobody here understands, counted, so that a map can say what they mean.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::map::Map;
use super::row::Wish;
use crate::app::people::RefusedRow;

/// Columns whose words a map can give a meaning; what stands in the others is no word.
const OF_WORDS: &[&str] = &[
    "partner",
    "country",
    "direction",
    "level",
    "field",
    "period",
    "valid_from_on",
    "valid_until_on",
    "unit",
];
/// The longest word that is told.
const LONGEST: usize = 300;
/// Words told of a column.
const TOLD: usize = 200;

/// A word that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = UnreadWord)]
pub struct StrangeEntry {
    /// The column, as the service calls it.
    pub column: &'static str,
    /// What the list writes there.
    pub word: String,
    /// In how many of its rows.
    pub rows: u64,
}

/// Words by column, with the number of rows.
#[derive(Debug, Clone, Default)]
pub struct Strange(BTreeMap<&'static str, BTreeMap<String, u64>>);

impl Strange {
    /// Notes what a row writes in a column, if it is a word.
    pub fn note(&mut self, column: &'static str, word: &str, is_value: bool) {
        if is_value && OF_WORDS.contains(&column) && !word.is_empty() && word.chars().count() <= LONGEST {
            *self.0.entry(column).or_default().entry(word.to_owned()).or_default() += 1;
        }
    }

    /// The same with words that could be read and name nobody, or nothing that there is.
    #[must_use]
    pub fn with(&self, refused: &[RefusedRow], wishes: &[Wish], map: &Map) -> Self {
        let mut strange = self.clone();
        for (row, column) in refused.iter().filter_map(|one| Some((one.row, one.column.as_deref()?))) {
            let Ok(at) = wishes.binary_search_by_key(&row, |wish| wish.row) else { continue };
            let (column, meant) = match column {
                "partner" => ("partner", wishes[at].partner.as_str()),
                "period" => ("period", wishes[at].period.as_deref().unwrap_or_default()),
                _ => continue,
            };
            strange.note(column, map.word(column, meant).unwrap_or_default(), true);
        }
        strange
    }

    /// The words, those of most rows first in each column.
    pub fn told(&self) -> Vec<StrangeEntry> {
        let mut told = Vec::new();
        for column in OF_WORDS {
            let words = self.0.get(column).into_iter().flatten();
            let entry =
                |(word, rows): (&String, &u64)| StrangeEntry { column, word: word.clone(), rows: *rows };
            let mut words: Vec<_> = words.map(entry).collect();
            words.sort_by(|one, other| other.rows.cmp(&one.rows).then_with(|| one.word.cmp(&other.word)));
            told.extend(words.into_iter().take(TOLD));
        }
        told
    }
}
