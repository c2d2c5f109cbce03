//! Standard output, of which not everything written need arrive.

use std::fmt;
use std::io::{ErrorKind, Write};

/// Writes a text and its line end. A reader that has seen enough and gone, as `head` does, is no fault.
///
/// # Errors
/// One line, such as for a disk that is full.
pub fn say(text: impl fmt::Display) -> Result<(), String> {
    put(&format!("{text}\n"))
}

/// Writes a text that has its own line ends.
pub fn put(text: &str) -> Result<(), String> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        Ok(()) | Err(_) => Ok(()),
    }
}
