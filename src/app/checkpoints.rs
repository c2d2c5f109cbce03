//! Checkpoints: every night a signed statement of all steps since the one before, sent to the head of every member.
//!
//! A hash chain shows a change to whoever holds its end; who can write to the database can also write a whole chain anew. A
//! checkpoint that others hold shows that too, and names the first step that is not as it was. Signed with Ed25519 (RFC 8032) under a
//! key made from the instance's own.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sojourn_engine::ids::{CaseId, PersonId};

use super::notices::{CheckpointNotice, NoticeFacts};
use super::{App, Error, Result};
use crate::clock::Moment;
use crate::store::checkpoints::{self as store, Checkpoint as Row, Unsigned};
use crate::store::outbox::{self, NewNotice};
use crate::store::{Conn, audit, holders};

/// The hour from which it is made: when little happens, in the zone of the alliance.
const HOUR: u32 = 2;
/// Cases whose steps are compared at a time.
const RANGE: usize = 500;
/// The longest that a command runs.
const COMMAND: TimeDelta = TimeDelta::minutes(10);
/// What the key is made for.
const PURPOSE: &[u8] = b"sojourn checkpoint";

/// What a checkpoint states; the signature is over its JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// 1, 2, 3 …
    pub number: i32,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// SHA-256 of the statement before, in hexadecimal digits; `null` for the first.
    pub previous: Option<String>,
    /// Cases there were.
    pub cases: u64,
    /// Steps there were.
    pub steps: u64,
    /// SHA-256 of the JSON of the steps listed beside, in hexadecimal digits.
    pub digest: String,
    /// What people did outside the steps since the checkpoint before.
    pub audit: Audited,
}

/// A part of the audit: everything up to an instant that the checkpoints before do not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audited {
    /// Up to when; no command of that time runs any more.
    pub until: DateTime<Utc>,
    /// How many entries.
    pub entries: u64,
    /// SHA-256 of their JSON in the order of their ids, in hexadecimal digits.
    pub digest: String,
}

/// Steps of one case since the checkpoint before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// The case.
    pub case: CaseId,
    /// Number of the first of them.
    pub from: i32,
    /// Their hashes in hexadecimal digits.
    pub hashes: Vec<String>,
}

/// A checkpoint, as its file holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// What it states.
    pub statement: Statement,
    /// Ed25519 over the JSON of the statement, in hexadecimal digits.
    pub signature: String,
    /// The public key, in hexadecimal digits; the same in every checkpoint of an instance.
    pub key: String,
    /// The steps its digest is over.
    pub steps: Vec<Steps>,
}

/// Why a file is no checkpoint of this instance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// It cannot be read.
    #[error("it is no checkpoint: {0}")]
    Shape(String),
    /// Its steps are not those it was signed with.
    #[error("its steps are not those it was signed with: the file was changed")]
    Digest,
    /// The signature does not fit.
    #[error("its signature does not fit: the file was changed")]
    Signature,
    /// Another key.
    #[error("it was signed with the key {0}, which is not this instance's")]
    Key(String),
}

/// The key that checkpoints are signed with.
#[derive(Clone)]
pub struct Seal(SigningKey);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Seal").field(&self.key()).finish()
    }
}

impl Seal {
    /// The seal of the instance that has this key.
    pub fn new(instance_key: &SecretString) -> Self {
        let mut seed = Sha256::new();
        seed.update(PURPOSE);
        seed.update(instance_key.expose_secret().as_bytes());
        Self(SigningKey::from_bytes(&seed.finalize().into()))
    }

    /// The public key, in hexadecimal digits.
    pub fn key(&self) -> String {
        hex::encode(self.0.verifying_key().as_bytes())
    }

    fn sign(&self, statement: Statement, steps: Vec<Steps>) -> Result<Checkpoint> {
        let signature = self.0.sign(&json(&statement)?);
        Ok(Checkpoint { statement, signature: hex::encode(signature.to_bytes()), key: self.key(), steps })
    }
}

fn json(of: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(of).map_err(|fault| Error::Internal(Box::new(fault)))
}

fn digest(of: &impl Serialize) -> Result<String> {
    Ok(hex::encode(Sha256::digest(json(of)?)))
}

impl Checkpoint {
    /// Reads a file, and proves that nobody has changed it since it was signed with its key.
    ///
    /// # Errors
    /// [`Unsound`] says why not.
    pub fn read(text: &str) -> std::result::Result<Self, Unsound> {
        let read: Self = serde_json::from_str(text).map_err(|fault| Unsound::Shape(fault.to_string()))?;
        if digest(&read.steps).ok().as_ref() != Some(&read.statement.digest) {
            return Err(Unsound::Digest);
        }
        let bytes = |text: &str| hex::decode(text).unwrap_or_default();
        let key =
            <[u8; 32]>::try_from(bytes(&read.key)).ok().and_then(|key| VerifyingKey::from_bytes(&key).ok());
        let signature = Signature::from_slice(&bytes(&read.signature)).ok();
        let (Some(key), Some(signature)) = (key, signature) else { return Err(Unsound::Signature) };
        let said = json(&read.statement).map_err(|_| Unsound::Signature)?;
        key.verify_strict(&said, &signature).map_err(|_| Unsound::Signature)?;
        Ok(read)
    }

    /// The steps it lists that are not in a record, or not as they were, each by case and number.
    pub fn differing<'a>(
        &'a self,
        hash: impl Fn(CaseId, i32) -> Option<&'a [u8]>,
    ) -> impl Iterator<Item = (CaseId, i32)> {
        self.steps.iter().filter_map(move |of| {
            let mut numbered = (of.from..).zip(&of.hashes);
            let differs = |(number, known): &(i32, &String)| {
                hash(of.case, *number).is_none_or(|now| hex::encode(now) != **known)
            };
            numbered.find(differs).map(|(number, _)| (of.case, number))
        })
    }
}

impl App {
    /// Makes the checkpoint of the night when it is time for it and none has; says its number.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn nightly_checkpoint(&self, at: &Moment) -> Result<Option<i32>> {
        let local = at.now.with_timezone(&self.zone);
        let tonight = local.date_naive();
        let made = store::last_made(self.store.read()).await?;
        let done = made.is_some_and(|made| made.with_timezone(&self.zone).date_naive() >= tonight);
        if done || local.hour() < HOUR {
            return Ok(None);
        }
        Ok(Some(self.make_checkpoint(at).await?.statement.number))
    }

    /// Signs all steps since the checkpoint before and queues it for the head of every member.
    ///
    /// # Errors
    /// Faults of the database; [`Error::Stale`] when another process has just made one.
    pub async fn make_checkpoint(&self, at: &Moment) -> Result<Checkpoint> {
        let conn = self.store.read();
        let unsigned = store::unsigned(conn).await?;
        let (cases, steps) = store::counts(conn).await?;
        let listed: Vec<Steps> = unsigned.iter().map(Steps::from).collect();
        let tx = self.store.begin().await?;
        let before = store::newest(&tx).await?;
        let audited_until = match &before {
            Some(before) => self.own_checkpoint(&before.file).ok().map(|read| read.statement.audit.until),
            None => None,
        };
        let audited = audited(&tx, audited_until, at.now - COMMAND).await?;
        let statement = Statement {
            number: before.as_ref().map_or(1, |before| before.number + 1),
            at: at.now,
            previous: before.map(|before| hex::encode(before.hash)),
            cases,
            steps,
            digest: digest(&listed)?,
            audit: audited,
        };
        let hash = Sha256::digest(json(&statement)?).to_vec();
        let made = self.seal.sign(statement, listed)?;
        let file = String::from_utf8(json(&made)?).map_err(|fault| Error::Internal(Box::new(fault)))?;
        let row = Row { number: made.statement.number, at: at.now, hash, file };
        store::keep(&tx, row, &unsigned).await?;
        let heads = holders::heads_of_members(&tx, self.today()).await?;
        outbox::add(&tx, told(&made.statement, heads, at)?).await?;
        tx.commit().await?;
        self.wake.notify_one();
        Ok(made)
    }

    /// Compares the record with a checkpoint: cases with the first step that is not as it was.
    ///
    /// # Errors
    /// Faults of the database.
    pub async fn differing_from(&self, checkpoint: &Checkpoint) -> Result<Vec<(CaseId, i32)>> {
        let mut all = Vec::new();
        for steps in checkpoint.steps.chunks(RANGE) {
            let cases: Vec<CaseId> = steps.iter().map(|of| of.case).collect();
            let now = store::hashes(self.store.read(), &cases).await?;
            let part = Checkpoint { steps: steps.to_vec(), ..checkpoint.clone() };
            all.extend(part.differing(|case, number| now.get(&(case, number)).map(Vec::as_slice)));
        }
        Ok(all)
    }

    /// Reads a file that somebody has kept as a checkpoint of this instance.
    ///
    /// # Errors
    /// [`Unsound`] says why it is none.
    pub fn own_checkpoint(&self, text: &str) -> std::result::Result<Checkpoint, Unsound> {
        let read = Checkpoint::read(text)?;
        if read.key == self.seal.key() { Ok(read) } else { Err(Unsound::Key(read.key)) }
    }

    /// Every checkpoint there is against the record: what does not agree, and with which.
    ///
    /// # Errors
    /// Faults of the database.
    pub(super) async fn verify_checkpoints(
        &self,
        conn: &impl Conn,
    ) -> Result<(u64, Vec<(String, Option<i32>, String)>)> {
        let (mut looked_at, mut wrong) = (0, Vec::new());
        let mut previous: Option<String> = None;
        let mut audited_until = None;
        while let Some(row) = store::find(conn, i32::try_from(looked_at).unwrap_or(i32::MAX) + 1).await? {
            looked_at += 1;
            let of = format!("checkpoint {}", row.number);
            let read = match self.own_checkpoint(&row.file) {
                Ok(read) => read,
                Err(unsound) => {
                    wrong.push((of, None, unsound.to_string()));
                    continue;
                }
            };
            if read.statement.previous != previous || read.statement.number != row.number {
                wrong.push((of.clone(), None, "it does not follow the one before".to_owned()));
            }
            previous = Some(digest(&read.statement)?);
            let part = &read.statement.audit;
            if audited(conn, audited_until, part.until).await? != *part {
                wrong.push((of.clone(), None, "the audit is not as it was then".to_owned()));
            }
            audited_until = Some(part.until);
            for (case, step) in self.differing_from(&read).await? {
                let what = format!("it is not as it was at {of}");
                wrong.push((case.to_string(), Some(step), what));
            }
        }
        Ok((looked_at, wrong))
    }
}

impl From<&Unsigned> for Steps {
    fn from(of: &Unsigned) -> Self {
        Self { case: of.case, from: of.from, hashes: of.hashes.iter().map(hex::encode).collect() }
    }
}

async fn audited(conn: &impl Conn, after: Option<DateTime<Utc>>, until: DateTime<Utc>) -> Result<Audited> {
    let entries = audit::between(conn, after, until).await?;
    let lines: Vec<_> = entries
        .iter()
        .map(|row| {
            let about = (row.deed, row.subject, row.subject_id, row.institution_id);
            (row.id, row.at, row.person_id, about, &row.changes)
        })
        .collect();
    Ok(Audited { until, entries: entries.len() as u64, digest: digest(&lines)? })
}

fn told(statement: &Statement, heads: Vec<(PersonId, String)>, at: &Moment) -> Result<Vec<NewNotice>> {
    let facts = NoticeFacts::Checkpoint(CheckpointNotice {
        number: statement.number,
        at: statement.at,
        cases: statement.cases,
        steps: statement.steps,
    });
    let told = |(head, language)| facts.about_no_case("checkpoint", false, (head, Some(language)), at);
    heads.into_iter().map(told).collect()
}
