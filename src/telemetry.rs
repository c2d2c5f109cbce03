//! The log: lines of text or JSON on standard error, filtered as the settings say.
//!
//! Spans are named `floor.resource.verb`; they carry ids, never names, addresses or secrets.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::Log;

/// Starts the log of the process; a second call changes nothing.
pub fn start(log: &Log) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(&log.filter)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let lines = lines.with_ansi(std::io::stderr().is_terminal());
    let _ = if log.json { lines.json().flatten_event(true).try_init() } else { lines.try_init() };
    Ok(())
}
