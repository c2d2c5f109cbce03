//! What an import tells at its end: counts and sums of the whole file, read from the record, and how fast this run was.

use std::cmp::Reverse;

use chrono::TimeDelta;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sojourn_engine::guard::Decimal;

use super::erasmus::NOT_STATED;
use crate::app::{App, Result};
use crate::store::imports::{self as store, Flow, ImportFile};

/// Flows that are listed.
const TOP: usize = 10;

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Name of the file.
    pub file: String,
    /// SHA-256 over its bytes, hexadecimal.
    pub sha256: String,
    /// Records of the file.
    pub records: u64,
    /// Records that became cases.
    pub imported: i64,
    /// The same by kind, in the letters of the file.
    pub kinds: serde_json::Map<String, serde_json::Value>,
    /// Credits of all stays.
    pub ects: Decimal,
    /// Months of all stays.
    pub months: Decimal,
    /// Parts of stays that are study or work.
    pub stays: Stays,
    /// Flows from universities to universities.
    pub hosts: Flows,
    /// Flows from universities to employers.
    pub employers: Flows,
    /// Steps written, over all runs.
    pub events: i64,
    /// Institutions entered because no list knew their code; they are marked unverified.
    pub new_institutions: i64,
    /// Employers entered.
    pub new_employers: i64,
    /// Records that became no case.
    pub refused: Vec<Refused>,
    /// This run alone.
    pub run: Pace,
}

/// Parts of stays by what is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stays {
    /// Study.
    pub study: i64,
    /// Work.
    pub work: i64,
}

/// How records flow between institutions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flows {
    /// Pairs of home and host.
    pub pairs: usize,
    /// SHA-256 over the lines `home<TAB>host<TAB>records<LF>` in byte order.
    pub digest: String,
    /// The largest.
    pub top: Vec<(String, String, i64)>,
}

/// A record that became no case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its number, 1 = the first after the header.
    pub record: i32,
    /// The column that is wrong; empty when it is the whole record.
    pub column: String,
    /// What is wrong and how to mend it.
    pub reason: String,
}

/// What one run did.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// Records read.
    pub records: u64,
    /// Steps written.
    pub events: u64,
    /// From begin to end.
    pub took: TimeDelta,
    /// Time in which it only waited for the database.
    pub waited: TimeDelta,
}

/// How fast one run was, and what bounded it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pace {
    /// Records read.
    pub records: u64,
    /// Steps written.
    pub events: u64,
    /// Milliseconds from begin to end.
    pub took_ms: i64,
    /// Steps a second.
    pub events_per_second: i64,
    /// Share of the time in which it only waited for the database, in per cent.
    pub waited_percent: i64,
    /// What a faster run would need.
    pub bound_by: &'static str,
    /// The most memory the process has had, in KiB, where the system tells it.
    pub peak_memory_kib: Option<u64>,
}

impl Pace {
    fn of(run: &Run) -> Self {
        let took_ms = run.took.num_milliseconds().max(1);
        let waited_percent = run.waited.num_milliseconds() * 100 / took_ms;
        let events = i64::try_from(run.events).unwrap_or(i64::MAX);
        Self {
            records: run.records,
            events: run.events,
            took_ms,
            events_per_second: events.saturating_mul(1_000) / took_ms,
            waited_percent,
            bound_by: if waited_percent >= 20 { "the database" } else { "the making of the steps" },
            peak_memory_kib: peak_memory(),
        }
    }
}

/// What Linux counts as the high-water mark of this process (proc(5), `VmHWM`).
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Reads the report of a file from the record.
pub(super) async fn report(app: &App, file: &ImportFile, records: u64, run: &Run) -> Result<Report> {
    let conn = app.store.read();
    let sums = store::sums(conn, file.id, file.started_at).await?;
    let (employers, hosts) = store::flows(conn, file.id).await?.into_iter().partition(|flow| flow.employer);
    let decimal = |hundredths: i64| Decimal::from_thousandths(hundredths.saturating_mul(10));
    let refused = sums.refused.into_iter().map(|refused| Refused {
        record: refused.record,
        column: refused.column,
        reason: refused.reason,
    });
    Ok(Report {
        file: file.name.clone(),
        sha256: hex::encode(&file.sha256),
        records,
        imported: sums.kinds.iter().map(|(_, number)| number).sum(),
        kinds: sums.kinds.into_iter().map(|(kind, number)| (kind, number.into())).collect(),
        ects: decimal(sums.credits_hundredths),
        months: decimal(sums.months_hundredths),
        stays: Stays { study: sums.stays.0, work: sums.stays.1 },
        hosts: folded(hosts),
        employers: folded(employers),
        events: sums.events,
        new_institutions: sums.unverified,
        new_employers: sums.employers,
        refused: refused.collect(),
        run: Pace::of(run),
    })
}

fn folded(flows: Vec<Flow>) -> Flows {
    let host = |flow: &Flow| match &flow.host {
        Some(code) => code.clone(),
        None if flow.name == NOT_STATED => format!(", {}", flow.country),
        None => format!("{}, {}", flow.name, flow.country),
    };
    let mut rows: Vec<(String, String, i64)> =
        flows.into_iter().map(|flow| (flow.home.clone(), host(&flow), flow.records)).collect();
    let mut lines: Vec<String> =
        rows.iter().map(|(home, host, records)| format!("{home}\t{host}\t{records}\n")).collect();
    lines.sort_unstable();
    let mut digest = Sha256::new();
    for line in &lines {
        digest.update(line);
    }
    rows.sort_unstable_by(|a, b| (Reverse(a.2), &a.0, &a.1).cmp(&(Reverse(b.2), &b.0, &b.1)));
    let pairs = rows.len();
    rows.truncate(TOP);
    Flows { pairs, digest: hex::encode(digest.finalize()), top: rows }
}
