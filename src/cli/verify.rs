//! `sojourn verify`

use std::path::Path;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Outcome, instance, output};
use crate::app::verify;

/// Prove that the record explains the present: chains, states, places, notices
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn verify --json > report.json")]
pub struct Arguments {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: &Arguments, file: Option<&Path>) -> Outcome {
    let (_, app) = instance::open(file, false).await?;
    let style = ProgressStyle::with_template("{spinner} {pos} cases, {elapsed}")
        .map_err(|fault| fault.to_string())?;
    let bar = ProgressBar::no_length().with_style(style);
    let report = verify::verify(&app, |cases| bar.set_position(cases)).await?;
    bar.finish_and_clear();
    if arguments.json {
        output::say(serde_json::to_string_pretty(&report)?)?;
    } else {
        output::say(format_args!(
            "{} cases, {} steps, {} notices and {} place lines looked at",
            report.cases, report.steps, report.notices, report.lines
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
