//! `sojourn export`

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Outcome, instance, output};
use crate::app::verify::export;

/// Write the record of all steps into a file that anybody can verify without the database
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn export record.jsonl && sojourn verify --export record.jsonl")]
pub struct Arguments {
    /// The file; it must not be there yet
    file: PathBuf,
}

pub async fn run(arguments: &Arguments, file: Option<&Path>) -> Outcome {
    let (_, app) = instance::open(file, false).await?;
    let place = &arguments.file;
    let to = File::create_new(place).map_err(|fault| format!("{}: {fault}", place.display()))?;
    let (cases, steps) = export(&app, &mut BufWriter::new(to)).await?;
    Ok(output::say(format_args!("{}: {cases} cases, {steps} steps", place.display()))?)
}
