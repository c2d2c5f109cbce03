//! `sojourn import people`

use std::path::Path;

use super::{File, refused};
use crate::app::{Error, people};
use crate::cli::output::say;
use crate::cli::{Outcome, instance};

pub async fn run(asked: &File, config: Option<&Path>) -> Outcome {
    let place = asked.file.display();
    let table = std::fs::read(&asked.file)
        .map_err(|fault| format!("{place}: {fault}: name a file that you may read"))?;
    let (_, app) = instance::open(config, false).await?;
    let report = people::import_file(&app, &table).await.map_err(|error| match error {
        Error::Invalid(faults) => {
            let told: Vec<String> = faults.iter().map(|fault| fault.detail.clone()).collect();
            format!("{place}: {}", told.join("; ")).into()
        }
        other => Box::<dyn std::error::Error + Send + Sync>::from(other),
    })?;
    if asked.json {
        return Ok(say(serde_json::to_string_pretty(&report)?)?);
    }
    let told = format!(
        "{} rows, {} people entered and invited, {} known already, {} refused",
        report.read,
        report.created,
        report.known,
        report.refused.len()
    );
    Ok(say([told].into_iter().chain(refused(&report.refused)).collect::<Vec<_>>().join("\n"))?)
}
