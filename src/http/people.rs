//! People, invited and imported, and the duties they hold.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use sojourn_engine::ids::{InstitutionId, PersonId, RoleId, UnitId};
use sojourn_engine::vocabulary::{Duty, Mails};
use utoipa::ToSchema;
use validator::Validate;

use super::answer::Versioned;
use super::extract::{Id, IfMatch, Keyed, Listing, PageQuery, Valid};
use super::institutions::set;
use super::openapi::{IdempotencyHeader, IfMatchHeader};
use super::problem::{Kind, Problem};
use super::registrations::RegistrationIn;
use super::shape::{self, present};
use crate::access::Caller;
use crate::app::bounces;
use crate::app::people::{self, ImportReport, NewPerson, NewRole, Person, PersonView, Wanted};
use crate::app::{Answer, App, Page};

/// Which people.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PersonFilter {
    /// Only those with a duty or a registration there.
    institution: Option<InstitutionId>,
    /// Only those with this duty.
    duty: Option<Duty>,
    /// Only the one with this e-mail address.
    email: Option<String>,
    /// Only those whom no mail reaches: without an address, or with one that refuses.
    #[serde(default)]
    unreachable: bool,
    /// Only those one of whose names, or whose address, begins so.
    q: Option<String>,
}

/// Somebody to invite.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonIn {
    /// Given name.
    #[validate(length(min = 1, max = 100, message = "between 1 and 100 characters"), custom(function = shape::filled))]
    given_name: String,
    /// Family name.
    #[validate(length(min = 1, max = 100, message = "between 1 and 100 characters"), custom(function = shape::filled))]
    family_name: String,
    /// E-mail address; the invitation goes there.
    #[validate(email(message = "no e-mail address"), length(max = 254, message = "at most 254 characters"))]
    email: String,
    /// BCP 47 tag of the language they are written to in [default: the institution's].
    #[validate(custom(function = shape::language))]
    language: Option<String>,
    /// How they want the mails of their duties [default: `daily`].
    #[serde(default)]
    mails: Mails,
    /// ISO 3166-1 alpha-2 code.
    #[validate(custom(function = shape::country))]
    nationality: Option<String>,
    /// As stated by the person.
    #[validate(length(min = 1, max = 50, message = "between 1 and 50 characters"))]
    gender: Option<String>,
    /// Year of birth.
    #[validate(range(min = 1900, max = 2100, message = "a year of birth"))]
    birth_year: Option<i16>,
    /// What they will do.
    #[validate(length(max = 20, message = "at most 20"))]
    #[serde(default)]
    roles: Vec<RoleIn>,
    /// Where they study.
    #[validate(length(max = 20, message = "at most 20"), nested)]
    #[serde(default)]
    registrations: Vec<RegistrationIn>,
}

impl From<PersonIn> for NewPerson {
    fn from(body: PersonIn) -> Self {
        Self {
            given_name: body.given_name,
            family_name: body.family_name,
            email: body.email,
            language: body.language,
            mails: body.mails,
            nationality: body.nationality,
            gender: body.gender,
            birth_year: body.birth_year,
            roles: body.roles.into_iter().map(Into::into).collect(),
            registrations: body.registrations.into_iter().map(Into::into).collect(),
        }
    }
}

/// A duty to grant.
#[derive(Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleIn {
    /// What they will do.
    duty: Duty,
    /// For whom; left out for the secretariat.
    institution: Option<InstitutionId>,
    /// Only in this unit.
    unit: Option<UnitId>,
    /// First day.
    from_on: NaiveDate,
    /// Last day; without one it has no end.
    until_on: Option<NaiveDate>,
}

impl From<RoleIn> for NewRole {
    fn from(RoleIn { duty, institution, unit, from_on, until_on }: RoleIn) -> Self {
        Self { duty, institution, unit, from_on, until_on }
    }
}

/// What to change of a person; what is left out stays, `null` empties. The address is changed by its person alone, with
/// `POST /auth/email`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonChangeIn {
    /// Given name.
    #[validate(length(min = 1, max = 100, message = "between 1 and 100 characters"), custom(function = shape::filled))]
    given_name: Option<String>,
    /// Family name.
    #[validate(length(min = 1, max = 100, message = "between 1 and 100 characters"), custom(function = shape::filled))]
    family_name: Option<String>,
    /// BCP 47 tag of the language they are written to in.
    #[validate(custom(function = shape::language))]
    language: Option<String>,
    /// How they want the mails of their duties.
    mails: Option<Mails>,
    /// ISO 3166-1 alpha-2 code.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = shape::country))]
    nationality: Option<Option<String>>,
    /// As stated by the person.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 50, message = "between 1 and 50 characters"))]
    gender: Option<Option<String>>,
    /// Year of birth.
    #[serde(default, deserialize_with = "present")]
    #[validate(range(min = 1900, max = 2100, message = "a year of birth"))]
    birth_year: Option<Option<i16>>,
}

impl PersonChangeIn {
    fn fill(self, row: &mut Person) {
        set(&mut row.given_name, self.given_name);
        set(&mut row.family_name, self.family_name);
        set(&mut row.language, self.language);
        set(&mut row.mails, self.mails);
        set(&mut row.nationality, self.nationality);
        set(&mut row.gender, self.gender);
        set(&mut row.birth_year, self.birth_year);
    }
}

/// People the caller sees, with their duties.
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(PageQuery, PersonFilter),
    responses((status = 200, body = Page<PersonView>)))]
pub async fn list_people(
    State(app): State<Arc<App>>,
    caller: Caller,
    listing: Listing<PersonFilter>,
) -> Result<Json<Page<PersonView>>, Problem> {
    let PersonFilter { institution, duty, email, unreachable, q } = listing.filter;
    let email = email.as_deref().map(people::address);
    let wanted = Wanted { institution, duty, email, unreachable, q };
    Ok(Json(people::list(&app, &caller, &listing.asked, &wanted).await?))
}

/// One person.
#[utoipa::path(get, path = "/api/v1/people/{id}", tag = "people", params(("id" = PersonId, Path)),
    responses((status = 200, body = PersonView)))]
pub async fn get_person(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PersonId>,
) -> Result<Versioned<PersonView>, Problem> {
    let view = people::get(&app, &caller, id).await?;
    Ok(Versioned(view.version, view))
}

/// Enters a person and sends them an invitation.
#[utoipa::path(post, path = "/api/v1/people", tag = "people", params(IdempotencyHeader), request_body = PersonIn,
    responses((status = 201, body = PersonView)))]
pub async fn invite_person(
    State(app): State<Arc<App>>,
    caller: Caller,
    Keyed(once, Json(body)): Keyed<Json<PersonIn>>,
) -> Result<Answer, Problem> {
    Ok(people::invite(&app, &caller, &once, &body.into()).await?)
}

/// Changes a person.
#[utoipa::path(patch, path = "/api/v1/people/{id}", tag = "people", params(("id" = PersonId, Path), IfMatchHeader),
    request_body = PersonChangeIn, responses((status = 200, body = PersonView)))]
pub async fn change_person(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PersonId>,
    IfMatch(read): IfMatch,
    Valid(Json(body)): Valid<Json<PersonChangeIn>>,
) -> Result<Versioned<PersonView>, Problem> {
    let view = people::change(&app, &caller, id, read, |row| body.fill(row)).await?;
    Ok(Versioned(view.version, view))
}

/// Enters and invites the people of a CSV table; every bad row is named, none stops the others.
#[utoipa::path(post, path = "/api/v1/people/import", tag = "people", params(IdempotencyHeader),
    request_body(content = String, content_type = "text/csv",
        description = "Columns given_name, family_name, email, level; and if wanted institution, language, nationality, \
                       student_no, esi, field, year, credits, languages"),
    responses((status = 200, body = ImportReport)))]
pub async fn import_people(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Keyed(once, table): Keyed<Bytes>,
) -> Result<Answer, Problem> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media.split(';').next().unwrap_or_default().trim() != "text/csv" {
        return Err(Problem::new(Kind::UnsupportedMediaType, "Send a table, with `Content-Type: text/csv`."));
    }
    Ok(people::import(&app, &caller, &once, &table).await?)
}

/// Grants a duty to somebody else.
#[utoipa::path(post, path = "/api/v1/people/{id}/roles", tag = "people",
    params(("id" = PersonId, Path), IdempotencyHeader), request_body = RoleIn,
    responses((status = 201, body = PersonView)))]
pub async fn grant_role(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PersonId>,
    Keyed(once, Json(body)): Keyed<Json<RoleIn>>,
) -> Result<Answer, Problem> {
    Ok(people::grant(&app, &caller, id, &once, &body.into()).await?)
}

/// Takes a duty back; `If-Match` is the version of the person.
#[utoipa::path(delete, path = "/api/v1/people/{id}/roles/{role_id}", tag = "people",
    params(("id" = PersonId, Path), ("role_id" = RoleId, Path), IfMatchHeader),
    responses((status = 204, description = "Taken back")))]
pub async fn take_role_back(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(ids): Id<(PersonId, RoleId)>,
    IfMatch(read): IfMatch,
) -> Result<StatusCode, Problem> {
    people::take_back(&app, &caller, ids, read).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says that the mailbox of somebody works again, after a mail had come back.
#[utoipa::path(put, path = "/api/v1/people/{id}/reachable", tag = "people", params(("id" = PersonId, Path)),
    responses((status = 200, body = PersonView)))]
pub async fn mark_reachable(
    State(app): State<Arc<App>>,
    caller: Caller,
    Id(id): Id<PersonId>,
) -> Result<Json<PersonView>, Problem> {
    Ok(Json(bounces::reachable(&app, &caller, id).await?))
}
