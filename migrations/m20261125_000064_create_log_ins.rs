//! How the people of an institution sign in: its provider and domains, whose log-in elsewhere is whose, and addresses that want
//! an account.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = vec![log_ins(), domains(manager), identities(), sign_ups()];
        let indexes = vec![
            index("log_in_domains", &["institution_id"]),
            unique("identities", &["issuer", "subject"]),
            index("identities", &["person_id"]),
        ];
        create(manager, tables, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["sign_ups", "identities", "log_in_domains", "log_ins"]).await
    }
}

fn log_ins() -> TableCreateStatement {
    Table::create()
        .table("log_ins")
        .col(uuid("institution_id").primary_key())
        .col(text_null("issuer"))
        .col(text_null("client_id"))
        .col(blob_null("secret"))
        .col(boolean("registers"))
        .col(boolean("signs_up"))
        .col(json_binary("second_factor_for"))
        .col(version())
        .foreign_key(&mut refers("log_ins", "institution_id", "institutions"))
        .take()
}

fn domains(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("log_in_domains")
            .col(text("domain"))
            .col(uuid("institution_id"))
            .primary_key(&mut key("log_in_domains", &["domain"]))
            .foreign_key(&mut refers("log_in_domains", "institution_id", "institutions")),
    )
}

fn identities() -> TableCreateStatement {
    Table::create()
        .table("identities")
        .col(id())
        .col(uuid("person_id"))
        .col(uuid("institution_id"))
        .col(text("issuer"))
        .col(text("subject"))
        .col(instant("created_at"))
        .foreign_key(&mut refers("identities", "person_id", "people"))
        .foreign_key(&mut refers("identities", "institution_id", "institutions"))
        .take()
}

fn sign_ups() -> TableCreateStatement {
    Table::create()
        .table("sign_ups")
        .col(id())
        .col(uuid("institution_id"))
        .col(text("email"))
        .col(text("language"))
        .col(instant("created_at"))
        .col(instant("expires_at"))
        .foreign_key(&mut refers("sign_ups", "institution_id", "institutions"))
        .take()
}
