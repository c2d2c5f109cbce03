//! `sojourn check`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use sojourn_engine::definition::{Definition, Finding, scenarios};

use super::{Fault, output, source};
use crate::app::workflows::CheckView;

/// The end of the name of a scenario file, in the place of `.toml`.
const SCENARIOS: &str = ".scenarios.toml";

/// Prove definitions of workflows before any case runs on them
///
/// Each finding names file, line and column, the rule that does not hold and, where it applies, the shortest list of events
/// that shows it. Beside `exchange.toml` a file `exchange.scenarios.toml` is run too, if there is one: what the definition must
/// do and refuse, event by event. The status is 0 when all are sound, 1 when a finding is an error, 2 when a file cannot be read.
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
    let mut checked: Vec<(PathBuf, Vec<Finding>)> = Vec::new();
    let mut unread = false;
    for file in &arguments.files {
        for read in check(file) {
            match read {
                Ok(seen) if checked.iter().any(|(file, _)| *file == seen.0) => {}
                Ok(found) => checked.push(found),
                Err(fault) => {
                    eprintln!("sojourn: {fault}");
                    unread = true;
                }
            }
        }
    }
    if !arguments.json {
        for (file, findings) in &checked {
            tell(file, findings)?;
        }
    }
    let views: Vec<Checked<'_>> =
        checked.iter().map(|(file, findings)| Checked { file, view: findings.clone().into() }).collect();
    if arguments.json {
        output::say(serde_json::to_string_pretty(&views)?)?;
    }
    let sound = views.iter().all(|checked| checked.view.sound);
    Ok(if unread { ExitCode::from(2) } else { ExitCode::from(u8::from(!sound)) })
}

/// The findings of a definition, then those of the scenario file beside it; a scenario file stands for its definition.
fn check(file: &Path) -> Vec<Result<(PathBuf, Vec<Finding>), String>> {
    let name = file.to_string_lossy();
    let (definition, scenarios) = match name.strip_suffix(SCENARIOS) {
        Some(stem) => (PathBuf::from(format!("{stem}.toml")), file.to_path_buf()),
        None => {
            let stem = name.strip_suffix(".toml").unwrap_or(&name);
            (file.to_path_buf(), PathBuf::from(format!("{stem}{SCENARIOS}")))
        }
    };
    let text = match source::read(&definition) {
        Ok(text) => text,
        Err(fault) => return vec![Err(fault)],
    };
    match Definition::parse(&text) {
        Err(findings) => vec![Ok((definition, findings))],
        Ok(parsed) => {
            let mut all = vec![Ok((definition, parsed.check()))];
            if scenarios.exists() {
                let run = source::read(&scenarios).map(|text| scenarios::run(&text, &parsed));
                all.push(run.map(|findings| (scenarios, findings)));
            }
            all
        }
    }
}

fn tell(file: &Path, findings: &[Finding]) -> Result<(), String> {
    for finding in findings {
        output::say(source::told(file, finding))?;
    }
    if findings.is_empty() { output::say(format_args!("{}: sound", file.display())) } else { Ok(()) }
}
