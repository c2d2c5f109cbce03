//! Humans, whatever they do; with registrations the only place of names and addresses.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::PersonId;

/// One row of `people`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "people")]
pub struct Model {
    /// Their id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: PersonId,
    /// Given name; empty once erased.
    pub given_name: String,
    /// Family name; for technical people what they stand for.
    pub family_name: String,
    /// Address in lower case, unique; none for technical and erased people.
    pub email: Option<String>,
    /// BCP 47 tag of the language they are written to in.
    pub language: String,
    /// ISO 3166-1 alpha-2 code.
    pub nationality: Option<String>,
    /// As stated by the person or the imported record.
    pub gender: Option<String>,
    /// Year of birth.
    pub birth_year: Option<i16>,
    /// Whether it stands for a duty in imported history and cannot sign in.
    pub technical: bool,
    /// When their personal data was overwritten.
    pub erased_at: Option<DateTimeUtc>,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// Grows with every change over HTTP.
    pub version: i32,
    /// Since when their mailbox refuses mails; none while it takes them.
    pub unreachable_since: Option<DateTimeUtc>,
    /// What the mail server said about it.
    pub unreachable_words: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
