//! W13: what may never be so is so in no combination a case can rest in.
//!
//! An invariant speaks of where machines stand, of tracks the call asks for, and of facts that are true or false. These stand
//! still while a case runs: the slice of the machines it names is walked once for each way they can be.

use super::super::{Finding, Invariant, Rule};
use super::slices;
use super::walked::Walked;
use crate::guard::Verdict;

pub(super) fn findings(walked: &mut Walked<'_>) -> Vec<Finding> {
    let definition = walked.definition;
    definition.invariants.iter().filter_map(|invariant| proven(walked, invariant)).collect()
}

fn proven(walked: &mut Walked<'_>, invariant: &Invariant) -> Option<Finding> {
    let wrong = |message: String| Finding::error(Rule::W13, invariant.place, message);
    let unproven = |why: &str| {
        wrong(format!(
            "`{}` cannot be proven: {why}; an invariant names states, tracks of the call, and facts that are true or false",
            invariant.name
        ))
    };
    let slices = match slices::of_invariant(walked.definition, &invariant.never) {
        Ok(slices) => slices,
        Err(why) => return Some(unproven(&why)),
    };
    for slice in slices {
        let space = match walked.explore(&slice) {
            Ok(space) => space,
            Err(too_large) => return Some(too_large),
        };
        for node in (0..space.len()).filter(|node| space.rests(*node)) {
            match space.judge(node, &invariant.never) {
                Verdict::False => {}
                Verdict::Unknown => {
                    return Some(unproven("what it asks is not known where the machines stand"));
                }
                Verdict::True => {
                    let message = format!(
                        "`{}` is broken in `{}`: guard the way there, or mend the invariant",
                        invariant.name,
                        space.state(node).name
                    );
                    return Some(space.named(wrong(message).shown_by(space.path(node))));
                }
            }
        }
    }
    None
}
