//! `sojourn checkpoint`

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Outcome, instance, output};

/// Sign how far the record of steps has come now, mail it to the head of every member, and write it into a file
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn checkpoint /mnt/elsewhere")]
pub struct Arguments {
    /// Folder of the file
    #[arg(default_value = ".")]
    dir: PathBuf,
}

pub async fn run(arguments: &Arguments, file: Option<&Path>) -> Outcome {
    let (_, app) = instance::open(file, false).await?;
    let made = app.make_checkpoint(&app.clock.moment()).await?;
    let place = arguments.dir.join(format!("checkpoint-{}.json", made.statement.number));
    std::fs::write(&place, serde_json::to_vec(&made)?)
        .map_err(|fault| format!("{}: {fault}", place.display()))?;
    Ok(output::say(format_args!(
        "{}: {} cases, {} steps, signed with the key {}",
        place.display(),
        made.statement.cases,
        made.statement.steps,
        made.key
    ))?)
}
