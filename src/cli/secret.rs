//! `sojourn secret`

use clap::{Args, Subcommand};

use super::output;
use crate::clock::Clock;
use crate::config;

/// Make secrets
#[derive(Debug, Subcommand)]
pub enum Arguments {
    New(New),
}

/// Print a new set of secrets for `auth`, as the key file holds them
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  (umask 077; sojourn secret new > /etc/sojourn.keys.toml)")]
pub struct New {}

pub fn run(arguments: &Arguments) -> Result<(), String> {
    match arguments {
        Arguments::New(New {}) => output::put(&config::generate(|| Clock::system().moment().random())),
    }
}
