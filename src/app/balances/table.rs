//! A balance as a table: comma-separated values that a spreadsheet opens without running anything.

use super::{BalanceRow, BalanceView, End};
use crate::app::{Error, Result};

const COLUMNS: [&str; 15] = [
    "source",
    "home_id",
    "home",
    "host_id",
    "host",
    "academic_year",
    "term",
    "unit",
    "capacity",
    "carried",
    "held",
    "used",
    "free",
    "forecast",
    "overdrawn_lines",
];

impl BalanceView {
    /// The rows as CSV (RFC 4180), in UTF-8, with a line of names above them.
    ///
    /// # Errors
    /// None that a table in memory can meet.
    pub fn csv(&self) -> Result<String> {
        let fault = |fault: csv::Error| Error::Internal(Box::new(fault));
        let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        table.write_record(COLUMNS).map_err(fault)?;
        for row in &self.rows {
            table.write_record(cells(row)).map_err(fault)?;
        }
        let bytes = table.into_inner().map_err(|fault| Error::Internal(fault.to_string().into()))?;
        String::from_utf8(bytes).map_err(|fault| Error::Internal(Box::new(fault)))
    }
}

fn cells(row: &BalanceRow) -> [String; COLUMNS.len()] {
    let id = |end: &Option<End>| end.as_ref().map(|end| end.id.to_string()).unwrap_or_default();
    let name = |end: &Option<End>| end.as_ref().map(|end| plain(&end.name)).unwrap_or_default();
    let numbers = &row.numbers;
    [
        row.source.as_str().to_owned(),
        id(&row.home),
        name(&row.home),
        id(&row.host),
        name(&row.host),
        row.period.as_ref().map(|period| period.academic_year.to_string()).unwrap_or_default(),
        row.period.as_ref().map(|period| plain(&period.term)).unwrap_or_default(),
        row.unit.as_str().to_owned(),
        numbers.capacity.to_string(),
        numbers.carried.to_string(),
        numbers.held.to_string(),
        numbers.used.to_string(),
        numbers.free.to_string(),
        numbers.forecast.to_string(),
        row.overdrawn.len().to_string(),
    ]
}

/// Text that a spreadsheet takes for text: what would begin a formula is led by an apostrophe.
fn plain(text: &str) -> String {
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
