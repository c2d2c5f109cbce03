//! Members, partners and employers.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::vocabulary::InstitutionKind;

/// One row of `institutions`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "institutions")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: InstitutionId,
    /// What it is to the alliance.
    pub kind: InstitutionKind,
    /// Name in its own language, or the one it uses abroad.
    pub name: String,
    /// ISO 3166-1 alpha-2 code.
    pub country: String,
    /// IANA name of its time zone.
    pub zone: String,
    /// BCP 47 tag of the language its people are written to in, unless they chose one.
    pub language: String,
    /// ISO weekday numbers on which its office works, 1 = Monday: `[1,2,3,4,5]`.
    pub working_week: Json,
    /// Days on which its office is closed: `["2027-01-01"]`.
    pub holidays: Json,
    /// Erasmus code as published.
    pub erasmus_code: Option<String>,
    /// The same in capitals without blanks, by which codes are compared; unique.
    pub erasmus_key: Option<String>,
    /// Research Organization Registry id; unique.
    pub ror_id: Option<String>,
    /// SCHAC home organisation, a domain name; unique.
    pub schac: Option<String>,
    /// Whether it founded the alliance.
    pub founding: bool,
    /// Whether it came with imported history and nobody has checked it.
    pub unverified: bool,
    /// First day of membership.
    pub joined_on: Option<Date>,
    /// Last day of membership.
    pub left_on: Option<Date>,
    /// When the row was written.
    pub created_at: DateTimeUtc,
    /// Grows with every change over HTTP.
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
