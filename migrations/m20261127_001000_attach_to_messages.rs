//! Documents may belong to a message instead of a slot.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Without a reference: on erasure the message goes, and what is known of its files stays.
        let message = uuid_null("message_id").take();
        manager.alter_table(Table::alter().table("documents").add_column(message).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("documents").drop_column("message_id").take()).await
    }
}
