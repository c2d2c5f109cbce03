//! The checker: a definition is proven before any case runs on it.
//!
//! Rules about one declaration read the tables ([`names`], [`texts`]). Rules about what happens over time walk the [`Space`]:
//! every combination of state, remembered origins, accounts and spent events that any order of events can reach. Guards are
//! free there, so "never" is a proof and "can be reached" is optimistic. To add a rule: a variant of
//! [`Rule`], one file here that returns its findings, one line in [`Definition::check`], one definition in the tests that
//! breaks exactly it.

mod determinate;
mod embrace;
mod exits;
mod judged;
mod leave;
mod ledger;
mod names;
mod places;
mod reach;
mod samples;
mod separated;
mod sight;
mod space;
mod surprise;
mod table;
mod texts;
mod times;
mod told;

use std::collections::BTreeSet;

use super::{AccountIx, Definition, Finding, Place, Rule, Severity};
use space::Space;

/// Most combinations the checker walks before it calls a definition too large to prove.
pub const MOST_NODES: usize = 1_000_000;
/// Most accounts that can be switched off: each doubles the combinations.
const MOST_OPTIONAL: usize = 10;
/// Most different conditions on the effects of one transition: each doubles its outcomes.
const MOST_CONDITIONS: usize = 8;
/// Most events that may happen only once.
const MOST_ONCE: usize = 64;

impl Definition {
    /// Proves rules W00 to W05 and W12, and says in the order of the file where they do not hold.
    ///
    /// Each finding about the course of a case carries the shortest list of events that shows it.
    pub fn check(&self) -> Vec<Finding> {
        self.check_within(MOST_NODES)
    }

    fn check_within(&self, most: usize) -> Vec<Finding> {
        let mut findings = names::findings(self);
        findings.extend(texts::findings(self));
        findings.extend(exits::of_declarations(self));
        findings.extend(times::of_declarations(self));
        findings.extend(judged::unknown_names(self));
        findings.extend(judged::findings(self));
        findings.extend(reach::forgotten(self));
        match self.spaces(most) {
            Ok(spaces) => {
                findings.extend(determinate::findings(self, spaces.first()));
                findings.extend(over_time(self, &spaces));
            }
            Err(too_large) => {
                findings.extend(determinate::findings(self, None));
                findings.push(too_large);
            }
        }
        findings.sort_by_key(|finding| (finding.place, finding.rule));
        findings
    }

    /// One space for each way the optional accounts can be switched, all on first.
    fn spaces(&self, most: usize) -> Result<Vec<Space<'_>>, Finding> {
        let optional = self.provable()?;
        let mut left = most;
        let mut spaces = Vec::new();
        for choice in 0..1_usize << optional.len() {
            let off =
                optional.iter().enumerate().filter(|(bit, _)| choice >> bit & 1 == 1).map(|(_, ix)| *ix);
            let space = Space::explore(self, off.collect(), left).ok_or_else(|| {
                too_large(&format!(
                    "more than {most} combinations of state, origins and accounts can be reached: use fewer states \
                     with `remember`, fewer accounts or fewer events with `once`"
                ))
            })?;
            left -= space.len();
            spaces.push(space);
        }
        Ok(spaces)
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

/// Findings over all spaces; one that stands already with every account on is not repeated.
fn over_time(definition: &Definition, spaces: &[Space<'_>]) -> Vec<Finding> {
    let mut findings = reach::unreached(definition, spaces);
    if let Some(all_on) = spaces.first() {
        findings.extend(separated::findings(all_on));
        findings.extend(sight::findings(all_on));
        findings.extend(told::findings(all_on));
        findings.extend(times::findings(all_on));
        findings.extend(embrace::findings(all_on));
        findings.extend(surprise::findings(all_on));
        findings.extend(leave::findings(all_on));
    }
    let mut seen = BTreeSet::new();
    for space in spaces {
        let mut found = reach::empty_registers(space);
        found.extend(exits::findings(space));
        found.extend(places::findings(space));
        found.retain(|finding| seen.insert((finding.place, finding.rule, finding.message.clone())));
        findings.extend(found.into_iter().map(|finding| space.named(finding)));
    }
    findings
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
        assert_eq!(definition.check_within(8), []);
        let findings = definition.check_within(7);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].rule, Rule::W00);
        assert!(findings[0].message.contains("more than 7 combinations"), "{}", findings[0]);
    }
}
