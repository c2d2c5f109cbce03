//! W10, second half, and the names that guards ask for.

use sojourn_engine::definition::{Rule, Severity};

use super::{each_breaks, sound};
use crate::sketch::Sketch;

fn guarded(guard: &str) -> Sketch {
    Sketch::new()
        .state("draft", "")
        .state("sent", "")
        .state("done", "kind = 'success'")
        .step("send", &["draft"], "sent", "")
        .step("skip", &["draft", "sent"], "done", "")
        .step(
            "finish",
            &["draft", "sent"],
            "done",
            &format!("input = {{ n = 'int(0..9)' }}\nrequire = [{{ that = \"{guard}\", else = 'no' }}]"),
        )
        .with("[messages]\nno = { en = 'No.' }")
}

#[test]
fn guards_that_decide_something_give_no_finding() {
    for guard in [
        "student.credits >= 60",
        "now < call.closes_at - duration('30d')",
        "!has(application.score) || application.score > 12.5",
        "student.languages.exists(l, l in ['de:B2', 'de:C1'])",
        "size(student.languages) >= 3",
        "stay.end_on - stay.start_on >= duration('90d')",
        "input.n != 0 && 12 / input.n > 2",
        "student.field.startsWith('06')",
        "main == 'sent'",
        "student.year % 2 == 1",
    ] {
        sound(&guarded(guard));
    }
}

#[test]
fn w10_a_guard_without_result_on_known_facts_is_an_error() {
    each_breaks(
        Rule::W10,
        &[
            ("a division", guarded("12 / input.n > 2"), "has no result with input.n = 0", &[]),
            (
                "a remainder",
                guarded("student.credits > 3 && 12 % student.year == 0"),
                "student.year = 0",
                &[],
            ),
            (
                "a date moved by hours",
                guarded("stay.end_on + (now - call.closes_at) > stay.start_on"),
                "has no result with",
                &[],
            ),
        ],
    );
}

#[test]
fn w10_a_guard_that_decides_nothing_is_a_warning() {
    for (guard, says) in [
        ("student.year > 2 || student.year <= 2", "holds whatever the facts are"),
        ("student.year > 2 && student.year < 2", "never holds"),
        ("main == 'done'", "never holds"),
        ("size(student.field) < 0", "never holds"),
        ("call.closes_at == call.closes_at", "holds whatever the facts are"),
    ] {
        let findings = guarded(guard).check();
        let [finding] = &findings[..] else { panic!("{guard}: {findings:#?}") };
        assert_eq!((finding.rule, finding.severity), (Rule::W10, Severity::Warning), "{finding}");
        assert!(finding.message.contains(says), "{finding}");
    }
}

#[test]
fn w01_a_state_that_a_guard_names_is_declared() {
    for (guard, says) in [
        (
            "main == 'sents' || student.year > 2",
            "the state `sents`, which is not declared; did you mean `sent`?",
        ),
        ("main in ['sent', 'nowhere'] || student.year > 2", "the state `nowhere`"),
        ("'visa' in call.tracks || student.year > 2", "the track `visa`"),
        ("call.tracks.exists(t, t == 'visa') || student.year > 2", "the track `visa`"),
    ] {
        let findings = guarded(guard).check();
        let found = findings.iter().find(|finding| finding.rule == Rule::W01);
        assert!(found.is_some_and(|finding| finding.message.contains(says)), "{guard}: {findings:#?}");
    }
}
