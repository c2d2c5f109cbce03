//! Where people study.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sojourn_engine::ids::{InstitutionId, PersonId, RegistrationId, UnitId};
use sojourn_engine::vocabulary::Level;
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::extract::{Id, IfMatch, Keyed, Listing, NoFilter, PageQuery, Valid};
use super::institutions::set;
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::Problem;
use super::shape::{self, present};
use crate::access::Caller;
use crate::app::registrations::{self, NewRegistration, Registration, RegistrationView};
use crate::app::{Answer, App, Page};

/// A registration to enter.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationIn {
    /// The home institution.
    institution: InstitutionId,
    /// Faculty or department.
    unit: Option<UnitId>,
    /// The institution's number for the student.
    #[validate(length(min = 1, max = 50, message = "between 1 and 50 characters"))]
    student_no: Option<String>,
    /// European Student Identifier.
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 characters"))]
    esi: Option<String>,
    /// Study cycle.
    level: Level,
    /// ISCED-F 2013 code of the field of study.
    #[validate(custom(function = shape::field))]
    field: Option<String>,
    /// Year of study, 1 = first.
    #[validate(range(min = 1, max = 20, message = "from 1 to 20"))]
    year: Option<i16>,
    /// Credits reached so far, in ECTS, with at most two decimals.
    #[validate(custom(function = shape::credits))]
    credits: Option<f64>,
    /// Languages with CEFR level, such as `en:B2`.
    #[validate(custom(function = shape::languages))]
    #[serde(default)]
    languages: Vec<String>,
}

impl From<RegistrationIn> for NewRegistration {
    fn from(body: RegistrationIn) -> Self {
        Self {
            institution: body.institution,
            unit: body.unit,
            student_no: body.student_no,
            esi: body.esi,
            level: body.level,
            field: body.field,
            year: body.year,
            credits_hundredths: body.credits.and_then(shape::hundredths),
            languages: body.languages,
        }
    }
}

/// What to change of a registration; what is left out stays, `null` empties.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationChangeIn {
    /// Faculty or department.
    #[serde(default, deserialize_with = "present")]
    unit: Option<Option<UnitId>>,
    /// The institution's number for the student.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 50, message = "between 1 and 50 characters"))]
    student_no: Option<Option<String>>,
    /// European Student Identifier.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 200, message = "between 1 and 200 characters"))]
    esi: Option<Option<String>>,
    /// Study cycle.
    level: Option<Level>,
    /// ISCED-F 2013 code of the field of study.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = shape::field))]
    field: Option<Option<String>>,
    /// Year of study, 1 = first.
    #[serde(default, deserialize_with = "present")]
    #[validate(range(min = 1, max = 20, message = "from 1 to 20"))]
    year: Option<Option<i16>>,
    /// Credits reached so far, in ECTS, with at most two decimals.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = shape::credits))]
    credits: Option<Option<f64>>,
    /// Languages with CEFR level, such as `en:B2`.
    #[validate(custom(function = shape::languages))]
    languages: Option<Vec<String>>,
}

impl RegistrationChangeIn {
    fn fill(self, row: &mut Registration) {
        set(&mut row.unit_id, self.unit);
        set(&mut row.student_no, self.student_no);
        set(&mut row.esi, self.esi);
        set(&mut row.level, self.level);
        set(&mut row.field, self.field);
        set(&mut row.year, self.year);
        set(&mut row.credits_hundredths, self.credits.map(|credits| credits.and_then(shape::hundredths)));
        set(&mut row.languages, self.languages.map(|languages| serde_json::json!(languages)));
    }
}

/// Registrations of a person.
#[utoipa::path(get, path = "/api/v1/people/{id}/registrations", tag = "people",
    params(("id" = PersonId, Path), PageQuery), responses((status = 200, body = Page<RegistrationView>)))]
pub async fn list_registrations(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PersonId>,
    listing: Listing<NoFilter>,
) -> Result<Json<Page<RegistrationView>>, Problem> {
    Ok(Json(registrations::list(&app, &caller, id, &listing.asked).await?))
}

/// Enters a registration.
#[utoipa::path(post, path = "/api/v1/people/{id}/registrations", tag = "people",
    params(("id" = PersonId, Path), IdempotencyHeader), request_body = RegistrationIn,
    responses((status = 201, body = RegistrationView)))]
pub async fn create_registration(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PersonId>,
    Keyed(once, Json(body)): Keyed<Json<RegistrationIn>>,
) -> Result<Answer, Problem> {
    Ok(registrations::create(&app, &caller, id, &once, &body.into()).await?)
}

/// Changes a registration; its person and institution stay.
#[utoipa::path(patch, path = "/api/v1/people/{id}/registrations/{registration_id}", tag = "people",
    params(("id" = PersonId, Path), ("registration_id" = RegistrationId, Path), IfMatchHeader),
    request_body = RegistrationChangeIn, responses((status = 200, body = RegistrationView)))]
pub async fn change_registration(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(ids): Id<(PersonId, RegistrationId)>,
    IfMatch(read): IfMatch,
    Valid(Json(body)): Valid<Json<RegistrationChangeIn>>,
) -> Result<Versioned<RegistrationView>, Problem> {
    let view = registrations::change(&app, &caller, ids, read, |row| body.fill(row)).await?;
    Ok(Versioned(view.version, view))
}
