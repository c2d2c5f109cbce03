//! `sojourn clocks`

use std::path::Path;

use clap::Subcommand;

use super::{Outcome, instance, output};

/// Look after the clocks of deadlines
#[derive(Debug, Subcommand)]
pub enum Arguments {
    Resume(Resume),
}

/// Let clocks act again after a longer stop, when this machine's time is right
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sojourn clocks resume")]
pub struct Resume {}

pub async fn run(arguments: &Arguments, file: Option<&Path>) -> Outcome {
    let Arguments::Resume(Resume {}) = arguments;
    let (_, app) = instance::open(file, false).await?;
    let at = app.clock.moment();
    let late = app.late_clocks(&at).await?;
    app.resume_clocks(&at).await?;
    Ok(output::say(format_args!(
        "clocks go on from {}; {late} are due",
        at.now.format("%Y-%m-%d %H:%M UTC")
    ))?)
}
