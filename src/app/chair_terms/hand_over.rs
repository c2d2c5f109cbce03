//! Handing the chair over: what one term leaves to the next, told at the midnight between them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;
use sojourn_engine::deadline::Calendar;
use sojourn_engine::ids::{CaseId, ChairTermId, PersonId};
use utoipa::ToSchema;

use super::ChairTermView;
use crate::access::Caller;
use crate::app::notices::{HandOverNotice, NoticeFacts};
use crate::app::{App, Error, Result};
use crate::clock::Moment;
use crate::store::chair_terms::{self as store, ChairTerm, Waiting};
use crate::store::outbox;
use crate::store::{Conn, audit, holders, institutions, sessions, workflows};

/// Cases that are named; more are only counted.
const NAMED: u64 = 20;

/// What a term of the chair leaves to the next.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HandOver {
    /// The term that ends.
    pub term: ChairTermView,
    /// The term that follows; `null` while none is entered.
    pub next: Option<ChairTermView>,
    /// Days between the two on which nobody holds the chair; `null` while none follows.
    pub vacant_days: Option<i64>,
    /// Cases that wait for the chair, the longest first: 20 at most.
    pub waiting: Vec<WaitingCase>,
    /// How many wait in all.
    pub waiting_in_all: u64,
    /// Drafts of workflows that wait for the chair's approval.
    pub drafts: Vec<DraftView>,
    /// What the person administered in the term, as the audit has it.
    pub deeds: u64,
    /// When the hand-over was told by mail; `null` until the term is over.
    pub told_at: Option<DateTime<Utc>>,
}

/// A case that waits for the chair.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WaitingCase {
    /// The case.
    pub case: CaseId,
    /// Reference of its application; `null` for other cases.
    pub reference: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// A draft of a workflow.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DraftView {
    /// The workflow.
    pub workflow: String,
    /// Number of the version.
    pub number: i32,
}

impl From<Waiting> for WaitingCase {
    fn from(Waiting { case, reference, since }: Waiting) -> Self {
        Self { case, reference, since }
    }
}

/// What a term leaves to the next, for the secretariat, whoever holds the chair today, and the two that hand it over.
///
/// # Errors
/// [`Error::NotFound`] for no such term, [`Error::Forbidden`] for anybody else.
pub async fn get(app: &App, caller: &Caller, id: ChairTermId) -> Result<HandOver> {
    let conn = app.store.read();
    let term = store::find(conn, id).await?.ok_or(Error::NotFound)?;
    let found = of(app, conn, term).await?;
    let hands = [Some(found.term.person), found.next.as_ref().map(|next| next.person)];
    if !caller.is_secretariat() && !caller.is_chair() && !hands.contains(&Some(caller.person)) {
        let needs = "the secretariat, or who holds the chair before or after".to_owned();
        return Err(Error::Forbidden { needs });
    }
    Ok(found)
}

async fn of(app: &App, conn: &impl Conn, term: ChairTerm) -> Result<HandOver> {
    let next = store::after(conn, term.until_on).await?;
    let (waiting, waiting_in_all) = store::waiting(conn, NAMED).await?;
    let drafts = workflows::drafts(conn).await?;
    let days = Calendar::plain(app.zone);
    let span = (days.start_of(term.from_on), days.end_of(term.until_on) + TimeDelta::seconds(1));
    Ok(HandOver {
        vacant_days: next.as_ref().map(|next| (next.from_on - term.until_on).num_days() - 1),
        next: next.map(Into::into),
        waiting: waiting.into_iter().map(Into::into).collect(),
        waiting_in_all,
        drafts: drafts.into_iter().map(|(workflow, number)| DraftView { workflow, number }).collect(),
        deeds: audit::deeds_of(conn, term.person_id, span).await?,
        told_at: term.handed_over_at,
        term: term.into(),
    })
}

impl App {
    /// Tells of every term that is over: whoever held the chair, whoever holds it next, and the secretariat. Says how many.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn hand_chairs_over(&self, at: &Moment) -> Result<usize> {
        let today = at.now.with_timezone(&self.zone).date_naive();
        let over = store::to_hand_over(self.store.read(), today).await?;
        for term in &over {
            self.tell(term, at, today).await?;
        }
        Ok(over.len())
    }

    async fn tell(&self, term: &ChairTerm, at: &Moment, today: NaiveDate) -> Result<()> {
        let tx = self.store.begin().await?;
        if !store::hand_over(&tx, term.id, at.now).await? {
            return Ok(());
        }
        let left = of(self, &tx, term.clone()).await?;
        let facts = NoticeFacts::HandOver(Box::new(facts(&tx, &left).await?));
        let mut readers: Vec<PersonId> = vec![term.person_id];
        readers.extend(left.next.iter().map(|next| next.person));
        readers.extend(holders::staff(&tx, &[], today, &[]).await?.iter().map(|holder| holder.person));
        readers.sort_unstable();
        readers.dedup();
        let mut notices = Vec::with_capacity(readers.len());
        for reader in readers {
            let reader = (reader, sessions::language(&tx, reader).await?);
            notices.push(facts.about_no_case("chair_handed_over", false, reader, at)?);
        }
        outbox::add(&tx, notices).await?;
        tx.commit().await?;
        self.wake.notify_one();
        Ok(())
    }
}

async fn facts(conn: &impl Conn, left: &HandOver) -> Result<HandOverNotice> {
    let name = async |id| -> Result<String> {
        Ok(institutions::find(conn, id).await?.map(|row| row.name).unwrap_or_default())
    };
    let next = match &left.next {
        Some(next) => Some((name(next.institution).await?, next.from_on)),
        None => None,
    };
    Ok(HandOverNotice {
        term: left.term.id,
        from_on: left.term.from_on,
        until_on: left.term.until_on,
        institution: name(left.term.institution).await?,
        next,
        waiting: left.waiting_in_all,
        references: left.waiting.iter().filter_map(|one| one.reference.clone()).collect(),
        drafts: left.drafts.iter().map(|draft| format!("{} {}", draft.workflow, draft.number)).collect(),
    })
}
