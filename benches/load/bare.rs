//! What SQLite alone does: a bare loop of rusqlite that runs the same statements with the same durability.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::told::percentiles;

/// What the loop found.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// Transactions a second.
    pub pace: f64,
    /// Latencies in milliseconds, at 50, 99 and 99.9 of 100.
    pub latency: [f64; 3],
    /// The first number that was not written.
    pub next: u64,
}

/// Commits the statements of each kind in turn, each time for the next number, with one commit each.
pub fn run(file: &Path, kinds: &[Vec<String>], first: &[u64], from: u64, lasts: Duration) -> Found {
    let conn = Connection::open(file).expect("the database opens");
    conn.execute_batch(
        "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA secure_delete = ON; PRAGMA cache_size = -20480; PRAGMA wal_autocheckpoint = 4000",
    )
    .expect("settings");
    conn.set_prepared_statement_cache_capacity(256);
    let began = Instant::now();
    let mut took = Vec::new();
    let mut next = from;
    while began.elapsed() < lasts {
        for (statements, first) in kinds.iter().zip(first) {
            let at = Instant::now();
            write(&conn, statements, first + next);
            took.push(at.elapsed().as_secs_f64() * 1e3);
        }
        next += 1;
    }
    Found { pace: took.len() as f64 / began.elapsed().as_secs_f64(), latency: percentiles(took), next }
}

fn write(conn: &Connection, statements: &[String], number: u64) {
    let run = |sql: &str| {
        let mut statement = conn.prepare_cached(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let number = i64::try_from(number).expect("a number");
        let numbers = if sql.contains("?1") { &[number][..] } else { &[] };
        let mut rows = statement.query(rusqlite::params_from_iter(numbers)).expect("a statement");
        while rows.next().unwrap_or_else(|error| panic!("{sql}: {error}")).is_some() {}
    };
    run("BEGIN IMMEDIATE");
    for sql in statements {
        run(sql);
    }
    run("COMMIT");
}
