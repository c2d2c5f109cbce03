//! Lines of places and the postings that explain their numbers.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![place_lines(manager), postings(manager)],
            vec![
                index("place_lines", &["home_id", "host_id", "period_id"]),
                index("place_lines", &["host_id", "period_id"]),
                index("place_lines", &["programme_id"]),
                index("place_lines", &["agreement_id"]),
                index("postings", &["case_id"]).and_where(Expr::cust("case_id IS NOT NULL")).take(),
            ],
        )
        .await?;
        append_only(manager, "postings").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["postings", "place_lines"]).await?;
        forget_append_only(manager, "postings").await
    }
}

fn place_lines(manager: &SchemaManager<'_>) -> TableCreateStatement {
    changing_in_key_order(
        manager,
        Table::create()
            .table("place_lines")
            .col(id())
            .col(text("source"))
            .col(uuid_null("agreement_id"))
            .col(uuid_null("programme_id"))
            .col(text("direction"))
            .col(uuid_null("home_id"))
            .col(uuid_null("host_id"))
            .col(uuid_null("period_id"))
            .col(json_binary_null("levels"))
            .col(json_binary_null("fields"))
            .col(text("unit"))
            .col(integer("capacity"))
            .col(integer("held"))
            .col(integer("used"))
            .col(instant("created_at"))
            .col(version())
            .foreign_key(&mut refers("place_lines", "agreement_id", "agreements"))
            .foreign_key(&mut refers("place_lines", "programme_id", "programmes"))
            .foreign_key(&mut refers("place_lines", "home_id", "institutions"))
            .foreign_key(&mut refers("place_lines", "host_id", "institutions"))
            .foreign_key(&mut refers("place_lines", "period_id", "periods"))
            .check(check("place_lines", "held", "held >= 0"))
            .check(check("place_lines", "used", "used >= 0"))
            .check(check("place_lines", "capacity", "capacity >= 0")),
    )
}

fn postings(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("postings")
            .col(uuid("line_id"))
            .col(uuid("id"))
            .col(text("kind"))
            .col(integer("amount"))
            .col(uuid_null("case_id"))
            .col(text_null("account"))
            .col(integer_null("number"))
            .col(uuid_null("person_id"))
            .col(text_null("reason"))
            .col(instant("at"))
            .primary_key(&mut key("postings", &["line_id", "id"]))
            .foreign_key(&mut refers("postings", "line_id", "place_lines")),
    )
}
