//! Documents and the outbox.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![documents(), outbox(manager)],
            vec![
                unique("documents", &["case_id", "slot", "number"]),
                index("outbox", &["next_attempt_at", "id"])
                    .and_where(Expr::cust("next_attempt_at IS NOT NULL"))
                    .take(),
                index("outbox", &["case_id", "number"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["outbox", "documents"]).await
    }
}

fn documents() -> TableCreateStatement {
    Table::create()
        .table("documents")
        .col(id())
        .col(uuid("case_id"))
        .col(text("slot"))
        .col(integer("number"))
        .col(text("class"))
        .col(uuid("supplier_id"))
        .col(text("file_name"))
        .col(text("media_type"))
        .col(big_integer("size_bytes"))
        .col(blob("sha256"))
        .col(boolean("for_host"))
        .col(instant("uploaded_at"))
        .foreign_key(&mut refers("documents", "case_id", "cases"))
        .take()
}

fn outbox(manager: &SchemaManager<'_>) -> TableCreateStatement {
    changing_in_key_order(
        manager,
        Table::create()
            .table("outbox")
            .col(id())
            .col(text("notice"))
            .col(boolean("action"))
            .col(uuid_null("recipient_id"))
            .col(text_null("address"))
            .col(text("language"))
            .col(uuid_null("case_id"))
            .col(integer_null("number"))
            .col(json_binary_null("facts"))
            .col(text("status"))
            .col(small_integer("attempts"))
            .col(instant_null("next_attempt_at"))
            .col(instant_null("leased_until"))
            .col(uuid_null("lease"))
            .col(text_null("last_error"))
            .col(instant("queued_at"))
            .col(instant_null("sent_at"))
            .foreign_key(&mut refers("outbox", "case_id", "cases")),
    )
}
