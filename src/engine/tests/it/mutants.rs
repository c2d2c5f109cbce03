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
use crate::shipped::{Shipped, shipped};
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
    name: String,
    document: Table,
    scenarios: String,
    known: BTreeSet<String>,
    rows: BTreeSet<String>,
}

impl Subject {
    fn of(Shipped { name, source, scenarios }: Shipped) -> Self {
        let document: Table = source.parse().unwrap();
        let definition = Definition::parse(&toml::to_string(&document).unwrap()).unwrap();
        let told = scenarios::run(&scenarios, &definition);
        assert!(told.is_empty(), "{name} does otherwise already: {told:#?}");
        let known = definition.check().iter().map(said).collect();
        Self { name, document, scenarios, known, rows: relation::rows(&definition) }
    }
}

fn said(finding: &Finding) -> String {
    format!("{:?} {}", finding.rule, finding.message)
}

/// What found one mutant.
struct Fate {
    /// Rules, those of the loader among them; none when they were not asked.
    rules: BTreeSet<Rule>,
    scenarios: bool,
    equivalent: bool,
}

/// Tries a mutant by its scenarios, and by the rules when those find nothing or `all` must be known.
fn fate(subject: &Subject, site: &Site, all: bool) -> Fate {
    let source = toml::to_string(&site.mutant(&subject.document)).unwrap();
    let mut fate = Fate { rules: BTreeSet::new(), scenarios: false, equivalent: false };
    let definition = match Definition::parse(&source) {
        Ok(definition) => definition,
        Err(findings) => {
            fate.rules.extend(findings.iter().map(|finding| finding.rule));
            return fate;
        }
    };
    fate.scenarios = !scenarios::run(&subject.scenarios, &definition).is_empty();
    if all || !fate.scenarios {
        let found = definition.check();
        let new = found.iter().filter(|finding| !subject.known.contains(&said(finding)));
        fate.rules.extend(new.map(|finding| finding.rule));
    }
    fate.equivalent = !fate.scenarios && fate.rules.is_empty() && relation::rows(&definition) == subject.rows;
    fate
}

#[derive(Default)]
struct Tally {
    sites: usize,
    mutants: u64,
    by_rules: u64,
    by_scenarios: u64,
    by_scenarios_alone: u64,
    equivalent: u64,
    missed: Vec<String>,
    /// Per rule: mutants it found, and those that nothing else found.
    rules: BTreeMap<Rule, (u64, u64)>,
}

impl Tally {
    fn add(&mut self, fate: &Fate, what: impl FnOnce() -> String) {
        self.mutants += 1;
        self.by_rules += u64::from(!fate.rules.is_empty());
        self.by_scenarios += u64::from(fate.scenarios);
        self.by_scenarios_alone += u64::from(fate.scenarios && fate.rules.is_empty());
        self.equivalent += u64::from(fate.equivalent);
        let alone = u64::from(fate.rules.len() == 1 && !fate.scenarios);
        for rule in &fate.rules {
            let (found, only) = self.rules.entry(*rule).or_default();
            *found += 1;
            *only += alone;
        }
        if fate.rules.is_empty() && !fate.scenarios && !fate.equivalent {
            self.missed.push(what());
        }
    }
}

/// Changes of every definition in turn, each definition's own in an order that the seed decides.
fn drawn(subjects: &[Subject], sites: fn(&Table) -> Vec<Site>) -> Vec<(&Subject, Site)> {
    let mut random = ChaCha12Rng::seed_from_u64(SEED);
    let mut own = |subject: &Subject| {
        let mut sites = sites(&subject.document);
        sites.shuffle(&mut random);
        sites.into_iter()
    };
    let mut all: Vec<_> = subjects.iter().map(|subject| (subject, own(subject))).collect();
    let mut drawn = Vec::new();
    while !all.is_empty() {
        all.retain_mut(|(subject, sites)| {
            let next = sites.next();
            drawn.extend(next.map(|site| (*subject, site)));
            sites.len() > 0
        });
        all.shuffle(&mut random);
    }
    drawn
}

/// The mutants of one operator over all definitions: so many, of each in turn, or every one where there are fewer.
fn trial(subjects: &[Subject], (name, sites): Operator, most: usize, asked: usize) -> Tally {
    let all = drawn(subjects, sites);
    let mut tally = Tally { sites: all.len(), ..Tally::default() };
    for (nth, (subject, site)) in all.iter().take(most).enumerate() {
        let fate = fate(subject, site, nth < asked);
        tally.add(&fate, || format!("{}: {name}: {}", subject.name, site.what));
    }
    tally
}

/// Runs every operator, as many at a time as there are processors.
fn trials(subjects: &[Subject], most: usize, asked: usize) -> Vec<Tally> {
    let next = AtomicUsize::new(0);
    let tallies: Mutex<BTreeMap<usize, Tally>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(operator) = OPERATORS.get(at) else { break };
                    let tally = trial(subjects, *operator, most, asked);
                    tallies.lock().unwrap().insert(at, tally);
                }
            });
        }
    });
    tallies.into_inner().unwrap().into_values().collect()
}

#[test]
fn every_change_of_a_shipped_definition_is_found_by_a_rule_or_by_its_scenarios() {
    let subjects: Vec<Subject> = shipped().into_iter().map(Subject::of).collect();
    let number = |name| usize::try_from(count(name)).unwrap();
    let asked = number("mutants_tried_by_rules");
    let tallies = trials(&subjects, number("mutants_per_operator"), asked);
    for ((name, _), tally) in OPERATORS.iter().zip(&tallies) {
        let Tally { by_rules, by_scenarios, equivalent, missed, sites, .. } = tally;
        let result = format!(
            "{by_rules} found by rules, {by_scenarios} by scenarios, {equivalent} equivalent, {} missed, of {sites} sites",
            missed.len()
        );
        measured(&format!("mutants: {name}"), tally.mutants, SEED, result);
    }
    let total = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    let faulty = total(|tally| tally.mutants - tally.equivalent);
    for (rule, (found, only)) in by_rule(&tallies) {
        let share = found * 1000 / total(|tally| tally.mutants);
        let result = format!("{}.{} % of all, {only} by nothing else", share / 10, share % 10);
        measured(&format!("mutants found by {rule:?}"), found, SEED, result);
    }
    let alone = total(|tally| tally.by_scenarios_alone);
    let found = total(|tally| tally.by_scenarios);
    measured("mutants found by scenarios", found, SEED, format!("{alone} by no rule"));
    let missed: Vec<&str> = tallies.iter().flat_map(|tally| &tally.missed).map(String::as_str).collect();
    let found = faulty - missed.len() as u64;
    measured("mutants found", found, SEED, format!("of {faulty} that do otherwise"));
    assert!(missed.is_empty(), "{} mutants were missed:\n{}", missed.len(), missed.join("\n"));
}

fn by_rule(tallies: &[Tally]) -> BTreeMap<Rule, (u64, u64)> {
    let mut sums: BTreeMap<Rule, (u64, u64)> = BTreeMap::new();
    for (rule, (found, only)) in tallies.iter().flat_map(|tally| &tally.rules) {
        let sum = sums.entry(*rule).or_default();
        *sum = (sum.0 + found, sum.1 + only);
    }
    sums
}
