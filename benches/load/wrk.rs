//! Requests as fast as they are answered, by `wrk` (Debian's package), whose scripts lie beside this file.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// What `wrk` is asked.
#[derive(Debug)]
pub struct Asked {
    /// As in `http://127.0.0.1:PORT`.
    pub address: String,
    /// The script's name.
    pub script: &'static str,
    /// What the script reads from its environment.
    pub with: Vec<(&'static str, String)>,
    /// How many connections.
    pub connections: u32,
    /// How long.
    pub lasts: Duration,
}

/// What `wrk` found, as the scripts print it.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Requests that were answered.
    pub answers: u64,
    /// How many of them not with success, and connections that broke.
    pub errors: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Latencies in milliseconds, at 50, 99 and 99.9 of 100.
    pub latency: [f64; 3],
    /// Where the next run of the script goes on.
    pub next: u64,
}

impl Found {
    /// Answers a second.
    pub fn pace(&self) -> f64 {
        self.answers as f64 / self.seconds
    }

    /// Fails unless every request was answered with success.
    pub fn all_succeeded(&self) {
        assert!(self.errors == 0, "{} requests were not answered with success", self.errors);
    }
}

/// Runs several at once; latencies are those of the slowest, the time that of the longest.
pub fn run_all(asked: &[Asked]) -> Found {
    let all: Vec<Found> = thread::scope(|scope| {
        let running: Vec<_> = asked.iter().map(|one| scope.spawn(move || run(one))).collect();
        running.into_iter().map(|one| one.join().expect("wrk runs")).collect()
    });
    all.into_iter().fold(Found::default(), |sum, one| Found {
        answers: sum.answers + one.answers,
        errors: sum.errors + one.errors,
        seconds: sum.seconds.max(one.seconds),
        latency: [0, 1, 2].map(|nth| sum.latency[nth].max(one.latency[nth])),
        next: sum.next.max(one.next),
    })
}

/// Runs a script.
pub fn run(asked: &Asked) -> Found {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/load");
    let output = Command::new("wrk")
        .args(["--threads", "1", "--timeout", "30s", "--connections", &asked.connections.to_string()])
        .args(["--duration", &format!("{}s", asked.lasts.as_secs())])
        .arg("--script")
        .arg(scripts.join(asked.script))
        .arg(&asked.address)
        .env("TOLD", scripts.join("told.lua"))
        .envs(asked.with.iter().map(|(name, value)| (*name, value)))
        .stdin(Stdio::null())
        .output()
        .expect("wrk runs: install Debian's package wrk");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        lines.next_back().map(str::trim)
    };
    let value = |name: &str| line(name)?.parse::<f64>().ok();
    let count = |name: &str| line(name)?.parse::<u64>().ok();
    let found = || {
        Some(Found {
            answers: count("answers")?,
            errors: count("errors")?,
            seconds: value("seconds")?,
            latency: [value("p50")?, value("p99")?, value("p99.9")?],
            next: count("next")?,
        })
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    eprint!("{complaint}");
    found().unwrap_or_else(|| panic!("{text}\n{complaint}"))
}
