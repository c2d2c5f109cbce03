//! Verification: the record explains the present, step by step, or the first difference is named.
//!
//! For every case the hash chain is computed anew, its history folded and compared with the stored state, its postings with its
//! accounts, its notices with the steps that send them; for every line the postings with its numbers.

mod exported;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use serde::Serialize;
use sojourn_engine::adoption;
use sojourn_engine::definition::{
    Addressee, Definition, MAIN, MachineIx, Notify, Resolver, StateIx, Target, Transition,
};
use sojourn_engine::ids::{CaseId, WorkflowVersionId};
use sojourn_engine::machine::{CALLED_BACK, ESCALATED, HANDED_ON};
use sojourn_engine::vocabulary::{AccountStatus, PostingKind};

use super::allocations::{self, Promise};
use super::transition::chain;
use super::{App, Result};
use crate::store::dossiers::CaseRow;
use crate::store::records::NewHistory;
use crate::store::verify::{self as rows, LineSums, Posted, Range};

pub use exported::{export, verify_export};

/// Cases read at a time.
const RANGE: u64 = 500;
/// Differences listed; more are only counted.
const MOST: usize = 100;

/// What was looked at, and what does not agree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Cases looked at.
    pub cases: u64,
    /// Steps whose hashes were computed anew.
    pub steps: u64,
    /// Place lines whose postings were added up.
    pub lines: u64,
    /// Notices matched with their steps.
    pub notices: u64,
    /// Checkpoints compared with the record.
    pub checkpoints: u64,
    /// How many differences there are.
    pub differences: u64,
    /// The first of them, in the order of the cases.
    pub first: Vec<Difference>,
}

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The case or line.
    pub of: String,
    /// Number of the step in the case.
    pub step: Option<i32>,
    /// What does not agree with what.
    pub what: String,
}

impl Report {
    /// Adds a difference.
    pub fn differs(&mut self, of: &impl ToString, step: Option<i32>, what: impl Into<String>) {
        self.differences += 1;
        if self.first.len() < MOST {
            self.first.push(Difference { of: of.to_string(), step, what: what.into() });
        }
    }
}

/// Verifies every case and every line; `seen` is told how many cases have been looked at.
///
/// # Errors
/// Faults of the database; a difference is no error but part of the report.
pub async fn verify(app: &App, mut seen: impl FnMut(u64)) -> Result<Report> {
    let mut report = Report::default();
    let conn = app.store.read();
    let mut after = None;
    while let Some(range) = rows::range(conn, after, RANGE).await? {
        after = range.cases.last().map(|case| case.id);
        for case in &range.cases {
            let mut definitions = Versions::new();
            let steps = range.steps.get(&case.id).into_iter().flatten().map(|step| step.workflow);
            for version in steps.chain([case.workflow]) {
                if let Entry::Vacant(unread) = definitions.entry(version) {
                    unread.insert(app.definitions.get(conn, version).await?);
                }
            }
            one(&mut report, &definitions, case, &range);
        }
        seen(report.cases);
    }
    for (id, sums) in rows::lines(conn).await? {
        line(&mut report, &id, &sums);
    }
    for promise in allocations::promises(conn).await? {
        let Promise { run, line, promised, held } = promise;
        let what = format!("run {run} still owes {promised} of its places, and its postings hold {held}");
        report.differs(&format!("line {line}"), None, what);
    }
    for (of, case) in app.idle_places().await? {
        let what = format!("places are free that case {case} waits for, and nobody is about to offer them");
        report.differs(&format!("line {of}"), None, what);
    }
    let (looked_at, wrong) = app.verify_checkpoints(conn).await?;
    report.checkpoints = looked_at;
    for (of, step, what) in wrong {
        report.differs(&of, step, what);
    }
    Ok(report)
}

/// The versions that decided the steps of a case.
type Versions = BTreeMap<WorkflowVersionId, Arc<Definition>>;

fn one(report: &mut Report, definitions: &Versions, case: &CaseRow, range: &Range) {
    let none = Vec::new();
    let steps = range.steps.get(&case.id).unwrap_or(&none);
    report.cases += 1;
    report.steps += steps.len() as u64;
    if chained(report, case, steps, range) {
        let taken = taken(definitions, steps);
        folded(report, case, steps, &taken);
        seats(report, case, range);
        told(report, definitions, case.id, (steps, &taken), range);
    }
}

/// Computes the chain anew; `false` when it is broken, so that what follows from it is not reported twice.
fn chained(report: &mut Report, case: &CaseRow, steps: &[NewHistory], range: &Range) -> bool {
    let mut head: Vec<u8> = Vec::new();
    for (step, number) in steps.iter().zip(1..) {
        if step.number != number {
            report.differs(&case.id, Some(number), "this step is missing from the history");
            return false;
        }
        if chain::link(&head, step) != step.hash {
            report.differs(&case.id, Some(number), "its content does not match its hash: it was changed");
            return false;
        }
        head.clone_from(&step.hash);
        // An erased payload leaves its HMAC behind, and the chain whole.
        if let Some(payload) = range.payloads.get(&(case.id, number))
            && chain::seal(payload) != step.payload_hmac
        {
            report.differs(&case.id, Some(number), "its data, reason or note was changed");
        }
    }
    if i64::from(case.steps) != i64::try_from(steps.len()).unwrap_or(i64::MAX) || case.head != head {
        report.differs(&case.id, None, "the last steps are missing from the history");
        return false;
    }
    true
}

fn folded(report: &mut Report, case: &CaseRow, steps: &[NewHistory], taken: &[Option<&Transition>]) {
    let mut state: Option<&str> = None;
    let mut version = steps.first().map(|step| step.workflow);
    for (step, transition) in steps.iter().zip(taken) {
        let adopts = step.event == adoption::EVENT && step.from.as_deref() == Some(&step.to);
        let noted = [ESCALATED, HANDED_ON].contains(&step.event.as_str());
        let escalates = noted && step.from.as_deref() == Some(&step.to);
        let undoes = step.event == CALLED_BACK;
        let declared = step.from.is_none() || adopts || escalates || undoes || transition.is_some();
        let is_main = step.machine == MAIN;
        if (is_main && step.from.as_deref() != state) || !declared {
            let what = format!("`{}` does not lead from here to `{}`", step.event, step.to);
            report.differs(&case.id, Some(step.number), what);
        }
        if version.replace(step.workflow) != Some(step.workflow) && !adopts {
            report.differs(&case.id, Some(step.number), "another version decided it than the case followed");
        }
        if is_main {
            state = Some(&step.to);
        }
    }
    if state != Some(case.state.as_str()) {
        let what = format!("the case stands in `{}`, its history ends elsewhere", case.state);
        report.differs(&case.id, None, what);
    }
    if version != Some(case.workflow) {
        report.differs(&case.id, None, "the case follows another version than its last step was decided by");
    }
}

/// Where each remembering state was last entered from, by name: a case keeps them from one version to the next.
type Registers<'s> = BTreeMap<&'s str, &'s str>;

/// The transition that each step took; none where it took none.
fn taken<'d>(definitions: &'d Versions, steps: &[NewHistory]) -> Vec<Option<&'d Transition>> {
    let mut registers = Registers::new();
    let mut taken = Vec::with_capacity(steps.len());
    for step in steps {
        taken.push(take(definitions, &mut registers, step));
    }
    taken
}

fn take<'d, 's>(
    definitions: &'d Versions,
    registers: &mut Registers<'s>,
    step: &'s NewHistory,
) -> Option<&'d Transition> {
    let definition = definitions.get(&step.workflow)?;
    let name = step.from.as_deref()?;
    let machine = definition.instance_of(&step.machine).map_or(MachineIx::MAIN, |id| id.machine);
    let (from, to) = (definition.state_in(machine, name)?, definition.state_in(machine, &step.to)?);
    let transition = transition(definition, registers, step, (from, to))?;
    if definition.states[to.at()].remember && matches!(transition.to, Target::State(_)) {
        registers.insert(&step.to, name);
    }
    Some(transition)
}

/// The transition of a step: its event leaves the state before, as that was entered, and leads to the state after.
fn transition<'d>(
    definition: &'d Definition,
    registers: &Registers<'_>,
    step: &NewHistory,
    (from, to): (StateIx, StateIx),
) -> Option<&'d Transition> {
    let event = definition.event_named(&step.event)?;
    let origin = registers.get(definition.states[from.at()].name.as_str());
    let origin = origin.and_then(|name| definition.state_named(name));
    let leads = |t: &&Transition| {
        let part = t.collect && to == from;
        let came = t.came_from.is_empty() || origin.is_some_and(|origin| t.came_from.contains(&origin));
        let there = match t.to {
            Target::State(target) => target == to,
            Target::Same => from == to,
            Target::Previous => origin == Some(to),
        };
        t.event == event && came && (part || there)
    };
    definition.leaving(from).map(|(_, transition)| transition).find(leads)
}

fn seats(report: &mut Report, case: &CaseRow, range: &Range) {
    let mut sums: BTreeMap<&str, (i32, i32)> = BTreeMap::new();
    for posted in range.postings.get(&case.id).into_iter().flatten() {
        let (held, used) = sums.entry(&posted.account).or_default();
        add(posted, held, used);
    }
    for (account, status, amount) in range.accounts.get(&case.id).into_iter().flatten() {
        let (held, used) = sums.remove(account.as_str()).unwrap_or_default();
        let expected = match status {
            AccountStatus::None => (0, 0),
            AccountStatus::Held => (*amount, 0),
            AccountStatus::Used => (0, *amount),
        };
        // A line that does not exist posts nothing, whatever the account says.
        let untracked = held == 0 && used == 0 && !range.postings.contains_key(&case.id);
        if (held, used) != expected && !untracked {
            let what = format!(
                "account `{account}` is {}, its postings say held {held}, used {used}",
                status.as_str()
            );
            report.differs(&case.id, None, what);
        }
    }
    for (account, (held, used)) in sums.into_iter().filter(|(_, sum)| *sum != (0, 0)) {
        report.differs(
            &case.id,
            None,
            format!("postings of `{account}` (held {held}, used {used}) have no account"),
        );
    }
}

fn add(posted: &Posted, held: &mut i32, used: &mut i32) {
    match posted.kind {
        PostingKind::Hold => *held += posted.amount,
        PostingKind::Use => {
            *held -= posted.amount;
            *used += posted.amount;
        }
        PostingKind::Release => *held -= posted.amount,
        PostingKind::Capacity | PostingKind::Carry => {}
    }
}

/// Every notice belongs to a step that sends it, and the applicant was told wherever the definition says so.
fn told(
    report: &mut Report,
    definitions: &Versions,
    id: CaseId,
    (steps, taken): (&[NewHistory], &[Option<&Transition>]),
    range: &Range,
) {
    let sent = range.notices.get(&id).map(Vec::as_slice).unwrap_or_default();
    report.notices += sent.len() as u64;
    for (step, transition) in steps.iter().zip(taken) {
        let Some(definition) = definitions.get(&step.workflow) else { continue };
        let notify: &[Notify] = match transition {
            Some(transition) => &transition.notify,
            None if step.from.is_none() => &definition.create.notify,
            None => continue,
        };
        let name = |notify: &Notify| definition.notices[notify.notice.at()].name.as_str();
        for (_, notice) in sent.iter().filter(|(number, _)| *number == step.number) {
            if !notify.iter().any(|declared| name(declared) == notice) {
                report.differs(
                    &id,
                    Some(step.number),
                    format!("`{}` does not send the notice `{notice}`", step.event),
                );
            }
        }
        let part = transition.is_some_and(|t| t.collect) && step.from.as_deref() == Some(&step.to);
        for missing in notify.iter().filter(|notify| !part && for_applicant(definition, notify)) {
            if !sent.iter().any(|(number, notice)| *number == step.number && notice == name(missing)) {
                let what = format!("the notice `{}` to the applicant is missing", name(missing));
                report.differs(&id, Some(step.number), what);
            }
        }
    }
}

fn for_applicant(definition: &Definition, notify: &Notify) -> bool {
    let applicant = |to: &Addressee| match to {
        Addressee::Role(role) => definition.roles[role.at()].resolver == Resolver::Applicant,
        Addressee::WaitsFor | Addressee::WasWaiting => false,
    };
    notify.to.iter().any(applicant)
}

fn line(report: &mut Report, id: &impl ToString, sums: &LineSums) {
    report.lines += 1;
    if sums.stored != sums.posted {
        let (stored, posted) = (sums.stored, sums.posted);
        let what = format!(
            "capacity, held, used are {}, {}, {}; its postings add up to {}, {}, {}",
            stored.0, stored.1, stored.2, posted.0, posted.1, posted.2
        );
        report.differs(&format!("line {}", id.to_string()), None, what);
        return;
    }
    let (_, held, used) = sums.stored;
    if sums.cases != (held, used) {
        let what = format!(
            "held, used are {held}, {used}; the accounts of all cases and runs add up to {}, {}",
            sums.cases.0, sums.cases.1
        );
        report.differs(&format!("line {}", id.to_string()), None, what);
    }
}
