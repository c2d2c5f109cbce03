//! The audit: who administered what, and who read which document.
//!
//! An entry is written in the transaction of the deed. Steps of cases are not here: their history says it. Of people and what is
//! personal the entry names the fields alone, so that the audit outlasts an erasure.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::ids::{AuditEntryId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::{Deed, Matter};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{App, Asked, Error, Page, Result};
use crate::access::Caller;
use crate::clock::Moment;
use crate::store::audit::{self as store, Entry as Row};
use crate::store::{Conn, Tx, dossiers};

pub use crate::store::audit::Wanted;

/// One deed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AuditView {
    /// Its id.
    pub id: AuditEntryId,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// Who did it; `null` for the operator at the command line.
    pub person: Option<PersonId>,
    /// Their name.
    pub name: Option<String>,
    /// What they did.
    pub deed: Deed,
    /// To what kind of thing.
    pub subject: Matter,
    /// To which.
    pub about: Uuid,
    /// The institution it concerns, where it is one.
    pub institution: Option<InstitutionId>,
    /// What changed: each field with what it was and what it is. Of people and what is personal, the names of the fields alone.
    pub changes: Value,
}

/// A deed to write down.
#[derive(Debug, Clone)]
pub struct Deeds {
    deed: Deed,
    subject: Matter,
    about: Uuid,
    institution: Option<InstitutionId>,
    changes: Value,
}

impl Deeds {
    /// Something done to the thing of that kind with that id.
    pub fn new(deed: Deed, subject: Matter, about: impl Into<Uuid>) -> Self {
        Self { deed, subject, about: about.into(), institution: None, changes: json!({}) }
    }

    /// It concerns this institution.
    #[must_use]
    pub fn at(mut self, institution: impl Into<Option<InstitutionId>>) -> Self {
        self.institution = institution.into();
        self
    }

    /// With what is new of it.
    ///
    /// # Errors
    /// A view that is no JSON.
    pub fn with(self, after: &impl Serialize) -> Result<Self> {
        self.differing(&Value::Null, after)
    }

    /// With what differs between it before and after.
    ///
    /// # Errors
    /// A view that is no JSON.
    pub fn differing(mut self, before: &impl Serialize, after: &impl Serialize) -> Result<Self> {
        let (before, after) = (fields(before)?, fields(after)?);
        let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
        let differs =
            |name: &&String| before.get(*name) != after.get(*name) && !UNSAID.contains(&name.as_str());
        let names: Vec<&String> = names.filter(differs).collect();
        self.changes = if is_personal(self.subject) {
            json!(names)
        } else {
            let pair = |name: &String| (name.clone(), json!([before.get(name), after.get(name)]));
            Value::Object(names.into_iter().map(pair).collect())
        };
        Ok(self)
    }

    /// Writes it down with the work.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn note(self, tx: &Tx, at: &Moment, caller: &Caller) -> Result<()> {
        note_all(vec![self], tx, at, caller).await
    }

    /// The same for whoever did it.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn note_by(self, tx: &Tx, at: &Moment, person: PersonId) -> Result<()> {
        Ok(store::add(tx, vec![self.row(at, person)]).await?)
    }

    fn row(self, at: &Moment, person: PersonId) -> Row {
        Row {
            id: at.id(),
            at: at.now,
            // The operator is nobody.
            person_id: Some(person).filter(|person| !Uuid::from(*person).is_nil()),
            deed: self.deed,
            subject: self.subject,
            subject_id: self.about,
            institution_id: self.institution,
            changes: self.changes.to_string(),
        }
    }
}

/// Writes deeds of one command down with the work.
///
/// # Errors
/// Faults of the database.
pub async fn note_all(deeds: Vec<Deeds>, tx: &Tx, at: &Moment, caller: &Caller) -> Result<()> {
    Ok(store::add(tx, deeds.into_iter().map(|deed| deed.row(at, caller.person)).collect()).await?)
}

/// Fields that say nothing of their own.
const UNSAID: &[&str] = &["id", "version", "created_at"];

fn fields(of: &impl Serialize) -> Result<Map<String, Value>> {
    let value = serde_json::to_value(of).map_err(|fault| Error::Internal(Box::new(fault)))?;
    Ok(match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    })
}

const fn is_personal(subject: Matter) -> bool {
    matches!(
        subject,
        Matter::Person | Matter::Registration | Matter::Document | Matter::Notice | Matter::Application
    )
}

/// A day of the alliance, as a stretch of [`Wanted::within`].
pub fn day(app: &App, on: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    let days = Calendar::plain(app.zone);
    (days.start_of(on), days.end_of(on) + TimeDelta::seconds(1))
}

/// A page of the audit, the newest first.
///
/// # Errors
/// Faults of the database, and a cursor of another list.
pub async fn list(app: &App, asked: &Asked, wanted: &Wanted) -> Result<Page<AuditView>> {
    let conn = app.store.read();
    let page = store::list(conn, asked, wanted).await?;
    let next = page.next;
    Ok(Page { items: views(conn, page.items).await?, next })
}

async fn views(conn: &impl Conn, rows: Vec<Row>) -> Result<Vec<AuditView>> {
    let people: Vec<PersonId> = rows.iter().filter_map(|row| row.person_id).collect();
    let names = dossiers::names(conn, &people).await?;
    let name = |of: PersonId| names.iter().find(|(id, _)| *id == of).map(|(_, name)| name.clone());
    let view = |row: Row| AuditView {
        id: row.id,
        at: row.at,
        person: row.person_id,
        name: row.person_id.and_then(name),
        deed: row.deed,
        subject: row.subject,
        about: row.subject_id,
        institution: row.institution_id,
        changes: serde_json::from_str(&row.changes).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(view).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_said_with_what_it_was_and_is() {
        let (before, after) =
            (json!({"id": 1, "zone": "UTC", "name": "A"}), json!({"id": 1, "zone": "CET", "name": "A"}));
        let said =
            Deeds::new(Deed::Change, Matter::Institution, Uuid::nil()).differing(&before, &after).unwrap();
        assert_eq!(said.changes, json!({"zone": ["UTC", "CET"]}));
    }

    #[test]
    fn of_people_the_fields_are_named_and_nothing_they_hold() {
        let (before, after) = (json!({"family_name": "Lund"}), json!({"family_name": "Berg", "version": 2}));
        let said = Deeds::new(Deed::Change, Matter::Person, Uuid::nil()).differing(&before, &after).unwrap();
        assert_eq!(said.changes, json!(["family_name"]));
    }
}
