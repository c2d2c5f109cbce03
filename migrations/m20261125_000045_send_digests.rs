//! Digests: how somebody wants their mails, and which notices wait for one or went with one.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mails = text("mails").default("daily").take();
        manager.alter_table(Table::alter().table("people").add_column(mails).take()).await?;
        for column in [instant_null("digest_at").take(), uuid_null("carried_by").take()] {
            manager.alter_table(Table::alter().table("outbox").add_column(column).take()).await?;
        }
        let waiting = index("outbox", &["digest_at", "recipient_id"])
            .and_where(Expr::cust("digest_at IS NOT NULL"))
            .take();
        let carried = index("outbox", &["carried_by"]).and_where(Expr::cust("carried_by IS NOT NULL")).take();
        let lost = index("people", &["unreachable_since"])
            .and_where(Expr::cust("unreachable_since IS NOT NULL"))
            .take();
        manager.create_index(waiting).await?;
        manager.create_index(carried).await?;
        manager.create_index(lost).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("people_unreachable_since").table("people").to_owned()).await?;
        for name in ["outbox_carried_by", "outbox_digest_at_recipient_id"] {
            manager.drop_index(Index::drop().name(name).table("outbox").to_owned()).await?;
        }
        for column in ["carried_by", "digest_at"] {
            manager.alter_table(Table::alter().table("outbox").drop_column(column).take()).await?;
        }
        manager.alter_table(Table::alter().table("people").drop_column("mails").take()).await
    }
}
