//! Lines of which places may be free that somebody waits for, until they have been offered.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, vec![freed_places(manager)], vec![]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["freed_places"]).await
    }
}

fn freed_places(manager: &SchemaManager<'_>) -> TableCreateStatement {
    changing_in_key_order(
        manager,
        Table::create()
            .table("freed_places")
            .col(uuid("line_id").primary_key())
            .col(instant("freed_at"))
            .col(integer("round"))
            .col(uuid_null("lease"))
            .col(instant_null("leased_until"))
            .foreign_key(&mut refers("freed_places", "line_id", "place_lines")),
    )
}
