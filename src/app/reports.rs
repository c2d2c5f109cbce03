//! Reports: the same numbers as JSON, as a table for spreadsheets and as a picture to paste into a document.

mod allocation;
mod asked;
mod funnel;
pub mod picture;
pub mod table;
mod traffic;
mod waiting;

use serde::Serialize;

use super::Result;

pub use crate::store::reports::Wanted;
pub use allocation::{AllocationView, allocation};
pub use funnel::{FunnelView, funnel};
pub use traffic::{TrafficView, traffic};
pub use waiting::{WaitingView, waiting};

/// What a report comes as beside JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A table for spreadsheets.
    Table,
    /// A picture.
    Picture,
}

impl Shape {
    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Table => "text/csv; charset=utf-8",
            Self::Picture => "image/svg+xml",
        }
    }

    /// How the name of its file ends.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Table => "csv",
            Self::Picture => "svg",
        }
    }

    /// A report in it.
    ///
    /// # Errors
    /// None that a table in memory can meet.
    pub fn of(self, report: &impl Report, language: &str) -> Result<String> {
        match self {
            Self::Table => report.csv(),
            Self::Picture => Ok(report.picture(language)),
        }
    }
}

/// Numbers that are also a table and a picture.
pub trait Report: Serialize {
    /// The rows as CSV (RFC 4180), in UTF-8, with a line of names above them.
    ///
    /// # Errors
    /// None that a table in memory can meet.
    fn csv(&self) -> Result<String>;

    /// The picture as SVG, its words in `language`.
    fn picture(&self, language: &str) -> String;
}
