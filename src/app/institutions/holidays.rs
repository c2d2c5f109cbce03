//! Days off from a holiday file (RFC 5545), as governments, calendar services and offices publish them.
//!
//! The days of the file come to those that stand, or take their place in the years it speaks of. What is no day off or cannot be
//! read is named with its line, and stops nothing else. Deadlines that run already are instants and stay as they are: only clocks
//! that begin later count with the new days.

mod entry;
mod file;

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use serde::Serialize;
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::vocabulary::{Deed, Matter};
use utoipa::ToSchema;

use super::{Institution, administers, named};
use crate::access::{Caller, Place};
use crate::app::audit::Deeds;
use crate::app::{Answer, App, Error, FieldError, Once, Result, calendars};
use crate::clock::Moment;
use crate::store::{Tx, institutions as store};

pub use entry::Reason;
pub use file::LeftOut;

/// Largest holiday file, in bytes.
pub const LARGEST: usize = 1024 * 1024;
/// Most days off of one institution.
const MOST: usize = 1_000;
/// The year up to which what repeats every year is written out.
const LAST_YEAR: i32 = 2040;

/// How a holiday file is taken over.
#[derive(Debug, Clone, Copy, Default)]
pub struct How {
    /// Its days take the place of those that stand in the years it speaks of; else they come to them.
    pub replace: bool,
    /// Nothing is written.
    pub dry_run: bool,
}

/// What a holiday file made of the days off.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HolidayImport {
    /// Whether this was only tried.
    pub dry_run: bool,
    /// Days that come, in order.
    pub added: Vec<HolidayView>,
    /// Days of the file that stood already.
    pub known: Vec<NaiveDate>,
    /// Days that stood, and that the file has not, where it takes the place of what stood.
    pub removed: Vec<NaiveDate>,
    /// What is not taken over, by line; the first hundred.
    pub left_out: Vec<LeftOut>,
    /// How many more were left out.
    pub left_out_besides: usize,
    /// Days of the file before the year before this one, or after 2040.
    pub out_of_range: usize,
    /// How many days off the institution has with it.
    pub holidays: usize,
    /// What becomes of deadlines that run.
    pub running_deadlines: RunningDeadlines,
    /// Version of the institution.
    pub version: i32,
}

/// A day off of a file.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HolidayView {
    /// The day.
    pub on: NaiveDate,
    /// What the file calls it.
    pub name: String,
    /// Line on which the file begins to speak of it, 1 = the first.
    pub line: usize,
}

/// What becomes of deadlines that run when days off change.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunningDeadlines {
    /// They stay as they were told; only clocks that begin later count with the new days.
    Unchanged,
}

/// Takes over a holiday file for an institution the caller administers.
///
/// # Errors
/// [`Error::Invalid`] when the file as a whole cannot be read, or there would be too many days; then nothing is written.
pub async fn import(
    app: &App,
    caller: &Caller,
    id: InstitutionId,
    once: &Once,
    file: Vec<u8>,
    how: How,
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let row = store::find(&tx, id).await?.ok_or(Error::NotFound)?;
    administers(caller, &Place::whole(id))?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let report = take_over(&tx, (&at, caller), row, file, how).await?;
    let answer = Answer::ok(report.version, &report)?;
    if how.dry_run { Ok(answer) } else { turn.finish(tx, &at, answer).await }
}

/// The same at the command line, for the institution that a code names.
///
/// # Errors
/// As [`import`]; [`Error::NotFound`] when no institution has that code.
pub async fn import_file(app: &App, institution: &str, file: Vec<u8>, how: How) -> Result<HolidayImport> {
    let tx = app.store.begin().await?;
    let id = named(&tx, institution).await?.ok_or(Error::NotFound)?;
    let row = store::find(&tx, id).await?.ok_or(Error::NotFound)?;
    let report = take_over(&tx, (&app.clock.moment(), &Caller::operator()), row, file, how).await?;
    tx.commit().await?;
    Ok(report)
}

async fn take_over(
    tx: &Tx,
    (at, caller): (&Moment, &Caller),
    mut row: Institution,
    file: Vec<u8>,
    how: How,
) -> Result<HolidayImport> {
    if file.len() > LARGEST {
        return Err(unusable("the file is larger than 1 MiB: send one with days off alone"));
    }
    let this_year = calendars::of_zone(&row.zone).date(at.now).year();
    // A rule that names no day is looked for in thousands of years.
    let read = tokio::task::spawn_blocking(move || file::read(&file, this_year - 1..=LAST_YEAR)).await;
    let read = read.map_err(|gone| Error::Internal(Box::new(gone)))?.map_err(|fault| unusable(&fault))?;
    let stood: BTreeSet<NaiveDate> = serde_json::from_value(row.holidays.clone()).unwrap_or_default();
    let years: BTreeSet<i32> = read.days.keys().map(Datelike::year).collect();
    let gone = |day: &NaiveDate| how.replace && years.contains(&day.year()) && !read.days.contains_key(day);
    let removed: Vec<NaiveDate> = stood.iter().copied().filter(gone).collect();
    let mut stands = stood.clone();
    stands.retain(|day| !gone(day));
    stands.extend(read.days.keys());
    if stands.len() > MOST {
        return Err(unusable("with this file there would be more than 1000 days off: take fewer years"));
    }
    let holidays = stands.len();
    if stands != stood && !how.dry_run {
        row.holidays = serde_json::json!(stands);
        row.version += 1;
        if !store::replace(tx, row.clone()).await? {
            return Err(Error::Stale);
        }
        let deed = Deeds::new(Deed::Change, Matter::Institution, row.id).at(row.id);
        let holidays = |days: &BTreeSet<NaiveDate>| serde_json::json!({ "holidays": days });
        deed.differing(&holidays(&stood), &holidays(&stands))?.note(tx, at, caller).await?;
    }
    let (known, added): (Vec<_>, Vec<_>) = read.days.into_iter().partition(|(day, _)| stood.contains(day));
    Ok(HolidayImport {
        dry_run: how.dry_run,
        added: added.into_iter().map(|(on, (line, name))| HolidayView { on, name, line }).collect(),
        known: known.into_iter().map(|(day, _)| day).collect(),
        removed,
        left_out: read.left_out,
        left_out_besides: read.left_out_besides,
        out_of_range: read.out_of_range,
        holidays,
        running_deadlines: RunningDeadlines::Unchanged,
        version: row.version,
    })
}

fn unusable(detail: &str) -> Error {
    Error::Invalid(vec![FieldError::new("", detail)])
}
