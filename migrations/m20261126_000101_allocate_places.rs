//! Runs of allocations: the seed that a call was published with, what each run was made from and what came out, and which places it
//! holds.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [text_null("seed"), instant_null("seed_drawn_at")] {
            manager.alter_table(Table::alter().table("calls").add_column(column).take()).await?;
        }
        let run = uuid_null("allocation_id");
        manager.alter_table(Table::alter().table("postings").add_column(run).take()).await?;
        let tables = vec![allocations(), homes(manager), files(manager), misses(manager)];
        let indexes = vec![
            unique("allocations", &["call_id", "number"]),
            unique("allocations", &["going_on"]),
            index("allocation_homes", &["institution_id"]),
            index("postings", &["allocation_id"]),
        ];
        create(manager, tables, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = ["allocation_misses", "allocation_files", "allocation_homes", "allocations"];
        manager.drop_index(Index::drop().name("postings_allocation_id").table("postings").to_owned()).await?;
        drop_tables(manager, &tables).await?;
        manager.alter_table(Table::alter().table("postings").drop_column("allocation_id").take()).await?;
        for column in ["seed_drawn_at", "seed"] {
            manager.alter_table(Table::alter().table("calls").drop_column(column).take()).await?;
        }
        Ok(())
    }
}

fn allocations() -> TableCreateStatement {
    Table::create()
        .table("allocations")
        .col(id())
        .col(uuid("call_id"))
        .col(integer("number"))
        .col(text("status"))
        .col(text("digest"))
        .col(integer("students"))
        .col(integer("placed"))
        .col(integer("done"))
        .col(uuid_null("created_by"))
        .col(instant("created_at"))
        .col(uuid_null("confirmed_by"))
        .col(instant_null("confirmed_at"))
        .col(instant_null("finished_at"))
        .col(uuid_null("going_on"))
        .col(version())
        .foreign_key(&mut refers("allocations", "call_id", "calls"))
        .take()
}

fn homes(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("allocation_homes")
            .col(uuid("allocation_id"))
            .col(uuid("institution_id"))
            .primary_key(&mut key("allocation_homes", &["allocation_id", "institution_id"]))
            .foreign_key(&mut refers("allocation_homes", "allocation_id", "allocations")),
    )
}

fn files(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("allocation_files")
            .col(uuid("allocation_id"))
            .col(blob("input"))
            .col(blob("outcome"))
            .primary_key(&mut key("allocation_files", &["allocation_id"]))
            .foreign_key(&mut refers("allocation_files", "allocation_id", "allocations")),
    )
}

fn misses(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("allocation_misses")
            .col(uuid("allocation_id"))
            .col(uuid("case_id"))
            .col(json_binary("refusal"))
            .primary_key(&mut key("allocation_misses", &["allocation_id", "case_id"]))
            .foreign_key(&mut refers("allocation_misses", "allocation_id", "allocations")),
    )
}
