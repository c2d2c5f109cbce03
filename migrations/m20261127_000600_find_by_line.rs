//! Who waits for a place is counted line by line, and the choices of a line are found by it whatever has become of them.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("choices_place_line_id").table("choices").to_owned()).await?;
        let bound = index("choices", &["place_line_id", "application_id"])
            .and_where(Expr::cust("place_line_id IS NOT NULL"))
            .take();
        manager.create_index(bound).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let bound = Index::drop().name("choices_place_line_id_application_id").table("choices").to_owned();
        manager.drop_index(bound).await?;
        let open = index("choices", &["place_line_id"]).and_where(Expr::cust("result = 'open'")).take();
        manager.create_index(open).await
    }
}
