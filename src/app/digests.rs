//! Digests: what may wait, in one mail a day.
//!
//! A digest is a notice of its own, made in one transaction with the note that each notice in it goes with it: however often a worker
//! dies, each is in one digest. What somebody has acted on meanwhile is told as news, not as something to do.

use sojourn_engine::definition::MAIN;
use sojourn_engine::ids::{CaseId, NoticeId, PersonId};
use tracing::error;

use super::notices::{DigestItem, DigestNotice, NoticeFacts};
use super::{App, Result};
use crate::clock::Moment;
use crate::store::outbox;
use crate::store::sessions;

/// People looked after in one round.
const MOST: u64 = 50;
/// Notices one digest tells of; what is more is counted.
const LONGEST: usize = 100;

impl App {
    /// Makes the digests that are due, and says how many.
    ///
    /// # Errors
    /// Faults of the database in looking for them; one that cannot be made is logged and keeps no other back.
    pub async fn make_digests(&self, at: &Moment) -> Result<usize> {
        let mut made = 0;
        for person in outbox::digests_due(self.store.read(), at.now, MOST).await? {
            match self.make_digest(at, person).await {
                Ok(one) => made += usize::from(one),
                Err(fault) => error!(%fault, %person, "a digest could not be made"),
            }
        }
        if made > 0 {
            self.wake.notify_one();
        }
        Ok(made)
    }

    async fn make_digest(&self, at: &Moment, person: PersonId) -> Result<bool> {
        let tx = self.store.begin().await?;
        let waiting = outbox::for_digest(&tx, person, at.now).await?;
        let ids: Vec<NoticeId> = waiting.iter().map(|notice| notice.id).collect();
        let mut items: Vec<DigestItem> = waiting
            .into_iter()
            .filter_map(|notice| {
                let facts = notice.facts.and_then(|facts| serde_json::from_value(facts).ok())?;
                let NoticeFacts::Case(case) = facts else { return None };
                Some(DigestItem { id: notice.id, notice: notice.notice, action: notice.action, case })
            })
            .collect();
        if ids.is_empty() {
            return Ok(false);
        }
        let cases: Vec<CaseId> = items.iter().map(|item| item.case.case).collect();
        let states = outbox::states(&tx, &cases).await?;
        for item in &mut items {
            let moved = |(case, state): &(CaseId, String)| *case == item.case.case && *state != item.case.to;
            item.action &= item.case.machine != MAIN || !states.iter().any(moved);
        }
        let more = u32::try_from(items.len().saturating_sub(LONGEST)).unwrap_or(u32::MAX);
        items.sort_by_key(|item| (!item.action, item.case.due_at.is_none(), item.case.due_at));
        items.truncate(LONGEST);
        let reader = (person, sessions::language(&tx, person).await?);
        let facts = NoticeFacts::Digest(DigestNotice { items, more });
        let notice = facts.about_no_case("digest", false, reader, at)?;
        outbox::carry(&tx, notice.id, &ids).await?;
        outbox::add(&tx, vec![notice]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Ends the digests of whoever a link to that end was made for; `false` for one this instance has not made.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn end_digests(&self, token: &str) -> Result<bool> {
        let Some(person) = self.links.read_unsubscribe(token) else { return Ok(false) };
        let tx = self.store.begin().await?;
        crate::store::people::end_digests(&tx, person).await?;
        tx.commit().await?;
        Ok(true)
    }
}
