//! Mails on their way: claimed, handed over on several connections at once, settled in batches under the lease they were claimed with.
//!
//! A [`Desk`] holds what one worker has claimed. Each mail is a task of its own that waits for a free lane, so that one that hangs
//! keeps its lane and nobody else's; claims are renewed while their mails wait or are tried, and a mail whose claim is gone is not
//! handed over any more. What could not be settled is settled again, never sent again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sojourn_engine::ids::{LeaseId, NoticeId};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{Done, POLL};
use crate::app::notifications::{Due, Outcome};
use crate::app::{App, Result};
use crate::mail::{Failure, Renderer, Transport};

/// Notices claimed at most.
const MOST: usize = 200;
/// As soon as fewer are left, more are claimed.
const FEW: usize = 100;
/// Claims are renewed so often before they end.
const BEATS: u32 = 4;

/// What delivers: texts, a way out, and lanes on it.
#[derive(Debug)]
pub(super) struct Post {
    app: Arc<App>,
    renderer: Arc<Renderer>,
    transport: Transport,
    lanes: Semaphore,
    /// Whether no further mail is begun.
    stopping: AtomicBool,
}

/// Claims of one desk, and until when all of them hold.
#[derive(Debug)]
struct Held {
    leases: BTreeMap<NoticeId, LeaseId>,
    until: DateTime<Utc>,
}

/// A mail whose try has ended.
type Ended = (Due, Outcome);

/// Everything one worker has claimed and not yet settled.
#[derive(Debug)]
pub(super) struct Desk {
    post: Arc<Post>,
    held: Arc<Mutex<Held>>,
    done: mpsc::UnboundedSender<Ended>,
    ended: mpsc::UnboundedReceiver<Ended>,
    /// Tries that have ended and are not settled yet.
    unsettled: Vec<Ended>,
}

impl Post {
    pub(super) fn new(app: Arc<App>, renderer: Arc<Renderer>, transport: Transport) -> Self {
        let lanes = Semaphore::new(transport.lanes().max(1));
        Self { app, renderer, transport, lanes, stopping: AtomicBool::new(false) }
    }

    pub(super) fn forget(&self, notices: &[NoticeId]) -> std::io::Result<()> {
        self.transport.forget(notices)
    }

    pub(super) async fn close(&self) {
        self.transport.close().await;
    }

    async fn deliver(&self, due: &Due, still: &(dyn Fn() -> bool + Send + Sync)) -> Outcome {
        let letter = match &due.letter {
            Ok(letter) => letter,
            Err(words) => return Outcome::Never(words.clone()),
        };
        let Ok(_lane) = self.lanes.acquire().await else { return Outcome::Untried };
        if self.stopping.load(Ordering::Relaxed) || !still() {
            return Outcome::Untried;
        }
        let mail = match self.renderer.render(letter) {
            Ok(mail) => mail,
            Err(fault) => return Outcome::Never(fault.to_string()),
        };
        match self.transport.send(&mail, still).await {
            Ok(()) => Outcome::Sent,
            Err(Failure::Later(words)) => Outcome::Later(words),
            Err(Failure::Never(words)) => Outcome::Never(words),
            Err(Failure::NoMailbox(words)) => Outcome::NoMailbox(words),
            Err(Failure::Withdrawn) => Outcome::Untried,
        }
    }
}

impl Desk {
    pub(super) fn new(post: Arc<Post>) -> Self {
        let (done, ended) = mpsc::unbounded_channel();
        let held = Held { leases: BTreeMap::new(), until: DateTime::<Utc>::MIN_UTC };
        Self { post, held: Arc::new(Mutex::new(held)), done, ended, unsettled: Vec::new() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn under_way(&self) -> usize {
        self.held().leases.len()
    }

    /// Claims what is due, up to what the desk has room for, and begins with it. Says how many came.
    pub(super) async fn fill(&self) -> Result<usize> {
        if self.post.app.compare_clocks().await?.is_err() {
            return Ok(0);
        }
        let at = self.post.app.clock.moment();
        let lease: LeaseId = at.id();
        let room = MOST.saturating_sub(self.under_way());
        let claimed = self.post.app.claim_notices(&at, lease, room as u64).await?;
        let count = claimed.len();
        for due in claimed {
            let known = {
                let mut held = self.held();
                if held.leases.is_empty() {
                    held.until = at.now + self.post.app.patience.lease();
                }
                held.leases.insert(due.id, lease)
            };
            // Claimed anew while it is still under way: the clock has jumped over the end of its claim.
            if known.is_none() {
                self.begin(due);
            }
        }
        Ok(count)
    }

    fn begin(&self, due: Due) {
        let (post, held, done) = (Arc::clone(&self.post), Arc::clone(&self.held), self.done.clone());
        let id = due.id;
        tokio::spawn(async move {
            let of = due.clone();
            let trying = tokio::spawn(async move {
                let still = || {
                    let held = held.lock().unwrap_or_else(PoisonError::into_inner);
                    held.leases.contains_key(&id) && post.app.clock.now() < held.until
                };
                post.deliver(&of, &still).await
            });
            let outcome = trying.await.unwrap_or_else(|fault| {
                error!(%fault, notice.id = %id, "a mail could not be tried");
                Outcome::Later("a fault of this service: see its log".to_owned())
            });
            // Nobody listens any more once the desk is gone.
            let _ = done.send((due, outcome));
        });
    }

    /// Waits until a try has ended that is not settled, and takes all that have.
    async fn wait(&mut self) {
        if self.unsettled.is_empty() {
            self.ended.recv_many(&mut self.unsettled, MOST).await;
        }
    }

    /// Settles all tries that have ended, each under its claim.
    async fn settle(&mut self) -> Result<Done> {
        let at = self.post.app.clock.moment();
        let leases = self.held().leases.clone();
        let lease_of = |due: &Due| leases.get(&due.id).copied();
        let ended: Vec<(LeaseId, Due, Outcome)> = self
            .unsettled
            .iter()
            .filter_map(|(due, outcome)| Some((lease_of(due)?, due.clone(), outcome.clone())))
            .collect();
        self.post.app.settle_notices(&at, &ended).await?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for (due, _) in self.unsettled.drain(..) {
            held.leases.remove(&due.id);
        }
        Ok(count(&ended))
    }

    /// Settles until nothing is under way.
    pub(super) async fn drain(&mut self) -> Result<Done> {
        let mut sum = Done::default();
        while self.under_way() > 0 {
            self.wait().await;
            sum = sum.and(self.settle().await?);
        }
        Ok(sum)
    }

    /// Renews every claim; mails whose claim is lost are not handed over any more.
    async fn renew(&self) -> Result<()> {
        let leases = self.held().leases.clone();
        if leases.is_empty() {
            return Ok(());
        }
        let at = self.post.app.clock.moment();
        let kept = self.post.app.renew_notices(&at, &leases).await?;
        let mut held = self.held();
        held.leases.retain(|id, lease| kept.contains(id) || leases.get(id) != Some(lease));
        held.until = at.now + self.post.app.patience.lease();
        Ok(())
    }

    /// Delivers until it is told to stop; what is being handed over then is finished, the rest is given back.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let beat = self.post.app.patience.lease().to_std().unwrap_or(POLL) / BEATS;
        let mut beats = tokio::time::interval(beat.max(Duration::from_millis(100)));
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopping = false;
        loop {
            let mut hungry = !stopping && self.under_way() < FEW && self.unsettled.is_empty();
            if hungry {
                let came = self.fill().await.unwrap_or_else(|fault| {
                    error!(%fault, "notices could not be looked for");
                    0
                });
                hungry = came == 0 || self.under_way() < FEW;
            }
            if stopping && self.under_way() == 0 {
                return;
            }
            let app = Arc::clone(&self.post.app);
            let busy = self.under_way() > 0;
            tokio::select! {
                biased;
                () = stop.cancelled(), if !stopping => {
                    stopping = true;
                    self.post.stopping.store(true, Ordering::Relaxed);
                }
                _ = beats.tick() => self.beat().await,
                () = self.wait(), if busy => {}
                () = app.wake.notified(), if hungry => {}
                () = tokio::time::sleep(POLL), if hungry => {}
            }
            if !self.unsettled.is_empty()
                && let Err(fault) = self.settle().await
            {
                error!(%fault, "mails that were tried could not be settled: this is done again");
                tokio::time::sleep(POLL).await;
            }
        }
    }

    async fn beat(&self) {
        if let Err(fault) = self.renew().await {
            error!(%fault, "claims of mails could not be renewed");
        }
        let at = self.post.app.clock.moment();
        match self.post.app.release_jumped(&at).await {
            Ok(0) => {}
            Ok(freed) => warn!(freed, "the clock has jumped: notices it had put out of reach are due again"),
            Err(fault) => error!(%fault, "notices out of reach could not be looked for"),
        }
    }
}

fn count(ended: &[(LeaseId, Due, Outcome)]) -> Done {
    let mut done = Done::default();
    for (_, due, outcome) in ended {
        match outcome {
            Outcome::Sent => done.sent += 1,
            Outcome::Later(_) => done.deferred += 1,
            Outcome::Never(words) | Outcome::NoMailbox(words) => {
                done.failed += 1;
                warn!(notice.id = %due.id, words, "a notice cannot be delivered");
            }
            Outcome::Untried => {}
        }
    }
    done
}
