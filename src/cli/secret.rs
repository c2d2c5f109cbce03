//! `sojourn secret`

use std::path::Path;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Fault, Outcome, instance, output};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{self, Faults, Vault};

/// Make secrets, and replace the master key
#[derive(Debug, Subcommand)]
pub enum Arguments {
    New(New),
    Rotate(Rotate),
}

/// Print a new set of secrets for `auth` and `vault`, as the key file holds them
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  (umask 077; sojourn secret new > /etc/sojourn.keys.toml)")]
pub struct New {}

/// Put everybody's key under a new master key while the service runs; stopped in the middle, it goes on where it was
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  sojourn secret rotate")]
pub struct Rotate {}

pub async fn run(arguments: Arguments, file: Option<&Path>) -> Outcome {
    match arguments {
        Arguments::New(New {}) => Ok(output::put(&config::generate(|| Clock::system().moment().random()))?),
        Arguments::Rotate(Rotate {}) => rotate(file).await,
    }
}

async fn rotate(file: Option<&Path>) -> Outcome {
    let (config, app) = instance::open(file, false).await?;
    match config.vault.file.clone() {
        Some(file) => in_file(&app, &file).await?,
        None => in_settings(&app, &config.vault).await?,
    }
    Ok(app.store.clone().close().await?)
}

/// The key file has the new key before anything is kept under it, and the old one until nothing is.
async fn in_file(app: &App, file: &Path) -> Outcome {
    let mut vault = config::read_vault(file)?;
    if vault.keys.len() == 1 {
        vault.renew(app.clock.moment().random());
        config::keep_vault(file, &vault)?;
    }
    let current = vault.current.clone().unwrap_or_default();
    vault.retire();
    let done = rewrap(app, &current, || config::keep_vault(file, &vault)).await?;
    let file = file.display();
    Ok(output::say(format_args!(
        "{done} keys were put under `{current}`, the only master key in {file} now. A backup from before opens with the key file from \
         before: keep them together, and destroy them together."
    ))?)
}

async fn in_settings(app: &App, vault: &Vault) -> Outcome {
    let current = vault.current.clone().unwrap_or_default();
    let others: Vec<&str> = vault.keys.keys().map(String::as_str).filter(|id| *id != current).collect();
    if others.is_empty() {
        let told = "add another key to vault.keys (`sojourn secret new` prints one), name it in vault.current, start every process of \
                    the service anew, then repeat this";
        return Err(format!("vault.keys has only the current master key `{current}`: {told}").into());
    }
    let done = rewrap(app, &current, || Ok(())).await?;
    let others = others.join(", ");
    Ok(output::say(format_args!("{done} keys were put under `{current}`: take {others} out of vault.keys."))?)
}

/// Puts keys under the current master key until there is none under another, and then takes the others out of use.
async fn rewrap(app: &App, current: &str, retire: impl Fn() -> Result<(), Faults>) -> Result<u64, Fault> {
    let style =
        ProgressStyle::with_template("{spinner} {pos} keys, {elapsed}").map_err(|fault| fault.to_string())?;
    let bar = ProgressBar::no_length().with_style(style);
    let mut done = 0;
    loop {
        done += app.rewrap_keys(|some| bar.set_position(done + some)).await?;
        if app.retire_masters::<Fault>(current, || Ok(retire()?)).await? == 0 {
            bar.finish_and_clear();
            return Ok(done);
        }
    }
}
