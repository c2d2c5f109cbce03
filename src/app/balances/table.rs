//! A balance as a table: first the places by home, host and period, then what each pair has sent to each other.

use super::{BalanceRow, BalanceView, End, PairBalance};
use crate::app::Result;
use crate::app::reports::table::{self, plain};

/// Of pairs the home is the one, the host the other, and what they have sent there stands where places do; an empty year is all years.
const COLUMNS: [&str; 22] = [
    "kind",
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
    "back_capacity",
    "back_held",
    "back_used",
    "back_forecast",
    "balance",
    "balance_forecast",
];

type Cells = [String; COLUMNS.len()];

pub(super) fn csv(view: &BalanceView) -> Result<String> {
    table::csv(COLUMNS, view.rows.iter().map(places).chain(view.pairs.iter().map(pair)))
}

fn places(row: &BalanceRow) -> Cells {
    let numbers = &row.numbers;
    [
        "places".to_owned(),
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
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
        String::new(),
    ]
}

fn pair(pair: &PairBalance) -> Cells {
    let PairBalance { there, back, .. } = pair;
    [
        "pair".to_owned(),
        pair.source.as_str().to_owned(),
        pair.one.id.to_string(),
        plain(&pair.one.name),
        pair.other.id.to_string(),
        plain(&pair.other.name),
        pair.academic_year.map(|year| year.to_string()).unwrap_or_default(),
        String::new(),
        pair.unit.as_str().to_owned(),
        there.capacity.to_string(),
        String::new(),
        there.held.to_string(),
        there.used.to_string(),
        String::new(),
        there.forecast.to_string(),
        String::new(),
        back.capacity.to_string(),
        back.held.to_string(),
        back.used.to_string(),
        back.forecast.to_string(),
        pair.balance.to_string(),
        pair.forecast.to_string(),
    ]
}
