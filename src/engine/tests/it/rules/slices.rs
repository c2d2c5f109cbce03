//! What is proven of the main machine with its tracks: reachable states, ways out, success, joins, invariants.

use std::fmt::Write as _;

use sojourn_engine::definition::Rule;

use super::{each_breaks, sound};
use crate::sketch::Sketch;

/// A case that is confirmed and made ready; a track beside it.
fn gated(gate: &str, track: &str) -> Sketch {
    Sketch::new()
        .state("draft", "")
        .state("confirmed", "")
        .state("ready", "")
        .state("done", "kind = 'success'")
        .step("confirm", &["draft"], "confirmed", "")
        .join("make_ready", &["confirmed"], "ready", &format!("when = \"{gate}\""))
        .step("finish", &["ready"], "done", "")
        .with(track)
}

const VISA: &str = "
[tracks.visa]
label.en = 'Visa'
phase = 'selection'
initial = 'idle'
[tracks.visa.states.idle]
label.en = 'Idle'
now.en = 'Now.'
[tracks.visa.states.needed]
label.en = 'Needed'
now.en = 'Now.'
[tracks.visa.states.held]
label.en = 'Held'
now.en = 'Now.'
[tracks.visa.states.refused]
label.en = 'Refused'
now.en = 'Now.'
[[tracks.visa.joins]]
event = 'begin'
from = ['idle']
to = 'needed'
when = \"main == 'confirmed' && 'visa' in call.tracks\"
[[tracks.visa.transitions]]
event = 'grant'
from = ['needed']
to = 'held'
by = ['student']
irreversible = true
[[tracks.visa.transitions]]
event = 'deny'
from = ['needed']
to = 'refused'
by = ['student']
irreversible = true
[events.begin]
label.en = 'Begin'
[events.grant]
label.en = 'Grant'
[events.deny]
label.en = 'Deny'
";

const RETRY: &str = "
[[tracks.visa.transitions]]
event = 'retry'
from = ['refused']
to = 'needed'
by = ['student']
[events.retry]
label.en = 'Retry'
";

const GATE: &str = "!('visa' in call.tracks) || track.visa.state == 'held'";

#[test]
fn a_gate_that_its_track_can_always_open_gives_no_finding() {
    sound(&gated(GATE, VISA).with(RETRY));
}

#[test]
fn w11_a_gate_that_its_track_can_shut_for_good_is_an_embrace() {
    each_breaks(
        Rule::W11,
        &[(
            "a refused visa",
            gated(GATE, VISA),
            "from `confirmed` the case can no longer end well",
            &["confirm", "visa.begin", "visa.deny"],
        )],
    );
}

#[test]
fn w02_a_state_behind_a_gate_that_never_opens_is_not_reached() {
    let island = "
[tracks.visa.states.island]
label.en = 'Island'
now.en = 'Now.'
";
    each_breaks(
        Rule::W02,
        &[("a state of a track", gated(GATE, VISA).with(RETRY).with(island), "reaches `island`", &[])],
    );
    let early = "main == 'draft' && track.visa.state == 'held'";
    let findings = gated(early, &VISA.replace("'visa' in call.tracks", "call.eligible")).check();
    let unreached = |name: &str| {
        findings.iter().any(|finding| {
            finding.rule == Rule::W02 && finding.message.contains(&format!("reaches `{name}`"))
        })
    };
    assert!(unreached("ready") && unreached("done"), "{findings:#?}");
}

#[test]
fn w02_a_join_that_can_never_follow_where_it_is_to_leave_is_named() {
    let wide = |more: &str| VISA.replace("from = ['idle']", &format!("from = ['idle', '{more}']"));
    let never = "`begin` never follows in `held`";
    // With the visa held the case is ready at once.
    each_breaks(Rule::W02, &[("a join of a track", gated(GATE, &wide("held")).with(RETRY), never, &[])]);
    let early = gated(GATE, VISA).with(RETRY).join(
        "recall",
        &["draft"],
        "done",
        "when = \"track.visa.state == 'held'\"",
    );
    each_breaks(
        Rule::W02,
        &[("a join of the main machine", early, "`recall` never follows in `draft`", &[])],
    );
}

#[test]
fn w04_joins_of_two_machines_may_not_set_each_other_off_for_ever() {
    let back = |when: &str| {
        gated("track.visa.state == 'held'", &VISA.replace("'visa' in call.tracks", "call.eligible"))
            .with(RETRY)
            .join("unmake", &["ready"], "confirmed", &format!("when = \"{when}\""))
    };
    let undone = back("!(track.visa.state == 'held')").check();
    assert!(undone.iter().all(|finding| finding.rule != Rule::W04), "{undone:#?}");
    let circle = back("track.visa.state == 'held'").check();
    let found = circle.iter().find(|finding| finding.rule == Rule::W04);
    let events = ["confirm", "make_ready", "unmake"];
    assert!(found.is_some_and(|finding| finding.counter_example == events), "{circle:#?}");
    let shaken = "
[[tracks.visa.joins]]
event = 'lose'
from = ['held']
to = 'needed'
when = \"main == 'confirmed'\"
[[tracks.visa.joins]]
event = 'find'
from = ['needed']
to = 'held'
when = \"main == 'confirmed'\"
[events.lose]
label.en = 'Lose'
[events.find]
label.en = 'Find'
";
    let findings =
        gated("call.eligible && track.visa.state == 'held'", VISA).with(RETRY).with(shaken).check();
    assert!(
        findings.iter().any(|finding| finding.rule == Rule::W04 && finding.message.contains("in a circle")),
        "{findings:#?}"
    );
}

#[test]
fn w13_an_invariant_is_proven_or_broken_by_the_shortest_way() {
    let never = |gate: &str, never: &str| {
        gated(gate, VISA).with(RETRY).with(&format!("[[invariants]]\nid = 'papers'\nnever = \"{never}\""))
    };
    let without = "main == 'ready' && track.visa.state != 'held' && 'visa' in call.tracks";
    sound(&never(GATE, without));
    sound(&never(
        "!('visa' in call.tracks) || track.visa.state == 'held' || call.eligible",
        &format!("{without} && !call.eligible"),
    ));
    each_breaks(
        Rule::W13,
        &[
            (
                "a gate that asks for less",
                never("!('visa' in call.tracks) || track.visa.state == 'held' || call.eligible", without),
                "`papers` is broken in `ready`",
                &["confirm", "make_ready"],
            ),
            (
                "a fact that cannot be tried",
                never(GATE, "main == 'ready' && student.year > 3"),
                "`papers` cannot be proven: `student.year` is neither",
                &[],
            ),
        ],
    );
}

#[test]
fn w00_a_track_of_more_states_than_can_be_told_apart_is_too_large_to_prove() {
    let mut track = "[tracks.long]\nlabel.en = 'Long'\nphase = 'selection'\ninitial = 's0'\n".to_owned();
    for state in 0..65 {
        writeln!(track, "[tracks.long.states.s{state}]\nlabel.en = 'S'\nnow.en = 'Now.'").unwrap();
    }
    let sketch = Sketch::new().state("draft", "").state("done", "kind = 'success'").step(
        "end",
        &["draft"],
        "done",
        "",
    );
    each_breaks(
        Rule::W00,
        &[("a long track", sketch.with(&track), "a track may have at most 64 states", &[])],
    );
}
