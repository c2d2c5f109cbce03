//! What became of each record of an imported file; makes a repeat harmless.

use sea_orm::entity::prelude::*;
use sojourn_engine::ids::{CaseId, ImportFileId};

/// One row of `import_rows`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "import_rows")]
pub struct Model {
    /// The file.
    #[sea_orm(primary_key, auto_increment = false)]
    pub file_id: ImportFileId,
    /// Number of the record, 1 = the first after the header.
    #[sea_orm(primary_key, auto_increment = false)]
    pub record: i32,
    /// Its kind, in the letters of the file; none when it was refused before that was known.
    pub kind: Option<String>,
    /// The case it became.
    pub case_id: Option<CaseId>,
    /// Why it was refused.
    pub refusal: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
