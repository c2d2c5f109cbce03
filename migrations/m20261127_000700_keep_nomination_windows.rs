//! When each side of an agreement takes nominations as a host, beside the terms.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let windows = json_binary_null("nomination_windows").take();
        manager.alter_table(Table::alter().table("agreements").add_column(windows).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("agreements").drop_column("nomination_windows").take()).await
    }
}
