//! The audit.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use sojourn_engine::ids::{InstitutionId, PersonId};
use sojourn_engine::vocabulary::{Deed, Matter};
use uuid::Uuid;

use super::extract::{Listing, PageQuery};
use super::problem::Problem;
use crate::app::audit::{self, AuditView, Wanted};
use crate::app::{App, Page};

/// Which entries of the audit.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// Only what this person did.
    person: Option<PersonId>,
    /// Only deeds of this kind.
    deed: Option<Deed>,
    /// Only what was done to this kind of thing.
    subject: Option<Matter>,
    /// Only what was done to the thing with this id.
    about: Option<Uuid>,
    /// Only what concerns this institution.
    institution: Option<InstitutionId>,
}

impl From<AuditFilter> for Wanted {
    fn from(filter: AuditFilter) -> Self {
        let AuditFilter { person, deed, subject, about, institution } = filter;
        Self { person, deed, subject, about, institution }
    }
}

/// What people administered and which documents they read, the newest first; steps of cases are in their histories.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(PageQuery, AuditFilter),
    responses((status = 200, body = Page<AuditView>)))]
pub async fn list_audit(
    State(app): State<Arc<App>>,
    listing: Listing<AuditFilter>,
) -> Result<Json<Page<AuditView>>, Problem> {
    Ok(Json(audit::list(&app, &listing.asked, &listing.filter.into()).await?))
}
