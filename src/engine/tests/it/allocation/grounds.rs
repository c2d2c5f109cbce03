//! Outcomes explained choice by choice, counted, and set side by side.

use proptest::prelude::*;
use sojourn_engine::allocation::{
    Allocation, Cause, Fairness, Grounds, Group, Input, Reason, Rule, Standing, differences,
};
use sojourn_engine::guard::Decimal;
use sojourn_engine::ids::{CaseId, InstitutionId};

use super::instances::{Kind, id, plain, random};
use super::promises::{run, scores, sizes};

/// Whether one standing comes before another.
fn before(one: Standing, other: Standing) -> bool {
    let sorted = |standing: Standing| (!standing.displaced, std::cmp::Reverse(standing.score), standing.draw);
    sorted(one) < sorted(other)
}

proptest! {
    #[test]
    fn every_choice_is_explained_by_what_is_true_of_it(
        seed: u64,
        size in sizes(12),
        scores in scores(),
        kind in prop_oneof![Just(Kind::Nested), Just(Kind::Units), Just(Kind::Pooled), Just(Kind::Terms)],
    ) {
        let input = random(seed, size, kind, scores);
        let allocation = run(&input);
        let instance = input.instance().unwrap();
        let grounds = Grounds::new(&instance, &allocation);
        let lines = grounds.lines();
        for student in &input.students {
            let got = allocation.of(student.id).unwrap().got.map(|got| got.rank);
            let explained = grounds.of(student.id);
            let mut own: Vec<_> = input.choices.iter().filter(|choice| choice.student == student.id).collect();
            own.sort_by_key(|choice| choice.rank);
            prop_assert_eq!(own.len(), explained.len());
            for (choice, explained) in own.into_iter().zip(explained) {
                prop_assert_eq!((choice.rank, choice.offering), (explained.rank, explained.offering));
                match explained.reason {
                    Reason::Placed => prop_assert_eq!(got, Some(choice.rank)),
                    Reason::BetterObtained { rank } => prop_assert!(got == Some(rank) && rank < choice.rank),
                    Reason::NoLine => prop_assert_eq!(choice.line, None),
                    Reason::NotEligible => prop_assert!(!choice.eligible),
                    Reason::Full { line, capacity, last, .. } => {
                        prop_assert_eq!(allocation.rule, Rule::DeferredAcceptance);
                        let filled = lines.iter().find(|filled| filled.line == line).unwrap();
                        prop_assert_eq!((filled.capacity, filled.last), (capacity, last));
                        let most = u64::from(kind == Kind::Units);
                        prop_assert!(capacity - filled.used <= most);
                        prop_assert!(last.is_none_or(|last| before(last, explained.own)));
                    }
                    Reason::Spent { capacity, left, needed, .. } => {
                        prop_assert_eq!(allocation.rule, Rule::SerialOrder);
                        prop_assert!(left < u64::from(needed) && left <= capacity);
                    }
                }
            }
        }
        for filled in &lines {
            prop_assert!(filled.used <= filled.capacity);
            let heads: u32 = filled.homes.iter().map(|(_, heads)| heads).sum();
            prop_assert!(u64::from(heads) <= filled.used && (heads == 0) == filled.last.is_none());
        }
    }

    #[test]
    fn every_group_of_the_fairness_table_adds_up(seed: u64, size in sizes(12), scores in scores()) {
        let input = random(seed, size, Kind::Nested, scores);
        let allocation = run(&input);
        let table = Fairness::of(&input.students, &allocation);
        for tally in &table.groups {
            prop_assert_eq!(tally.by_rank.len(), usize::from(table.ranks));
            prop_assert_eq!(tally.by_rank.iter().sum::<u32>() + tally.unplaced, tally.students);
        }
        let placed = allocation.placed.iter().filter(|placed| placed.got.is_some()).count();
        prop_assert_eq!(table.groups[0].by_rank.iter().sum::<u32>() as usize, placed);
        let of = |test: fn(&Group) -> bool| -> u32 {
            table.groups.iter().filter(|tally| test(&tally.group)).map(|tally| tally.students).sum()
        };
        let all = table.groups[0].students;
        prop_assert_eq!(of(|group| matches!(group, Group::Home(_))), all);
        prop_assert_eq!(of(|group| matches!(group, Group::Level(_))), all);
        prop_assert_eq!(of(|group| matches!(group, Group::Field(_))), all);
    }

    #[test]
    fn two_runs_of_one_input_do_not_differ(seed: u64, size in sizes(8), scores in scores()) {
        let input = random(seed, size, Kind::Nested, scores);
        let allocation = run(&input);
        let instance = input.instance().unwrap();
        prop_assert_eq!(differences((&instance, &allocation), (&instance, &allocation)), []);
    }
}

fn scored(input: &mut Input, scores: &[i64]) {
    input.rules.scored = true;
    for (student, score) in input.students.iter_mut().zip(scores) {
        student.score = Decimal::from_whole(*score);
    }
}

#[test]
fn a_student_is_told_the_cut_off_beside_the_own_score() {
    let mut input = plain(&[1, 1, 0], &[&[2, 0, 1], &[0], &[0, 1]]);
    scored(&mut input, &[50, 90, 70]);
    let (instance, allocation) = (input.instance().unwrap(), run(&input));
    let grounds = Grounds::new(&instance, &allocation);
    let reasons =
        |student: usize| grounds.of(id(student)).into_iter().map(|one| one.reason).collect::<Vec<_>>();
    let own = grounds.of(id(1))[0].own;
    assert_eq!((own.score, own.displaced), (Decimal::from_whole(50), false));
    let ninety = grounds.of(id(2))[0].own;
    let seventy = grounds.of(id(3))[0].own;
    let full = |line, capacity, last| Reason::Full { line: id(line), quota: false, capacity, last };
    assert_eq!(reasons(1), [full(3, 0, None), full(1, 1, Some(ninety)), full(2, 1, Some(seventy))]);
    assert_eq!(reasons(2), [Reason::Placed]);
    assert_eq!(reasons(3), [full(1, 1, Some(ninety)), Reason::Placed]);
    assert_eq!(grounds.of(id(9)), []);
    let homes: Vec<(InstitutionId, u32)> = vec![(id(1), 1)];
    assert_eq!(grounds.lines()[0].homes, homes);
}

#[test]
fn shares_are_counted_up_to_a_rank() {
    let mut input = plain(&[1, 1], &[&[0, 1], &[0, 1], &[0]]);
    scored(&mut input, &[3, 2, 1]);
    let table = Fairness::of(&input.students, &run(&input));
    let all = &table.groups[0];
    assert_eq!((all.group, all.students, all.unplaced), (Group::All, 3, 1));
    assert_eq!(all.by_rank, [1, 1]);
    assert_eq!([0, 1, 2, 9].map(|rank| all.within(rank)), [0, 333, 667, 667]);
}

/// Who changed and why, after a change of the input.
fn changes(input: &Input, change: impl FnOnce(&mut Input)) -> Vec<(CaseId, Vec<Cause>)> {
    let mut other = input.clone();
    change(&mut other);
    let (old, new): (Allocation, Allocation) = (run(input), run(&other));
    let (before, after) = (input.instance().unwrap(), other.instance().unwrap());
    let found = differences((&before, &old), (&after, &new));
    found.into_iter().map(|change| (change.student, change.causes)).collect()
}

#[test]
fn what_changed_between_two_runs_is_told_with_its_cause() {
    let mut input = plain(&[1, 1], &[&[0, 1], &[0], &[1]]);
    scored(&mut input, &[3, 2, 1]);
    let student = |number: usize| -> CaseId { id(number) };
    assert_eq!(
        changes(&input, |input| input.seats.lines[0].capacity = 2),
        [(student(2), vec![Cause::SeatsChanged { lines: vec![id(1)] }])]
    );
    assert_eq!(
        changes(&input, |input| input.choices[0].eligible = false),
        [
            (student(1), vec![Cause::EligibilityChanged { offering: id(1) }]),
            (student(2), vec![Cause::Others]),
            (student(3), vec![Cause::Others]),
        ]
    );
    assert_eq!(
        changes(&input, |input| scored(input, &[1, 2, 3])),
        [(student(1), vec![Cause::ScoreChanged]), (student(2), vec![Cause::Others])]
    );
    assert_eq!(
        changes(&input, |input| input.students[1].displaced = true)[1],
        (student(2), vec![Cause::DisplacementChanged])
    );
    assert_eq!(
        changes(&input, |input| {
            input.students.remove(0);
            input.choices.drain(..2);
        })[..2],
        [(student(1), vec![Cause::Left]), (student(2), vec![Cause::Others])]
    );
    assert_eq!(changes(&input, |input| input.choices[0].rank = 9)[0], (student(1), vec![Cause::ListChanged]));
}

#[test]
fn a_new_seed_alone_is_named_as_the_cause() {
    let input = plain(&[1], &[&[0], &[0]]);
    let reseeded = |number: usize| changes(&input, |input| input.rules.seed = format!("other {number}"));
    let found = (0..64).map(reseeded).find(|found| !found.is_empty()).expect("some seed draws otherwise");
    assert_eq!(found, [(id(1), vec![Cause::SeedChanged]), (id(2), vec![Cause::SeedChanged])]);
}
