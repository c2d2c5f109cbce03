//! When a host takes nominations: days of each year, between which its window is open.
//!
//! They are the host's own to say, so they stand beside the terms: no amendment moves them, and the other side countersigns nothing.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sojourn_engine::ids::{AgreementId, InstitutionId};
use sojourn_engine::vocabulary::AgreementStatus;
use utoipa::ToSchema;

use super::{AgreementView, keep, not_now, store};
use crate::access::{Caller, Place};
use crate::app::{App, Error, FieldError, Result, coordinates, current, sound};
use crate::store::agreements::Agreement;

/// A year that has every day.
const LEAP: i32 = 2000;
/// Windows of one host under one agreement, at most.
pub const MOST: usize = 20;
const SPEAKER: &str = "a coordinator of that host as a whole, or the secretariat";

/// A day of every year, `02-15`; where a year has no 29 February, nothing lies between the days around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MonthDay {
    month: u32,
    day: u32,
}

impl MonthDay {
    /// That day of that month, where some year has it.
    pub fn new(month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(LEAP, month, day).map(Self::of)
    }

    /// The day of the year that a date is.
    pub fn of(date: NaiveDate) -> Self {
        Self { month: date.month(), day: date.day() }
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

/// A text that is no day of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no day of the year: write month and day, such as 02-15")]
pub struct NoMonthDay;

impl FromStr for MonthDay {
    type Err = NoMonthDay;

    fn from_str(text: &str) -> Result<Self, NoMonthDay> {
        let two = |text: &str| (text.len() == 2).then(|| number(text)).flatten();
        let (month, day) = text.split_once('-').ok_or(NoMonthDay)?;
        two(month).zip(two(day)).and_then(|(month, day)| Self::new(month, day)).ok_or(NoMonthDay)
    }
}

/// A number written in digits alone.
pub fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl TryFrom<String> for MonthDay {
    type Error = NoMonthDay;

    fn try_from(text: String) -> Result<Self, NoMonthDay> {
        text.parse()
    }
}

impl From<MonthDay> for String {
    fn from(day: MonthDay) -> Self {
        day.to_string()
    }
}

/// The days between which nominations are taken each year, both of them with it; the last may lie in the year after the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Window {
    /// First day, month and day; `null` where only the last one is said.
    #[schema(value_type = Option<String>, example = "02-15")]
    pub opens: Option<MonthDay>,
    /// Last day, month and day.
    #[schema(value_type = String, example = "05-15")]
    pub closes: MonthDay,
}

impl Window {
    /// Whether a day lies in it; where no first day is said, every day does.
    pub fn is_open(self, on: MonthDay) -> bool {
        match self.opens {
            None => true,
            Some(opens) if opens <= self.closes => (opens..=self.closes).contains(&on),
            Some(opens) => opens <= on || on <= self.closes,
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.opens {
            Some(opens) => write!(f, "{opens} to {}", self.closes),
            None => write!(f, "until {}", self.closes),
        }
    }
}

/// When one side of an agreement takes nominations as a host; its own to say, beside the terms that both sides agree on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NominationWindow {
    /// The side that receives.
    pub host: InstitutionId,
    /// For which of its terms, by code or name, at most 50 characters; `null`: for all of them.
    pub term: Option<String>,
    /// Between which days.
    #[serde(flatten)]
    pub window: Window,
}

impl NominationWindow {
    /// Those of an agreement, in the order in which they were said.
    pub fn of(row: &Agreement) -> Vec<Self> {
        let said = row.nomination_windows.clone().and_then(|said| serde_json::from_value(said).ok());
        said.unwrap_or_default()
    }

    /// Whether it is that host's for that term.
    pub fn is_for(&self, host: InstitutionId, term: &str) -> bool {
        self.host == host && self.term.as_deref() == Some(term)
    }

    /// Whether both speak of a term of the same host.
    pub fn meets(&self, other: &Self) -> bool {
        self.host == other.host && (self.term.is_none() || other.term.is_none() || self.term == other.term)
    }
}

/// Whether somebody may say when a side of an agreement takes nominations.
pub fn may_say(agreement: &AgreementView, host: InstitutionId, caller: &Caller) -> bool {
    let is_side = agreement.proposer == host || agreement.partner == Some(host);
    let over = matches!(agreement.status, AgreementStatus::Ended | AgreementStatus::Dropped);
    is_side && !over && (caller.is_secretariat() || caller.coordinates(&Place::whole(host)))
}

/// Sets when a side of an agreement takes nominations as a host, by term, in place of all that it said before.
///
/// # Errors
/// [`Error::NotFound`] for an agreement the caller does not see and for an institution that is no side of it, [`Error::Forbidden`]
/// for whoever speaks for another side, [`Error::Conflict`] once it is over, [`Error::Invalid`] for a term that is said twice and for more than [`MOST`].
pub async fn say(
    app: &App,
    caller: &Caller,
    (id, host): (AgreementId, InstitutionId),
    read: i32,
    said: Vec<(Option<String>, Window)>,
) -> Result<AgreementView> {
    let tx = app.store.begin().await?;
    let row = store::find(&tx, caller, id).await?;
    let mut row = row.filter(|row| row.sides().any(|side| side == host)).ok_or(Error::NotFound)?;
    coordinates(caller, &Place::whole(host), SPEAKER)?;
    current(row.version, read)?;
    if matches!(row.status, AgreementStatus::Ended | AgreementStatus::Dropped) {
        return Err(not_now("it is over: write another"));
    }
    fitting(&said)?;
    let was = AgreementView::from(row.clone());
    let mut windows = NominationWindow::of(&row);
    windows.retain(|one| one.host != host);
    windows.extend(said.into_iter().map(|(term, window)| NominationWindow { host, term, window }));
    row.nomination_windows = Some(json!(windows)).filter(|_| !windows.is_empty());
    keep(app, tx, caller, &was, row).await
}

/// Passes for so many windows as one host has at most, each for another term.
fn fitting(said: &[(Option<String>, Window)]) -> Result<()> {
    if said.len() > MOST {
        return Err(Error::Invalid(vec![FieldError::new("/windows", format!("at most {MOST} windows"))]));
    }
    let twice = |at: &usize| said[..*at].iter().any(|(term, _)| *term == said[*at].0);
    let wrong = (0..said.len()).filter(twice);
    let told = "this term has a window already: say one for each";
    sound(wrong.map(|at| FieldError::new(format!("/windows/{at}/term"), told)).collect())
}

/// Those open on a day, the first to close first, and `true`; where none is, the ones that open next, and `false`.
pub fn open_or_next(mut windows: Vec<NominationWindow>, on: MonthDay) -> (Vec<NominationWindow>, bool) {
    // Whatever comes round next year lies behind what comes this year.
    let ahead = |day: MonthDay| (day < on, day);
    if windows.iter().any(|one| one.window.is_open(on)) {
        windows.retain(|one| one.window.is_open(on));
        windows.sort_by_key(|one| ahead(one.window.closes));
        return (windows, true);
    }
    let opens = |one: &NominationWindow| one.window.opens.map(ahead);
    let next = windows.iter().filter_map(opens).min();
    windows.retain(|one| opens(one) == next);
    (windows, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> MonthDay {
        text.parse().unwrap()
    }

    fn window(opens: &str, closes: &str) -> Window {
        Window { opens: opens.parse().ok(), closes: day(closes) }
    }

    #[test]
    fn a_day_of_the_year_is_one_that_some_year_has() {
        assert_eq!(day("02-29").to_string(), "02-29");
        assert_eq!(MonthDay::of("2026-11-05".parse().unwrap()), day("11-05"));
        for wrong in
            ["02-30", "04-31", "13-01", "00-10", "10-00", "2-15", "02-1", "0215", "02-15-", "+2-15", ""]
        {
            assert!(wrong.parse::<MonthDay>().is_err(), "{wrong}");
        }
        assert_eq!(serde_json::to_string(&day("02-15")).unwrap(), "\"02-15\"");
        assert!(serde_json::from_str::<MonthDay>("\"02-30\"").is_err());
    }

    #[test]
    fn a_window_is_open_from_its_first_day_to_its_last_and_may_cross_the_new_year() {
        let open = |window: Window, on: &str| window.is_open(day(on));
        let spring = window("02-15", "05-15");
        assert!(open(spring, "02-15") && open(spring, "05-15"));
        assert!(!open(spring, "02-14") && !open(spring, "05-16"));
        let winter = window("11-01", "01-15");
        assert!(
            open(winter, "11-01") && open(winter, "12-31") && open(winter, "01-01") && open(winter, "01-15")
        );
        assert!(!open(winter, "10-31") && !open(winter, "01-16"));
        let leap = window("02-01", "02-29");
        assert!(open(leap, "02-28") && open(leap, "02-29") && !open(leap, "03-01"));
        assert!(open(window("", "06-15"), "07-01"), "nobody has said since when");
    }

    #[test]
    fn windows_of_one_host_meet_in_a_term_and_in_all_of_them() {
        let (host, other) = (InstitutionId::from(uuid::Uuid::nil()), InstitutionId::from(uuid::Uuid::max()));
        let of = |host, term: Option<&str>| NominationWindow {
            host,
            term: term.map(str::to_owned),
            window: window("02-15", "05-15"),
        };
        let winter = of(host, Some("winter"));
        assert!(winter.meets(&winter) && winter.meets(&of(host, None)) && of(host, None).meets(&winter));
        assert!(!winter.meets(&of(host, Some("summer"))) && !winter.meets(&of(other, Some("winter"))));
    }

    #[test]
    fn the_open_ones_are_told_or_else_the_next() {
        let host = InstitutionId::from(uuid::Uuid::nil());
        let named = |term: &str, window| NominationWindow { host, term: Some(term.to_owned()), window };
        let all = vec![
            named("winter", window("02-15", "05-15")),
            named("summer", window("08-01", "11-01")),
            named("late", window("10-01", "10-15")),
        ];
        let told = |on: &str| {
            let (windows, open) = open_or_next(all.clone(), day(on));
            (windows.into_iter().filter_map(|one| one.term).collect::<Vec<_>>().join(" "), open)
        };
        assert_eq!(told("03-01"), ("winter".to_owned(), true));
        assert_eq!(told("10-02"), ("late summer".to_owned(), true));
        assert_eq!(told("06-01"), ("summer".to_owned(), false));
        assert_eq!(told("12-01"), ("winter".to_owned(), false));
        assert_eq!(open_or_next(Vec::new(), day("12-01")), (Vec::new(), false));
    }
}
