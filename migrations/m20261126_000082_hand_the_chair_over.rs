//! When the chair was handed over; what was over before is taken as told.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let told = Table::alter().table("chair_terms").add_column(instant_null("handed_over_at")).take();
        manager.alter_table(told).await?;
        let over = "UPDATE chair_terms SET handed_over_at = created_at WHERE until_on < CURRENT_DATE";
        run(manager, &[over.to_owned()]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("chair_terms").drop_column("handed_over_at").take()).await
    }
}
