//! The record in a file: one line of JSON for each case and each of its steps, to be verified by whoever has the file and no database.

use std::io::{BufRead, Write};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sojourn_engine::ids::{CaseId, InstitutionId, PersonId, WorkflowVersionId};
use sojourn_engine::vocabulary::Via;

use super::{RANGE, Report};
use crate::app::checkpoints::Checkpoint;
use crate::app::transition::chain;
use crate::app::{App, Error, Result};
use crate::store::records::NewHistory;
use crate::store::verify as rows;

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// A case; its steps follow.
    Case { case: CaseId, steps: i32, head: String },
    /// A step of the case before.
    Step(Box<Step>),
    /// How much the file holds; the last line.
    End { cases: u64, steps: u64 },
}

/// A step with everything its hash is over; names and words of people are not among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    number: i32,
    machine: String,
    at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    via: Via,
    actor: Option<PersonId>,
    role: String,
    institution: Option<InstitutionId>,
    event: String,
    from: Option<String>,
    to: String,
    workflow: WorkflowVersionId,
    facts: String,
    payload_hmac: Option<String>,
    hash: String,
}

impl From<&NewHistory> for Step {
    fn from(of: &NewHistory) -> Self {
        Self {
            number: of.number,
            machine: of.machine.clone(),
            at: of.at,
            recorded_at: of.recorded_at,
            via: of.via,
            actor: of.actor,
            role: of.role.clone(),
            institution: of.institution,
            event: of.event.clone(),
            from: of.from.clone(),
            to: of.to.clone(),
            workflow: of.workflow,
            facts: of.facts.clone(),
            payload_hmac: of.payload_hmac.as_ref().map(hex::encode),
            hash: hex::encode(&of.hash),
        }
    }
}

impl Step {
    /// The step as it is hashed; `None` where a hash is no hexadecimal text.
    fn of(self, case: CaseId) -> Option<NewHistory> {
        Some(NewHistory {
            case,
            number: self.number,
            machine: self.machine,
            at: self.at,
            recorded_at: self.recorded_at,
            via: self.via,
            actor: self.actor,
            role: self.role,
            institution: self.institution,
            event: self.event,
            from: self.from,
            to: self.to,
            workflow: self.workflow,
            facts: self.facts,
            payload_hmac: self.payload_hmac.map(hex::decode).transpose().ok()?,
            hash: hex::decode(self.hash).ok()?,
        })
    }
}

/// Writes the record of every case; says how many cases and steps.
///
/// # Errors
/// Faults of the database and of the file.
pub async fn export(app: &App, to: &mut (impl Write + Send)) -> Result<(u64, u64)> {
    let (mut cases, mut steps, mut after) = (0, 0, None);
    while let Some(range) = rows::range(app.store.read(), after, RANGE).await? {
        after = range.cases.last().map(|case| case.id);
        for case in &range.cases {
            let taken = range.steps.get(&case.id).map_or(&[][..], Vec::as_slice);
            cases += 1;
            steps += taken.len() as u64;
            say(to, &Line::Case { case: case.id, steps: case.steps, head: hex::encode(&case.head) })?;
            for step in taken {
                say(to, &Line::Step(Box::new(step.into())))?;
            }
        }
    }
    say(to, &Line::End { cases, steps })?;
    to.flush().map_err(internal)?;
    Ok((cases, steps))
}

fn say(to: &mut impl Write, line: &Line) -> Result<()> {
    serde_json::to_writer(&mut *to, line).map_err(internal)?;
    to.write_all(b"\n").map_err(internal)
}

fn internal(fault: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Internal(Box::new(fault))
}

/// What was read of a file so far.
#[derive(Default)]
struct Reading {
    report: Report,
    /// The case that is read: its id, its number of steps, its last hash.
    case: Option<(CaseId, i32, Vec<u8>)>,
    /// Number and hash of the step read last; a chain that is broken is not followed further.
    last: (i32, Vec<u8>),
    broken: bool,
    hashes: std::collections::BTreeMap<(CaseId, i32), Vec<u8>>,
    ended: bool,
}

/// Verifies a file that [`export`] wrote, and compares it with checkpoints that somebody has kept.
///
/// # Errors
/// A line that cannot be read, with its number; what does not agree is part of the report.
pub fn verify_export(from: impl BufRead, checkpoints: &[Checkpoint]) -> std::result::Result<Report, String> {
    let mut reading = Reading::default();
    for (number, line) in (1_u64..).zip(from.lines()) {
        let line = line.map_err(|fault| format!("line {number}: {fault}"))?;
        let line = serde_json::from_str(&line).map_err(|fault| format!("line {number}: {fault}"))?;
        reading.take(line).ok_or_else(|| format!("line {number}: it stands where none like it can"))?;
    }
    if !reading.ended {
        reading.report.differs(&"the file", None, "its end is missing: it was cut off");
    }
    let Reading { mut report, hashes, .. } = reading;
    for kept in checkpoints {
        report.checkpoints += 1;
        let of = format!("it is not as it was at checkpoint {}", kept.statement.number);
        for (case, step) in kept.differing(|case, number| hashes.get(&(case, number)).map(Vec::as_slice)) {
            report.differs(&case, Some(step), of.clone());
        }
    }
    Ok(report)
}

impl Reading {
    fn take(&mut self, line: Line) -> Option<()> {
        match line {
            _ if self.ended => return None,
            Line::Case { case, steps, head } => {
                self.close();
                self.report.cases += 1;
                self.case = Some((case, steps, hex::decode(head).ok()?));
                (self.last, self.broken) = (Default::default(), false);
            }
            Line::Step(step) => {
                let case = self.case.as_ref()?.0;
                self.step(step.of(case)?);
            }
            Line::End { cases, steps } => {
                self.close();
                self.ended = true;
                if (cases, steps) != (self.report.cases, self.report.steps) {
                    let told = format!("it ends with {cases} cases and {steps} steps, and holds others");
                    self.report.differs(&"the file", None, told);
                }
            }
        }
        Some(())
    }

    fn step(&mut self, step: NewHistory) {
        self.report.steps += 1;
        self.hashes.insert((step.case, step.number), step.hash.clone());
        if self.broken {
            return;
        }
        let wanted = self.last.0 + 1;
        self.broken = true;
        if step.number != wanted {
            self.report.differs(&step.case, Some(wanted), "this step is missing from the history");
        } else if chain::link(&self.last.1, &step) != step.hash {
            let told = "its content does not match its hash: it was changed";
            self.report.differs(&step.case, Some(wanted), told);
        } else {
            (self.last, self.broken) = ((step.number, step.hash), false);
        }
    }

    /// The case that was read ends here.
    fn close(&mut self) {
        if let Some((case, steps, head)) = self.case.take()
            && !self.broken
            && self.last != (steps, head)
        {
            self.report.differs(&case, None, "the last steps are missing from the history");
        }
    }
}
