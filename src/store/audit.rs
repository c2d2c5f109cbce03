//! The audit: what people did outside the steps of cases.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use sojourn_engine::ids::{AuditEntryId, InstitutionId, PersonId};
use sojourn_engine::vocabulary::{Deed, Matter};
use sojourn_entities::audit_entry;
use uuid::Uuid;

use super::page::{Asked, Keyset, Page};
use super::write::insert_many;
use super::{Conn, Result, Tx};

pub use sojourn_entities::audit_entry::Model as Entry;

/// Which entries.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Wanted {
    /// Only by this person.
    pub person: Option<PersonId>,
    /// Only of this kind.
    pub deed: Option<Deed>,
    /// Only to this kind of thing.
    pub subject: Option<Matter>,
    /// Only to this thing.
    pub about: Option<Uuid>,
    /// Only what concerns this institution.
    pub institution: Option<InstitutionId>,
    /// Only from one instant until before another.
    pub within: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// Writes entries.
pub async fn add(tx: &Tx, entries: Vec<Entry>) -> Result<()> {
    insert_many(tx, entries.into_iter().map(audit_entry::ActiveModel::from).collect()).await
}

/// A page of the audit, the newest first.
pub async fn list(conn: &impl Conn, asked: &Asked, wanted: &Wanted) -> Result<Page<Entry>> {
    let keyset: Keyset<(AuditEntryId,)> = Keyset::read(asked, "audit", wanted)?;
    let mut query = audit_entry::Entity::find();
    if let Some(person) = wanted.person {
        query = query.filter(audit_entry::Column::PersonId.eq(person));
    }
    if let Some(deed) = wanted.deed {
        query = query.filter(audit_entry::Column::Deed.eq(deed));
    }
    if let Some(subject) = wanted.subject {
        query = query.filter(audit_entry::Column::Subject.eq(subject));
    }
    if let Some(about) = wanted.about {
        query = query.filter(audit_entry::Column::SubjectId.eq(about));
    }
    if let Some(institution) = wanted.institution {
        query = query.filter(audit_entry::Column::InstitutionId.eq(institution));
    }
    if let Some((from, until)) = wanted.within {
        query = query.filter(audit_entry::Column::At.gte(from)).filter(audit_entry::Column::At.lt(until));
    }
    let rows = keyset.narrow(query, [audit_entry::Column::Id], Order::Desc).all(conn.db()).await?;
    Ok(keyset.page(rows, |row| (row.id,)))
}

/// Entries after one instant up to another, in the order of their ids.
pub async fn between(
    conn: &impl Conn,
    after: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
) -> Result<Vec<Entry>> {
    let mut query = audit_entry::Entity::find().filter(audit_entry::Column::At.lte(until));
    if let Some(after) = after {
        query = query.filter(audit_entry::Column::At.gt(after));
    }
    Ok(query.order_by_asc(audit_entry::Column::Id).all(conn.db()).await?)
}

/// How many deeds a person did from one instant to another.
pub async fn deeds_of(
    conn: &impl Conn,
    person: PersonId,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<u64> {
    let theirs = audit_entry::Entity::find()
        .filter(audit_entry::Column::PersonId.eq(person))
        .filter(audit_entry::Column::At.gte(from))
        .filter(audit_entry::Column::At.lt(until));
    Ok(theirs.count(conn.db()).await?)
}
