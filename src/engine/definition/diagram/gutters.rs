//! Arrows: each leaves its card to the right, runs down a lane between two columns, and arrives beside a state's name.

use crate::definition::StateIx;

use super::card::Card;
use super::layout::{Arrow, MARGIN, NAME_LINE, PAD};
use super::road::{Exit, Graph, Landing, Shown};

/// From lane to lane.
const LANE: i32 = 5;
/// From a card to the nearest lane.
const APPROACH: i32 = 9;

/// A vertical stretch of an arrow in the gutter to the left of a column; the last gutter is right of all.
#[derive(Debug)]
struct Stretch {
    gutter: usize,
    exit: usize,
    to: StateIx,
    /// Where it begins and ends.
    ys: (i32, i32),
    lane: i32,
}

impl Stretch {
    fn span(&self) -> (i32, i32) {
        (self.ys.0.min(self.ys.1), self.ys.0.max(self.ys.1))
    }

    fn clashes(&self, other: &Self) -> bool {
        let ((low, high), (from, until)) = (self.span(), other.span());
        self.gutter == other.gutter && self.to != other.to && from <= high + 4 && low <= until + 4
    }
}

/// All arrows between the columns.
#[derive(Debug)]
pub struct Gutters<'a> {
    columns: &'a [usize],
    /// Width of a card.
    card: i32,
    stretches: Vec<Stretch>,
}

impl<'a> Gutters<'a> {
    /// Height that arrows over whole columns need above the cards.
    pub fn channels(graph: &Graph, columns: &[usize]) -> i32 {
        i32::try_from(far(graph, columns).len()).unwrap_or(0) * LANE
    }

    /// Lays the arrows between cards whose heights stand; given are the width of a card and the upper edge of the columns.
    pub fn of(graph: &Graph, cards: &[Card], columns: &'a [usize], (card, top): (i32, i32)) -> Self {
        let far = far(graph, columns);
        let mut sorted: Vec<&Card> = cards.iter().collect();
        sorted.sort_by_key(|card| card.state);
        let mut stretches = Vec::new();
        for (at, exit, to) in arrows(graph) {
            let (here, there) = (columns[exit.from.at()], columns[to.at()]);
            let (leave, arrive) = (port(&sorted, exit.from, at), entry(&sorted, to));
            let mut lay = |gutter, ys| stretches.push(Stretch { gutter, exit: at, to, ys, lane: 0 });
            match far.binary_search(&at).ok() {
                None => lay(here + 1, (leave, arrive)),
                Some(channel) => {
                    let y = top + i32::try_from(channel).unwrap_or(0) * LANE;
                    lay(here + 1, (leave, y));
                    lay(there, (y, arrive));
                }
            }
        }
        spread(&mut stretches);
        Self { columns, card, stretches }
    }

    /// Width of the gutter to the left of a column.
    pub fn width(&self, gutter: usize) -> i32 {
        let lanes =
            self.stretches.iter().filter(|stretch| stretch.gutter == gutter).map(|stretch| stretch.lane);
        lanes.max().map_or(MARGIN, |last| 2 * APPROACH + last * LANE)
    }

    /// Left edges of the columns.
    pub fn edges(&self, columns: usize) -> Vec<i32> {
        let mut right = 0;
        let mut edges = Vec::with_capacity(columns);
        for at in 0..columns {
            edges.push(right + self.width(at));
            right += self.width(at) + self.card;
        }
        edges
    }

    /// The arrows, now that it is known where the columns stand.
    pub fn arrows(&self, graph: &Graph, edges: &[i32]) -> Vec<Arrow> {
        let mut drawn = Vec::new();
        for (at, exit, to) in arrows(graph) {
            let (here, there) = (self.columns[exit.from.at()], self.columns[to.at()]);
            let end = if here == there { edges[there] + self.card } else { edges[there] };
            let mut corners = vec![];
            for stretch in self.stretches.iter().filter(|stretch| stretch.exit == at) {
                let left = stretch.gutter.checked_sub(1).map_or(0, |before| edges[before] + self.card);
                let x = left + APPROACH + stretch.lane * LANE;
                if corners.is_empty() {
                    corners.push((edges[here] + self.card, stretch.ys.0));
                }
                corners.extend([(x, stretch.ys.0), (x, stretch.ys.1)]);
            }
            corners.extend(corners.last().copied().map(|(_, y)| (end, y)));
            drawn.push(Arrow { exit: at, corners });
        }
        drawn
    }
}

/// Gives every stretch a lane: shortest first, next to the card; those with one target share theirs.
fn spread(stretches: &mut [Stretch]) {
    let mut order: Vec<usize> = (0..stretches.len()).collect();
    order.sort_by_key(|&at| (stretches[at].ys.0 - stretches[at].ys.1).abs());
    for (done, &at) in order.iter().enumerate() {
        let own = &stretches[at];
        let taken: Vec<i32> = order[..done]
            .iter()
            .map(|&other| &stretches[other])
            .filter(|other| own.clashes(other))
            .map(|other| other.lane)
            .collect();
        stretches[at].lane = (0..i32::MAX).find(|lane| !taken.contains(lane)).unwrap_or_default();
    }
}

fn arrows(graph: &Graph) -> impl Iterator<Item = (usize, &Exit, StateIx)> {
    graph.exits.iter().enumerate().filter_map(|(at, exit)| match exit.to {
        Landing::State(to) if matches!(exit.shown, Shown::Road | Shown::Arrow) => Some((at, exit, to)),
        _ => None,
    })
}

/// Arrows that pass over whole columns: they run above the cards.
fn far(graph: &Graph, columns: &[usize]) -> Vec<usize> {
    let is_far = |&(_, exit, to): &(usize, &Exit, StateIx)| !near(columns, exit.from, to);
    arrows(graph).filter(is_far).map(|(at, ..)| at).collect()
}

/// Whether a step stays in its column or goes to the next.
pub fn near(columns: &[usize], from: StateIx, to: StateIx) -> bool {
    let (here, there) = (columns[from.at()], columns[to.at()]);
    there == here || there == here + 1
}

fn find<'c>(cards: &[&'c Card], state: StateIx) -> Option<&'c Card> {
    let at = cards.binary_search_by_key(&state, |card| card.state).ok()?;
    Some(cards[at])
}

/// Where an exit's arrow leaves its card.
fn port(cards: &[&Card], state: StateIx, exit: usize) -> i32 {
    let row =
        find(cards, state).and_then(|card| Some((card, card.rows.iter().find(|row| row.exit == exit)?)));
    row.map_or(0, |(card, row)| card.y + row.y + row.height / 2)
}

/// Where arrows arrive at a card: beside its name.
fn entry(cards: &[&Card], state: StateIx) -> i32 {
    find(cards, state).map_or(0, |card| card.y + PAD + NAME_LINE / 2)
}
