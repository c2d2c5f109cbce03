//! What happens without anybody asking: deadlines act, applications hear what happened to their programme, and notices leave as e-mails.
//!
//! Work is claimed by lease in a short transaction, done outside any, and settled under the same lease, so that several workers
//! share the queue and none overwrites another. [`Worker::run_once`] is the unit; [`Worker::run`] repeats it when woken.

mod due;

use std::sync::Arc;
use std::time::Duration;

use sojourn_engine::ids::LeaseId;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::app::notifications::{Due, Outcome};
use crate::app::{App, Result};
use crate::mail::{Failure, Renderer, Transport};

/// Notices claimed at a time.
const BATCH: u64 = 50;
/// How long a worker sleeps when nobody wakes it: other processes queue too.
const POLL: Duration = Duration::from_millis(250);
/// Rounds between two looks for what may be forgotten: about an hour of polling.
const FORGET_EVERY: u32 = 14_400;

/// Delivers notices.
#[derive(Debug)]
pub struct Worker {
    app: Arc<App>,
    renderer: Renderer,
    transport: Transport,
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Mails the receiving side has taken.
    pub sent: usize,
    /// Mails put off.
    pub deferred: usize,
    /// Mails given up.
    pub failed: usize,
}

impl Done {
    /// How many notices the round settled.
    pub const fn total(self) -> usize {
        self.sent + self.deferred + self.failed
    }
}

impl Worker {
    /// A worker over open templates and an open way out.
    pub const fn new(app: Arc<App>, renderer: Renderer, transport: Transport) -> Self {
        Self { app, renderer, transport }
    }

    /// Delivers what is due, at most one batch.
    ///
    /// # Errors
    /// Faults of the database; what a mail server says is no error but an outcome.
    pub async fn run_once(&self) -> Result<Done> {
        let at = self.app.clock.moment();
        let lease: LeaseId = at.id();
        let mut done = Done::default();
        // What cannot be raised keeps no mail back.
        if let Err(fault) = self.app.raise(&at).await {
            error!(%fault, "what happened to a programme could not be raised in every application");
        }
        for due in self.app.claim_notices(&at, lease, BATCH).await? {
            let outcome = self.deliver(&due).await;
            match &outcome {
                Outcome::Sent => done.sent += 1,
                Outcome::Later(_) => done.deferred += 1,
                Outcome::Never(words) => {
                    done.failed += 1;
                    warn!(notice.id = %due.id, words, "a notice cannot be delivered");
                }
            }
            self.app.settle_notice(&self.app.clock.moment(), lease, &due, outcome).await?;
        }
        Ok(done)
    }

    async fn deliver(&self, due: &Due) -> Outcome {
        let letter = match &due.letter {
            Ok(letter) => letter,
            Err(words) => return Outcome::Never(words.clone()),
        };
        let mail = match self.renderer.render(letter) {
            Ok(mail) => mail,
            Err(fault) => return Outcome::Never(fault.to_string()),
        };
        match self.transport.send(&mail).await {
            Ok(()) => Outcome::Sent,
            Err(Failure::Later(words)) => Outcome::Later(words),
            Err(Failure::Never(words)) => Outcome::Never(words),
        }
    }

    /// Empties the facts of notices sent long ago, and removes answers that are kept for no repeat any more, and refusals older than
    /// two years.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn forget(&self) -> Result<()> {
        let at = self.app.clock.moment();
        self.app.forget_notices(&at).await?;
        self.app.forget_answers(&at).await?;
        self.app.forget_refusals(&at).await?;
        Ok(())
    }

    /// Acts on clocks and delivers until `stop` ends; what has begun is finished.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let stopped = CancellationToken::new();
        let told = async {
            stop.await;
            stopped.cancel();
        };
        tokio::join!(told, self.keep_time(&stopped), self.keep_delivering(&stopped));
        self.transport.close().await;
    }

    /// Delivers until `stop` is called; a round that has begun is finished.
    async fn keep_delivering(&self, stop: &CancellationToken) {
        let mut round: u32 = 0;
        loop {
            let done = self.run_once().await.unwrap_or_else(|fault| {
                error!(%fault, "notices could not be looked for");
                Done::default()
            });
            if round.is_multiple_of(FORGET_EVERY)
                && let Err(fault) = self.forget().await
            {
                error!(%fault, "what has run out could not be removed");
            }
            round = round.wrapping_add(1);
            let more = u64::try_from(done.total()).unwrap_or(BATCH) == BATCH;
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = std::future::ready(()), if more => {}
                () = self.app.wake.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }
}
