//! Filters: what a database is asked says neither less nor, without a rest, more than the guard.

use super::{super::Filter, *};
use crate::guard::Comparison;

/// What a database would answer, a rest passing everything.
fn passes(filter: &Filter, facts: &Facts) -> bool {
    let fact = |slot: &Slot| facts.get(*slot);
    match filter {
        Filter::All(parts) => parts.iter().all(|part| passes(part, facts)),
        Filter::Any(parts) => parts.iter().any(|part| passes(part, facts)),
        Filter::Compare(slot, comparison, value) => {
            fact(slot).is_some_and(|known| order(known, value).is_some_and(|order| comparison.stands(order)))
        }
        Filter::OneOf(slot, values) => fact(slot).is_some_and(|known| {
            values.iter().any(|value| order(known, value).is_some_and(std::cmp::Ordering::is_eq))
        }),
        Filter::Begins(slot, beginning, wanted) => match fact(slot) {
            Some(Value::Text(text)) => text.starts_with(beginning.as_str()) == *wanted,
            _ => false,
        },
        Filter::Known(slot, wanted) => fact(slot).is_some() == *wanted,
        Filter::Rest => true,
    }
}

fn order(one: &Value, other: &Value) -> Option<std::cmp::Ordering> {
    Some(match (one, other) {
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Int(one), Value::Int(other)) => one.cmp(other),
        (Value::Decimal(one), Value::Decimal(other)) => one.cmp(other),
        (Value::Decimal(one), Value::Int(other)) => one.cmp_whole(*other),
        (Value::Int(one), Value::Decimal(other)) => other.cmp_whole(*one).reverse(),
        (Value::Text(one), Value::Text(other)) => one.cmp(other),
        (Value::Instant(one), Value::Instant(other)) => one.cmp(other),
        (Value::Date(one), Value::Date(other)) => one.cmp(other),
        (Value::Duration(one), Value::Duration(other)) => one.cmp(other),
        _ => return None,
    })
}

proptest! {
    #[test]
    fn a_filter_lets_through_every_row_on_which_its_guard_holds_and_an_exact_one_no_other(p in condition(), facts in facts()) {
        let guard = guard(&p);
        let filter = guard.filter();
        let (holds, passes) = (guard.holds(&facts).is_true(), passes(&filter, &facts));
        prop_assert!(passes || !holds, "{} is stricter than {}", format!("{filter:?}"), p);
        prop_assert!(holds || !passes || !filter.is_exact(), "{} is laxer than {}", format!("{filter:?}"), p);
    }

    #[test]
    fn a_guard_that_may_hold_for_no_value_of_the_open_facts_never_does(p in condition(), facts in facts(), others in facts()) {
        let guard = guard(&p);
        let open = |slot: Slot| slot.0 % 2 == 1;
        let changed = facts.0.iter().zip(&others.0).enumerate().map(|(at, (fact, other))| if at % 2 == 1 { other } else { fact });
        let changed = Facts(changed.cloned().collect());
        prop_assert!(guard.may_hold(&facts, &open) || !guard.holds(&changed).is_true(), "{}", p);
        prop_assert_eq!(guard.may_hold(&facts, &|_| false), guard.holds(&facts).is_true(), "{}", p);
    }
}

fn filter_of(source: &str) -> Filter {
    guard(source).filter()
}

#[test]
fn what_single_facts_can_say_is_said() {
    let year = Slot(u16::try_from(slot("student.year")).unwrap());
    let level = Slot(u16::try_from(slot("student.level")).unwrap());
    let force = Slot(u16::try_from(slot("agreement.in_force")).unwrap());
    let int = Value::Int;
    assert_eq!(filter_of("student.year >= 2"), Filter::Compare(year, Comparison::AtLeast, int(2)));
    assert_eq!(filter_of("2 + 1 > student.year"), Filter::Compare(year, Comparison::Less, int(3)));
    assert_eq!(filter_of("!(student.year < 2)"), Filter::Compare(year, Comparison::AtLeast, int(2)));
    assert_eq!(filter_of("student.year in [1, 2]"), Filter::OneOf(year, vec![int(1), int(2)]));
    assert_eq!(
        filter_of("!(student.year in [1] || has(student.level))"),
        Filter::All(vec![
            Filter::All(vec![Filter::Compare(year, Comparison::NotEqual, int(1))]),
            Filter::Known(level, false)
        ])
    );
    assert_eq!(filter_of("!student.level.startsWith('a')"), Filter::Begins(level, "a".to_owned(), false));
    assert_eq!(filter_of("agreement.in_force"), Filter::Compare(force, Comparison::Equal, Value::Bool(true)));
    assert_eq!(filter_of("1 < 2 && agreement.in_force != true || false"), {
        let differs = Filter::Compare(force, Comparison::NotEqual, Value::Bool(true));
        Filter::Any(vec![Filter::All(vec![Filter::All(vec![]), differs]), Filter::Any(vec![])])
    });
}

#[test]
fn what_they_cannot_say_is_a_rest() {
    for source in [
        "student.year < places.out.free",
        "student.year + 1 > 2",
        "'a' in student.languages",
        "student.languages.exists(l, l == 'a')",
        "size(student.level) > 2",
    ] {
        assert_eq!(filter_of(source), Filter::Rest, "{source}");
        assert!(!filter_of(&format!("{source} && student.year > 1")).is_exact());
    }
}
