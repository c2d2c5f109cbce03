//! What people agree to beyond what their applications need, each in the version of its text that they read.
//!
//! The texts are in `templates/consents.toml`. A person agrees and takes back by themselves alone; nothing they apply for depends on it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sojourn_engine::ids::PersonId;
use utoipa::ToSchema;

use super::personal_data::disposable;
use super::{App, Error, FieldError, Result};
use crate::access::Caller;
use crate::store::consents::{self as store, Consent};
use crate::store::people;

const SOURCE: &str = include_str!("../../templates/consents.toml");

static TEXTS: LazyLock<Texts> = LazyLock::new(|| toml::from_str(SOURCE).unwrap_or_default());

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Texts {
    kinds: Vec<Kind>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    name: String,
    version: i32,
    text: BTreeMap<String, String>,
}

/// Something one can agree to, and whether somebody has.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConsentView {
    /// Name of what it is about.
    pub kind: String,
    /// Version of the text.
    pub text_version: i32,
    /// The text, in the reader's language.
    pub text: String,
    /// When the person agreed to this version; `null` while they have not, or have taken it back.
    pub given_at: Option<DateTime<Utc>>,
    /// Everything before, the first first.
    pub record: Vec<ConsentRecord>,
}

/// What somebody agreed to once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConsentRecord {
    /// Version of the text they read.
    pub text_version: i32,
    /// When they agreed.
    pub given_at: DateTime<Utc>,
    /// When they took it back, or agreed to another version.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// Everything one can agree to, with what somebody has agreed to.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn list(app: &App, caller: &Caller, person: PersonId) -> Result<Vec<ConsentView>> {
    let conn = app.store.read();
    disposable(conn, caller, person).await?;
    let rows = store::of(conn, person).await?;
    Ok(TEXTS.kinds.iter().map(|kind| view(kind, &rows, &caller.language)).collect())
}

fn view(kind: &Kind, rows: &[Consent], language: &str) -> ConsentView {
    let rows = || rows.iter().filter(|row| row.kind == kind.name);
    let stands = |row: &&Consent| row.text_version == kind.version && row.withdrawn_at.is_none();
    let record = |row: &Consent| ConsentRecord {
        text_version: row.text_version,
        given_at: row.given_at,
        withdrawn_at: row.withdrawn_at,
    };
    ConsentView {
        kind: kind.name.clone(),
        text_version: kind.version,
        text: kind.text.get(language).or_else(|| kind.text.get("en")).cloned().unwrap_or_default(),
        given_at: rows().find(stands).map(|row| row.given_at),
        record: rows().map(record).collect(),
    }
}

/// Passes for the person themselves.
async fn own(app: &App, caller: &Caller, person: PersonId, kind: &str) -> Result<&'static Kind> {
    people::find(app.store.read(), caller, person).await?.ok_or(Error::NotFound)?;
    if caller.person != person {
        return Err(Error::Forbidden { needs: "the person themselves".to_owned() });
    }
    TEXTS.kinds.iter().find(|known| known.name == kind).ok_or(Error::NotFound)
}

/// Agrees to a text in the version that was read; what stood before is ended with it.
///
/// # Errors
/// [`Error::NotFound`] for what nobody is asked, [`Error::Forbidden`] for another person's, [`Error::Invalid`] for another version.
pub async fn give(
    app: &App,
    caller: &Caller,
    person: PersonId,
    kind: &str,
    version: i32,
) -> Result<ConsentView> {
    let kind = own(app, caller, person, kind).await?;
    if version != kind.version {
        let told = format!("the text has changed: read version {}, and agree to that", kind.version);
        return Err(Error::Invalid(vec![FieldError::new("/text_version", told)]));
    }
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    let stands =
        |row: &Consent| row.kind == kind.name && row.text_version == version && row.withdrawn_at.is_none();
    if !store::of(&tx, person).await?.iter().any(stands) {
        store::withdraw(&tx, person, &kind.name, at.now).await?;
        let row = Consent {
            id: at.id(),
            person_id: person,
            kind: kind.name.clone(),
            text_version: version,
            given_at: at.now,
            withdrawn_at: None,
        };
        store::add(&tx, row).await?;
    }
    let rows = store::of(&tx, person).await?;
    tx.commit().await?;
    Ok(view(kind, &rows, &caller.language))
}

/// Takes back what somebody agreed to; what never was stays so.
///
/// # Errors
/// As [`give`].
pub async fn withdraw(app: &App, caller: &Caller, person: PersonId, kind: &str) -> Result<()> {
    let kind = own(app, caller, person, kind).await?;
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    store::withdraw(&tx, person, &kind.name, at.now).await?;
    Ok(tx.commit().await?)
}
