//! Around the cards: exits that several states have, the tracks beside the main machine, and what the marks mean.

use crate::definition::{Each, MachineIx, Track};
use crate::vocabulary::StateKind;

use super::card::sentence;
use super::layout::{INSET, MARGIN, MARK, SMALL, SMALL_LINE, STRONG, Sketch, tall};
use super::road::{Graph, Landing, Shown};
use super::text::{Face, width, wrap};
use super::words::Words;

/// Space between items of a line.
const APART: i32 = 12;
/// Space between lines.
const LINES: i32 = 4;
/// Space for an arrow before a text.
const STROKE: i32 = 27;

/// What stands below the cards, and beside the title where there is room.
#[derive(Debug)]
pub struct Foot {
    pub items: Vec<Item>,
    /// Lower edge.
    pub bottom: i32,
}

/// A text with the mark before it.
#[derive(Debug)]
pub struct Item {
    pub mark: Mark,
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    pub lines: Vec<String>,
}

/// What stands before or around a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nothing: it heads its line.
    Heads,
    /// Nothing.
    Plain,
    /// It is a note.
    Note,
    Road,
    Arrow,
    Taken,
    Person,
    Clock,
    Success,
    Failure,
}

impl Mark {
    pub fn face(self) -> Face {
        if self == Self::Heads { STRONG } else { SMALL }
    }

    /// Width with a text of some width.
    fn width(self, text: i32) -> i32 {
        text + self.lead() + if self == Self::Note { INSET } else { 0 }
    }

    /// Space before the text.
    pub fn lead(self) -> i32 {
        match self {
            Self::Heads | Self::Plain => 0,
            Self::Note => INSET,
            Self::Road | Self::Arrow | Self::Taken => STROKE,
            Self::Person | Self::Clock | Self::Success | Self::Failure => MARK,
        }
    }
}

impl Foot {
    /// Fills lines of some width from an upper edge on; what the marks mean stands beside the title where it fits.
    pub fn of(sketch: &Sketch<'_>, graph: &Graph, (room, titled): (i32, i32), top: i32) -> Self {
        let words = Words::of(sketch.view.language);
        let mut foot = Self { items: Vec::new(), bottom: top };
        foot.group(shared(sketch, graph, words), room);
        foot.group(tracks(sketch, words), room);
        let legend = legend(sketch, graph, words);
        let length: i32 = legend.iter().map(|(mark, text)| mark.width(width(text, SMALL)) + APART).sum();
        if titled + APART + length <= room {
            let bottom = std::mem::replace(&mut foot.bottom, MARGIN);
            let first = foot.items.len();
            foot.group(legend, room);
            let right = room - length + APART;
            foot.items[first..].iter_mut().for_each(|item| item.x += right);
            foot.bottom = bottom;
        } else {
            foot.group(legend, room);
        }
        foot
    }

    fn group(&mut self, items: Vec<(Mark, String)>, room: i32) {
        let (mut x, mut y, mut next) = (0, self.bottom, self.bottom);
        for (mark, text) in items {
            let lines = wrap(&text, room - 2 * mark.lead(), mark.face());
            let widest = lines.iter().map(|line| width(line, mark.face())).max().unwrap_or(0);
            let wide = mark.width(widest);
            if x > 0 && x + wide > room {
                (x, y) = (0, next);
            }
            next = next.max(y + tall(&lines, SMALL_LINE) + LINES);
            self.items.push(Item { mark, x: MARGIN + x, y, lines });
            x += wide + APART;
        }
        self.bottom = next;
    }
}

fn shared(sketch: &Sketch<'_>, graph: &Graph, words: &Words) -> Vec<(Mark, String)> {
    let said = |at: usize| (Mark::Note, sentence(sketch.definition, sketch.view.language, &graph.exits[at]));
    headed(words.shared, graph.shared().into_iter().map(said))
}

fn tracks(sketch: &Sketch<'_>, words: &Words) -> Vec<(Mark, String)> {
    let beside = if sketch.machine == MachineIx::MAIN { &sketch.definition.tracks[..] } else { &[] };
    headed(words.tracks, beside.iter().map(|track| (Mark::Plain, titled(track, sketch.view.language))))
}

fn headed(word: &str, items: impl Iterator<Item = (Mark, String)>) -> Vec<(Mark, String)> {
    let mut items = items.peekable();
    let head = items.peek().map(|_| (Mark::Heads, word.to_owned()));
    head.into_iter().chain(items).collect()
}

/// The marks that the picture has.
fn legend(sketch: &Sketch<'_>, graph: &Graph, words: &Words) -> Vec<(Mark, String)> {
    let shown = |shown| graph.exits.iter().any(|exit| exit.shown == shown);
    let leads = |to| graph.exits.iter().any(|exit| exit.to == to);
    let states = || graph.columns.iter().flat_map(|column| &column.states);
    let drawn = || states().map(|state| &sketch.definition.states[state.at()]);
    let ends = |kind| drawn().any(|state| state.kind == kind);
    let explained = [
        (shown(Shown::Road), Mark::Road, words.main_road.to_owned()),
        (shown(Shown::Arrow), Mark::Arrow, words.other.to_owned()),
        (!sketch.view.taken.is_empty(), Mark::Taken, words.taken.to_owned()),
        (shown(Shown::Note), Mark::Note, words.note.to_owned()),
        (leads(Landing::Same), Mark::Plain, format!("↺ {}", words.stays)),
        (leads(Landing::Back), Mark::Plain, format!("↶ {}", words.back)),
        (drawn().any(|state| state.waits_for.is_some()), Mark::Person, words.waits_for.to_owned()),
        (drawn().any(|state| !state.clocks.is_empty()), Mark::Clock, words.deadline.to_owned()),
        (ends(StateKind::Success), Mark::Success, words.success.to_owned()),
        (ends(StateKind::Failure), Mark::Failure, words.failure.to_owned()),
    ];
    explained.into_iter().filter(|(used, ..)| *used).map(|(_, mark, word)| (mark, word)).collect()
}

/// A track's label, with what there is one of it for.
pub fn titled(track: &Track, language: &str) -> String {
    let words = Words::of(language);
    let label = track.label.get(language);
    let of = |each: Each| match each {
        Each::Referee => words.each[0],
        Each::Stay => words.each[1],
        Each::Document => words.each[2],
    };
    track.each.map_or_else(|| label.to_owned(), |each| format!("{label} ({})", of(each)))
}
