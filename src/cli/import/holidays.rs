//! `sojourn import holidays`

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::Holidays;
use crate::app::Error;
use crate::app::institutions::holidays::{self, HolidayImport, How, LARGEST};
use crate::cli::output::say;
use crate::cli::{Outcome, instance};

pub async fn run(asked: &Holidays, config: Option<&Path>) -> Outcome {
    let place = asked.file.display();
    let unread = |fault| format!("{place}: {fault}: name a file that you may read");
    let mut file = Vec::new();
    // One byte more than is taken tells a file that is too large.
    let most = LARGEST as u64 + 1;
    File::open(&asked.file).and_then(|open| open.take(most).read_to_end(&mut file)).map_err(unread)?;
    let (_, app) = instance::open(config, false).await?;
    let how = How { replace: asked.replace, dry_run: asked.dry_run };
    let report = holidays::import_file(&app, &asked.institution, file, how).await;
    let report = report.map_err(|error| -> Box<dyn std::error::Error + Send + Sync> {
        match error {
            Error::Invalid(faults) => {
                let told: Vec<String> = faults.into_iter().map(|fault| fault.detail).collect();
                format!("{place}: {}", told.join("; ")).into()
            }
            Error::NotFound => {
                format!("`{}`: no institution has this Erasmus code, ROR id, domain or id", asked.institution)
                    .into()
            }
            other => other.into(),
        }
    })?;
    let text = if asked.json { serde_json::to_string_pretty(&report)? } else { told(&report).join("\n") };
    Ok(say(text)?)
}

/// The report in lines.
fn told(report: &HolidayImport) -> Vec<String> {
    let done = if report.dry_run { "would be added" } else { "added" };
    let mut lines = vec![format!(
        "{} days {done}, {} known already, {} removed, {} left out; {} days off in all; running deadlines stay as they are",
        report.added.len(),
        report.known.len(),
        report.removed.len(),
        report.left_out.len() + report.left_out_besides,
        report.holidays
    )];
    lines.extend(report.added.iter().map(|day| format!("  {} {}", day.on, day.name)));
    lines.extend(report.removed.iter().map(|day| format!("  {day} removed")));
    lines.extend(report.left_out.iter().map(|left| {
        let name = if left.name.is_empty() { String::new() } else { format!(" ({})", left.name) };
        format!("line {}{name}: {}", left.line, left.detail)
    }));
    if report.left_out_besides > 0 {
        lines.push(format!("… and {} more", report.left_out_besides));
    }
    lines
}
