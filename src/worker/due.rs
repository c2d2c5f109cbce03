//! Deadlines that act and places that are offered: the round of the clocks and of the waiting lists, and the watch over the
//! machine's own clock.

use sojourn_engine::ids::LeaseId;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use super::{POLL, Worker};
use crate::app::Result;
use crate::app::due::Acts;
use crate::app::waiting_lists::Offers;

/// Rounds between two complaints about a clock that jumped: about a minute of polling.
const COMPLAIN_EVERY: u32 = 240;
/// Lines claimed at a time.
const LINES: u64 = 16;

impl Worker {
    /// Acts on clocks that are due, at most one round of them; on none while the machine's clock is in doubt.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn act_once(&self) -> Result<Acts> {
        let at = self.app.clock.moment();
        let lease: LeaseId = at.id();
        let acts = self.app.act_on_clocks(&at, lease, self.app.clocks_per_round).await?;
        if acts.claimed > 0 {
            debug!(?acts, "clocks");
        }
        Ok(acts)
    }

    /// Offers places that have become free to those who wait for them, at most one round of lines.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn offer_once(&self) -> Result<Offers> {
        let at = self.app.clock.moment();
        let offers = self.app.offer_places(&at, at.id(), LINES).await?;
        if offers.claimed > 0 {
            debug!(?offers, "waiting lists");
        }
        Ok(offers)
    }

    /// What is due and what is free, one round of each.
    async fn keep_once(&self) -> Result<usize> {
        let acts = self.act_once().await?;
        Ok(acts.total() + self.offer_once().await?.offered)
    }

    /// Acts on clocks and offers places until `stop` is called; a round that has begun is finished.
    pub(super) async fn keep_time(&self, stop: &CancellationToken) {
        let mut doubts: u32 = 0;
        while !stop.is_cancelled() {
            let done = match self.app.watch_clocks(&self.app.clock.moment()).await {
                Ok(Ok(())) => {
                    doubts = 0;
                    self.keep_once().await
                }
                Ok(Err(out_of_time)) => {
                    if doubts.is_multiple_of(COMPLAIN_EVERY) {
                        error!(%out_of_time, "deadlines do not act");
                    }
                    doubts = doubts.wrapping_add(1);
                    Ok(0)
                }
                Err(fault) => Err(fault),
            };
            let done = done.unwrap_or_else(|fault| {
                error!(%fault, "clocks could not be looked at");
                0
            });
            if done == 0 {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
            }
        }
    }
}
