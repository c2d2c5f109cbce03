//! `sojourn check`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use sojourn_engine::definition::check::{SliceSize, UNPROVEN};
use sojourn_engine::definition::{Definition, Finding, scenarios};
use sojourn_engine::facts::{Documented, documented};

use super::{Fault, output, source};
use crate::app::workflows::CheckView;
use crate::mail::Templates;

/// The end of the name of a scenario file, in the place of `.toml`.
const SCENARIOS: &str = ".scenarios.toml";

/// Prove definitions of workflows before any case runs on them
///
/// Each finding names file, line and column, the rule that does not hold and, where it applies, the shortest list of events
/// that shows it. Beside `exchange.toml` a file `exchange.scenarios.toml` is run too, if there is one: what the definition must
/// do and refuse, event by event. The status is 0 when all are sound, 1 when a finding is an error, 2 when a file cannot be read.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  sojourn check exchange.toml internship.toml --json > findings.json\n  sojourn check exchange.toml --explain\n  sojourn check --facts"
)]
pub struct Arguments {
    /// Files to check
    #[arg(required_unless_present = "facts", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Say besides what was walked, how large it was, and what is not proven
    #[arg(long)]
    explain: bool,
    /// Print the facts that guards may ask for, with their types and meanings, and check nothing
    #[arg(long, conflicts_with_all = ["files", "explain"])]
    facts: bool,
    /// Folder of mails that stand in for the built-in ones, or beside them
    #[arg(long, value_name = "FOLDER")]
    mails: Option<PathBuf>,
    /// Print as JSON, one object per file or fact
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Checked<'a> {
    file: &'a Path,
    #[serde(flatten)]
    view: CheckView,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    walked: Option<Walked>,
}

#[derive(Serialize)]
struct Walked {
    slices: Vec<SliceSize>,
    not_proven: [&'static str; UNPROVEN.len()],
}

pub fn run(arguments: &Arguments) -> Result<ExitCode, Fault> {
    if arguments.facts {
        return facts(arguments.json);
    }
    let templates = templates(arguments.mails.as_deref())?;
    let mut checked: Vec<(PathBuf, Examined)> = Vec::new();
    let mut unread = false;
    for file in &arguments.files {
        for read in check(file, &templates) {
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
        for (file, (findings, slices)) in &checked {
            tell(file, findings)?;
            if arguments.explain {
                explain(slices)?;
            }
        }
    }
    let views: Vec<Checked<'_>> = checked
        .iter()
        .map(|(file, (findings, slices))| {
            let walked = arguments.explain.then_some(Walked { slices: slices.clone(), not_proven: UNPROVEN });
            Checked { file, view: findings.clone().into(), walked }
        })
        .collect();
    if arguments.json {
        output::say(serde_json::to_string_pretty(&views)?)?;
    }
    let sound = views.iter().all(|checked| checked.view.sound);
    Ok(if unread { ExitCode::from(2) } else { ExitCode::from(u8::from(!sound)) })
}

/// What is wrong with a file, and the slices that were walked to find it.
type Examined = (Vec<Finding>, Vec<SliceSize>);

/// The findings of a definition, then those of the scenario file beside it; a scenario file stands for its definition.
fn check(file: &Path, templates: &Templates) -> Vec<Result<(PathBuf, Examined), String>> {
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
        Err(findings) => vec![Ok((definition, (findings, Vec::new())))],
        Ok(parsed) => {
            let mut all = vec![Ok((definition, examined(&parsed, templates)))];
            if scenarios.exists() {
                let run = source::read(&scenarios).map(|text| scenarios::run(&text, &parsed));
                all.push(run.map(|findings| (scenarios, (findings, Vec::new()))));
            }
            all
        }
    }
}

fn templates(over: Option<&Path>) -> Result<Templates, Fault> {
    Ok(Templates::load(over)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?)
}

fn examined(definition: &Definition, templates: &Templates) -> Examined {
    let examination = definition.examine();
    let mut findings = examination.findings;
    findings.extend(definition.untold(&|language, notice| templates.has(language, notice)));
    findings.sort_by_key(|finding| (finding.place, finding.rule));
    (findings, examination.slices)
}

fn tell(file: &Path, findings: &[Finding]) -> Result<(), String> {
    for finding in findings {
        output::say(source::told(file, finding))?;
    }
    if findings.is_empty() { output::say(format_args!("{}: sound", file.display())) } else { Ok(()) }
}

fn explain(slices: &[SliceSize]) -> Result<(), String> {
    for slice in slices {
        let with = match &slice.tracks[..] {
            [] if slice.accounts => " and its accounts".to_owned(),
            [] => String::new(),
            tracks => format!(" with {}", tracks.join(", ")),
        };
        let off =
            if slice.off.is_empty() { String::new() } else { format!(", {} off", slice.off.join(" and ")) };
        let fixed = if slice.fixed.is_empty() { String::new() } else { format!(", while {}", slice.fixed) };
        let SliceSize { states, edges, .. } = slice;
        output::say(format_args!(
            "  walked: the main machine{with}{off}{fixed}: {states} states, {edges} edges"
        ))?;
    }
    UNPROVEN.iter().try_for_each(|what| output::say(format_args!("  not proven: {what}")))
}

fn facts(json: bool) -> Result<ExitCode, Fault> {
    let facts = documented();
    if json {
        output::say(serde_json::to_string_pretty(&facts)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    for Documented { path, kind, meaning } in &facts {
        let kind = kind.as_ref().map_or_else(|| "of its field".to_owned(), ToString::to_string);
        output::say(format_args!("{path}\t{kind}\t{meaning}"))?;
    }
    Ok(ExitCode::SUCCESS)
}
