//! `sojourn check`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use sojourn_engine::definition::{Definition, Finding};

use super::{Fault, output, source};
use crate::app::workflows::CheckView;

/// Prove definitions of workflows before any case runs on them
///
/// Each finding names file, line and column, the rule that does not hold and, where it applies, the shortest list of events
/// that shows it. The status is 0 when all are sound, 1 when a finding is an error, 2 when a file cannot be read.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn check exchange.toml internship.toml --json > findings.json")]
pub struct Arguments {
    /// Files to check
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print the findings as JSON, one object per file
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Checked<'a> {
    file: &'a Path,
    #[serde(flatten)]
    view: CheckView,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode, Fault> {
    let mut checked = Vec::new();
    let mut unread = false;
    for file in &arguments.files {
        match source::read(file) {
            Ok(text) => checked.push((file.as_path(), findings(&text))),
            Err(fault) => {
                eprintln!("sojourn: {fault}");
                unread = true;
            }
        }
    }
    if !arguments.json {
        for (file, findings) in &checked {
            tell(file, findings)?;
        }
    }
    let views: Vec<Checked<'_>> =
        checked.into_iter().map(|(file, findings)| Checked { file, view: findings.into() }).collect();
    if arguments.json {
        output::say(serde_json::to_string_pretty(&views)?)?;
    }
    let sound = views.iter().all(|checked| checked.view.sound);
    Ok(if unread { ExitCode::from(2) } else { ExitCode::from(u8::from(!sound)) })
}

fn findings(text: &str) -> Vec<Finding> {
    match Definition::parse(text) {
        Ok(definition) => definition.check(),
        Err(findings) => findings,
    }
}

fn tell(file: &Path, findings: &[Finding]) -> Result<(), String> {
    for finding in findings {
        output::say(source::told(file, finding))?;
    }
    if findings.is_empty() { output::say(format_args!("{}: sound", file.display())) } else { Ok(()) }
}
