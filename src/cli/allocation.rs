//! `sojourn allocation`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Outcome, output};
use crate::app::allocations::file;

/// Check allocations of places
#[derive(Debug, Subcommand)]
pub enum Arguments {
    Verify(Verify),
}

/// Compute a run of an allocation anew from its file, without the service, and name whatever it breaks
///
/// The file is what the service gives at `/calls/{id}/allocations/{aid}/file`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn allocation verify run-3.json")]
pub struct Verify {
    /// File of a run
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Outcome {
    let Arguments::Verify(Verify { file, json }) = arguments;
    let named = |fault: &dyn std::fmt::Display| format!("{}: {fault}", file.display());
    let text = std::fs::read_to_string(file).map_err(|fault| named(&fault))?;
    let checked = file::check(&text).map_err(|fault| named(&fault))?;
    if *json {
        output::say(serde_json::to_string_pretty(&checked)?)?;
    } else {
        output::say(format_args!(
            "run {}: {} applications, {} of them placed, digest {}",
            checked.run, checked.students, checked.placed, checked.digest
        ))?;
        for breach in &checked.breaches {
            output::say(breach)?;
        }
        for fault in &checked.faults {
            output::say(fault)?;
        }
        if !checked.same && checked.faults.is_empty() {
            output::say("computing it anew gives another outcome")?;
        }
        if !checked.seed_kept {
            output::say("its seed is not the one that the call promised")?;
        }
    }
    match checked.wrong() {
        0 => Ok(()),
        1 => Err("1 thing is wrong: the outcome is not what the rules give".into()),
        more => Err(format!("{more} things are wrong: the outcome is not what the rules give").into()),
    }
}
