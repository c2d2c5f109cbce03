//! The picture as SVG: one element per state and exit, colours from custom properties, all text escaped.

use std::fmt::Write as _;

use crate::definition::{Definition, StateIx};
use crate::vocabulary::StateKind;

use super::layout::{self, Arrow, CARD, Card, MARK, NAME, NAME_LINE, PAD, Plan, Row, SMALL, SMALL_LINE};
use super::road::{Exit, Graph, Landing, Shown};
use super::text::{escape, width};
use super::tracks::{self, Placed};
use super::words::Words;
use super::{Extent, View};

const STYLE: &str = include_str!("diagram.css");

/// A definition as a whole SVG document.
pub fn draw(definition: &Definition, view: &View<'_>) -> String {
    let words = Words::of(view.language);
    let mut graph = Graph::of(definition, view);
    let mut plan = layout::place(definition, &mut graph, view);
    let tracks = match view.extent {
        Extent::Whole => tracks::place(definition, view, &mut plan),
        Extent::MainRoad => Vec::new(),
    };
    let mut pen = Pen { definition, view, words, graph: &graph, out: String::new() };
    pen.document(&plan, &tracks);
    pen.out
}

struct Pen<'a> {
    definition: &'a Definition,
    view: &'a View<'a>,
    words: &'a Words,
    graph: &'a Graph,
    out: String,
}

impl<'a> Pen<'a> {
    /// Adds a piece of markup; writing to a string cannot fail.
    fn put(&mut self, markup: std::fmt::Arguments<'_>) {
        let _ = self.out.write_fmt(markup);
    }

    fn label(&self, state: StateIx) -> &str {
        self.definition.states[state.at()].label.get(self.view.language)
    }

    fn document(&mut self, plan: &Plan, tracks: &'a [Placed]) {
        let (width, height) = (plan.width, plan.height);
        let language = if self.view.language.is_empty() { "en" } else { self.view.language };
        let (language, id) = (escape(language), escape(&self.definition.id));
        let title = format!("{}: {id}", self.words.workflow);
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"diagram\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" lang=\"{language}\" xml:lang=\"{language}\" \
             aria-labelledby=\"{id}-title\" aria-describedby=\"{id}-text\">\n\
             <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-text\">"
        ));
        self.alternative();
        for track in tracks {
            self.track_in_words(track);
        }
        self.put(format_args!(
            "</desc>\n<style>\n{STYLE}</style>\n<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n\
             <text class=\"title\" x=\"16\" y=\"30\">{title}</text>\n"
        ));
        for heading in &plan.headings {
            let (word, x, y) = (self.words.phase(heading.phase), heading.x, heading.y);
            let more = if heading.continued { " …" } else { "" };
            self.put(format_args!("<text class=\"phase\" x=\"{x}\" y=\"{y}\">{word}{more}</text>\n"));
        }
        self.machine(&plan.arrows, &plan.cards);
        for track in tracks {
            self.track(track);
        }
        self.legend(plan);
        self.put(format_args!("</svg>\n"));
    }

    fn machine(&mut self, arrows: &[Arrow], cards: &[Card]) {
        // The main road last: it lies over what it crosses.
        for road in [false, true] {
            for arrow in arrows {
                if (self.graph.exits[arrow.exit].shown == Shown::Road) == road {
                    self.arrow(arrow);
                }
            }
        }
        for card in cards {
            self.card(card);
        }
    }

    fn track(&mut self, track: &'a Placed) {
        let (x, y, name, title) = (track.x, track.y, escape(&track.name), escape(&track.title));
        self.put(format_args!(
            "<g class=\"track\" data-track=\"{name}\"><text class=\"phase\" x=\"{x}\" y=\"{y}\">{title}</text>\n"
        ));
        for row in &track.rows {
            self.graph = &row.graph;
            self.machine(&row.arrows, &row.cards);
        }
        self.put(format_args!("</g>\n"));
    }

    fn track_in_words(&mut self, track: &'a Placed) {
        self.put(format_args!("\n{}: ", escape(&track.title)));
        for row in &track.rows {
            row.graph.columns.iter().for_each(|column| self.states_in_words(&row.graph, &column.states));
        }
    }

    /// The whole definition in words, state by state.
    fn alternative(&mut self) {
        let stands = self.view.present.iter().chain(self.view.beside).map(|state| self.label(*state));
        let stands: Vec<&str> = stands.collect();
        if !stands.is_empty() {
            let now = format!("{}: {}. ", self.words.now, stands.join(", "));
            self.out.push_str(&escape(&now));
        }
        if let Some(first) = self.view.taken.first() {
            let stations = self.view.taken.iter().map(|step| step.to);
            let names: Vec<&str> =
                std::iter::once(first.from).chain(stations).map(|s| self.label(s)).collect();
            let path = format!("{}: {}. ", self.words.taken, names.join(" → "));
            self.out.push_str(&escape(&path));
        }
        let graph = self.graph;
        for column in &graph.columns {
            self.put(format_args!("\n{}: ", self.words.phase(column.phase)));
            self.states_in_words(graph, &column.states);
        }
    }

    fn states_in_words(&mut self, graph: &Graph, states: &[StateIx]) {
        for &state in states {
            let exits: Vec<String> = graph.leaving(state).map(|(_, exit)| self.sentence(exit)).collect();
            let sentence = match &exits[..] {
                [] => format!("{}. ", self.label(state)),
                _ => format!("{} ({}). ", self.label(state), exits.join("; ")),
            };
            self.out.push_str(&escape(&sentence));
        }
    }

    fn sentence(&self, exit: &Exit) -> String {
        let note = layout::note(self.definition, self.view.language, exit);
        match exit.to {
            Landing::State(_) => note,
            Landing::Same => format!("{note}: {}", self.words.stays),
            Landing::Back => format!("{note}: {}", self.words.back),
        }
    }

    fn took(&self, exit: &Exit) -> bool {
        self.view.taken.iter().any(|step| {
            step.from == exit.from
                && exit.events.contains(&step.event)
                && match exit.to {
                    Landing::State(to) => to == step.to,
                    Landing::Same => step.to == step.from,
                    Landing::Back => true,
                }
        })
    }

    fn class(&self, exit: &Exit) -> String {
        let shown = match exit.shown {
            Shown::Road => "road",
            Shown::Arrow => "arrow",
            Shown::Note => "note",
        };
        if self.took(exit) { format!("{shown} taken") } else { shown.to_owned() }
    }

    fn events(&self, exit: &Exit) -> String {
        let names: Vec<&str> =
            exit.events.iter().map(|event| self.definition.events[event.at()].name.as_str()).collect();
        escape(&names.join(" "))
    }

    fn arrow(&mut self, arrow: &Arrow) {
        let exit = &self.graph.exits[arrow.exit];
        let Some((&(x, y), rest)) = arrow.corners.split_first() else { return };
        let Some(&(end, level)) = rest.last() else { return };
        let before = rest.iter().rev().nth(1).map_or(x, |corner| corner.0);
        let back = if end < before { 7 } else { -7 };
        let class = self.class(exit);
        self.put(format_args!("<g class=\"{class}\"><path class=\"line\" d=\"M{x} {y}"));
        for (at, (x, y)) in rest.iter().enumerate() {
            let x = if at + 1 == rest.len() { x + back / 2 } else { *x };
            self.put(format_args!("L{x} {y}"));
        }
        self.put(format_args!(
            "\"/><path class=\"tip\" d=\"M{end} {level}L{} {}L{} {}Z\"/></g>\n",
            end + back,
            level - 4,
            end + back,
            level + 4
        ));
    }

    fn card(&mut self, card: &Card) {
        let state = &self.definition.states[card.state.at()];
        let (x, y, height) = (card.x, card.y, card.height);
        let mut class = format!("state {}", state.kind);
        if self.view.visited(card.state) {
            class.push_str(" visited");
        }
        if self.view.stands_in(card.state) {
            class.push_str(" present");
        }
        self.put(format_args!(
            "<g class=\"{class}\" data-state=\"{}\" transform=\"translate({x} {y})\">\
             <rect class=\"card\" width=\"{CARD}\" height=\"{height}\" rx=\"6\"/>\n",
            escape(&state.name)
        ));
        self.lines("name", &card.name, PAD, PAD + NAME, NAME_LINE);
        let under = PAD + NAME_LINE * i32::try_from(card.name.len()).unwrap_or(0) + SMALL - 1;
        if !card.waits_for.is_empty() {
            self.person(PAD + 5, under - SMALL / 2 + 1);
            self.lines("waits", &card.waits_for, PAD + MARK, under, SMALL_LINE);
        }
        self.marks(card);
        card.rows.iter().for_each(|row| self.row(row));
        self.put(format_args!("</g>\n"));
    }

    /// A clock where the state has one, a tick or a cross where it is an end, and where the case stands.
    fn marks(&mut self, card: &Card) {
        let state = &self.definition.states[card.state.at()];
        let (x, y) = (CARD - PAD - MARK / 2 + 2, PAD + NAME_LINE / 2);
        if !state.clocks.is_empty() {
            self.clock(x, y);
        }
        let (shape, words) = match state.kind {
            StateKind::Open => ("", ""),
            StateKind::Success => ("M-4 0L-1 4L5 -4", self.words.success),
            StateKind::Failure => ("M-4 -4L4 4M4 -4L-4 4", self.words.failure),
        };
        if !shape.is_empty() {
            self.put(format_args!(
                "<path class=\"end\" transform=\"translate({x} {y})\" d=\"{shape}\"><title>{words}</title></path>\n"
            ));
        }
        if self.view.stands_in(card.state) {
            let word = self.words.now;
            let room = width(word, SMALL) + 12;
            self.put(format_args!(
                "<rect class=\"badge\" x=\"{PAD}\" y=\"-8\" width=\"{room}\" height=\"14\" rx=\"7\"/>\
                 <text class=\"now\" x=\"{}\" y=\"3\">{word}</text>\n",
                PAD + 6
            ));
        }
    }

    fn clock(&mut self, x: i32, y: i32) {
        let word = self.words.deadline;
        self.put(format_args!(
            "<g class=\"clock\" transform=\"translate({x} {y})\"><title>{word}</title><circle r=\"5\"/>\
             <path d=\"M0 -3V0H2.5\"/></g>\n"
        ));
    }

    fn person(&mut self, x: i32, y: i32) {
        let word = self.words.waits_for;
        self.put(format_args!(
            "<g class=\"person\" transform=\"translate({x} {y})\"><title>{word}</title><circle cy=\"-2\" r=\"2\"/>\
             <path d=\"M-4 5C-4 0 4 0 4 5\"/></g>\n"
        ));
    }

    fn row(&mut self, row: &Row) {
        let exit = &self.graph.exits[row.exit];
        let (class, events) = (self.class(exit), self.events(exit));
        self.put(format_args!("<g class=\"{class}\" data-events=\"{events}\">"));
        if exit.shown == Shown::Note {
            let (x, y, height) = (PAD - 3, row.y, row.height);
            let room = CARD - 2 * PAD + 6;
            self.put(format_args!(
                "<rect class=\"chip\" x=\"{x}\" y=\"{y}\" width=\"{room}\" height=\"{height}\" rx=\"4\"/>"
            ));
            self.lines("words", &row.lines, PAD, row.y + SMALL, SMALL_LINE);
        } else {
            self.lines("words end", &row.lines, CARD - PAD, row.y + SMALL, SMALL_LINE);
        }
        self.put(format_args!("</g>\n"));
    }

    fn lines(&mut self, class: &str, lines: &[String], x: i32, y: i32, step: i32) {
        for (line, y) in lines.iter().zip((y..).step_by(usize::try_from(step).unwrap_or(1))) {
            self.put(format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escape(line)));
        }
    }

    fn legend(&mut self, plan: &Plan) {
        let (mut x, y) = (16, plan.height - 16);
        let words = self.words;
        for (class, word) in [("road", words.main_road), ("arrow", words.other)] {
            let (end, tip) = (x + 28, x + 21);
            self.put(format_args!(
                "<g class=\"{class}\"><path class=\"line\" d=\"M{x} {y}H{}\"/><path class=\"tip\" d=\"M{end} {y}L{tip} {}L{tip} {}Z\"/></g>",
                x + 25,
                y - 4,
                y + 4
            ));
            x = self.explained(x + 34, y, word);
        }
        let chip = width(words.note, SMALL) + 10;
        self.put(format_args!(
            "<g class=\"note\"><rect class=\"chip\" x=\"{x}\" y=\"{}\" width=\"{chip}\" height=\"15\" rx=\"4\"/></g>",
            y - 8
        ));
        x = self.explained(x + 5, y, words.note);
        for (mark, word) in [("↺", words.stays), ("↶", words.back)] {
            x = self.explained(x, y, &format!("{mark} {word}"));
        }
        self.person(x + 5, y);
        x = self.explained(x + 14, y, words.waits_for);
        self.clock(x + 5, y);
        x = self.explained(x + 14, y, words.deadline);
        for (kind, shape, word) in [
            ("success", "M-4 0L-1 4L5 -4", words.success),
            ("failure", "M-4 -4L4 4M4 -4L-4 4", words.failure),
        ] {
            self.put(format_args!(
                "<g class=\"{kind}\"><path class=\"end\" transform=\"translate({} {y})\" d=\"{shape}\"/></g>",
                x + 5
            ));
            x = self.explained(x + 14, y, word);
        }
    }

    /// Writes a word of the legend and says where the next one goes.
    fn explained(&mut self, x: i32, y: i32, word: &str) -> i32 {
        self.put(format_args!("<text class=\"words\" x=\"{x}\" y=\"{}\">{word}</text>\n", y + 4));
        x + width(word, SMALL) + 18
    }
}
