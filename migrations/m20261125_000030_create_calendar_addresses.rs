//! Secret addresses at which calendars read one person's deadlines.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("calendar_addresses")
            .col(uuid("person_id").primary_key())
            .col(blob("token_hash"))
            .col(instant("created_at"))
            .foreign_key(&mut refers("calendar_addresses", "person_id", "people"))
            .take();
        create(manager, vec![table], vec![unique("calendar_addresses", &["token_hash"])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["calendar_addresses"]).await
    }
}
