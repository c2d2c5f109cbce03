//! W06 and W08: separated duties, sight, what an event presupposes, and documents that can be supplied.

use sojourn_engine::definition::{Rule, Severity};

use super::{each_breaks, sound};
use crate::sketch::Sketch;

const APART: &str = "[[separations]]\nfirst = 'nominate'\nsecond = 'approve'";

/// An application that is sent, nominated by one side and approved by the other.
fn nominated() -> Sketch {
    Sketch::new()
        .about_application()
        .state("draft", "")
        .state("sent", "")
        .state("nominated", "")
        .state("accepted", "")
        .state("done", "kind = 'success'")
        .step("send", &["draft"], "sent", "choose = 'first'\nshows_to = ['home']")
        .step("nominate", &["sent"], "nominated", "by = ['office']\nshows_to = ['host']")
        .step("approve", &["nominated"], "accepted", "by = ['receiver']")
        .step("finish", &["accepted"], "done", "")
}

#[test]
fn duties_that_are_separated_and_seen_give_no_finding() {
    sound(&nominated());
    sound(&nominated().with(APART));
}

#[test]
fn w06_a_separation_binds_somebody_on_every_way() {
    each_breaks(
        Rule::W06,
        &[
            (
                "a pair of one event",
                nominated().with("[[separations]]\nfirst = 'nominate'\nsecond = 'nominate'"),
                "`nominate` is separated from itself",
                &[],
            ),
            (
                "an event of the system alone",
                nominated()
                    .step("expire", &["nominated"], "sent", "by = ['system']")
                    .with("[[separations]]\nfirst = 'expire'\nsecond = 'approve'")
                    .with(APART),
                "only the system fires `expire`",
                &[],
            ),
            (
                "an applicant who decides",
                nominated().with("[[separations]]\nfirst = 'send'\nsecond = 'finish'"),
                "`finish` decides, and the applicant may fire it",
                &[],
            ),
        ],
    );
}

#[test]
fn w06_a_separation_leaves_no_way_round() {
    each_breaks(
        Rule::W06,
        &[
            (
                "a re-doing that is not separated",
                nominated()
                    .step("amend", &["nominated"], "@same", "by = ['office']\ninput = { changes = 'text' }")
                    .with(APART),
                "`amend` re-does what `approve` is separated from",
                &["send", "nominate", "amend"],
            ),
            (
                "a way round the second event",
                nominated()
                    .state("checked", "")
                    .step("check", &["nominated"], "checked", "by = ['office']")
                    .step("pass", &["checked"], "accepted", "by = ['receiver']")
                    .with(APART),
                "`pass` leads where `approve` leads and is not separated",
                &["send", "nominate", "check", "pass"],
            ),
        ],
    );
}

#[test]
fn w06_a_way_on_which_a_pair_separates_nobody_is_a_warning() {
    let past = nominated()
        .step("hand_over", &["sent"], "nominated", "by = ['secretariat']\nshows_to = ['host']")
        .with(APART);
    let elsewhere = nominated()
        .step(
            "turn",
            &["nominated"],
            "nominated",
            "by = ['secretariat']\nchoose = 'next'\nshows_to = ['host']",
        )
        .with(APART);
    for (sketch, shown_by) in
        [(past, &["send", "hand_over", "approve"][..]), (elsewhere, &["send", "nominate", "turn", "approve"])]
    {
        let findings = sketch.check();
        let [finding] = &findings[..] else { panic!("{findings:#?}") };
        assert_eq!((finding.rule, finding.severity), (Rule::W06, Severity::Warning), "{finding}");
        let says = "`approve` is separated from `nominate`, and none of them has happened on this way";
        assert!(finding.message.contains(says), "{finding}");
        assert_eq!(finding.counter_example, shown_by);
    }
}

#[test]
fn w06_whoever_may_act_sees_the_case() {
    each_breaks(
        Rule::W06,
        &[
            (
                "a home that does not see the draft",
                nominated().step("note", &["draft"], "@same", "by = ['office']"),
                "`office` may fire `note`, but the home does not see the case here",
                &["note"],
            ),
            (
                "a host that sees it too early",
                nominated().step("note", &["sent"], "@same", "by = ['receiver']"),
                "`receiver` may fire `note`, but the host does not see the case here",
                &["send", "note"],
            ),
            (
                "a host of another choice",
                nominated().state("moved", "").step("move", &["nominated"], "moved", "choose = 'next'").step(
                    "stay",
                    &["moved"],
                    "accepted",
                    "by = ['receiver']",
                ),
                "the host does not see the case here",
                &["send", "nominate", "move", "stay"],
            ),
        ],
    );
}

#[test]
fn w06_what_an_event_presupposes_has_happened() {
    let unchosen = || {
        Sketch::new()
            .about_application()
            .state("draft", "")
            .state("sent", "")
            .state("done", "kind = 'success'")
            .step("finish", &["sent"], "done", "")
    };
    each_breaks(
        Rule::W06,
        &[
            (
                "a host that nobody chose",
                unchosen().step("send", &["draft"], "sent", "shows_to = ['host']"),
                "shows the case to a host, but none is chosen",
                &["send"],
            ),
            (
                "a next choice without a first",
                unchosen().step("send", &["draft"], "sent", "choose = 'next'"),
                "takes the next choice, but there is none before it",
                &["send"],
            ),
            (
                "a place of no line",
                unchosen().account("seat", "").step(
                    "send",
                    &["draft"],
                    "sent",
                    "effects = [{ hold = 'seat' }, { use = 'seat' }]",
                ),
                "holds a place of `seat`, whose line depends on the choice",
                &["send"],
            ),
            (
                "a day nobody asked for",
                unchosen()
                    .state("asked", "")
                    .step("ask", &["draft"], "asked", "input = { day = 'date' }\nask_last_day = 'input.day'")
                    .step("send", &["draft", "asked"], "sent", "last_day = 'asked'"),
                "grants the last day that was asked for, but on this way nobody asked",
                &["send"],
            ),
        ],
    );
}

#[test]
fn w08_what_is_required_can_be_supplied_by_somebody_who_sees_the_case() {
    let letter = |by: &str, event: &str| {
        let sketch = nominated().with(&format!("[documents]\nletter = {{ by = {by}, label.en = 'Letter' }}"));
        match event {
            "sent" => sketch.step("file", &["sent"], "@same", "by = ['office']\ndocuments = ['letter']"),
            _ => sketch.step("file", &["accepted"], "@same", "by = ['office']\ndocuments = ['letter']"),
        }
    };
    sound(&letter("['student']", "sent"));
    sound(&letter("['receiver']", "accepted"));
    each_breaks(
        Rule::W08,
        &[
            (
                "a slot that is nobody's",
                letter("[]", "sent"),
                "requires the document `letter`, which nobody may supply",
                &[],
            ),
            (
                "a slot of the host before the host is shown the case",
                letter("['receiver']", "sent"),
                "nobody who may supply it sees the case before",
                &["send", "file"],
            ),
        ],
    );
}
