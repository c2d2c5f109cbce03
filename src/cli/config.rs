//! `sojourn config`

use std::path::Path;

use clap::Args;

use super::{Outcome, output};
use crate::config::Config;

/// Print every setting with its meaning and present value, secrets hidden
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn config > sojourn.toml")]
pub struct Arguments {
    /// Print the values alone, as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments, file: Option<&Path>) -> Outcome {
    let config = Config::load(file)?;
    if arguments.json {
        output::say(serde_json::to_string_pretty(&config)?)?;
    } else {
        output::put(&config.reference())?;
    }
    Ok(())
}
