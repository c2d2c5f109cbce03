//! W09: clocks have an effect, and remind while they run.

use sojourn_engine::definition::Rule;

use super::{each_breaks, sound};
use crate::sketch::Sketch;

/// A state with one more clock than the one that ends it.
fn with_clock(clock: &str) -> Sketch {
    Sketch::unwatched()
        .state(
            "draft",
            &format!(
                "clocks = [{{ id = 'end', within = '9 days', on_expiry = [{{ event = 'stop' }}] }}, {{ id = 'c', {clock} }}]"
            ),
        )
        .state("done", "kind = 'success'")
        .step("finish", &["draft"], "done", "")
        .step("stop", &["draft"], "done", "by = ['system']")
}

#[test]
fn clocks_that_do_something_in_time_give_no_finding() {
    for clock in [
        "within = '5 working days', remind = ['3 working days', '-1 days'], on_expiry = [{ event = 'stop' }], bounds = ['4 working days', '9 working days']",
        "within = '72 hours', remind = ['-24 hours', '2 days'], on_expiry = [{ allow = 'finish' }]",
        "within = '72 hours', shorter = { within = '24 hours', when = \"now > call.closes_at - duration('10d')\" }, bounds = ['36 hours', '99 hours'], on_expiry = [{ event = 'stop' }]",
        "until = 'call.closes_at', remind = ['-14 days'], on_expiry = [{ escalate = ['office', 'secretariat'] }]",
    ] {
        sound(&with_clock(clock));
    }
}

#[test]
fn w09_clocks_have_an_effect_that_is_possible_where_they_run() {
    let stop = "on_expiry = [{ event = 'stop' }]";
    each_breaks(
        Rule::W09,
        &[
            (
                "no effect",
                with_clock("within = '1 day', on_expiry = []"),
                "nothing happens when `c` is over",
                &[],
            ),
            (
                "an escalation that ends with people who may not exist",
                with_clock("within = '1 day', on_expiry = [{ escalate = ['secretariat', 'office'] }]"),
                "escalates to roles that may have no holder",
                &[],
            ),
            (
                "an escalation to nobody",
                with_clock("within = '1 day', on_expiry = [{ escalate = [] }]"),
                "escalates to roles that may have no holder",
                &[],
            ),
            (
                "an event nobody has there",
                with_clock("within = '1 day', on_expiry = [{ allow = 'stop' }]"),
                "`c` allows `stop`, which nobody may fire in `draft`",
                &[],
            ),
            (
                "an event the system does not have there",
                with_clock("within = '1 day', on_expiry = [{ event = 'finish' }]"),
                "`c` fires `finish`, which the system may not fire here",
                &[],
            ),
            (
                "an event that wants an input",
                with_clock(&format!("within = '1 day', {stop}"))
                    .step("halt", &["draft"], "done", "by = ['system']\ninput = { why = 'text' }")
                    .state(
                        "late",
                        "clocks = [{ id = 'l', within = '1 day', on_expiry = [{ event = 'halt' }] }]",
                    )
                    .step("wait", &["draft"], "late", "")
                    .step("halt", &["late"], "done", "by = ['system']\ninput = { why = 'text' }"),
                "`l` fires `halt`, whose input `why` the system cannot give",
                &[],
            ),
        ],
    );
}

#[test]
fn w09_a_shorter_span_is_shorter_than_any_a_call_may_set() {
    let stop = "on_expiry = [{ event = 'stop' }]";
    each_breaks(
        Rule::W09,
        &[
            (
                "a shorter span that is not shorter than the least",
                with_clock(&format!(
                    "within = '72 hours', shorter = {{ within = '36 hours', when = 'now > call.closes_at' }}, \
                     bounds = ['36 hours', '99 hours'], {stop}"
                )),
                "`c` is no shorter with 36 hours than its 36 hours",
                &[],
            ),
            (
                "a shorter span in another unit",
                with_clock(&format!(
                    "within = '72 hours', shorter = {{ within = '1 day', when = 'now > call.closes_at' }}, {stop}"
                )),
                "write less, in the same unit",
                &[],
            ),
            (
                "a shorter span of an instant",
                with_clock(&format!(
                    "until = 'call.closes_at', shorter = {{ within = '1 day', when = 'now > call.closes_at' }}, {stop}"
                )),
                "`c` runs until an instant: drop `shorter`",
                &[],
            ),
        ],
    );
}

#[test]
fn w09_clocks_remind_while_they_run_at_both_ends_of_their_bounds() {
    let stop = "on_expiry = [{ event = 'stop' }]";
    each_breaks(
        Rule::W09,
        &[
            (
                "a reminder behind the end",
                with_clock(&format!("within = '5 days', remind = ['5 days'], {stop}")),
                "`c` reminds 5 days after entry, which may lie outside its 5 days",
                &[],
            ),
            (
                "a reminder behind the end of the shortest clock",
                with_clock(&format!(
                    "within = '9 days', remind = ['-3 days'], bounds = ['2 days', '9 days'], {stop}"
                )),
                "`c` reminds 3 days before the end, which may lie outside its 2 days",
                &[],
            ),
            (
                "a reminder in working days, which may take longer",
                with_clock(&format!("within = '6 days', remind = ['5 working days'], {stop}")),
                "reminds 5 working days after entry",
                &[],
            ),
            (
                "a span outside its bounds",
                with_clock(&format!("within = '9 days', bounds = ['2 days', '8 days'], {stop}")),
                "does not lie in its bounds from 2 days to 8 days",
                &[],
            ),
            (
                "bounds in two units",
                with_clock(&format!("within = '9 days', bounds = ['2 hours', '8 days'], {stop}")),
                "the bounds of `c` count in different units",
                &[],
            ),
            (
                "bounds of an instant",
                with_clock(&format!("until = 'call.closes_at', bounds = ['2 days', '8 days'], {stop}")),
                "`c` runs until an instant, which has no bounds",
                &[],
            ),
        ],
    );
}

#[test]
fn w09_an_event_of_a_clock_is_legal_wherever_its_state_was_entered_from() {
    let sketch = Sketch::unwatched()
        .state("draft", "clocks = [{ id = 'end', within = '9 days', on_expiry = [{ event = 'stop' }] }]")
        .state("sent", "clocks = [{ id = 'end', within = '9 days', on_expiry = [{ event = 'stop' }] }]")
        .state(
            "pause",
            "remember = true\nclocks = [{ id = 'c', within = '1 day', on_expiry = [{ event = 'resume' }] }, { id = 'd', within = '2 days', on_expiry = [{ event = 'stop' }] }]",
        )
        .state("done", "kind = 'success'")
        .step("send", &["draft"], "sent", "")
        .step("pause", &["draft", "sent"], "pause", "")
        .step("resume", &["pause"], "@previous", "by = ['system']\ncame_from = ['draft']")
        .step("stop", &["draft", "sent", "pause"], "done", "by = ['system']");
    each_breaks(
        Rule::W09,
        &[(
            "an origin that was forgotten",
            sketch,
            "`c` fires `resume`, which the system may not fire here",
            &["send", "pause"],
        )],
    );
}
