//! Moving the cases of a bulk, or putting them back: some in each transaction, so that a process that dies leaves none half done, and any
//! other goes on from there.

use std::collections::BTreeMap;
use std::slice;

use futures_util::future::try_join_all;
use sojourn_engine::ids::{BulkId, CaseId};
use sojourn_engine::vocabulary::{BulkItemStatus, BulkStatus, Via};
use tracing::warn;

use super::drawn::Drawn;
use super::{BEYOND, Words, in_each};
use crate::access::{Caller, Scope};
use crate::app::refusals;
use crate::app::scene::Scene;
use crate::app::transition::call_back::{Stays, call_back};
use crate::app::transition::{self, held};
use crate::app::{App, Error, Result};
use crate::clock::Moment;
use crate::store::bulks::{self as store, Bulk, BulkItem, Settled};
use crate::store::records::{self, Records};
use crate::store::undo::{self, Before};

/// Cases of one transaction: what is done while nobody else can write to an SQLite file.
const BATCH: usize = 50;
/// Batches that go on side by side on a server: one waits for it while the next is worked out.
const SIDE_BY_SIDE: usize = 2;

impl App {
    /// Carries every bulk on to its end, until `stop` says so; says how many cases were looked at.
    ///
    /// # Errors
    /// Those of the database; what one case runs into is kept with it.
    pub async fn carry_bulks_on(&self, stop: impl Fn() -> bool) -> Result<usize> {
        let mut carried = 0;
        for row in store::going_on(self.store.read()).await? {
            while !stop() {
                let some = self.carry_bulk(row.id, self.together()).await?;
                carried += some;
                if some == 0 {
                    break;
                }
            }
        }
        Ok(carried)
    }

    /// How many cases go on at a time.
    fn together(&self) -> usize {
        if self.store.is_sqlite() { BATCH } else { SIDE_BY_SIDE * BATCH }
    }

    /// Carries a bulk on by so many cases at most; says by how many.
    pub(super) async fn carry_bulk(&self, id: BulkId, most: usize) -> Result<usize> {
        let mut carried = 0;
        while carried < most {
            // Somebody may call it back between two batches.
            let Some(row) = store::find(self.store.read(), id).await? else { break };
            let (from, to) = match row.status {
                BulkStatus::GoingOn => (BulkItemStatus::Waiting, BulkStatus::Done),
                BulkStatus::CallingBack => (BulkItemStatus::Done, BulkStatus::CalledBack),
                BulkStatus::Done | BulkStatus::CalledBack => break,
            };
            let some = self.together().min(most - carried);
            let some = store::next(self.store.read(), id, from, some as u64).await?;
            if some.is_empty() {
                self.finish(&row, to).await?;
                break;
            }
            match row.status {
                BulkStatus::GoingOn => {
                    try_join_all(some.chunks(BATCH).map(|part| self.carry_some(&row, part))).await?;
                }
                BulkStatus::CallingBack => {
                    for item in &some {
                        self.put_back(&row, item).await?;
                    }
                }
                BulkStatus::Done | BulkStatus::CalledBack => break,
            }
            carried += some.len();
            self.wake.notify_one();
        }
        if carried == most
            && let Some(row) = store::find(self.store.read(), id).await?
        {
            self.over(&row).await?;
        }
        Ok(carried)
    }

    /// Notes the end of a bulk of which nothing is left.
    async fn over(&self, row: &Bulk) -> Result<()> {
        let (from, to) = match row.status {
            BulkStatus::GoingOn => (BulkItemStatus::Waiting, BulkStatus::Done),
            BulkStatus::CallingBack => (BulkItemStatus::Done, BulkStatus::CalledBack),
            BulkStatus::Done | BulkStatus::CalledBack => return Ok(()),
        };
        if store::next(self.store.read(), row.id, from, 1).await?.is_empty() {
            self.finish(row, to).await?;
        }
        Ok(())
    }

    async fn finish(&self, row: &Bulk, to: BulkStatus) -> Result<()> {
        let tx = self.store.begin().await?;
        store::finish(&tx, row.id, row.status, to).await?;
        Ok(tx.commit().await?)
    }

    /// Moves some cases together, or each by itself where that does not succeed: whatever one of them runs into keeps no other back.
    async fn carry_some(&self, row: &Bulk, some: &[BulkItem]) -> Result<()> {
        let by = self.person_as_caller(row.created_by).await?;
        let words: Option<Words> = row.words.clone().and_then(|words| serde_json::from_value(words).ok());
        let Some(words) = words else { return Ok(()) };
        let carrying = Carrying { app: self, row, by, words };
        match carrying.together(some).await {
            Err(error) if !is_passing(&error) => {}
            done => return done,
        }
        for item in some {
            match carrying.together(slice::from_ref(item)).await {
                // The database is tried again, the rules are not.
                Err(error) if !is_passing(&error) => self.barred(item, &error).await?,
                done => done?,
            }
        }
        Ok(())
    }

    /// Notes that a case could not be moved because of what was found only as it was written.
    async fn barred(&self, item: &BulkItem, error: &Error) -> Result<()> {
        if let Error::Internal(_) = error {
            warn!(case = %item.case_id, %error, "a case of a bulk could not be moved");
        }
        let told = in_each(|language| why_not(error, None, language));
        let tx = self.store.begin().await?;
        let settled = Settled { status: BulkItemStatus::Barred, left: None, told: Some(told), before: None };
        store::settle(&tx, vec![(item, settled)]).await?;
        Ok(tx.commit().await?)
    }

    async fn put_back(&self, row: &Bulk, item: &BulkItem) -> Result<()> {
        let by = self.person_as_caller(row.called_back_by.unwrap_or(row.created_by)).await?;
        let before = item.before.clone().map(Before::of).transpose()?;
        let (Some(before), Some(left)) = (before, item.left_version) else {
            return self.kept(item, Stays::Moved).await;
        };
        let at = self.clock.moment();
        let tx = self.store.begin().await?;
        let scene = match Scene::read(self, &tx, &Scope::system(), item.case_id, &at).await {
            Ok(scene) => scene,
            Err(Error::NotFound) => {
                drop(tx);
                return self.kept(item, Stays::Moved).await;
            }
            Err(error) => return Err(error),
        };
        match call_back(&tx, scene, (&at, &by, Via::Api), (left, before)).await? {
            Ok(()) => {
                let settled =
                    Settled { status: BulkItemStatus::Undone, left: None, told: None, before: None };
                if store::settle(&tx, vec![(item, settled)]).await? {
                    tx.commit().await?;
                }
                Ok(())
            }
            Err(stays) => {
                drop(tx);
                self.kept(item, stays).await
            }
        }
    }

    async fn kept(&self, item: &BulkItem, stays: Stays) -> Result<()> {
        let told = in_each(|language| why_kept(stays, language).to_owned());
        let tx = self.store.begin().await?;
        let settled = Settled { status: BulkItemStatus::Kept, left: None, told: Some(told), before: None };
        store::settle(&tx, vec![(item, settled)]).await?;
        Ok(tx.commit().await?)
    }
}

/// A bulk whose cases are being moved.
struct Carrying<'a> {
    app: &'a App,
    row: &'a Bulk,
    by: Caller,
    words: Words,
}

/// What some of its cases bring.
#[derive(Default)]
struct Part<'i> {
    written: Records,
    refused: Vec<records::Refused>,
    settled: Vec<(&'i BulkItem, Settled)>,
    drawn: Drawn,
}

impl Carrying<'_> {
    /// Moves some cases in one transaction, as far as their rules let them.
    async fn together(&self, some: &[BulkItem]) -> Result<()> {
        let at = self.app.clock.moment();
        let ids: Vec<CaseId> = some.iter().map(|item| item.case_id).collect();
        let tx = self.app.store.begin().await?;
        let read = Scene::read_all(self.app, &tx, &ids, &at).await?;
        let scope = self.by.scope();
        let mut scenes: BTreeMap<CaseId, Scene> = read
            .into_iter()
            .filter(|scene| scene.live.dossier.visible(&scope))
            .map(|scene| (scene.live.dossier.case.id, scene))
            .collect();
        let mut before = undo::read(&tx, &ids, at.now).await?;
        // What another process that was faster has moved is left alone.
        let waiting = store::still_waiting(&tx, self.row.id, some).await?;
        let mut part = Part::default();
        for item in some.iter().filter(|item| waiting.contains(&item.position)) {
            let scene = scenes.get_mut(&item.case_id).zip(before.remove(&item.case_id));
            self.play(item, scene, &at, &mut part)?;
        }
        if let Some(scene) = scenes.values().next() {
            transition::keep(&tx, scene, part.written).await?;
        }
        for refused in part.refused {
            records::refuse(&tx, refused).await?;
        }
        if store::settle(&tx, part.settled).await? { Ok(tx.commit().await?) } else { Err(Error::Stale) }
    }

    /// Moves one case, or notes why it stays.
    fn play<'i>(
        &self,
        item: &'i BulkItem,
        scene: Option<(&mut Scene, Before)>,
        at: &Moment,
        part: &mut Part<'i>,
    ) -> Result<()> {
        let mut bar = |error: &Error, scene: Option<&Scene>| {
            let told = in_each(|language| why_not(error, scene, language));
            let settled =
                Settled { status: BulkItemStatus::Barred, left: None, told: Some(told), before: None };
            part.settled.push((item, settled));
        };
        let Some((scene, before)) = scene else {
            bar(&Error::NotFound, None);
            return Ok(());
        };
        part.drawn.lay(scene);
        let attempt = self.words.attempt(&self.row.event, item);
        let until = self.row.until + BEYOND;
        match held::taken(scene, (at, until), (self.words.via, self.by.person), &attempt) {
            Ok(written) => {
                part.drawn.add(&written);
                part.written.append(written);
                let before = Some(before.kept()?);
                let left = Some(item.read_version + 1);
                part.settled.push((item, Settled { status: BulkItemStatus::Done, left, told: None, before }));
            }
            Err((error, refused)) => {
                bar(&error, Some(scene));
                part.refused.extend(refused.map(|refused| *refused));
            }
        }
        Ok(())
    }
}

/// Whether the database may be tried again.
fn is_passing(error: &Error) -> bool {
    matches!(error, Error::Unavailable(_))
}

/// Why a case was not moved, in the words of its rules.
pub(super) fn why_not(error: &Error, scene: Option<&Scene>, language: &str) -> String {
    let say = |english: &str, chinese: &str| {
        if language.starts_with("zh") { chinese.to_owned() } else { english.to_owned() }
    };
    match (error, scene) {
        (Error::Refused(refusal), Some(scene)) => refusals::told(refusal, &scene.definition, language),
        (Error::Refused(refusal), None) => refusals::detail(refusal, language),
        (Error::Stale, _) => say("It changed meanwhile.", "期間已有變動。"),
        (Error::Invalid(_), _) => say(
            "This is not possible for many at once: do it in the case.",
            "此步驟無法批次辦理，請於個案辦理。",
        ),
        (Error::NotFound | Error::Forbidden { .. }, _) => {
            say("You do not see it any more.", "您已無法檢視此案。")
        }
        _ => say("It could not be done: try it in the case.", "無法辦理，請於個案重試。"),
    }
}

fn why_kept(stays: Stays, language: &str) -> &'static str {
    let chinese = language.starts_with("zh");
    match stays {
        Stays::Moved if chinese => "其後已有其他處理，維持現狀。",
        Stays::Moved => "Something has happened to it since: it stays as it is.",
        Stays::Told if chinese => "通知已寄出，維持現狀。",
        Stays::Told => "A mail about it has gone out: it stays as it is.",
        Stays::Placed if chinese => "釋出的名額已由他人取得，維持現狀。",
        Stays::Placed => "The place it gave back has gone to somebody else: it stays as it is.",
    }
}
