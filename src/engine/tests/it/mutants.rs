//! The checker on trial: every small change of a shipped definition is refused by the loader or a rule, caught by the definition's
//! scenario file, or changes nothing that a case could ever show.

mod moves;
mod relation;
mod sites;
mod standing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use rand::seq::SliceRandom;
use sojourn_engine::definition::{Definition, Finding, Rule, scenarios};
use toml::Table;

use crate::counts::count;
use crate::measured::measured;
use crate::shipped::SHIPPED;
use sites::Site;

const SEED: u64 = 20_270_201;

type Operator = (&'static str, fn(&Table) -> Vec<Site>);

const OPERATORS: [Operator; 36] = [
    ("drop a transition or join", moves::drop_move),
    ("redirect a transition", moves::redirect),
    ("widen `from`", moves::widen_from),
    ("narrow `from`", moves::narrow_from),
    ("drop a role that may act", moves::drop_role),
    ("swap a role that may act", moves::swap_role),
    ("add a role that may act", moves::add_role),
    ("drop a guard", moves::drop_guard),
    ("drop the condition of a join or effect", moves::drop_condition),
    ("swap the priority of joins", moves::swap_priority),
    ("drop a required document", moves::drop_document),
    ("change a reason", moves::change_reason),
    ("change an input field", moves::change_input),
    ("drop a place effect", moves::drop_effect),
    ("change a place effect", moves::change_effect),
    ("drop a notice", moves::drop_notice),
    ("send another notice", moves::swap_notice),
    ("change who is told", moves::change_addressee),
    ("drop a mark", moves::drop_mark),
    ("add a mark", moves::add_mark),
    ("remove a clock", standing::drop_clock),
    ("remove a reminder", standing::drop_reminder),
    ("remove an expiry", standing::drop_expiry),
    ("change an expiry", standing::change_expiry),
    ("change a span beyond its bounds", standing::change_span),
    ("drop the bounds of a clock", standing::drop_bounds),
    ("change who is waited for", standing::change_waiting),
    ("drop a mark of a state", standing::drop_state_mark),
    ("swap success and failure", standing::swap_end),
    ("change the phase of a state", standing::change_phase),
    ("add a dead state", standing::add_dead_state),
    ("drop a text of a language", standing::drop_text),
    ("drop a separation", standing::drop_separation),
    ("drop the switch of an account", standing::drop_switch),
    ("drop an invariant", standing::drop_invariant),
    ("rename a fact", standing::rename_fact),
];

/// A shipped definition with what is said of it unchanged.
struct Subject {
    name: &'static str,
    document: Table,
    scenarios: &'static str,
    known: BTreeSet<String>,
    rows: BTreeSet<String>,
}

impl Subject {
    fn of((name, source, scenarios): (&'static str, &'static str, &'static str)) -> Self {
        let document: Table = source.parse().unwrap();
        let definition = Definition::parse(&toml::to_string(&document).unwrap()).unwrap();
        let told = scenarios::run(scenarios, &definition);
        assert!(told.is_empty(), "{name} does otherwise already: {told:#?}");
        let known = definition.check().iter().map(said).collect();
        Self { name, document, scenarios, known, rows: relation::rows(&definition) }
    }
}

fn said(finding: &Finding) -> String {
    format!("{:?} {}", finding.rule, finding.message)
}

/// What became of one mutant.
enum Fate {
    Refused(BTreeSet<Rule>),
    Caught,
    Equivalent,
    Missed,
}

fn fate(subject: &Subject, site: &Site) -> Fate {
    let source = toml::to_string(&site.mutant(&subject.document)).unwrap();
    let definition = match Definition::parse(&source) {
        Ok(definition) => definition,
        Err(findings) => return Fate::Refused(findings.iter().map(|finding| finding.rule).collect()),
    };
    let found = definition.check();
    let new: BTreeSet<Rule> = found
        .iter()
        .filter(|finding| !subject.known.contains(&said(finding)))
        .map(|finding| finding.rule)
        .collect();
    if !new.is_empty() {
        return Fate::Refused(new);
    }
    if !scenarios::run(subject.scenarios, &definition).is_empty() {
        return Fate::Caught;
    }
    if relation::rows(&definition) == subject.rows { Fate::Equivalent } else { Fate::Missed }
}

#[derive(Default)]
struct Tally {
    sites: usize,
    mutants: u64,
    refused: u64,
    caught: u64,
    equivalent: u64,
    missed: Vec<String>,
    /// Per rule: mutants it found, and those that it alone found.
    rules: BTreeMap<Rule, (u64, u64)>,
}

impl Tally {
    fn add(&mut self, fate: Fate, what: impl FnOnce() -> String) {
        self.mutants += 1;
        match fate {
            Fate::Refused(rules) => {
                self.refused += 1;
                let alone = u64::from(rules.len() == 1);
                for rule in rules {
                    let (found, only) = self.rules.entry(rule).or_default();
                    *found += 1;
                    *only += alone;
                }
            }
            Fate::Caught => self.caught += 1,
            Fate::Equivalent => self.equivalent += 1,
            Fate::Missed => self.missed.push(what()),
        }
    }
}

/// The mutants of one operator over all definitions: so many, chosen by the seed, or every one where there are fewer.
fn trial(subjects: &[Subject], (name, sites): Operator, most: usize) -> Tally {
    let mut all: Vec<(&Subject, Site)> = subjects
        .iter()
        .flat_map(|subject| sites(&subject.document).into_iter().map(move |site| (subject, site)))
        .collect();
    let mut tally = Tally { sites: all.len(), ..Tally::default() };
    all.shuffle(&mut ChaCha12Rng::seed_from_u64(SEED));
    for (subject, site) in all.iter().take(most) {
        tally.add(fate(subject, site), || format!("{}: {name}: {}", subject.name, site.what));
    }
    tally
}

/// Runs every operator, as many at a time as there are processors.
fn trials(subjects: &[Subject], most: usize) -> Vec<Tally> {
    let next = AtomicUsize::new(0);
    let tallies: Mutex<BTreeMap<usize, Tally>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(operator) = OPERATORS.get(at) else { break };
                    let tally = trial(subjects, *operator, most);
                    tallies.lock().unwrap().insert(at, tally);
                }
            });
        }
    });
    tallies.into_inner().unwrap().into_values().collect()
}

#[test]
fn every_change_of_a_shipped_definition_is_found_by_a_rule_or_by_its_scenarios() {
    let subjects: Vec<Subject> = SHIPPED.into_iter().map(Subject::of).collect();
    let most = usize::try_from(count("mutants_per_operator")).unwrap();
    let tallies = trials(&subjects, most);
    let mut rules: BTreeMap<Rule, (u64, u64)> = BTreeMap::new();
    for ((name, _), tally) in OPERATORS.iter().zip(&tallies) {
        let Tally { sites, mutants, refused, caught, equivalent, missed, .. } = tally;
        let result = format!(
            "{refused} by a rule, {caught} by scenarios, {equivalent} equivalent, {} missed, of {sites} sites",
            missed.len()
        );
        measured(&format!("mutants: {name}"), *mutants, SEED, result);
        for (rule, (found, only)) in &tally.rules {
            let sum = rules.entry(*rule).or_default();
            *sum = (sum.0 + found, sum.1 + only);
        }
    }
    let total = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    for (rule, (found, only)) in rules {
        measured(&format!("mutants found by {rule:?}"), found, SEED, format!("{only} by no other rule"));
    }
    let (mutants, caught) = (total(|tally| tally.mutants), total(|tally| tally.caught));
    measured("mutants found by scenarios alone", caught, SEED, format!("of {mutants}"));
    let missed: Vec<&str> = tallies.iter().flat_map(|tally| &tally.missed).map(String::as_str).collect();
    let faulty = mutants - total(|tally| tally.equivalent);
    measured(
        "mutants found",
        faulty - missed.len() as u64,
        SEED,
        format!("of {faulty} that are none the same"),
    );
    assert!(missed.is_empty(), "{} mutants were missed:\n{}", missed.len(), missed.join("\n"));
}
