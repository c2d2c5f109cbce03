//! Statements of balances that both sides of an agreement confirm.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by_agreement = index("balance_statements", &["agreement_id", "id"]);
        create(manager, vec![balance_statements(manager)], vec![by_agreement]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["balance_statements"]).await
    }
}

fn balance_statements(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("balance_statements")
            .col(id())
            .col(uuid("agreement_id"))
            .col(instant("as_of"))
            .col(text("content"))
            .col(blob("sha256"))
            .col(text("status"))
            .col(uuid("side_id"))
            .col(uuid("made_by"))
            .col(instant("made_at"))
            .col(uuid_null("answered_by"))
            .col(instant_null("answered_at"))
            .col(text_null("dispute"))
            .col(uuid_null("settled_by"))
            .col(instant_null("settled_at"))
            .col(text_null("settlement"))
            .col(version())
            .foreign_key(&mut refers("balance_statements", "agreement_id", "agreements"))
            .foreign_key(&mut refers("balance_statements", "side_id", "institutions")),
    )
}
