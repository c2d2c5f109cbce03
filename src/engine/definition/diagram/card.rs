//! A state with its exits: how large it is, and its words.

use crate::definition::{Definition, StateIx};

use super::layout::{INSET, MARK, NAME, NAME_LINE, PAD, SMALL, SMALL_LINE, STRONG, Sketch};
use super::road::{Exit, Graph, Landing, Shown};
use super::text::{width, wrap};

/// A state with its exits.
#[derive(Debug)]
pub struct Card {
    pub state: StateIx,
    pub x: i32,
    pub y: i32,
    pub height: i32,
    pub rows: Vec<Row>,
}

/// An exit within a card.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Position in the graph's exits.
    pub exit: usize,
    /// Left edge, from that of the card.
    pub x: i32,
    /// Upper edge, from that of the card.
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

/// Lines of a text, and what the one line takes if there is but one.
type Size = (i32, Option<i32>);

/// The sizes of all words in cards of one width, so that many layouts can be tried.
#[derive(Debug)]
pub struct Measured {
    /// Width of a card.
    pub width: i32,
    /// Lines of the name of each state, and of whom it waits for.
    states: Vec<(i32, i32)>,
    /// Each exit by its id: as an arrow, as a note, as a note of several states.
    exits: Vec<[Size; 3]>,
}

impl Sketch<'_> {
    /// Measures everything that may stand in cards of some width.
    pub fn measure(&self, whole: &Graph, wide: i32) -> Measured {
        let mut states = vec![(0, 0); self.definition.states.len()];
        for &state in whole.columns.iter().flat_map(|column| &column.states) {
            states[state.at()] = (count(&self.name(state, wide)), count(&self.waits_for(state, wide)));
        }
        let mut exits = vec![[(0, None); 3]; whole.exits.len()];
        for exit in &whole.exits {
            exits[exit.id] = [Shown::Arrow, Shown::Note, Shown::Shared].map(|shown| {
                let lines = self.words(exit, shown, wide);
                let only = lines.first().filter(|_| lines.len() == 1);
                (count(&lines), only.map(|line| width(line, SMALL)))
            });
        }
        Measured { width: wide, states, exits }
    }

    /// A state's name in lines.
    pub fn name(&self, state: StateIx, wide: i32) -> Vec<String> {
        let label = self.definition.states[state.at()].label.get(self.view.language);
        wrap(label, wide - 2 * PAD - MARK, NAME)
    }

    /// Whom a state waits for, in lines.
    pub fn waits_for(&self, state: StateIx, wide: i32) -> Vec<String> {
        let role = self.definition.states[state.at()].waits_for;
        let label = role.map(|role| self.definition.roles[role.at()].label.get(self.view.language));
        label.map_or_else(Vec::new, |label| wrap(label, wide - 2 * PAD - MARK, SMALL))
    }

    /// The words of an exit, in lines.
    pub fn words(&self, exit: &Exit, shown: Shown, wide: i32) -> Vec<String> {
        let (room, language) = (wide - 2 * PAD, self.view.language);
        let (events, to) = match shown {
            Shown::Road | Shown::Arrow => {
                let events = labels(self.definition, language, exit);
                return events.flat_map(|label| wrap(label, room, STRONG)).collect();
            }
            Shown::Note => parts(self.definition, language, exit),
            Shown::Shared => (parts(self.definition, language, exit).0, None),
        };
        let Some(to) = to else { return wrap(&events, room, SMALL) };
        // Where it leads begins a line if that takes no more of them.
        let flat = wrap(&format!("{events} {to}"), room, SMALL);
        let parted = [wrap(&events, room, SMALL), wrap(&to, room, SMALL)].concat();
        if parted.len() <= flat.len() { parted } else { flat }
    }
}

impl Measured {
    /// A state's card, its left upper corner at the origin.
    pub fn card(&self, graph: &Graph, state: StateIx) -> Card {
        let (name, waits_for) = self.states[state.at()];
        let mut height = PAD + name * NAME_LINE + waits_for * SMALL_LINE + 2;
        let mut rows: Vec<Row> = Vec::new();
        // Where lines of short notes begin and how far they reach.
        let mut short: Vec<(i32, i32)> = Vec::new();
        for (at, exit) in graph.leaving(state) {
            let row = self.row(at, exit);
            let own = row.width + INSET;
            let fits = |(_, right): &&mut (i32, i32)| *right + own <= self.width - PAD + INSET;
            let beside = if row.height > SMALL_LINE + 2 { None } else { short.iter_mut().find(fits) };
            if let Some((y, right)) = beside {
                rows.push(Row { x: *right + INSET, y: *y, ..row });
                *right += own;
            } else {
                height += 2;
                rows.push(Row { y: height, ..row });
                short.push((height, row.x + row.width));
                height += row.height;
            }
        }
        Card { state, x: 0, y: 0, height: height + PAD - 2, rows }
    }

    /// An exit in a line of its own.
    fn row(&self, at: usize, exit: &Exit) -> Row {
        let all = self.width - 2 * (PAD - INSET);
        let [arrow, note, shared] = self.exits[exit.id];
        let (lines, own) = match exit.shown {
            Shown::Road | Shown::Arrow => (arrow.0, None),
            Shown::Note => note,
            Shown::Shared => shared,
        };
        let width = own.map_or(all, |own| own + 2 * INSET);
        Row { exit: at, x: PAD - INSET, y: 0, width, height: lines * SMALL_LINE + 2 }
    }
}

fn count(lines: &[String]) -> i32 {
    i32::try_from(lines.len()).unwrap_or(i32::MAX / 1000)
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
