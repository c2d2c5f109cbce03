//! What a test measured, kept for the README's section "Measured".

use std::fmt::Display;
use std::io::Write;

/// Keeps one line of the table that `tests/long` writes; without `SOJOURN_MEASURED` it is only printed.
///
/// `seed` is what repeats the run, empty where nothing is random.
pub fn measured(what: &str, count: u64, seed: impl Display, result: impl Display) {
    let line = serde_json::json!({
        "what": what, "count": count, "seed": seed.to_string(), "result": result.to_string(),
    });
    println!("measured: {line}");
    if let Ok(path) = std::env::var("SOJOURN_MEASURED") {
        let mut file =
            std::fs::OpenOptions::new().append(true).create(true).open(&path).expect("the file opens");
        writeln!(file, "{line}").expect("the line is written");
    }
}
