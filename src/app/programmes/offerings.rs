//! Offerings: a programme in a period, with its days inside it.

use chrono::NaiveDate;
use serde::Serialize;
use sojourn_engine::ids::{OfferingId, PeriodId, ProgrammeId};
use sojourn_engine::vocabulary::{Deed, Matter};
use utoipa::ToSchema;

use super::NEEDS;
use crate::access::Caller;
use crate::app::audit::Deeds;
use crate::app::{
    Answer, App, Asked, Conflict, Error, FieldError, Once, Page, Result, coordinates, current, sound,
};
use crate::store::programmes::{self as store, Offering, Programme};
use crate::store::{Tx, institutions, periods, periods::Period};

/// A programme in a period: what can be chosen.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OfferingView {
    /// Its id.
    pub id: OfferingId,
    /// The programme.
    pub programme: ProgrammeId,
    /// The period.
    pub period: PeriodId,
    /// Year in which the period's academic year begins.
    pub academic_year: i16,
    /// The host's code of the term.
    pub term: String,
    /// First day.
    pub start_on: NaiveDate,
    /// Last day.
    pub end_on: NaiveDate,
    /// Grows with every change.
    pub version: i32,
}

impl From<(Offering, Period)> for OfferingView {
    fn from((row, period): (Offering, Period)) -> Self {
        Self {
            id: row.id,
            programme: row.programme_id,
            period: row.period_id,
            academic_year: period.academic_year,
            term: period.term,
            start_on: row.start_on,
            end_on: row.end_on,
            version: row.version,
        }
    }
}

/// An offering to enter; without days it takes the period's.
#[derive(Debug, Clone, Copy)]
pub struct NewOffering {
    /// The period, of the host's calendar.
    pub period: PeriodId,
    /// First day.
    pub start_on: Option<NaiveDate>,
    /// Last day.
    pub end_on: Option<NaiveDate>,
}

/// What to change of an offering; what is left out stays.
#[derive(Debug, Clone, Copy)]
pub struct OfferingChange {
    /// First day.
    pub start_on: Option<NaiveDate>,
    /// Last day.
    pub end_on: Option<NaiveDate>,
}

/// A page of the offerings of a programme somebody sees.
pub async fn offerings(
    app: &App,
    by: Option<&Caller>,
    of: ProgrammeId,
    asked: &Asked,
) -> Result<Page<OfferingView>> {
    let conn = app.store.read();
    store::find(conn, by, of).await?.ok_or(Error::NotFound)?;
    Ok(store::offerings(conn, of, asked).await?.map(Into::into))
}

/// One offering of a programme somebody sees.
pub async fn offering(
    app: &App,
    by: Option<&Caller>,
    (of, id): (ProgrammeId, OfferingId),
) -> Result<OfferingView> {
    let conn = app.store.read();
    store::find(conn, by, of).await?.ok_or(Error::NotFound)?;
    Ok(store::offering(conn, of, id).await?.ok_or(Error::NotFound)?.into())
}

/// Enters an offering.
pub async fn create_offering(
    app: &App,
    caller: &Caller,
    of: ProgrammeId,
    once: &Once,
    new: NewOffering,
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let programme = own(&tx, caller, of).await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let period = periods::find(&tx, new.period).await?;
    let Some(period) = period.filter(|period| period.institution_id == programme.host_id) else {
        return Err(Error::Invalid(vec![FieldError::new(
            "/period",
            "no such period in the host's calendar",
        )]));
    };
    let row = Offering {
        id: at.id(),
        programme_id: of,
        period_id: period.id,
        start_on: new.start_on.unwrap_or(period.start_on),
        end_on: new.end_on.unwrap_or(period.end_on),
        created_at: at.now,
        version: 1,
    };
    check(&row, &period)?;
    store::add_offering(&tx, row.clone()).await?;
    let view = OfferingView::from((row, period));
    let deed = Deeds::new(Deed::Create, Matter::Offering, view.id).at(programme.host_id);
    deed.with(&view)?.note(&tx, &at, caller).await?;
    let location = format!("/api/v1/programmes/{of}/offerings/{}", view.id);
    turn.finish(tx, &at, Answer::created(location, 1, &view)?).await
}

/// Changes the days of an offering in the version that was read, as long as no call has opened it.
pub async fn change_offering(
    app: &App,
    caller: &Caller,
    (of, id): (ProgrammeId, OfferingId),
    read: i32,
    change: OfferingChange,
) -> Result<OfferingView> {
    let tx = app.store.begin().await?;
    let programme = own(&tx, caller, of).await?;
    let (mut row, period) = store::offering(&tx, of, id).await?.ok_or(Error::NotFound)?;
    current(row.version, read)?;
    if store::opened_by(&tx, id).await?.is_some() {
        let detail =
            "a published call has opened it, and applicants count on its days: enter another offering";
        return Err(Error::Conflict(Conflict::NotNow(detail.to_owned())));
    }
    let was = OfferingView::from((row.clone(), period.clone()));
    row.start_on = change.start_on.unwrap_or(row.start_on);
    row.end_on = change.end_on.unwrap_or(row.end_on);
    row.version = read + 1;
    check(&row, &period)?;
    if !store::replace_offering(&tx, row.clone()).await? {
        return Err(Error::Stale);
    }
    let view = OfferingView::from((row, period));
    let deed = Deeds::new(Deed::Change, Matter::Offering, id).at(programme.host_id);
    deed.differing(&was, &view)?.note(&tx, &app.clock.moment(), caller).await?;
    tx.commit().await?;
    Ok(view)
}

async fn own(tx: &Tx, caller: &Caller, of: ProgrammeId) -> Result<Programme> {
    let programme = store::find(tx, Some(caller), of).await?.ok_or(Error::NotFound)?;
    coordinates(caller, &institutions::place(tx, programme.host_id, programme.unit_id).await?, NEEDS)?;
    Ok(programme)
}

fn check(row: &Offering, period: &Period) -> Result<()> {
    let mut wrong = Vec::new();
    let within = |day: NaiveDate| (period.start_on..=period.end_on).contains(&day);
    let outside = format!("outside the period, which is from {} to {}", period.start_on, period.end_on);
    if !within(row.start_on) {
        wrong.push(FieldError::new("/start_on", &*outside));
    }
    if !within(row.end_on) {
        wrong.push(FieldError::new("/end_on", &*outside));
    } else if row.end_on < row.start_on {
        wrong.push(FieldError::new("/end_on", "before the first day: give the days in order"));
    }
    sound(wrong)
}
