//! Every operation of the API on one screen, each with the policy it is registered with.
//!
//! [`Routes::route`] is the only way to register: it puts the caller into the request, enforces the policy and writes it into the
//! OpenAPI document as `x-policy`. A policy speaks of the operation alone; whether a row is seen is decided by its command.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, SecurityRequirement};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::problem::{Kind, Problem};
use super::{
    AppState, absences, agreements, allocations, applications, audit, balances, bulks, calendar_addresses,
    calls, chair_terms, consents, documents, eligible_students, email_changes, erasures, exports, health,
    identities, institutions, language, legal_holds, log_ins, messages, notifications, openapi, passwords,
    people, periods, personal_data, places, programmes, queue, registrations, reports, scores,
    second_factors, sessions, sign_ups, statements, upload, waits, workflows,
};
use crate::access::{Caller, Policy};
use crate::app::institutions::holidays;
use crate::app::places::import;
use crate::app::{self, Error};

/// Largest table that is imported in one request, in bytes.
const TABLE: usize = 10 * 1024 * 1024;

/// What somebody needs who has to set up a second factor.
const FACTOR: &str =
    "a second factor: set one up first, on your page “Sign-in and security” or with POST /auth/second-factor";

/// Routes with their policies and their part of the OpenAPI document.
pub struct Routes {
    state: AppState,
    router: OpenApiRouter<AppState>,
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Routes").finish_non_exhaustive()
    }
}

impl Routes {
    /// No route yet.
    pub fn new(state: AppState) -> Self {
        Self { state, router: OpenApiRouter::with_openapi(openapi::head()) }
    }

    /// Registers operations of one path that share a policy.
    #[must_use]
    pub fn route(
        mut self,
        policy: Policy,
        (schemas, mut paths, methods): UtoipaMethodRouter<AppState>,
    ) -> Self {
        let mut known = BTreeSet::new();
        for item in paths.paths.values_mut() {
            for operation in openapi::operations(item) {
                declare(operation, policy);
                known.extend(openapi::query_parameters(operation));
            }
        }
        let door = Door { state: self.state.clone(), policy, known: Arc::new(known) };
        let admitted = middleware::from_fn_with_state(door, admit);
        self.router = self.router.routes((schemas, paths, methods.route_layer(admitted)));
        self
    }

    /// Registers operations whose bodies may have so many bytes, as tables and files do.
    #[must_use]
    pub fn upload(self, policy: Policy, limit: usize, routes: UtoipaMethodRouter<AppState>) -> Self {
        let (schemas, paths, methods) = routes;
        self.route(policy, (schemas, paths, methods.layer(DefaultBodyLimit::max(limit))))
    }

    /// The router and the document.
    pub fn split(self) -> (axum::Router<AppState>, OpenApi) {
        self.router.split_for_parts()
    }
}

/// The whole API.
#[expect(clippy::too_many_lines, reason = "a table, one line per operation")]
pub fn all(state: AppState) -> Routes {
    use Policy::{Admin, Anyone, Coordinators, Oneself, Secretariat, SecretariatOrChair, SignedIn};
    Routes::new(state)
        .route(Anyone, routes!(health::get_health))
        .route(Anyone, routes!(health::get_readiness))
        .route(Anyone, routes!(sessions::issue_token))
        .route(Oneself, routes!(sessions::end_session))
        .route(Oneself, routes!(sessions::get_me))
        .route(Oneself, routes!(sessions::list_sessions, sessions::end_sessions))
        .route(Oneself, routes!(sessions::end_one_session))
        .route(Oneself, routes!(second_factors::get_second_factor, second_factors::begin_second_factor))
        .route(Oneself, routes!(second_factors::confirm_second_factor))
        .route(Oneself, routes!(second_factors::renew_recovery_codes))
        .route(Oneself, routes!(second_factors::remove_second_factor))
        .route(Anyone, routes!(passwords::ask_password_reset))
        .route(Anyone, routes!(passwords::confirm_password_reset))
        .route(Anyone, routes!(passwords::accept_invitation))
        .route(Oneself, routes!(passwords::change_password))
        .route(Oneself, routes!(email_changes::ask_email_change))
        .route(Anyone, routes!(email_changes::confirm_email_change))
        .route(Oneself, routes!(identities::list_identities))
        .route(Oneself, routes!(identities::remove_identity))
        .route(Anyone, routes!(log_ins::list_providers))
        .route(Anyone, routes!(sign_ups::ask_sign_up))
        .route(Anyone, routes!(sign_ups::confirm_sign_up))
        .route(SignedIn, routes!(institutions::list_institutions))
        .route(Secretariat, routes!(institutions::create_institution))
        .route(SignedIn, routes!(institutions::get_institution))
        .route(Secretariat, routes!(institutions::change_institution))
        .route(SignedIn, routes!(log_ins::get_log_in, log_ins::put_log_in))
        .upload(Admin, holidays::LARGEST, routes!(institutions::import_holidays))
        .route(SignedIn, routes!(institutions::list_units))
        .route(SignedIn, routes!(institutions::create_unit))
        .route(SignedIn, routes!(institutions::change_unit))
        .route(SignedIn, routes!(chair_terms::list_chair_terms))
        .route(Secretariat, routes!(chair_terms::create_chair_term))
        .route(Secretariat, routes!(chair_terms::change_chair_term))
        .route(SignedIn, routes!(chair_terms::get_hand_over))
        .route(Admin, routes!(people::list_people))
        .route(Admin, routes!(people::invite_person))
        .route(SignedIn, routes!(people::get_person))
        .route(SignedIn, routes!(people::change_person))
        .upload(Admin, TABLE, routes!(people::import_people))
        .route(Admin, routes!(people::mark_reachable))
        .route(SignedIn, routes!(people::grant_role))
        .route(SignedIn, routes!(people::take_role_back))
        .route(SignedIn, routes!(calendar_addresses::renew_calendar_address))
        .route(SignedIn, routes!(calendar_addresses::end_calendar_address))
        .route(Anyone, routes!(calendar_addresses::get_calendar))
        .route(SignedIn, routes!(exports::export_person))
        .route(SignedIn, routes!(erasures::get_erasure))
        .route(SignedIn, routes!(erasures::erase_person))
        .route(SignedIn, routes!(consents::list_consents))
        .route(SignedIn, routes!(consents::give_consent))
        .route(SignedIn, routes!(consents::withdraw_consent))
        .route(Secretariat, routes!(legal_holds::list_legal_holds))
        .route(Secretariat, routes!(legal_holds::set_legal_hold))
        .route(Secretariat, routes!(legal_holds::lift_legal_hold))
        .route(Anyone, routes!(personal_data::list_personal_data))
        .route(SignedIn, routes!(absences::list_absences))
        .route(SignedIn, routes!(absences::create_absence))
        .route(SignedIn, routes!(absences::end_absence))
        .route(SignedIn, routes!(registrations::list_registrations))
        .route(SignedIn, routes!(registrations::create_registration))
        .route(SignedIn, routes!(registrations::change_registration))
        .route(SignedIn, routes!(applications::list_applications))
        .route(SignedIn, routes!(applications::create_application))
        .route(SignedIn, routes!(applications::get_application))
        .route(SignedIn, routes!(applications::change_application))
        .route(SignedIn, routes!(scores::put_score))
        .route(SignedIn, routes!(applications::fire_event))
        .route(SignedIn, routes!(applications::fire_track_event))
        .route(Coordinators, routes!(bulks::fire_events))
        .route(Coordinators, routes!(bulks::create_bulk))
        .route(Coordinators, routes!(bulks::get_bulk))
        .route(Coordinators, routes!(bulks::call_bulk_back))
        .route(SignedIn, routes!(queue::list_queue))
        .route(SignedIn, routes!(applications::list_history))
        .route(SignedIn, routes!(messages::list_messages))
        .route(SignedIn, routes!(messages::send_message))
        .route(SignedIn, routes!(documents::list_documents))
        .upload(SignedIn, upload::FORM, routes!(documents::supply_document))
        .route(SignedIn, routes!(documents::get_document))
        .route(SignedIn, routes!(documents::take_document_out))
        .route(SignedIn, routes!(applications::list_placements))
        .route(SignedIn, routes!(applications::get_placement))
        .route(Secretariat, routes!(notifications::list_notifications))
        .route(Secretariat, routes!(notifications::get_notification))
        .route(Secretariat, routes!(notifications::retry_notification))
        .route(Secretariat, routes!(notifications::resend_notification))
        .route(Coordinators, routes!(agreements::list_agreements))
        .route(Coordinators, routes!(agreements::create_agreement))
        .route(SignedIn, routes!(agreements::get_agreement))
        .route(SignedIn, routes!(agreements::change_agreement))
        .route(SignedIn, routes!(agreements::put_nomination_windows))
        .route(SignedIn, routes!(agreements::fire_agreement_event))
        .route(SignedIn, routes!(agreements::get_agreement_case))
        .route(SignedIn, routes!(agreements::list_agreement_history))
        .route(SignedIn, routes!(places::list_place_lines))
        .route(SignedIn, routes!(places::create_place_line))
        .upload(Coordinators, import::LARGEST, routes!(places::import_places))
        .route(SignedIn, routes!(places::get_place_line))
        .route(SignedIn, routes!(places::post_capacity))
        .route(SignedIn, routes!(balances::carry_places))
        .route(SignedIn, routes!(balances::get_agreement_balance))
        .route(SignedIn, routes!(reports::get_balance))
        .route(SignedIn, routes!(reports::get_places))
        .route(SignedIn, routes!(reports::get_allocation_report))
        .route(SignedIn, routes!(reports::get_funnel))
        .route(SignedIn, routes!(reports::get_traffic))
        .route(SignedIn, routes!(reports::get_waiting))
        .route(SignedIn, routes!(statements::list_statements))
        .route(SignedIn, routes!(statements::make_statement))
        .route(SignedIn, routes!(statements::get_statement))
        .route(SignedIn, routes!(statements::confirm_statement))
        .route(SignedIn, routes!(statements::dispute_statement))
        .route(SignedIn, routes!(statements::settle_statement))
        .route(SecretariatOrChair, routes!(audit::list_audit))
        .route(SecretariatOrChair, routes!(waits::list_waits))
        .route(SecretariatOrChair, routes!(waits::list_waits_of_alliance))
        .route(SecretariatOrChair, routes!(waits::list_waits_for_office))
        .route(SecretariatOrChair, routes!(waits::list_waits_for_party))
        .route(SignedIn, routes!(periods::list_periods))
        .route(SignedIn, routes!(periods::create_period))
        .route(SignedIn, routes!(periods::get_period))
        .route(SignedIn, routes!(periods::change_period))
        .route(Anyone, routes!(programmes::list_programmes))
        .route(SignedIn, routes!(programmes::create_programme))
        .route(Anyone, routes!(programmes::get_programme))
        .route(SignedIn, routes!(programmes::change_programme))
        .route(SignedIn, routes!(programmes::get_vetting))
        .route(SignedIn, routes!(programmes::fire_programme_event))
        .route(SignedIn, routes!(programmes::list_programme_history))
        .route(Anyone, routes!(programmes::list_offerings))
        .route(SignedIn, routes!(programmes::create_offering))
        .route(Anyone, routes!(programmes::get_offering))
        .route(SignedIn, routes!(programmes::change_offering))
        .route(Anyone, routes!(calls::list_calls))
        .route(SignedIn, routes!(calls::create_call))
        .route(Anyone, routes!(calls::get_call))
        .route(SignedIn, routes!(calls::change_call))
        .upload(SignedIn, app::applications::scores::LARGEST, routes!(scores::import_scores))
        .route(SignedIn, routes!(allocations::list_allocations, allocations::try_allocation))
        .route(SignedIn, routes!(allocations::get_allocation))
        .route(SignedIn, routes!(allocations::explain_allocation))
        .route(SignedIn, routes!(allocations::get_allocation_file))
        .route(SignedIn, routes!(allocations::get_allocation_fairness))
        .route(SignedIn, routes!(allocations::confirm_allocation))
        .route(Coordinators, routes!(eligible_students::list_eligible_students))
        .route(SignedIn, routes!(workflows::list_workflows))
        .upload(Secretariat, workflows::LONGEST, routes!(workflows::check_workflow))
        .route(SignedIn, routes!(workflows::get_workflow))
        .upload(Secretariat, workflows::LONGEST, routes!(workflows::post_workflow_version))
        .route(SignedIn, routes!(workflows::get_workflow_version))
        .route(SecretariatOrChair, routes!(workflows::approve_workflow_version))
        .route(Secretariat, routes!(workflows::adopt_workflow_version))
        .upload(SecretariatOrChair, workflows::QUOTED, routes!(workflows::simulate_workflow))
        .route(SignedIn, routes!(workflows::get_workflow_picture))
        .route(SignedIn, routes!(workflows::get_workflow_flowchart))
        .route(SignedIn, routes!(workflows::get_workflow_chart))
}

fn declare(operation: &mut Operation, policy: Policy) {
    let named = Extensions::builder().add("x-policy", policy.name()).build();
    operation.extensions.get_or_insert_default().merge(named);
    if policy != Policy::Anyone {
        operation.security = Some(vec![SecurityRequirement::new(openapi::BEARER, Vec::<String>::new())]);
    }
    openapi::declare_problems(operation, policy);
}

/// What stands before the handlers of a path.
#[derive(Clone)]
struct Door {
    state: AppState,
    policy: Policy,
    /// Names of the query parameters that its operations read.
    known: Arc<BTreeSet<String>>,
}

/// A mistyped filter must not show more than was asked for.
fn refuse_unknown(request: &Request, known: &BTreeSet<String>) -> Result<(), Problem> {
    let pairs = request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let mut names = pairs.map(|pair| pair.split('=').next().unwrap_or_default());
    let Some(unknown) = names.find(|name| !known.contains(*name)) else { return Ok(()) };
    let listed: Vec<&str> = known.iter().map(String::as_str).collect();
    let there = if listed.is_empty() {
        "none is read here".to_owned()
    } else {
        format!("there are {}", listed.join(", "))
    };
    Err(Problem::new(Kind::Malformed, format!("No query parameter is called `{unknown}`: {there}.")))
}

async fn admit(
    State(Door { state, policy, known }): State<Door>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let caller = match caller(&state, request.headers()).await {
        Ok(caller) => Some(caller),
        Err(Error::Unauthenticated) => None,
        Err(error) => return Err(error.into()),
    };
    if !policy.admits(caller.as_ref()) {
        return Err(match caller {
            None => Error::Unauthenticated.into(),
            Some(caller) if caller.lacks_factor => Error::Forbidden { needs: FACTOR.to_owned() }.into(),
            Some(_) => Error::Forbidden { needs: policy.name().to_owned() }.into(),
        });
    }
    refuse_unknown(&request, &known)?;
    // Whoever still has to set up a second factor is nobody but to themselves.
    if let Some(mut caller) = caller.filter(|caller| !caller.lacks_factor || policy == Policy::Oneself) {
        // What the request asks for goes before what the person once chose.
        if request.headers().contains_key(header::ACCEPT_LANGUAGE) {
            language::of(request.headers()).clone_into(&mut caller.language);
        }
        request.extensions_mut().insert(caller);
    }
    Ok(next.run(request).await)
}

/// Who sent the request: a token of ours, of a session that goes on, with the duties of this moment.
async fn caller(state: &AppState, headers: &HeaderMap) -> app::Result<Caller> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Error::Unauthenticated) };
    let token = value.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    let claims = token.and_then(|token| state.keys.verify(token, state.app.clock.now()));
    let claims = claims.ok_or(Error::Unauthenticated)?;
    state.app.caller(claims.sid, claims.sub).await
}
