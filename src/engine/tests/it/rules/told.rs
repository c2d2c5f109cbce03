//! W07: whoever is waited for is told, and the applicant of every turn and every end.

use sojourn_engine::definition::Rule;

use super::{each_breaks, sound};
use crate::sketch::Sketch;

const SILENT: &str = "notify = []";

fn waits_for_the_office(send: &str) -> Sketch {
    Sketch::new()
        .state("draft", "")
        .state("sent", "waits_for = 'office'")
        .state("done", "kind = 'success'")
        .step("send", &["draft"], "sent", send)
        .step("finish", &["sent"], "done", "by = ['office']")
}

#[test]
fn nobody_need_be_told_of_what_they_did_alone() {
    sound(&waits_for_the_office("by = ['office']\nnotify = []"));
    sound(&waits_for_the_office("notify = [{ notice = 'told', to = ['@waits_for'] }]"));
    let system = Sketch::new()
        .state("draft", "")
        .state("sent", "waits_for = 'system'")
        .state("done", "kind = 'success'")
        .step("send", &["draft"], "sent", SILENT)
        .join("finish", &["sent"], "done", "when = 'call.eligible'");
    sound(&system);
}

#[test]
fn w07_whoever_is_waited_for_is_told() {
    each_breaks(
        Rule::W07,
        &[
            (
                "a state that waits for somebody else",
                waits_for_the_office(SILENT),
                "`sent` waits for `office`, whom `send` does not tell",
                &["send"],
            ),
            (
                "a step of several, of whom one is waited for",
                waits_for_the_office("by = ['office', 'student']\nnotify = []"),
                "whom `send` does not tell",
                &["send"],
            ),
            (
                "a way back to where somebody waits",
                waits_for_the_office("")
                    .state("pause", "remember = true")
                    .step("stop_it", &["sent"], "pause", "")
                    .step("go_on", &["pause"], "@previous", SILENT),
                "whom `go_on` does not tell",
                &["send", "stop_it", "go_on"],
            ),
            (
                "an event that collects",
                Sketch::new()
                    .state("draft", "")
                    .state("sent", "")
                    .state("done", "kind = 'success'")
                    .step("send", &["draft"], "sent", "notify = [{ notice = 'told', to = ['student'] }]")
                    .step("sign", &["sent"], "done", "by = ['student', 'office']\ncollect = 'all'"),
                "`sent` waits for `office`",
                &["send"],
            ),
        ],
    );
}

#[test]
fn w07_the_applicant_hears_of_every_turn_and_every_end() {
    let sketch = |phase: &str, send: &str, finish: &str| {
        Sketch::new()
            .state("draft", "")
            .state("sent", phase)
            .state("done", "kind = 'success'")
            .step("send", &["draft"], "sent", send)
            .step("finish", &["sent"], "done", finish)
    };
    sound(&sketch("", SILENT, ""));
    each_breaks(
        Rule::W07,
        &[
            (
                "a change of phase",
                sketch("phase = 'closed'", SILENT, ""),
                "`send` does not tell the applicant of the turn from recognition to closed",
                &["send"],
            ),
            (
                "an end they brought about themselves",
                sketch("", "", SILENT),
                "`finish` does not tell the applicant of the end in `done`",
                &["send", "finish"],
            ),
        ],
    );
}
