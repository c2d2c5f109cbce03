//! People, what they do, and the annual chair.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![people(manager), roles(), registrations(manager), chair_terms()],
            vec![
                unique("people", &["email"]),
                index("roles", &["person_id"]),
                index("roles", &["institution_id", "duty"]),
                index("registrations", &["person_id"]),
                index("registrations", &["institution_id"]),
            ],
        )
        .await?;
        no_overlap(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["chair_terms", "registrations", "roles", "people"]).await
    }
}

fn people(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("people")
            .col(id())
            .col(text("given_name"))
            .col(text("family_name"))
            .col(text_null("email"))
            .col(text("language"))
            .col(text_null("nationality"))
            .col(text_null("gender"))
            .col(small_integer_null("birth_year"))
            .col(boolean("technical"))
            .col(instant_null("erased_at"))
            .col(instant("created_at"))
            .col(version()),
    )
}

fn roles() -> TableCreateStatement {
    Table::create()
        .table("roles")
        .col(id())
        .col(uuid("person_id"))
        .col(text("duty"))
        .col(uuid_null("institution_id"))
        .col(uuid_null("unit_id"))
        .col(date("from_on"))
        .col(date_null("until_on"))
        .col(uuid_null("granted_by"))
        .col(instant("created_at"))
        .foreign_key(&mut refers("roles", "person_id", "people"))
        .foreign_key(&mut refers("roles", "institution_id", "institutions"))
        .foreign_key(&mut refers("roles", "unit_id", "units"))
        .take()
}

fn registrations(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("registrations")
            .col(id())
            .col(uuid("person_id"))
            .col(uuid("institution_id"))
            .col(uuid_null("unit_id"))
            .col(text_null("student_no"))
            .col(text_null("esi"))
            .col(text("level"))
            .col(text_null("field"))
            .col(small_integer_null("year"))
            .col(integer_null("credits_hundredths"))
            .col(json_binary("languages"))
            .col(instant("created_at"))
            .col(version())
            .foreign_key(&mut refers("registrations", "person_id", "people"))
            .foreign_key(&mut refers("registrations", "institution_id", "institutions"))
            .foreign_key(&mut refers("registrations", "unit_id", "units")),
    )
}

fn chair_terms() -> TableCreateStatement {
    Table::create()
        .table("chair_terms")
        .col(id())
        .col(uuid("institution_id"))
        .col(uuid("person_id"))
        .col(date("from_on"))
        .col(date("until_on"))
        .col(instant("created_at"))
        .col(version())
        .foreign_key(&mut refers("chair_terms", "institution_id", "institutions"))
        .foreign_key(&mut refers("chair_terms", "person_id", "people"))
        .check(check("chair_terms", "order", "from_on <= until_on"))
        .take()
}

/// Two terms never share a day, whoever writes them.
async fn no_overlap(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let refuse = |event: &str| {
        format!(
            "CREATE TRIGGER chair_terms_overlap_{event} BEFORE {event} ON chair_terms WHEN EXISTS (SELECT 1 FROM chair_terms \
             WHERE id <> NEW.id AND from_on <= NEW.until_on AND until_on >= NEW.from_on) \
             BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: chair_terms_overlap'); END"
        )
    };
    let sqlite = vec![refuse("insert"), refuse("update")];
    let postgres = vec![
        "ALTER TABLE chair_terms ADD CONSTRAINT chair_terms_overlap \
         EXCLUDE USING gist (daterange(from_on, until_on, '[]') WITH &&)"
            .to_owned(),
    ];
    run(manager, &either(manager, sqlite, postgres)).await
}
