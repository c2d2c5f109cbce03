//! Where everything stands: cards in columns, in whole units.

use crate::definition::{Definition, StateIx};
use crate::vocabulary::Phase;

use super::View;
use super::fold::{Block, fold};
use super::gutters::Gutters;
use super::road::{Exit, Graph, Landing, Shown};
use super::text::wrap;

/// Size of a state's name.
pub const NAME: i32 = 12;
/// Size of all smaller text.
pub const SMALL: i32 = 10;
/// Height of a line of a state's name.
pub const NAME_LINE: i32 = 14;
/// Height of a line of smaller text.
pub const SMALL_LINE: i32 = 12;
/// Space between the edge of a card and its text.
pub const PAD: i32 = 7;
/// Space for a mark beside a text.
pub const MARK: i32 = 14;
/// Width of a card.
pub const CARD: i32 = 148;
/// Space around the picture.
pub const MARGIN: i32 = 16;
/// Height of a phase's heading.
pub const HEADING: i32 = 27;
/// Space between cards of a column.
pub const BETWEEN: i32 = 14;
/// Where the headings of columns begin.
pub const TOP: i32 = 46;
/// Height of the legend.
pub const LEGEND: i32 = 34;
/// Least width of a picture: that of the legend.
const LEAST: i32 = 1020;

/// A placed picture.
#[derive(Debug)]
pub struct Plan {
    pub width: i32,
    pub height: i32,
    pub headings: Vec<Heading>,
    pub cards: Vec<Card>,
    pub arrows: Vec<Arrow>,
    /// Where the first track may begin, if there are any.
    pub bottom: i32,
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

/// A state with its exits.
#[derive(Debug)]
pub struct Card {
    pub state: StateIx,
    pub x: i32,
    pub y: i32,
    pub height: i32,
    pub name: Vec<String>,
    pub waits_for: Vec<String>,
    pub rows: Vec<Row>,
}

/// An exit within a card.
#[derive(Debug)]
pub struct Row {
    /// Position in the graph's exits.
    pub exit: usize,
    /// Upper edge, from that of the card.
    pub y: i32,
    pub height: i32,
    pub lines: Vec<String>,
}

/// A line from an exit to a state, by its corners.
#[derive(Debug)]
pub struct Arrow {
    pub exit: usize,
    pub corners: Vec<(i32, i32)>,
}

/// Places everything that is drawn of a definition; steps that would pass over whole columns become notes.
pub fn place(definition: &Definition, graph: &mut Graph, view: &View<'_>) -> Plan {
    let heights = |graph: &Graph| -> Vec<Vec<i32>> {
        let height = |&state: &StateIx| card(definition, graph, view, state).height;
        graph.columns.iter().map(|column| column.states.iter().map(height).collect()).collect()
    };
    let folded = fold(&heights(graph));
    let mut columns = vec![0; definition.states.len()];
    for (at, block) in folded.iter().enumerate().flat_map(|(at, column)| column.iter().map(move |b| (at, b)))
    {
        for state in &graph.columns[block.phase].states[block.cards.clone()] {
            columns[state.at()] = at;
        }
    }
    graph.keep_near(&columns);
    stand(definition, graph, view, &folded, &columns)
}

fn stand(
    definition: &Definition,
    graph: &Graph,
    view: &View<'_>,
    folded: &[Vec<Block>],
    columns: &[usize],
) -> Plan {
    let mut headings = Vec::new();
    let mut cards = Vec::new();
    for (at, column) in folded.iter().enumerate() {
        let mut y = TOP + Gutters::channels(graph, columns);
        for block in column {
            let phase = &graph.columns[block.phase];
            let continued = block.cards.start > 0;
            headings.push((at, Heading { phase: phase.phase, x: 0, y: y + 13, continued }));
            y += HEADING;
            for &state in &phase.states[block.cards.clone()] {
                let card = Card { y, ..card(definition, graph, view, state) };
                y += card.height + BETWEEN;
                cards.push(card);
            }
        }
    }
    let gutters = Gutters::of(graph, &cards, columns);
    let edges = gutters.edges(folded.len());
    for card in &mut cards {
        card.x = edges[columns[card.state.at()]];
    }
    for (at, heading) in &mut headings {
        heading.x = edges[*at];
    }
    let bottom = cards.iter().map(|card| card.y + card.height).max().unwrap_or(TOP);
    let right = edges.last().map_or(0, |x| x + CARD + gutters.width(folded.len()));
    Plan {
        width: right.max(LEAST),
        height: bottom + BETWEEN + LEGEND,
        bottom: bottom + BETWEEN,
        headings: headings.into_iter().map(|(_, heading)| heading).collect(),
        arrows: gutters.arrows(graph, &edges),
        cards,
    }
}

pub fn card(definition: &Definition, graph: &Graph, view: &View<'_>, state: StateIx) -> Card {
    let drawn = &definition.states[state.at()];
    let name = wrap(drawn.label.get(view.language), bold(CARD - 2 * PAD - MARK), NAME);
    let role = drawn.waits_for.map(|role| definition.roles[role.at()].label.get(view.language));
    let waits_for = role.map_or_else(Vec::new, |role| wrap(role, CARD - 2 * PAD - MARK, SMALL));
    let mut height = PAD + tall(&name, NAME_LINE) + tall(&waits_for, SMALL_LINE) + 2;
    let mut rows = Vec::new();
    for (at, exit) in graph.leaving(state) {
        let lines = words(definition, view.language, exit);
        let own = tall(&lines, SMALL_LINE) + 3;
        rows.push(Row { exit: at, y: height + 2, height: own, lines });
        height += own + 2;
    }
    Card { state, x: 0, y: 0, height: height + PAD - 2, name, waits_for, rows }
}

fn words(definition: &Definition, language: &str, exit: &Exit) -> Vec<String> {
    let room = CARD - 2 * PAD;
    if exit.shown == Shown::Note {
        return wrap(&note(definition, language, exit), room, SMALL);
    }
    let events = exit.events.iter().map(|event| definition.events[event.at()].label.get(language));
    events.flat_map(|label| wrap(label, bold(room), SMALL)).collect()
}

/// The room that bold letters leave to ordinary ones: they are up to a fifth wider.
fn bold(room: i32) -> i32 {
    room * 5 / 6
}

fn tall(lines: &[String], each: i32) -> i32 {
    i32::try_from(lines.len()).unwrap_or(i32::MAX / 1000) * each
}

/// The words of an exit that is no arrow.
pub fn note(definition: &Definition, language: &str, exit: &Exit) -> String {
    let events: Vec<&str> =
        exit.events.iter().map(|event| definition.events[event.at()].label.get(language)).collect();
    let events = events.join(" / ");
    match exit.to {
        Landing::State(to) => format!("{events} → {}", definition.states[to.at()].label.get(language)),
        Landing::Same => format!("↺ {events}"),
        Landing::Back => format!("↶ {events}"),
    }
}
