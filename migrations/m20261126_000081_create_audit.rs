//! What people did outside the steps of cases; kept for good, and never rewritten.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut entries = Table::create()
            .table("audit_entries")
            .col(uuid("id").primary_key())
            .col(instant("at"))
            .col(uuid_null("person_id"))
            .col(text("deed"))
            .col(text("subject"))
            .col(uuid("subject_id"))
            .col(uuid_null("institution_id"))
            .col(text("changes"))
            .foreign_key(&mut refers("audit_entries", "person_id", "people"))
            .foreign_key(&mut refers("audit_entries", "institution_id", "institutions"))
            .take();
        let tables = vec![in_key_order(manager, &mut entries)];
        let indexes = vec![
            index("audit_entries", &["at"]),
            index("audit_entries", &["person_id", "id"]),
            index("audit_entries", &["subject_id", "id"]),
        ];
        create(manager, tables, indexes).await?;
        append_only(manager, "audit_entries").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["audit_entries"]).await?;
        forget_append_only(manager, "audit_entries").await
    }
}
