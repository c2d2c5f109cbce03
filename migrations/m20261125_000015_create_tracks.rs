//! Tracks beside the main machine, decisions that are shown later, and what a call asks for.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tracks = json_binary("tracks").default("[]").take();
        add(manager, "cases", tracks).await?;
        add(manager, "cases", instant_null("hidden_until")).await?;
        add(manager, "calls", json_binary("tracks").default("{}").take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [("calls", "tracks"), ("cases", "hidden_until"), ("cases", "tracks")] {
            manager.alter_table(Table::alter().table(table).drop_column(column).take()).await?;
        }
        Ok(())
    }
}

async fn add(manager: &SchemaManager<'_>, table: &'static str, column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column).take()).await
}
