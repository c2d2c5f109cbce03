//! Confirmed runs of allocations, and events fired at many cases: what follows from them follows in batches.

use tokio_util::sync::CancellationToken;
use tracing::error;

use super::{POLL, Worker};

impl Worker {
    /// Carries confirmed runs on to their end; what cannot be carried on now is tried again in the next round.
    pub async fn carry_runs_on(&self, stop: &CancellationToken) {
        if let Err(fault) = self.app.carry_runs_on(|| stop.is_cancelled()).await {
            error!(%fault, "a run of an allocation could not be carried on");
        }
        if let Err(fault) = Box::pin(self.app.carry_bulks_on(|| stop.is_cancelled())).await {
            error!(%fault, "an event fired at many cases could not be carried on");
        }
    }

    /// The same until `stop` is called; a batch that has begun is finished.
    pub(super) async fn allocate(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            self.carry_runs_on(stop).await;
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }
}
