//! People.

/// An e-mail address as it is kept and compared: in lower case, without blanks around it.
pub fn address(written: &str) -> String {
    written.trim().to_lowercase()
}
