//! Programmes that a case of their own vets, and what of it applications have still to be told.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [uuid_null("case_id").take(), json_binary_null("raises").take()] {
            manager.alter_table(Table::alter().table("programmes").add_column(column).take()).await?;
        }
        let raised = index("programmes", &["raises"]).and_where(Expr::cust("raises IS NOT NULL")).take();
        manager.create_index(raised).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("programmes_raises").table("programmes").to_owned()).await?;
        for column in ["raises", "case_id"] {
            manager.alter_table(Table::alter().table("programmes").drop_column(column).take()).await?;
        }
        Ok(())
    }
}
