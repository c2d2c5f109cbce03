//! What the service bears, beside what the database alone does in the same minutes on the same machine.
//!
//! `cargo bench --bench load` measures with `SOJOURN_TEST_POSTGRES` as its server and adds lines to `SOJOURN_MEASURED`; arguments name
//! scenarios. `cargo test` tries each for a moment. Requests come from `wrk`, the rows and statements of the ceiling from `pgbench`, which
//! take turns in rounds; medians are compared. A server of another build is measured when `SOJOURN_SERVER` names it.

#![recursion_limit = "256"]
#![expect(clippy::expect_used, clippy::panic, reason = "a bench that cannot begin has to fail")]
#![expect(clippy::cast_precision_loss, reason = "paces are told in few digits")]

mod bare;
mod bulk;
mod drain;
mod event;
mod field;
mod lists;
mod mixed;
mod pgbench;
mod timers;
mod told;
mod usage;
mod written;
mod wrk;

/// What the tests stand on.
#[expect(dead_code, unused_imports, reason = "the bench needs a part of it")]
#[path = "../../tests/it/support"]
mod support {
    pub mod actor;
    pub mod answer;
    pub mod app;
    pub mod counts;
    pub mod data;
    pub mod database;
    pub mod logs;
    pub mod measured;
    pub mod offers;
    pub mod pattern;
    pub mod process;
    pub mod season;
    pub mod smtp;
    pub mod visitor;
}

use std::time::Duration;

use crate::support::database::Db;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Applications that can be moved.
    pub cases: u64,
    /// Applications among which lists are read.
    pub listed: u64,
    /// Rounds that are compared.
    pub rounds: usize,
    /// How long each measurement of a round lasts.
    pub lasts: Duration,
}

#[tokio::main]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let measures = std::env::args().any(|argument| argument == "--bench");
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let scale = if measures {
        Scale { cases: 100_000, listed: 1_000_000, rounds: 5, lasts: Duration::from_secs(6) }
    } else {
        Scale { cases: 10_000, listed: 6_000, rounds: 1, lasts: Duration::from_secs(1) }
    };
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|one| name.contains(one.as_str()));
    for db in [Db::Postgres, Db::Sqlite] {
        let on = format!("{db:?}").to_lowercase();
        match db {
            Db::Postgres if is_wanted(&format!("event-{on}")) => event::on_postgres(scale).await,
            Db::Sqlite if is_wanted(&format!("event-{on}")) => event::on_sqlite(scale).await,
            _ => {}
        }
        if is_wanted(&format!("bulk-{on}")) {
            bulk::nominations(db, scale).await;
        }
        if is_wanted(&format!("mixed-{on}")) {
            mixed::traffic(db, scale).await;
        }
        if is_wanted(&format!("timers-{on}")) {
            timers::lapses(db, scale).await;
        }
        if is_wanted(&format!("drain-{on}")) {
            drain::mails(db, scale).await;
        }
    }
    if is_wanted("lean") {
        event::lean(scale).await;
    }
    if is_wanted("more") {
        event::among_more(scale).await;
    }
    if is_wanted("lists") {
        lists::on_postgres(scale).await;
    }
}
