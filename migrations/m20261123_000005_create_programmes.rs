//! Agreements, calendars, programmes and when they are offered.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![agreements(), periods(), programmes(), offerings()],
            vec![
                index("agreements", &["proposer_id"]),
                index("agreements", &["partner_id"]),
                unique("periods", &["institution_id", "academic_year", "term"]),
                index("programmes", &["host_id"]),
                unique("offerings", &["programme_id", "period_id", "start_on", "end_on"]),
                index("offerings", &["period_id"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["offerings", "programmes", "periods", "agreements"]).await
    }
}

fn agreements() -> TableCreateStatement {
    Table::create()
        .table("agreements")
        .col(id())
        .col(uuid("proposer_id"))
        .col(uuid("partner_id"))
        .col(text("status"))
        .col(date("valid_from_on"))
        .col(date("valid_until_on"))
        .col(json_binary("fields"))
        .col(json_binary("levels"))
        .col(uuid_null("proposed_by"))
        .col(instant_null("proposed_at"))
        .col(uuid_null("agreed_by"))
        .col(instant_null("agreed_at"))
        .col(date_null("ended_on"))
        .col(text_null("note"))
        .col(instant("created_at"))
        .col(version())
        .foreign_key(&mut refers("agreements", "proposer_id", "institutions"))
        .foreign_key(&mut refers("agreements", "partner_id", "institutions"))
        .check(check("agreements", "sides", "proposer_id <> partner_id"))
        .check(check("agreements", "order", "valid_from_on <= valid_until_on"))
        .take()
}

fn periods() -> TableCreateStatement {
    Table::create()
        .table("periods")
        .col(id())
        .col(uuid("institution_id"))
        .col(small_integer("academic_year"))
        .col(text("term"))
        .col(text_null("name"))
        .col(date("start_on"))
        .col(date("end_on"))
        .col(small_integer("twelfths"))
        .col(instant("created_at"))
        .col(version())
        .foreign_key(&mut refers("periods", "institution_id", "institutions"))
        .check(check("periods", "order", "start_on <= end_on"))
        .check(check("periods", "twelfths", "twelfths BETWEEN 1 AND 12"))
        .take()
}

fn programmes() -> TableCreateStatement {
    Table::create()
        .table("programmes")
        .col(id())
        .col(text("kind"))
        .col(uuid("host_id"))
        .col(uuid_null("unit_id"))
        .col(text("workflow_id"))
        .col(text("title"))
        .col(text_null("summary"))
        .col(json_binary("fields"))
        .col(json_binary("levels"))
        .col(json_binary("languages"))
        .col(boolean("gives_credit"))
        .col(text("status"))
        .col(instant("created_at"))
        .col(version())
        .foreign_key(&mut refers("programmes", "host_id", "institutions"))
        .foreign_key(&mut refers("programmes", "unit_id", "units"))
        .foreign_key(&mut refers("programmes", "workflow_id", "workflows"))
        .take()
}

fn offerings() -> TableCreateStatement {
    Table::create()
        .table("offerings")
        .col(id())
        .col(uuid("programme_id"))
        .col(uuid("period_id"))
        .col(date("start_on"))
        .col(date("end_on"))
        .col(instant("created_at"))
        .col(version())
        .foreign_key(&mut refers("offerings", "programme_id", "programmes"))
        .foreign_key(&mut refers("offerings", "period_id", "periods"))
        .check(check("offerings", "order", "start_on <= end_on"))
        .take()
}
