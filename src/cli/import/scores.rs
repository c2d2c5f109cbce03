//! `sojourn import scores`

use std::path::Path;

use super::places::bytes;
use super::{Scores, refused};
use crate::app::Error;
use crate::app::applications::scores::{self, LARGEST, ScoreChange, ScoreImport};
use crate::cli::output::say;
use crate::cli::{Fault, Outcome, instance};

pub async fn run(asked: &Scores, config: Option<&Path>) -> Outcome {
    let place = asked.file.display();
    let table = bytes(&asked.file, LARGEST)?;
    if table.len() > LARGEST {
        return Err(format!("{place}: more than {} MiB: split it", LARGEST / 1024 / 1024).into());
    }
    let (_, app) = instance::open(config, false).await?;
    let report = scores::import_file(&app, asked.call, &table, asked.dry_run).await;
    let report = report.map_err(|error| told_of(asked, error))?;
    let text = if asked.json { serde_json::to_string_pretty(&report)? } else { told(&report).join("\n") };
    say(text)?;
    if report.refused.is_empty() || report.dry_run {
        return Ok(());
    }
    Err(format!("{place}: {} faults, nothing is entered: mend them and run it again", report.refused.len())
        .into())
}

fn told_of(asked: &Scores, error: Error) -> Fault {
    match error {
        Error::Invalid(faults) => {
            let told: Vec<String> = faults.into_iter().map(|fault| fault.detail).collect();
            format!("{}: {}", asked.file.display(), told.join("; ")).into()
        }
        Error::NotFound => format!("`{}`: no call has this id", asked.call).into(),
        other => other.into(),
    }
}

/// The report in lines.
fn told(report: &ScoreImport) -> Vec<String> {
    let done = if report.dry_run || !report.refused.is_empty() { "would change" } else { "changed" };
    let mut lines = vec![format!(
        "{} rows: {} scores {done}, {} as before",
        report.read, report.changed, report.unchanged
    )];
    let units = |hundredths: i32| format!("{}.{:02}", hundredths / 100, hundredths % 100);
    lines.extend(report.changes.iter().map(|change: &ScoreChange| {
        let before = change.from_hundredths.map_or_else(|| "none".to_owned(), units);
        format!("  {} {}: {before} → {}", change.reference, change.name, units(change.to_hundredths))
    }));
    lines.extend(refused(&report.refused));
    lines
}
