//! `sojourn import institutions`

use std::path::Path;

use super::{Institutions, Listed, refused};
use crate::app::institutions::{self, Mapping};
use crate::cli::output::say;
use crate::cli::{Outcome, instance};

pub async fn run(asked: &Institutions, config: Option<&Path>) -> Outcome {
    let mapping = match asked.mapping {
        Listed::Table => Mapping::Table,
        Listed::Euc => Mapping::Euc,
        Listed::Eche => Mapping::Eche,
    };
    let (_, app) = instance::open(config, false).await?;
    let report = institutions::import_file(&app, &asked.file, mapping).await?;
    if asked.json {
        return Ok(say(serde_json::to_string_pretty(&report)?)?);
    }
    let told = format!(
        "{} rows, {} institutions entered, {} verified, {} known already, {} refused",
        report.read,
        report.created,
        report.verified,
        report.known,
        report.refused.len()
    );
    Ok(say([told].into_iter().chain(refused(&report.refused)).collect::<Vec<_>>().join("\n"))?)
}
