//! `sojourn migrate`

use std::path::Path;

use clap::Args;

use super::{Outcome, instance, output};

/// Bring the schema of the database up to this version
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  SOJOURN_DATABASE__URL=postgres://sojourn@db/sojourn sojourn migrate")]
pub struct Arguments {
    /// Print the names of the applied changes as a JSON list
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: &Arguments, file: Option<&Path>) -> Outcome {
    let store = instance::store(&instance::settings(file)?).await?;
    let applied = store.migrate().await?;
    if arguments.json {
        output::say(serde_json::to_string(&applied)?)?;
    } else {
        output::say(format_args!("{} changes applied to {}", applied.len(), store.address()))?;
    }
    Ok(store.close().await?)
}
