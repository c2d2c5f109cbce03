//! Granting duties and taking them back.
//!
//! An administrator grants duties of the own institution, one of a unit those of the unit and below, the secretariat all; nobody
//! grants anything to themselves. The secretariat never loses its last person. A duty that has begun ends with yesterday, so that
//! what was done under it stays explained.

use chrono::{Days, NaiveDate};
use serde::Serialize;
use sojourn_engine::ids::{InstitutionId, PersonId, RoleId, UnitId};
use sojourn_engine::vocabulary::{Deed, Duty, InstitutionKind, Matter};

use super::{PersonView, RoleView};
use crate::access::Caller;
use crate::app::audit::Deeds;
use crate::app::institutions::administers;
use crate::app::{Answer, App, Conflict, Error, FieldError, Once, Result, current};
use crate::clock::Moment;
use crate::store::people::{self as store, Role};
use crate::store::{Tx, institutions};

/// A duty to grant.
#[derive(Debug, Clone)]
pub struct NewRole {
    /// What they will do.
    pub duty: Duty,
    /// For whom; none for the secretariat.
    pub institution: Option<InstitutionId>,
    /// Only in this unit.
    pub unit: Option<UnitId>,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub until_on: Option<NaiveDate>,
}

impl NewRole {
    pub(super) fn row(&self, person: PersonId, by: &Caller, at: &Moment) -> Role {
        Role {
            id: at.id(),
            person_id: person,
            duty: self.duty,
            institution_id: self.institution,
            unit_id: self.unit,
            from_on: self.from_on,
            until_on: self.until_on,
            granted_by: by.session.map(|_| by.person),
            created_at: at.now,
        }
    }
}

/// Whether the caller may grant a duty, and whether it makes sense where it is to be held.
pub(super) async fn check(tx: &Tx, caller: &Caller, new: &NewRole, place: &str) -> Result<()> {
    let fault =
        |field: &str, detail: &str| Error::Invalid(vec![FieldError::new(format!("{place}/{field}"), detail)]);
    let institution = match (new.duty, new.institution) {
        (Duty::Secretariat, None) if caller.is_secretariat() => return check_days(new, fault),
        (Duty::Secretariat, None) => {
            return Err(Error::Forbidden {
                needs: "the secretariat: it alone grants its own duty".to_owned(),
            });
        }
        (Duty::Secretariat, Some(_)) => {
            return Err(fault("institution", "the secretariat works for no institution: leave it out"));
        }
        (_, None) => return Err(fault("institution", "say at which institution")),
        (_, Some(institution)) => institution,
    };
    administers(caller, &institutions::place(tx, institution, new.unit).await?)?;
    let known = institutions::find(tx, institution).await?;
    let known = known.ok_or_else(|| fault("institution", "no such institution"))?;
    if (known.kind == InstitutionKind::Employer) != (new.duty == Duty::Employer) {
        return Err(fault("duty", "people of an employer hold the duty `employer`, and nobody else does"));
    }
    if let Some(unit) = new.unit {
        let unit = institutions::unit(tx, institution, unit).await?;
        unit.ok_or_else(|| fault("unit", "no such unit of this institution"))?;
    }
    check_days(new, fault)
}

fn check_days(new: &NewRole, fault: impl FnOnce(&str, &str) -> Error) -> Result<()> {
    match new.until_on {
        Some(until) if until < new.from_on => {
            Err(fault("until_on", "before the first day: give the days in order"))
        }
        _ => Ok(()),
    }
}

/// Grants a duty to somebody else.
pub async fn grant(app: &App, caller: &Caller, to: PersonId, once: &Once, new: &NewRole) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    let (mut person, mut roles) = store::find(&tx, caller, to).await?.ok_or(Error::NotFound)?;
    if caller.person == to {
        return Err(Error::Forbidden {
            needs: "somebody else: nobody grants a duty to themselves".to_owned(),
        });
    }
    check(&tx, caller, new, "").await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    if !store::touch(&tx, to, person.version).await? {
        return Err(Error::Stale);
    }
    person.version += 1;
    let role = new.row(to, caller, &at);
    roles.push(role.clone());
    let location = format!("/api/v1/people/{to}/roles/{}", role.id);
    granted(&tx, &at, caller, &role).await?;
    store::add_roles(&tx, vec![role]).await?;
    let version = person.version;
    let view = PersonView::from((person, roles));
    let answer = turn.finish(tx, &at, Answer::created(location, version, &view)?).await?;
    app.callers.forget(to);
    Ok(answer)
}

/// Grants a duty at the command line.
pub async fn appoint_to(app: &App, email: &str, new: &NewRole) -> Result<PersonView> {
    let at = app.clock.moment();
    let operator = Caller::operator();
    let tx = app.store.begin().await?;
    let known = store::by_email(&tx, &[super::address(email)]).await?;
    let person = known.into_iter().next().ok_or(Error::NotFound)?;
    check(&tx, &operator, new, "").await?;
    if !store::touch(&tx, person.id, person.version).await? {
        return Err(Error::Stale);
    }
    let role = new.row(person.id, &operator, &at);
    granted(&tx, &at, &operator, &role).await?;
    store::add_roles(&tx, vec![role]).await?;
    tx.commit().await?;
    super::get(app, &operator, person.id).await
}

async fn granted(tx: &Tx, at: &Moment, caller: &Caller, role: &Role) -> Result<()> {
    let deed = Deeds::new(Deed::Create, Matter::Role, role.id).at(role.institution_id);
    deed.with(&Granted { person: role.person_id, role: role.clone().into() })?.note(tx, at, caller).await
}

/// Whose duty, and which.
#[derive(Serialize)]
struct Granted {
    person: PersonId,
    #[serde(flatten)]
    role: RoleView,
}

/// Takes a duty back, in the version of the person that was read.
pub async fn take_back(app: &App, caller: &Caller, (from, id): (PersonId, RoleId), read: i32) -> Result<()> {
    let tx = app.store.begin().await?;
    let (person, roles) = store::find(&tx, caller, from).await?.ok_or(Error::NotFound)?;
    let role = roles.into_iter().find(|role| role.id == id).ok_or(Error::NotFound)?;
    current(person.version, read)?;
    let zone = match role.institution_id {
        Some(institution) => {
            administers(caller, &institutions::place(&tx, institution, role.unit_id).await?)?;
            let known = institutions::find(&tx, institution).await?;
            known.and_then(|known| known.zone.parse().ok()).unwrap_or(app.zone)
        }
        None if caller.is_secretariat() => app.zone,
        None => return Err(Error::Forbidden { needs: "the secretariat".to_owned() }),
    };
    let today = app.clock.now().with_timezone(&zone).date_naive();
    if role.duty == Duty::Secretariat {
        let lasting = store::lasting_secretariat(&tx, today).await?;
        if lasting == [id] {
            let detail = "this is the last person of the secretariat: grant the duty to somebody else first";
            return Err(Error::Conflict(Conflict::NotNow(detail.to_owned())));
        }
    }
    match today.checked_sub_days(Days::new(1)).filter(|yesterday| role.from_on <= *yesterday) {
        Some(yesterday) if role.until_on.is_none_or(|until| until > yesterday) => {
            store::end_role(&tx, id, yesterday).await?;
        }
        Some(_) => {}
        None => store::remove_role(&tx, id).await?,
    }
    if !store::touch(&tx, from, read).await? {
        return Err(Error::Stale);
    }
    let deed = Deeds::new(Deed::End, Matter::Role, id).at(role.institution_id);
    let ended = Granted { person: from, role: role.into() };
    deed.differing(&ended, &serde_json::Value::Null)?.note(&tx, &app.clock.moment(), caller).await?;
    tx.commit().await?;
    app.callers.forget(from);
    Ok(())
}
