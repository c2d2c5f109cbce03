//! History, its erasable payloads, and refused attempts.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![history(manager), history_payloads(manager), refusals(manager)],
            vec![unique("history", &["case_id", "number"]), index("refusals", &["case_id", "id"])],
        )
        .await?;
        append_only(manager, "history").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["refusals", "history_payloads", "history"]).await?;
        forget_append_only(manager, "history").await
    }
}

/// The sequence is handed out by the database; gaps are allowed, and it tells no order of commits.
fn history(manager: &SchemaManager<'_>) -> TableCreateStatement {
    let sequence = big_integer("sequence").primary_key().take();
    // On SQLite such a key is the row's own number; asking for AUTOINCREMENT would cost a second table.
    let sequence = either(manager, sequence.clone(), sequence.clone().auto_increment().take());
    Table::create()
        .table("history")
        .col(sequence)
        .col(uuid("case_id"))
        .col(integer("number"))
        .col(text("machine"))
        .col(instant("at"))
        .col(instant("recorded_at"))
        .col(text("via"))
        .col(uuid_null("actor_id"))
        .col(text("actor_role"))
        .col(uuid_null("institution_id"))
        .col(text("event"))
        .col(text_null("from_state"))
        .col(text("to_state"))
        .col(uuid("workflow_version_id"))
        .col(text("facts"))
        .col(blob_null("payload_hmac"))
        .col(blob("hash"))
        .foreign_key(&mut refers("history", "case_id", "cases"))
        .take()
}

fn history_payloads(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("history_payloads")
            .col(uuid("case_id"))
            .col(integer("number"))
            .col(blob("key"))
            .col(text_null("data"))
            .col(text_null("reason_code"))
            .col(text_null("reason"))
            .col(text_null("note"))
            .primary_key(&mut key("history_payloads", &["case_id", "number"]))
            .foreign_key(&mut refers("history_payloads", "case_id", "cases")),
    )
}

fn refusals(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("refusals")
            .col(id())
            .col(uuid("case_id"))
            .col(text("machine"))
            .col(instant("at"))
            .col(uuid_null("actor_id"))
            .col(text_null("actor_role"))
            .col(text("event"))
            .col(uuid("workflow_version_id"))
            .col(text("facts"))
            .col(json_binary("refusal"))
            .foreign_key(&mut refers("refusals", "case_id", "cases")),
    )
}
