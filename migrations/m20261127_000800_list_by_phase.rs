//! The applications of a phase, and of a person, in the order that lists have them, the newest first.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(index("cases", &["phase", "id"])).await?;
        manager.create_index(index("applications", &["applicant_id", "id"])).await?;
        manager.drop_index(dropped("applications_applicant_id", "applications")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(index("applications", &["applicant_id"])).await?;
        manager.drop_index(dropped("applications_applicant_id_id", "applications")).await?;
        manager.drop_index(dropped("cases_phase_id", "cases")).await
    }
}

fn dropped(name: &'static str, table: &'static str) -> IndexDropStatement {
    Index::drop().name(name).table(table).to_owned()
}
