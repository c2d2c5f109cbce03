//! A balance as a table.

use super::{BalanceRow, BalanceView, End};
use crate::app::Result;
use crate::app::reports::table::{self, plain};

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

pub(super) fn csv(view: &BalanceView) -> Result<String> {
    table::csv(COLUMNS, view.rows.iter().map(cells))
}

fn cells(row: &BalanceRow) -> [String; COLUMNS.len()] {
    let numbers = &row.numbers;
    [
        row.source.as_str().to_owned(),
        End::id_of(row.home.as_ref()),
        End::name_of(row.home.as_ref()),
        End::id_of(row.host.as_ref()),
        End::name_of(row.host.as_ref()),
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
