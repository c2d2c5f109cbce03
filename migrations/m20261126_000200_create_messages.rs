//! Messages about a case, sealed with the key of whom it is about.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![messages()],
            vec![index("messages", &["case_id", "id"]), index("messages", &["owner_id"])],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["messages"]).await
    }
}

fn messages() -> TableCreateStatement {
    Table::create()
        .table("messages")
        .col(id())
        .col(uuid("case_id"))
        .col(uuid("owner_id"))
        .col(uuid("author_id"))
        .col(boolean("for_host"))
        .col(json_binary("documents"))
        .col(blob("sealed"))
        .col(instant("sent_at"))
        .foreign_key(&mut refers("messages", "case_id", "cases"))
        .take()
}
