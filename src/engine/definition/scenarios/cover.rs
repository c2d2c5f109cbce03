//! What no scenario touches.

use std::collections::BTreeSet;

use super::super::{Definition, Finding, Place, Rule, Separation, Transition, TransitionIx};
use super::Play;

impl Play<'_, '_> {
    /// A warning for each transition, guard and separation that no scenario would miss.
    pub(super) fn uncovered(&self) -> Vec<Finding> {
        let definition = self.definition;
        let transitions = (0..).map(TransitionIx).zip(&definition.transitions);
        let missed = transitions.filter(|(ix, t)| !self.taken.contains(ix) && !overtaken(definition, t));
        let mut told: Vec<String> = missed
            .map(|(_, transition)| {
                let event = self.event_name(transition.event);
                format!("no scenario takes `{event}` of line {}", transition.place.line)
            })
            .collect();
        let ruled =
            definition.messages.iter().filter(|message| !self.script.rules.contains_key(&message.name));
        told.extend(ruled.map(|message| format!("no scenario fails the guard `{}`", message.name)));
        let apart: BTreeSet<(&str, &str)> = self
            .script
            .apart
            .iter()
            .map(|apart| (apart.get_ref().first.as_str(), apart.get_ref().second.as_str()))
            .collect();
        let name = |pair: &Separation| (self.event_name(pair.first), self.event_name(pair.second));
        let untried = definition.separations.iter().map(name).filter(|pair| !apart.contains(pair));
        told.extend(untried.map(|(first, second)| {
            format!("no scenario keeps `{first}` and `{second}` apart: add them to [[apart]]")
        }));
        told.into_iter()
            .map(|message| Finding::warning(Rule::Scenario, Place { line: 1, column: 1 }, message))
            .collect()
    }
}

/// Whether a join without a condition always goes before it, so that no case can take it.
fn overtaken(definition: &Definition, transition: &Transition) -> bool {
    let sure = |join: &Transition| {
        join.came_from.is_empty() && join.join.as_ref().is_some_and(|join| join.when.is_none())
    };
    transition.join.is_none()
        && transition.from.iter().all(|from| definition.leaving(*from).any(|(_, other)| sure(other)))
}
