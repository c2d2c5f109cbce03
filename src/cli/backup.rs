//! `sojourn backup`

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Outcome, instance, output};

/// Copy the SQLite database into a new file while the service runs
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn backup /var/backups/alliance-2027-01-31.db")]
pub struct Arguments {
    /// File to write; it must not exist yet
    target: PathBuf,
}

pub async fn run(arguments: &Arguments, file: Option<&Path>) -> Outcome {
    let target = arguments.target.display();
    if arguments.target.exists() {
        return Err(format!("{target} exists already: name a new file").into());
    }
    let config = instance::settings(file)?;
    let store = instance::store(&config).await?;
    if !store.is_sqlite() {
        return Err(
            "a PostgreSQL database is backed up with its own tools: pg_basebackup, or pg_dump for a copy"
                .into(),
        );
    }
    store.check_schema().await?;
    let path = arguments.target.to_str().ok_or("the name of the file must be UTF-8")?;
    store.copy_to(path).await.map_err(|fault| format!("{target}: {fault}"))?;
    output::say(format_args!("{target} holds everything that was committed when the copy began."))?;
    output::say(format_args!("Uploaded files are in {}: copy that folder too.", config.files.dir.display()))?;
    Ok(())
}
