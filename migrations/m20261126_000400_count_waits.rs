//! Who keeps whom waiting, counted from one index: for each party the longest wait first; and what is overdue.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let longest = index("waits", &["institution_id", "duty", "since", "case_id", "due_at"]);
        manager.create_index(longest).await?;
        manager.create_index(index("waits", &["due_at", "case_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["waits_due_at_case_id", "waits_institution_id_duty_since_case_id_due_at"] {
            manager.drop_index(Index::drop().name(name).table("waits").to_owned()).await?;
        }
        Ok(())
    }
}
