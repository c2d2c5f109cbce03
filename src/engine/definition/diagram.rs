//! Pictures of a definition, computed from it and never drawn by hand: SVG for people, Mermaid text for documents,
//! SCXML for other interpreters.
//!
//! `road` decides what is an arrow and what a note, `layout` where it stands, so that it is legible on A4, `svg` and `mermaid`
//! write it down; `scxml` writes the machine itself.
//! The same definition and view always give the same bytes.

mod card;
mod fold;
mod foot;
mod gutters;
mod layout;
mod mermaid;
mod road;
pub mod scxml;
mod svg;
mod text;
mod words;

pub use svg::STYLE;

use super::{Definition, EventIx, MachineIx, StateIx};

/// How much of a definition is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extent {
    /// Every state and every event.
    #[default]
    Whole,
    /// The way to success and the by-ways beside it, without the exits that end a case early.
    MainRoad,
}

/// A step a case has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The state it left.
    pub from: StateIx,
    /// The event that moved it.
    pub event: EventIx,
    /// The state it came to.
    pub to: StateIx,
}

/// What is drawn, in whose words, and with which case on it.
#[derive(Debug, Clone, Copy, Default)]
pub struct View<'a> {
    /// BCP 47 tag of the language of the labels; English where the definition has no such texts.
    pub language: &'a str,
    /// How much.
    pub extent: Extent,
    /// Where the case stands, if there is one.
    pub present: Option<StateIx>,
    /// Where instances of its tracks stand.
    pub beside: &'a [StateIx],
    /// The steps it has taken, first to last; those of its tracks too.
    pub taken: &'a [Taken],
}

impl View<'_> {
    fn stands_in(&self, state: StateIx) -> bool {
        self.present == Some(state) || self.beside.contains(&state)
    }

    fn visited(&self, state: StateIx) -> bool {
        self.taken.iter().any(|step| step.from == state || step.to == state)
    }
}

impl Definition {
    /// A picture of one machine: states in a column per phase, in a track by their steps from the first; events as labelled
    /// arrows, exits as notes in the state they leave. That of the main machine names the tracks beside it.
    ///
    /// Fitted on A4, the text is large enough to read. Complete by itself: a title and a text alternative, light and dark
    /// colours, no outside reference. A page sets custom properties such as `--diagram-ink` to give it its own colours.
    pub fn svg(&self, machine: MachineIx, view: &View<'_>) -> String {
        svg::draw(self, machine, view)
    }

    /// A Mermaid flowchart; each track in a box of its own, unless the main road alone is asked for.
    pub fn mermaid(&self, view: &View<'_>) -> String {
        mermaid::draw(self, view)
    }

    /// One machine as SCXML: see [`scxml`] for what it holds and where it differs.
    pub fn scxml(&self, machine: MachineIx, view: &View<'_>) -> String {
        scxml::draw(self, machine, view)
    }
}
