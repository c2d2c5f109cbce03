//! Clocks that act: how far an escalation has got, from when a deadline is at risk, and when clocks were last looked at.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [small_integer("rungs").default(0).take(), instant_null("risk_at").take()] {
            manager.alter_table(Table::alter().table("clocks").add_column(column).take()).await?;
        }
        run(
            manager,
            &[
                "UPDATE clocks SET ended_at = fired_at WHERE ended_at IS NULL AND fired_at IS NOT NULL"
                    .to_owned(),
                "UPDATE clocks SET risk_at = due_at WHERE ended_at IS NULL".to_owned(),
            ],
        )
        .await?;
        let at_risk =
            index("clocks", &["risk_at", "due_at"]).and_where(Expr::cust("ended_at IS NULL")).take();
        manager.create_index(at_risk).await?;
        let vetted = index("programmes", &["case_id"]).and_where(Expr::cust("case_id IS NOT NULL")).take();
        manager.create_index(vetted).await?;
        let ticks = Table::create().table("ticks").col(text("name").primary_key()).col(instant("at")).take();
        manager.create_table(ticks).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["ticks"]).await?;
        manager.drop_index(Index::drop().name("programmes_case_id").table("programmes").to_owned()).await?;
        manager.drop_index(Index::drop().name("clocks_risk_at_due_at").table("clocks").to_owned()).await?;
        for column in ["risk_at", "rungs"] {
            manager.alter_table(Table::alter().table("clocks").drop_column(column).take()).await?;
        }
        Ok(())
    }
}
