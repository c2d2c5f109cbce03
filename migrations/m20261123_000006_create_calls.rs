//! Calls, with the homes they are for and the offerings they open.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![calls(), call_homes(manager), call_offerings(manager)],
            vec![index("call_homes", &["institution_id"]), index("call_offerings", &["offering_id"])],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["call_offerings", "call_homes", "calls"]).await
    }
}

fn calls() -> TableCreateStatement {
    Table::create()
        .table("calls")
        .col(id())
        .col(text("title"))
        .col(text("status"))
        .col(text("zone"))
        .col(date("opens_on"))
        .col(time("opens_time"))
        .col(date("closes_on"))
        .col(time("closes_time"))
        .col(integer("grace_minutes"))
        .col(date_null("results_on"))
        .col(time_null("results_time"))
        .col(date_null("nomination_closes_on"))
        .col(time_null("nomination_closes_time"))
        .col(date_null("host_decision_on"))
        .col(time_null("host_decision_time"))
        .col(small_integer_null("max_choices"))
        .col(text_null("eligibility"))
        .col(json_binary("form"))
        .col(json_binary("documents"))
        .col(json_binary("clocks"))
        .col(boolean("scores"))
        .col(boolean("waiting_list"))
        .col(boolean("next_choice_allowed"))
        .col(boolean("historic"))
        .col(uuid_null("created_by"))
        .col(instant("created_at"))
        .col(version())
        .check(check("calls", "order", "opens_on <= closes_on"))
        .check(check("calls", "grace", "grace_minutes >= 0"))
        .take()
}

fn call_homes(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("call_homes")
            .col(uuid("call_id"))
            .col(uuid("institution_id"))
            .primary_key(&mut key("call_homes", &["call_id", "institution_id"]))
            .foreign_key(&mut refers("call_homes", "call_id", "calls"))
            .foreign_key(&mut refers("call_homes", "institution_id", "institutions")),
    )
}

fn call_offerings(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("call_offerings")
            .col(uuid("call_id"))
            .col(uuid("offering_id"))
            .primary_key(&mut key("call_offerings", &["call_id", "offering_id"]))
            .foreign_key(&mut refers("call_offerings", "call_id", "calls"))
            .foreign_key(&mut refers("call_offerings", "offering_id", "offerings")),
    )
}
