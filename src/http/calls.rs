//! Calls for applications.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;
use serde_json::json;
use sojourn_engine::ids::{CallId, InstitutionId, OfferingId};
use sojourn_engine::vocabulary::Publication;
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::extract::{Id, IfMatch, Keyed, Listing, PageQuery, Valid};
use super::institutions::set;
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use super::shape::{self, present};
use crate::access::Caller;
use crate::app::calls::{self, CallView, Plan, Question, SlotRule, Wanted};
use crate::app::{Answer, App, FieldError, Page};

/// Which calls.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CallFilter {
    /// Only as far as this.
    status: Option<Publication>,
    /// Only those for this home.
    home: Option<InstitutionId>,
    /// Only those that open this offering.
    offering: Option<OfferingId>,
}

/// A call as it is written; what is left out takes its default or stays, `null` empties. A new call needs `title`, `homes`,
/// `opens_on` and `closes_on`, and is a draft.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallIn {
    /// Who sees it: from `draft` to `published` to `closed`, never back.
    status: Option<Publication>,
    /// Title.
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 characters"), custom(function = shape::filled))]
    title: Option<String>,
    /// The homes it is for; a coordinator's own only.
    #[validate(length(max = 1000, message = "at most 1000 homes"))]
    homes: Option<Vec<InstitutionId>>,
    /// The offerings it opens.
    #[validate(length(max = 5000, message = "at most 5000 offerings"))]
    offerings: Option<Vec<OfferingId>>,
    /// `home`, or an IANA name: where the dates are meant [default: home].
    #[validate(custom(function = shape::zone_or_home))]
    zone: Option<String>,
    /// Day on which it opens.
    opens_on: Option<NaiveDate>,
    /// Time of that day [default: 00:00:00].
    opens_time: Option<NaiveTime>,
    /// Day on which it closes.
    closes_on: Option<NaiveDate>,
    /// Last second of that day at which it is open [default: 23:59:59].
    closes_time: Option<NaiveTime>,
    /// Minutes after closing in which a complete draft is still submitted [default: 0].
    #[validate(range(min = 0, max = 10_080, message = "from 0 to 10080, which is a week"))]
    grace_minutes: Option<i32>,
    /// Day by which results are due.
    #[serde(default, deserialize_with = "present")]
    results_on: Option<Option<NaiveDate>>,
    /// Time of that day [default: 23:59:59].
    results_time: Option<NaiveTime>,
    /// Last day on which hosts take nominations.
    #[serde(default, deserialize_with = "present")]
    nomination_closes_on: Option<Option<NaiveDate>>,
    /// Time of that day [default: 23:59:59].
    nomination_closes_time: Option<NaiveTime>,
    /// Day by which hosts decide.
    #[serde(default, deserialize_with = "present")]
    host_decision_on: Option<Option<NaiveDate>>,
    /// Time of that day [default: 23:59:59].
    host_decision_time: Option<NaiveTime>,
    /// How many choices an application may list [default: no cap].
    #[serde(default, deserialize_with = "present")]
    #[validate(range(min = 1, max = 1000, message = "from 1 to 1000"))]
    max_choices: Option<Option<i16>>,
    /// Guard over the applicant's facts and answers, such as `student.credits >= 60 && answers.weeks > 3`.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, message = "leave it out, or write a condition"))]
    eligibility: Option<Option<String>>,
    /// Questions asked of the applicant.
    form: Option<Vec<Question>>,
    /// What becomes of a document slot of the workflow; one not named is as the workflow says.
    documents: Option<BTreeMap<String, SlotRule>>,
    /// Spans that replace the workflow's inside its bounds, by `<state>.<clock>`, such as `14 days`.
    clocks: Option<BTreeMap<String, String>>,
    /// Tracks by name, true for those the call asks for.
    tracks: Option<BTreeMap<String, bool>>,
    /// Whether applications are scored [default: no].
    scores: Option<bool>,
    /// Whether a stay may begin before its learning agreement is complete [default: no].
    agreement_later: Option<bool>,
    /// Whether there are waiting lists [default: no].
    waiting_list: Option<bool>,
    /// Whether a student applies for a host only while the home offers that host places too [default: no].
    reciprocal: Option<bool>,
    /// Whether a refused applicant moves on to the next choice [default: no].
    next_choice_allowed: Option<bool>,
}

impl CallIn {
    /// Passes when it says all that a new call needs.
    fn begins(&self) -> Result<(), Problem> {
        let needed = [
            (self.title.is_some(), "/title"),
            (self.homes.is_some(), "/homes"),
            (self.opens_on.is_some(), "/opens_on"),
            (self.closes_on.is_some(), "/closes_on"),
        ];
        let mut wrong: Vec<FieldError> = needed
            .into_iter()
            .filter(|(there, _)| !there)
            .map(|(_, pointer)| FieldError::new(pointer, "a new call needs it"))
            .collect();
        if self.status.is_some_and(|status| status != Publication::Draft) {
            wrong.push(FieldError::new("/status", "a new call is a draft: publish it by a change"));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Problem::invalid(wrong)) }
    }

    fn fill(self, plan: &mut Plan) {
        set(&mut plan.homes, self.homes);
        set(&mut plan.offerings, self.offerings);
        let row = &mut plan.row;
        set(&mut row.status, self.status);
        set(&mut row.title, self.title);
        set(&mut row.zone, self.zone);
        set(&mut row.opens_on, self.opens_on);
        set(&mut row.opens_time, self.opens_time);
        set(&mut row.closes_on, self.closes_on);
        set(&mut row.closes_time, self.closes_time);
        set(&mut row.grace_minutes, self.grace_minutes);
        set(&mut row.results_on, self.results_on);
        set(&mut row.results_time, self.results_time.map(Some));
        set(&mut row.nomination_closes_on, self.nomination_closes_on);
        set(&mut row.nomination_closes_time, self.nomination_closes_time.map(Some));
        set(&mut row.host_decision_on, self.host_decision_on);
        set(&mut row.host_decision_time, self.host_decision_time.map(Some));
        set(&mut row.max_choices, self.max_choices);
        set(&mut row.eligibility, self.eligibility);
        set(&mut row.form, self.form.map(|form| json!(form)));
        set(&mut row.documents, self.documents.map(|rules| json!(rules)));
        set(&mut row.tracks, self.tracks.map(|tracks| json!(tracks)));
        set(&mut row.clocks, self.clocks.map(|spans| json!(spans)));
        set(&mut row.scores, self.scores);
        set(&mut row.agreement_later, self.agreement_later);
        set(&mut row.waiting_list, self.waiting_list);
        set(&mut row.reciprocal, self.reciprocal);
        set(&mut row.next_choice_allowed, self.next_choice_allowed);
    }
}

/// Calls, in the order they were written; drafts for those who run exchanges for one of their homes.
#[utoipa::path(get, path = "/api/v1/calls", tag = "calls", params(PageQuery, CallFilter),
    responses((status = 200, body = Page<CallView>)))]
pub async fn list_calls(
    State(app): State<Arc<App>>,
    caller: Option<Caller>,
    listing: Listing<CallFilter>,
) -> Result<Json<Page<CallView>>, Problem> {
    let CallFilter { status, home, offering } = listing.filter;
    let wanted = Wanted { status, home, offering };
    Ok(Json(calls::list(&app, caller.as_ref(), &listing.asked, &wanted).await?))
}

/// One call, with its dates as instants for the reader's home.
#[utoipa::path(get, path = "/api/v1/calls/{id}", tag = "calls", params(("id" = CallId, Path)),
    responses((status = 200, body = CallView)))]
pub async fn get_call(
    State(app): State<Arc<App>>,
    caller: Option<Caller>,
    Id(id): Id<CallId>,
) -> Result<Versioned<CallView>, Problem> {
    let view = calls::get(&app, caller.as_ref(), id).await?;
    Ok(Versioned(view.version, view))
}

/// Writes a call as a draft.
#[utoipa::path(post, path = "/api/v1/calls", tag = "calls", params(IdempotencyHeader),
    request_body = CallIn, responses((status = 201, body = CallView)))]
pub async fn create_call(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed(once, Json(body)): Keyed<Json<CallIn>>,
) -> Result<Answer, Problem> {
    body.begins()?;
    Ok(calls::create(&app, &caller, &once, |plan| body.fill(plan)).await?)
}

/// Changes a call, or publishes or closes it; once published, dates only move forward and nothing given is taken back.
#[utoipa::path(patch, path = "/api/v1/calls/{id}", tag = "calls",
    params(("id" = CallId, Path), IfMatchHeader), request_body = CallIn,
    responses((status = 200, body = CallView)))]
pub async fn change_call(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CallId>,
    IfMatch(read): IfMatch,
    Valid(Json(body)): Valid<Json<CallIn>>,
) -> Result<Versioned<CallView>, Problem> {
    let view = calls::change(&app, &caller, id, read, |plan| body.fill(plan)).await?;
    Ok(Versioned(view.version, view))
}
