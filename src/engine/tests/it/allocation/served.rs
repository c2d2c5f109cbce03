//! The serial order: when it is followed, and what it promises.

use proptest::prelude::*;
use rand::SeedableRng;
use sojourn_engine::allocation::{Draw, Fault, Input, Rule, Why, verify};

use super::instances::{Dice, Kind, Scores, id, plain, random, shuffled};
use super::promises::{honesty_is_best, run, scores, sizes};
use super::reference::Reference;

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Units), Just(Kind::Pooled), Just(Kind::Terms)]
}

proptest! {
    #[test]
    fn each_takes_the_best_that_is_possible_by_priority(seed: u64, size in sizes(16), kind in kinds(), scores in scores()) {
        let input = random(seed, size, kind, scores);
        let allocation = run(&input);
        prop_assert_eq!(verify(&input, &allocation).unwrap(), []);
        let reference = Reference::new(&input);
        let held = reference.held(&allocation);
        prop_assert!(reference.fits(held.values().copied()));
        if allocation.rule == Rule::SerialOrder {
            prop_assert!(allocation.why.is_some());
            prop_assert_eq!(held, reference.served());
        } else {
            prop_assert!(reference.is_stable(&held));
        }
    }

    #[test]
    fn where_hosts_agree_about_students_a_stay_of_two_terms_is_stable(seed: u64, size in sizes(16), scored: bool) {
        let scores = if scored { Scores::OfStudents } else { Scores::None };
        let input = random(seed, size, Kind::Terms, scores);
        let reference = Reference::new(&input);
        prop_assert!(reference.is_stable(&reference.held(&run(&input))));
    }

    #[test]
    fn the_order_of_rows_changes_no_byte(seed: u64, size in sizes(16), kind in kinds(), scores in scores()) {
        let input = random(seed, size, kind, scores);
        let bytes = |input: &Input| serde_json::to_vec(&run(input)).unwrap();
        prop_assert_eq!(bytes(&shuffled(&input, &mut Dice::seed_from_u64(seed))), bytes(&input));
    }

    #[test]
    fn honest_ranking_is_best(seed: u64, size in sizes(6), kind in kinds()) {
        honesty_is_best(&random(seed, size, kind, Scores::OfStudents), seed)?;
    }

    #[test]
    fn a_place_taken_away_or_given_out_of_turn_is_found_out(seed: u64, size in sizes(8), kind in kinds(), at: prop::sample::Index) {
        let input = random(seed, size, kind, Scores::OfStudents);
        let honest = run(&input);
        let placed: Vec<usize> = (0..honest.placed.len()).filter(|at| honest.placed[*at].got.is_some()).collect();
        if placed.is_empty() {
            return Ok(());
        }
        let mut without = honest.clone();
        without.placed[placed[at.index(placed.len())]].got = None;
        prop_assert_ne!(verify(&input, &without).unwrap(), []);
    }
}

/// Two hosts of one line each, and a further line under some places.
fn with_line(places: &[usize], units: u32) -> Input {
    let mut input = plain(&[2, 2], &[&[0, 1], &[1, 0]]);
    let further = sojourn_engine::allocation::Line { id: id(9), capacity: 2, period: None, pool: false };
    input.seats.lines.push(further);
    for place in places {
        input.seats.places[*place].draws.push(Draw { line: id(9), units });
    }
    input
}

#[test]
fn the_rule_and_its_reason_follow_from_the_lines() {
    let rule = |input: &Input| input.instance().unwrap().rule();
    assert_eq!(rule(&with_line(&[0], 1)), (Rule::DeferredAcceptance, None));
    assert_eq!(rule(&with_line(&[0, 1], 1)), (Rule::SerialOrder, Some(Why::Pooled { line: id(9) })));
    let mut uneven = with_line(&[0, 1], 1);
    uneven.seats.places[0].draws[1].units = 6;
    assert_eq!(rule(&uneven), (Rule::SerialOrder, Some(Why::UnitsDiffer { line: id(9) })));
    // Twelfths are as good as heads while all take as many.
    assert_eq!(rule(&with_line(&[0], 6)), (Rule::DeferredAcceptance, None));
}

/// One host with an autumn, a spring and a year, which draws on both lines.
fn year() -> Input {
    let mut input = plain(&[1, 1, 9], &[&[2, 0], &[0, 1], &[1]]);
    for place in &mut input.seats.places {
        place.host = id(1);
    }
    input.seats.places[2].draws = vec![Draw { line: id(1), units: 1 }, Draw { line: id(2), units: 1 }];
    input.seats.places[2].line = id(1);
    input
        .choices
        .iter_mut()
        .filter(|choice| choice.line == Some(id(3)))
        .for_each(|choice| choice.line = Some(id(1)));
    input.seats.lines[0].period = Some(id(1));
    input.seats.lines[1].period = Some(id(2));
    input
}

#[test]
fn a_full_year_takes_a_seat_of_each_term() {
    let mut input = year();
    let rule = input.instance().unwrap().rule();
    assert_eq!(rule, (Rule::SerialOrder, Some(Why::TermsCross { one: id(1), other: id(2) })));
    input.students[0].displaced = true;
    let got = |input: &Input| -> Vec<Option<u16>> {
        run(input).placed.iter().map(|placed| placed.got.map(|got| got.rank)).collect()
    };
    assert_eq!(got(&input), [Some(1), None, None]);
    input.students[0].displaced = false;
    input.students[1].displaced = true;
    assert_eq!(got(&input), [None, Some(1), Some(1)]);
}

#[test]
fn quotas_of_one_host_that_cross_are_named_and_refused() {
    let mut input = year();
    input.seats.lines.iter_mut().for_each(|line| line.period = None);
    assert_eq!(input.instance().unwrap_err(), [Fault::Crossing { one: id(1), other: id(2) }]);
    input.seats.lines[1].pool = true;
    assert_eq!(input.instance().unwrap().rule().1, Some(Why::Pooled { line: id(2) }));
}
