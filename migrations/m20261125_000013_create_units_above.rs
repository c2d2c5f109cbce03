//! Units with all that stand above them.

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::prelude::Uuid;

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(manager, vec![units_above(manager)], vec![index("units_above", &["above_id"])]).await?;
        fill(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["units_above"]).await
    }
}

fn units_above(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("units_above")
            .col(uuid("unit_id"))
            .col(uuid("above_id"))
            .col(integer("steps"))
            .primary_key(&mut key("units_above", &["unit_id", "above_id"]))
            .foreign_key(&mut refers("units_above", "unit_id", "units")),
    )
}

/// Climbs from each unit there is.
async fn fill(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let all = Query::select().columns(["id", "parent_id"]).from("units").take();
    let mut parents: BTreeMap<Uuid, Option<Uuid>> = BTreeMap::new();
    for row in db.query_all(&all).await? {
        parents.insert(row.try_get_by("id")?, row.try_get_by("parent_id")?);
    }
    for unit in parents.keys() {
        let mut above = Some(*unit);
        for steps in 0_i32.. {
            let Some(id) = above else { break };
            let values = [Expr::value(*unit), Expr::value(id), Expr::value(steps)];
            let columns = ["unit_id", "above_id", "steps"];
            let row = Query::insert().into_table("units_above").columns(columns).values_panic(values).take();
            db.execute(&row).await?;
            above = parents.get(&id).copied().flatten();
        }
    }
    Ok(())
}
