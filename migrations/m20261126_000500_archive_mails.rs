//! Notices that were sent long ago leave the outbox: which one went to whom and when stays.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("archived_notices")
            .col(id())
            .col(text("notice"))
            .col(uuid_null("recipient_id"))
            .col(uuid_null("case_id"))
            .col(integer_null("number"))
            .col(text("language"))
            .col(instant("queued_at"))
            .col(instant("sent_at"))
            .foreign_key(&mut refers("archived_notices", "case_id", "cases"))
            .take();
        let indexes = vec![
            index("archived_notices", &["case_id", "number"]),
            index("archived_notices", &["recipient_id", "id"]),
        ];
        create(manager, vec![table], indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["archived_notices"]).await
    }
}
