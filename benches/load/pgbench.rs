//! What PostgreSQL alone does: `pgbench` runs the same statements, one after the other.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::told::percentiles;

/// A transaction as pgbench reads it: `number` names a case, which `counter` counts for each client from `first` on.
pub fn transaction(statements: &[String], first: u64, counter: &str) -> String {
    format!(
        "\\set number {first} + :base + :client_id * :each + :{counter}\n\\set {counter} :{counter} + 1\nBEGIN;\n{};\nCOMMIT;\n",
        statements.join(";\n")
    )
}

/// What pgbench found.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// Transactions a second.
    pub pace: f64,
    /// Latencies in milliseconds, at 50, 99 and 99.9 of 100.
    pub latency: [f64; 3],
}

/// Runs scripts by `pgbench`, each transaction one of them by chance.
pub fn run(
    url: &str,
    folder: &Path,
    scripts: &[String],
    (clients, lasts): (u32, Duration),
    variables: &[(&str, u64)],
) -> Found {
    for log in logs(folder) {
        std::fs::remove_file(log).expect("an old log goes");
    }
    let mut command = Command::new("pgbench");
    command.current_dir(folder).args(["--no-vacuum", "--protocol=prepared", "--log"]);
    command.args(["--client", &clients.to_string(), "--jobs", "1", "--time", &lasts.as_secs().to_string()]);
    for (nth, script) in scripts.iter().enumerate() {
        let name = format!("{nth}.pgbench");
        std::fs::write(folder.join(&name), script).expect("a script");
        command.args(["--file", &name]);
    }
    for (name, value) in variables {
        command.args(["--define", &format!("{name}={value}")]);
    }
    let output = command.arg(url).stdin(Stdio::null()).output().expect("pgbench runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let told = || format!("{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}", told());
    let pace = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    Found { pace: pace.unwrap_or_else(|| panic!("{}", told())), latency: latencies(folder) }
}

/// From the log of single transactions: the third column is how long each took, in microseconds.
fn latencies(folder: &Path) -> [f64; 3] {
    let mut all = Vec::new();
    for log in logs(folder) {
        let text = std::fs::read_to_string(log).expect("a log");
        all.extend(text.lines().filter_map(|line| line.split(' ').nth(2)?.parse::<f64>().ok()));
    }
    percentiles(all.into_iter().map(|micros| micros / 1e3).collect())
}

fn logs(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).expect("a folder").filter_map(|file| Some(file.ok()?.path()));
    let is_log = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pgbench_log"))
    };
    files.filter(is_log).collect()
}
