//! Workflows and their numbered versions.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![workflows(), workflow_versions()],
            vec![unique("workflow_versions", &["workflow_id", "number"])],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["workflow_versions", "workflows"]).await
    }
}

fn workflows() -> TableCreateStatement {
    Table::create()
        .table("workflows")
        .col(text("id").primary_key())
        .col(text("subject"))
        .col(instant("created_at"))
        .take()
}

fn workflow_versions() -> TableCreateStatement {
    Table::create()
        .table("workflow_versions")
        .col(id())
        .col(text("workflow_id"))
        .col(integer("number"))
        .col(blob("sha256"))
        .col(text("source"))
        .col(text("status"))
        .col(uuid_null("drafted_by"))
        .col(instant("drafted_at"))
        .col(uuid_null("approved_by"))
        .col(uuid_null("seconded_by"))
        .col(instant_null("approved_at"))
        .foreign_key(&mut refers("workflow_versions", "workflow_id", "workflows"))
        .take()
}
