//! Who can be reached by mail, which mail repeats which, and which is first in line for a person and a case.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [instant_null("unreachable_since"), text_null("unreachable_words")] {
            add(manager, "people", column).await?;
        }
        add(manager, "outbox", uuid_null("repeats")).await?;
        let first = index("outbox", &["case_id", "recipient_id", "id"]);
        let waiting = Expr::cust("next_attempt_at IS NOT NULL");
        manager.create_index(first.clone().and_where(waiting).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(Index::drop().name("outbox_case_id_recipient_id_id").table("outbox").to_owned())
            .await?;
        for (table, column) in
            [("outbox", "repeats"), ("people", "unreachable_words"), ("people", "unreachable_since")]
        {
            manager.alter_table(Table::alter().table(table).drop_column(column).take()).await?;
        }
        Ok(())
    }
}

async fn add(manager: &SchemaManager<'_>, table: &'static str, column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column).take()).await
}
