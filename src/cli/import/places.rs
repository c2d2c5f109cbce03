//! `sojourn import places`

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sojourn_engine::vocabulary::Level;

use super::{Places, refused};
use crate::app::Error;
use crate::app::places::import::{
    self, CountedEntry, How, LARGEST, LONGEST_MAP, LineEntry, PlacesImport, WindowEntry,
};
use crate::cli::output::say;
use crate::cli::{Fault, Outcome, instance};

/// Lines of the report that are listed; the JSON has all.
const LISTED: usize = 50;

pub async fn run(asked: &Places, config: Option<&Path>) -> Outcome {
    let file = bytes(&asked.file, LARGEST)?;
    let columns = asked.columns.as_deref().map(map).transpose()?;
    let how = How {
        institution: asked.institution.clone(),
        columns,
        dry_run: asked.dry_run,
        new_partners: asked.new_partners,
    };
    let (_, app) = instance::open(config, false).await?;
    let report = import::import_file(&app, file, &how).await.map_err(|error| told_of(asked, error))?;
    let text = if asked.json { serde_json::to_string_pretty(&report)? } else { told(&report).join("\n") };
    say(text)?;
    if report.refused.is_empty() || report.dry_run {
        return Ok(());
    }
    let place = asked.file.display();
    Err(format!("{place}: {} faults, nothing is changed: mend them and run it again", report.refused.len())
        .into())
}

/// One byte more than is taken tells a file that is too large.
pub(super) fn bytes(path: &Path, most: usize) -> Result<Vec<u8>, Fault> {
    let unread = |fault| format!("{}: {fault}: name a file that you may read", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unread)?;
    file.take(most as u64 + 1).read_to_end(&mut bytes).map_err(unread)?;
    Ok(bytes)
}

fn map(path: &Path) -> Result<String, Fault> {
    let bytes = bytes(path, LONGEST_MAP)?;
    Ok(String::from_utf8(bytes).map_err(|_| format!("{}: save the map as UTF-8", path.display()))?)
}

fn told_of(asked: &Places, error: Error) -> Fault {
    match error {
        Error::Invalid(faults) => {
            let place = |pointer: &str| match (pointer, &asked.columns) {
                ("/columns", Some(map)) => map.display().to_string(),
                ("/institution", _) => format!("`{}`", asked.institution),
                _ => asked.file.display().to_string(),
            };
            let told = faults.iter().map(|fault| format!("{}: {}", place(&fault.pointer), fault.detail));
            told.collect::<Vec<_>>().join("; ").into()
        }
        other => other.into(),
    }
}

/// The report in lines.
fn told(report: &PlacesImport) -> Vec<String> {
    let mut lines = vec![format!(
        "{} rows, {} partners, {} agreements and {} lines new or changed, {} lines as they were, {} faults",
        report.read,
        report.partners.len(),
        report.agreements.len(),
        report.lines.len(),
        report.unchanged,
        report.refused.len() + report.refused_besides
    )];
    if !report.changes {
        lines.push("  nothing changes".to_owned());
    } else if report.dry_run {
        lines.push("  this was only tried: nothing is changed".to_owned());
    }
    lines.extend(shortened(changed(report)));
    lines.extend(counted_otherwise(report));
    lines.extend(refused(&report.refused));
    lines
}

fn changed(report: &PlacesImport) -> Vec<String> {
    let mut changes = Vec::new();
    changes.extend(
        report
            .partners
            .iter()
            .map(|new| format!("  partner {} ({}), not yet checked", new.name, new.country)),
    );
    changes.extend(report.agreements.iter().map(|new| {
        format!(
            "  draft of an agreement with {}, {} to {}",
            new.partner, new.valid_from_on, new.valid_until_on
        )
    }));
    changes.extend(report.lines.iter().map(line));
    changes.extend(report.windows.iter().map(window));
    changes
        .extend(report.summed.iter().map(|same| format!("  rows {} are of one line: added up", rows(same))));
    changes
}

fn rows(rows: &[u64]) -> String {
    rows.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

/// As many lines as are listed, and how many more there are.
fn shortened(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(LISTED);
    lines.truncate(LISTED);
    lines.extend((more > 0).then(|| format!("  … and {more} more: see them all with --json")));
    lines
}

/// Lines whose taken places the list counts otherwise, under what to do about them.
fn counted_otherwise(report: &PlacesImport) -> Vec<String> {
    let entry = |one: &CountedEntry| {
        let only = only(&one.levels, &one.fields);
        let (list, here) = (one.list, one.here);
        format!(
            "  {} {}{only}: {list} in the list, {here} here (rows {})",
            one.direction,
            one.partner,
            rows(&one.rows)
        )
    };
    let told = shortened(report.counted_otherwise.iter().map(entry).collect());
    let head = format!(
        "{} lines whose taken places the list counts otherwise; nothing of this is written: settle them by a balance statement, or \
         bring in the placements",
        report.counted_otherwise.len()
    );
    let head = (!told.is_empty()).then_some(head);
    head.into_iter().chain(told).collect()
}

fn window(one: &WindowEntry) -> String {
    let from = one.from.map_or_else(|| "new".to_owned(), |from| from.to_string());
    let kept = if one.kept { ", kept: the host says its own" } else { "" };
    format!("  nominations {} {}, {}: {from} → {}{kept}", one.direction, one.partner, one.term, one.to)
}

/// For whom alone a line is.
fn only(levels: &[Level], fields: &[String]) -> String {
    let only: Vec<_> = levels.iter().map(ToString::to_string).chain(fields.iter().cloned()).collect();
    if only.is_empty() { String::new() } else { format!(" ({})", only.join(", ")) }
}

fn line(line: &LineEntry) -> String {
    let way = format!("{} {}", line.direction, line.partner);
    let only = only(&line.levels, &line.fields);
    let from = line.from.map_or_else(|| "new".to_owned(), |from| from.to_string());
    let over = if line.overdrawn { ", overdrawn" } else { "" };
    format!("  {way}{only}: {from} → {} {}{over}", line.to, line.unit)
}
