//! What the past of a case says of its turn when places are given.

use sojourn_engine::definition::{Definition, Past};

use super::shipped::shipped;

fn past(name: &str, events: &str) -> (bool, usize) {
    let all = shipped();
    let source = &all.iter().find(|one| one.name == name).unwrap().source;
    let Past { displaced, passed } = Definition::parse(source).unwrap().past(events.split_whitespace());
    (displaced, passed)
}

#[test]
fn whose_place_was_taken_back_comes_first_until_another_is_given() {
    let placed = "submit find_eligible allocate accept_offer nominate acknowledge";
    assert_eq!(past("exchange", placed), (false, 0));
    assert_eq!(past("exchange", &format!("{placed} cancel waitlist")), (true, 0));
    assert_eq!(past("exchange", &format!("{placed} cancel next_choice")), (false, 0));
    assert_eq!(past("exchange", &format!("{placed} cancel waitlist promote")), (false, 0));
    assert_eq!(past("exchange", &format!("{placed} cancel waitlist promote pass_on")), (false, 1));
    assert_eq!(
        past("exchange", &format!("{placed} refuse waitlist")),
        (false, 0),
        "a refusal takes no place back"
    );
}

#[test]
fn an_offer_counts_as_passed_only_when_it_was_let_pass() {
    let listed = "submit find_eligible waitlist promote";
    assert_eq!(past("exchange", &format!("{listed} pass_on promote pass_on")), (false, 2));
    let taken = format!("{listed} accept_offer nominate acknowledge");
    assert_eq!(past("exchange", &format!("{taken} refuse waitlist")), (false, 0));
    assert_eq!(
        past("exchange", &format!("{listed} pass_on promote accept_offer nominate cancel waitlist")),
        (true, 0)
    );
    assert_eq!(past("conference", "submit waitlist promote pass_on"), (false, 1));
    assert_eq!(past("conference", "submit unknown_here"), (false, 0));
}
