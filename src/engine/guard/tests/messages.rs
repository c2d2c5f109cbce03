//! Where mistakes are pointed at, and what is said.

use super::{super::Term, *};

/// Compiles, and shows each mistake as the text it points at and its message.
fn mistakes(source: &str) -> Vec<(&str, String)> {
    let mistakes = Guard::compile(source, &mut Catalogue::new()).expect_err(source);
    mistakes.into_iter().map(|mistake| (&source[mistake.at], mistake.message)).collect()
}

fn mistake(source: &str, at: &str, message: &str) {
    assert_eq!(mistakes(source), [(at, message.to_owned())], "{source}");
}

/// Checks the place and a part of the message.
fn says(source: &str, at: &str, part: &str) {
    match mistakes(source).as_slice() {
        [(place, message)] if *place == at && message.contains(part) => {}
        others => panic!("{source}: {others:?}"),
    }
}

#[test]
fn types_that_do_not_compare_are_named_with_the_mend() {
    mistake(
        "agreement.in_force && now < 5",
        "now < 5",
        "compares an instant with a whole number; compare with another instant, or move one: `now < call.closes_at + duration('72h')`",
    );
    says("now < '2027-03-01'", "now < '2027-03-01'", "write an instant as timestamp('2027-03-01T00:00:00Z')");
    says(
        "stay.start_on > '2027-03-01'",
        "stay.start_on > '2027-03-01'",
        "write a date as date('2027-03-01')",
    );
    says("now > stay.start_on", "now > stay.start_on", "each time zone");
    says("stay.length > 14", "stay.length > 14", "duration('72h')");
    says("student.year == '3'", "student.year == '3'", "without quotes");
    says("agreement.in_force == 'yes'", "agreement.in_force == 'yes'", "stands by itself");
    says("true < false", "true < false", "no order");
    says("call.years == [1]", "call.years == [1]", "x in list");
    says("student.year in 3", "student.year in 3", "looks into a list");
    says("student.year in ['a']", "student.year in ['a']", "looks for a whole number in a list of texts");
}

#[test]
fn calculations_that_do_not_fit_are_named_with_the_mend() {
    says("student.credits * 2 > 1", "student.credits * 2", "2.0, or double(fact)");
    says("now + 14 > now", "now + 14", "duration('14d')");
    says("now + call.closes_at > now", "now + call.closes_at", "moves by a duration");
    says("stay.length * 2 > stay.length", "stay.length * 2", "whole length");
    says("stay.start_on + duration('12h') > stay.start_on", "duration('12h')", "whole days");
    says("'a' + 'b' == 'ab'", "'a' + 'b'", "texts are compared");
    says("student.credits % 2.0 == 0", "student.credits % 2.0", "rest of whole numbers");
    says("student.year / 0 > 1", "0", "nothing divides by zero");
    says("student.year % 0 > 1", "0", "nothing divides by zero");
    says("student.credits / 0.000 > 1", "0.000", "nothing divides by zero");
    says("-main == 'x'", "main", "only a number takes a minus");
}

#[test]
fn a_condition_is_asked_for_where_one_is_needed() {
    says("student.year", "student.year", "a condition is needed here");
    says("agreement.in_force && main", "main", "a condition is needed here");
    says("!main", "main", "a condition is needed here");
    says("call.years.exists(y, y)", "y", "a condition is needed here");
    says("student.level.exists(x, true)", "student.level", "look into a list");
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    mistake(
        "now < call.close_at",
        "call.close_at",
        "there is no fact `call.close_at`; did you mean `call.closes_at`?",
    );
    says("agreement.in_farce", "agreement.in_farce", "`agreement.in_force`");
    says("nominated", "nominated", "a text stands in quotes");
    says("siz(main) > 1", "siz(main)", "did you mean `size`?");
    says("call.years.map(y, y) == 1", "call.years.map(y, y)", "there are has, size");
    says("matches(main)", "matches(main)", "there is no function `matches` here");
}

#[test]
fn every_mistake_of_name_and_type_is_reported_at_once() {
    let source = "nwo < call.closes_at && student.year == 'x' || mian in [1, 'a']";
    let places: Vec<_> = mistakes(source).into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["nwo", "student.year == 'x'", "mian", "'a'"]);
}

#[test]
fn functions_say_what_they_take() {
    says("has(main)", "main", "never absent");
    says("has(1 + 1)", "1 + 1", "has(call.closes_at)");
    says("size(1) > 0", "1", "counts a list or the characters");
    says("size() > 0", "size()", "takes one argument and has 0");
    says("double(main) > 0.0", "main", "makes a decimal of a whole number");
    for source in [
        "duration('2 weeks')",
        "duration('')",
        "duration('h')",
        "duration('5')",
        "duration('99999999999999d')",
    ] {
        let place = &source[9..source.len() - 1];
        says(&format!("{source} > stay.length"), place, "duration('14d'), duration('72h')");
    }
    says("now > timestamp('2027-03-01')", "'2027-03-01'", "with date, time and zone");
    says("now > timestamp(main)", "main", "cannot be read");
    says("stay.start_on > date('2027-02-30')", "'2027-02-30'", "date('2027-03-01')");
    says("stay.start_on > date('2027-3-01')", "'2027-3-01'", "date('2027-03-01')");
    says("call.years.exists(1, true)", "call.years.exists(1, true)", "list.exists(x, x == 'a')");
    says("call.years.exists(y, y.z == 1)", "y.z", "has no parts");
    says("call.years.exists(a.b, true)", "a.b", "plain name");
    says("main.startsWith(1)", "1", "a text is needed here");
}

#[test]
fn habits_of_other_languages_are_answered_in_this_one() {
    says("main = 'x'", "=", "`==`");
    says("true and false", "and", "`&&`");
    says("true or false", "or", "`||`");
    says("not true", "true", "`!`");
    says("true & false", "&", "`&&`");
    says("true ? 1 : 2", "?", "no choice");
    says("main == null", "null", "has(fact)");
    says("main not in ['a']", "not", "operator");
    says("main ! in ['a']", "!", "!(a in b)");
    says("1 < student.year < 5", "<", "join two comparisons with `&&`");
    says("call.years[0] == 1", "[", "not indexed");
    says("main == ‘x’", "‘", "straight quotes");
    says("student.year ≥ 3", "≥", "`>=`");
    says("if(true)", "if", "reserves");
    says("main == r'x'", "r", "no prefix");
    says("main == '''x'''", "''", "triple quotes");
    says("stay.length > 72h", "72h", "duration('72h')");
    says("student.credits > 1.2345", "1.2345", "more than three digits");
    says("student.year > 99999999999999999999", "99999999999999999999", "too large");
    says("size([]) == 0", "[]", "empty list");
    says("1 in [[1]]", "[[1]]", "no lists");
}

#[test]
fn broken_forms_are_pointed_at() {
    says("", "", "empty");
    says("  ", "  ", "empty");
    says("true &&", "", "breaks off");
    says("(true", "(", "never closed");
    says("size([1, 2) > 1", ")", "closes nothing");
    says("true)", ")", "closes nothing");
    says("true, false", ",", "comma");
    says("main == 'x", "'x", "not closed");
    says("main == 'x\n'", "'x", "line it began in");
    says("main == '\\q'", "\\q", "is no escape");
    says("main == '\\ud800'", "\\ud800", "is no escape");
    says("main.", "", "a name is missing after the dot");
    says("main == 'é' == true", "==", "result of a comparison");
    says("('a').b", "('a')", "only facts have parts");
    says("main.all(x, true).all(y, true)", "main.all(x, true)", "has no `.all`");
    says("true true", "true", "operator such as");
    says("* 1", "*", "a value is missing here");
    says("在", "在", "only ASCII letters");
}

#[test]
fn bounds_are_kept_and_named() {
    let deep = |levels: usize| format!("{}true{}", "(".repeat(levels), ")".repeat(levels));
    assert_eq!(holds(&deep(16), &Facts::none()), Verdict::True);
    says(&deep(17), "(", "nest deeper than 16");
    let long = |length: usize| format!("true{}", " ".repeat(length - 4));
    assert_eq!(holds(&long(1024), &Facts::none()), Verdict::True);
    says(&long(1025), " ", "has 1025 bytes and may have 1024");
    let nested = "call.years.exists(a, call.years.exists(b, call.years.exists(c, true)))";
    says(nested, "call.years.exists(c, true)", "nest deeper than 2");
}

#[test]
fn a_term_of_another_type_is_refused() {
    let mistakes = Term::compile("now", &Type::Date, &mut Catalogue::new()).unwrap_err();
    assert_eq!(
        mistakes[0].message,
        "is an instant, and a date is needed here; write one, or name a fact that is"
    );
}
