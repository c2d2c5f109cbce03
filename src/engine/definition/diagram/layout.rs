//! Where everything stands: cards in columns, in whole units.

use std::cmp::Reverse;

use crate::definition::{Definition, MachineIx, StateIx};
use crate::vocabulary::Phase;

use super::View;
use super::card::{Card, Measured};
use super::fold::{AMPLE, Folded, Strip, scale, uneven};
use super::foot::Foot;
use super::gutters::Gutters;
use super::road::{Graph, Shown};
use super::text::{Face, width, wrap};

/// The title.
pub const TITLE: Face = Face { size: 16, bold: true };
/// A state's name, and the heading of a phase.
pub const NAME: Face = Face { size: 11, bold: true };
/// All smaller text.
pub const SMALL: Face = Face { size: 10, bold: false };
/// Smaller text that stands out.
pub const STRONG: Face = Face { size: 10, bold: true };
/// Height of a line of the title.
pub const TITLE_LINE: i32 = 18;
/// Height of a line of a state's name.
pub const NAME_LINE: i32 = 13;
/// Height of a line of smaller text.
pub const SMALL_LINE: i32 = 11;
/// Space between the edge of a card and its text.
pub const PAD: i32 = 5;
/// Space between the edge of a note and its text.
pub const INSET: i32 = 3;
/// Space for a mark beside a text.
pub const MARK: i32 = 14;
/// Space around the picture.
pub const MARGIN: i32 = 8;
/// Height of a phase's heading.
const HEADING: i32 = 20;
/// Space between cards of a column.
pub const BETWEEN: i32 = 7;
/// Widths of cards that are tried; the first is kept where it does as well as others.
const CARDS: [i32; 8] = [148, 140, 132, 124, 116, 108, 164, 180];
/// A machine of more states is laid out at the first try.
const MANY: usize = 200;
/// Least width of a picture.
const LEAST: i32 = 360;
/// Micrometres of a unit on A4 below which notes are shortened: the smallest text is then 2.5 mm.
const LEGIBLE: i64 = 250;

/// A placed picture.
#[derive(Debug)]
pub struct Plan {
    pub width: i32,
    pub height: i32,
    /// Lines of the title.
    pub title: Vec<String>,
    /// Width of a card.
    pub card: i32,
    /// How often a phase is parted or shares a column.
    uneven: i32,
    pub headings: Vec<Heading>,
    pub cards: Vec<Card>,
    pub arrows: Vec<Arrow>,
    pub foot: Foot,
}

/// The name of a phase above its states.
#[derive(Debug)]
pub struct Heading {
    pub phase: Phase,
    pub x: i32,
    /// Base line.
    pub y: i32,
    /// Whether it heads what did not fit into the column before.
    pub continued: bool,
}

/// A line from an exit to a state, by its corners.
#[derive(Debug)]
pub struct Arrow {
    pub exit: usize,
    pub corners: Vec<(i32, i32)>,
}

/// What is drawn, before it is known where.
#[derive(Debug, Clone, Copy)]
pub struct Sketch<'a> {
    pub definition: &'a Definition,
    pub machine: MachineIx,
    pub view: &'a View<'a>,
    pub title: &'a str,
}

impl Sketch<'_> {
    /// Places everything that is drawn of a machine so that it is legible on A4; by-ways that would pass over whole columns
    /// become notes.
    pub fn place(&self) -> (Graph, Plan) {
        let whole = Graph::of(self.definition, self.machine, self.view);
        let many = whole.columns.iter().map(|column| column.states.len()).sum::<usize>() > MANY;
        let widths = if many { &CARDS[..1] } else { &CARDS[..] };
        let tries = if many { 1 } else { usize::MAX };
        let measured: Vec<Measured> = widths.iter().map(|&card| self.measure(&whole, card)).collect();
        let best = |terse: bool| {
            let tried = measured.iter().flat_map(|measured| self.tries(&whole, terse, measured, tries));
            tried.max_by_key(|(graph, plan)| worth(graph, plan))
        };
        let placed = best(many).filter(|(_, plan)| scale(plan.width, plan.height) >= LEGIBLE);
        placed.or_else(|| best(true)).unwrap_or_else(|| {
            let plan = self.stand(&whole, &measured[0], &Vec::new(), &[]);
            (whole, plan)
        })
    }

    fn tries(&self, whole: &Graph, terse: bool, measured: &Measured, most: usize) -> Vec<(Graph, Plan)> {
        let graph = kept(whole, terse, None);
        let height = |&state: &StateIx| measured.card(&graph, state).height;
        let heights: Vec<Vec<i32>> =
            graph.columns.iter().map(|column| column.states.iter().map(height).collect()).collect();
        let folds = Strip { heights: &heights, heading: self.heading(), card: measured.width }.folds();
        let placed = folds.into_iter().take(most).map(|folded| {
            let columns = self.columns(&graph, &folded);
            let graph = kept(whole, terse, Some(&columns));
            let plan = self.stand(&graph, measured, &folded, &columns);
            (graph, plan)
        });
        placed.collect()
    }

    fn heading(&self) -> i32 {
        if self.machine == MachineIx::MAIN { HEADING } else { 0 }
    }

    /// The column of each state.
    fn columns(&self, graph: &Graph, folded: &Folded) -> Vec<usize> {
        let mut columns = vec![0; self.definition.states.len()];
        for (at, block) in
            folded.iter().enumerate().flat_map(|(at, column)| column.iter().map(move |b| (at, b)))
        {
            for state in &graph.columns[block.phase].states[block.cards()] {
                columns[state.at()] = at;
            }
        }
        columns
    }

    fn stand(&self, graph: &Graph, measured: &Measured, folded: &Folded, columns: &[usize]) -> Plan {
        let card = measured.width;
        let count = i32::try_from(folded.len()).unwrap_or(i32::MAX / 10_000);
        let room = count.saturating_mul(card + BETWEEN).max(LEAST - 2 * MARGIN);
        let title = wrap(self.title, room, TITLE);
        let top = MARGIN + tall(&title, TITLE_LINE) + if self.heading() == 0 { BETWEEN } else { 0 };
        let (mut headings, mut cards) = (Vec::new(), Vec::new());
        for (at, column) in folded.iter().enumerate() {
            let mut y = top + Gutters::channels(graph, columns);
            for block in column {
                let drawn = &graph.columns[block.phase];
                let continued = block.first > 0;
                headings.extend(drawn.phase.map(|phase| (at, Heading { phase, x: 0, y: y + 12, continued })));
                y += self.heading();
                for &state in &drawn.states[block.cards()] {
                    let own = Card { y, ..measured.card(graph, state) };
                    y += own.height + BETWEEN;
                    cards.push(own);
                }
            }
        }
        let gutters = Gutters::of(graph, &cards, columns, (card, top));
        let edges = gutters.edges(folded.len());
        for card in &mut cards {
            card.x = edges[columns[card.state.at()]];
        }
        for (at, heading) in &mut headings {
            heading.x = edges[*at];
        }
        let right = edges.last().map_or(0, |x| x + card + gutters.width(folded.len()));
        let titled = title.iter().map(|line| width(line, TITLE)).max().unwrap_or(0);
        let wide = right.max(titled + 2 * MARGIN).max(LEAST);
        let bottom = cards.iter().map(|card| card.y + card.height).max().unwrap_or(top);
        let foot = Foot::of(self, graph, (wide - 2 * MARGIN, titled), bottom + MARGIN);
        Plan {
            width: wide,
            height: foot.bottom + MARGIN / 2,
            title,
            card,
            uneven: uneven(folded),
            headings: headings.into_iter().map(|(_, heading)| heading).collect(),
            arrows: gutters.arrows(graph, &edges),
            cards,
            foot,
        }
    }
}

/// What is drawn of a graph in columns of the picture, notes shortened or not.
fn kept(whole: &Graph, terse: bool, columns: Option<&[usize]>) -> Graph {
    let mut graph = whole.clone();
    if let Some(columns) = columns {
        graph.keep_near(columns);
    }
    if terse {
        graph.share();
    }
    graph
}

/// Large text before all, then a column for each phase and cards of the usual width, then arrows rather than notes.
fn worth(graph: &Graph, plan: &Plan) -> (i64, Reverse<i32>, Reverse<usize>, i64) {
    let scale = scale(plan.width, plan.height);
    let notes = graph.exits.iter().filter(|exit| matches!(exit.shown, Shown::Note | Shown::Shared)).count();
    let unusual = plan.uneven * 16 + (plan.card - CARDS[0]).abs();
    (scale.min(AMPLE) / 5, Reverse(unusual), Reverse(notes), scale)
}

pub fn tall(lines: &[String], each: i32) -> i32 {
    i32::try_from(lines.len()).unwrap_or(i32::MAX / 1000) * each
}
