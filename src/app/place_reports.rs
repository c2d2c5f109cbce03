//! Places offered, held, used and unfilled, by pair, period, level and field, at any instant.
//!
//! A line that is for several levels or fields stays one row: which of them its free places go to is open until somebody has them.

mod picture;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::ids::PlaceLineId;
use sojourn_engine::vocabulary::{Level, PlaceSource, PlaceUnit, PlacesBy};
use utoipa::ToSchema;

use super::balances::{self, Asked, End, Term};
use super::reports::{Report, table};
use super::{App, Error, FieldError, Result};
use crate::access::Caller;
use crate::store::balances::Sums;
use crate::store::places;

/// Numbers of places, in their unit: offered and beyond are together what is held, used and unfilled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlacesNumbers {
    /// How many there are, those carried over counted in.
    pub offered: i64,
    /// How many are reserved.
    pub held: i64,
    /// How many are taken for good.
    pub used: i64,
    /// How many nobody has.
    pub unfilled: i64,
    /// How many are reserved or taken beyond what their lines have.
    pub beyond: i64,
}

impl PlacesNumbers {
    fn add(&mut self, sums: Sums) {
        let free = sums.capacity - sums.held - sums.used;
        self.offered += sums.capacity;
        self.held += sums.held;
        self.used += sums.used;
        self.unfilled += free.max(0);
        self.beyond += (-free).max(0);
    }
}

/// Places that are told apart from others by what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlacesRow {
    /// Where they come from; sources are never added up.
    pub source: PlaceSource,
    /// What is counted.
    pub unit: PlaceUnit,
    /// Who sends; `null` where places are open to all, or pairs are not told apart.
    pub home: Option<End>,
    /// Who receives; `null` where a home may send anywhere, or pairs are not told apart.
    pub host: Option<End>,
    /// The period; `null` where it is any, or periods are not told apart.
    pub period: Option<Term>,
    /// Study cycles they are for; none: all, or levels are not told apart.
    pub levels: Vec<Level>,
    /// ISCED-F 2013 codes they are for; none: all, or fields are not told apart.
    pub fields: Vec<String>,
    /// The numbers.
    pub numbers: PlacesNumbers,
    /// Lines of places behind them.
    pub lines: Vec<PlaceLineId>,
}

/// Places at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlacesView {
    /// The instant.
    pub at: DateTime<Utc>,
    /// What places are told apart by.
    pub by: Vec<PlacesBy>,
    /// Them.
    pub rows: Vec<PlacesRow>,
    /// All of a source and a unit together.
    pub totals: Vec<PlacesRow>,
}

/// What to tell places apart by, from words with commas between them; nothing is everything.
///
/// # Errors
/// [`Error::Invalid`] for a word that names none of it.
pub fn told_apart_by(words: Option<&str>) -> Result<Vec<PlacesBy>> {
    let Some(words) = words.filter(|words| !words.trim().is_empty()) else {
        return Ok(PlacesBy::ALL.to_vec());
    };
    let parsed: std::result::Result<BTreeSet<PlacesBy>, _> =
        words.split(',').map(|word| word.trim().parse()).collect();
    match parsed {
        Ok(by) => Ok(by.into_iter().collect()),
        Err(_) => Err(Error::Invalid(vec![FieldError::new(
            "/by",
            "write pair, period, level or field, with commas",
        )])),
    }
}

/// The places a caller sees.
///
/// # Errors
/// [`Error::Forbidden`] for whoever has no part in exchanges, [`Error::Invalid`] for an instant to come.
pub async fn report(app: &App, caller: &Caller, asked: &Asked, by: Vec<PlacesBy>) -> Result<PlacesView> {
    let ledger = balances::ledger(app, caller, asked).await?;
    let mut single = Vec::with_capacity(ledger.lines.len());
    for line in &ledger.lines {
        let (levels, fields) = places::meant_for(line)?;
        let mut numbers = PlacesNumbers::default();
        numbers.add(ledger.sums.get(&line.id).copied().unwrap_or_default());
        single.push(PlacesRow {
            source: line.source,
            unit: line.unit,
            home: ledger.known.end(line.home_id),
            host: ledger.known.end(line.host_id),
            period: ledger.known.term(line.period_id),
            levels: sorted(levels),
            fields: sorted(fields),
            numbers,
            lines: vec![line.id],
        });
    }
    let totals = together(&single, &[]);
    Ok(PlacesView { at: ledger.at, rows: together(&single, &by), totals, by })
}

fn sorted<T: Ord>(values: Vec<T>) -> Vec<T> {
    values.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

/// Rows that differ in nothing of `by`, added up.
fn together(rows: &[PlacesRow], by: &[PlacesBy]) -> Vec<PlacesRow> {
    let mut all: BTreeMap<_, PlacesRow> = BTreeMap::new();
    for row in rows {
        let mut row = row.clone();
        if !by.contains(&PlacesBy::Pair) {
            (row.home, row.host) = (None, None);
        }
        if !by.contains(&PlacesBy::Period) {
            row.period = None;
        }
        if !by.contains(&PlacesBy::Level) {
            row.levels = Vec::new();
        }
        if !by.contains(&PlacesBy::Field) {
            row.fields = Vec::new();
        }
        let ends = (row.home.clone(), row.host.clone(), row.period.clone());
        let key = (row.source, row.unit, ends, row.levels.clone(), row.fields.clone());
        match all.entry(key) {
            std::collections::btree_map::Entry::Vacant(first) => {
                first.insert(row);
            }
            std::collections::btree_map::Entry::Occupied(sum) => sum.into_mut().take(row),
        }
    }
    all.into_values().collect()
}

impl PlacesRow {
    fn take(&mut self, other: Self) {
        self.numbers.offered += other.numbers.offered;
        self.numbers.held += other.numbers.held;
        self.numbers.used += other.numbers.used;
        self.numbers.unfilled += other.numbers.unfilled;
        self.numbers.beyond += other.numbers.beyond;
        self.lines.extend(other.lines);
    }
}

const COLUMNS: [&str; 16] = [
    "source",
    "home_id",
    "home",
    "host_id",
    "host",
    "academic_year",
    "term",
    "levels",
    "fields",
    "unit",
    "capacity",
    "held",
    "used",
    "unfilled",
    "beyond",
    "lines",
];

fn cells(row: &PlacesRow) -> [String; COLUMNS.len()] {
    let period = row.period.as_ref();
    let numbers = &row.numbers;
    [
        row.source.as_str().to_owned(),
        End::id_of(row.home.as_ref()),
        End::name_of(row.home.as_ref()),
        End::id_of(row.host.as_ref()),
        End::name_of(row.host.as_ref()),
        period.map(|period| period.academic_year.to_string()).unwrap_or_default(),
        period.map(|period| table::plain(&period.term)).unwrap_or_default(),
        row.levels.iter().map(|level| level.as_str()).collect::<Vec<_>>().join(" "),
        row.fields.join(" "),
        row.unit.as_str().to_owned(),
        numbers.offered.to_string(),
        numbers.held.to_string(),
        numbers.used.to_string(),
        numbers.unfilled.to_string(),
        numbers.beyond.to_string(),
        row.lines.len().to_string(),
    ]
}

impl Report for PlacesView {
    fn csv(&self) -> Result<String> {
        table::csv(COLUMNS, self.rows.iter().map(cells))
    }

    fn picture(&self, language: &str) -> String {
        picture::draw(self, language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_what_places_are_told_apart_by() {
        assert_eq!(told_apart_by(None).unwrap(), PlacesBy::ALL);
        assert_eq!(told_apart_by(Some("field, pair,field")).unwrap(), [PlacesBy::Pair, PlacesBy::Field]);
        assert!(told_apart_by(Some("pair,host")).is_err() && told_apart_by(Some("pair,")).is_err());
    }

    #[test]
    fn what_is_beyond_one_line_fills_no_other() {
        let mut numbers = PlacesNumbers::default();
        numbers.add(Sums { capacity: 2, carried: 0, held: 1, used: 3 });
        numbers.add(Sums { capacity: 5, carried: 1, held: 0, used: 1 });
        assert_eq!((numbers.offered, numbers.held, numbers.used), (7, 1, 4));
        assert_eq!((numbers.unfilled, numbers.beyond), (4, 2));
    }
}
