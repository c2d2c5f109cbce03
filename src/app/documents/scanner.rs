//! A command of the operator that judges each upload: it gets the content on its standard input, and refuses by its status.

use std::pin::Pin;
use std::process::Stdio;
use std::time::Duration;

use sojourn_engine::ids::DocumentId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;
use tokio::time::Sleep;

use super::flaw::Flaw;
use super::intake::Unfit;
use crate::app::{Error, Result};
use crate::config;

/// Bytes of what the command says that are looked at.
const SAID: u64 = 4096;
/// Letters of it that go into the log.
const LINE: usize = 200;

/// The command.
#[derive(Debug)]
pub struct Scanner {
    program: String,
    arguments: Vec<String>,
    patience: Duration,
}

/// The command at work on one file; dropped, it is ended.
#[derive(Debug)]
pub struct Scan<'a> {
    scanner: &'a Scanner,
    child: Child,
    input: Option<ChildStdin>,
    said: JoinHandle<String>,
    end: Pin<Box<Sleep>>,
}

/// What keeps every upload out until the operator mends it.
#[derive(Debug, thiserror::Error)]
#[error("files.scanner: {0}")]
struct Fault(String);

fn fault(told: impl Into<String>) -> Unfit {
    Unfit::Failed(Error::Unavailable(Box::new(Fault(told.into()))))
}

impl Scanner {
    /// The command that the settings name, if they name one.
    pub fn new(settings: &config::Files) -> Option<Self> {
        let (program, arguments) = settings.scanner.split_first()?;
        let patience = Duration::from_secs(settings.scanner_seconds);
        Some(Self { program: program.clone(), arguments: arguments.to_vec(), patience })
    }

    /// Starts it for one file.
    ///
    /// # Errors
    /// [`Error::Unavailable`] for a command that cannot be started.
    pub fn begin(&self) -> Result<Scan<'_>> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).kill_on_drop(true);
        // It inherits no secret: settings may stand in the environment.
        command.env_clear().envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "LANG"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let started = command.spawn();
        let mut child = started.map_err(|error| {
            let told = format!("`{}` cannot be started: {error}", self.program);
            Error::Unavailable(Box::new(Fault(told)))
        })?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let said = tokio::spawn(async move {
            let (mut said, mut output) = (Vec::new(), output);
            if let Some(output) = &mut output {
                let _ = output.take(SAID).read_to_end(&mut said).await;
                // The rest is read too, or the command would wait for ever.
                let _ = tokio::io::copy(output, &mut tokio::io::sink()).await;
            }
            let said = String::from_utf8_lossy(&said);
            said.lines().next().unwrap_or_default().chars().filter(|l| !l.is_control()).take(LINE).collect()
        });
        Ok(Scan { scanner: self, child, input, said, end: Box::pin(tokio::time::sleep(self.patience)) })
    }
}

impl Scan<'_> {
    fn late(&self) -> Unfit {
        fault(format!("`{}` did not end within {} s", self.scanner.program, self.scanner.patience.as_secs()))
    }

    /// Gives it the next bytes.
    ///
    /// # Errors
    /// [`Unfit::Failed`] when its time is over.
    pub async fn put(&mut self, bytes: &[u8]) -> Result<(), Unfit> {
        let Some(input) = &mut self.input else { return Ok(()) };
        let written = tokio::select! {
            written = input.write_all(bytes) => written,
            () = &mut self.end => return Err(self.late()),
        };
        // Otherwise it has judged before it has read everything.
        if written.is_err() {
            self.input = None;
        }
        Ok(())
    }

    /// Waits for its judgement.
    ///
    /// # Errors
    /// [`Unfit::Content`] when it refuses, [`Unfit::Failed`] when its time is over.
    pub async fn verdict(mut self, document: DocumentId) -> Result<(), Unfit> {
        drop(self.input.take());
        let ended = tokio::select! {
            ended = self.child.wait() => ended,
            () = &mut self.end => return Err(self.late()),
        };
        let status = ended.map_err(|error| fault(error.to_string()))?;
        if status.success() {
            return Ok(());
        }
        let said = tokio::select! {
            said = &mut self.said => said.unwrap_or_default(),
            () = &mut self.end => String::new(),
        };
        tracing::warn!(%document, %status, said, "the scanner refused an upload");
        Err(Unfit::Content(Flaw::Scanned))
    }
}
