//! Moving the cases of a bulk, or putting them back: each in a transaction of its own, so that a process that dies leaves none half done,
//! and any other goes on from there.

use sojourn_engine::ids::BulkId;
use sojourn_engine::vocabulary::{BulkItemStatus, BulkStatus, Via};
use tracing::warn;

use super::{BEYOND, Words, in_each};
use crate::access::Scope;
use crate::app::refusals;
use crate::app::scene::Scene;
use crate::app::transition::call_back::{Stays, call_back};
use crate::app::transition::held;
use crate::app::{App, Error, Result};
use crate::store::bulks::{self as store, Bulk, BulkItem, Settled};
use crate::store::undo::{self, Before};

/// Cases looked up at a time.
const BATCH: u64 = 50;

impl App {
    /// Carries every bulk on to its end, until `stop` says so; says how many cases were looked at.
    ///
    /// # Errors
    /// Those of the database; what one case runs into is kept with it.
    pub async fn carry_bulks_on(&self, stop: impl Fn() -> bool) -> Result<usize> {
        let mut carried = 0;
        for row in store::going_on(self.store.read()).await? {
            while !stop() {
                let some = self.carry_bulk(row.id, usize::try_from(BATCH).unwrap_or(usize::MAX)).await?;
                carried += some;
                if some == 0 {
                    break;
                }
            }
        }
        Ok(carried)
    }

    /// Carries a bulk on by so many cases at most; says by how many.
    pub(super) async fn carry_bulk(&self, id: BulkId, most: usize) -> Result<usize> {
        let mut carried = 0;
        while carried < most {
            // Somebody may call it back between two cases.
            let Some(row) = store::find(self.store.read(), id).await? else { break };
            let (from, to) = match row.status {
                BulkStatus::GoingOn => (BulkItemStatus::Waiting, BulkStatus::Done),
                BulkStatus::CallingBack => (BulkItemStatus::Done, BulkStatus::CalledBack),
                BulkStatus::Done | BulkStatus::CalledBack => break,
            };
            let Some(item) = store::next(self.store.read(), id, from, 1).await?.pop() else {
                self.finish(&row, to).await?;
                break;
            };
            match row.status {
                BulkStatus::GoingOn => self.carry_one(&row, &item).await?,
                BulkStatus::CallingBack => self.put_back(&row, &item).await?,
                BulkStatus::Done | BulkStatus::CalledBack => break,
            }
            carried += 1;
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

    async fn carry_one(&self, row: &Bulk, item: &BulkItem) -> Result<()> {
        let by = self.person_as_caller(row.created_by).await?;
        let words: Option<Words> = row.words.clone().and_then(|words| serde_json::from_value(words).ok());
        let Some(words) = words else { return Ok(()) };
        let at = self.clock.moment();
        let attempt = words.attempt(&row.event, item);
        let tx = self.store.begin().await?;
        let before = undo::read(&tx, item.case_id, at.now).await?;
        let mut scene = match Scene::read(self, &tx, &by.scope(), item.case_id, &at).await {
            Ok(scene) => scene,
            Err(error @ Error::NotFound) => {
                drop(tx);
                return self.barred(item, &error, None, None).await;
            }
            Err(error) => return Err(error),
        };
        let Some(before) = before else { return Ok(()) };
        let held = (&at, row.until + BEYOND);
        match held::fire(&tx, &mut scene, held, (words.via, by.person), &attempt).await {
            Ok(()) => {}
            // The database is tried again, the rules are not.
            Err((error @ Error::Unavailable(_), _)) => return Err(error),
            Err((error, refused)) => {
                drop(tx);
                return self.barred(item, &error, Some(&scene), refused).await;
            }
        }
        let settled = Settled {
            status: BulkItemStatus::Done,
            left: Some(item.read_version + 1),
            told: None,
            before: Some(before.kept()?),
        };
        // Another process that was faster has moved the case: this one leaves it alone.
        if store::settle(&tx, item, settled).await? {
            tx.commit().await?;
        }
        Ok(())
    }

    async fn barred(
        &self,
        item: &BulkItem,
        error: &Error,
        scene: Option<&Scene>,
        refused: Option<Box<crate::store::records::Refused>>,
    ) -> Result<()> {
        if let Error::Internal(_) = error {
            warn!(case = %item.case_id, %error, "a case of a bulk could not be moved");
        }
        let told = in_each(|language| why_not(error, scene, language));
        let tx = self.store.begin().await?;
        let settled = Settled { status: BulkItemStatus::Barred, left: None, told: Some(told), before: None };
        if store::settle(&tx, item, settled).await? {
            held::keep_refused(&tx, refused).await?;
            tx.commit().await?;
        }
        Ok(())
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
                if store::settle(&tx, item, settled).await? {
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
        store::settle(&tx, item, settled).await?;
        Ok(tx.commit().await?)
    }
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
