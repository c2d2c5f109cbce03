//! How people sign in, and the answers kept for repeated requests.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![credentials(), sessions(), refresh_tokens(), one_time_tokens(), idempotency(manager)],
            vec![
                index("sessions", &["person_id"]),
                index("refresh_tokens", &["session_id"]),
                index("one_time_tokens", &["person_id"]),
                index("idempotency", &["expires_at"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["idempotency", "one_time_tokens", "refresh_tokens", "sessions", "credentials"])
            .await
    }
}

fn credentials() -> TableCreateStatement {
    Table::create()
        .table("credentials")
        .col(uuid("person_id").primary_key())
        .col(text("password_hash"))
        .col(instant("set_at"))
        .foreign_key(&mut refers("credentials", "person_id", "people"))
        .take()
}

fn sessions() -> TableCreateStatement {
    Table::create()
        .table("sessions")
        .col(id())
        .col(uuid("person_id"))
        .col(instant("created_at"))
        .col(instant("expires_at"))
        .col(instant_null("revoked_at"))
        .foreign_key(&mut refers("sessions", "person_id", "people"))
        .take()
}

fn refresh_tokens() -> TableCreateStatement {
    Table::create()
        .table("refresh_tokens")
        .col(blob("token_hash").primary_key())
        .col(uuid("session_id"))
        .col(instant("issued_at"))
        .col(instant("expires_at"))
        .col(instant_null("rotated_at"))
        .col(blob_null("successor_hash"))
        .foreign_key(&mut refers("refresh_tokens", "session_id", "sessions"))
        .take()
}

fn one_time_tokens() -> TableCreateStatement {
    Table::create()
        .table("one_time_tokens")
        .col(id())
        .col(text("kind"))
        .col(uuid("person_id"))
        .col(instant("created_at"))
        .col(instant("expires_at"))
        .col(instant_null("used_at"))
        .foreign_key(&mut refers("one_time_tokens", "person_id", "people"))
        .take()
}

fn idempotency(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("idempotency")
            .col(uuid("caller"))
            .col(text("key"))
            .col(blob("request_hash"))
            .col(small_integer("status"))
            .col(text_null("etag"))
            .col(text_null("location"))
            .col(blob("body"))
            .col(instant("expires_at"))
            .primary_key(&mut key("idempotency", &["caller", "key"])),
    )
}
