//! W04, joins: those that can follow each other within one step come to an end.
//!
//! Facts stand still within a step but for what its moves change: a circle is possible when no two of its joins exclude each
//! other, each judged where its machines then stand.

use std::collections::BTreeSet;

use super::super::{Finding, Place, Rule, Target, TransitionIx};
use super::known::Open;
use super::space::{Edge, Space};
use crate::facts::{Fact, Facts};
use crate::guard::Slot;
use crate::machine::MOST_JOINS;

/// Most pairs of joins compared in the search for circles.
const MOST_TRIED: usize = 200_000;

pub(super) fn findings(space: &Space<'_>) -> Vec<Finding> {
    let joins = |node: usize| space.edges(node).iter().filter(|edge| is_join(space, **edge));
    let mut search = Search { space, tried: 0, done: vec![false; space.len()], way: Vec::new() };
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for node in (0..space.len()).filter(|node| joins(*node).next().is_some()) {
        if let Some(way) = search.from(node) {
            let circle: BTreeSet<TransitionIx> = way.iter().copied().collect();
            if seen.insert(circle) {
                findings.push(endless(space, node, &way));
            }
        }
        search.way.clear();
        if search.tried > MOST_TRIED {
            findings.push(Finding::error(
                Rule::W00,
                Place { line: 1, column: 1 },
                "too large to prove: joins follow each other in too many ways: give them fewer states to leave",
            ));
            break;
        }
    }
    findings
}

fn is_join(space: &Space<'_>, edge: Edge) -> bool {
    space.definition.transitions[edge.by.at()].join.is_some()
}

/// Whether an instance moves on and others stay in its state: each of them moves once, and no circle comes of that.
fn stays_behind(space: &Space<'_>, node: usize, edge: Edge) -> bool {
    let transition = &space.definition.transitions[edge.by.at()];
    let which =
        space.beside.iter().position(|track| track.machine == transition.machine && track.each.is_some());
    which.is_some_and(|which| {
        let left = space.stands(node)[which].here & !space.stands(edge.to())[which].here;
        left == 0 && !matches!(transition.to, Target::State(to) if transition.from.contains(&to))
    })
}

fn endless(space: &Space<'_>, node: usize, way: &[TransitionIx]) -> Finding {
    let transition = &space.definition.transitions[way[0].at()];
    let message = format!(
        "joins from `{}` can follow each other in a circle or for more than {MOST_JOINS} steps: lead the last one to a state \
         without joins, or give two of them conditions that exclude each other",
        space.state(node).name
    );
    let mut events = space.path(node);
    events.extend(way.iter().take(MOST_JOINS).map(|ix| space.event(*ix)));
    Finding::error(Rule::W04, transition.place, message).shown_by(events)
}

/// Depth first along joins that do not exclude each other.
struct Search<'s, 'd> {
    space: &'s Space<'d>,
    tried: usize,
    /// Nodes from which joins come to an end however they were reached.
    done: Vec<bool>,
    way: Vec<(usize, TransitionIx)>,
}

impl Search<'_, '_> {
    /// The joins of a circle, or of a way that is too long; `None` when all ways end.
    fn from(&mut self, node: usize) -> Option<Vec<TransitionIx>> {
        if self.done[node] {
            return None;
        }
        if self.way.len() > MOST_JOINS || self.way.iter().any(|(on_it, _)| *on_it == node) {
            return Some(self.way.iter().map(|(_, by)| *by).collect());
        }
        let mut cut = false;
        let space = self.space;
        for edge in space.edges(node).iter().copied().filter(|edge| is_join(space, *edge)) {
            if stays_behind(space, node, edge) {
                continue;
            }
            if self.tried > MOST_TRIED {
                return None;
            }
            self.tried += self.way.len();
            if self.way.iter().any(|(at, by)| self.excluded((*at, *by), (node, edge.by))) {
                cut = true;
                continue;
            }
            self.way.push((node, edge.by));
            let found = self.from(edge.to());
            self.way.pop();
            if found.is_some() {
                return found;
            }
            cut |= !self.done[edge.to()];
        }
        // What was cut off may be open on another way.
        self.done[node] = !cut;
        None
    }

    fn excluded(&self, (at, by): (usize, TransitionIx), (then, next): (usize, TransitionIx)) -> bool {
        let definition = self.space.definition;
        let join = |ix: TransitionIx| definition.transitions[ix.at()].join.as_ref()?.when.as_ref();
        let (Some(one), Some(other)) = (join(by), join(next)) else { return false };
        let chooses = self.way.iter().any(|(_, ix)| definition.transitions[ix.at()].choose.is_some());
        let steady = |slot: Slot| stands_still(self.space, slot, chooses);
        let (before, after) = (self.facts(at), self.facts(then));
        one.excludes(other, [&Open(&before), &Open(&after)], &steady)
    }

    fn facts(&self, node: usize) -> Facts {
        self.space.known.facts(self.space.state_ix(node), &self.space.beside, self.space.stands(node))
    }
}

/// Whether no move of one step changes a fact; tracks outside the slice do not move in it.
fn stands_still(space: &Space<'_>, slot: Slot, chooses: bool) -> bool {
    let fact = space.definition.facts.fact(slot);
    let path = space.definition.facts.path(slot);
    let of_choice = ["host.", "stay.", "agreement.", "offering.", "extra_term.", "call."];
    match fact {
        Fact::Main
        | Fact::PlacesFree(_)
        | Fact::PlacesWaiters(_)
        | Fact::ChoicesOpen
        | Fact::NextExists
        | Fact::NextPlaceFree => false,
        Fact::TrackState(machine) | Fact::TrackVersion(machine) | Fact::TrackStates(machine) => {
            space.beside.iter().all(|track| track.machine != *machine)
        }
        Fact::Ever(machine, _) => space.beside.iter().all(|track| track.machine != *machine),
        _ => !(chooses && of_choice.iter().any(|prefix| path.starts_with(prefix))),
    }
}
