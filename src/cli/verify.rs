//! `sojourn verify`

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Fault, Outcome, instance, output};
use crate::app::App;
use crate::app::checkpoints::Checkpoint;
use crate::app::verify::{self, Report};

/// Prove that the record explains the present: chains, states, places, notices
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  sojourn verify --json > report.json\n  sojourn verify --checkpoint checkpoint-12.json\n  sojourn verify --export record.jsonl"
)]
pub struct Arguments {
    /// Look at a file that `sojourn export` wrote, and at no database
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Compare the record with a checkpoint that somebody has kept, too
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: &Arguments, file: Option<&Path>) -> Outcome {
    let report = match &arguments.export {
        Some(export) => exported(export, &arguments.checkpoint)?,
        None => recorded(arguments, file).await?,
    };
    tell(arguments, &report)
}

/// The record in the database.
async fn recorded(arguments: &Arguments, file: Option<&Path>) -> Result<Report, Fault> {
    let (_, app) = instance::open(file, false).await?;
    let style = ProgressStyle::with_template("{spinner} {pos} cases, {elapsed}")
        .map_err(|fault| fault.to_string())?;
    let bar = ProgressBar::no_length().with_style(style);
    let mut report = verify::verify(&app, |cases| bar.set_position(cases)).await?;
    for file in &arguments.checkpoint {
        compare(&app, file, &mut report).await?;
    }
    bar.finish_and_clear();
    Ok(report)
}

/// The record in a file. Whose key has signed a checkpoint is for its reader to know.
fn exported(file: &Path, checkpoints: &[PathBuf]) -> Result<Report, Fault> {
    let named = |file: &Path, fault: &dyn std::fmt::Display| format!("{}: {fault}", file.display());
    let mut kept = Vec::new();
    for place in checkpoints {
        let text = std::fs::read_to_string(place).map_err(|fault| named(place, &fault))?;
        let read = Checkpoint::read(&text).map_err(|unsound| named(place, &unsound))?;
        output::say(format_args!("{}: signed with the key {}", place.display(), read.key))?;
        kept.push(read);
    }
    let from = File::open(file).map_err(|fault| named(file, &fault))?;
    Ok(verify::verify_export(BufReader::new(from), &kept).map_err(|fault| named(file, &fault))?)
}

fn tell(arguments: &Arguments, report: &Report) -> Outcome {
    if arguments.json {
        output::say(serde_json::to_string_pretty(report)?)?;
    } else {
        output::say(format_args!(
            "{} cases, {} steps, {} notices, {} place lines and {} checkpoints looked at",
            report.cases, report.steps, report.notices, report.lines, report.checkpoints
        ))?;
        for difference in &report.first {
            let step = difference.step.map(|step| format!(", step {step}")).unwrap_or_default();
            output::say(format_args!("{}{step}: {}", difference.of, difference.what))?;
        }
    }
    match report.differences {
        0 => Ok(()),
        1 => Err("1 difference: the record does not explain the present".into()),
        more => Err(format!("{more} differences: the record does not explain the present").into()),
    }
}

/// Compares the record with a checkpoint from a file.
async fn compare(app: &App, file: &Path, report: &mut Report) -> Result<(), Fault> {
    let named = |fault: &dyn std::fmt::Display| format!("{}: {fault}", file.display());
    let text = std::fs::read_to_string(file).map_err(|fault| named(&fault))?;
    let kept = app.own_checkpoint(&text).map_err(|unsound| named(&unsound))?;
    report.checkpoints += 1;
    for (case, step) in app.differing_from(&kept).await? {
        report.differs(
            &case,
            Some(step),
            format!("it is not as it was at the checkpoint in {}", file.display()),
        );
    }
    Ok(())
}
