//! What pairs of institutions have sent to each other, by source and academic year.
//!
//! Between whom a place of a line with an open end was taken, and in which year one of a line for any period was, is said by the case
//! that took it.

use std::collections::BTreeMap;

use serde::Serialize;
use sojourn_engine::ids::{InstitutionId, PlaceLineId};
use sojourn_engine::vocabulary::{PlaceSource, PlaceUnit};
use utoipa::ToSchema;

use super::{End, Ledger, PlaceLine};
use crate::store::balances::{Draw, Sums};

/// Places from one institution of a pair to the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PairWay)]
pub struct Way {
    /// How many there are for just these two; those for any period count in all years together alone.
    pub capacity: i64,
    /// How many are reserved.
    pub held: i64,
    /// How many are taken for good.
    pub used: i64,
    /// How many will be taken if every reserved one is.
    pub forecast: i64,
}

impl Way {
    const fn add(&mut self, sums: Sums) {
        self.capacity += sums.capacity;
        self.held += sums.held;
        self.used += sums.used;
        self.forecast = self.held + self.used;
    }
}

/// What two institutions have sent to each other by places of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PairBalance {
    /// One of them.
    pub one: End,
    /// The other.
    pub other: End,
    /// Where the places come from: sources are never added up.
    pub source: PlaceSource,
    /// What is counted.
    pub unit: PlaceUnit,
    /// Year in which the academic year begins; `null`: all years together.
    pub academic_year: Option<i16>,
    /// From the one to the other.
    pub there: Way,
    /// From the other to the one.
    pub back: Way,
    /// Taken there less taken back: positive when the one has sent more.
    pub balance: i64,
    /// The same if every reserved place is taken.
    pub forecast: i64,
}

/// Whether places of a line are sent and received: nominations that a programme takes at a time are not.
const fn counts(line: &PlaceLine) -> bool {
    !matches!(line.source, PlaceSource::Nominees)
}

/// Lines that do not say themselves between whom, or in which year, their places were taken.
pub(super) fn open(lines: &[PlaceLine]) -> Vec<PlaceLineId> {
    let open = |line: &&PlaceLine| {
        counts(line) && (line.home_id.is_none() || line.host_id.is_none() || line.period_id.is_none())
    };
    lines.iter().filter(open).map(|line| line.id).collect()
}

/// The pairs of a ledger, with what cases have drawn from its open lines; where `own` is given, only those with one of these.
pub(super) fn pairs(ledger: &Ledger, draws: &[Draw], own: Option<&[InstitutionId]>) -> Vec<PairBalance> {
    let mut pairs = Pairs { ledger, own, all: BTreeMap::new() };
    let lines: BTreeMap<PlaceLineId, &PlaceLine> =
        ledger.lines.iter().filter(|line| counts(line)).map(|line| (line.id, line)).collect();
    let year = |line: &PlaceLine| ledger.known.term(line.period_id).map(|term| term.academic_year);
    for line in lines.values() {
        let (Some(home), Some(host)) = (line.home_id, line.host_id) else { continue };
        let sums = ledger.sums.get(&line.id).copied().unwrap_or_default();
        pairs.add(line, (home, host), None, sums);
        if let Some(year) = year(line) {
            pairs.add(line, (home, host), Some(year), sums);
        }
    }
    for draw in draws {
        let Some(line) = lines.get(&draw.line) else { continue };
        let ends = (line.home_id.unwrap_or(draw.home), line.host_id.unwrap_or(draw.host));
        pairs.add(line, ends, Some(year(line).unwrap_or(draw.academic_year)), draw.sums);
        if line.home_id.is_none() || line.host_id.is_none() {
            pairs.add(line, ends, None, draw.sums);
        }
    }
    pairs.all.into_values().collect()
}

/// Both ends, source, unit and year; all years together come last.
type Key = (End, End, PlaceSource, &'static str, (bool, Option<i16>));

/// Pairs that are being added up.
struct Pairs<'a> {
    ledger: &'a Ledger,
    own: Option<&'a [InstitutionId]>,
    all: BTreeMap<Key, PairBalance>,
}

impl Pairs<'_> {
    fn add(
        &mut self,
        line: &PlaceLine,
        (home, host): (InstitutionId, InstitutionId),
        academic_year: Option<i16>,
        sums: Sums,
    ) {
        let of_others = self.own.is_some_and(|own| !own.contains(&home) && !own.contains(&host));
        if home == host || of_others {
            return;
        }
        let (home, host) = (self.ledger.known.named(home), self.ledger.known.named(host));
        let goes = home <= host;
        let (one, other) = if goes { (home, host) } else { (host, home) };
        let years = (academic_year.is_none(), academic_year);
        let key = (one.clone(), other.clone(), line.source, line.unit.as_str(), years);
        let pair = self.all.entry(key).or_insert_with(|| PairBalance {
            one,
            other,
            source: line.source,
            unit: line.unit,
            academic_year,
            there: Way::default(),
            back: Way::default(),
            balance: 0,
            forecast: 0,
        });
        let way = if goes { &mut pair.there } else { &mut pair.back };
        way.add(sums);
        pair.balance = pair.there.used - pair.back.used;
        pair.forecast = pair.there.forecast - pair.back.forecast;
    }
}
