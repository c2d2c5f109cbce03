//! An attempt that was refused, decided again.

use super::Attempted;
use super::course::{Course, Stop};
use super::report::{Found, Kind};
use super::rules::{Named, same_effect, same_guard};
use super::seen::Truth;
use crate::definition::{InstanceId, MAIN, PlaceOp, Transition};

impl<'d> Course<'_, 'd> {
    /// Decides a refused attempt again: refused still, allowed now, or not to be known.
    pub(super) fn attempt(&mut self, attempt: &Attempted<'_>) -> Result<(), Stop> {
        self.tallies.attempt();
        let rules = self.rules;
        let Some(before) = rules.decided(attempt.version) else { return Ok(()) };
        let of = rules.changed.definition.instance_of(attempt.machine);
        if attempt.machine != MAIN && of.is_none() {
            return Ok(());
        }
        let Some((_, transition)) = self.leaving(of, attempt.event) else { return Ok(()) };
        if self.not_theirs(of, transition, (attempt.role, attempt.actor)).is_some() {
            return Ok(());
        }
        let state = self.state(of);
        let old = self.old(before, of, attempt);
        match self.verdict(before, old, transition, attempt) {
            Truth::Fails => Ok(()),
            Truth::Unknown(fact) => {
                self.doubt(state, attempt.event, &fact);
                Ok(())
            }
            Truth::Holds => Err(Stop::differs(Found {
                kind: Kind::Allowed,
                state: rules.changed.state_name(state).to_owned(),
                event: attempt.event.to_owned(),
                what: format!("it was refused: {}", why(attempt)),
            })),
        }
    }

    /// The transition of the deciding definition that was refused; none when it was not from there.
    fn old(
        &self,
        before: &Named<'d>,
        of: Option<InstanceId>,
        attempt: &Attempted<'_>,
    ) -> Option<&'d Transition> {
        let name = self.rules.changed.state_name(self.state(of));
        let state = before.state(before.definition.instance_of(attempt.machine), name)?;
        let event = before.event(attempt.event)?;
        let mut leaving = before.definition.leaving(state);
        leaving.find(|(_, t)| t.event == event && t.join.is_none()).map(|(_, transition)| transition)
    }

    fn verdict(
        &mut self,
        before: &Named<'d>,
        old: Option<&Transition>,
        transition: &Transition,
        attempt: &Attempted<'_>,
    ) -> Truth {
        let unknown = |what: &str| Truth::Unknown(what.to_owned());
        let by_rules = matches!(attempt.code, "unmet" | "too_late");
        let past_rules = matches!(attempt.code, "missing" | "no_place" | "several_lines");
        // What was given with an attempt is not kept.
        let asks = transition.input.iter().any(|field| !field.optional) || transition.reason.is_some();
        let same_input = old.is_some_and(|old| old.input == transition.input);
        if asks && !(same_input && (by_rules || past_rules)) {
            return unknown("what was given with a refused attempt");
        }
        let mut open = None;
        for rule in &transition.require {
            let code = self.rules.changed.definition.messages[rule.message.at()].name.as_str();
            let known = old.into_iter().flat_map(|old| &old.require);
            let is_known = known.into_iter().any(|one| same_guard(Some(&one.guard), Some(&rule.guard)));
            if is_known && by_rules && attempt.rules.contains(&code) {
                return Truth::Fails;
            }
            if is_known && (by_rules || past_rules) {
                continue;
            }
            self.look_at(attempt.at, attempt.facts);
            match self.seen.truth(self.rules, &rule.guard) {
                Truth::Holds => {}
                Truth::Fails => return Truth::Fails,
                Truth::Unknown(fact) => open = Some(Truth::Unknown(format!("`{fact}`"))),
            }
        }
        open.unwrap_or_else(|| self.beyond(before, old, transition, attempt))
    }

    /// Documents and places, which come after the rules.
    fn beyond(
        &self,
        before: &Named<'d>,
        old: Option<&Transition>,
        transition: &Transition,
        attempt: &Attempted<'_>,
    ) -> Truth {
        let definition = self.rules.changed.definition;
        let alike = old.is_some_and(|old| {
            let pairs = || transition.effects.iter().zip(&old.effects);
            transition.effects.len() == old.effects.len()
                && pairs().all(|(one, other)| same_effect((definition, one), (before.definition, other)))
        });
        match attempt.code {
            "no_place" | "several_lines" if alike => return Truth::Fails,
            "missing" if !transition.documents.is_empty() => {
                return Truth::Unknown("its documents".to_owned());
            }
            _ => {}
        }
        if attempt.code != "no_place" && !transition.documents.is_empty() {
            return Truth::Unknown("its documents".to_owned());
        }
        if transition.effects.iter().any(|effect| effect.op == PlaceOp::Hold) {
            return Truth::Unknown("the places that were free".to_owned());
        }
        Truth::Holds
    }
}

fn why(attempt: &Attempted<'_>) -> String {
    match attempt.rules {
        [] => attempt.code.to_owned(),
        rules => rules.iter().map(|rule| format!("`{rule}`")).collect::<Vec<_>>().join(", "),
    }
}
