//! Imported files and what became of each record.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, vec![import_files(), import_rows(manager)], vec![unique("import_files", &["sha256"])])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["import_rows", "import_files"]).await
    }
}

fn import_files() -> TableCreateStatement {
    Table::create()
        .table("import_files")
        .col(id())
        .col(blob("sha256"))
        .col(text("name"))
        .col(text("mapping"))
        .col(instant("started_at"))
        .col(instant_null("finished_at"))
        .take()
}

fn import_rows(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("import_rows")
            .col(uuid("file_id"))
            .col(integer("record"))
            .col(text_null("kind"))
            .col(uuid_null("case_id"))
            .col(text_null("refusal"))
            .primary_key(&mut key("import_rows", &["file_id", "record"]))
            .foreign_key(&mut refers("import_rows", "file_id", "import_files")),
    )
}
