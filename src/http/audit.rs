//! The audit.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
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
    /// Only what was done on this day of the alliance's zone.
    on: Option<NaiveDate>,
}

impl AuditFilter {
    fn wanted(self, app: &App) -> Wanted {
        let Self { person, deed, subject, about, institution, on } = self;
        Wanted { person, deed, subject, about, institution, within: on.map(|on| audit::day(app, on)) }
    }
}

/// What people administered and which documents they read, the newest first; steps of cases are in their histories.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(PageQuery, AuditFilter),
    responses((status = 200, body = Page<AuditView>)))]
pub async fn list_audit(
    State(app): State<Arc<App>>,
    listing: Listing<AuditFilter>,
) -> Result<Json<Page<AuditView>>, Problem> {
    let wanted = listing.filter.wanted(&app);
    Ok(Json(audit::list(&app, &listing.asked, &wanted).await?))
}
