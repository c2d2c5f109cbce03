//! The picture as SVG: one element per state and exit, colours from custom properties, all text escaped.

use std::fmt::Write as _;

use crate::definition::{Definition, MachineIx, StateIx};
use crate::vocabulary::StateKind;

use super::View;
use super::card::{Card, Row, sentence};
use super::foot::{self, Item, Mark};
use super::layout::{
    Arrow, INSET, MARGIN, MARK, NAME, NAME_LINE, PAD, Plan, SMALL, SMALL_LINE, STRONG, Sketch, TITLE,
    TITLE_LINE, tall,
};
use super::road::{Exit, Graph, Landing, Shown};
use super::text::{Face, escape, is_measured, width};
use super::words::Words;

/// The style sheet that every picture carries, as it stands between the tags.
pub const STYLE: &str = concat!("\n", include_str!("diagram.css"));

/// A tick, within 8 units.
const TICK: &str = "M-4 0L-1 4L5 -4";
/// A cross, within 8 units.
const CROSS: &str = "M-4 -4L4 4M4 -4L-4 4";

/// One machine of a definition as a whole SVG document.
pub fn draw(definition: &Definition, machine: MachineIx, view: &View<'_>) -> String {
    let words = Words::of(view.language);
    let track = definition.track(machine);
    let label = track.map(|track| format!(" – {}", foot::titled(track, view.language)));
    let title = format!("{}: {}{}", words.workflow, definition.id, label.unwrap_or_default());
    let sketch = Sketch { definition, machine, view, title: &title };
    let (graph, plan) = sketch.place();
    let mut pen =
        Pen { sketch, definition, machine, view, words, graph: &graph, plan: &plan, out: String::new() };
    pen.document(&title);
    pen.out
}

struct Pen<'a> {
    sketch: Sketch<'a>,
    definition: &'a Definition,
    machine: MachineIx,
    view: &'a View<'a>,
    words: &'a Words,
    graph: &'a Graph,
    plan: &'a Plan,
    out: String,
}

impl Pen<'_> {
    /// Adds a piece of markup; writing to a string cannot fail.
    fn put(&mut self, markup: std::fmt::Arguments<'_>) {
        let _ = self.out.write_fmt(markup);
    }

    fn label(&self, state: StateIx) -> &str {
        self.definition.states[state.at()].label.get(self.view.language)
    }

    fn document(&mut self, title: &str) {
        let plan = self.plan;
        let (width, height, title) = (plan.width, plan.height, escape(title));
        let language = if self.view.language.is_empty() { "en" } else { self.view.language };
        let language = escape(language);
        let (mut id, mut track) = (escape(&self.definition.id), String::new());
        if let Some(drawn) = self.definition.track(self.machine) {
            let name = escape(&drawn.name);
            let _ = write!(id, "-{name}");
            let _ = write!(track, " data-track=\"{name}\"");
        }
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"diagram\"{track} viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" lang=\"{language}\" xml:lang=\"{language}\" \
             aria-labelledby=\"{id}-title\" aria-describedby=\"{id}-text\">\n\
             <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-text\">"
        ));
        self.alternative();
        self.put(format_args!(
            "</desc>\n<style>{STYLE}</style>\n<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n"
        ));
        self.lines(("title", TITLE), &plan.title, (MARGIN, MARGIN - 4 + TITLE.size), TITLE_LINE);
        for heading in &plan.headings {
            let (word, x, y) = (self.words.phase(heading.phase), heading.x, heading.y);
            let word = format!("{word}{}", if heading.continued { " …" } else { "" });
            self.lines(("phase", NAME), &[word], (x, y), NAME_LINE);
        }
        self.arrows(&plan.arrows);
        plan.cards.iter().for_each(|card| self.card(card));
        plan.foot.items.iter().for_each(|item| self.item(item));
        self.put(format_args!("</svg>\n"));
    }

    /// What was taken last, the main road before it: they lie over what they cross.
    fn arrows(&mut self, arrows: &[Arrow]) {
        let rank = |arrow: &&Arrow| {
            let exit = &self.graph.exits[arrow.exit];
            (self.took(exit), exit.shown == Shown::Road)
        };
        let mut sorted: Vec<&Arrow> = arrows.iter().collect();
        sorted.sort_by_key(rank);
        for arrow in sorted {
            self.arrow(arrow);
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
            if let Some(phase) = column.phase {
                self.put(format_args!("\n{}: ", self.words.phase(phase)));
            }
            self.states_in_words(graph, &column.states);
        }
        if self.machine == MachineIx::MAIN && !self.definition.tracks.is_empty() {
            let language = self.view.language;
            let tracks: Vec<String> =
                self.definition.tracks.iter().map(|track| foot::titled(track, language)).collect();
            let beside = format!("\n{}: {}. ", self.words.tracks, tracks.join("; "));
            self.out.push_str(&escape(&beside));
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
        let note = sentence(self.definition, self.view.language, exit);
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
            Shown::Note | Shown::Shared => "note",
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
        let (x, y, height, wide) = (card.x, card.y, card.height, self.plan.card);
        let mut class = format!("state {}", state.kind);
        if self.view.visited(card.state) {
            class.push_str(" visited");
        }
        if self.view.stands_in(card.state) {
            class.push_str(" present");
        }
        self.put(format_args!(
            "<g class=\"{class}\" data-state=\"{}\" transform=\"translate({x} {y})\">\
             <rect class=\"card\" width=\"{wide}\" height=\"{height}\" rx=\"6\"/>\n",
            escape(&state.name)
        ));
        let (name, waits_for) = (self.sketch.name(card.state, wide), self.sketch.waits_for(card.state, wide));
        self.lines(("name", NAME), &name, (PAD, PAD + NAME.size), NAME_LINE);
        let under = PAD + tall(&name, NAME_LINE) + SMALL.size - 1;
        if !waits_for.is_empty() {
            self.person(PAD + 5, under - SMALL.size / 2 + 1);
            self.lines(("waits", SMALL), &waits_for, (PAD + MARK, under), SMALL_LINE);
        }
        self.marks(card);
        card.rows.iter().for_each(|row| self.row(row));
        self.put(format_args!("</g>\n"));
    }

    /// A clock where the state has one, a tick or a cross where it is an end, and where the case stands.
    fn marks(&mut self, card: &Card) {
        let state = &self.definition.states[card.state.at()];
        let (x, y) = (self.plan.card - PAD - MARK / 2 + 2, PAD + NAME_LINE / 2);
        if !state.clocks.is_empty() {
            self.clock(x, y);
        }
        let (shape, words) = match state.kind {
            StateKind::Open => ("", ""),
            StateKind::Success => (TICK, self.words.success),
            StateKind::Failure => (CROSS, self.words.failure),
        };
        if !shape.is_empty() {
            self.put(format_args!(
                "<path class=\"end\" transform=\"translate({x} {y})\" d=\"{shape}\"><title>{words}</title></path>\n"
            ));
        }
        if self.view.stands_in(card.state) {
            let word = self.words.now;
            let room = width(word, STRONG) + 12;
            let left = self.plan.card - PAD - room;
            self.put(format_args!(
                "<rect class=\"badge\" x=\"{left}\" y=\"-6\" width=\"{room}\" height=\"11\" rx=\"5\"/>"
            ));
            self.lines(("now", STRONG), &[word.to_owned()], (left + 6, 3), SMALL_LINE);
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
        let lines = self.sketch.words(exit, exit.shown, self.plan.card);
        self.put(format_args!("<g class=\"{class}\" data-events=\"{events}\">"));
        if matches!(exit.shown, Shown::Note | Shown::Shared) {
            self.chip((row.x, row.y), (row.width, row.height));
            self.lines(("words", SMALL), &lines, (row.x + INSET, row.y + SMALL.size), SMALL_LINE);
        } else {
            let stands_out = exit.shown == Shown::Road || self.took(exit);
            let face = if stands_out { STRONG } else { SMALL };
            let at = (self.plan.card - PAD, row.y + SMALL.size);
            self.lines(("words end", face), &lines, at, SMALL_LINE);
        }
        self.put(format_args!("</g>\n"));
    }

    fn chip(&mut self, (x, y): (i32, i32), (width, height): (i32, i32)) {
        self.put(format_args!(
            "<rect class=\"chip\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"4\"/>"
        ));
    }

    /// Lines one under the other; in fonts of other measures their letters move together rather than over what stands beside.
    fn lines(&mut self, (class, face): (&str, Face), lines: &[String], (x, y): (i32, i32), step: i32) {
        for (line, y) in lines.iter().zip((y..).step_by(usize::try_from(step).unwrap_or(1))) {
            self.put(format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\""));
            if is_measured(line) {
                self.put(format_args!(" textLength=\"{}\"", width(line, face)));
            }
            self.put(format_args!(">{}</text>", escape(line)));
        }
    }

    /// A text below the cards, behind its mark.
    fn item(&mut self, item: &Item) {
        let (x, y) = (item.x, item.y + SMALL.size / 2 + 1);
        let end = |kind, shape| {
            let x = x + 5;
            format!(
                "<g class=\"{kind}\"><path class=\"end\" transform=\"translate({x} {y})\" d=\"{shape}\"/></g>"
            )
        };
        let stroke = |class: &str| {
            let (line, tip, end, up, down) = (x + 19, x + 15, x + 22, y - 4, y + 4);
            format!(
                "<g class=\"{class}\"><path class=\"line\" d=\"M{x} {y}H{line}\"/>\
                 <path class=\"tip\" d=\"M{end} {y}L{tip} {up}L{tip} {down}Z\"/></g>"
            )
        };
        let mut class = "words";
        match item.mark {
            Mark::Heads => class = "words heads",
            Mark::Plain => {}
            Mark::Note => {
                let widest = item.lines.iter().map(|line| width(line, SMALL)).max().unwrap_or(0);
                self.chip((x, item.y - 1), (widest + 2 * INSET, tall(&item.lines, SMALL_LINE) + 3));
            }
            Mark::Road => self.out.push_str(&stroke("road")),
            Mark::Arrow => self.out.push_str(&stroke("arrow")),
            Mark::Taken => self.out.push_str(&stroke("arrow taken")),
            Mark::Person => self.person(x + 5, y),
            Mark::Clock => self.clock(x + 5, y),
            Mark::Success => self.out.push_str(&end("success", TICK)),
            Mark::Failure => self.out.push_str(&end("failure", CROSS)),
        }
        self.lines(
            (class, item.mark.face()),
            &item.lines,
            (x + item.mark.lead(), item.y + SMALL.size - 1),
            SMALL_LINE,
        );
        self.put(format_args!("\n"));
    }
}
