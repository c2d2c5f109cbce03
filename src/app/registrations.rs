//! Registrations: where somebody studies, at which level and in which field.
//!
//! Seen by the person, the institution's administrators and the secretariat; entered and changed by the latter two.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::ids::{InstitutionId, PersonId, RegistrationId, UnitId};
use sojourn_engine::vocabulary::{Deed, Level, Matter};
use utoipa::ToSchema;

use super::audit::Deeds;
use super::institutions::administers;
use super::{Answer, App, Asked, Error, FieldError, Once, Page, Result, current};
use crate::access::Caller;
use crate::clock::Moment;
use crate::store::{Tx, institutions, people, registrations as store};

pub use crate::store::registrations::Registration;

/// Being a student, or for staff programmes a staff member, somewhere.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegistrationView {
    /// Its id.
    pub id: RegistrationId,
    /// Who.
    pub person: PersonId,
    /// The home institution.
    pub institution: InstitutionId,
    /// Faculty or department.
    pub unit: Option<UnitId>,
    /// The institution's number for the student.
    pub student_no: Option<String>,
    /// European Student Identifier.
    pub esi: Option<String>,
    /// Study cycle.
    pub level: Level,
    /// ISCED-F 2013 code of the field of study.
    pub field: Option<String>,
    /// Year of study, 1 = first.
    pub year: Option<i16>,
    /// Credits reached so far, in ECTS.
    pub credits: Option<f64>,
    /// Languages with CEFR level, such as `en:B2`.
    #[schema(value_type = Vec<String>)]
    pub languages: serde_json::Value,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// Grows with every change.
    pub version: i32,
}

impl From<Registration> for RegistrationView {
    fn from(row: Registration) -> Self {
        Self {
            id: row.id,
            person: row.person_id,
            institution: row.institution_id,
            unit: row.unit_id,
            student_no: row.student_no,
            esi: row.esi,
            level: row.level,
            field: row.field,
            year: row.year,
            credits: row.credits_hundredths.map(|hundredths| f64::from(hundredths) / 100.0),
            languages: row.languages,
            created_at: row.created_at,
            version: row.version,
        }
    }
}

/// A registration to enter.
#[derive(Debug, Clone)]
pub struct NewRegistration {
    /// The home institution.
    pub institution: InstitutionId,
    /// Faculty or department.
    pub unit: Option<UnitId>,
    /// The institution's number for the student.
    pub student_no: Option<String>,
    /// European Student Identifier.
    pub esi: Option<String>,
    /// Study cycle.
    pub level: Level,
    /// ISCED-F 2013 code.
    pub field: Option<String>,
    /// Year of study.
    pub year: Option<i16>,
    /// Credits reached, in hundredths of ECTS.
    pub credits_hundredths: Option<i32>,
    /// Languages with CEFR level.
    pub languages: Vec<String>,
}

impl NewRegistration {
    /// Nothing but where and at which level.
    pub const fn at(institution: InstitutionId, level: Level) -> Self {
        Self {
            institution,
            unit: None,
            student_no: None,
            esi: None,
            level,
            field: None,
            year: None,
            credits_hundredths: None,
            languages: Vec::new(),
        }
    }

    pub(super) fn row(&self, person: PersonId, at: &Moment) -> Registration {
        Registration {
            id: at.id(),
            person_id: person,
            institution_id: self.institution,
            unit_id: self.unit,
            student_no: self.student_no.clone(),
            esi: self.esi.clone(),
            level: self.level,
            field: self.field.clone(),
            year: self.year,
            credits_hundredths: self.credits_hundredths,
            languages: serde_json::json!(self.languages),
            created_at: at.now,
            version: 1,
        }
    }
}

/// Whether the places that a registration names are there.
pub(super) async fn check(tx: &Tx, new: &NewRegistration, place: &str) -> Result<()> {
    let fault =
        |field: &str, detail: &str| Error::Invalid(vec![FieldError::new(format!("{place}/{field}"), detail)]);
    let known = institutions::find(tx, new.institution).await?;
    known.ok_or_else(|| fault("institution", "no such institution"))?;
    check_unit(tx, new.institution, new.unit)
        .await?
        .then_some(())
        .ok_or_else(|| fault("unit", "no such unit of this institution"))
}

async fn check_unit(tx: &Tx, of: InstitutionId, unit: Option<UnitId>) -> Result<bool> {
    match unit {
        Some(unit) => Ok(institutions::unit(tx, of, unit).await?.is_some()),
        None => Ok(true),
    }
}

/// A page of a person's registrations.
pub async fn list(app: &App, caller: &Caller, of: PersonId, asked: &Asked) -> Result<Page<RegistrationView>> {
    let conn = app.store.read();
    people::find(conn, caller, of).await?.ok_or(Error::NotFound)?;
    Ok(store::list(conn, of, asked).await?.map(Into::into))
}

/// Enters a registration.
pub async fn create(
    app: &App,
    caller: &Caller,
    of: PersonId,
    once: &Once,
    new: &NewRegistration,
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    people::find(&tx, caller, of).await?.ok_or(Error::NotFound)?;
    administers(caller, &institutions::place(&tx, new.institution, new.unit).await?)?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    check(&tx, new, "").await?;
    let row = new.row(of, &at);
    let view = RegistrationView::from(row.clone());
    store::add(&tx, vec![row]).await?;
    let deed = Deeds::new(Deed::Create, Matter::Registration, view.id).at(view.institution);
    deed.with(&view)?.note(&tx, &at, caller).await?;
    let location = format!("/api/v1/people/{of}/registrations/{}", view.id);
    let answer = turn.finish(tx, &at, Answer::created(location, 1, &view)?).await?;
    app.callers.forget(of);
    Ok(answer)
}

/// Changes a registration in the version that was read; its person and institution stay.
pub async fn change(
    app: &App,
    caller: &Caller,
    (of, id): (PersonId, RegistrationId),
    read: i32,
    fill: impl FnOnce(&mut Registration),
) -> Result<RegistrationView> {
    let tx = app.store.begin().await?;
    people::find(&tx, caller, of).await?.ok_or(Error::NotFound)?;
    let mut row = store::find(&tx, of, id).await?.ok_or(Error::NotFound)?;
    administers(caller, &institutions::place(&tx, row.institution_id, row.unit_id).await?)?;
    current(row.version, read)?;
    let (before, was) = (row.unit_id, RegistrationView::from(row.clone()));
    fill(&mut row);
    if !check_unit(&tx, row.institution_id, row.unit_id).await? {
        return Err(Error::Invalid(vec![FieldError::new("/unit", "no such unit of this institution")]));
    }
    if row.unit_id != before {
        administers(caller, &institutions::place(&tx, row.institution_id, row.unit_id).await?)?;
    }
    row.version = read + 1;
    let view = RegistrationView::from(row.clone());
    if !store::replace(&tx, row).await? {
        return Err(Error::Stale);
    }
    let deed = Deeds::new(Deed::Change, Matter::Registration, id).at(view.institution);
    deed.differing(&was, &view)?.note(&tx, &app.clock.moment(), caller).await?;
    tx.commit().await?;
    Ok(view)
}
