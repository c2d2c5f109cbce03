//! Balances: places agreed, held, used and left, by pair of institutions and period, at any instant, from postings alone. An agreement
//! counts once it is signed and until it is over; what was taken of it counts for ever.
//!
//! Coordinators see the lines of their institution, home or host; the secretariat and the chair those of the whole alliance.

mod carry;
mod counting;
mod pairs;
pub mod picture;
pub mod statements;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::ids::{AgreementId, InstitutionId, PeriodId, PlaceLineId};
use sojourn_engine::vocabulary::{PlaceSource, PlaceUnit};
use utoipa::ToSchema;

use super::places::{PlaceLine, Wanted};
use super::reports::{self, Report};
use super::{App, Error, FieldError, Result};
use crate::access::Caller;
use crate::store::agreements::Agreement;
use crate::store::balances::{self as store, Sums};
use crate::store::periods::Period;
use crate::store::{Conn, agreements, institutions, periods};

pub use carry::{Carried, Carry, carry, heirs, preview};
pub use pairs::{PairBalance, Way};

/// Numbers of places, in their unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BalanceNumbers)]
pub struct Numbers {
    /// How many there are, those carried over counted in.
    pub capacity: i64,
    /// How many of these were carried over from other periods; negative when carried to others.
    pub carried: i64,
    /// How many are reserved.
    pub held: i64,
    /// How many are taken for good.
    pub used: i64,
    /// How many are left; negative when more are taken than there are.
    pub free: i64,
    /// How many will be taken if every reserved one is.
    pub forecast: i64,
}

impl Numbers {
    const fn add(&mut self, sums: Sums) {
        self.capacity += sums.capacity;
        self.carried += sums.carried;
        self.held += sums.held;
        self.used += sums.used;
        self.forecast = self.held + self.used;
        self.free = self.capacity - self.forecast;
    }

    const fn and(mut self, other: &Self) -> Self {
        self.capacity += other.capacity;
        self.carried += other.carried;
        self.held += other.held;
        self.used += other.used;
        self.forecast += other.forecast;
        self.free += other.free;
        self
    }
}

/// An institution by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(as = BalanceEnd)]
pub struct End {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: InstitutionId,
}

impl End {
    /// Its id for a table; empty for any.
    pub fn id_of(end: Option<&Self>) -> String {
        end.map(|end| end.id.to_string()).unwrap_or_default()
    }

    /// Its name for a table; empty for any.
    pub fn name_of(end: Option<&Self>) -> String {
        end.map(|end| reports::table::plain(&end.name)).unwrap_or_default()
    }
}

/// A term by its code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(as = BalancePeriod)]
pub struct Term {
    /// Year in which the academic year begins.
    pub academic_year: i16,
    /// The institution's code of the term.
    pub term: String,
    /// Its id.
    pub id: PeriodId,
}

impl From<&Period> for Term {
    fn from(row: &Period) -> Self {
        Self { academic_year: row.academic_year, term: row.term.clone(), id: row.id }
    }
}

/// Places of one source from one institution to another in one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BalanceRow {
    /// Where they come from: a stay may draw on its agreement and on a pool of its host, so that sources are never added up.
    pub source: PlaceSource,
    /// Who sends; `null` where places are open to all.
    pub home: Option<End>,
    /// Who receives; `null` where a home may send anywhere.
    pub host: Option<End>,
    /// The period; `null` where it is any.
    pub period: Option<Term>,
    /// What is counted.
    pub unit: PlaceUnit,
    /// The numbers.
    pub numbers: Numbers,
    /// Lines of places behind them.
    pub lines: Vec<PlaceLineId>,
    /// Those of them that are overdrawn: more is taken than there is.
    pub overdrawn: Vec<PlaceLineId>,
}

/// All of a source and a unit in one academic year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BalanceTotal {
    /// Where they come from.
    pub source: PlaceSource,
    /// Year in which the academic year begins; `null` for places of any period.
    pub academic_year: Option<i16>,
    /// What is counted.
    pub unit: PlaceUnit,
    /// The numbers.
    pub numbers: Numbers,
}

/// Balances at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BalanceView {
    /// The instant.
    pub at: DateTime<Utc>,
    /// By source, home, host and period.
    pub rows: Vec<BalanceRow>,
    /// By pair of institutions, source and academic year, then all years together.
    pub pairs: Vec<PairBalance>,
    /// By source and academic year, all institutions together.
    pub totals: Vec<BalanceTotal>,
}

/// Which balances.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Which lines.
    pub wanted: Wanted,
    /// When; `None` is now.
    pub at: Option<DateTime<Utc>>,
}

/// Whether a caller has a part in exchanges.
pub fn may_read(caller: &Caller) -> bool {
    sees_all(caller) || !caller.coordinated().is_empty()
}

fn sees_all(caller: &Caller) -> bool {
    caller.is_secretariat() || caller.is_chair()
}

/// The balances a caller sees.
///
/// # Errors
/// [`Error::Forbidden`] for whoever has no part in exchanges, [`Error::Invalid`] for an instant to come.
pub async fn report(app: &App, caller: &Caller, asked: &Asked) -> Result<BalanceView> {
    admit(caller)?;
    balance(app, app.store.read(), caller, sees_all(caller), asked).await
}

/// Passes for whoever has a part in exchanges.
fn admit(caller: &Caller) -> Result<()> {
    if may_read(caller) {
        return Ok(());
    }
    Err(Error::Forbidden { needs: "a coordinator, the secretariat or the chair".to_owned() })
}

/// The balance of one agreement, which the caller sees.
///
/// # Errors
/// [`Error::NotFound`] for no such agreement.
pub async fn of_agreement(
    app: &App,
    caller: &Caller,
    id: AgreementId,
    at: Option<DateTime<Utc>>,
) -> Result<BalanceView> {
    let conn = app.store.read();
    agreements::find(conn, caller, id).await?.ok_or(Error::NotFound)?;
    let wanted = Wanted { agreement: Some(id), ..Wanted::default() };
    balance(app, conn, caller, true, &Asked { wanted, at }).await
}

pub(super) async fn balance(
    app: &App,
    conn: &impl Conn,
    caller: &Caller,
    all: bool,
    asked: &Asked,
) -> Result<BalanceView> {
    let mut ledger = read(app, conn, caller, all, asked).await?;
    let draws = store::draws(conn, &pairs::open(&ledger.lines), ledger.at).await?;
    let drawn: BTreeSet<InstitutionId> = draws.iter().flat_map(|draw| [draw.home, draw.host]).collect();
    ledger.known.name(conn, drawn).await?;
    let own = (!all).then(|| caller.coordinated());
    let pairs = pairs::pairs(&ledger, &draws, own.as_deref());
    let rows = rows(&ledger.known, &ledger.lines, &ledger.sums);
    Ok(BalanceView { at: ledger.at, pairs, totals: totals(&rows), rows })
}

/// The instant that is asked for, which is past.
fn instant(app: &App, asked: &Asked) -> Result<DateTime<Utc>> {
    let now = app.clock.now();
    match asked.at {
        Some(at) if at > now => {
            Err(Error::Invalid(vec![FieldError::new("/at", "not yet: give an instant that is past")]))
        }
        at => Ok(at.unwrap_or(now)),
    }
}

/// Lines that a caller sees and that count at an instant, with what their postings add up to and what their ends and periods are called.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) at: DateTime<Utc>,
    pub(super) lines: Vec<PlaceLine>,
    pub(super) sums: BTreeMap<PlaceLineId, Sums>,
    pub(super) known: Known,
}

/// Reads them.
///
/// # Errors
/// As for [`report`].
pub(super) async fn ledger(app: &App, caller: &Caller, asked: &Asked) -> Result<Ledger> {
    admit(caller)?;
    read(app, app.store.read(), caller, sees_all(caller), asked).await
}

async fn read(app: &App, conn: &impl Conn, caller: &Caller, all: bool, asked: &Asked) -> Result<Ledger> {
    let at = instant(app, asked)?;
    let on = at.with_timezone(&app.zone).date_naive();
    let found = store::lines(conn, caller, all, &asked.wanted, at).await?;
    let ids: Vec<PlaceLineId> = found.iter().map(|(line, _)| line.id).collect();
    let mut sums = store::sums(conn, &ids, at).await?;
    let known = Known::of(conn, &found).await?;
    let mut lines = Vec::with_capacity(found.len());
    for (line, agreement) in found {
        let period = line.period_id.and_then(|period| known.terms.get(&period));
        if !counting::gives(agreement.as_ref(), period, (at, on)) {
            let sums = sums.entry(line.id).or_default();
            if !sums.is_taken() {
                continue;
            }
            *sums = sums.spent();
        }
        lines.push(line);
    }
    Ok(Ledger { at, lines, sums, known })
}

/// What the ends and periods of lines are called.
#[derive(Debug)]
pub(super) struct Known {
    names: BTreeMap<InstitutionId, String>,
    terms: BTreeMap<PeriodId, Period>,
}

impl Known {
    async fn of(conn: &impl Conn, lines: &[(PlaceLine, Option<Agreement>)]) -> Result<Self> {
        let (mut ends, mut periods) = (BTreeSet::new(), BTreeSet::new());
        for (line, _) in lines {
            ends.extend(line.home_id.into_iter().chain(line.host_id));
            periods.extend(line.period_id);
        }
        let terms = periods::named(conn, &periods.into_iter().collect::<Vec<_>>()).await?;
        let mut known = Self { names: BTreeMap::new(), terms };
        known.name(conn, ends).await?;
        Ok(known)
    }

    /// Reads the names of more ends.
    async fn name(&mut self, conn: &impl Conn, ends: BTreeSet<InstitutionId>) -> Result<()> {
        let new: Vec<InstitutionId> = ends.into_iter().filter(|end| !self.names.contains_key(end)).collect();
        if !new.is_empty() {
            self.names.extend(institutions::names(conn, &new).await?);
        }
        Ok(())
    }

    fn named(&self, id: InstitutionId) -> End {
        End { name: self.names.get(&id).cloned().unwrap_or_default(), id }
    }

    /// An institution.
    pub(super) fn end(&self, id: Option<InstitutionId>) -> Option<End> {
        id.map(|id| self.named(id))
    }

    /// A period.
    pub(super) fn term(&self, id: Option<PeriodId>) -> Option<Term> {
        id.and_then(|id| self.terms.get(&id)).map(Term::from)
    }
}

fn rows(known: &Known, lines: &[PlaceLine], sums: &BTreeMap<PlaceLineId, Sums>) -> Vec<BalanceRow> {
    let mut rows: BTreeMap<_, BalanceRow> = BTreeMap::new();
    for line in lines {
        let period = known.term(line.period_id);
        let (home, host) = (known.end(line.home_id), known.end(line.host_id));
        let key = (line.source, home.clone(), host.clone(), period.clone(), line.unit.as_str());
        let row = rows.entry(key).or_insert_with(|| BalanceRow {
            source: line.source,
            home,
            host,
            period,
            unit: line.unit,
            numbers: Numbers::default(),
            lines: Vec::new(),
            overdrawn: Vec::new(),
        });
        let of = sums.get(&line.id).copied().unwrap_or_default();
        row.numbers.add(of);
        row.lines.push(line.id);
        if of.held + of.used > of.capacity {
            row.overdrawn.push(line.id);
        }
    }
    rows.into_values().collect()
}

fn totals(rows: &[BalanceRow]) -> Vec<BalanceTotal> {
    let mut totals: BTreeMap<_, BalanceTotal> = BTreeMap::new();
    for row in rows {
        let academic_year = row.period.as_ref().map(|period| period.academic_year);
        let key = (row.source, academic_year, row.unit.as_str());
        let total = totals.entry(key).or_insert_with(|| BalanceTotal {
            source: row.source,
            academic_year,
            unit: row.unit,
            numbers: Numbers::default(),
        });
        total.numbers = total.numbers.and(&row.numbers);
    }
    totals.into_values().collect()
}

impl BalanceView {
    /// What of it is of one academic year.
    fn in_year(mut self, year: i16) -> Self {
        self.rows.retain(|row| row.period.as_ref().is_some_and(|period| period.academic_year == year));
        self.pairs.retain(|pair| pair.academic_year == Some(year));
        self.totals.retain(|total| total.academic_year == Some(year));
        self
    }
}

impl Report for BalanceView {
    fn csv(&self) -> Result<String> {
        table::csv(self)
    }

    fn picture(&self, language: &str) -> String {
        picture::draw(self, language)
    }
}
