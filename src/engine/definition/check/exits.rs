//! W03: from everywhere there is a way out, with and without the people who may never act.

use std::collections::BTreeSet;

use super::super::{
    Definition, ExpiryAct, Finding, MachineIx, Resolver, RoleIx, Rule, State, StateIx, Target, Transition,
};
use super::space::Space;
use crate::vocabulary::StateKind;

/// Rules (a) and (b) over one space.
pub(super) fn findings(space: &Space<'_>) -> Vec<Finding> {
    let anybody = |_: &Transition, _: StateIx| true;
    let alone = |transition: &Transition, to: StateIx| {
        !space.definition.states[to.at()].stops_clocks && always_fired(space.definition, transition)
    };
    let ended = |node| space.is_final(node);
    let dead = cut_off(space, anybody, ended);
    let stuck = cut_off(space, alone, ended);
    let mut findings = doors(space, Rule::W03, &dead, |state| {
        format!("nothing leads from `{}` to a final state: give it an event that does", state.name)
    });
    let only_stuck: Vec<bool> = stuck.iter().zip(&dead).map(|(stuck, dead)| *stuck && !dead).collect();
    findings.extend(doors(space, Rule::W03, &only_stuck, |state| {
        format!(
            "from `{}` the case ends only if people act who may never do so: let `system` or the secretariat lead it on \
             to a final state without a suspension",
            state.name
        )
    }));
    findings
}

/// Rule (c), and that a final state is one: both stand in the declarations alone.
pub(super) fn of_declarations(definition: &Definition) -> Vec<Finding> {
    let states = (0..).map(StateIx).zip(&definition.states);
    states
        .filter_map(|(ix, state)| match state.kind {
            // A track that waits for nobody is woken by a join.
            StateKind::Open if state.machine != MachineIx::MAIN && state.waits_for.is_none() => None,
            StateKind::Open => unwatched(definition, ix, state),
            StateKind::Success | StateKind::Failure => not_final(definition, ix, state),
        })
        .collect()
}

/// Whether a step happens although no particular person acts: by the system, or by a role that always has a holder.
fn always_fired(definition: &Definition, transition: &Transition) -> bool {
    let always = |role: &RoleIx| match definition.roles[role.at()].resolver {
        Resolver::System | Resolver::Secretariat => true,
        Resolver::Applicant | Resolver::Home(_) | Resolver::Host(_) | Resolver::Chair | Resolver::Link(_) => {
            false
        }
    };
    if transition.collect { transition.by.iter().all(always) } else { transition.by.iter().any(always) }
}

/// Per node, whether no goal can be reached along the edges that `open` lets pass.
pub(super) fn cut_off(
    space: &Space<'_>,
    open: impl Fn(&Transition, StateIx) -> bool,
    goal: impl Fn(usize) -> bool,
) -> Vec<bool> {
    let back =
        space.backwards(|edge| open(&space.definition.transitions[edge.by.at()], space.state_ix(edge.to())));
    let mut closed = vec![true; space.len()];
    let mut next: Vec<usize> = (0..space.len()).filter(|at| goal(*at)).collect();
    while let Some(at) = next.pop() {
        if std::mem::replace(&mut closed[at], false) {
            next.extend(back.to(at));
        }
    }
    closed
}

/// One finding for each state by which a closed part is entered first, with the shortest way in.
pub(super) fn doors(
    space: &Space<'_>,
    rule: Rule,
    closed: &[bool],
    message: impl Fn(&State) -> String,
) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let entered = |at: &usize| closed[*at] && space.before(*at).is_none_or(|before| !closed[before]);
    (0..space.len())
        .filter(entered)
        .filter(|at| seen.insert(space.state_ix(*at)))
        .map(|at| {
            let state = space.state(at);
            Finding::error(rule, state.place, message(state)).shown_by(space.path(at))
        })
        .collect()
}

fn unwatched(definition: &Definition, ix: StateIx, state: &State) -> Option<Finding> {
    let acts = state.clocks.iter().flat_map(|clock| &definition.clocks[clock.at()].on_expiry);
    let moves = |act: &ExpiryAct| match act {
        ExpiryAct::Fire(event) => definition.leaving(ix).any(|(_, transition)| {
            transition.event == *event && transition.join.is_none() && by_system(definition, transition)
        }),
        ExpiryAct::Escalate(roles) => roles.last().is_some_and(|role| can_leave(definition, ix, *role)),
        ExpiryAct::Allow(_) => false,
    };
    let watched = acts.map(|expiry| &expiry.act).any(moves);
    let message = || {
        format!(
            "`{}` may stand still for ever: give it a clock that fires an event of `system`, or escalates to a role whose \
             event leaves it",
            state.name
        )
    };
    (!watched).then(|| Finding::error(Rule::W03, state.place, message()))
}

fn by_system(definition: &Definition, transition: &Transition) -> bool {
    definition.system().is_some_and(|system| transition.by.contains(&system))
}

/// Whether a role has an event that leaves the state otherwise than by a suspension.
fn can_leave(definition: &Definition, from: StateIx, role: RoleIx) -> bool {
    definition.leaving(from).any(|(_, transition)| {
        let leads_out = match transition.to {
            Target::State(to) => to != from && !definition.states[to.at()].stops_clocks,
            Target::Previous => true,
            Target::Same => false,
        };
        leads_out && transition.join.is_none() && transition.by.contains(&role)
    })
}

fn not_final(definition: &Definition, ix: StateIx, state: &State) -> Option<Finding> {
    let exit = definition.leaving(ix).find(|_| state.appeal.is_none()).map(|(_, transition)| {
        let event = &definition.events[transition.event.at()].name;
        let message = format!(
            "`{event}` leaves `{}`, which is final: take the state out of `from`, or make it open",
            state.name
        );
        Finding::error(Rule::W03, transition.place, message)
    });
    let clock = state.clocks.first().map(|clock| {
        let message =
            format!("`{}` is final, so no clock may run in it: drop the clock, or make it open", state.name);
        Finding::error(Rule::W03, definition.clocks[clock.at()].place, message)
    });
    exit.or(clock)
}
