//! Where somebody stands on waiting lists, as a mail that says they wait tells it: read when it is first about to go out, then kept with
//! its facts, so that a second try and whoever looks at it later read the same.

use std::collections::BTreeMap;

use sojourn_engine::ids::{CaseId, LeaseId, NoticeId, PersonId};

use crate::app::notices::NoticeFacts;
use crate::app::waiting_lists::{self, Standing};
use crate::app::{App, Result};
use crate::store::outbox;

/// A claimed notice: its id, whom it is for, and what it tells.
pub(super) type Told<'a> = (NoticeId, Option<PersonId>, &'a mut Option<NoticeFacts>);

impl App {
    /// Adds to notices that tell applicants they wait for a place where they stand now.
    pub(super) async fn stand(&self, lease: LeaseId, claimed: Vec<Told<'_>>) -> Result<()> {
        let mut asking = Vec::new();
        for (id, recipient, facts) in claimed {
            if let Some(case) = self.asks(recipient, facts.as_ref()).await? {
                asking.push((id, case, facts));
            }
        }
        if asking.is_empty() {
            return Ok(());
        }
        let cases: Vec<CaseId> = asking.iter().map(|(_, case, _)| *case).collect();
        let mut known: BTreeMap<CaseId, Vec<Standing>> =
            waiting_lists::standings_of(self, self.store.read(), &cases).await?;
        let mut kept = Vec::new();
        for (id, case, facts) in asking {
            let (Some(NoticeFacts::Case(notice)), Some(standing)) = (facts.as_mut(), known.remove(&case))
            else {
                continue;
            };
            notice.standing = standing;
            kept.extend(serde_json::to_value(&*facts).ok().map(|facts| (id, facts)));
        }
        let tx = self.store.begin().await?;
        outbox::keep_facts(&tx, lease, kept).await?;
        Ok(tx.commit().await?)
    }

    /// The case of a notice that tells its applicant that they wait, where it does not say yet in which position.
    async fn asks(&self, recipient: Option<PersonId>, facts: Option<&NoticeFacts>) -> Result<Option<CaseId>> {
        let Some(NoticeFacts::Case(notice)) = facts else { return Ok(None) };
        if recipient.is_none() || recipient != notice.student || !notice.standing.is_empty() {
            return Ok(None);
        }
        let definition = self.definitions.get(self.store.read(), notice.version).await?;
        let main = notice.machine == definition.machine_text(None);
        let waits = definition.state_named(&notice.to).and_then(|state| definition.offered_in(state));
        Ok(waits.filter(|_| main).map(|_| notice.case))
    }
}
