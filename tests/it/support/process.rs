//! The real `sojourn` binary as a child process, for the command line and for kills.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::Duration;

use super::logs;

/// How long the server may take until it listens.
const PATIENCE: Duration = Duration::from_mins(2);

/// The binary with the environment of a configuration: `("SOJOURN_DATABASE__URL", url)` and the like. `SOJOURN_SERVER` names another build.
pub fn sojourn(folder: &Path, environment: &[(&str, &str)]) -> Command {
    let built = std::env::var("SOJOURN_SERVER").unwrap_or_else(|_| env!("CARGO_BIN_EXE_sojourn").to_owned());
    of_build(built, folder, environment)
}

/// The binary of the version before this one, where `SOJOURN_PREVIOUS` names it.
pub fn previous() -> Option<String> {
    std::env::var("SOJOURN_PREVIOUS").ok()
}

/// The same with another binary.
pub fn of_build(binary: String, folder: &Path, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary);
    command.current_dir(folder).env_clear().envs(environment.iter().copied());
    command.stdin(Stdio::null()).env("PATH", "/usr/bin:/bin");
    command
}

/// Runs the binary to its end.
pub fn run(folder: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    sojourn(folder, environment).args(arguments).output().expect("the binary runs")
}

/// A `sojourn serve` or `sojourn demo` that listens; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// As it printed it: `http://127.0.0.1:PORT`, or with `https`.
    pub address: String,
    /// What it says on standard error, when it has ended.
    complaint: Option<JoinHandle<String>>,
}

impl Server {
    /// Starts the binary and waits until it has printed the address it listens on.
    pub fn start(mut command: Command) -> Self {
        // Whoever asks the server is a client of this process, which may not have chosen one before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let stdout = BufReader::new(child.stdout.take().expect("standard output"));
        let (sender, addresses) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let told = |word: &&str| word.starts_with("http") && word.contains("://127.0.0.1:");
                line.split_whitespace().filter(told).for_each(|word| {
                    sender.send(word.trim_end_matches(['/', '.', ',']).to_owned()).ok();
                });
            }
        });
        let mut stderr = child.stderr.take().expect("standard error");
        let complaint = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).ok();
            logs::said(&text);
            text
        });
        let Ok(address) = addresses.recv_timeout(PATIENCE) else {
            child.kill().ok();
            panic!("no address on standard output: {}", complaint.join().unwrap_or_default());
        };
        Self { child, address, complaint: Some(complaint) }
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks the process to end, as an init system does: SIGTERM. Says how it ended and what stood on standard error.
    pub fn stop(mut self) -> (ExitStatus, String) {
        self.terminate();
        let status = self.child.wait().expect("the process ends");
        let complaint = self.complaint.take().map(|thread| thread.join().unwrap_or_default());
        (status, complaint.unwrap_or_default())
    }

    /// Sends SIGTERM and does not wait.
    pub fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.child.id());
        let sent = Command::new("/bin/sh").args(["-c", &kill]).status().expect("a shell");
        assert!(sent.success(), "{kill}");
    }

    /// Ends the process as a power cut would end it for its data: SIGKILL, no clean-up.
    pub fn kill(mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
