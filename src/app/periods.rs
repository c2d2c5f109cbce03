//! Periods: the terms of an institution's calendar.
//!
//! Coordinators and the secretariat see all of them; each is entered and changed by the coordinators of its institution,
//! or by the secretariat.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sojourn_engine::ids::{InstitutionId, PeriodId};
use sojourn_engine::vocabulary::{Deed, Matter};
use utoipa::ToSchema;

use super::audit::Deeds;
use super::{Answer, App, Asked, Error, FieldError, Once, Page, Result, coordinates, current, sound};
use crate::access::{Caller, Place};
use crate::store::{Tx, institutions, periods as store};

pub use crate::store::periods::{Period, Wanted};

const NEEDS: &str = "a coordinator of this institution, or the secretariat";
/// Years an academic year may begin in; others are slips of the pen.
const YEARS: std::ops::RangeInclusive<i16> = 1987..=2100;

/// A term of an institution's calendar.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PeriodView {
    /// Its id.
    pub id: PeriodId,
    /// Whose calendar.
    pub institution: InstitutionId,
    /// Year in which the academic year begins.
    pub academic_year: i16,
    /// The institution's code of the term.
    pub term: String,
    /// Name shown to people.
    pub name: Option<String>,
    /// First day.
    pub start_on: NaiveDate,
    /// Last day.
    pub end_on: NaiveDate,
    /// Share of an academic year, in twelfths.
    pub twelfths: i16,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// Grows with every change.
    pub version: i32,
}

impl From<Period> for PeriodView {
    fn from(row: Period) -> Self {
        Self {
            id: row.id,
            institution: row.institution_id,
            academic_year: row.academic_year,
            term: row.term,
            name: row.name,
            start_on: row.start_on,
            end_on: row.end_on,
            twelfths: row.twelfths,
            created_at: row.created_at,
            version: row.version,
        }
    }
}

/// A page of the periods.
pub async fn list(app: &App, asked: &Asked, wanted: &Wanted) -> Result<Page<PeriodView>> {
    Ok(store::list(app.store.read(), asked, wanted).await?.map(Into::into))
}

/// One period.
pub async fn get(app: &App, id: PeriodId) -> Result<PeriodView> {
    Ok(store::find(app.store.read(), id).await?.ok_or(Error::NotFound)?.into())
}

/// A period to enter.
#[derive(Debug, Clone)]
pub struct NewPeriod {
    /// Whose calendar.
    pub institution: InstitutionId,
    /// Year in which the academic year begins.
    pub academic_year: i16,
    /// The institution's code of the term.
    pub term: String,
    /// Name shown to people.
    pub name: Option<String>,
    /// First day.
    pub start_on: NaiveDate,
    /// Last day.
    pub end_on: NaiveDate,
    /// Share of an academic year, in twelfths.
    pub twelfths: i16,
}

/// Enters a period.
pub async fn create(app: &App, caller: &Caller, once: &Once, new: NewPeriod) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    coordinates(caller, &Place::whole(new.institution), NEEDS)?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    if institutions::find(&tx, new.institution).await?.is_none() {
        sound(vec![FieldError::new("/institution", "no such institution")])?;
    }
    let row = Period {
        id: at.id(),
        institution_id: new.institution,
        academic_year: new.academic_year,
        term: new.term,
        name: new.name,
        start_on: new.start_on,
        end_on: new.end_on,
        twelfths: new.twelfths,
        created_at: at.now,
        version: 1,
    };
    check(&tx, &row).await?;
    let view = PeriodView::from(row.clone());
    store::add(&tx, row).await?;
    let deed = Deeds::new(Deed::Create, Matter::Period, view.id).at(view.institution);
    deed.with(&view)?.note(&tx, &at, caller).await?;
    turn.finish(tx, &at, Answer::created(format!("/api/v1/periods/{}", view.id), 1, &view)?).await
}

/// Changes a period in the version that was read; its institution stays.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: PeriodId,
    read: i32,
    fill: impl FnOnce(&mut Period),
) -> Result<PeriodView> {
    let tx = app.store.begin().await?;
    let mut row = store::find(&tx, id).await?.ok_or(Error::NotFound)?;
    coordinates(caller, &Place::whole(row.institution_id), NEEDS)?;
    current(row.version, read)?;
    let was = PeriodView::from(row.clone());
    fill(&mut row);
    row.version = read + 1;
    check(&tx, &row).await?;
    let view = PeriodView::from(row.clone());
    if !store::replace(&tx, row).await? {
        return Err(Error::Stale);
    }
    let deed = Deeds::new(Deed::Change, Matter::Period, id).at(view.institution);
    deed.differing(&was, &view)?.note(&tx, &app.clock.moment(), caller).await?;
    tx.commit().await?;
    Ok(view)
}

async fn check(tx: &Tx, row: &Period) -> Result<()> {
    let mut wrong = Vec::new();
    if !YEARS.contains(&row.academic_year) {
        wrong.push(FieldError::new("/academic_year", "the year in which it begins, from 1987 to 2100"));
    }
    if row.end_on < row.start_on {
        wrong.push(FieldError::new("/end_on", "before the first day: give the days in order"));
    }
    if !(1..=12).contains(&row.twelfths) {
        wrong.push(FieldError::new("/twelfths", "from 1 to 12, such as 6 for half a year"));
    }
    let offered = store::offered(tx, row.id).await?;
    if offered.iter().any(|(start, end)| *start < row.start_on || row.end_on < *end) {
        let detail = "an offering would lie outside: change its days first, or leave these wide enough";
        wrong.push(FieldError::new("/start_on", detail));
    }
    sound(wrong)
}
