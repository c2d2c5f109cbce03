//! Which lines a choice draws on, and what a step does to them.

use sojourn_engine::definition::{Line as Kind, PlaceOp};
use sojourn_engine::ids::PlaceLineId;
use sojourn_engine::machine::LineView;
use sojourn_engine::quota::{Covers, Wanted, narrowest};
use sojourn_engine::vocabulary::{AccountStatus, Direction, PlaceSource, PlaceUnit, PostingKind};

use crate::store::dossiers::{Dossier, Offering};
use crate::store::places::{Line, LineChange};

/// An account of the definition with the line a choice gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Name of the account.
    pub name: String,
    /// Kind of line it draws on.
    pub kind: Kind,
    /// The line, when one covers the choice.
    pub line: Option<PlaceLineId>,
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

    /// Whether there is a place that may be held: enough of them, and nobody waits for them.
    pub fn has_room(&self) -> bool {
        self.waiters == 0 && self.free().is_some_and(|free| free >= self.amount)
    }

    /// The line as a step sees it.
    pub const fn view(&self) -> LineView {
        LineView { exists: self.line.is_some(), amount: self.amount, free: self.left, waiters: self.waiters }
    }
}

/// Binds accounts to the narrowest lines that cover an offering for this case.
///
/// Of several equally narrow ones the one with most places left is taken, then the older.
pub fn bind<'a>(
    accounts: impl Iterator<Item = (&'a str, Kind)>,
    dossier: &Dossier,
    offering: &Offering,
) -> Vec<Bound> {
    accounts
        .map(|(name, kind)| {
            let line = best(kind, dossier, offering);
            Bound {
                name: name.to_owned(),
                kind,
                line: line.map(|line| line.id),
                amount: line.map_or(1, |line| amount(line, offering)),
                waiters: line.and_then(|line| dossier.waiters.get(&line.id)).copied().unwrap_or(0),
                left: line.map_or(0, Line::free),
            }
        })
        .collect()
}

/// Whether the host publishes a capacity of its own for this choice.
pub fn host_tracks(dossier: &Dossier, offering: &Offering) -> bool {
    best(Kind::Host, dossier, offering).is_some()
}

fn best<'d>(kind: Kind, dossier: &'d Dossier, offering: &Offering) -> Option<&'d Line> {
    let wanted = Wanted {
        home: dossier.home.id,
        host: offering.host.id,
        programme: offering.programme,
        period: Some(offering.period),
        level: dossier.student.level,
        field: dossier.student.field.as_deref().unwrap_or(""),
    };
    let serves = |line: &&Line| serves(kind, line);
    let lines: Vec<(&Line, Covers<_, _, _>)> =
        dossier.lines.iter().filter(serves).map(|line| (line, line.covers.clone())).collect();
    narrowest(&lines, &wanted)
        .into_iter()
        .copied()
        .max_by_key(|line| (line.free(), std::cmp::Reverse(line.id)))
}

fn serves(kind: Kind, line: &Line) -> bool {
    match kind {
        Kind::HomeToHost => line.direction == Direction::Out && line.covers.host.is_some(),
        Kind::HomePool => line.direction == Direction::Out && line.covers.source == PlaceSource::Pool,
        Kind::Host => {
            line.direction == Direction::In
                && line.covers.source != PlaceSource::Programme
                && line.covers.home.is_none()
        }
        Kind::Programme => line.covers.source == PlaceSource::Programme,
    }
}

fn amount(line: &Line, offering: &Offering) -> i64 {
    match line.unit {
        PlaceUnit::Heads => 1,
        PlaceUnit::Twelfths => i64::from(offering.twelfths),
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
