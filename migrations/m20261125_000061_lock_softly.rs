//! Wrong guesses of passwords, and from where each account is known to be used.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = vec![locks(manager), origins(manager)];
        create(manager, tables, vec![index("locks", &["since"]), index("origins", &["seen_at"])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["origins", "locks"]).await
    }
}

fn locks(manager: &SchemaManager<'_>) -> TableCreateStatement {
    changing_in_key_order(
        manager,
        Table::create()
            .table("locks")
            .col(blob("key").primary_key())
            .col(integer("failures"))
            .col(instant("since"))
            .col(instant_null("until")),
    )
}

fn origins(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("origins")
            .col(uuid("person_id"))
            .col(blob("origin"))
            .col(instant("seen_at"))
            .primary_key(&mut key("origins", &["person_id", "origin"]))
            .foreign_key(&mut refers("origins", "person_id", "people")),
    )
}
