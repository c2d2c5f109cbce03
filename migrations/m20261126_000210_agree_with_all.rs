//! Agreements of one member with the alliance as a whole: no other side is named.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = "ALTER TABLE agreements ALTER COLUMN partner_id DROP NOT NULL".to_owned();
        run(manager, &either(manager, rewritten(NAMED, OPEN), vec![postgres])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = "ALTER TABLE agreements ALTER COLUMN partner_id SET NOT NULL".to_owned();
        run(manager, &either(manager, rewritten(OPEN, NAMED), vec![postgres])).await
    }
}

/// The column as the table was created with it, and as it is to read.
const NAMED: &str = r#""partner_id" uuid_text NOT NULL"#;
const OPEN: &str = r#""partner_id" uuid_text"#;

/// `SQLite` drops no constraint of a column but by its text, which leaves all rows as they are
/// (`sqlite.org/lang_altertable.html`, "Making Other Kinds Of Table Schema Changes").
fn rewritten(from: &str, to: &str) -> Vec<String> {
    vec![format!(
        "PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET sql = replace(sql, '{from}', '{to}') WHERE type = 'table' AND name = 'agreements'; \
         PRAGMA writable_schema = RESET"
    )]
}
