//! What waits for somebody in the order that lists have it, the newest case first; what waits for the chair; and who waits in line.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_index(manager, "waits_institution_id_duty_due_at_case_id").await?;
        manager.create_index(index("waits", &["institution_id", "duty", "case_id"])).await?;
        let chair =
            index("waits", &["case_id"]).and_where(Expr::cust("person_id IS NULL AND duty IS NULL")).take();
        manager.create_index(chair).await?;
        manager.create_index(index("cases", &["state", "id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("cases_state_id").table("cases").to_owned()).await?;
        drop_index(manager, "waits_case_id").await?;
        drop_index(manager, "waits_institution_id_duty_case_id").await?;
        manager.create_index(index("waits", &["institution_id", "duty", "due_at", "case_id"])).await
    }
}

async fn drop_index(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    manager.drop_index(Index::drop().name(name).table("waits").to_owned()).await
}
