//! When hosts take nominations, as a list says it: read from its columns, and compared with what the agreements say.
//!
//! A host's days are its own to say: of a member that is the other side, a list fills in what its agreements do not say yet, and
//! overwrites nothing.

use std::collections::BTreeMap;

use serde_json::json;
use sojourn_engine::ids::{AgreementId, InstitutionId};

use super::row::{Fault, Wish};
use crate::app::agreements::windows::{MonthDay, NominationWindow, Window, number};
use crate::store::agreements::Agreement;

/// A term that has columns of its own; in the order of the year.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    nth: u8,
    /// What it is called.
    pub name: &'static str,
    /// Columns of the first day: as a whole, or its day, and its month.
    pub opens: [&'static str; 2],
    /// Columns of the last day.
    pub closes: [&'static str; 2],
}

/// The terms of a year.
pub static TERMS: [Term; 2] = [
    Term {
        nth: 0,
        name: "winter",
        opens: ["winter_opens", "winter_opens_month"],
        closes: ["winter_closes", "winter_closes_month"],
    },
    Term {
        nth: 1,
        name: "summer",
        opens: ["summer_opens", "summer_opens_month"],
        closes: ["summer_closes", "summer_closes_month"],
    },
];

/// What a row says of a term.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// The term.
    pub term: &'static Term,
    /// Between which days.
    pub window: Window,
}

/// A month by its number; `None`: none.
pub fn month(text: &str) -> Result<Option<u32>, String> {
    match number(text) {
        Some(0) => Ok(None),
        Some(month @ 1..=12) => Ok(Some(month)),
        _ => Err(format!("`{text}` is no month: write its number, from 1 to 12")),
    }
}

/// A day of the year: `02-15`, `15.2.` or `15/2`; or the day alone, where its month stands elsewhere. `None`: none.
pub fn month_day(text: &str, month: Option<u32>) -> Result<Option<MonthDay>, String> {
    let read = match (number(text), month) {
        (Some(0), None) => return Ok(None),
        (Some(0), Some(_)) => return Err(NO_DAY.to_owned()),
        (Some(day), Some(month)) => MonthDay::new(month, day),
        (None, None) => text.parse().ok().or_else(|| day_first(text)),
        (Some(_), None) | (None, Some(_)) => None,
    };
    let told = || match month {
        Some(month) => format!("`{text}` is no day of month {month}: write its number"),
        None => format!("`{text}` is no day of the year: write month and day, such as 02-15"),
    };
    read.map(Some).ok_or_else(told)
}

/// Why a month alone says nothing.
pub const NO_DAY: &str = "the month stands alone: write the day too";

fn day_first(text: &str) -> Option<MonthDay> {
    let (day, month) = text.strip_suffix('.').unwrap_or(text).split_once(['.', '/'])?;
    let (day, month) = (number(day.trim())?, number(month.trim())?);
    MonthDay::new(month, day)
}

/// What the rows of a list say of one window.
#[derive(Debug, Clone)]
struct Wanted {
    window: Window,
    rows: Vec<u64>,
}

/// What a list says of the windows of agreements, by agreement, host and term.
#[derive(Debug, Default)]
pub struct Windows(BTreeMap<(AgreementId, InstitutionId, &'static Term), Wanted>);

impl Windows {
    /// Passes for a row that says nothing else than those before it.
    ///
    /// # Errors
    /// The cell that does, and the row it differs from.
    pub fn agree(&self, (agreement, host): (AgreementId, InstitutionId), wish: &Wish) -> Result<(), Fault> {
        for said in &wish.windows {
            let before = self.0.get(&(agreement, host, said.term));
            if let Some(other) = before.filter(|before| before.window != said.window) {
                let row = other.rows.first().copied().unwrap_or_default();
                let told =
                    format!("row {row} of the same agreement says {}: write the same in both", other.window);
                return Err((Some(said.term.closes[0]), told));
            }
        }
        Ok(())
    }

    /// Notes what a row says.
    pub fn note(&mut self, (agreement, host): (AgreementId, InstitutionId), wish: &Wish) {
        for said in &wish.windows {
            let new = || Wanted { window: said.window, rows: Vec::new() };
            self.0.entry((agreement, host, said.term)).or_insert_with(new).rows.push(wish.row);
        }
    }

    /// Where the list says another window than the agreement.
    pub fn changes(
        &self,
        own: InstitutionId,
        rows: &BTreeMap<AgreementId, &Agreement>,
        speaks_itself: impl Fn(InstitutionId) -> bool,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        for (&(id, host, term), Wanted { window: to, rows: said }) in &self.0 {
            let Some(agreement) = rows.get(&id) else { continue };
            let windows = NominationWindow::of(agreement);
            let from = windows.iter().find(|one| one.is_for(host, term.name)).map(|one| one.window);
            if from == Some(*to) {
                continue;
            }
            changes.push(Change {
                agreement: id,
                partner: agreement.other_than(own).unwrap_or(host),
                host,
                term: term.name,
                from,
                to: *to,
                kept: from.is_some() && speaks_itself(host),
                rows: said.clone(),
            });
        }
        changes.sort_by(|one, other| one.rows.cmp(&other.rows));
        changes
    }
}

/// A window that the list says otherwise than its agreement.
#[derive(Debug, Clone)]
pub struct Change {
    /// The agreement.
    pub agreement: AgreementId,
    /// Its other side.
    pub partner: InstitutionId,
    /// Whose window it is.
    pub host: InstitutionId,
    /// For which term.
    pub term: &'static str,
    /// What the agreement says.
    pub from: Option<Window>,
    /// What the list says.
    pub to: Window,
    /// Whether the agreement's stays, which a member has said itself.
    pub kept: bool,
    /// Rows that say so.
    pub rows: Vec<u64>,
}

impl Change {
    /// Puts what the list says into the agreement.
    pub fn apply(&self, row: &mut Agreement) {
        let mut windows = NominationWindow::of(row);
        match windows.iter_mut().find(|one| one.is_for(self.host, self.term)) {
            Some(one) => one.window = self.to,
            None => windows.push(NominationWindow {
                host: self.host,
                term: Some(self.term.to_owned()),
                window: self.to,
            }),
        }
        row.nomination_windows = Some(json!(windows));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_the_year_is_written_in_several_ways() {
        let read = |text: &str| month_day(text, None).unwrap().unwrap().to_string();
        for text in ["02-15", "15.2.", "15. 2.", "15.02", "15/2"] {
            assert_eq!(read(text), "02-15", "{text}");
        }
        assert_eq!(month_day("15", Some(2)).unwrap().unwrap().to_string(), "02-15");
        assert_eq!((month_day("0", None), month("0"), month("12")), (Ok(None), Ok(None), Ok(Some(12))));
        for wrong in ["30.2.", "2/15", "15", "15.2.2026", "2026-02-15", "February", "-"] {
            assert!(month_day(wrong, None).unwrap_err().contains("such as 02-15"), "{wrong}");
        }
        assert_eq!(month_day("30", Some(2)).unwrap_err(), "`30` is no day of month 2: write its number");
        assert_eq!(month_day("0", Some(2)).unwrap_err(), NO_DAY);
        assert!(month("13").is_err() && month("Feb").is_err());
    }
}
