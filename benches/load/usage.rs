//! What a process costs, as Linux tells it.

use std::fs::read_to_string;

/// Ticks of a second in `/proc`; the same on every Linux.
const TICKS: f64 = 100.0;

/// Seconds that a process and its threads have had on a core so far.
pub fn on_core(process: u32) -> f64 {
    let stat = read_to_string(format!("/proc/{process}/stat")).expect("the process runs");
    // The name in parentheses may hold spaces.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    ticks.sum::<u64>() as f64 / TICKS
}

/// Memory of its own that a process has now, in MiB: neither files nor what is shared.
pub fn heap(process: u32) -> f64 {
    let status = read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.expect("a number") / 1024.0
}
