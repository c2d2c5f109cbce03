//! The instance itself, institutions and their units.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![instance(), institutions(), units()],
            vec![
                unique("institutions", &["erasmus_key"]),
                unique("institutions", &["ror_id"]),
                unique("institutions", &["schac"]),
                index("institutions", &["name"]),
                index("units", &["institution_id"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["units", "institutions", "instance"]).await
    }
}

fn instance() -> TableCreateStatement {
    Table::create()
        .table("instance")
        .col(small_integer("id").primary_key())
        .col(text("alliance"))
        .col(instant("created_at"))
        .check(check("instance", "one_row", "id = 1"))
        .take()
}

fn institutions() -> TableCreateStatement {
    Table::create()
        .table("institutions")
        .col(id())
        .col(text("kind"))
        .col(text("name"))
        .col(text("country"))
        .col(text("zone"))
        .col(text("language"))
        .col(json_binary("working_week"))
        .col(json_binary("holidays"))
        .col(text_null("erasmus_code"))
        .col(text_null("erasmus_key"))
        .col(text_null("ror_id"))
        .col(text_null("schac"))
        .col(boolean("founding"))
        .col(boolean("unverified"))
        .col(date_null("joined_on"))
        .col(date_null("left_on"))
        .col(instant("created_at"))
        .col(version())
        .take()
}

fn units() -> TableCreateStatement {
    Table::create()
        .table("units")
        .col(id())
        .col(uuid("institution_id"))
        .col(uuid_null("parent_id"))
        .col(text("name"))
        .col(text_null("code"))
        .col(instant("created_at"))
        .col(version())
        .foreign_key(&mut refers("units", "institution_id", "institutions"))
        .foreign_key(&mut refers("units", "parent_id", "units"))
        .take()
}
