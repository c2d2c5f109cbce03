//! Deadlines that act: the round of the clocks, and the watch over the machine's own.

use sojourn_engine::ids::LeaseId;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use super::{POLL, Worker};
use crate::app::Result;
use crate::app::due::Acts;

/// Rounds between two complaints about a clock that jumped: about a minute of polling.
const COMPLAIN_EVERY: u32 = 240;

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

    /// Acts on clocks until `stop` is called; a round that has begun is finished.
    pub(super) async fn keep_time(&self, stop: &CancellationToken) {
        let mut doubts: u32 = 0;
        while !stop.is_cancelled() {
            let acts = match self.app.watch_clocks(&self.app.clock.moment()).await {
                Ok(Ok(())) => {
                    doubts = 0;
                    self.act_once().await
                }
                Ok(Err(jumped)) => {
                    if doubts.is_multiple_of(COMPLAIN_EVERY) {
                        error!(%jumped, "deadlines do not act");
                    }
                    doubts = doubts.wrapping_add(1);
                    Ok(Acts::default())
                }
                Err(fault) => Err(fault),
            };
            let acts = acts.unwrap_or_else(|fault| {
                error!(%fault, "clocks could not be looked at");
                Acts::default()
            });
            if acts.total() == 0 {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(POLL) => {}
                }
            }
        }
    }
}
