//! What single expressions mean.

use super::{super::Term, *};
use Verdict::{False, True, Unknown};

fn sample() -> Facts {
    Facts::none()
        .with("main", Value::text("nominated"))
        .with("now", instant("2027-03-01T12:00:00Z"))
        .with("call.closes_at", instant("2027-03-01T22:59:59Z"))
        .with("agreement.in_force", Value::Bool(true))
        .with("student.year", Value::Int(3))
        .with("student.credits", decimal("45.5"))
        .with("student.level", Value::text("second"))
        .with("stay.start_on", Value::Date("2027-09-01".parse().unwrap()))
        .with("stay.end_on", Value::Date("2028-01-31".parse().unwrap()))
        .with("student.languages", texts(&["en:C1", "de:B1"]))
        .with("call.years", Value::list([2, 3].map(Value::Int)))
}

fn all(verdict: Verdict, sources: &[&str]) {
    for source in sources {
        assert_eq!(holds(source, &sample()), verdict, "{source}");
    }
}

#[test]
fn operators_bind_as_in_cel() {
    all(
        True,
        &[
            "true || false && false",
            "!(true && false) || false",
            "1 + 2 * 3 == 7",
            "(1 + 2) * 3 == 9",
            "10 - 4 - 3 == 3",
            "-2 + 3 == 1",
            "7 / 2 * 2 == 6",
            "-7 / 2 == -3 && -7 % 2 == -1",
            "!agreement.in_force == false",
            "3 - -2 == 5 && --2 == 2",
            "1 + 1 in [2, 3] && !(4 in [2, 3])",
        ],
    );
}

#[test]
fn instants_dates_and_durations_are_calculated_with() {
    all(
        True,
        &[
            "now < call.closes_at",
            "call.closes_at - now == duration('10h59m59s')",
            "now + duration('1d') > call.closes_at && duration('24h') + now > call.closes_at",
            "now - duration('12h') == timestamp('2027-03-01T00:00:00Z')",
            "timestamp('2027-03-01T13:00:00+01:00') == now",
            "stay.end_on - stay.start_on >= duration('90d')",
            "stay.start_on + duration('30d') == date('2027-10-01') && stay.start_on - duration('1d') < stay.start_on",
            "duration('1d') + duration('2h') - duration('60m') == duration('25h')",
            "duration('-90s') < duration('0s')",
        ],
    );
}

#[test]
fn decimals_are_exact_and_compare_with_whole_numbers() {
    all(
        True,
        &[
            "0.1 + 0.2 == 0.3",
            "student.credits > 45 && student.credits < 46 && 60 > student.credits",
            "student.credits * 2.0 == 91",
            "1.0 / 3.0 == 0.333 && 2.0 / 3.0 == 0.667",
            "double(student.year) / 2.0 == 1.5",
            "3 in [1.5, 3.0]",
            "9223372036854775807 > 9223372036854775.807",
        ],
    );
}

#[test]
fn lists_and_texts_are_looked_into() {
    all(
        True,
        &[
            "student.level in ['second', 'third']",
            "student.year in call.years && !(1 in call.years)",
            "'de:B1' in student.languages",
            "student.languages.exists(l, l.startsWith('de:') && l >= 'de:B1')",
            "student.languages.all(l, size(l) == 5)",
            "student.languages.exists(l, call.years.all(y, y > 1 && l != 'x'))",
            "[student.level, main].exists(x, x == 'nominated')",
            "[1, student.year].all(x, [x, 3].exists(x, x == 3))",
            "size(student.languages) == 2 && size([1, student.year, 3]) == 3 && size('資訊') == 2",
            "'a' < 'b' && 'B1' < 'B2' && \"it's\" == 'it\\'s' && '\\u00e9' == 'é' && '\\101\\x42' == 'AB'",
        ],
    );
}

#[test]
fn nothing_and_everything_hold_over_an_empty_list() {
    let facts = Facts::none().with("call.years", Value::list([]));
    assert_eq!(holds("call.years.exists(y, y == places.out.free)", &facts), False);
    assert_eq!(holds("call.years.all(y, y == places.out.free)", &facts), True);
    assert_eq!(holds("places.out.free in call.years", &facts), False);
}

#[test]
fn an_absent_fact_makes_only_what_depends_on_it_unknown() {
    all(
        Unknown,
        &[
            "host.tracks_places",
            "!host.tracks_places",
            "places.out.free > 0",
            "places.out.free == places.out.free",
            "places.out.free in [1, 2]",
            "agreement.in_force && places.out.free > 0",
            "places.out.free * 0 == 0",
            "[1, places.out.free].all(x, x == 1)",
        ],
    );
    all(
        True,
        &[
            "agreement.in_force || places.out.free > 0",
            "3 in [places.out.free, 3]",
            "size([places.out.free]) == 1",
        ],
    );
    all(False, &["places.out.free > 0 && !agreement.in_force", "[places.out.free, 2].all(x, x == 1)"]);
}

#[test]
fn has_is_never_unknown() {
    all(
        True,
        &["has(student.year)", "!has(places.out.free)", "!(has(places.out.free) && places.out.free < 1)"],
    );
}

#[test]
fn a_calculation_without_result_is_unknown() {
    all(
        Unknown,
        &[
            "1 / (student.year - 3) == 1",
            "1 % (student.year - 3) == 0",
            "1.0 / (student.credits - student.credits) > 1",
            "9223372036854775807 + 1 > 0",
            "9223372036854775807 * student.year > 0",
            "-(-9223372036854775807 - 1) > 0",
            "(-9223372036854775807 - 1) / -1 > 0",
            "9223372036854775.807 * 1.1 > 0",
            "double(9223372036854775807) > 0",
            "stay.start_on + (call.closes_at - now) > stay.start_on",
        ],
    );
    let far = Facts::none().with("now", Value::Instant(chrono::DateTime::<chrono::Utc>::MAX_UTC));
    assert_eq!(holds("now + duration('1s') > now", &far), Unknown);
    let far = Facts::none().with("stay.length", Value::Duration(chrono::TimeDelta::MAX));
    assert_eq!(holds("stay.length + stay.length > stay.length", &far), Unknown);
}

#[test]
fn too_many_looks_are_unknown_and_end_soon() {
    let long = Value::list((0..1_000).map(Value::Int));
    let facts = Facts::none().with("call.years", long);
    assert_eq!(holds("call.years.all(y, y >= 0) && 999 in call.years", &facts), True);
    let nested = "call.years.exists(y, call.years.exists(z, y + z < 0))";
    assert_eq!(holds(nested, &facts), Unknown);
    assert_eq!(holds(&format!("!{nested}"), &facts), Unknown);
}

#[test]
fn an_explanation_names_the_facts_of_the_failing_parts_alone() {
    let explained =
        |source: &str| guard(source).explain(&sample()).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    assert_eq!(
        explained("now < call.closes_at && student.credits >= 60 && agreement.in_force"),
        ["student.credits"]
    );
    assert_eq!(
        explained("student.credits >= 60 || student.year > 5 || main == 'x'"),
        ["student.credits", "student.year", "main"]
    );
    assert_eq!(
        explained("!(agreement.in_force && student.year == 3)"),
        ["agreement.in_force", "student.year"]
    );
    assert_eq!(explained("!(agreement.in_force || student.year == 4)"), ["agreement.in_force"]);
    assert_eq!(explained("student.credits < 60"), [""; 0]);
    assert_eq!(
        guard("student.credits >= 60 && places.out.free > 0").explain(&sample()),
        [("student.credits".to_owned(), Some(decimal("45.5"))), ("places.out.free".to_owned(), None)]
    );
}

#[test]
fn facts_are_listed_once_in_order_of_appearance() {
    let guard = guard("now < call.closes_at && (main == 'x' || now == call.closes_at)");
    assert_eq!(
        guard.slots(),
        ["now", "call.closes_at", "main"].map(|path| Slot(u16::try_from(slot(path)).unwrap()))
    );
    assert_eq!(guard.source(), "now < call.closes_at && (main == 'x' || now == call.closes_at)");
}

#[test]
fn a_term_gives_a_value_of_its_type() {
    let term = |source: &str, kind: Type| {
        Term::compile(source, &kind, &mut Catalogue::new()).unwrap().value(&sample())
    };
    let texts_type = Type::List(Box::new(Type::Text));
    assert_eq!(term("call.closes_at + duration('1s')", Type::Instant), Some(instant("2027-03-01T23:00:00Z")));
    assert_eq!(term("student.year + 1", Type::Int), Some(Value::Int(4)));
    assert_eq!(term("60", Type::Decimal), Some(decimal("60")));
    assert_eq!(term("student.year > 2", Type::Bool), Some(Value::Bool(true)));
    assert_eq!(term("[student.level, 'x']", texts_type.clone()), Some(texts(&["second", "x"])));
    assert_eq!(term("student.languages", texts_type), Some(texts(&["en:C1", "de:B1"])));
    assert_eq!(term("places.out.free", Type::Int), None);
    assert_eq!(term("student.year / (student.year - 3)", Type::Int), None);
}
