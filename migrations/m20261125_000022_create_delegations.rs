//! Who acts for whom: while somebody is away, or in one case; and links by which one thing can be done without signing in.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![delegations(), action_links()],
            vec![
                index("delegations", &["person_id", "from_on"]),
                index("delegations", &["deputy_id"]).and_where(Expr::cust("ended_at IS NULL")).take(),
                index("delegations", &["case_id"]).and_where(Expr::cust("case_id IS NOT NULL")).take(),
                index("action_links", &["case_id", "person_id"]),
            ],
        )
        .await?;
        let link = uuid_null("link_id").take();
        manager.alter_table(Table::alter().table("outbox").add_column(link).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("outbox").drop_column("link_id").take()).await?;
        drop_tables(manager, &["action_links", "delegations"]).await
    }
}

fn delegations() -> TableCreateStatement {
    Table::create()
        .table("delegations")
        .col(id())
        .col(uuid("person_id"))
        .col(uuid("deputy_id"))
        .col(uuid_null("case_id"))
        .col(date("from_on"))
        .col(date_null("until_on"))
        .col(uuid_null("created_by"))
        .col(instant("created_at"))
        .col(uuid_null("ended_by"))
        .col(instant_null("ended_at"))
        .foreign_key(&mut refers("delegations", "person_id", "people"))
        .foreign_key(&mut refers("delegations", "deputy_id", "people"))
        .foreign_key(&mut refers("delegations", "case_id", "cases"))
        .check(check("delegations", "order", "until_on IS NULL OR from_on <= until_on"))
        .check(check("delegations", "others", "person_id <> deputy_id"))
        .take()
}

fn action_links() -> TableCreateStatement {
    Table::create()
        .table("action_links")
        .col(id())
        .col(uuid("person_id"))
        .col(uuid("case_id"))
        .col(text("machine"))
        .col(text("state"))
        .col(instant("created_at"))
        .col(instant("expires_at"))
        .col(instant_null("used_at"))
        .col(text_null("used_for"))
        .col(instant_null("ended_at"))
        .foreign_key(&mut refers("action_links", "person_id", "people"))
        .foreign_key(&mut refers("action_links", "case_id", "cases"))
        .take()
}
