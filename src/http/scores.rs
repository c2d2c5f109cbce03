//! Scores of applications: one each, alone or for a whole call from a table.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Deserialize;
use sojourn_engine::ids::{CallId, CaseId};
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::extract::{Filter, Id, IfMatch, Keyed, Valid, media_type};
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::{Kind, Problem};
use super::shape::present;
use crate::access::Caller;
use crate::app::applications::ApplicationView;
use crate::app::applications::scores::{self, ScoreImport};
use crate::app::{Answer, App, FieldError};

/// The score of an application.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreIn {
    /// A number from 0 to 10000 with at most two decimals, higher is better; `null` takes the score away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 10000)]
    score: Option<Option<serde_json::Number>>,
}

impl ScoreIn {
    fn hundredths(self) -> Result<Option<i32>, Problem> {
        let wrong = |told: &str| Problem::invalid(vec![FieldError::new("/score", told)]);
        let Some(given) = self.score else { return Err(wrong("write a number, or null for none")) };
        let Some(number) = given else { return Ok(None) };
        scores::hundredths(&number.to_string())
            .map(Some)
            .ok_or_else(|| wrong("a number from 0 to 10000 with at most two decimals, such as 87.5"))
    }
}

/// Enters the score of an application, for coordinators of its home; hosts never see it.
#[utoipa::path(put, path = "/api/v1/applications/{id}/score", tag = "applications",
    params(("id" = CaseId, Path), IfMatchHeader), request_body = ScoreIn,
    responses((status = 200, body = ApplicationView)))]
pub async fn put_score(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CaseId>,
    IfMatch(read): IfMatch,
    Valid(Json(body)): Valid<Json<ScoreIn>>,
) -> Result<Versioned<ApplicationView>, Problem> {
    let view = scores::enter(&app, &caller, id, read, body.hundredths()?).await?;
    Ok(Versioned(view.version, view))
}

/// How a table of scores is taken over.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ScoreQuery {
    /// `true`: only say what would be [default: false].
    #[serde(default)]
    dry_run: bool,
}

/// Enters the scores of a call from a CSV table: all rows, or, where one cannot be, none, and each that cannot be is named.
#[utoipa::path(post, path = "/api/v1/calls/{id}/scores", tag = "calls",
    params(("id" = CallId, Path), ScoreQuery, IdempotencyHeader),
    request_body(content = String, content_type = "text/csv",
        description = "Columns score, and application (id or reference) or student_no"),
    responses((status = 200, body = ScoreImport)))]
pub async fn import_scores(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<CallId>,
    Filter(ScoreQuery { dry_run }): Filter<ScoreQuery>,
    headers: HeaderMap,
    Keyed(once, table): Keyed<Bytes>,
) -> Result<Answer, Problem> {
    if !media_type(&headers).eq_ignore_ascii_case("text/csv") {
        return Err(Problem::new(Kind::UnsupportedMediaType, "Send a table, with `Content-Type: text/csv`."));
    }
    Ok(scores::import(&app, &caller, id, &once, &table, dry_run).await?)
}
