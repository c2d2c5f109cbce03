//! What is an arrow and what a note: the main road, the by-ways beside it, and the exits.

use crate::definition::{Definition, EventIx, MachineIx, StateIx, Target, Transition};
use crate::vocabulary::{Phase, StateKind};

use super::gutters::near;
use super::{Extent, View};

/// A state that so many states beside it lead to is named in notes: its arrows would cover the picture.
const CROWDED: usize = 4;
/// What a step costs that needs a reason: nobody justifies keeping to the main road.
const JUSTIFIED: u32 = 1000;
/// What a step costs that only the system takes: it follows from silence.
const SILENT: u32 = 100;

/// What each phase costs that a step leaps over: a main road goes through one after the other.
const LEAPT: u32 = 50;

/// Where events lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landing {
    /// To a state.
    State(StateIx),
    /// Nowhere else: the state stays.
    Same,
    /// Back to where the present state was entered from.
    Back,
}

/// How an exit is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// An arrow of the main road.
    Road,
    /// Another arrow.
    Arrow,
    /// A note under the state.
    Note,
}

/// All events that lead from one state to the same place.
#[derive(Debug, Clone)]
pub struct Exit {
    pub from: StateIx,
    pub to: Landing,
    pub events: Vec<EventIx>,
    pub shown: Shown,
}

/// The states of a phase, in the order of the file.
#[derive(Debug, Clone)]
pub struct Column {
    pub phase: Phase,
    pub states: Vec<StateIx>,
}

/// What is drawn of a definition.
#[derive(Debug, Clone)]
pub struct Graph {
    pub columns: Vec<Column>,
    /// By state, then main road, arrows, notes.
    pub exits: Vec<Exit>,
}

impl Graph {
    pub fn of(definition: &Definition, view: &View<'_>) -> Self {
        let mut exits = exits(definition);
        let columns = columns(definition, &exits, Extent::Whole);
        classify(definition, &columns, &mut exits);
        if view.extent == Extent::MainRoad {
            exits.retain(|exit| exit.shown != Shown::Note);
        }
        exits.sort_by_key(|exit| (exit.from, exit.shown));
        Self { columns: self::columns(definition, &exits, view.extent), exits }
    }

    /// Some states of a track, each in a column of its own: arrows lead to the next, all else is a note.
    pub fn of_row(definition: &Definition, row: &[StateIx]) -> Self {
        let mut exits: Vec<Exit> = row.iter().flat_map(|&from| exits_of(definition, from)).collect();
        let next = |exit: &Exit| {
            let at = row.iter().position(|state| *state == exit.from)?;
            row.get(at + 1).copied()
        };
        for exit in &mut exits {
            if matches!(exit.to, Landing::State(to) if next(exit) == Some(to)) {
                exit.shown = Shown::Road;
            }
        }
        exits.sort_by_key(|exit| (exit.from, exit.shown));
        let column =
            |&state: &StateIx| Column { phase: definition.states[state.at()].phase, states: vec![state] };
        Self { columns: row.iter().map(column).collect(), exits }
    }

    /// Makes notes of by-ways that neither stay in their column of the picture nor go to the next.
    pub fn keep_near(&mut self, columns: &[usize]) {
        for exit in self.exits.iter_mut().filter(|exit| exit.shown == Shown::Arrow) {
            if matches!(exit.to, Landing::State(to) if !near(columns, exit.from, to)) {
                exit.shown = Shown::Note;
            }
        }
        self.exits.sort_by_key(|exit| (exit.from, exit.shown));
    }

    /// Exits of a state, in the order they are drawn.
    pub fn leaving(&self, state: StateIx) -> impl Iterator<Item = (usize, &Exit)> {
        let first = self.exits.partition_point(|exit| exit.from < state);
        self.exits.iter().enumerate().skip(first).take_while(move |(_, exit)| exit.from == state)
    }
}

fn states(definition: &Definition) -> impl Iterator<Item = StateIx> {
    definition.states_of(MachineIx::MAIN).map(|(state, _)| state)
}

fn columns(definition: &Definition, exits: &[Exit], extent: Extent) -> Vec<Column> {
    let mut touched = vec![false; definition.states.len()];
    for exit in exits {
        touched[exit.from.at()] = true;
        if let Landing::State(to) = exit.to {
            touched[to.at()] = true;
        }
    }
    let drawn = |state: &StateIx| extent == Extent::Whole || touched[state.at()];
    let of = |phase: Phase| {
        let states: Vec<_> =
            states(definition).filter(|ix| definition.states[ix.at()].phase == phase).filter(drawn).collect();
        (!states.is_empty()).then_some(Column { phase, states })
    };
    Phase::ALL.iter().filter_map(|&phase| of(phase)).collect()
}

fn exits(definition: &Definition) -> Vec<Exit> {
    states(definition).flat_map(|from| exits_of(definition, from)).collect()
}

fn exits_of(definition: &Definition, from: StateIx) -> Vec<Exit> {
    let mut exits: Vec<Exit> = Vec::new();
    for (_, transition) in definition.leaving(from) {
        let to = match transition.to {
            Target::State(to) if to != from => Landing::State(to),
            Target::State(_) | Target::Same => Landing::Same,
            Target::Previous => Landing::Back,
        };
        match exits.iter_mut().find(|exit| exit.to == to) {
            Some(exit) if exit.events.contains(&transition.event) => {}
            Some(exit) => exit.events.push(transition.event),
            None => exits.push(Exit { from, to, events: vec![transition.event], shown: Shown::Note }),
        }
    }
    exits
}

fn classify(definition: &Definition, columns: &[Column], exits: &mut [Exit]) {
    let road = main_road(definition);
    let column = |state: StateIx| {
        let phase = definition.states[state.at()].phase;
        columns.iter().position(|column| column.phase == phase)
    };
    let near = |from: StateIx, to: StateIx| {
        column(to) == column(from) || column(to) == column(from).map(|at| at + 1)
    };
    let mut sources = vec![0; definition.states.len()];
    for exit in exits.iter() {
        if let Landing::State(to) = exit.to
            && near(exit.from, to)
        {
            sources[to.at()] += 1;
        }
    }
    for exit in exits {
        let Landing::State(to) = exit.to else { continue };
        let calm = sources[to.at()] < CROWDED && definition.states[to.at()].kind == StateKind::Open;
        if road.contains(&(exit.from, to)) {
            exit.shown = Shown::Road;
        } else if near(exit.from, to) && calm && to != exit.from {
            exit.shown = Shown::Arrow;
        }
    }
}

/// The steps of the cheapest way from the initial state to a success; none when there is no such way.
fn main_road(definition: &Definition) -> Vec<(StateIx, StateIx)> {
    let count = definition.states.len();
    let mut cost = vec![u32::MAX; count];
    let mut before: Vec<Option<StateIx>> = vec![None; count];
    let mut done = vec![false; count];
    cost[definition.initial.at()] = 0;
    while let Some(here) =
        states(definition).filter(|s| !done[s.at()] && cost[s.at()] < u32::MAX).min_by_key(|s| cost[s.at()])
    {
        done[here.at()] = true;
        for (_, transition) in definition.leaving(here) {
            let Target::State(to) = transition.to else { continue };
            let leapt = leapt(definition, here, to) * LEAPT;
            let reached = cost[here.at()].saturating_add(price(definition, transition) + leapt);
            if reached < cost[to.at()] {
                (cost[to.at()], before[to.at()]) = (reached, Some(here));
            }
        }
    }
    let success = |s: &StateIx| definition.states[s.at()].kind == StateKind::Success && done[s.at()];
    let mut at = states(definition).filter(success).min_by_key(|s| cost[s.at()]);
    let mut road = Vec::new();
    while let Some(here) = at {
        at = before[here.at()];
        road.extend(at.map(|earlier| (earlier, here)));
    }
    road.reverse();
    road
}

/// How many phases with states lie between two states.
fn leapt(definition: &Definition, from: StateIx, to: StateIx) -> u32 {
    let phase = |state: StateIx| definition.states[state.at()].phase;
    let (low, high) = (phase(from).min(phase(to)), phase(from).max(phase(to)));
    let mut between: Vec<Phase> =
        states(definition).map(phase).filter(|between| low < *between && *between < high).collect();
    between.sort_unstable();
    between.dedup();
    u32::try_from(between.len()).unwrap_or(u32::MAX / LEAPT)
}

fn price(definition: &Definition, transition: &Transition) -> u32 {
    // A join follows from what others have done.
    let silent =
        transition.join.is_none() && transition.by.iter().all(|&role| Some(role) == definition.system());
    1 + if transition.reason.is_some() { JUSTIFIED } else { 0 } + if silent { SILENT } else { 0 }
}
