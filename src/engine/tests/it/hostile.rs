//! Definitions made to hurt: each is answered in bounded time with a finding that says what is too much.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use sojourn_engine::definition::check::prove;
use sojourn_engine::definition::{Finding, Rule};

/// Far more than any of these takes on a slow machine, and far less than what they would take without bounds.
const LONG: Duration = Duration::from_mins(1);

#[track_caller]
fn refused(what: &str, source: &str, says: &str) -> Vec<Finding> {
    let began = Instant::now();
    let findings = prove(source).unwrap_err();
    assert!(began.elapsed() < LONG, "{what} took {:?}", began.elapsed());
    assert!(
        findings.iter().any(|finding| finding.message.contains(says)),
        "{what}: {:#?}",
        &findings[..findings.len().min(5)]
    );
    findings
}

const HEAD: &str = "
id = 'hostile'
subject = 'programme'
initial = 's0'
languages = ['en']
create.by = ['a']
roles.a = { is = 'applicant', label.en = 'A' }
roles.s = { is = 'system', label.en = 'S' }
events.e.label.en = 'E'
";

/// That many open states without anything in them.
fn states(count: usize) -> String {
    let mut text = String::new();
    for at in 0..count {
        writeln!(text, "states.s{at}={{phase='closed',label.en='S',now.en='N'}}").unwrap();
    }
    text
}

#[test]
fn texts_that_are_too_long_or_too_deep_are_refused() {
    refused("ten megabytes", &"#".repeat(10 << 20), "a definition may have at most 1048576 bytes");
    for open in ["[", "{a="] {
        let findings = refused("nested values", &format!("a = {}", open.repeat(300_000)), "");
        assert!(findings.iter().all(|finding| finding.rule == Rule::Form));
    }
    refused("nested keys", &format!("a{} = 1", ".a".repeat(400_000)), "");
    refused("nested tables", &format!("[a{}]", ".a".repeat(400_000)), "");
    let guard = format!(
        "{HEAD}accounts.x = {{ line = 'host', enabled = '{}true{}' }}",
        "(".repeat(400),
        ")".repeat(400)
    );
    refused("a nested guard", &guard, "nest");
}

#[test]
fn keys_that_come_twice_are_refused_where_they_stand() {
    let findings = refused("a key twice", "id = 'x'\nid = 'y'\n[states.a]\n[states.a]", "duplicate key");
    assert_eq!((findings[0].rule, findings[0].place.line), (Rule::Form, 2));
}

#[test]
fn more_states_than_a_definition_may_have_are_refused() {
    let mut many = HEAD.to_owned();
    for at in 0..60_000 {
        writeln!(many, "states.s{at}={{}}").unwrap();
    }
    refused("sixty thousand states", &many, "at most 4096 states");
    let mut tracks = HEAD.to_owned();
    for at in 0..2_000 {
        write!(tracks, "[tracks.t{at}]\nlabel.en='T'\nphase='stay'\ninitial='a'\nstates.a={{label.en='S',now.en='N'}}\nstates.b={{label.en='S',now.en='N'}}\nstates.c={{label.en='S',now.en='N'}}\n").unwrap();
    }
    refused("two thousand tracks", &tracks, "at most");
}

#[test]
fn names_that_nobody_declared_are_counted_rather_than_all_told() {
    let mut unknown = format!("{HEAD}{}", states(2_000));
    unknown.push_str("[[transitions]]\nevent='e'\nto='s0'\nby=['a']\nfrom=[");
    for at in 0..30_000 {
        write!(unknown, "'x{at}',").unwrap();
    }
    unknown.push(']');
    let findings = refused("unknown states in one line", &unknown, "more of these: mend the first ones");
    assert!(findings.len() <= 1_001);
}

#[test]
fn transitions_that_lead_from_everywhere_to_everywhere_are_too_many() {
    let mut wide = format!("{HEAD}{}sets.all=[{}]\n", states(2_000), names(2_000));
    for at in 0..8_000 {
        writeln!(wide, "[[transitions]]\nevent='e'\nfrom=['set:all']\nto='s{}'\nby=['a']", at % 2_000)
            .unwrap();
    }
    refused("everything from everywhere", &wide, "the states of all `from` are more than 300000");
    let mut rivals = format!("{HEAD}{}", states(2));
    for _ in 0..12_000 {
        rivals.push_str("[[transitions]]\nevent='e'\nfrom=['s0']\nto='s1'\nby=['a']\n");
    }
    refused("one event many times", &rivals, "too many transitions of one event");
}

fn names(count: usize) -> String {
    (0..count).map(|at| format!("'s{at}'")).collect::<Vec<_>>().join(",")
}

#[test]
fn a_definition_in_which_everything_is_wrong_is_told_in_bounded_time() {
    let mut chain = format!("{HEAD}{}", states(1_000));
    for at in 1..1_000 {
        writeln!(chain, "[[transitions]]\nevent='e'\nfrom=['s{}']\nto='s{at}'\nby=['a']", at - 1).unwrap();
    }
    let findings = refused("a chain without an end", &chain, "nothing leads from `s0` to a final state");
    let told: usize = findings.iter().map(|finding| finding.counter_example.len()).sum();
    assert!(told < 2_000_000, "{told} events in counter-examples");
}

#[test]
fn states_that_remember_one_another_without_end_are_too_large_to_prove() {
    let mut deep = HEAD.to_owned();
    for at in 0..24 {
        writeln!(deep, "states.s{at}={{phase='closed',remember=true,label.en='S',now.en='N'}}").unwrap();
        writeln!(deep, "events.e{at}.label.en='E'").unwrap();
    }
    for at in 0..24 {
        writeln!(deep, "[[transitions]]\nevent='e{at}'\nfrom=['phase:closed']\nto='s{at}'\nby=['a']")
            .unwrap();
    }
    refused("memories of memories", &deep, "24 states have `remember`: at most 16 may");
}

#[test]
fn joins_of_two_machines_that_never_rest_are_refused() {
    let mut circle = HEAD.to_owned();
    circle.push_str(&states(2));
    circle.push_str(
        "[[joins]]\nevent='e'\nfrom=['s0']\nto='s1'\nwhen=\"track.t.state=='a'\"\nresets=['t']\n[[joins]]\nevent='e'\nfrom=['s1']\nto='s0'\nwhen=\"track.t.state=='b'\"\n\
         [tracks.t]\nlabel.en='T'\nphase='stay'\ninitial='a'\nstates.a={label.en='S',now.en='N'}\nstates.b={label.en='S',now.en='N'}\n\
         [[tracks.t.joins]]\nevent='e'\nfrom=['a']\nto='b'\nwhen=\"main=='s1'\"\n[[tracks.t.joins]]\nevent='e'\nfrom=['b']\nto='a'\nwhen=\"main=='s0'\"\n",
    );
    let findings = refused("two machines", &circle, "in a circle");
    let found = findings.iter().find(|finding| finding.message.contains("in a circle")).unwrap();
    assert_eq!((found.rule, found.counter_example.is_empty()), (Rule::W04, false));
}
