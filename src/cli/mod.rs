//! The command line: composes everything into the one binary.
//!
//! A command that fails says one line on standard error and ends with a status other than zero. To add one: a file with its
//! `Arguments`, doc comment (its `--help`) and example, a variant of [`Command`], and an arm in [`Command::run`].

mod allocation;
mod backup;
mod check;
mod checkpoint;
mod clocks;
mod config;
mod demo;
mod diagram;
mod export;
mod import;
mod instance;
mod mail;
mod migrate;
mod output;
mod person;
mod secret;
mod serve;
mod simulate;
mod source;
mod verify;
mod workflow;

use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use serve::router;

/// What keeps a command from its end: one line.
type Fault = Box<dyn Error + Send + Sync>;

/// How a command ends.
type Outcome<T = ()> = Result<T, Fault>;

/// Student exchanges and internships of an alliance of universities.
#[derive(Debug, Parser)]
#[command(name = "sojourn", version, after_help = "Example:\n  sojourn serve --config /etc/sojourn.toml")]
struct Cli {
    /// File with settings [default: sojourn.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Arguments),
    #[command(subcommand)]
    Allocation(allocation::Arguments),
    Demo(demo::Arguments),
    Migrate(migrate::Arguments),
    #[command(subcommand)]
    Import(import::Arguments),
    Verify(verify::Arguments),
    Backup(backup::Arguments),
    Check(check::Arguments),
    Checkpoint(checkpoint::Arguments),
    #[command(subcommand)]
    Clocks(clocks::Arguments),
    Diagram(diagram::Arguments),
    Export(export::Arguments),
    Simulate(simulate::Arguments),
    #[command(subcommand)]
    Workflow(workflow::Arguments),
    Config(config::Arguments),
    #[command(subcommand)]
    Mail(mail::Arguments),
    #[command(subcommand)]
    Person(person::Arguments),
    #[command(subcommand)]
    Secret(secret::Arguments),
}

impl Command {
    async fn run(self, file: Option<&Path>) -> Result<ExitCode, Fault> {
        match self {
            Self::Serve(arguments) => serve::run(arguments, file).await?,
            Self::Allocation(arguments) => allocation::run(&arguments)?,
            Self::Demo(arguments) => Box::pin(demo::run(arguments)).await?,
            Self::Migrate(arguments) => migrate::run(&arguments, file).await?,
            Self::Import(arguments) => import::run(arguments, file).await?,
            Self::Verify(arguments) => verify::run(&arguments, file).await?,
            Self::Backup(arguments) => backup::run(&arguments, file).await?,
            Self::Check(arguments) => return check::run(&arguments),
            Self::Checkpoint(arguments) => checkpoint::run(&arguments, file).await?,
            Self::Clocks(arguments) => clocks::run(&arguments, file).await?,
            Self::Diagram(arguments) => diagram::run(&arguments)?,
            Self::Export(arguments) => export::run(&arguments, file).await?,
            Self::Workflow(arguments) => workflow::run(arguments, file).await?,
            Self::Simulate(arguments) => return simulate::run(&arguments, file).await,
            Self::Config(arguments) => config::run(&arguments, file)?,
            Self::Mail(arguments) => mail::run(&arguments, file).await?,
            Self::Person(arguments) => person::run(arguments, file).await?,
            Self::Secret(arguments) => secret::run(arguments, file).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Runs the command that the arguments name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Cli { config, command } = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(told) => {
            let _ = told.print();
            return ExitCode::from(if told.use_stderr() { 2 } else { 0 });
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome =
        runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(command.run(config.as_deref())));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sojourn: {error}");
            ExitCode::FAILURE
        }
    }
}
