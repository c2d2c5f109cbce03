//! Notices on their way: claimed for a worker, named for the mail, settled.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use sojourn_engine::ids::{LeaseId, NoticeId, PersonId};
use sojourn_engine::vocabulary::{NoticeStatus, TokenKind};

use crate::app::notices::{CheckpointNotice, Letter, LinkNotice, NoticeFacts, Reader};
use crate::app::{App, Result, bounces};
use crate::clock::Moment;
use crate::config;
use crate::store::checkpoints;
use crate::store::outbox::{self, Addressed, Claimed, Ended, Settled};
use crate::store::{email_changes, sign_ups};

/// How long the facts of a sent notice are kept.
const FACTS: TimeDelta = TimeDelta::days(30);
/// Largest file that goes with a mail, in bytes.
const LARGEST: usize = 5 * 1024 * 1024;
/// Why a notice goes nowhere.
const UNADDRESSED: &str = "its recipient has no e-mail address: give them one, then retry";
/// The page on which somebody who is away names who acts for them.
const DELEGATE: &str = "/absence";
/// Most characters kept of what a server said.
const WORDS: usize = 1_000;

/// How long and how often a notice is tried.
#[derive(Debug, Clone)]
pub struct Patience {
    /// Waits between tries; the last repeats.
    waits: Vec<TimeDelta>,
    /// Tries until it is given up. Counted, because a clock that jumps would end a time.
    tries: i16,
    /// How long a worker has a notice without renewing its claim.
    lease: TimeDelta,
}

impl Patience {
    /// As the settings say.
    pub fn of(settings: &config::Mail) -> Self {
        let waits = settings.retry_seconds.iter().map(|seconds| TimeDelta::seconds((*seconds).into()));
        let lease = TimeDelta::seconds(settings.lease_seconds.into());
        Self { waits: waits.collect(), tries: i16::try_from(settings.tries).unwrap_or(i16::MAX), lease }
    }

    /// How long a claim holds.
    pub const fn lease(&self) -> TimeDelta {
        self.lease
    }

    /// The wait after so many tries; `None` when there were enough.
    fn wait(&self, tries: i16) -> Option<TimeDelta> {
        let at = usize::try_from(tries).unwrap_or(0).saturating_sub(1);
        self.waits.get(at).or(self.waits.last()).copied().filter(|_| tries < self.tries)
    }

    fn longest(&self) -> TimeDelta {
        self.waits.iter().max().copied().unwrap_or_default()
    }
}

/// A claimed notice, ready to be written or past writing.
#[derive(Debug, Clone)]
pub struct Due {
    /// Its row.
    pub id: NoticeId,
    /// How often it was tried before.
    pub attempts: i16,
    /// The letter, or why there can be none.
    pub letter: std::result::Result<Letter, String>,
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiving side has it.
    Sent,
    /// The server or the line puts it off.
    Later(String),
    /// It can never be taken.
    Never(String),
    /// The same, because there is no such mailbox.
    NoMailbox(String),
    /// It was not tried.
    Untried,
}

impl App {
    /// Claims notices that are due and names the people in them.
    pub async fn claim_notices(&self, at: &Moment, lease: LeaseId, most: u64) -> Result<Vec<Due>> {
        let tx = self.store.begin().await?;
        let claimed = outbox::claim(&tx, lease, at.now, at.now + self.patience.lease, most).await?;
        tx.commit().await?;
        let mut facts: Vec<Option<NoticeFacts>> = claimed.iter().map(facts).collect();
        let told = claimed.iter().zip(&mut facts).map(|(row, facts)| (row.id, row.recipient, facts));
        self.stand(lease, told.collect()).await?;
        self.due(claimed, facts).await
    }

    async fn due(&self, claimed: Vec<Claimed>, facts: Vec<Option<NoticeFacts>>) -> Result<Vec<Due>> {
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        let mut people: BTreeSet<PersonId> = claimed.iter().filter_map(|row| row.recipient).collect();
        people.extend(facts.iter().flatten().filter_map(NoticeFacts::names));
        let people: Vec<PersonId> = people.into_iter().collect();
        let known = outbox::addressed(self.store.read(), &people).await?;
        let mut due = Vec::with_capacity(claimed.len());
        for (row, facts) in claimed.into_iter().zip(facts) {
            let (id, attempts) = (row.id, row.attempts);
            let reader = row.recipient.and_then(|person| known.get(&person));
            let named = facts.as_ref().and_then(NoticeFacts::names).and_then(|person| known.get(&person));
            let mut letter = self.letter(row, facts, reader, named).await?;
            if let Ok(letter) = &mut letter {
                self.carried(letter).await?;
                letter.enclosed = self.enclosed(&letter.facts).await?;
            }
            due.push(Due { id, attempts, letter });
        }
        Ok(due)
    }

    async fn letter(
        &self,
        row: Claimed,
        facts: Option<NoticeFacts>,
        reader: Option<&Addressed>,
        student: Option<&Addressed>,
    ) -> Result<std::result::Result<Letter, String>> {
        let Some(facts) = facts else {
            return Ok(Err("what it said is gone: nothing can be sent".to_owned()));
        };
        if let NoticeFacts::SignUp(link) = &facts {
            let newcomer = self.newcomer(link).await?;
            return Ok(newcomer.map(|reader| self.plain(&row, facts, reader)));
        }
        let address = match self.address_for(&facts, reader).await? {
            Ok(address) => address,
            Err(why) => return Ok(Err(why)),
        };
        let Some(reader) = reader else { return Ok(Err(UNADDRESSED.to_owned())) };
        let applicant = row.recipient.is_some() && row.recipient == facts.names();
        let definition = match facts.version() {
            Some(version) => Some(self.definitions.get(self.store.read(), version).await?),
            None => None,
        };
        let zone = reader.zone.as_deref().and_then(|zone| zone.parse().ok()).unwrap_or(self.zone);
        Ok(Ok(Letter {
            id: row.id,
            notice: row.notice,
            action: row.action,
            queued_at: row.queued_at,
            link: row.link.map_or_else(|| self.link(&facts), |id| self.links.act(id)),
            delegate: (row.action
                && row.link.is_none()
                && reader.works
                && matches!(facts, NoticeFacts::Case(_)))
            .then(|| self.links.page(DELEGATE)),
            unsubscribe: row
                .recipient
                .filter(|_| matches!(facts, NoticeFacts::Digest(_)))
                .map(|person| self.links.unsubscribe(person)),
            facts,
            reader: Reader {
                name: reader.name.clone(),
                address,
                language: reader.language.clone(),
                zone,
                applicant,
            },
            student: student.map(|student| student.name.clone()).filter(|name| !name.is_empty()),
            definition,
            digest: Vec::new(),
            enclosed: None,
        }))
    }

    /// The address that a notice goes to, or why to none.
    async fn address_for(
        &self,
        facts: &NoticeFacts,
        reader: Option<&Addressed>,
    ) -> Result<std::result::Result<String, String>> {
        let Some(address) = reader.and_then(|reader| reader.address.clone()) else {
            return Ok(Err(UNADDRESSED.to_owned()));
        };
        Ok(match self.elsewhere(facts).await? {
            Some(next) => Ok(next),
            None if matches!(facts, NoticeFacts::EmailNext(_)) => {
                Err("the change of address it asks about is over: nothing can be sent".to_owned())
            }
            None => Ok(address),
        })
    }

    /// Whoever wants an account at an address, or why they cannot be written to.
    async fn newcomer(&self, link: &LinkNotice) -> Result<std::result::Result<Reader, String>> {
        let row = sign_ups::find(self.store.read(), link.token).await?;
        let gone = || "the address that wanted an account is gone: nothing can be sent".to_owned();
        Ok(row.ok_or_else(gone).map(|row| Reader {
            name: String::new(),
            address: row.email,
            language: row.language,
            zone: self.zone,
            applicant: false,
        }))
    }

    /// A letter about nothing but its link.
    fn plain(&self, row: &Claimed, facts: NoticeFacts, reader: Reader) -> Letter {
        Letter {
            id: row.id,
            notice: row.notice.clone(),
            action: row.action,
            queued_at: row.queued_at,
            link: self.link(&facts),
            delegate: None,
            unsubscribe: None,
            facts,
            reader,
            student: None,
            definition: None,
            digest: Vec::new(),
            enclosed: None,
        }
    }

    /// The address a notice goes to when it is none of a person's yet.
    async fn elsewhere(&self, facts: &NoticeFacts) -> Result<Option<String>> {
        let NoticeFacts::EmailNext(link) = facts else { return Ok(None) };
        let change = email_changes::find(self.store.read(), link.token).await?;
        Ok(change.map(|change| change.email))
    }

    /// The letters a digest tells of, to the same reader.
    async fn carried(&self, digest: &mut Letter) -> Result<()> {
        let NoticeFacts::Digest(facts) = &digest.facts else { return Ok(()) };
        let mut letters = Vec::with_capacity(facts.items.len());
        for item in &facts.items {
            let facts = NoticeFacts::Case(item.case.clone());
            letters.push(Letter {
                id: item.id,
                notice: item.notice.clone(),
                action: item.action,
                link: self.link(&facts),
                definition: Some(self.definitions.get(self.store.read(), item.case.version).await?),
                facts,
                delegate: None,
                unsubscribe: None,
                student: None,
                digest: Vec::new(),
                enclosed: None,
                reader: digest.reader.clone(),
                queued_at: digest.queued_at,
            });
        }
        digest.digest = letters;
        Ok(())
    }

    /// The file that goes with a letter; one that mail servers would not take stays here.
    async fn enclosed(&self, facts: &NoticeFacts) -> Result<Option<(String, String)>> {
        let NoticeFacts::Checkpoint(CheckpointNotice { number, .. }) = facts else { return Ok(None) };
        let row = checkpoints::find(self.store.read(), *number).await?;
        let fits = row.filter(|row| row.file.len() <= LARGEST);
        Ok(fits.map(|row| (format!("checkpoint-{number}.json"), row.file)))
    }

    fn link(&self, facts: &NoticeFacts) -> String {
        match facts {
            NoticeFacts::Case(case) => self.links.page(&match (case.programme_id, case.agreement_id) {
                (Some(programme), _) => format!("/programmes/{programme}"),
                (None, Some(agreement)) => format!("/agreements/{agreement}"),
                (None, None) => format!("/cases/{}", case.case),
            }),
            NoticeFacts::Unreachable(_) | NoticeFacts::Checkpoint(_) => self.links.page("/"),
            NoticeFacts::HandOver(_) | NoticeFacts::Absence(_) | NoticeFacts::Digest(_) => {
                self.links.page("/cases?waiting_for_me=true")
            }
            NoticeFacts::Balance(balance) => self.links.page(&match balance.agreement {
                Some(agreement) => format!("/agreements/{agreement}/statements/{}", balance.statement),
                None => "/balances".to_owned(),
            }),
            NoticeFacts::Message(message) => self.links.page(&format!("/cases/{}/messages", message.case)),
            NoticeFacts::Account(_) => self.links.page("/account"),
            NoticeFacts::Invitation(link)
            | NoticeFacts::PasswordReset(link)
            | NoticeFacts::EmailPresent(link)
            | NoticeFacts::EmailNext(link)
            | NoticeFacts::SignUp(link) => {
                let kind = facts.one_time().map_or(TokenKind::PasswordReset, |(_, kind)| kind);
                self.links.address(link.token, kind)
            }
        }
    }

    /// The letter of a notice, or why there can be none; `None` when what it said is gone.
    pub(super) async fn letter_of(
        &self,
        id: NoticeId,
    ) -> Result<Option<std::result::Result<Letter, String>>> {
        let Some(said) = outbox::said(self.store.read(), id).await? else { return Ok(None) };
        let linked = said.link.is_some();
        let told = vec![facts(&said)];
        let mut letter = self.due(vec![said], told).await?.pop().map(|due| due.letter);
        if let Some(Ok(letter)) = &mut letter
            && (linked || letter.facts.one_time().is_some())
        {
            // Whoever has the link can act: it is for its recipient alone.
            letter.link = self.links.page("/…");
        }
        Ok(letter)
    }

    /// Keeps claimed notices for another while, and says which of them are still this worker's.
    pub async fn renew_notices(
        &self,
        at: &Moment,
        held: &BTreeMap<NoticeId, LeaseId>,
    ) -> Result<BTreeSet<NoticeId>> {
        let tx = self.store.begin().await?;
        let kept = outbox::renew(&tx, held, at.now + self.patience.lease).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Settles claimed notices, each under its claim; one whose claim has run out is left to the worker that has it now.
    pub async fn settle_notices(&self, at: &Moment, ended: &[(LeaseId, Due, Outcome)]) -> Result<()> {
        let settled = |(lease, due, outcome): &(LeaseId, Due, Outcome)| Ended {
            id: due.id,
            lease: *lease,
            settled: self.settled(at.now, due.attempts.saturating_add(1), outcome),
        };
        let settled: Vec<Ended> = ended.iter().map(settled).collect();
        let tx = self.store.begin().await?;
        for (lease, due, outcome) in ended {
            let Outcome::NoMailbox(words) = outcome else { continue };
            if let Some(row) = outbox::held(&tx, due.id, *lease).await? {
                bounces::unreachable(self, &tx, at, &row, &kept(words)).await?;
            }
        }
        outbox::settle(&tx, &settled, at.now).await?;
        for (_, due, outcome) in ended {
            let is_digest = |letter: &Letter| matches!(letter.facts, NoticeFacts::Digest(_));
            if !due.letter.as_ref().is_ok_and(is_digest) {
                continue;
            }
            match outcome {
                Outcome::Sent => outbox::follow(&tx, due.id, NoticeStatus::Sent, Some(at.now)).await?,
                Outcome::Never(_) | Outcome::NoMailbox(_) => {
                    outbox::follow(&tx, due.id, NoticeStatus::Failed, None).await?;
                }
                Outcome::Later(_) | Outcome::Untried => {}
            }
        }
        Ok(tx.commit().await?)
    }

    fn settled(&self, now: DateTime<Utc>, tries: i16, outcome: &Outcome) -> Settled {
        match outcome {
            Outcome::Sent => Settled::Sent,
            Outcome::Untried => Settled::Untried,
            Outcome::Never(words) | Outcome::NoMailbox(words) => Settled::Failed(kept(words)),
            Outcome::Later(words) => match self.patience.wait(tries) {
                Some(wait) => Settled::Deferred(now + wait, kept(words)),
                None => Settled::Failed(format!("given up after {tries} tries: {}", kept(words))),
            },
        }
    }

    /// Brings back what a clock that jumped has put out of reach, and says how many notices that were.
    pub async fn release_jumped(&self, at: &Moment) -> Result<u64> {
        let tx = self.store.begin().await?;
        let freed = outbox::release_jumped(&tx, at.now, self.patience.longest(), self.patience.lease).await?;
        tx.commit().await?;
        Ok(freed)
    }

    /// Empties the facts of notices sent long ago, and says of how many.
    pub async fn forget_notices(&self, at: &Moment) -> Result<u64> {
        let tx = self.store.begin().await?;
        let forgotten = outbox::forget(&tx, at.now - FACTS).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}

/// Words of a stranger as they are kept: not endless, and with nothing a database refuses.
fn kept(words: &str) -> String {
    words.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(WORDS).collect()
}

fn facts(row: &Claimed) -> Option<NoticeFacts> {
    row.facts.clone().and_then(|facts| serde_json::from_value(facts).ok())
}
