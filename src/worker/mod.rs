//! What happens without anybody asking: deadlines act, applications hear what happened to their programme, and notices leave as e-mails.
//!
//! Work is claimed by lease in a short transaction, done outside any, and settled under the same lease, so that several workers
//! share the queue and none overwrites another. [`Worker::run_once`] is the unit; [`Worker::run`] repeats it when woken.

mod bounces;
mod deliver;
mod due;
mod runs;
mod tidy;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::error;

use self::bounces::Bounces;
use self::deliver::{Desk, Post};
use crate::app::{App, Result, Writer};
use crate::mail::{Renderer, Transport};

/// How long a worker sleeps when nobody wakes it: other processes queue too.
const POLL: Duration = Duration::from_millis(250);
/// Rounds between two looks for mails that came back: about ten seconds of polling.
const BOUNCES_EVERY: u32 = 40;
/// Rounds between two looks whether what is done once a night is due: about a minute of polling.
const NIGHTLY_EVERY: u32 = 240;
/// Rounds between two looks for what may be forgotten: about an hour of polling.
const FORGET_EVERY: u32 = 14_400;

/// Looks after what happens without anybody asking, and delivers notices.
#[derive(Debug)]
pub struct Worker {
    app: Arc<App>,
    post: Arc<Post>,
    bounces: Option<Bounces>,
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

    const fn and(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            deferred: self.deferred + other.deferred,
            failed: self.failed + other.failed,
        }
    }
}

impl Worker {
    /// A worker over open templates and an open way out.
    pub fn new(app: Arc<App>, renderer: Renderer, transport: Transport) -> Self {
        let renderer = Arc::new(renderer);
        // A second worker of one process writes the same.
        let _ = app.writer.set(Arc::clone(&renderer) as Arc<dyn Writer>);
        let post = Arc::new(Post::new(Arc::clone(&app), renderer, transport));
        Self { app, post, bounces: None }
    }

    /// Reads what comes back from a maildir, too.
    #[must_use]
    pub fn with_bounces(self, folder: &Path) -> Self {
        Self { bounces: Some(Bounces::of(folder)), ..self }
    }

    /// Takes what has come back, and says how many messages were handled.
    pub async fn take_bounces(&self) -> usize {
        match &self.bounces {
            Some(bounces) => bounces.take(&self.app).await,
            None => 0,
        }
    }

    /// Raises what is to be raised and delivers what is due, at most one batch.
    ///
    /// # Errors
    /// Faults of the database; what a mail server says is no error but an outcome.
    pub async fn run_once(&self) -> Result<Done> {
        self.raise().await;
        self.carry_runs_on(&CancellationToken::new()).await;
        let mut desk = Desk::new(Arc::clone(&self.post));
        desk.fill().await?;
        desk.drain().await
    }

    /// What cannot be raised keeps no mail back, nor does a digest that cannot be made.
    async fn raise(&self) {
        if !matches!(self.app.compare_clocks().await, Ok(Ok(_))) {
            return;
        }
        if let Err(fault) = self.app.make_digests(&self.app.clock.moment()).await {
            error!(%fault, "digests could not be looked for");
        }
        if let Err(fault) = self.app.run_agreements(&self.app.clock.moment()).await {
            error!(%fault, "agreements from before they had cases could not be given theirs");
        }
        if let Err(fault) = self.app.raise(&self.app.clock.moment()).await {
            error!(%fault, "what happened to a programme could not be raised in every application");
        }
    }

    /// Empties the facts of notices sent long ago, and removes answers that are kept for no repeat any more, refusals older than
    /// two years, and contents of documents whose time is over.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn forget(&self) -> Result<()> {
        let at = self.app.clock.moment();
        self.app.forget_notices(&at).await?;
        self.app.forget_answers(&at).await?;
        self.app.forget_refusals(&at).await?;
        self.app.empty_documents(&at).await?;
        self.app.forget_bulks(&at).await?;
        Ok(())
    }

    /// Acts on clocks and delivers until `stop` ends; what has begun is finished. Each has a loop of its own: a mail server that is slow
    /// keeps nothing else back.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        let stopped = CancellationToken::new();
        let told = async {
            stop.await;
            stopped.cancel();
        };
        let deliveries = Desk::new(Arc::clone(&self.post)).run(stopped.clone());
        tokio::join!(
            told,
            self.keep_time(&stopped),
            self.look_after(&stopped),
            self.allocate(&stopped),
            deliveries
        );
        self.post.close().await;
    }

    /// Raises, takes back and forgets until `stop` is called.
    async fn look_after(&self, stop: &CancellationToken) {
        let mut round: u32 = 0;
        loop {
            self.raise().await;
            if round.is_multiple_of(BOUNCES_EVERY) {
                self.take_bounces().await;
                if let Err(fault) = self.tidy_up().await {
                    error!(%fault, "what is left of people who were erased could not be removed");
                }
            }
            if round.is_multiple_of(NIGHTLY_EVERY)
                && let Err(fault) = self.app.nightly_checkpoint(&self.app.clock.moment()).await
            {
                error!(%fault, "the checkpoint of the night could not be made");
            }
            if round.is_multiple_of(NIGHTLY_EVERY)
                && let Err(fault) = self.app.hand_chairs_over(&self.app.clock.moment()).await
            {
                error!(%fault, "the hand-over of the chair could not be told");
            }
            if round.is_multiple_of(FORGET_EVERY)
                && let Err(fault) = self.forget().await
            {
                error!(%fault, "what has run out could not be removed");
            }
            round = round.wrapping_add(1);
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }
}
