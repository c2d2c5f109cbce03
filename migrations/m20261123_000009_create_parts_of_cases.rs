//! What belongs to one case at a time: stays, accounts, waits and clocks.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![stays(manager), accounts(manager), waits(manager), clocks(manager)],
            vec![
                index("waits", &["institution_id", "duty", "due_at", "case_id"]),
                index("waits", &["person_id", "due_at", "case_id"])
                    .and_where(Expr::cust("person_id IS NOT NULL"))
                    .take(),
                index("clocks", &["wake_at", "case_id", "id"])
                    .and_where(Expr::cust("wake_at IS NOT NULL"))
                    .take(),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["clocks", "waits", "accounts", "stays"]).await
    }
}

fn stays(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("stays")
            .col(uuid("application_id"))
            .col(small_integer("seq"))
            .col(uuid("choice_id"))
            .col(uuid("offering_id"))
            .col(uuid("host_id"))
            .col(text("kind"))
            .col(date("start_on"))
            .col(date("end_on"))
            .col(integer_null("credits_hundredths"))
            .col(integer_null("months_hundredths"))
            .primary_key(&mut key("stays", &["application_id", "seq"]))
            .foreign_key(&mut refers("stays", "application_id", "applications"))
            .check(check("stays", "order", "start_on <= end_on")),
    )
}

fn accounts(manager: &SchemaManager<'_>) -> TableCreateStatement {
    changing_in_key_order(
        manager,
        Table::create()
            .table("accounts")
            .col(uuid("case_id"))
            .col(text("account"))
            .col(text("status"))
            .col(boolean("enabled"))
            .col(uuid_null("place_line_id"))
            .col(integer("amount"))
            .primary_key(&mut key("accounts", &["case_id", "account"]))
            .foreign_key(&mut refers("accounts", "case_id", "cases")),
    )
}

fn waits(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("waits")
            .col(uuid("case_id"))
            .col(text("machine"))
            .col(text("role"))
            .col(text_null("duty"))
            .col(uuid_null("institution_id"))
            .col(uuid_null("unit_id"))
            .col(uuid_null("person_id"))
            .col(instant("since"))
            .col(instant("due_at"))
            .primary_key(&mut key("waits", &["case_id", "machine", "role"]))
            .foreign_key(&mut refers("waits", "case_id", "cases")),
    )
}

fn clocks(manager: &SchemaManager<'_>) -> TableCreateStatement {
    changing_in_key_order(
        manager,
        Table::create()
            .table("clocks")
            .col(uuid("case_id"))
            .col(uuid("id"))
            .col(text("machine"))
            .col(text("clock"))
            .col(instant("entered_at"))
            .col(instant("due_at"))
            .col(json_binary("remind_at"))
            .col(instant_null("wake_at"))
            .col(instant_null("fired_at"))
            .col(instant_null("ended_at"))
            .col(instant_null("leased_until"))
            .col(uuid_null("lease"))
            .primary_key(&mut key("clocks", &["case_id", "id"]))
            .foreign_key(&mut refers("clocks", "case_id", "cases")),
    )
}
