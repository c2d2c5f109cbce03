//! Clocks that are due: claimed by lease, acted on in batches of whole cases, each batch one transaction.
//!
//! Once each, with however many workers: a clock is acted on only while its case is held, under the lease it was claimed with, and
//! before it is settled in the same transaction nobody sees what it brought. A batch that fails is done again case by case, so that
//! one case keeps no other from its time.

use chrono::{DateTime, TimeDelta, Utc};
use sojourn_engine::ids::{CaseId, LeaseId};
use sojourn_engine::refusal::Refusal;
use sojourn_engine::vocabulary::{Subject, Via};
use tracing::error;

use super::scene::Scene;
use super::transition::drive::Stage;
use super::transition::due::{Did, act};
use super::transition::{self, settle};
use super::{App, Error, Result, courses};
use crate::clock::Moment;
use crate::store::clocks::{self, Acted, Due, Looked};
use crate::store::records::{self, Records};

/// Cases of one batch: what is done while nobody else can write to an SQLite file.
const BATCH: usize = 16;
/// How long a worker has what it has claimed.
const LEASE: TimeDelta = TimeDelta::minutes(5);
/// How far the clocks of two machines may be apart.
const APART: TimeDelta = TimeDelta::seconds(5);
/// How often it is noted that clocks are looked at.
const NOTED: TimeDelta = TimeDelta::minutes(1);

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acts {
    /// Clocks that were claimed.
    pub claimed: usize,
    /// Reminders.
    pub reminded: usize,
    /// Events fired.
    pub fired: usize,
    /// Roles told because nobody acted.
    pub escalated: usize,
    /// Ends that made something possible, or had nothing to do.
    pub ended: usize,
    /// Events that the rules refused.
    pub stuck: usize,
    /// Cases left for the next round because of a fault.
    pub failed: usize,
}

impl Acts {
    const fn count(&mut self, did: &Did) {
        match did {
            Did::Nothing => {}
            Did::Reminded => self.reminded += 1,
            Did::Fired => self.fired += 1,
            Did::Escalated => self.escalated += 1,
            Did::Allowed | Did::Ran => self.ended += 1,
            Did::Stuck(..) => self.stuck += 1,
        }
    }

    /// How many clocks did something.
    pub const fn total(&self) -> usize {
        self.reminded + self.fired + self.escalated + self.ended + self.stuck
    }

    const fn add(&mut self, other: Self) {
        self.reminded += other.reminded;
        self.fired += other.fired;
        self.escalated += other.escalated;
        self.ended += other.ended;
        self.stuck += other.stuck;
    }
}

/// Why clocks are not acted on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutOfTime {
    /// The time since they were last looked at is too long, or negative.
    #[error(
        "clocks were last looked at {before}, and now it is {now}: if that is right, let them go on with `sojourn clocks resume`; if not, set this machine's clock"
    )]
    Jumped {
        /// When they were last looked at.
        before: DateTime<Utc>,
        /// What the machine's clock says.
        now: DateTime<Utc>,
    },
    /// The machine of this process and that of the database do not agree.
    #[error(
        "this machine's clock says {now}, that of the database {there}: set them alike, as by NTP; until then this process sends no mail, lets no deadline act and is not ready"
    )]
    Apart {
        /// What the machine's clock says.
        now: DateTime<Utc>,
        /// What the database's says.
        there: DateTime<Utc>,
    },
}

impl App {
    /// Passes unless this machine's clock and the database's are apart; when clocks were last looked at.
    ///
    /// # Errors
    /// Faults of the database; the inner error is the difference.
    pub async fn compare_clocks(&self) -> Result<std::result::Result<Option<DateTime<Utc>>, OutOfTime>> {
        let Looked { last, there } = clocks::looked_at(self.store.read()).await?;
        let now = self.clock.now();
        Ok(match there {
            Some(there) if self.clock.is_of_machine() && (now - there).abs() > APART => {
                Err(OutOfTime::Apart { now, there })
            }
            Some(_) | None => Ok(last),
        })
    }

    /// Passes unless the machine's clock has jumped since clocks were last looked at, by any worker, or is apart from the database's;
    /// notes that they are.
    ///
    /// # Errors
    /// Faults of the database; the inner error is what is wrong with the time.
    pub async fn watch_clocks(&self, at: &Moment) -> Result<std::result::Result<(), OutOfTime>> {
        let before = match self.compare_clocks().await? {
            Ok(before) => before,
            Err(apart) => return Ok(Err(apart)),
        };
        let gap = before.map_or(TimeDelta::MAX, |before| at.now - before);
        if let Some(before) = before.filter(|_| gap > self.longest_stop || gap < -self.longest_stop) {
            return Ok(Err(OutOfTime::Jumped { before, now: at.now }));
        }
        if gap >= NOTED || gap < TimeDelta::zero() {
            self.resume_clocks(at).await?;
        }
        Ok(Ok(()))
    }

    /// Notes that clocks are looked at now, whatever the time before.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn resume_clocks(&self, at: &Moment) -> Result<()> {
        let tx = self.store.begin().await?;
        clocks::look(&tx, at.now).await?;
        Ok(tx.commit().await?)
    }

    /// How many clocks are due and have not been acted on.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn late_clocks(&self, at: &Moment) -> Result<u64> {
        Ok(clocks::late(self.store.read(), at.now).await?)
    }

    /// Acts on clocks that are due, the longest due first, at most so many.
    ///
    /// # Errors
    /// Faults of the database; a case that cannot be read or moved is counted, logged and tried again when its lease is over.
    pub async fn act_on_clocks(&self, at: &Moment, lease: LeaseId, most: u64) -> Result<Acts> {
        let tx = self.store.begin().await?;
        let cases = clocks::claim(&tx, lease, (self.clocks_from, at.now), at.now + LEASE, most).await?;
        tx.commit().await?;
        let of = |subject| cases.iter().filter(move |(_, of)| *of == subject).map(|(case, _)| *case);
        let applications: Vec<CaseId> = of(Subject::Application).collect();
        let others = cases.iter().copied().filter(|(_, subject)| *subject != Subject::Application);
        let mut acts = Acts { claimed: cases.len(), ..Acts::default() };
        let mut alone: Vec<(CaseId, Subject)> = others.collect();
        for batch in applications.chunks(BATCH) {
            match self.act_on(at, lease, batch, None).await {
                Ok(done) => acts.add(done),
                Err(_) => alone.extend(batch.iter().map(|case| (*case, Subject::Application))),
            }
        }
        for (case, subject) in alone {
            match self.act_alone(at, lease, case, subject).await {
                Ok(done) => acts.add(done),
                Err(fault) => {
                    acts.failed += 1;
                    error!(%case, %fault, "the clocks of a case could not be acted on");
                }
            }
        }
        if acts.total() > 0 {
            self.wake.notify_one();
        }
        Ok(acts)
    }

    async fn act_alone(&self, at: &Moment, lease: LeaseId, case: CaseId, subject: Subject) -> Result<Acts> {
        match subject {
            Subject::Programme | Subject::Agreement => {
                let mut acts = Acts::default();
                let done = courses::act(self, &at.as_of(self.clock.now()), lease, case).await?;
                for did in &done {
                    acts.count(did);
                }
                Ok(acts)
            }
            Subject::Application => match self.act_on(at, lease, &[case], None).await {
                // Somebody else has just taken the last place: as if the rules had refused it.
                Err(Error::Refused(refusal)) => self.act_on(at, lease, &[case], Some(&refusal)).await,
                done => done,
            },
        }
    }

    /// Acts on one batch of claimed applications in one transaction; with `barred`, as if the rules refused every event for that.
    ///
    /// # Errors
    /// [`Error::Stale`] when a case or a lease has passed to somebody else, [`Error::Refused`] when the last place has gone meanwhile.
    pub async fn act_on(
        &self,
        at: &Moment,
        lease: LeaseId,
        cases: &[CaseId],
        barred: Option<&Refusal>,
    ) -> Result<Acts> {
        // What comes of a batch is dated when it is done.
        let at = &at.as_of(self.clock.now());
        let tx = self.store.begin().await?;
        let mut scenes = Scene::read_all(self, &tx, cases, at).await?;
        let due = clocks::claimed(&tx, lease, cases, at.now).await?;
        let (mut acts, mut batch) = (Acts::default(), Batch::default());
        for scene in &mut scenes {
            for did in play(scene, at, &due, barred, &mut batch) {
                acts.count(&did);
            }
        }
        let Some(scene) = scenes.first() else { return Ok(acts) };
        transition::keep(&tx, scene, batch.written).await?;
        for refused in batch.refused {
            records::refuse(&tx, refused).await?;
        }
        if !clocks::settle(&tx, lease, at.now, &batch.acted).await? {
            return Err(Error::Stale);
        }
        tx.commit().await?;
        Ok(acts)
    }
}

/// What a batch brings.
#[derive(Debug, Default)]
struct Batch {
    written: Records,
    acted: Vec<Acted>,
    refused: Vec<records::Refused>,
}

/// Does what is due of one case.
fn play(
    scene: &mut Scene,
    at: &Moment,
    due: &[Due],
    barred: Option<&Refusal>,
    batch: &mut Batch,
) -> Vec<Did> {
    let id = scene.live.dossier.case.id;
    let mut records = Records::default();
    let mut done = Vec::new();
    for clock in due.iter().filter(|clock| clock.case == id) {
        let stage = Stage {
            definition: &scene.definition,
            version: scene.version,
            holders: &scene.holders,
            alliance: &scene.alliance,
            via: Via::Clock,
            at,
        };
        let did = act(&stage, &mut scene.live, clock, barred, (&mut records, &mut batch.acted));
        if let Did::Stuck(event, refused) = &did {
            batch.refused.push(transition::kept(scene, at, None, (None, event), refused.clone()));
        }
        done.push(did);
    }
    // What a later clock has ended is over, whatever came of it before.
    batch.acted.retain(|acted| records.stopped.iter().all(|stopped| stopped.row != acted.id));
    if done.iter().any(Did::moved) {
        settle(&scene.stage(at, Via::Clock), scene.live.clone(), &mut records);
    }
    batch.written.append(records);
    done
}
