//! Programmes and their offerings.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::json;
use sojourn_engine::ids::{InstitutionId, OfferingId, PeriodId, ProgrammeId, UnitId};
use sojourn_engine::vocabulary::{Level, ProgrammeKind, Publication, Via};
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::applications::EventIn;
use super::extract::{Id, IfMatch, Keyed, Listing, NoFilter, PageQuery, Valid};
use super::institutions::set;
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use super::shape::{self, present};
use crate::access::Caller;
use crate::app::courses::CourseView;
use crate::app::history::StepView;
use crate::app::programmes::{
    self, NewOffering, NewProgramme, OfferingChange, OfferingView, Programme, ProgrammeView, Wanted,
};
use crate::app::vetting;
use crate::app::{Answer, App, Page};

/// Which programmes.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProgrammeFilter {
    /// Only of this kind.
    kind: Option<ProgrammeKind>,
    /// Only of this host.
    host: Option<InstitutionId>,
    /// Only as far as this.
    status: Option<Publication>,
    /// Only those that follow this workflow.
    workflow: Option<String>,
    /// Only those whose host is in this country (ISO 3166-1 alpha-2).
    country: Option<String>,
    /// Only those for this field: the beginning of an ISCED-F 2013 code.
    field: Option<String>,
    /// Only those for this study cycle.
    level: Option<Level>,
    /// Only those that ask for this language, such as `en`, or for none.
    language: Option<String>,
    /// Only those held in an academic year that begins in this year.
    academic_year: Option<i16>,
    /// Only those held in the term with this code.
    term: Option<String>,
    /// Only those with a place left for the caller's own homes, as the lines of places say.
    free: Option<bool>,
    /// Only those whose title, or whose host's name, holds this.
    q: Option<String>,
}

/// A programme to enter, as a draft.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeIn {
    /// What it is about.
    kind: ProgrammeKind,
    /// Who hosts it.
    host: InstitutionId,
    /// The host's unit.
    unit: Option<UnitId>,
    /// The workflow its applications follow, such as `student-exchange`.
    workflow: String,
    /// Title.
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 characters"), custom(function = shape::filled))]
    title: String,
    /// Description, as Markdown.
    #[validate(length(max = 20_000, message = "at most 20,000 characters"))]
    summary: Option<String>,
    /// ISCED-F 2013 codes it is for [default: all].
    #[validate(custom(function = shape::fields))]
    #[serde(default)]
    fields: Vec<String>,
    /// Study cycles it is for [default: all].
    #[validate(length(max = 4, message = "there are four"))]
    #[serde(default)]
    levels: Vec<Level>,
    /// Languages with CEFR level, one of which it asks for, such as `en:B2`.
    #[validate(custom(function = shape::languages))]
    #[serde(default)]
    languages: Vec<String>,
    /// Whether a stay brings credits [default: yes].
    gives_credit: Option<bool>,
    /// The workflow by which it is vetted, such as `internship-offer`: its case says who sees it [default: none, `status` says it].
    vetted_by: Option<String>,
}

impl ProgrammeIn {
    fn wanted(self) -> NewProgramme {
        NewProgramme {
            kind: self.kind,
            host: self.host,
            unit: self.unit,
            workflow: self.workflow,
            title: self.title,
            summary: self.summary,
            fields: self.fields,
            levels: self.levels,
            languages: self.languages,
            gives_credit: self.gives_credit.unwrap_or(true),
            vetted_by: self.vetted_by,
        }
    }
}

/// What to change of a programme; what is left out stays, `null` empties.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProgrammeChangeIn {
    /// Who sees it: from `draft` to `published` to `closed`, never back.
    status: Option<Publication>,
    /// The host's unit.
    #[serde(default, deserialize_with = "present")]
    unit: Option<Option<UnitId>>,
    /// The workflow its applications follow; of a draft only.
    workflow: Option<String>,
    /// Title.
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 characters"), custom(function = shape::filled))]
    title: Option<String>,
    /// Description, as Markdown.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(max = 20_000, message = "at most 20,000 characters"))]
    summary: Option<Option<String>>,
    /// ISCED-F 2013 codes it is for; empty: all.
    #[validate(custom(function = shape::fields))]
    fields: Option<Vec<String>>,
    /// Study cycles it is for; empty: all.
    #[validate(length(max = 4, message = "there are four"))]
    levels: Option<Vec<Level>>,
    /// Languages with CEFR level, one of which it asks for.
    #[validate(custom(function = shape::languages))]
    languages: Option<Vec<String>>,
    /// Whether a stay brings credits.
    gives_credit: Option<bool>,
}

impl ProgrammeChangeIn {
    fn fill(self, row: &mut Programme) {
        set(&mut row.status, self.status);
        set(&mut row.unit_id, self.unit);
        set(&mut row.workflow_id, self.workflow);
        set(&mut row.title, self.title);
        set(&mut row.summary, self.summary);
        set(&mut row.fields, self.fields.map(|codes| json!(codes)));
        set(&mut row.levels, self.levels.map(|levels| json!(levels)));
        set(&mut row.languages, self.languages.map(|tags| json!(tags)));
        set(&mut row.gives_credit, self.gives_credit);
    }
}

/// An offering to enter.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferingIn {
    /// The period, of the host's calendar.
    period: PeriodId,
    /// First day [default: the period's].
    start_on: Option<NaiveDate>,
    /// Last day [default: the period's].
    end_on: Option<NaiveDate>,
}

/// What to change of an offering that no call has opened yet; what is left out stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferingChangeIn {
    /// First day.
    start_on: Option<NaiveDate>,
    /// Last day.
    end_on: Option<NaiveDate>,
}

/// Programmes, in the order they were entered; drafts for those who run exchanges for their host.
#[utoipa::path(get, path = "/api/v1/programmes", tag = "programmes", params(PageQuery, ProgrammeFilter),
    responses((status = 200, body = Page<ProgrammeView>)))]
pub async fn list_programmes(
    State(app): State<Arc<App>>,
    caller: Option<Caller>,
    listing: Listing<ProgrammeFilter>,
) -> Result<Json<Page<ProgrammeView>>, Problem> {
    let ProgrammeFilter {
        kind,
        host,
        status,
        workflow,
        country,
        field,
        level,
        language,
        academic_year,
        term,
        free,
        q,
    } = listing.filter;
    let own = || caller.as_ref().map(|caller| caller.registered_at.clone()).unwrap_or_default();
    let free_for = free.unwrap_or_default().then(own);
    let wanted = Wanted {
        kind,
        host,
        status,
        workflow,
        country,
        field,
        level,
        language,
        academic_year,
        term,
        free_for,
        q,
    };
    Ok(Json(programmes::list(&app, caller.as_ref(), &listing.asked, &wanted).await?))
}

/// One programme.
#[utoipa::path(get, path = "/api/v1/programmes/{id}", tag = "programmes", params(("id" = ProgrammeId, Path)),
    responses((status = 200, body = ProgrammeView)))]
pub async fn get_programme(
    State(app): State<Arc<App>>,
    caller: Option<Caller>,
    Id(id): Id<ProgrammeId>,
) -> Result<Versioned<ProgrammeView>, Problem> {
    let view = programmes::get(&app, caller.as_ref(), id).await?;
    Ok(Versioned(view.version, view))
}

/// Enters a programme as a draft.
#[utoipa::path(post, path = "/api/v1/programmes", tag = "programmes", params(IdempotencyHeader),
    request_body = ProgrammeIn, responses((status = 201, body = ProgrammeView)))]
pub async fn create_programme(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed(once, Json(body)): Keyed<Json<ProgrammeIn>>,
) -> Result<Answer, Problem> {
    Ok(programmes::create(&app, &caller, &once, body.wanted()).await?)
}

/// Changes a programme, or publishes or closes it.
#[utoipa::path(patch, path = "/api/v1/programmes/{id}", tag = "programmes",
    params(("id" = ProgrammeId, Path), IfMatchHeader), request_body = ProgrammeChangeIn,
    responses((status = 200, body = ProgrammeView)))]
pub async fn change_programme(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ProgrammeId>,
    IfMatch(read): IfMatch,
    Valid(Json(body)): Valid<Json<ProgrammeChangeIn>>,
) -> Result<Versioned<ProgrammeView>, Problem> {
    let view = programmes::change(&app, &caller, id, read, |row| body.fill(row)).await?;
    Ok(Versioned(view.version, view))
}

/// Offerings of a programme: the periods it can be chosen for.
#[utoipa::path(get, path = "/api/v1/programmes/{id}/offerings", tag = "programmes",
    params(("id" = ProgrammeId, Path), PageQuery), responses((status = 200, body = Page<OfferingView>)))]
pub async fn list_offerings(
    State(app): State<Arc<App>>,
    caller: Option<Caller>,
    Id(id): Id<ProgrammeId>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<OfferingView>>, Problem> {
    Ok(Json(programmes::offerings(&app, caller.as_ref(), id, &listing.asked).await?))
}

/// One offering.
#[utoipa::path(get, path = "/api/v1/programmes/{id}/offerings/{offering_id}", tag = "programmes",
    params(("id" = ProgrammeId, Path), ("offering_id" = OfferingId, Path)),
    responses((status = 200, body = OfferingView)))]
pub async fn get_offering(
    State(app): State<Arc<App>>,
    caller: Option<Caller>,
    Id(ids): Id<(ProgrammeId, OfferingId)>,
) -> Result<Versioned<OfferingView>, Problem> {
    let view = programmes::offering(&app, caller.as_ref(), ids).await?;
    Ok(Versioned(view.version, view))
}

/// Enters an offering.
#[utoipa::path(post, path = "/api/v1/programmes/{id}/offerings", tag = "programmes",
    params(("id" = ProgrammeId, Path), IdempotencyHeader), request_body = OfferingIn,
    responses((status = 201, body = OfferingView)))]
pub async fn create_offering(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ProgrammeId>,
    Keyed(once, Json(body)): Keyed<Json<OfferingIn>>,
) -> Result<Answer, Problem> {
    let OfferingIn { period, start_on, end_on } = body;
    let new = NewOffering { period, start_on, end_on };
    Ok(programmes::create_offering(&app, &caller, id, &once, new).await?)
}

/// Changes the days of an offering that no call has opened yet.
#[utoipa::path(patch, path = "/api/v1/programmes/{id}/offerings/{offering_id}", tag = "programmes",
    params(("id" = ProgrammeId, Path), ("offering_id" = OfferingId, Path), IfMatchHeader),
    request_body = OfferingChangeIn, responses((status = 200, body = OfferingView)))]
pub async fn change_offering(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(ids): Id<(ProgrammeId, OfferingId)>,
    IfMatch(read): IfMatch,
    Valid(Json(OfferingChangeIn { start_on, end_on })): Valid<Json<OfferingChangeIn>>,
) -> Result<Versioned<OfferingView>, Problem> {
    let change = OfferingChange { start_on, end_on };
    let view = programmes::change_offering(&app, &caller, ids, read, change).await?;
    Ok(Versioned(view.version, view))
}

/// The case that vets a programme, for whoever has a part in it.
#[utoipa::path(get, path = "/api/v1/programmes/{id}/case", tag = "programmes", params(("id" = ProgrammeId, Path)),
    responses((status = 200, body = CourseView)))]
pub async fn get_vetting(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ProgrammeId>,
) -> Result<Versioned<CourseView>, Problem> {
    let view = vetting::get(&app, &caller, id).await?;
    Ok(Versioned(view.version, view))
}

/// Fires one event at the case that vets a programme, with the case's version.
#[utoipa::path(post, path = "/api/v1/programmes/{id}/events", tag = "programmes",
    params(("id" = ProgrammeId, Path), IfMatchHeader, IdempotencyHeader), request_body = EventIn,
    responses((status = 200, body = CourseView)))]
pub async fn fire_programme_event(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ProgrammeId>,
    IfMatch(if_version): IfMatch,
    Keyed(once, Json(body)): Keyed<Json<EventIn>>,
) -> Result<Answer, Problem> {
    Ok(vetting::fire(&app, (&caller, Via::Api), &once, id, &body.attempt(None, if_version)).await?)
}

/// The history of the case that vets a programme, first step first.
#[utoipa::path(get, path = "/api/v1/programmes/{id}/history", tag = "programmes",
    params(("id" = ProgrammeId, Path), PageQuery), responses((status = 200, body = Page<StepView>)))]
pub async fn list_programme_history(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<ProgrammeId>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<StepView>>, Problem> {
    Ok(Json(vetting::steps(&app, &caller, id, &listing.asked).await?))
}
