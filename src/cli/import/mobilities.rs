//! `sojourn import mobilities`

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Mapping, Mobilities};
use crate::app::imports::{self, Flows, Report};
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
    if asked.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

fn print(report: &Report) {
    println!(
        "{}: {} records, {} imported, {} refused",
        report.file,
        report.records,
        report.imported,
        report.refused.len()
    );
    for (kind, number) in &report.kinds {
        println!("  {:>9} of kind {kind}", number.to_string());
    }
    println!("  {:>9} ECTS credits", report.ects.to_string());
    println!("  {:>9} months", report.months.to_string());
    println!("  {:>9} steps written", report.events);
    println!("  {:>9} institutions entered that no list knew: verify them", report.new_institutions);
    println!("  {:>9} employers entered", report.new_employers);
    flows("universities", &report.hosts);
    flows("employers", &report.employers);
    for refused in report.refused.iter().take(LISTED) {
        let column = if refused.column.is_empty() { String::new() } else { format!(", {}", refused.column) };
        println!("record {}{column}: {}", refused.record, refused.reason);
    }
    if report.refused.len() > LISTED {
        println!("… and {} more: see them all with --json", report.refused.len() - LISTED);
    }
    let run = &report.run;
    let (seconds, tenths) = (run.took_ms / 1_000, run.took_ms % 1_000 / 100);
    println!(
        "{} records and {} steps in {seconds}.{tenths} s: {} steps a second, bounded by {} ({} % of the time spent waiting for it)",
        run.records, run.events, run.events_per_second, run.bound_by, run.waited_percent
    );
    if let Some(peak) = run.peak_memory_kib {
        println!("at most {} MiB of memory", peak / 1_024);
    }
}

fn flows(to: &str, flows: &Flows) {
    println!("  {:>9} flows to {to}, the largest:", flows.pairs);
    for (home, host, records) in &flows.top {
        println!("    {records:>7} {home} → {host}");
    }
}
