//! People: invited by administrators and the secretariat, changed by themselves.
//!
//! A person sees themselves; an administrator the people of the own institution; the secretariat everybody. The address is
//! changed by its person alone, as `email_changes` says.

mod import;
mod roles;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use sojourn_engine::ids::{InstitutionId, PersonId, RoleId, TokenId, UnitId};
use sojourn_engine::vocabulary::{Deed, Duty, Mails, Matter, TokenKind};
use utoipa::ToSchema;

use super::audit::Deeds;
use super::institutions::administers;
use super::passwords::send_link;
use super::registrations::{self, NewRegistration};
use super::{Answer, App, Asked, Error, FieldError, Once, Page, Result, current, demand};
use crate::access::{Caller, Policy};
use crate::clock::Moment;
use crate::store::people as store;
use crate::store::sessions::Account;
use crate::store::{Tx, institutions, registrations as registered};

pub use crate::store::people::{Person, Role, Wanted};
pub use import::{ImportReport, RefusedRow, import, import_file};
pub use roles::{NewRole, appoint_to, grant, take_back};

/// A human, whatever they do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonView {
    /// Their id.
    pub id: PersonId,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// BCP 47 tag of the language they are written to in.
    pub language: String,
    /// How they want the mails of their duties: `daily`, one digest and at once what cannot wait; `at_once`; or `needed`, only that.
    pub mails: Mails,
    /// ISO 3166-1 alpha-2 code.
    pub nationality: Option<String>,
    /// As stated by the person.
    pub gender: Option<String>,
    /// Year of birth.
    pub birth_year: Option<i16>,
    /// What they do, did or will do.
    pub roles: Vec<RoleView>,
    /// When they were entered.
    pub created_at: DateTime<Utc>,
    /// Since when their mailbox refuses mails; `null` while it takes them.
    pub unreachable_since: Option<DateTime<Utc>>,
    /// What the mail server said about it.
    pub unreachable_words: Option<String>,
    /// Grows with every change.
    pub version: i32,
}

/// A duty that a person holds for a time.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RoleView {
    /// Its id.
    pub id: RoleId,
    /// What they do.
    pub duty: Duty,
    /// For whom; `null` for the secretariat.
    pub institution: Option<InstitutionId>,
    /// In which unit; `null` is the whole institution.
    pub unit: Option<UnitId>,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day; `null` is without end.
    pub until_on: Option<NaiveDate>,
}

impl From<Role> for RoleView {
    fn from(row: Role) -> Self {
        Self {
            id: row.id,
            duty: row.duty,
            institution: row.institution_id,
            unit: row.unit_id,
            from_on: row.from_on,
            until_on: row.until_on,
        }
    }
}

impl From<(Person, Vec<Role>)> for PersonView {
    fn from((row, roles): (Person, Vec<Role>)) -> Self {
        Self {
            id: row.id,
            given_name: row.given_name,
            family_name: row.family_name,
            email: row.email,
            language: row.language,
            mails: row.mails,
            nationality: row.nationality,
            gender: row.gender,
            birth_year: row.birth_year,
            roles: roles.into_iter().map(Into::into).collect(),
            created_at: row.created_at,
            unreachable_since: row.unreachable_since,
            unreachable_words: row.unreachable_words,
            version: row.version,
        }
    }
}

/// The person with an e-mail address.
pub async fn named(app: &App, email: &str) -> Result<Option<PersonId>> {
    let known = store::by_email(app.store.read(), &[address(email)]).await?;
    Ok(known.into_iter().next().map(|person| person.id))
}

/// An e-mail address as it is kept and compared: in lower case, without blanks around it.
pub fn address(written: &str) -> String {
    written.trim().to_lowercase()
}

/// A page of the people the caller sees.
pub async fn list(app: &App, caller: &Caller, asked: &Asked, wanted: &Wanted) -> Result<Page<PersonView>> {
    Ok(store::list(app.store.read(), caller, asked, wanted).await?.map(Into::into))
}

/// One person the caller sees.
pub async fn get(app: &App, caller: &Caller, id: PersonId) -> Result<PersonView> {
    Ok(store::find(app.store.read(), caller, id).await?.ok_or(Error::NotFound)?.into())
}

/// Somebody to invite, with what they do and where they study.
#[derive(Debug, Clone, Default)]
pub struct NewPerson {
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// E-mail address.
    pub email: String,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    pub nationality: Option<String>,
    /// As stated.
    pub gender: Option<String>,
    /// Year of birth.
    pub birth_year: Option<i16>,
    /// How they want the mails of their duties.
    pub mails: Mails,
    /// What they do.
    pub roles: Vec<NewRole>,
    /// Where they study.
    pub registrations: Vec<NewRegistration>,
}

impl NewPerson {
    /// The first institution they belong to; it invites.
    fn institution(&self) -> Option<InstitutionId> {
        let by_role = self.roles.iter().find_map(|role| role.institution);
        by_role.or_else(|| self.registrations.first().map(|registration| registration.institution))
    }

    pub(super) fn row(&self, id: PersonId, now: DateTime<Utc>, language: String) -> Person {
        Person {
            id,
            given_name: self.given_name.trim().to_owned(),
            family_name: self.family_name.trim().to_owned(),
            email: Some(address(&self.email)),
            language,
            nationality: self.nationality.clone(),
            gender: self.gender.clone(),
            birth_year: self.birth_year,
            mails: self.mails,
            technical: false,
            erased_at: None,
            created_at: now,
            version: 1,
            unreachable_since: None,
            unreachable_words: None,
        }
    }
}

/// Enters a person and sends them an invitation.
pub async fn invite(app: &App, caller: &Caller, once: &Once, new: &NewPerson) -> Result<Answer> {
    demand(Policy::Admin, caller)?;
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    check(&tx, caller, new).await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let (view, _) = enter(app, &tx, &at, caller, new).await?;
    let location = format!("/api/v1/people/{}", view.id);
    let answer = turn.finish(tx, &at, Answer::created(location, 1, &view)?).await?;
    app.wake.notify_one();
    Ok(answer)
}

/// Enters a person at the command line, and says the link of their invitation.
pub async fn appoint(app: &App, new: &NewPerson) -> Result<(PersonView, String)> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    let operator = Caller::operator();
    check(&tx, &operator, new).await?;
    let (view, link) = enter(app, &tx, &at, &operator, new).await?;
    tx.commit().await?;
    Ok((view, app.links.address(link, TokenKind::Invitation)))
}

async fn check(tx: &Tx, caller: &Caller, new: &NewPerson) -> Result<()> {
    for (nth, role) in new.roles.iter().enumerate() {
        roles::check(tx, caller, role, &format!("/roles/{nth}")).await?;
    }
    for (nth, registration) in new.registrations.iter().enumerate() {
        let place = institutions::place(tx, registration.institution, registration.unit).await?;
        administers(caller, &place)?;
        registrations::check(tx, registration, &format!("/registrations/{nth}")).await?;
    }
    if new.institution().is_none() && !caller.is_secretariat() {
        let detail = "give them a role or a registration at your institution, or nobody there could see them";
        return Err(Error::Invalid(vec![FieldError::new("/roles", detail)]));
    }
    Ok(())
}

/// Writes a person with roles and registrations, and queues the invitation.
pub(super) async fn enter(
    app: &App,
    tx: &Tx,
    at: &Moment,
    by: &Caller,
    new: &NewPerson,
) -> Result<(PersonView, TokenId)> {
    let inviting = match new.institution() {
        Some(id) => institutions::find(tx, id).await?,
        None => None,
    };
    let language = new.language.clone().or_else(|| inviting.as_ref().map(|row| row.language.clone()));
    let row = new.row(at.id(), at.now, language.unwrap_or_else(|| "en".to_owned()));
    let account =
        Account { person: row.id, language: row.language.clone(), names: Vec::new(), password_hash: None };
    let roles: Vec<Role> = new.roles.iter().map(|role| role.row(row.id, by, at)).collect();
    let id = row.id;
    let registrations = new.registrations.iter().map(|registration| registration.row(id, at)).collect();
    let view = PersonView::from((row.clone(), roles.clone()));
    store::add(tx, vec![row]).await?;
    store::add_roles(tx, roles).await?;
    registered::add(tx, registrations).await?;
    let name = inviting.map(|row| row.name);
    let link = send_link(tx, at, &account, TokenKind::Invitation, app.invitation_life, name).await?;
    let deed = Deeds::new(Deed::Create, Matter::Person, id).at(new.institution());
    deed.with(&view)?.note(tx, at, by).await?;
    Ok((view, link))
}

/// Changes a person in the version that was read; the address is changed as [`super::email_changes`] says.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: PersonId,
    read: i32,
    fill: impl FnOnce(&mut Person),
) -> Result<PersonView> {
    let tx = app.store.begin().await?;
    let (mut row, roles) = store::find(&tx, caller, id).await?.ok_or(Error::NotFound)?;
    current(row.version, read)?;
    let was = PersonView::from((row.clone(), roles.clone()));
    fill(&mut row);
    row.version = read + 1;
    let view = PersonView::from((row.clone(), roles));
    if !store::replace(&tx, row).await? {
        return Err(Error::Stale);
    }
    let deed = Deeds::new(Deed::Change, Matter::Person, id);
    deed.differing(&was, &view)?.note(&tx, &app.clock.moment(), caller).await?;
    tx.commit().await?;
    app.callers.forget(id);
    Ok(view)
}
