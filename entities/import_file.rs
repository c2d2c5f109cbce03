//! Files that were imported, or are being.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::ImportFileId;

/// One row of `import_files`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "import_files")]
pub struct Model {
    /// Its id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ImportFileId,
    /// SHA-256 of the bytes; unique.
    pub sha256: Vec<u8>,
    /// Name it was given under.
    pub name: String,
    /// How its columns were read.
    pub mapping: String,
    /// When the import first began.
    pub started_at: DateTimeUtc,
    /// When its last record was done.
    pub finished_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
