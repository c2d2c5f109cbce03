//! `sojourn import mobilities`

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Mapping, Mobilities};
use crate::app::imports::{self, Pace, Report};
use crate::cli::output::say;
use crate::cli::{Outcome, instance};

/// Refused records that are listed; the JSON has all.
const LISTED: usize = 20;

pub async fn run(asked: &Mobilities, config: Option<&Path>) -> Outcome {
    let (_, app) = instance::open(config, false).await?;
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} records, {per_sec}, {eta} left")?;
    let bar = ProgressBar::new(0).with_style(style);
    let shown = bar.clone();
    let seen = move |done, of| {
        shown.set_length(of);
        shown.set_position(done);
    };
    let report = match asked.mapping {
        Mapping::Erasmus => imports::mobilities(&app, &asked.file, seen).await,
    };
    bar.finish_and_clear();
    let report = report?;
    let text = if asked.json { serde_json::to_string_pretty(&report)? } else { told(&report).join("\n") };
    Ok(say(text)?)
}

/// The report in lines.
fn told(report: &Report) -> Vec<String> {
    let mut lines = vec![format!(
        "{}: {} records, {} imported, {} refused",
        report.file,
        report.records,
        report.imported,
        report.refused.len()
    )];
    let counted = |number: String, what: &str| format!("  {number:>9} {what}");
    lines.extend(
        report.kinds.iter().map(|(kind, number)| counted(number.to_string(), &format!("of kind {kind}"))),
    );
    lines.push(counted(report.ects.to_string(), "ECTS credits"));
    lines.push(counted(report.months.to_string(), "months"));
    lines.push(counted(report.events.to_string(), "steps written"));
    let new = report.new_institutions.to_string();
    lines.push(counted(
        new,
        "institutions entered that no list knew: give them names with `sojourn import institutions`",
    ));
    lines.push(counted(report.new_employers.to_string(), "employers entered"));
    for (to, flows) in [("universities", &report.hosts), ("employers", &report.employers)] {
        lines.push(counted(flows.pairs.to_string(), &format!("flows to {to}, the largest:")));
        lines.extend(
            flows.top.iter().map(|(home, host, records)| format!("    {records:>7} {home} → {host}")),
        );
    }
    for refused in report.refused.iter().take(LISTED) {
        let column = if refused.column.is_empty() { String::new() } else { format!(", {}", refused.column) };
        lines.push(format!("record {}{column}: {}", refused.record, refused.reason));
    }
    if report.refused.len() > LISTED {
        lines.push(format!("… and {} more: see them all with --json", report.refused.len() - LISTED));
    }
    lines.push(pace(&report.run));
    lines
}

/// How fast the run was, and with how much memory.
fn pace(run: &Pace) -> String {
    let (seconds, tenths) = (run.took_ms / 1_000, run.took_ms % 1_000 / 100);
    let memory = run.peak_memory_kib.map(|peak| format!(", at most {} MiB of memory", peak / 1_024));
    format!(
        "{} records and {} steps in {seconds}.{tenths} s: {} steps a second, bounded by {} ({} % of the time spent waiting for it){}",
        run.records,
        run.events,
        run.events_per_second,
        run.bound_by,
        run.waited_percent,
        memory.unwrap_or_default()
    )
}
