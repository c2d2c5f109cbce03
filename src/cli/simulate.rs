//! `sojourn simulate`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sojourn_engine::definition::check::prove;
use sojourn_engine::ids::CallId;

use super::{Fault, instance, output, source};
use crate::access::Caller;
use crate::app::workflows::simulation::{self, Changed, Over};

/// Try a changed definition on past cases: what it would have refused, allowed, let lapse, sent
///
/// Each recorded step is decided again on the facts it read then. Nothing is written, nothing is guessed: what the record does not answer
/// is counted as unknown. The same definition over the same record gives the same report, byte for byte.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn simulate exchange.toml --year 2008 --json > report.json")]
pub struct Arguments {
    /// The changed definition
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only cases of this call
    #[arg(long, value_name = "ID")]
    call: Option<uuid::Uuid>,
    /// Only cases of the academic year that begins in this year
    #[arg(long)]
    year: Option<i16>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: &Arguments, config: Option<&Path>) -> Result<ExitCode, Fault> {
    let text = source::read(&arguments.file)?;
    let definition = match prove(&text) {
        Ok(definition) => definition,
        Err(findings) => {
            for finding in &findings {
                eprintln!("{}", source::told(&arguments.file, finding));
            }
            return Ok(ExitCode::FAILURE);
        }
    };
    let (_, app) = instance::open(config, false).await?;
    let style = ProgressStyle::with_template("{spinner} {pos} cases, {elapsed}")?;
    let bar = ProgressBar::no_length().with_style(style);
    let over = Over { call: arguments.call.map(CallId::from), year: arguments.year };
    let seen = |cases| bar.set_position(cases);
    let id = &definition.id;
    let view = simulation::simulate(&app, &Caller::operator(), id, Changed::Source(text), over, seen).await;
    bar.finish_and_clear();
    let view = view.map_err(|error| match error {
        crate::app::Error::NotFound => format!("there is no workflow `{id}` in this instance"),
        error => error.to_string(),
    })?;
    if arguments.json {
        output::say(serde_json::to_string_pretty(&view)?)?;
    } else {
        output::put(&view.report.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}
