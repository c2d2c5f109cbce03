//! What the shipped workflows owe whoever waits: an end to every open state, and word to the student of every turn and every end.

use sojourn::app::definitions::shipped;
use sojourn_engine::definition::{
    Addressee, Definition, MachineIx, Resolver, RoleIx, StateIx, Target, Transition,
};
use sojourn_engine::vocabulary::StateKind;

/// Every shipped definition.
fn all() -> Vec<Definition> {
    let all: Vec<_> = shipped()
        .into_iter()
        .map(|(name, source)| {
            Definition::parse(&source).unwrap_or_else(|faults| panic!("{name}: {faults:?}"))
        })
        .collect();
    assert!(all.len() > 1, "several workflows are shipped");
    all
}

#[test]
fn every_shipped_definition_is_proven() {
    for definition in all() {
        assert_eq!(definition.check(), [], "{}", definition.id);
    }
}

#[test]
fn every_open_state_has_a_clock_whose_end_has_an_effect() {
    for definition in all() {
        every_open_state_ends(&definition);
    }
}

fn every_open_state_ends(definition: &Definition) {
    // An instance of a track that waits for nobody is woken by the main machine.
    let rests = |state: &sojourn_engine::definition::State| {
        state.machine != MachineIx::MAIN && state.waits_for.is_none()
    };
    let open = definition.states.iter().filter(|state| state.kind == StateKind::Open && !rests(state));
    let ends = |state: &&sojourn_engine::definition::State| {
        let clocks = || state.clocks.iter().map(|clock| &definition.clocks[clock.at()]);
        let is_last = |clock: &sojourn_engine::definition::Clock| {
            clock.on_expiry.last().is_some_and(|expiry| expiry.when.is_none())
        };
        clocks().any(is_last)
    };
    let (ended, endless): (Vec<_>, Vec<_>) = open.partition(ends);
    assert_eq!(
        endless.iter().map(|state| &state.name).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "{}",
        definition.id
    );
    assert!(ended.len() > 4, "{}", definition.id);
}

/// Whether a transition from a state to another tells the applicant.
fn tells_the_student(definition: &Definition, transition: &Transition, from: StateIx, to: StateIx) -> bool {
    let student = |role: RoleIx| definition.roles[role.at()].resolver == Resolver::Applicant;
    let waits = |state: StateIx| definition.states[state.at()].waits_for.is_some_and(student);
    let told = |addressee: &Addressee| match addressee {
        Addressee::Role(role) => student(*role),
        Addressee::WaitsFor => waits(to),
        Addressee::WasWaiting => waits(from),
    };
    transition.notify.iter().flat_map(|notify| &notify.to).any(told)
}

/// States a transition may lead to from a state.
fn leads_to(definition: &Definition, transition: &Transition, from: StateIx) -> Vec<StateIx> {
    match transition.to {
        Target::State(to) => vec![to],
        Target::Same => Vec::new(),
        // Whatever the state was entered from.
        Target::Previous => {
            let entering = definition.transitions.iter().filter(|t| t.to == Target::State(from));
            let origins = entering.flat_map(|t| t.from.iter().copied());
            origins.filter(|o| transition.came_from.is_empty() || transition.came_from.contains(o)).collect()
        }
    }
}

#[test]
fn the_student_is_told_of_every_change_of_phase_and_every_end() {
    let has_student = |one: &Definition| one.roles.iter().any(|role| role.resolver == Resolver::Applicant);
    for definition in all().iter().filter(|one| has_student(one)) {
        every_turn_is_told(definition);
    }
}

fn every_turn_is_told(definition: &Definition) {
    let mut silent = Vec::new();
    let mut turns = 0;
    for transition in &definition.transitions {
        for from in &transition.from {
            for to in leads_to(definition, transition, *from) {
                let (before, after) = (&definition.states[from.at()], &definition.states[to.at()]);
                if before.phase == after.phase && after.kind == StateKind::Open {
                    continue;
                }
                turns += 1;
                if !tells_the_student(definition, transition, *from, to) {
                    let event = &definition.events[transition.event.at()].name;
                    silent.push(format!("{} --{event}--> {}", before.name, after.name));
                }
            }
        }
    }
    assert_eq!(silent, Vec::<String>::new(), "{}", definition.id);
    assert!(turns > 10, "{} has {turns}", definition.id);
}
