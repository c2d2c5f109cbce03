//! Tracks below the main machine: each a small machine of its own, its states in a row from left to right.

use crate::definition::{Definition, Each, MachineIx, StateIx, Track};

use super::View;
use super::gutters::Gutters;
use super::layout::{Arrow, BETWEEN, CARD, Card, HEADING, LEGEND, MARGIN, Plan, card};
use super::road::Graph;
use super::text::width;
use super::words::Words;

/// Room that a column of a row takes at least.
const COLUMN: i32 = CARD + 26;
/// Space between tracks beside each other.
const APART: i32 = 30;
/// Size of a track's name.
const NAME: i32 = 14;

/// A track, placed.
#[derive(Debug)]
pub struct Placed {
    pub name: String,
    /// Its label, with what there is one of it for.
    pub title: String,
    pub x: i32,
    /// Base line of the title.
    pub y: i32,
    pub rows: Vec<Row>,
}

/// States of a track beside each other.
#[derive(Debug)]
pub struct Row {
    pub graph: Graph,
    pub cards: Vec<Card>,
    pub arrows: Vec<Arrow>,
}

/// A track by itself, its left upper corner at the origin.
struct Block {
    title: String,
    rows: Vec<Row>,
    width: i32,
    height: i32,
}

/// Places the tracks below the main machine, as many beside each other as fit, and makes room for them.
pub fn place(definition: &Definition, view: &View<'_>, plan: &mut Plan) -> Vec<Placed> {
    let page = plan.width - MARGIN;
    let (mut x, mut y, mut tall) = (0, plan.bottom + BETWEEN, 0);
    let mut placed = Vec::new();
    for (machine, track) in definition.machines() {
        let block = block(definition, view, (machine, track), page);
        if x > 0 && x + block.width > page {
            (x, y, tall) = (0, y + tall + BETWEEN, 0);
        }
        let mut rows = block.rows;
        for row in &mut rows {
            row.cards.iter_mut().for_each(|card| (card.x, card.y) = (card.x + x, card.y + y));
            let corners = row.arrows.iter_mut().flat_map(|arrow| &mut arrow.corners);
            corners.for_each(|corner| *corner = (corner.0 + x, corner.1 + y));
        }
        placed.push(Placed {
            name: track.name.clone(),
            title: block.title,
            x: x + MARGIN,
            y: y + NAME,
            rows,
        });
        x += block.width + APART;
        tall = tall.max(block.height);
    }
    if !placed.is_empty() {
        plan.height = y + tall + BETWEEN + LEGEND;
    }
    placed
}

fn block(
    definition: &Definition,
    view: &View<'_>,
    (machine, track): (MachineIx, &Track),
    page: i32,
) -> Block {
    let title = title(track, view.language);
    let mut states: Vec<StateIx> = definition.states_of(machine).map(|(state, _)| state).collect();
    // Ends stand behind what leads on.
    states.sort_by_key(|state| definition.states[state.at()].kind);
    // Two tracks fit beside each other, so that the whole suits a page.
    let most = usize::try_from((page - APART) / 2 / COLUMN).unwrap_or(1).max(3);
    // Rows of about the same length.
    let count = states.len().div_ceil(most).max(1);
    let mut block = Block { width: MARGIN + width(&title, NAME), title, rows: Vec::new(), height: HEADING };
    for states in states.chunks(states.len().div_ceil(count).max(1)) {
        let graph = Graph::of_row(definition, states);
        let mut columns = vec![0; definition.states.len()];
        states.iter().enumerate().for_each(|(at, state)| columns[state.at()] = at);
        let mut cards: Vec<Card> = states
            .iter()
            .map(|state| Card { y: block.height, ..card(definition, &graph, view, *state) })
            .collect();
        let gutters = Gutters::of(&graph, &cards, &columns);
        let edges = gutters.edges(states.len());
        for card in &mut cards {
            card.x = edges[columns[card.state.at()]];
        }
        let arrows = gutters.arrows(&graph, &edges);
        block.width = block.width.max(edges.last().map_or(0, |edge| edge + CARD));
        block.height += cards.iter().map(|card| card.height).max().unwrap_or(0) + BETWEEN;
        block.rows.push(Row { graph, cards, arrows });
    }
    block
}

fn title(track: &Track, language: &str) -> String {
    let words = Words::of(language);
    let label = track.label.get(language);
    let of = |each: Each| match each {
        Each::Referee => words.each[0],
        Each::Stay => words.each[1],
        Each::Document => words.each[2],
    };
    track.each.map_or_else(|| label.to_owned(), |each| format!("{label} ({})", of(each)))
}
