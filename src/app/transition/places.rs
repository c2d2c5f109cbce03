//! Which lines a choice draws on, and what a step does to them.

use chrono::NaiveDate;
use sojourn_engine::definition::{Account, Line as Kind, PlaceOp, Term};
use sojourn_engine::ids::{PeriodId, PlaceLineId};
use sojourn_engine::machine::LineView;
use sojourn_engine::quota::{Covers, Wanted, narrowest};
use sojourn_engine::vocabulary::{AccountStatus, Direction, PlaceSource, PlaceUnit, PostingKind};

use crate::store::dossiers::{Dossier, Offering};
use crate::store::places::{Line, LineChange, in_force};

/// What an account draws on: the kind of line, and the term of the host.
pub type Draws = (Kind, Term);

/// Name and lines of an account, for [`bind`].
pub fn draws(account: &Account) -> (&str, Draws) {
    (&account.name, (account.line, account.term))
}

/// An account with the line that was named for it.
pub type Named<'a> = (&'a str, PlaceLineId);

/// An account of the definition with the line a choice gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Name of the account.
    pub name: String,
    /// Kind of line it draws on, and for which term.
    pub draws: Draws,
    /// The line, when one covers the choice.
    pub line: Option<PlaceLineId>,
    /// Whether the agreement behind it, if there is one, is in force when the stay begins.
    pub in_force: bool,
    /// Units one case takes.
    pub amount: i64,
    /// Cases waiting for that line.
    pub waiters: i64,
    left: i64,
}

impl Bound {
    /// Units left, when there is a line.
    pub fn free(&self) -> Option<i64> {
        self.line.map(|_| self.left)
    }

    /// Whether there is a place that may be held: enough of them that count by then, and nobody waits for them.
    pub fn has_room(&self) -> bool {
        self.waiters == 0 && self.in_force && self.free().is_some_and(|free| free >= self.amount)
    }

    /// The line as a step sees it.
    pub const fn view(&self) -> LineView {
        LineView {
            exists: self.line.is_some(),
            in_force: self.in_force,
            amount: self.amount,
            free: self.left,
            waiters: self.waiters,
        }
    }
}

/// Binds accounts to the lines that were named for them, else to the narrowest in force that cover an offering for this case, or
/// the host's term after it.
///
/// Of several equally narrow ones the one with most places left is taken, then the older.
pub fn bind<'a>(
    accounts: impl Iterator<Item = (&'a str, Draws)>,
    dossier: &Dossier,
    offering: &Offering,
    named: &[Named<'_>],
) -> Vec<Bound> {
    accounts
        .map(|(name, draws)| {
            let span = span(draws.1, dossier, offering);
            let is_named = |line: &&Line| named.contains(&(name, line.id));
            let line = dossier.lines.iter().find(is_named);
            let line = line.or_else(|| span.and_then(|span| best(draws, dossier, offering, span)));
            Bound {
                name: name.to_owned(),
                draws,
                line: line.map(|line| line.id),
                in_force: line.is_some_and(|line| in_force(line, starts_on(draws.1, dossier, offering))),
                amount: line.zip(span).map_or(1, |(line, (_, twelfths))| amount(line, twelfths)),
                waiters: line.and_then(|line| dossier.waiters.get(&line.id)).copied().unwrap_or(0),
                left: line.map_or(0, Line::free),
            }
        })
        .collect()
}

/// Whether the host publishes a capacity of its own for this choice, in that term.
pub fn host_tracks(term: Term, dossier: &Dossier, offering: &Offering) -> bool {
    span(term, dossier, offering).and_then(|span| best((Kind::Host, term), dossier, offering, span)).is_some()
}

/// Whether the programme of this choice takes a limited number of nominations at a time.
pub fn limits_nominees(dossier: &Dossier, offering: &Offering) -> bool {
    let span = (offering.period, offering.twelfths);
    best((Kind::Nominees, Term::Chosen), dossier, offering, span).is_some()
}

/// A period with its twelfths of a year.
type Span = (PeriodId, i16);

fn span(term: Term, dossier: &Dossier, offering: &Offering) -> Option<Span> {
    match term {
        Term::Chosen => Some((offering.period, offering.twelfths)),
        Term::Extra => dossier.extra_term.as_ref().map(|period| (period.id, period.twelfths)),
    }
}

/// The first day of the stay in that term.
fn starts_on(term: Term, dossier: &Dossier, offering: &Offering) -> NaiveDate {
    match (term, &dossier.extra_term) {
        (Term::Extra, Some(period)) => period.start_on,
        (Term::Extra | Term::Chosen, _) => offering.start_on,
    }
}

fn best<'d>(draws: Draws, dossier: &'d Dossier, offering: &Offering, span: Span) -> Option<&'d Line> {
    let equal = equal(draws, dossier, offering, span).into_iter();
    equal.max_by_key(|line| (line.free(), std::cmp::Reverse(line.id)))
}

/// The narrowest lines that cover an offering in the term it is for, the oldest first.
pub fn chosen<'d>(kind: Kind, dossier: &'d Dossier, offering: &Offering) -> Vec<&'d Line> {
    equal((kind, Term::Chosen), dossier, offering, (offering.period, offering.twelfths))
}

/// The narrowest lines that cover an offering for this case, the oldest first: those in force.
fn equal<'d>(
    (kind, term): Draws,
    dossier: &'d Dossier,
    offering: &Offering,
    (period, _): Span,
) -> Vec<&'d Line> {
    let wanted = Wanted {
        home: dossier.home.id,
        host: offering.host.id,
        programme: offering.programme,
        period: Some(period),
        level: dossier.student.level,
        field: dossier.student.field.as_deref().unwrap_or(""),
    };
    let starts_on = starts_on(term, dossier, offering);
    let narrowest = |counts: &dyn Fn(&Line) -> bool| -> Vec<&'d Line> {
        let lines = dossier.lines.iter().filter(|line| serves(kind, line) && counts(line));
        let lines: Vec<(&Line, Covers<_, _, _>)> = lines.map(|line| (line, line.covers.clone())).collect();
        narrowest(&lines, &wanted).into_iter().copied().collect()
    };
    let mut found = narrowest(&|line| in_force(line, starts_on));
    // A further term draws on an agreement that is in force then; a choice keeps the line of one that is not, and is told so.
    if found.is_empty() && term == Term::Chosen {
        found = narrowest(&|_| true);
    }
    found.sort_by_key(|line| line.id);
    found
}

fn serves(kind: Kind, line: &Line) -> bool {
    match kind {
        Kind::HomeToHost => line.direction == Direction::Out && line.covers.host.is_some(),
        Kind::HomePool => line.direction == Direction::Out && line.covers.source == PlaceSource::Pool,
        Kind::Host => {
            line.direction == Direction::In
                && !matches!(line.covers.source, PlaceSource::Programme | PlaceSource::Nominees)
                && line.covers.home.is_none()
        }
        Kind::Programme => line.covers.source == PlaceSource::Programme,
        Kind::Nominees => line.covers.source == PlaceSource::Nominees,
    }
}

fn amount(line: &Line, twelfths: i16) -> i64 {
    match line.unit {
        PlaceUnit::Heads => 1,
        PlaceUnit::Twelfths => i64::from(twelfths),
    }
}

/// What an effect posts and how it changes the line, for an account that was in `before`.
pub fn posted(op: PlaceOp, before: AccountStatus, amount: i32) -> (Vec<(PostingKind, i32)>, LineChange) {
    let held = |held| LineChange { held, ..LineChange::default() };
    let used = |used| LineChange { used, ..LineChange::default() };
    match (op, before) {
        (PlaceOp::Hold, _) => (vec![(PostingKind::Hold, amount)], held(amount)),
        (PlaceOp::Use, _) => {
            (vec![(PostingKind::Use, amount)], LineChange { held: -amount, used: amount, capacity: 0 })
        }
        (PlaceOp::Release, _) | (PlaceOp::Free, AccountStatus::Held) => {
            (vec![(PostingKind::Release, amount)], held(-amount))
        }
        (PlaceOp::Return, _) | (PlaceOp::Free, AccountStatus::Used) => {
            (vec![(PostingKind::Use, -amount), (PostingKind::Release, amount)], used(-amount))
        }
        (PlaceOp::Keep, _) | (PlaceOp::Free, AccountStatus::None) => (Vec::new(), LineChange::default()),
    }
}
