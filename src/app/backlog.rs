//! What workers have before them, for whoever watches over the service.

use chrono::TimeDelta;

use super::{App, Result};
use crate::clock::Moment;
use crate::store::Pool;
use crate::store::backlog as store;

pub use crate::store::backlog::Queue;

/// Everything that is watched.
#[derive(Debug, Clone, Copy)]
pub struct Backlog {
    /// Mails that are due.
    pub mails: Queue,
    /// Clocks that want attention.
    pub clocks: Queue,
    /// Lines whose places somebody waits for.
    pub places: Queue,
    /// Runs of allocations that are being carried out.
    pub runs: usize,
    /// Connections to the database.
    pub pool: Pool,
}

impl App {
    /// What is due, for how long, and in whose hands.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn backlog(&self, at: &Moment) -> Result<Backlog> {
        let conn = self.store.read();
        Ok(Backlog {
            mails: store::mails(conn, at.now).await?,
            clocks: store::clocks(conn, at.now).await?,
            places: store::places(conn, at.now).await?,
            runs: store::going_on(conn).await?.len(),
            pool: self.store.pool(),
        })
    }
}

/// For how long the oldest of a queue has waited.
pub fn age(queue: &Queue, at: &Moment) -> TimeDelta {
    queue.since.map_or(TimeDelta::zero(), |since| (at.now - since).max(TimeDelta::zero()))
}
