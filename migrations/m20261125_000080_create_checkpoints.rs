//! Signed statements of how far the record of steps had come.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut checkpoints = Table::create()
            .table("checkpoints")
            .col(integer("number").primary_key())
            .col(instant("at"))
            .col(blob("hash"))
            .col(text("file"))
            .take();
        let mut heads = Table::create()
            .table("checkpoint_heads")
            .col(uuid("case_id").primary_key())
            .col(integer("steps"))
            .foreign_key(&mut refers("checkpoint_heads", "case_id", "cases"))
            .take();
        let tables = vec![in_key_order(manager, &mut checkpoints), in_key_order(manager, &mut heads)];
        create(manager, tables, vec![]).await?;
        append_only(manager, "checkpoints").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["checkpoint_heads", "checkpoints"]).await?;
        forget_append_only(manager, "checkpoints").await
    }
}
