//! What people agreed to, what keeps their data from being erased, and erasures.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let indexes = vec![
            index("consents", &["person_id", "kind"]),
            index("legal_holds", &["person_id"]),
            index("erasures", &["tidied_at"]),
        ];
        create(manager, vec![consents(), legal_holds(), erasures()], indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["erasures", "legal_holds", "consents"]).await
    }
}

fn consents() -> TableCreateStatement {
    Table::create()
        .table("consents")
        .col(id())
        .col(uuid("person_id"))
        .col(text("kind"))
        .col(integer("text_version"))
        .col(instant("given_at"))
        .col(instant_null("withdrawn_at"))
        .foreign_key(&mut refers("consents", "person_id", "people"))
        .take()
}

fn legal_holds() -> TableCreateStatement {
    Table::create()
        .table("legal_holds")
        .col(id())
        .col(uuid("person_id"))
        .col(text("reason"))
        .col(uuid("set_by"))
        .col(instant("set_at"))
        .col(uuid_null("lifted_by"))
        .col(instant_null("lifted_at"))
        .foreign_key(&mut refers("legal_holds", "person_id", "people"))
        .take()
}

fn erasures() -> TableCreateStatement {
    Table::create()
        .table("erasures")
        .col(id())
        .col(uuid("person_id"))
        .col(uuid("asked_by"))
        .col(instant("at"))
        .col(json_binary("remains"))
        .col(instant_null("tidied_at"))
        .foreign_key(&mut refers("erasures", "person_id", "people"))
        .take()
}
