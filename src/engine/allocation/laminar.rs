//! Whether quotas nest, so that deferred acceptance keeps what it promises.

use std::collections::BTreeMap;

use super::lookup::NONE;
use super::seating::Seating;
use super::{Fault, Why};
use crate::ids::PlaceLineId;

/// How the lines of a run lie to each other.
pub(super) enum Nest {
    /// Of two lines that share a place, one holds all places of the other.
    Nested,
    /// They do not, for a reason that the serial order is made for.
    Served(Why),
    /// They do not, and one of the two has to be put right.
    Crossing(Fault),
}

/// Tells how the lines lie; what places draw on is sorted by width already.
pub(super) fn nest(seating: &Seating<'_>) -> Nest {
    if let Some(line) = uneven(seating) {
        return Nest::Served(Why::UnitsDiffer { line });
    }
    if let Some(line) = pooled(seating) {
        return Nest::Served(Why::Pooled { line });
    }
    let faults = crossing(seating).into_iter().map(|(one, other)| judged(seating, one, other));
    // What has to be put right is named before what the serial order can live with.
    faults.min_by_key(|nest| matches!(nest, Nest::Served(_))).unwrap_or(Nest::Nested)
}

/// What two lines that cross make of a run.
fn judged(seating: &Seating<'_>, one: u32, other: u32) -> Nest {
    let lines = [one.min(other), one.max(other)].map(|line| seating.lines[line as usize]);
    let terms = lines[0].period.zip(lines[1].period);
    if let Some(pool) = lines.iter().find(|line| line.pool) {
        return Nest::Served(Why::Pooled { line: pool.id });
    }
    let (one, other) = (lines[0].id, lines[1].id);
    if terms.is_some_and(|(one, other)| one != other) {
        Nest::Served(Why::TermsCross { one, other })
    } else {
        Nest::Crossing(Fault::Crossing { one, other })
    }
}

/// The first line from which places take different amounts.
fn uneven(seating: &Seating<'_>) -> Option<PlaceLineId> {
    let drawn = (0..).take(seating.places.len()).flat_map(|place| seating.draws(place));
    let mut units = vec![0; seating.lines.len()];
    let differing = drawn.filter(|drawn| {
        let before = &mut units[drawn.line as usize];
        let differs = *before != 0 && *before != drawn.units;
        *before = drawn.units;
        differs
    });
    let first = differing.map(|drawn| drawn.line).min()?;
    Some(seating.lines[first as usize].id)
}

/// The first line on which places of several hosts draw.
fn pooled(seating: &Seating<'_>) -> Option<PlaceLineId> {
    let mut hosts = BTreeMap::new();
    let mut first: Option<u32> = None;
    for (at, place) in (0..).zip(&seating.places) {
        for drawn in seating.draws(at) {
            if *hosts.entry(drawn.line).or_insert(place.host) != place.host {
                first = Some(first.map_or(drawn.line, |line| line.min(drawn.line)));
            }
        }
    }
    Some(seating.lines[first? as usize].id)
}

/// Pairs of lines that share a place while neither holds all places of the other; none exactly when all lines nest.
///
/// In the order of width, the line after a line has to be the same at each of its places. Where it is not, the narrower of the two
/// that follow lacks one of its places and is no part of it, being at least as wide.
fn crossing(seating: &Seating<'_>) -> Vec<(u32, u32)> {
    let mut next: Vec<Option<u32>> = vec![None; seating.lines.len()];
    let mut found = Vec::new();
    for place in (0..).take(seating.places.len()) {
        let chain = seating.draws(place);
        for (at, drawn) in chain.iter().enumerate() {
            let follows = chain.get(at + 1).map_or(NONE, |wider| wider.line);
            let known = *next[drawn.line as usize].get_or_insert(follows);
            if known != follows {
                let narrower = |line: u32| (seating.width(line), line);
                let other = if narrower(known) < narrower(follows) { known } else { follows };
                found.push((drawn.line, other));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
