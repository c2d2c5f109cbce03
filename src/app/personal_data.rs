//! What is kept about people: every kind with its purpose, basis and retention, listed in `templates/privacy.toml` alone.
//!
//! A test compares the list with the columns of the database.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use sojourn_engine::ids::PersonId;
use utoipa::ToSchema;

use super::{Error, Result};
use crate::access::Caller;
use crate::store::Conn;
use crate::store::people::{self, Person};

const SOURCE: &str = include_str!("../../templates/privacy.toml");

static REGISTER: LazyLock<Register> = LazyLock::new(|| toml::from_str(SOURCE).unwrap_or_default());

/// The whole list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Kinds of personal data.
    pub kinds: Vec<Kind>,
    /// What is none.
    pub other: Other,
}

/// What is no personal data.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Other {
    /// Tables that hold none at all.
    pub tables: Vec<String>,
    /// Columns beside personal ones.
    pub columns: Vec<String>,
}

/// One kind of personal data.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Name in the API.
    pub name: String,
    /// Where it is: `table.column`.
    pub columns: Vec<String>,
    /// What it is, by language.
    pub what: BTreeMap<String, String>,
    /// What it is for, by language.
    pub purpose: BTreeMap<String, String>,
    /// The paragraph of the General Data Protection Regulation that allows it.
    pub basis: String,
    /// How long it is kept, by language.
    pub kept: BTreeMap<String, String>,
    /// What becomes of it when its person is erased.
    pub erased: Fate,
}

/// What becomes of data when their person is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The rows stay without it.
    Emptied,
    /// The rows go.
    Removed,
    /// The key it is sealed with is destroyed, and the rows or files go.
    KeyDestroyed,
    /// It stays, and names nobody any more.
    Nameless,
}

/// One kind of personal data, in the reader's language.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KindView {
    /// Name that stays the same.
    pub name: String,
    /// What it is.
    pub what: String,
    /// What it is for.
    pub purpose: String,
    /// The paragraph of the General Data Protection Regulation that allows it.
    pub basis: String,
    /// How long it is kept.
    pub kept: String,
    /// What becomes of it when its person is erased.
    pub erased: Fate,
    /// Where it is: `table.column`.
    pub columns: Vec<String>,
}

/// The whole list.
pub fn register() -> &'static Register {
    &REGISTER
}

/// The list in a language.
pub fn list(language: &str) -> Vec<KindView> {
    let say = |texts: &BTreeMap<String, String>| {
        texts.get(language).or_else(|| texts.get("en")).cloned().unwrap_or_default()
    };
    let view = |kind: &Kind| KindView {
        name: kind.name.clone(),
        what: say(&kind.what),
        purpose: say(&kind.purpose),
        basis: kind.basis.clone(),
        kept: say(&kind.kept),
        erased: kind.erased,
        columns: kind.columns.clone(),
    };
    REGISTER.kinds.iter().map(view).collect()
}

/// A person whose data the caller may dispose of: themselves; the secretariat everybody's.
///
/// # Errors
/// [`Error::NotFound`] for whom the caller does not see, [`Error::Forbidden`] for those who see them for their work alone.
pub(super) async fn disposable(conn: &impl Conn, caller: &Caller, id: PersonId) -> Result<Person> {
    let (person, _) = people::find(conn, caller, id).await?.ok_or(Error::NotFound)?;
    if caller.person == id || caller.is_secretariat() {
        return Ok(person);
    }
    Err(Error::Forbidden { needs: "the person themselves or the secretariat".to_owned() })
}
