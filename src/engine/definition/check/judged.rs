//! W10, second half: a guard decides something, and always comes to a result when its facts are known.
//!
//! A guard is tried on generated facts: values on both sides of every constant in it, every state and track, every truth. One
//! that holds for none of them, or for all, is a warning: samples prove nothing. One that has no result on known facts is an
//! error, and those facts are named. Numbers stay below 10^9, where nothing overflows.

use std::collections::BTreeSet;

use super::super::{Definition, Finding, MachineIx, Place, Rule, Run, StateIx};
use super::samples::{MOST_SAMPLES, Samples};
use crate::guard::{Guard, Slot, Term, Values, Verdict};

/// Guards tried in full; the rest of a definition with more is tried on its first samples alone.
const MOST_EVALUATIONS: u64 = 400_000;

pub(super) fn findings(definition: &Definition) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    let mut spent = 0;
    for written in guards(definition) {
        if spent < MOST_EVALUATIONS && seen.insert((written.guard.source(), written.states.clone())) {
            findings.extend(judge(definition, &written, &mut spent));
        }
    }
    findings.extend(terms(definition).filter_map(|(term, place)| unending(definition, term, place)));
    findings
}

/// A guard, where it stands, and the states of the main machine it is asked in.
pub(super) struct Written<'d> {
    pub guard: &'d Guard,
    pub place: Place,
    states: Vec<StateIx>,
}

/// Every guard of a definition but those of its invariants, which are proven instead.
pub(super) fn guards(definition: &Definition) -> Vec<Written<'_>> {
    let main: Vec<StateIx> = definition.states_of(MachineIx::MAIN).map(|(ix, _)| ix).collect();
    let mut all = Vec::new();
    let mut add =
        |guard, place, states: &[StateIx]| all.push(Written { guard, place, states: states.to_vec() });
    let first = definition.states[definition.initial.at()].place;
    for rule in &definition.create.require {
        add(&rule.guard, first, &[definition.initial]);
    }
    for account in &definition.accounts {
        account.enabled.iter().for_each(|guard| add(guard, account.place, &main));
    }
    for transition in &definition.transitions {
        let states = if transition.machine == MachineIx::MAIN { &transition.from } else { &main };
        let required = transition.require.iter().map(|rule| &rule.guard);
        let effects = transition.effects.iter().filter_map(|effect| effect.when.as_ref());
        let join = transition.join.iter().filter_map(|join| join.when.as_ref());
        required.chain(effects).chain(join).for_each(|guard| add(guard, transition.place, states));
    }
    for clock in &definition.clocks {
        let of_main = definition.states[clock.state.at()].machine == MachineIx::MAIN;
        let states = if of_main { std::slice::from_ref(&clock.state) } else { &main[..] };
        let shorter = clock.shorter.iter().map(|shorter| &shorter.when);
        clock
            .on_expiry
            .iter()
            .filter_map(|expiry| expiry.when.as_ref())
            .chain(shorter)
            .for_each(|guard| add(guard, clock.place, states));
    }
    all
}

fn judge(definition: &Definition, written: &Written<'_>, spent: &mut u64) -> Option<Finding> {
    let guard = written.guard;
    let absent = guard.asked();
    let samples = Samples::new(definition, guard.slots(), &guard.constants(), &absent, &written.states);
    let may_fail = guard.may_fail();
    let (mut holds, mut fails) = (false, false);
    for facts in samples.each() {
        *spent += 1;
        match guard.holds(&facts) {
            Verdict::True => holds = true,
            Verdict::Unknown if guard.slots().iter().all(|slot| facts.get(*slot).is_some()) => {
                return Some(unknown(definition, guard, written.place, &facts));
            }
            Verdict::False | Verdict::Unknown => fails = true,
        }
        if holds && fails && !may_fail {
            return None;
        }
    }
    let decided = holds && fails;
    if !decided && !samples.is_whole() {
        *spent += MOST_SAMPLES;
        holds = holds || samples.climb(|facts| guard.nearness(true, facts)) >= 1.0;
        fails = fails || samples.climb(|facts| guard.nearness(false, facts)) >= 1.0;
    }
    let source = guard.source();
    let message = match (holds, fails) {
        (true, false) => format!("`{source}` holds whatever the facts are: drop it, or ask what was meant"),
        (false, _) => {
            format!("`{source}` never holds, whatever the facts are: mend it, or drop what it guards")
        }
        (true, true) => return None,
    };
    Some(Finding::warning(Rule::W10, written.place, message))
}

fn unknown(definition: &Definition, guard: &Guard, place: Place, facts: &dyn Values) -> Finding {
    let message = format!(
        "`{}` has no result with {}: rule that out first, as in `n != 0 && 12 / n > 2`",
        guard.source(),
        named(definition, guard.slots(), facts)
    );
    Finding::error(Rule::W10, place, message)
}

fn named(definition: &Definition, slots: &[Slot], facts: &dyn Values) -> String {
    let known = slots.iter().filter_map(|slot| Some((definition.facts.path(*slot), facts.get(*slot)?)));
    known.map(|(path, value)| format!("{path} = {value}")).collect::<Vec<_>>().join(", ")
}

fn terms(definition: &Definition) -> impl Iterator<Item = (&Term, Place)> {
    let clocks = definition.clocks.iter().filter_map(|clock| match &clock.run {
        Run::Until(term) => Some((term, clock.place)),
        Run::Within(_) => None,
    });
    let public =
        definition.states.iter().filter_map(|state| Some((state.public_until.as_ref()?, state.place)));
    clocks.chain(public)
}

/// An instant that has no value although its facts are known.
fn unending(definition: &Definition, term: &Term, place: Place) -> Option<Finding> {
    let samples = Samples::new(definition, term.slots(), &term.constants(), &[], &[definition.initial]);
    let facts = term.may_fail().then(|| samples.each().find(|facts| term.value(facts).is_none()))??;
    let message = format!(
        "`{}` has no value with {}: calculate it otherwise",
        term.source(),
        named(definition, term.slots(), &facts)
    );
    Some(Finding::error(Rule::W10, place, message))
}

/// States and tracks that guards name and nobody declared: W01.
pub(super) fn unknown_names(definition: &Definition) -> Vec<Finding> {
    let invariants = definition.invariants.iter().map(|invariant| (&invariant.never, invariant.place));
    let written = guards(definition).into_iter().map(|written| (written.guard, written.place));
    let mut findings = Vec::new();
    for (guard, place) in written.chain(invariants) {
        for (slot, value) in guard.meetings() {
            if let Some(message) = undeclared(definition, slot, &value) {
                findings.push(Finding::error(Rule::W01, place, message));
            }
        }
    }
    findings.dedup();
    findings
}

fn undeclared(definition: &Definition, slot: Slot, value: &crate::guard::Value) -> Option<String> {
    use crate::facts::Fact;
    let crate::guard::Value::Text(name) = value else { return None };
    let states = |machine: MachineIx| -> Vec<&str> {
        definition.states_of(machine).map(|(_, state)| state.name.as_str()).collect()
    };
    let (what, known) = match definition.facts.fact(slot) {
        Fact::Main => ("state".to_owned(), states(MachineIx::MAIN)),
        Fact::TrackState(machine) | Fact::TrackStates(machine) => {
            let track = definition.track(*machine).map_or("", |track| track.name.as_str());
            (format!("state of the track `{track}`"), states(*machine))
        }
        Fact::CallTracks => {
            ("track".to_owned(), definition.tracks.iter().map(|track| track.name.as_str()).collect())
        }
        _ => return None,
    };
    if known.contains(&&**name) {
        return None;
    }
    let mend = crate::guard::nearest(name, known.iter().copied());
    let mend = mend.map_or_else(
        || "declare it, or name one that is".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Some(format!("a guard asks for the {what} `{name}`, which is not declared; {mend}"))
}
