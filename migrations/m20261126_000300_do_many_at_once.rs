//! What waits in the order in which it ends; stays by host and first day; and many cases moved at once, which can be called back.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = vec![bulks(), items(manager)];
        let indexes = vec![
            index("waits", &["institution_id", "duty", "due_at", "case_id"]),
            index("stays", &["host_id", "start_on", "application_id"]),
            index("bulks", &["created_by", "id"]),
            index("bulks", &["id"]).and_where(Expr::cust("status IN ('going_on', 'calling_back')")).take(),
            index("bulk_items", &["case_id"]),
        ];
        create(manager, tables, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["bulk_items", "bulks"]).await?;
        for (name, table) in [
            ("stays_host_id_start_on_application_id", "stays"),
            ("waits_institution_id_duty_due_at_case_id", "waits"),
        ] {
            manager.drop_index(Index::drop().name(name).table(table).to_owned()).await?;
        }
        Ok(())
    }
}

fn bulks() -> TableCreateStatement {
    Table::create()
        .table("bulks")
        .col(id())
        .col(text("event"))
        .col(text("status"))
        .col(integer("total"))
        .col(json_binary_null("words"))
        .col(uuid("created_by"))
        .col(instant("created_at"))
        .col(instant("until"))
        .col(uuid_null("called_back_by"))
        .col(instant_null("called_back_at"))
        .col(version())
        .take()
}

fn items(manager: &SchemaManager<'_>) -> TableCreateStatement {
    changing_in_key_order(
        manager,
        Table::create()
            .table("bulk_items")
            .col(uuid("bulk_id"))
            .col(integer("position"))
            .col(uuid("case_id"))
            .col(text("status"))
            .col(integer("read_version"))
            .col(integer_null("left_version"))
            .col(json_binary_null("data"))
            .col(json_binary_null("told"))
            .col(json_binary_null("before"))
            .primary_key(&mut key("bulk_items", &["bulk_id", "position"]))
            .foreign_key(&mut refers("bulk_items", "bulk_id", "bulks")),
    )
}
