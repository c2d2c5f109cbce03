//! Agreements run by cases of their own, with amendments and renewals; calls that ask homes to offer places themselves.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            uuid_null("case_id").take(),
            json_binary_null("proposed_terms").take(),
            json_binary_null("past_terms").take(),
            uuid_null("renews_id").take(),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table("agreements").add_column(column).take()).await?;
        }
        let reciprocal = boolean("reciprocal").default(false).take();
        manager.alter_table(Table::alter().table("calls").add_column(reciprocal).take()).await?;
        manager.create_index(index("agreements", &["case_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("agreements_case_id").table("agreements").to_owned()).await?;
        manager.alter_table(Table::alter().table("calls").drop_column("reciprocal").take()).await?;
        for column in ["renews_id", "past_terms", "proposed_terms", "case_id"] {
            manager.alter_table(Table::alter().table("agreements").drop_column(column).take()).await?;
        }
        Ok(())
    }
}
