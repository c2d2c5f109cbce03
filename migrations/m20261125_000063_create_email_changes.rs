//! Addresses that people want instead of their own, until both are confirmed.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let changes = Table::create()
            .table("email_changes")
            .col(id())
            .col(uuid("person_id"))
            .col(text("email"))
            .col(instant("created_at"))
            .col(instant("expires_at"))
            .col(instant_null("present_at"))
            .col(instant_null("next_at"))
            .foreign_key(&mut refers("email_changes", "person_id", "people"))
            .take();
        create(manager, vec![changes], vec![unique("email_changes", &["person_id"])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["email_changes"]).await
    }
}
