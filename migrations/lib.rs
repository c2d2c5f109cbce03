//! The schema, one file per change, from the first table on; depends on nothing of ours, so that a migration never changes its meaning.
//!
//! A released migration is never edited: the next change is a file `mYYYYMMDD_NNNNNN_verb_noun.rs` of its own, listed at the end of
//! [`Migrator`]. Both databases are served by the schema language of sea-query; raw SQL stands only inside a `match` on the database.
//!
//! Names: a unique index is called table and columns joined by `_`, so that both databases report a conflict by the same name.
//! Rows that a step writes refer by foreign key to their case alone; what else they name was read in the same transaction.

mod m20261123_000001_create_institutions;
mod m20261123_000002_create_people;
mod m20261123_000003_create_sessions;
mod m20261123_000004_create_workflows;
mod m20261123_000005_create_programmes;
mod m20261123_000006_create_calls;
mod m20261123_000007_create_places;
mod m20261123_000008_create_cases;
mod m20261123_000009_create_parts_of_cases;
mod m20261123_000010_create_history;
mod m20261123_000011_create_documents;
mod m20261123_000012_create_imports;
mod m20261125_000013_create_units_above;
mod m20261125_000014_ask_for_last_days;
mod m20261125_000015_create_tracks;
mod m20261125_000018_let_agreements_be_later;
mod m20261125_000019_pause_clocks;
mod m20261125_000020_vet_programmes;
mod m20261125_000021_let_clocks_act;
mod m20261125_000022_create_delegations;
mod m20261125_000030_create_calendar_addresses;
mod m20261125_000040_follow_mails;
mod m20261125_000045_send_digests;
mod m20261125_000050_page_what_waits;
mod m20261125_000060_describe_sessions;
mod m20261125_000061_lock_softly;
mod m20261125_000062_create_second_factors;
mod m20261125_000063_create_email_changes;
mod m20261125_000064_create_log_ins;
mod m20261125_000070_keep_keys;
mod m20261125_000071_look_after_personal_data;
mod m20261125_000080_create_checkpoints;
mod m20261126_000081_create_audit;
mod m20261126_000082_hand_the_chair_over;
mod m20261126_000100_keep_receipts;
mod m20261126_000101_allocate_places;
mod m20261126_000110_offer_freed_places;
mod m20261126_000111_state_balances;
mod m20261126_000130_run_agreements;
mod m20261126_000200_create_messages;
mod m20261126_000210_agree_with_all;
mod m20261126_000300_do_many_at_once;
mod m20261126_000400_count_waits;
mod m20261126_000500_archive_mails;
mod m20261127_000600_find_by_line;
mod m20261127_000700_keep_nomination_windows;
mod m20261127_000800_list_by_phase;
mod m20261127_000900_list_from_indexes;
mod m20261127_001000_attach_to_messages;
mod prelude;

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::prelude::*;

/// Every migration, in order.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all = until_places_were_shared_out();
        let since: [Box<dyn MigrationTrait>; 15] = [
            Box::new(m20261126_000100_keep_receipts::Migration),
            Box::new(m20261126_000101_allocate_places::Migration),
            Box::new(m20261126_000110_offer_freed_places::Migration),
            Box::new(m20261126_000111_state_balances::Migration),
            Box::new(m20261126_000130_run_agreements::Migration),
            Box::new(m20261126_000200_create_messages::Migration),
            Box::new(m20261126_000210_agree_with_all::Migration),
            Box::new(m20261126_000300_do_many_at_once::Migration),
            Box::new(m20261126_000400_count_waits::Migration),
            Box::new(m20261126_000500_archive_mails::Migration),
            Box::new(m20261127_000600_find_by_line::Migration),
            Box::new(m20261127_000700_keep_nomination_windows::Migration),
            Box::new(m20261127_000800_list_by_phase::Migration),
            Box::new(m20261127_000900_list_from_indexes::Migration),
            Box::new(m20261127_001000_attach_to_messages::Migration),
        ];
        all.extend(since);
        all
    }
}

fn until_places_were_shared_out() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m20261123_000001_create_institutions::Migration),
        Box::new(m20261123_000002_create_people::Migration),
        Box::new(m20261123_000003_create_sessions::Migration),
        Box::new(m20261123_000004_create_workflows::Migration),
        Box::new(m20261123_000005_create_programmes::Migration),
        Box::new(m20261123_000006_create_calls::Migration),
        Box::new(m20261123_000007_create_places::Migration),
        Box::new(m20261123_000008_create_cases::Migration),
        Box::new(m20261123_000009_create_parts_of_cases::Migration),
        Box::new(m20261123_000010_create_history::Migration),
        Box::new(m20261123_000011_create_documents::Migration),
        Box::new(m20261123_000012_create_imports::Migration),
        Box::new(m20261125_000013_create_units_above::Migration),
        Box::new(m20261125_000014_ask_for_last_days::Migration),
        Box::new(m20261125_000015_create_tracks::Migration),
        Box::new(m20261125_000018_let_agreements_be_later::Migration),
        Box::new(m20261125_000019_pause_clocks::Migration),
        Box::new(m20261125_000020_vet_programmes::Migration),
        Box::new(m20261125_000021_let_clocks_act::Migration),
        Box::new(m20261125_000022_create_delegations::Migration),
        Box::new(m20261125_000030_create_calendar_addresses::Migration),
        Box::new(m20261125_000040_follow_mails::Migration),
        Box::new(m20261125_000045_send_digests::Migration),
        Box::new(m20261125_000050_page_what_waits::Migration),
        Box::new(m20261125_000060_describe_sessions::Migration),
        Box::new(m20261125_000061_lock_softly::Migration),
        Box::new(m20261125_000062_create_second_factors::Migration),
        Box::new(m20261125_000063_create_email_changes::Migration),
        Box::new(m20261125_000064_create_log_ins::Migration),
        Box::new(m20261125_000070_keep_keys::Migration),
        Box::new(m20261125_000071_look_after_personal_data::Migration),
        Box::new(m20261125_000080_create_checkpoints::Migration),
        Box::new(m20261126_000081_create_audit::Migration),
        Box::new(m20261126_000082_hand_the_chair_over::Migration),
    ]
}

impl Migrator {
    /// Names of the migrations a database has, in order; none when it is empty. Changes nothing.
    pub async fn applied<'c>(db: impl IntoSchemaManagerConnection<'c>) -> Result<Vec<String>, DbErr> {
        let manager = SchemaManager::new(db);
        if !manager.has_table("seaql_migrations").await? {
            return Ok(Vec::new());
        }
        let names =
            Query::select().column("version").from("seaql_migrations").order_by("version", Order::Asc).take();
        let rows = manager.get_connection().query_all(&names).await?;
        rows.into_iter().map(|row| row.try_get_by("version")).collect()
    }
}
