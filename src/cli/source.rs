//! Definitions as files: read whole, and what is wrong with a file told before what is wrong in it.

use std::path::Path;

use sojourn_engine::definition::Finding;
use sojourn_engine::definition::parse::LONGEST;

/// The text of a definition's file.
///
/// # Errors
/// One line that names the file and the mend: not there, no file, too long, not UTF-8.
pub fn read(file: &Path) -> Result<String, String> {
    let place = file.display();
    let unread = |error: std::io::Error| format!("{place}: cannot be read: {error}");
    let about = std::fs::metadata(file).map_err(unread)?;
    if about.is_dir() {
        return Err(format!("{place} is a folder: name a file"));
    }
    if usize::try_from(about.len()).unwrap_or(usize::MAX) > LONGEST {
        return Err(format!("{place}: {} bytes, a definition may have at most {LONGEST}", about.len()));
    }
    String::from_utf8(std::fs::read(file).map_err(unread)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = String::from_utf8_lossy(&error.as_bytes()[..at]).matches('\n').count() + 1;
        format!("{place}:{line}: not UTF-8: save the file as UTF-8")
    })
}

/// A finding as compilers write theirs, with the shortest events that show it on a line of their own.
pub fn told(file: &Path, finding: &Finding) -> String {
    let Finding { rule, severity, place, message, counter_example } = finding;
    let line = format!("{}:{place}: {severity}[{rule:?}]: {message}", file.display());
    match &counter_example[..] {
        [] => line,
        events => format!("{line}\n  shown by: {}", events.join(" → ")),
    }
}
