//! What cannot be allocated from is named, all of it, and nothing is allocated.

use sojourn_engine::allocation::{Draw, Fault, Input, Line};
use sojourn_engine::guard::Decimal;
use sojourn_engine::ids::PlaceLineId;

use super::instances::{id, plain};

/// What is refused after a change of a sound input.
fn after(change: impl FnOnce(&mut Input)) -> Vec<Fault> {
    let mut input = plain(&[1, 1], &[&[0, 1], &[1, 0]]);
    assert!(input.instance().is_ok());
    change(&mut input);
    input.instance().err().unwrap_or_default()
}

#[test]
fn a_list_that_cannot_be_read_is_refused_row_by_row() {
    assert_eq!(after(|input| input.choices[0].rank = 0), [Fault::RankZero { student: id(1) }]);
    assert_eq!(after(|input| input.choices[0].rank = 2), [Fault::RankTwice { student: id(1), rank: 2 }]);
    let twice = Fault::OfferingTwice { student: id(1), offering: id(2) };
    let both = after(|input| (input.choices[0].offering, input.choices[0].line) = (id(2), Some(id(2))));
    assert_eq!(both, std::slice::from_ref(&twice));
    let lineless = after(|input| (input.choices[0].offering, input.choices[0].line) = (id(2), None));
    assert_eq!(lineless, [twice]);
    let unknown = Fault::UnknownPlace { student: id(1), rank: 1, offering: id(9), line: id(1) };
    assert_eq!(after(|input| input.choices[0].offering = id(9)), [unknown]);
    let stranger = Fault::UnknownStudent { student: id(9), rank: 1 };
    assert_eq!(after(|input| input.choices[0].student = id(9)), [stranger]);
    assert_eq!(after(|input| input.students[1].id = id(1)).len(), 3, "the twin, and the other's two choices");
}

#[test]
fn scores_that_are_missing_or_too_large_are_refused_row_by_row() {
    let missing = |student, rank| Fault::ScoreMissing { student: id(student), rank };
    let all = after(|input| input.rules.scored = true);
    assert_eq!(all, [missing(1, 1), missing(1, 2), missing(2, 1), missing(2, 2)]);
    let one = after(|input| {
        input.rules.scored = true;
        input.students.iter_mut().for_each(|student| student.score = Some(Decimal::default()));
        input.students[1].score = Some(Decimal::MAX);
    });
    assert_eq!(one, [Fault::ScoreTooLarge { student: id(2) }]);
    let none_to_have = after(|input| {
        input.rules.scored = true;
        input.choices.iter_mut().for_each(|choice| choice.eligible = false);
    });
    assert_eq!(none_to_have, []);
}

#[test]
fn seats_that_contradict_themselves_are_refused() {
    let line = |number: usize| -> PlaceLineId { id(number) };
    let negative = Fault::CapacityNegative { line: line(1), capacity: -1 };
    assert_eq!(after(|input| input.seats.lines[0].capacity = -1), [negative]);
    let twin = Line { id: id(1), capacity: 1, period: None, pool: false };
    assert_eq!(after(|input| input.seats.lines.push(twin)), [Fault::LineTwice { line: line(1) }]);
    let twice = Fault::PlaceTwice { offering: id(1), line: line(1) };
    assert_eq!(after(|input| input.seats.places.push(input.seats.places[0].clone())), [twice]);
    let wrong = Fault::DrawWrong { offering: id(1), line: line(1) };
    assert_eq!(
        after(|input| input.seats.places[0].draws.push(Draw { line: line(1), units: 1 })),
        std::slice::from_ref(&wrong)
    );
    assert_eq!(after(|input| input.seats.places[0].draws[0].units = 0), [wrong]);
    let unknown = Fault::UnknownLine { offering: id(1), line: line(9) };
    assert_eq!(after(|input| input.seats.places[0].draws.push(Draw { line: line(9), units: 1 })), [unknown]);
    let undrawn = Fault::NotDrawn { offering: id(1), line: line(1) };
    assert_eq!(after(|input| input.seats.places[0].draws[0].line = line(2)), [undrawn]);
}

#[test]
fn a_seed_that_cannot_be_typed_again_is_refused() {
    for seed in ["", "two\nlines", "Grüße", &"x".repeat(65)] {
        assert_eq!(after(|input| seed.clone_into(&mut input.rules.seed)), [Fault::Seed], "{seed:?}");
    }
}
