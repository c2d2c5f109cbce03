//! A key for every person, what people wrote sealed with it, and where a sealed content lies.
//!
//! `history_payloads` stays: what lies there is sealed, step by step, when the service first starts.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![person_keys(manager), payloads(manager)],
            vec![index("person_keys", &["master"]), index("payloads", &["owner_id"])],
        )
        .await?;
        for column in [text_null("object"), instant_null("emptied_at")] {
            manager.alter_table(Table::alter().table("documents").add_column(column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["emptied_at", "object"] {
            manager.alter_table(Table::alter().table("documents").drop_column(column).take()).await?;
        }
        drop_tables(manager, &["payloads", "person_keys"]).await
    }
}

/// Without a reference to `people`: the key of what belongs to nobody is the nil person's.
fn person_keys(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("person_keys")
            .col(uuid("person_id").primary_key())
            .col(text("master"))
            .col(blob("sealed")),
    )
}

fn payloads(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("payloads")
            .col(uuid("case_id"))
            .col(integer("number"))
            .col(uuid("owner_id"))
            .col(blob("sealed"))
            .primary_key(&mut key("payloads", &["case_id", "number"]))
            .foreign_key(&mut refers("payloads", "case_id", "cases")),
    )
}
