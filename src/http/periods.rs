//! Periods: the terms of institutions' calendars.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use serde::Deserialize;
use sojourn_engine::ids::{InstitutionId, PeriodId};
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::extract::{Id, IfMatch, Keyed, Listing, PageQuery, Valid};
use super::institutions::set;
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use super::shape::{self, present};
use crate::access::Caller;
use crate::app::periods::{self, NewPeriod, Period, PeriodView, Wanted};
use crate::app::{Answer, App, Page};

/// Which periods.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PeriodFilter {
    /// Only of this institution's calendar.
    institution: Option<InstitutionId>,
    /// Only of the academic year that begins in this year.
    academic_year: Option<i16>,
    /// Only with this code.
    term: Option<String>,
}

/// A period to enter.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodIn {
    /// Whose calendar.
    institution: InstitutionId,
    /// Year in which the academic year begins.
    academic_year: i16,
    /// The institution's code of the term, such as `S1`.
    #[validate(length(min = 1, max = 20, message = "between 1 and 20 characters"), custom(function = shape::filled))]
    term: String,
    /// Name shown to people.
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 characters"))]
    name: Option<String>,
    /// First day.
    start_on: NaiveDate,
    /// Last day.
    end_on: NaiveDate,
    /// Share of an academic year, in twelfths.
    twelfths: i16,
}

/// What to change of a period; what is left out stays, `null` empties.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodChangeIn {
    /// Year in which the academic year begins.
    academic_year: Option<i16>,
    /// The institution's code of the term.
    #[validate(length(min = 1, max = 20, message = "between 1 and 20 characters"), custom(function = shape::filled))]
    term: Option<String>,
    /// Name shown to people.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 characters"))]
    name: Option<Option<String>>,
    /// First day.
    start_on: Option<NaiveDate>,
    /// Last day.
    end_on: Option<NaiveDate>,
    /// Share of an academic year, in twelfths.
    twelfths: Option<i16>,
}

impl PeriodChangeIn {
    fn fill(self, row: &mut Period) {
        set(&mut row.academic_year, self.academic_year);
        set(&mut row.term, self.term);
        set(&mut row.name, self.name);
        set(&mut row.start_on, self.start_on);
        set(&mut row.end_on, self.end_on);
        set(&mut row.twelfths, self.twelfths);
    }
}

/// Periods, in the order they were entered.
#[utoipa::path(get, path = "/api/v1/periods", tag = "programmes", params(PageQuery, PeriodFilter),
    responses((status = 200, body = Page<PeriodView>)))]
pub async fn list_periods(
    State(app): State<Arc<App>>,
    listing: Listing<PeriodFilter>,
) -> Result<Json<Page<PeriodView>>, Problem> {
    let PeriodFilter { institution, academic_year, term } = listing.filter;
    let wanted = Wanted { institution, academic_year, term };
    Ok(Json(periods::list(&app, &listing.asked, &wanted).await?))
}

/// One period.
#[utoipa::path(get, path = "/api/v1/periods/{id}", tag = "programmes", params(("id" = PeriodId, Path)),
    responses((status = 200, body = PeriodView)))]
pub async fn get_period(
    State(app): State<Arc<App>>,
    Id(id): Id<PeriodId>,
) -> Result<Versioned<PeriodView>, Problem> {
    let view = periods::get(&app, id).await?;
    Ok(Versioned(view.version, view))
}

/// Enters a period.
#[utoipa::path(post, path = "/api/v1/periods", tag = "programmes", params(IdempotencyHeader),
    request_body = PeriodIn, responses((status = 201, body = PeriodView)))]
pub async fn create_period(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed(once, Json(body)): Keyed<Json<PeriodIn>>,
) -> Result<Answer, Problem> {
    let PeriodIn { institution, academic_year, term, name, start_on, end_on, twelfths } = body;
    let new = NewPeriod { institution, academic_year, term, name, start_on, end_on, twelfths };
    Ok(periods::create(&app, &caller, &once, new).await?)
}

/// Changes a period.
#[utoipa::path(patch, path = "/api/v1/periods/{id}", tag = "programmes",
    params(("id" = PeriodId, Path), IfMatchHeader), request_body = PeriodChangeIn,
    responses((status = 200, body = PeriodView)))]
pub async fn change_period(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PeriodId>,
    IfMatch(read): IfMatch,
    Valid(Json(body)): Valid<Json<PeriodChangeIn>>,
) -> Result<Versioned<PeriodView>, Problem> {
    let view = periods::change(&app, &caller, id, read, |row| body.fill(row)).await?;
    Ok(Versioned(view.version, view))
}
