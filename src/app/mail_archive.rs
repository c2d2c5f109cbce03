//! Mails that were sent long ago leave the outbox, so that those to come are found at once however many have gone.

use chrono::{DateTime, TimeDelta, Utc};

use super::{App, Error, FieldError, Result};
use crate::clock::Moment;
use crate::store::outbox;

/// Until then a mail may come back, be looked at or be sent again.
const YOUNGEST: TimeDelta = TimeDelta::days(30);
/// Mails moved in one transaction.
const BATCH: u64 = 1_000;

impl App {
    /// Moves mails sent before an instant into the archive, a thousand in each transaction, and says how many; stopped on the way,
    /// the next one goes on.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an instant of the last thirty days, and those of the database.
    pub async fn archive_mails(&self, at: &Moment, before: DateTime<Utc>, told: impl Fn(u64)) -> Result<u64> {
        if before > at.now - YOUNGEST {
            let detail = "name a day at least 30 days ago: until then a mail may come back or be sent again";
            return Err(Error::Invalid(vec![FieldError::new("/before", detail)]));
        }
        let (mut last, mut moved) = (None, 0);
        loop {
            let tx = self.store.begin().await?;
            let Some(batch) = outbox::archive(&tx, before, last, BATCH).await? else { return Ok(moved) };
            tx.commit().await?;
            last = Some(batch.last);
            moved += batch.notices;
            told(moved);
        }
    }
}
