//! Where everything stands: cards in columns, in whole units.

use std::cmp::Reverse;

use crate::definition::{Definition, MachineIx, StateIx};
use crate::vocabulary::Phase;

use super::View;
use super::fold::{AMPLE, Folded, Strip, scale, uneven};
use super::foot::Foot;
use super::gutters::Gutters;
use super::road::{Exit, Graph, Landing, Shown};
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
pub const TITLE_LINE: i32 = 19;
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
pub const BETWEEN: i32 = 8;
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
#[derive(Debug, Clone)]
pub struct Row {
    /// Position in the graph's exits.
    pub exit: usize,
    /// Left edge, from that of the card.
    pub x: i32,
    /// Upper edge, from that of the card.
    pub y: i32,
    pub width: i32,
    pub height: i32,
    pub lines: Vec<String>,
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
        let best = |terse: bool| {
            let tried = widths.iter().flat_map(|&card| self.tries(&whole, terse, card, tries));
            tried.max_by_key(|(graph, plan)| self.worth(graph, plan))
        };
        let placed = best(many).filter(|(_, plan)| scale(plan.width, plan.height) >= LEGIBLE);
        placed.or_else(|| best(true)).unwrap_or_else(|| {
            let plan = self.stand(&whole, CARDS[0], &Vec::new(), &[]);
            (whole, plan)
        })
    }

    fn tries(&self, whole: &Graph, terse: bool, card: i32, most: usize) -> Vec<(Graph, Plan)> {
        let graph = self.kept(whole, terse, None);
        let height = |&state: &StateIx| self.card(&graph, state, card).height;
        let heights: Vec<Vec<i32>> =
            graph.columns.iter().map(|column| column.states.iter().map(height).collect()).collect();
        let folds = Strip { heights: &heights, heading: self.heading(), card }.folds();
        let placed = folds.into_iter().take(most).map(|folded| {
            let columns = self.columns(&graph, &folded);
            let graph = self.kept(whole, terse, Some(&columns));
            let plan = self.stand(&graph, card, &folded, &columns);
            (graph, plan)
        });
        placed.collect()
    }

    /// What is drawn of a graph in columns of the picture, notes shortened or not.
    fn kept(&self, whole: &Graph, terse: bool, columns: Option<&[usize]>) -> Graph {
        let mut graph = whole.clone();
        columns.into_iter().for_each(|columns| graph.keep_near(columns));
        if terse {
            graph.share();
        }
        graph
    }

    /// Large text before all, then a column for each phase and cards of the usual width, then arrows rather than notes.
    fn worth(&self, graph: &Graph, plan: &Plan) -> (i64, Reverse<i32>, Reverse<usize>, i64) {
        let scale = scale(plan.width, plan.height);
        let notes =
            graph.exits.iter().filter(|exit| matches!(exit.shown, Shown::Note | Shown::Shared)).count();
        let unusual = plan.uneven * 16 + (plan.card - CARDS[0]).abs();
        (scale.min(AMPLE) / 5, Reverse(unusual), Reverse(notes), scale)
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

    fn stand(&self, graph: &Graph, card: i32, folded: &Folded, columns: &[usize]) -> Plan {
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
                    let own = Card { y, ..self.card(graph, state, card) };
                    y += own.height + BETWEEN;
                    cards.push(own);
                }
            }
        }
        let gutters = Gutters::of(graph, &cards, columns, (card, top));
        let edges = gutters.edges(folded.len());
        cards.iter_mut().for_each(|card| card.x = edges[columns[card.state.at()]]);
        headings.iter_mut().for_each(|(at, heading)| heading.x = edges[*at]);
        let right = edges.last().map_or(0, |x| x + card + gutters.width(folded.len()));
        let titled = title.iter().map(|line| width(line, TITLE)).max().unwrap_or(0);
        let wide = right.max(titled + 2 * MARGIN).max(LEAST);
        let bottom = cards.iter().map(|card| card.y + card.height).max().unwrap_or(top);
        let foot = Foot::of(self, graph, (wide - 2 * MARGIN, titled), bottom + MARGIN);
        Plan {
            width: wide,
            height: foot.bottom + MARGIN - 5,
            title,
            card,
            uneven: uneven(folded),
            headings: headings.into_iter().map(|(_, heading)| heading).collect(),
            arrows: gutters.arrows(graph, &edges),
            cards,
            foot,
        }
    }

    fn card(&self, graph: &Graph, state: StateIx, wide: i32) -> Card {
        let (drawn, language) = (&self.definition.states[state.at()], self.view.language);
        let name = wrap(drawn.label.get(language), wide - 2 * PAD - MARK, NAME);
        let role = drawn.waits_for.map(|role| self.definition.roles[role.at()].label.get(language));
        let waits_for = role.map_or_else(Vec::new, |role| wrap(role, wide - 2 * PAD - MARK, SMALL));
        let mut height = PAD + tall(&name, NAME_LINE) + tall(&waits_for, SMALL_LINE) + 2;
        let mut rows: Vec<Row> = Vec::new();
        for (at, exit) in graph.leaving(state) {
            let row = self.row(at, exit, wide);
            // Short notes stand beside each other where they fit.
            let last = |y: i32| rows.iter().rev().find(move |row| row.y == y);
            let beside = rows.iter().filter(|_| row.lines.len() == 1).filter_map(|row| last(row.y));
            match beside.cloned().find(|last| row.fits_beside(last, wide)) {
                Some(last) => rows.push(Row { x: last.x + last.width + INSET, y: last.y, ..row }),
                None => {
                    rows.push(Row { y: height + 2, ..row });
                    height += 2 + rows.last().map_or(0, |row| row.height);
                }
            }
        }
        Card { state, x: 0, y: 0, height: height + PAD - 2, name, waits_for, rows }
    }

    /// The words of an exit that is no arrow; where it leads begins a line if that takes no more of them.
    fn note(&self, exit: &Exit, room: i32) -> Vec<String> {
        let (events, to) = parts(self.definition, self.view.language, exit);
        let Some(to) = to.filter(|_| exit.shown != Shown::Shared) else { return wrap(&events, room, SMALL) };
        let flat = wrap(&format!("{events} {to}"), room, SMALL);
        let parted = [wrap(&events, room, SMALL), wrap(&to, room, SMALL)].concat();
        if parted.len() <= flat.len() { parted } else { flat }
    }

    /// An exit in a line of its own.
    fn row(&self, at: usize, exit: &Exit, wide: i32) -> Row {
        let (room, all) = (wide - 2 * PAD, wide - 2 * (PAD - INSET));
        let (lines, own) = match exit.shown {
            Shown::Note | Shown::Shared => {
                let lines = self.note(exit, room);
                let one = lines.first().filter(|_| lines.len() == 1).map(|line| width(line, SMALL));
                let own = one.map_or(all, |own| own + 2 * INSET);
                (lines, own)
            }
            Shown::Road | Shown::Arrow => {
                let events = labels(self.definition, self.view.language, exit);
                (events.flat_map(|label| wrap(label, room, STRONG)).collect(), all)
            }
        };
        let height = tall(&lines, SMALL_LINE) + 2;
        Row { exit: at, x: PAD - INSET, y: 0, width: own, height, lines }
    }
}

impl Row {
    /// Whether it has room to the right of another.
    fn fits_beside(&self, last: &Self, wide: i32) -> bool {
        last.x + last.width + INSET + self.width <= wide - PAD + INSET
    }
}

pub fn tall(lines: &[String], each: i32) -> i32 {
    i32::try_from(lines.len()).unwrap_or(i32::MAX / 1000) * each
}

fn labels<'a>(
    definition: &'a Definition,
    language: &'a str,
    exit: &'a Exit,
) -> impl Iterator<Item = &'a str> {
    exit.events.iter().map(move |event| definition.events[event.at()].label.get(language))
}

/// Events, and where they lead.
fn parts<'a>(definition: &'a Definition, language: &'a str, exit: &'a Exit) -> (String, Option<String>) {
    let events = labels(definition, language, exit).collect::<Vec<_>>().join(" / ");
    match exit.to {
        Landing::State(to) => (events, Some(format!("→ {}", definition.states[to.at()].label.get(language)))),
        Landing::Same => (format!("↺ {events}"), None),
        Landing::Back => (format!("↶ {events}"), None),
    }
}

/// Events and where they lead.
pub fn sentence(definition: &Definition, language: &str, exit: &Exit) -> String {
    match parts(definition, language, exit) {
        (events, None) => events,
        (events, Some(to)) => format!("{events} {to}"),
    }
}
