//! What is shown to a home is read from one index, and applications are found by the beginning of their number.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_index(index("applications", &["home_id", "id", "home_sees_from"])).await?;
        manager.drop_index(dropped("applications_home_id_id")).await?;
        collate(manager, "C").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        collate(manager, "default").await?;
        manager.create_index(index("applications", &["home_id", "id"])).await?;
        manager.drop_index(dropped("applications_home_id_id_home_sees_from")).await
    }
}

/// Numbers in the order of their bytes, as SQLite has them: only so do those that begin alike stand together in each language.
async fn collate(manager: &SchemaManager<'_>, order: &str) -> Result<(), DbErr> {
    let change = format!("ALTER TABLE applications ALTER COLUMN reference TYPE text COLLATE \"{order}\"");
    run(manager, &either(manager, vec![], vec![change])).await
}

fn dropped(name: &'static str) -> IndexDropStatement {
    Index::drop().name(name).table("applications").to_owned()
}
