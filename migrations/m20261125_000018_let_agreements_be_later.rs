//! Whether a call lets a stay begin before its learning agreement is complete.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = boolean("agreement_later").default(false).take();
        manager.alter_table(Table::alter().table("calls").add_column(column).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("calls").drop_column("agreement_later").take()).await
    }
}
