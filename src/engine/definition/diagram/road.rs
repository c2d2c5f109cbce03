//! What is an arrow and what a note: the main road, the by-ways beside it, and the exits.

use std::collections::{BTreeMap, BTreeSet};

use crate::definition::{Definition, EventIx, MachineIx, StateIx, Target, Transition};
use crate::vocabulary::{Phase, StateKind};

use super::gutters::near;
use super::{Extent, View};

/// An exit that so many states have may be explained once.
const SHARED: usize = 3;
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

impl Landing {
    fn state(self) -> Option<StateIx> {
        match self {
            Self::State(to) => Some(to),
            Self::Same | Self::Back => None,
        }
    }
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
    /// A note that names the event alone: where it leads is said once for all states that have it.
    Shared,
}

/// All events that lead from one state to the same place.
#[derive(Debug, Clone)]
pub struct Exit {
    /// Its position in the graph before any arrow became a note.
    pub id: usize,
    pub from: StateIx,
    pub to: Landing,
    pub events: Vec<EventIx>,
    pub shown: Shown,
}

/// The states of a phase, in the order of the file; of a track, those that are as many steps from its first.
#[derive(Debug, Clone)]
pub struct Column {
    /// The phase; `None` in a track.
    pub phase: Option<Phase>,
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
    pub fn of(definition: &Definition, machine: MachineIx, view: &View<'_>) -> Self {
        let mut exits: Vec<Exit> =
            states(definition, machine).flat_map(|from| exits_of(definition, from)).collect();
        let mut drawn = columns(definition, machine);
        classify(definition, machine, &drawn, &mut exits);
        if view.extent == Extent::MainRoad {
            exits.retain(|exit| exit.shown != Shown::Note);
            let touched = touched(definition, &exits);
            for column in &mut drawn {
                column.states.retain(|state| touched[state.at()]);
            }
            drawn.retain(|column| !column.states.is_empty());
        }
        exits.sort_by_key(|exit| (exit.from, exit.shown));
        exits.iter_mut().enumerate().for_each(|(at, exit)| exit.id = at);
        Self { columns: drawn, exits }
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

    /// Lets notes that several states have say their events alone; where the same events lead elsewhere, it is said there.
    pub fn share(&mut self) {
        let mut count: BTreeMap<(&[EventIx], StateIx), usize> = BTreeMap::new();
        for exit in self.exits.iter().filter(|exit| exit.shown == Shown::Note) {
            exit.to.state().into_iter().for_each(|to| *count.entry((&exit.events, to)).or_default() += 1);
        }
        let mut most: BTreeMap<&[EventIx], (usize, StateIx)> = BTreeMap::new();
        for (&(events, to), &count) in count.iter().filter(|(_, count)| **count >= SHARED) {
            let known = most.entry(events).or_insert((count, to));
            *known = (*known).max((count, to));
        }
        let leads = |exit: &Exit| most.get(&exit.events[..]).map(|(_, to)| Landing::State(*to));
        let shared: Vec<bool> = self.exits.iter().map(|exit| leads(exit) == Some(exit.to)).collect();
        for (exit, shared) in self.exits.iter_mut().zip(shared) {
            if shared && exit.shown == Shown::Note {
                exit.shown = Shown::Shared;
            }
        }
        self.exits.sort_by_key(|exit| (exit.from, exit.shown));
    }

    /// One of each kind of exit that is explained once, by its position.
    pub fn shared(&self) -> Vec<usize> {
        let shared = self.exits.iter().enumerate().filter(|(_, exit)| exit.shown == Shown::Shared);
        let mut known = BTreeSet::new();
        shared.filter(|(_, exit)| known.insert(&exit.events)).map(|(at, _)| at).collect()
    }

    /// Exits of a state, in the order they are drawn.
    pub fn leaving(&self, state: StateIx) -> impl Iterator<Item = (usize, &Exit)> {
        let first = self.exits.partition_point(|exit| exit.from < state);
        self.exits.iter().enumerate().skip(first).take_while(move |(_, exit)| exit.from == state)
    }
}

fn states(definition: &Definition, machine: MachineIx) -> impl Iterator<Item = StateIx> {
    definition.states_of(machine).map(|(state, _)| state)
}

fn columns(definition: &Definition, machine: MachineIx) -> Vec<Column> {
    let drawn: Vec<Column> = if machine == MachineIx::MAIN {
        let of = |&phase: &Phase| {
            let own = |state: &StateIx| definition.states[state.at()].phase == phase;
            Column { phase: Some(phase), states: states(definition, machine).filter(own).collect() }
        };
        Phase::ALL.iter().map(of).collect()
    } else {
        let column = |states| Column { phase: None, states };
        ranks(definition, machine).into_iter().map(column).collect()
    };
    drawn.into_iter().filter(|column| !column.states.is_empty()).collect()
}

/// The states of a track by the steps they are from its first; last those that no step leads to.
fn ranks(definition: &Definition, machine: MachineIx) -> Vec<Vec<StateIx>> {
    let mut seen = vec![false; definition.states.len()];
    let mut next = vec![first(definition, machine)];
    seen[first(definition, machine).at()] = true;
    let mut ranks = Vec::new();
    while !next.is_empty() {
        let mut following = Vec::new();
        for (_, transition) in next.iter().flat_map(|&state| definition.leaving(state)) {
            let Target::State(to) = transition.to else { continue };
            if !std::mem::replace(&mut seen[to.at()], true) {
                following.push(to);
            }
        }
        // In the order of the file, ends below what leads on.
        following.sort_by_key(|&state| (definition.states[state.at()].kind, state));
        ranks.push(std::mem::replace(&mut next, following));
    }
    ranks.push(states(definition, machine).filter(|state| !seen[state.at()]).collect());
    ranks
}

/// The state a machine begins in.
fn first(definition: &Definition, machine: MachineIx) -> StateIx {
    definition.track(machine).map_or(definition.initial, |track| track.initial)
}

/// Which states some exit leaves or leads to.
fn touched(definition: &Definition, exits: &[Exit]) -> Vec<bool> {
    let mut touched = vec![false; definition.states.len()];
    for exit in exits {
        touched[exit.from.at()] = true;
        exit.to.state().into_iter().for_each(|to| touched[to.at()] = true);
    }
    touched
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
            None => exits.push(Exit { id: 0, from, to, events: vec![transition.event], shown: Shown::Note }),
        }
    }
    exits
}

fn classify(definition: &Definition, machine: MachineIx, columns: &[Column], exits: &mut [Exit]) {
    let road = main_road(definition, machine);
    let mut column = vec![0; definition.states.len()];
    for (at, own) in columns.iter().enumerate() {
        own.states.iter().for_each(|state| column[state.at()] = at);
    }
    let mut sources = vec![0; definition.states.len()];
    for exit in exits.iter() {
        if let Landing::State(to) = exit.to
            && near(&column, exit.from, to)
        {
            sources[to.at()] += 1;
        }
    }
    for exit in exits {
        let Landing::State(to) = exit.to else { continue };
        let calm = sources[to.at()] < CROWDED && definition.states[to.at()].kind == StateKind::Open;
        if road.contains(&(exit.from, to)) {
            exit.shown = Shown::Road;
        } else if near(&column, exit.from, to) && calm && to != exit.from {
            exit.shown = Shown::Arrow;
        }
    }
}

/// The steps of the cheapest way from the first state to a success, in a track without one to a state that is remembered;
/// none when there is no such way.
fn main_road(definition: &Definition, machine: MachineIx) -> Vec<(StateIx, StateIx)> {
    let count = definition.states.len();
    let mut cost = vec![u32::MAX; count];
    let mut before: Vec<Option<StateIx>> = vec![None; count];
    let mut done = vec![false; count];
    cost[first(definition, machine).at()] = 0;
    while let Some(here) = states(definition, machine)
        .filter(|s| !done[s.at()] && cost[s.at()] < u32::MAX)
        .min_by_key(|s| cost[s.at()])
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
    let success = |s: &StateIx| definition.states[s.at()].kind == StateKind::Success;
    let latch = definition.track(machine).map_or(&[][..], |track| &track.latch);
    let nearest = |goal: &dyn Fn(&StateIx) -> bool| {
        states(definition, machine).filter(|s| done[s.at()] && goal(s)).min_by_key(|s| cost[s.at()])
    };
    let mut at = nearest(&success).or_else(|| nearest(&|s| latch.contains(s)));
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
    let mut between: Vec<Phase> = states(definition, MachineIx::MAIN)
        .map(phase)
        .filter(|between| low < *between && *between < high)
        .collect();
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
