//! What deferred acceptance promises, on random instances under nested quotas.

use proptest::prelude::*;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use sojourn_engine::allocation::{Allocation, Choice, Input, Rule, allocate, verify};
use sojourn_engine::ids::CaseId;

use super::instances::{Dice, Kind, Scores, Size, id, plain, random, shuffled};
use super::reference::Reference;

pub fn run(input: &Input) -> Allocation {
    allocate(&input.students, &input.choices, &input.seats, &input.rules)
        .unwrap_or_else(|found| panic!("{found:#?}"))
}

pub fn sizes(students: usize) -> impl Strategy<Value = Size> {
    (1..=students, 1..4_usize, 2..6_usize).prop_map(|(students, hosts, choices)| Size {
        students,
        hosts,
        choices,
    })
}

pub fn scores() -> impl Strategy<Value = Scores> {
    prop_oneof![Just(Scores::None), Just(Scores::OfStudents), Just(Scores::OfChoices)]
}

fn rank(allocation: &Allocation, student: CaseId) -> u16 {
    allocation.of(student).unwrap().got.map_or(u16::MAX, |got| got.rank)
}

/// Nobody does better by handing in their list in another order or with something left out.
pub fn honesty_is_best(input: &Input, seed: u64) -> Result<(), TestCaseError> {
    let honest = run(input);
    let mut dice = Dice::seed_from_u64(seed);
    for student in &input.students {
        let mut other = input.clone();
        let own = |choice: &&mut Choice| choice.student == student.id;
        let mut ranks: Vec<u16> = (1..).take(other.choices.iter_mut().filter(own).count()).collect();
        ranks.shuffle(&mut dice);
        other.choices.iter_mut().filter(own).zip(ranks).for_each(|(choice, rank)| choice.rank = rank);
        if let Some(got) = run(&other).of(student.id).unwrap().got {
            let choice = |choice: &&Choice| choice.student == student.id && choice.offering == got.offering;
            let true_rank = input.choices.iter().find(choice).unwrap().rank;
            prop_assert!(rank(&honest, student.id) <= true_rank, "{} gains by {got:?}", student.id);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn an_outcome_is_stable_and_no_line_gives_more_than_it_has(seed: u64, size in sizes(16), scores in scores()) {
        let input = random(seed, size, Kind::Nested, scores);
        let allocation = run(&input);
        prop_assert_eq!(allocation.rule, Rule::DeferredAcceptance);
        prop_assert_eq!(verify(&input, &allocation).unwrap(), []);
        let reference = Reference::new(&input);
        let held = reference.held(&allocation);
        prop_assert!(reference.fits(held.values().copied()));
        prop_assert!(reference.is_stable(&held));
    }

    #[test]
    fn no_stable_outcome_is_better_for_anybody(seed: u64, size in sizes(5), scores in scores()) {
        let input = random(seed, size, Kind::Nested, scores);
        let allocation = run(&input);
        let reference = Reference::new(&input);
        let outcomes = reference.stable_outcomes();
        prop_assert!(outcomes.contains(&reference.held(&allocation)));
        for student in input.students.iter().map(|student| student.id) {
            let best = outcomes.iter().map(|held| held.get(&student).map_or(u16::MAX, |choice| choice.rank)).min();
            prop_assert_eq!(Some(rank(&allocation, student)), best);
        }
    }

    #[test]
    fn the_order_of_rows_changes_no_byte(seed: u64, size in sizes(16), scores in scores()) {
        let input = random(seed, size, Kind::Nested, scores);
        let bytes = |input: &Input| serde_json::to_vec(&run(input)).unwrap();
        let first = bytes(&input);
        prop_assert_eq!(&bytes(&input), &first);
        prop_assert_eq!(&bytes(&shuffled(&input, &mut Dice::seed_from_u64(seed))), &first);
    }

    #[test]
    fn honest_ranking_is_best(seed: u64, size in sizes(6), scores in scores()) {
        honesty_is_best(&random(seed, size, Kind::Nested, scores), seed)?;
    }

    #[test]
    fn where_hosts_agree_about_students_both_rules_give_the_same(seed: u64, size in sizes(16), scored: bool) {
        let scores = if scored { Scores::OfStudents } else { Scores::None };
        let input = random(seed, size, Kind::Nested, scores);
        let reference = Reference::new(&input);
        prop_assert_eq!(reference.held(&run(&input)), reference.served());
    }

    #[test]
    fn an_outcome_that_was_tampered_with_is_found_out(seed: u64, size in sizes(8), scores in scores(), at: prop::sample::Index) {
        let input = random(seed, size, Kind::Nested, scores);
        let honest = run(&input);
        let placed: Vec<usize> = (0..honest.placed.len()).filter(|at| honest.placed[*at].got.is_some()).collect();
        if placed.is_empty() {
            return Ok(());
        }
        let at = placed[at.index(placed.len())];
        let mut without = honest.clone();
        without.placed[at].got = None;
        prop_assert_ne!(verify(&input, &without).unwrap(), []);
        let mut gone = honest.clone();
        gone.placed.remove(at);
        prop_assert_ne!(verify(&input, &gone).unwrap(), []);
        let mut other = input.clone();
        other.rules.seed.push('!');
        prop_assert_ne!(verify(&other, &honest).unwrap(), []);
    }
}

#[test]
fn everybody_gets_the_first_choice_where_there_is_room() {
    let input = plain(&[2, 1], &[&[0, 1], &[0], &[1, 0]]);
    let ranks: Vec<u16> = run(&input).placed.iter().map(|placed| placed.got.unwrap().rank).collect();
    assert_eq!(ranks, [1, 1, 1]);
}

#[test]
fn the_displaced_come_before_everybody_else() {
    for student in 0..3 {
        let mut input = plain(&[1], &[&[0], &[0], &[0]]);
        input.students[student].displaced = true;
        let allocation = run(&input);
        let placed = allocation.placed.iter().filter(|placed| placed.got.is_some());
        assert_eq!(placed.map(|placed| placed.student).collect::<Vec<CaseId>>(), [id::<CaseId>(student + 1)]);
    }
}

#[test]
fn nobody_and_nothing_are_allocated_as_well() {
    let nothing = Input { students: vec![], choices: vec![], ..plain(&[], &[]) };
    assert_eq!(run(&nothing).placed, []);
    assert_eq!(verify(&nothing, &run(&nothing)), Ok(vec![]));
    assert_eq!(
        run(&plain(&[0], &[&[0], &[]])).placed.iter().filter(|placed| placed.got.is_some()).count(),
        0
    );
}
