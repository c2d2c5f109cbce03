//! For each rule about what a definition owes its people: small definitions that break exactly it.

mod clocks;
mod duties;
mod guards;
mod slices;
mod told;
mod ways;

use sojourn_engine::definition::{Rule, Severity};

use crate::sketch::Sketch;

/// What is broken, the definition, what the finding says, the events that show it.
type Broken<'a> = (&'a str, Sketch, &'a str, &'a [&'a str]);

/// Each of the definitions breaks this rule and no other.
#[track_caller]
fn each_breaks(rule: Rule, broken: &[Broken<'_>]) {
    for (what, sketch, says, shown_by) in broken {
        let findings = sketch.check();
        let [finding] = &findings[..] else { panic!("{what}: {findings:#?}\n{}", sketch.source()) };
        assert_eq!((finding.rule, finding.severity), (rule, Severity::Error), "{what}: {finding}");
        assert!(finding.message.contains(says), "{what}: {finding}");
        assert_eq!(&finding.counter_example, shown_by, "{what}: {finding}");
    }
}

#[track_caller]
fn sound(sketch: &Sketch) {
    let findings = sketch.check();
    assert!(findings.is_empty(), "{findings:#?}\n{}", sketch.source());
}
