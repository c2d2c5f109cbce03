//! Statements of balances that both sides of an agreement confirm.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sojourn_engine::ids::{AgreementId, BalanceStatementId};
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::extract::{Id, IfMatch, Keyed, Listing, NoFilter, PageQuery};
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use super::shape;
use crate::access::Caller;
use crate::app::balances::statements::{self, Answered, Scope, StatementView};
use crate::app::{Answer, App, Page};

/// A balance to state.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementIn {
    /// The instant whose balance is stated, past [default: now].
    as_of: Option<DateTime<Utc>>,
    /// Whether it is of every agreement between both sides, not of this one alone [default: no].
    #[serde(default)]
    all_agreements: bool,
    /// Only of the academic year that begins in this year [default: all].
    #[validate(range(min = 1900, max = 2999, message = "a year from 1900 to 2999"))]
    academic_year: Option<i16>,
}

/// That nothing is wrong with it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmationIn {}

/// What is wrong, or how it is.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WordsIn {
    /// In words that both sides and the chair read.
    #[validate(length(min = 1, max = 2000, message = "between 1 and 2000 characters"), custom(function = shape::filled))]
    reason: String,
}

/// Statements of an agreement's balance, the newest first.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/statements", tag = "agreements",
    params(("id" = AgreementId, Path), PageQuery), responses((status = 200, body = Page<StatementView>)))]
pub async fn list_statements(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AgreementId>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<StatementView>>, Problem> {
    Ok(Json(statements::list(&app, &caller, id, &listing.asked).await?))
}

/// One statement.
#[utoipa::path(get, path = "/api/v1/agreements/{id}/statements/{statement_id}", tag = "agreements",
    params(("id" = AgreementId, Path), ("statement_id" = BalanceStatementId, Path)),
    responses((status = 200, body = StatementView)))]
pub async fn get_statement(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id((id, statement)): Id<(AgreementId, BalanceStatementId)>,
) -> Result<Versioned<StatementView>, Problem> {
    let view = statements::get(&app, &caller, id, statement).await?;
    Ok(Versioned(view.version, view))
}

/// States the balance of an agreement, or of all between its sides, for one of them; the other is asked to confirm it.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/statements", tag = "agreements",
    params(("id" = AgreementId, Path), IdempotencyHeader), request_body = StatementIn,
    responses((status = 201, body = StatementView)))]
pub async fn make_statement(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<AgreementId>,
    Keyed(once, Json(body)): Keyed<Json<StatementIn>>,
) -> Result<Answer, Problem> {
    let StatementIn { as_of, all_agreements, academic_year } = body;
    Ok(statements::make(&app, &caller, id, &once, Scope { as_of, all_agreements, academic_year }).await?)
}

/// Confirms a statement for the side that has not made it.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/statements/{statement_id}/confirm", tag = "agreements",
    params(("id" = AgreementId, Path), ("statement_id" = BalanceStatementId, Path), IfMatchHeader, IdempotencyHeader),
    request_body = ConfirmationIn, responses((status = 200, body = StatementView)))]
pub async fn confirm_statement(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(ids): Id<(AgreementId, BalanceStatementId)>,
    IfMatch(read): IfMatch,
    Keyed(once, Json(_)): Keyed<Json<ConfirmationIn>>,
) -> Result<Answer, Problem> {
    Ok(statements::answer(&app, &caller, ids, read, &once, Answered::Confirm).await?)
}

/// Disputes a statement for the side that has not made it: the chair is asked.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/statements/{statement_id}/dispute", tag = "agreements",
    params(("id" = AgreementId, Path), ("statement_id" = BalanceStatementId, Path), IfMatchHeader, IdempotencyHeader),
    request_body = WordsIn, responses((status = 200, body = StatementView)))]
pub async fn dispute_statement(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(ids): Id<(AgreementId, BalanceStatementId)>,
    IfMatch(read): IfMatch,
    Keyed(once, Json(body)): Keyed<Json<WordsIn>>,
) -> Result<Answer, Problem> {
    Ok(statements::answer(&app, &caller, ids, read, &once, Answered::Dispute(body.reason)).await?)
}

/// Settles a disputed statement, as the chair.
#[utoipa::path(post, path = "/api/v1/agreements/{id}/statements/{statement_id}/settle", tag = "agreements",
    params(("id" = AgreementId, Path), ("statement_id" = BalanceStatementId, Path), IfMatchHeader, IdempotencyHeader),
    request_body = WordsIn, responses((status = 200, body = StatementView)))]
pub async fn settle_statement(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(ids): Id<(AgreementId, BalanceStatementId)>,
    IfMatch(read): IfMatch,
    Keyed(once, Json(body)): Keyed<Json<WordsIn>>,
) -> Result<Answer, Problem> {
    Ok(statements::answer(&app, &caller, ids, read, &once, Answered::Settle(body.reason)).await?)
}
