//! Comma-separated values that a spreadsheet opens without running anything.

use crate::app::{Error, Result};

/// Rows under the names of their columns, in UTF-8 (RFC 4180).
///
/// # Errors
/// None that a table in memory can meet.
pub fn csv<C: AsRef<[u8]>, R: IntoIterator<Item = String>>(
    columns: impl IntoIterator<Item = C>,
    rows: impl Iterator<Item = R>,
) -> Result<String> {
    let fault = |fault: csv::Error| Error::Internal(Box::new(fault));
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    table.write_record(columns).map_err(fault)?;
    for row in rows {
        table.write_record(row).map_err(fault)?;
    }
    let bytes = table.into_inner().map_err(|fault| Error::Internal(fault.to_string().into()))?;
    String::from_utf8(bytes).map_err(|fault| Error::Internal(Box::new(fault)))
}

/// Text that a spreadsheet takes for text: what would begin a formula is led by an apostrophe.
pub fn plain(text: &str) -> String {
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_a_formula_stays_text() {
        assert_eq!(plain("=1+1"), "'=1+1");
        assert_eq!(plain("Zaragoza"), "Zaragoza");
    }
}
