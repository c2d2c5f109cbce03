//! W11, W14, W15, W16: success in reach, no surprise, a way to leave, a fresh start; and the window of an appeal.

use sojourn_engine::definition::Rule;

use super::{each_breaks, sound};
use crate::sketch::Sketch;

const FREE: &str = "irreversible = false";

fn chain() -> Sketch {
    Sketch::new()
        .state("draft", "")
        .state("sent", "")
        .state("done", "kind = 'success'")
        .step("send", &["draft"], "sent", "")
        .step("finish", &["sent"], "done", "")
}

#[test]
fn w11_a_case_that_is_open_can_still_end_well() {
    each_breaks(
        Rule::W11,
        &[
            (
                "a state from which only failures follow",
                chain().state("doomed", "").step("doom", &["sent"], "doomed", ""),
                "from `doomed` the case can no longer end well",
                &["send", "doom"],
            ),
            (
                "a success behind a suspension alone",
                chain()
                    .state("aside", "")
                    .state("pause", "stops_clocks = true\nremember = true")
                    .step("step_aside", &["sent"], "aside", "")
                    .step("pause", &["aside"], "pause", "")
                    .step("resume", &["pause"], "sent", ""),
                "from `aside`",
                &["send", "step_aside"],
            ),
            (
                "no success at all",
                Sketch::new().state("draft", "").state("over", "kind = 'failure'").step(
                    "end",
                    &["draft"],
                    "over",
                    "",
                ),
                "no state is a success",
                &[],
            ),
        ],
    );
    for wound_up in ["remember = true", "phase = 'closed'"] {
        sound(&chain().state("doomed", wound_up).step("doom", &["sent"], "doomed", ""));
    }
}

#[test]
fn w14_a_step_without_return_says_so() {
    each_breaks(
        Rule::W14,
        &[
            (
                "a step of a person",
                chain().state("other", "").step("turn", &["sent"], "other", FREE).step(
                    "go",
                    &["other"],
                    "done",
                    "",
                ),
                "after `turn` nothing leads back to `sent`",
                &["send", "turn"],
            ),
            (
                "a way back that only others have come",
                chain()
                    .state("pause", "remember = true")
                    .step("pause", &["draft", "sent"], "pause", FREE)
                    .step("resume", &["pause"], "@previous", "came_from = ['draft']"),
                "after `pause` nothing leads back to `sent`",
                &["send", "pause"],
            ),
        ],
    );
    sound(&chain().step("turn", &["sent"], "draft", FREE));
    sound(&chain().state("other", "").step("go", &["other"], "done", "").step(
        "turn",
        &["sent"],
        "other",
        "by = ['system']\nirreversible = false",
    ));
}

#[test]
fn w15_the_applicant_can_leave_before_and_during_the_stay() {
    let base = |sent: &str, keys: &str| {
        Sketch::unwatched()
            .state("draft", &format!("phase = 'application'\n{CLOCK}"))
            .state("sent", &format!("phase = '{sent}'\n{CLOCK}"))
            .state("done", "kind = 'success'")
            .state("gone", "phase = 'closed'\nkind = 'failure'")
            .step("send", &["draft"], "sent", "")
            .step("finish", &["sent"], "done", "by = ['system']")
            .step("finish", &["draft"], "sent", "by = ['system']")
            .step("withdraw", &["draft"], "gone", keys)
    };
    each_breaks(
        Rule::W15,
        &[
            (
                "a state they cannot leave",
                base("selection", ""),
                "in `sent` the applicant cannot withdraw",
                &["send"],
            ),
            (
                "a stay they cannot end",
                base("stay", ""),
                "in `sent` the applicant cannot ask for an early end of the stay",
                &["send"],
            ),
            (
                "a withdrawal that needs others too",
                base("recognition", "by = ['student', 'office']\ncollect = 'all'"),
                "in `draft` the applicant cannot withdraw",
                &[],
            ),
            (
                "a withdrawal under conditions",
                base("recognition", "require = [{ that = 'call.eligible', else = 'no' }]")
                    .with("[messages]\nno = { en = 'No.' }"),
                "in `draft` the applicant cannot withdraw",
                &[],
            ),
        ],
    );
    let asked = base("selection", "").state("asked", &format!("phase = 'selection'\n{CLOCK}"));
    let asked = asked
        .step("ask", &["sent"], "asked", "")
        .step("grant", &["asked"], "gone", "by = ['secretariat']")
        .step("finish", &["asked"], "sent", "by = ['system']");
    sound(&asked);
    sound(&base("selection", "").step("withdraw", &["sent"], "gone", ""));
}

const CLOCK: &str = "clocks = [{ id = 'end', within = '9 days', on_expiry = [{ event = 'finish' }] }]";

/// A case that finds another host after the first has refused it.
fn again(refuse: &str, next: &str) -> Sketch {
    Sketch::new()
        .about_application()
        .state("draft", "phase = 'selection'")
        .state("placed", "phase = 'placement'")
        .state("done", "kind = 'success'")
        .step("open", &["draft"], "placed", "choose = 'first'\nresets = ['visa']")
        .step("choose", &["draft"], "placed", &format!("choose = 'next'\n{next}"))
        .step("refuse", &["placed"], "draft", refuse)
        .step(
            "finish",
            &["placed"],
            "done",
            "require = [{ that = \"track.visa.state == 'held'\", else = 'no' }]",
        )
        .with(VISA)
}

const VISA: &str = "
[messages]
no = { en = 'No.' }
[tracks.visa]
label.en = 'Visa'
phase = 'placement'
initial = 'needed'
[tracks.visa.states.needed]
label.en = 'Needed'
now.en = 'Now.'
[tracks.visa.states.held]
label.en = 'Held'
now.en = 'Now.'
[[tracks.visa.transitions]]
event = 'apply'
from = ['needed']
to = 'held'
by = ['student']
irreversible = true
[events.apply]
label.en = 'Apply'
";

#[test]
fn w16_another_host_finds_nothing_of_the_first() {
    let missing = again("", "");
    let findings = missing.check();
    let said: Vec<_> = findings.iter().filter(|finding| finding.rule == Rule::W16).collect();
    let [finding] = &said[..] else { panic!("{findings:#?}\n{}", missing.source()) };
    assert!(finding.message.contains("`choose` chooses another host, and the track `visa`"), "{finding}");
    assert_eq!(finding.counter_example, ["open", "refuse", "choose"]);
    for kept in [again("", "resets = ['visa']"), again("resets = ['visa']", "")] {
        assert!(kept.check().iter().all(|finding| finding.rule != Rule::W16));
    }
}

#[test]
fn an_appeal_opens_a_final_state_that_fails_and_no_other() {
    let refused = |keys: &str| {
        chain()
            .state("refused", &format!("kind = 'failure'\n{keys}"))
            .step("refuse", &["sent"], "refused", "by = ['system']")
            .step("appeal", &["refused"], "sent", "once = true")
    };
    sound(&refused("appeal = { within = '14 days' }"));
    let findings = refused("").check();
    assert!(findings.iter().any(|finding| finding.rule == Rule::W03 && finding.message.contains("`appeal` leaves `refused`")));
}
