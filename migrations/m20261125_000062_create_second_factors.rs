//! Second factors with their recovery codes.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, vec![second_factors(), recovery_codes(manager)], vec![]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["recovery_codes", "second_factors"]).await
    }
}

fn second_factors() -> TableCreateStatement {
    Table::create()
        .table("second_factors")
        .col(uuid("person_id").primary_key())
        .col(blob("secret"))
        .col(instant("created_at"))
        .col(instant_null("confirmed_at"))
        .col(big_integer("last_step"))
        .foreign_key(&mut refers("second_factors", "person_id", "people"))
        .take()
}

fn recovery_codes(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("recovery_codes")
            .col(uuid("person_id"))
            .col(blob("code_hash"))
            .col(instant_null("used_at"))
            .primary_key(&mut key("recovery_codes", &["person_id", "code_hash"]))
            .foreign_key(&mut refers("recovery_codes", "person_id", "people")),
    )
}
