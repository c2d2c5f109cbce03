//! Applications: opening, editing, lists, events, history.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value};
use sojourn_engine::ids::{CallId, CaseId, InstitutionId, OfferingId, RegistrationId};
use sojourn_engine::vocabulary::{Phase, Via};
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::extract::{Id, IfMatch, Keyed, Listing, NoFilter, PageQuery, Valid};
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use crate::access::Caller;
use crate::app::applications::list::{self, ApplicationItem, Filter};
use crate::app::applications::{self, ApplicationView, DraftChange, NewApplication};
use crate::app::history::{self, StepView};
use crate::app::transition::{self, Attempt};
use crate::app::{Answer, App, Page};

/// An application to open.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationIn {
    /// The call.
    call_id: CallId,
    /// With which registration; may be left out by those who have one that the call is for.
    registration_id: Option<RegistrationId>,
    /// Offerings, most wanted first.
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 choices"))]
    choices: Vec<OfferingId>,
    /// Answers to the call's questions.
    #[serde(default)]
    #[schema(value_type = Object)]
    answers: Map<String, Value>,
    /// Whether a complete draft is submitted when the call closes.
    #[serde(default)]
    submit_at_bell: bool,
}

/// What to change of a draft; what is left out stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationChangeIn {
    /// Offerings, most wanted first.
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 choices"))]
    choices: Option<Vec<OfferingId>>,
    /// Answers, replaced as a whole.
    #[schema(value_type = Option<Object>)]
    answers: Option<Map<String, Value>>,
    /// Whether a complete draft is submitted when the call closes.
    submit_at_bell: Option<bool>,
    /// Score in hundredths; the home's to enter.
    #[validate(range(min = 0, max = 1_000_000, message = "between 0 and 1000000"))]
    score_hundredths: Option<i32>,
}

/// One event to fire.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventIn {
    /// The event, as `offers` names it.
    #[validate(length(min = 1, max = 100, message = "between 1 and 100 characters"))]
    event: String,
    /// Its input, as the offer's schema says.
    #[serde(default)]
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// A coded reason, where the offer lists codes.
    #[validate(nested)]
    reason: Option<ReasonIn>,
    /// For people of one's own institution only.
    #[validate(length(max = 5000, message = "at most 5000 characters"))]
    note: Option<String>,
}

impl EventIn {
    pub(super) fn attempt(self, track: Option<(String, String)>, if_version: i32) -> Attempt {
        Attempt {
            track,
            event: self.event,
            data: self.data,
            reason: self.reason.map(ReasonIn::parts),
            note: self.note,
            if_version,
        }
    }
}

/// A coded reason.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonIn {
    /// Code of the list.
    #[validate(length(max = 100, message = "at most 100 characters"))]
    code: String,
    /// In one's own words; the applicant reads it.
    #[validate(length(max = 5000, message = "at most 5000 characters"))]
    text: String,
}

impl ReasonIn {
    pub(super) fn parts(self) -> (String, String) {
        (self.code, self.text)
    }
}

/// Which applications to list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApplicationFilter {
    /// Only in this state.
    state: Option<String>,
    /// Only in this phase.
    phase: Option<Phase>,
    /// Only those waiting for this role.
    role: Option<String>,
    /// Only of this home.
    home: Option<InstitutionId>,
    /// Only at this host, by the current choice.
    host: Option<InstitutionId>,
    /// Only of this call.
    call: Option<CallId>,
    /// Only those that wait for you.
    #[serde(default)]
    waiting_for_me: bool,
    /// Only those whose time is over.
    #[serde(default)]
    overdue: bool,
    /// Only those whose time is nearly over: past the last reminder, or three quarters gone where there is none.
    #[serde(default)]
    at_risk: bool,
    /// Only those whose code, or whose applicant's given or family name, begins so.
    q: Option<String>,
}

impl From<ApplicationFilter> for Filter {
    fn from(asked: ApplicationFilter) -> Self {
        Self {
            state: asked.state,
            phases: asked.phase.into_iter().collect(),
            role: asked.role,
            home: asked.home,
            host: asked.host,
            call: asked.call,
            period: None,
            waiting_for_me: asked.waiting_for_me,
            overdue: asked.overdue,
            at_risk: asked.at_risk,
            q: asked.q,
        }
    }
}

/// Applications you see, newest first.
#[utoipa::path(get, path = "/api/v1/applications", tag = "applications", params(PageQuery, ApplicationFilter),
    responses((status = 200, body = Page<ApplicationItem>)))]
pub async fn list_applications(
    State(app): State<Arc<App>>,
    caller: Caller,
    listing: Listing<ApplicationFilter>,
) -> Result<Json<Page<ApplicationItem>>, Problem> {
    Ok(Json(list::list(&app, &caller, &listing.asked, listing.filter.into()).await?))
}

/// One application: where it stands, whom it waits for, what you may do.
#[utoipa::path(get, path = "/api/v1/applications/{id}", tag = "applications", params(("id" = CaseId, Path)),
    responses((status = 200, body = ApplicationView)))]
pub async fn get_application(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CaseId>,
) -> Result<Versioned<ApplicationView>, Problem> {
    let view = applications::read(&app, &caller, id).await?;
    Ok(Versioned(view.version, view))
}

/// Opens an application as a draft.
#[utoipa::path(post, path = "/api/v1/applications", tag = "applications", params(IdempotencyHeader),
    request_body = ApplicationIn, responses((status = 201, body = ApplicationView)))]
pub async fn create_application(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed(once, Json(body)): Keyed<Json<ApplicationIn>>,
) -> Result<Answer, Problem> {
    let new = NewApplication {
        call: body.call_id,
        registration: body.registration_id,
        choices: body.choices,
        answers: body.answers,
        submit_at_bell: body.submit_at_bell,
    };
    Ok(applications::open(&app, &caller, &once, new).await?)
}

/// Changes a draft, or enters the home's score.
#[utoipa::path(patch, path = "/api/v1/applications/{id}", tag = "applications",
    params(("id" = CaseId, Path), IfMatchHeader), request_body = ApplicationChangeIn,
    responses((status = 200, body = ApplicationView)))]
pub async fn change_application(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CaseId>,
    IfMatch(read): IfMatch,
    Valid(Json(body)): Valid<Json<ApplicationChangeIn>>,
) -> Result<Versioned<ApplicationView>, Problem> {
    let change = DraftChange {
        choices: body.choices,
        answers: body.answers,
        submit_at_bell: body.submit_at_bell,
        score_hundredths: body.score_hundredths,
    };
    let view = applications::change(&app, &caller, id, read, change).await?;
    Ok(Versioned(view.version, view))
}

/// Fires one event: the one way to move a case.
#[utoipa::path(post, path = "/api/v1/applications/{id}/events", tag = "applications",
    params(("id" = CaseId, Path), IfMatchHeader, IdempotencyHeader), request_body = EventIn,
    responses((status = 200, body = ApplicationView),
        (status = 204, description = "Done; the case has gone on to where you do not see it")))]
pub async fn fire_event(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CaseId>,
    IfMatch(if_version): IfMatch,
    Keyed(once, Json(body)): Keyed<Json<EventIn>>,
) -> Result<Answer, Problem> {
    Ok(transition::fire(&app, &caller, Via::Api, &once, id, &body.attempt(None, if_version)).await?)
}

/// Fires one event at an instance of a track, with the case's version.
#[utoipa::path(post, path = "/api/v1/applications/{id}/tracks/{track}/{key}/events", tag = "applications",
    params(("id" = CaseId, Path), ("track" = String, Path, description = "As the view's `tracks` names it"),
        ("key" = String, Path, description = "Which instance, as the view's `tracks` names it"),
        IfMatchHeader, IdempotencyHeader),
    request_body = EventIn,
    responses((status = 200, body = ApplicationView),
        (status = 204, description = "Done; the case has gone on to where you do not see it")))]
pub async fn fire_track_event(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(place): Id<(CaseId, String, String)>,
    IfMatch(if_version): IfMatch,
    Keyed(once, Json(body)): Keyed<Json<EventIn>>,
) -> Result<Answer, Problem> {
    let (id, track, key) = place;
    let attempt = body.attempt(Some((track, key)), if_version);
    Ok(transition::fire(&app, &caller, Via::Api, &once, id, &attempt).await?)
}

/// Steps of an application, first to last.
#[utoipa::path(get, path = "/api/v1/applications/{id}/history", tag = "applications",
    params(("id" = CaseId, Path), PageQuery), responses((status = 200, body = Page<StepView>)))]
pub async fn list_history(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CaseId>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<StepView>>, Problem> {
    Ok(Json(history::list(&app, &caller, id, &listing.asked).await?))
}

/// Cases in the phases placement and stay, newest first.
#[utoipa::path(get, path = "/api/v1/placements", tag = "placements", params(PageQuery, ApplicationFilter),
    responses((status = 200, body = Page<ApplicationItem>)))]
pub async fn list_placements(
    State(app): State<Arc<App>>,
    caller: Caller,
    listing: Listing<ApplicationFilter>,
) -> Result<Json<Page<ApplicationItem>>, Problem> {
    let mut filter = Filter::from(listing.filter);
    let placed = [Phase::Placement, Phase::Stay];
    if filter.phases.is_empty() {
        filter.phases = placed.to_vec();
    }
    filter.phases.retain(|phase| placed.contains(phase));
    if filter.phases.is_empty() {
        return Ok(Json(Page { items: Vec::new(), next: None }));
    }
    Ok(Json(list::list(&app, &caller, &listing.asked, filter).await?))
}

/// One case in the phases placement and stay.
#[utoipa::path(get, path = "/api/v1/placements/{id}", tag = "placements", params(("id" = CaseId, Path)),
    responses((status = 200, body = ApplicationView)))]
pub async fn get_placement(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CaseId>,
) -> Result<Versioned<ApplicationView>, Problem> {
    let view = applications::read(&app, &caller, id).await?;
    if !matches!(view.phase, Phase::Placement | Phase::Stay) {
        return Err(crate::app::Error::NotFound.into());
    }
    Ok(Versioned(view.version, view))
}
