//! The checker: a definition is proven before any case runs on it.
//!
//! Rules about one declaration read the tables ([`names`], [`texts`]). Rules about what happens over time walk the [`Space`]:
//! every combination of state, remembered origins, accounts and spent events that any order of events can reach. Guards are
//! free there, so "never" is a proof and "can be reached" is optimistic. To add a rule: a variant of
//! [`Rule`], one file here that returns its findings, one line in [`Definition::check`], one definition in the tests that
//! breaks exactly it.

mod afresh;
mod combinations;
mod determinate;
mod embrace;
mod exits;
mod invariants;
mod judged;
mod known;
mod leave;
mod ledger;
mod loops;
mod names;
mod places;
mod reach;
mod samples;
mod separated;
mod sight;
mod slices;
mod space;
mod spot;
mod surprise;
mod table;
mod texts;
mod times;
mod told;
mod walk;
mod walked;

use std::collections::BTreeSet;

use serde::Serialize;

use super::{AccountIx, Definition, Finding, MachineIx, Place, Rule, Severity};
pub use combinations::Combinations;
use reach::Reached;
use slices::Slice;
use space::Space;
pub use walked::SliceSize;
use walked::Walked;

/// Most combinations of one slice the checker walks before it calls a definition too large to prove.
pub const MOST_NODES: usize = 1_000_000;
/// Most accounts that can be switched off: each doubles the combinations.
const MOST_OPTIONAL: usize = 10;
/// Most different conditions on the effects of one transition: each doubles its outcomes.
const MOST_CONDITIONS: usize = 8;
/// Most states that remember where they were entered from: what one remembers multiplies with what the others do.
const MOST_REMEMBERING: usize = 16;
/// Most events that may happen only once.
const MOST_ONCE: usize = 64;

/// What no finding of the checker is a proof of.
pub const UNPROVEN: [&str; 8] = [
    "Guards over facts are left open: \"never\" is proven, \"can be reached\" is optimistic.",
    "Facts are taken one by one: two guards that exclude each other by what their facts mean are both let pass.",
    "Whether a home or a host has somebody for a duty: only the system and the secretariat always act.",
    "Tracks that no transition and no invariant names together are walked apart: what one of them rules out for another is not seen.",
    "Of a track with several instances it is known which states are inhabited, not by how many.",
    "An event that collects its roles is one event, and the versions of a track are one.",
    "That guards decide something is tried on samples; that they have a result, likewise, and below 10^9.",
    "What ought to be asked and is not: a missing guard, a role too many, a separation too few. Scenarios show these.",
];

/// What the checker found, and what it walked to find it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Examination {
    /// Every rule that does not hold, in the order of the file.
    pub findings: Vec<Finding>,
    /// Every slice that was walked.
    pub slices: Vec<SliceSize>,
}

impl Definition {
    /// Proves all rules, and says in the order of the file where they do not hold.
    ///
    /// Each finding about the course of a case carries the shortest list of events that shows it.
    pub fn check(&self) -> Vec<Finding> {
        self.examine().findings
    }

    /// Proves all rules, and says besides which slices were walked.
    pub fn examine(&self) -> Examination {
        self.examine_within(MOST_NODES)
    }

    /// Finds notices without a text in some language of the definition, W07; `has` knows the texts by language and notice.
    pub fn untold(&self, has: &dyn Fn(&str, &str) -> bool) -> Vec<Finding> {
        told::without_text(self, has)
    }

    fn examine_within(&self, most: usize) -> Examination {
        let mut findings = names::findings(self);
        findings.extend(texts::findings(self));
        findings.extend(exits::of_declarations(self));
        findings.extend(times::of_declarations(self));
        findings.extend(judged::unknown_names(self));
        findings.extend(judged::findings(self));
        findings.extend(reach::forgotten(self));
        findings.extend(told::of_tracks(self));
        findings.extend(surprise::of_tracks(self));
        let mut walked = Walked::new(self, most);
        match self.provable() {
            Ok(optional) => findings.extend(over_time(&mut walked, &optional)),
            Err(too_large) => {
                findings.extend(determinate::findings(self, None));
                findings.push(too_large);
            }
        }
        findings.sort_by_key(|finding| (finding.place, finding.rule));
        Examination { findings, slices: walked.sizes }
    }

    /// The accounts that can be switched off, or what has too many sides to be walked at all.
    fn provable(&self) -> Result<Vec<AccountIx>, Finding> {
        let accounts = (0..).map(AccountIx).zip(&self.accounts);
        let optional: Vec<_> =
            accounts.filter(|(_, account)| account.enabled.is_some()).map(|(ix, _)| ix).collect();
        if optional.len() > MOST_OPTIONAL {
            let count = optional.len();
            return Err(too_large(&format!("{count} accounts have `enabled`: at most {MOST_OPTIONAL} may")));
        }
        let once = space::spendable(self).len();
        if once > MOST_ONCE {
            return Err(too_large(&format!("{once} events have `once`: at most {MOST_ONCE} may")));
        }
        let remembering = self.states.iter().filter(|state| state.remember).count();
        if remembering > MOST_REMEMBERING {
            return Err(too_large(&format!(
                "{remembering} states have `remember`: at most {MOST_REMEMBERING} may"
            )));
        }
        let states = |machine: MachineIx| self.states_of(machine).count();
        if let Some((_, track)) = self.machines().find(|(machine, _)| states(*machine) > spot::MOST_STATES) {
            let message = format!("a track may have at most {} states", spot::MOST_STATES);
            return Err(Finding { place: track.place, ..too_large(&message) });
        }
        match self
            .transitions
            .iter()
            .find(|transition| places::conditions(transition).len() > MOST_CONDITIONS)
        {
            Some(crowded) => Err(Finding {
                place: crowded.place,
                ..too_large(&format!(
                    "the effects of this transition have more than {MOST_CONDITIONS} different conditions: split it into \
                     several events"
                ))
            }),
            None => Ok(optional),
        }
    }
}

/// Findings over all slices; one that stands already in an earlier slice is not repeated.
fn over_time(walked: &mut Walked<'_>, optional: &[AccountIx]) -> Vec<Finding> {
    let definition = walked.definition;
    let mut slices = main_slices(optional);
    slices.extend(slices::with_tracks(definition));
    let mut reached = Reached::default();
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for (at, slice) in slices.iter().enumerate() {
        let space = match walked.explore(slice) {
            Ok(space) => space,
            Err(too_large) => {
                if at == 0 {
                    findings.extend(determinate::findings(definition, None));
                }
                findings.push(too_large);
                // Of the main machine too many combinations are too many with anything beside it.
                if slice.accounts {
                    return findings;
                }
                continue;
            }
        };
        let mut found = if at == 0 { of_main(&space) } else { Vec::new() };
        found.extend(of_slice(&space));
        reached.note(&space);
        found.retain(|finding| seen.insert((finding.place, finding.rule, finding.message.clone())));
        findings.extend(found.into_iter().map(|finding| space.named(finding)));
    }
    findings.extend(reached.missed(definition));
    findings.extend(reached.idle_joins(definition));
    findings.extend(invariants::findings(walked));
    findings
}

/// One slice of the main machine for each way the optional accounts can be switched, all on first.
fn main_slices(optional: &[AccountIx]) -> Vec<Slice> {
    let off = |choice: usize| {
        optional
            .iter()
            .enumerate()
            .filter(move |(bit, _)| choice >> bit & 1 == 1)
            .map(|(_, ix)| *ix)
            .collect()
    };
    (0..1_usize << optional.len()).map(|choice| Slice::main(off(choice))).collect()
}

/// Rules about the main machine that accounts and tracks have no part in.
fn of_main(space: &Space<'_>) -> Vec<Finding> {
    let mut findings = determinate::findings(space.definition, Some(space));
    findings.extend(separated::findings(space));
    findings.extend(sight::findings(space));
    findings.extend(told::findings(space));
    findings.extend(times::findings(space));
    findings.extend(surprise::findings(space));
    findings.extend(leave::findings(space));
    findings.extend(afresh::findings(space));
    findings
}

/// Rules about every combination.
fn of_slice(space: &Space<'_>) -> Vec<Finding> {
    let mut findings = exits::findings(space);
    findings.extend(embrace::findings(space));
    findings.extend(loops::findings(space));
    if space.counts {
        findings.extend(reach::empty_registers(space));
        findings.extend(places::findings(space));
    }
    findings
}

/// Reads a definition and proves it: the only way one comes into use.
///
/// # Errors
/// Every mistake of form, or every rule of severity error that does not hold.
///
/// # Examples
/// ```
/// use sojourn_engine::definition::check::prove;
///
/// let findings = prove("id = 'tiny'").unwrap_err();
/// assert!(findings.iter().any(|finding| finding.message.contains("`states` is missing")));
/// ```
pub fn prove(source: &str) -> Result<Definition, Vec<Finding>> {
    let definition = Definition::parse(source)?;
    let errors: Vec<Finding> =
        definition.check().into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    if errors.is_empty() { Ok(definition) } else { Err(errors) }
}

fn too_large(why: &str) -> Finding {
    Finding::error(Rule::W00, Place { line: 1, column: 1 }, format!("too large to prove: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWITCHES: &str = "
        id = 'switches'
        subject = 'application'
        initial = 'draft'
        languages = ['en']
        create.by = ['system']
        roles.system = { is = 'system', label.en = 'System' }
        events = { a = { label.en = 'A' }, b = { label.en = 'B' }, end = { label.en = 'End' } }
        transitions = [
            { event = 'a', from = ['draft'], to = '@same', by = ['system'], once = true },
            { event = 'b', from = ['draft'], to = '@same', by = ['system'], once = true },
            { event = 'end', from = ['draft'], to = 'done', by = ['system'] },
        ]
        [states.draft]
        phase = 'application'
        label.en = 'Draft'
        now.en = 'Soon.'
        clocks = [{ id = 'end', within = '1 day', on_expiry = [{ event = 'end' }] }]
        [states.done]
        phase = 'closed'
        kind = 'success'
        label.en = 'Done'
        now.en = 'Over.'
    ";

    #[test]
    fn what_has_more_combinations_than_may_be_walked_is_too_large_to_prove() {
        let definition = Definition::parse(SWITCHES).unwrap();
        // Each of two events has happened or not, in two states.
        assert_eq!(definition.examine_within(8).slices[0].states, 8);
        let findings = definition.examine_within(7).findings;
        let findings: Vec<_> = findings.iter().filter(|finding| finding.rule == Rule::W00).collect();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].rule, Rule::W00);
        assert!(findings[0].message.contains("more than 7 combinations"), "{}", findings[0]);
    }

    /// Two tracks of three states that one join names together.
    fn with_tracks() -> String {
        let track = |name: &str| {
            let states = ["a", "b", "c"]
                .map(|state| format!("[tracks.{name}.states.{state}]\nlabel.en = 'S'\nnow.en = 'Now.'\n"));
            let turns = [("a", "b"), ("b", "c"), ("c", "a")].map(|(from, to)| {
                format!("[[tracks.{name}.transitions]]\nevent = 'b'\nfrom = ['{from}']\nto = '{to}'\nby = ['system']\n")
            });
            let head = format!("[tracks.{name}]\nlabel.en = 'T'\nphase = 'application'\ninitial = 'a'\n");
            head + &states.concat() + &turns.concat()
        };
        let join = "[[joins]]\nevent = 'end'\nfrom = ['draft']\nto = 'done'\nwhen = \"track.one.state == 'c' && track.two.state == 'c'\"\n";
        [SWITCHES, &track("one"), &track("two"), join].concat().replace("once = true", "once = false")
    }

    #[test]
    fn tracks_are_walked_alone_and_together_where_one_guard_names_them() {
        let definition = Definition::parse(&with_tracks()).unwrap();
        let examined = definition.examine_within(20);
        let sizes: Vec<_> =
            examined.slices.iter().map(|slice| (slice.tracks.join("+"), slice.states)).collect();
        // With both in `c` the join fires at once.
        let expected = [("", 2), ("one", 6), ("two", 6), ("one+two", 18)]
            .map(|(tracks, states)| (tracks.to_owned(), states));
        assert_eq!(sizes, expected);
        let findings = definition.examine_within(17).findings;
        let said: Vec<_> = findings.iter().filter(|finding| finding.rule == Rule::W00).collect();
        assert!(
            said.len() == 1 && said[0].message.contains("the main machine with one, two"),
            "{findings:#?}"
        );
    }
}
