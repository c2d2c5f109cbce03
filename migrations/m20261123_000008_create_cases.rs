//! Cases, applications and their choices.

use crate::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            vec![cases(manager), applications(manager), choices(manager)],
            vec![
                index("cases", &["id"]).and_where(Expr::cust("phase IN ('placement', 'stay')")).take(),
                unique("applications", &["reference"]),
                index("applications", &["applicant_id"]),
                index("applications", &["home_id", "id"]),
                index("applications", &["call_id", "id"]),
                unique("choices", &["application_id", "rank"]),
                unique("choices", &["application_id", "offering_id"]),
                // Waiting lists: few choices are open, most cases have ended.
                index("choices", &["place_line_id"]).and_where(Expr::cust("result = 'open'")).take(),
                index("choices", &["host_id", "application_id"])
                    .and_where(Expr::cust("host_sees_from IS NOT NULL"))
                    .take(),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["choices", "applications", "cases"]).await
    }
}

fn cases(manager: &SchemaManager<'_>) -> TableCreateStatement {
    changing_in_key_order(
        manager,
        Table::create()
            .table("cases")
            .col(id())
            .col(text("subject"))
            .col(uuid("workflow_version_id"))
            .col(text("state"))
            .col(text("phase"))
            .col(text("kind"))
            .col(instant("entered_at"))
            .col(instant_null("due_at"))
            .col(json_binary("registers"))
            .col(json_binary("collected"))
            .col(json_binary("acts"))
            .col(integer("steps"))
            .col(blob("head"))
            .col(instant("created_at"))
            .col(version())
            .foreign_key(&mut refers("cases", "workflow_version_id", "workflow_versions")),
    )
}

fn applications(manager: &SchemaManager<'_>) -> TableCreateStatement {
    changing_in_key_order(
        manager,
        Table::create()
            .table("applications")
            .col(uuid("id").primary_key())
            .col(text("reference"))
            .col(uuid("applicant_id"))
            .col(uuid("registration_id"))
            .col(json_binary_null("frozen_registration"))
            .col(uuid("home_id"))
            .col(uuid_null("home_unit_id"))
            .col(uuid("call_id"))
            .col(uuid_null("current_choice_id"))
            .col(json_binary("answers"))
            .col(json_binary("consents"))
            .col(boolean("submit_at_bell"))
            .col(integer_null("score_hundredths"))
            .col(json_binary_null("scoring"))
            .col(instant_null("submitted_at"))
            .col(instant_null("home_sees_from"))
            .foreign_key(&mut refers("applications", "id", "cases"))
            .foreign_key(&mut refers("applications", "applicant_id", "people"))
            .foreign_key(&mut refers("applications", "registration_id", "registrations"))
            .foreign_key(&mut refers("applications", "home_id", "institutions"))
            .foreign_key(&mut refers("applications", "call_id", "calls")),
    )
}

fn choices(manager: &SchemaManager<'_>) -> TableCreateStatement {
    in_key_order(
        manager,
        Table::create()
            .table("choices")
            .col(id())
            .col(uuid("application_id"))
            .col(small_integer("rank"))
            .col(uuid("offering_id"))
            .col(uuid("host_id"))
            .col(uuid_null("place_line_id"))
            .col(text("result"))
            .col(instant_null("host_sees_from"))
            .col(instant_null("host_sees_until"))
            .foreign_key(&mut refers("choices", "application_id", "applications"))
            .foreign_key(&mut refers("choices", "offering_id", "offerings")),
    )
}
