//! A run as it is frozen: what it was made from and what came out, in JSON that anybody can check without the service.

use std::io::{Read, Write};

use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sojourn_engine::allocation::{Allocation, Breach, Digest, Fault, Input, Rule, Student};
use sojourn_engine::ids::{AllocationId, CallId};

use crate::app::{Error, Result};
use crate::store::allocations::Files;

/// What a file of a run says that it is.
const FORMAT: &str = "sojourn allocation 1";

/// The file of a run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFile {
    /// What it is.
    pub format: String,
    /// The run.
    pub run: AllocationId,
    /// Its call.
    pub call: CallId,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// The SHA-256 of the seed, which the call shows from its publication on.
    pub seed_commitment: Digest,
    /// What it was made from.
    pub input: Input,
    /// What came out.
    pub outcome: Allocation,
}

/// What a run was made from and what came out.
#[derive(Debug)]
pub struct Frozen {
    /// The input.
    pub input: Input,
    /// The outcome.
    pub outcome: Allocation,
}

impl Frozen {
    /// Both, packed to be kept.
    ///
    /// # Errors
    /// Faults of the packing.
    pub fn pack(&self) -> Result<Files> {
        Ok(Files { input: pack(&self.input)?, outcome: pack(&self.outcome)? })
    }

    /// Both, as they were kept.
    ///
    /// # Errors
    /// Bytes that were changed.
    pub fn unpack(files: &Files) -> Result<Self> {
        Ok(Self { input: unpack(&files.input)?, outcome: unpack(&files.outcome)? })
    }

    /// The file that anybody can check.
    pub fn file(self, (call, run): (CallId, AllocationId), made_at: DateTime<Utc>) -> RunFile {
        let seed_commitment = Digest::of(self.input.rules.seed.as_bytes());
        let Self { input, outcome } = self;
        RunFile { format: FORMAT.to_owned(), run, call, made_at, seed_commitment, input, outcome }
    }
}

/// Who took part in a run, and what came out.
///
/// # Errors
/// Bytes that were changed.
pub(in crate::app) fn took_part(files: &Files) -> Result<(Vec<Student>, Allocation)> {
    let TookPart { students } = unpack(&files.input)?;
    Ok((students, unpack(&files.outcome)?))
}

/// As much of an input as tells who took part.
#[derive(Deserialize)]
struct TookPart {
    students: Vec<Student>,
}

/// What a file was found to be.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// The run.
    pub run: AllocationId,
    /// Applications that take part.
    pub students: usize,
    /// Those that got a place.
    pub placed: usize,
    /// The rule that was followed.
    pub rule: Rule,
    /// The digest of the input with its seed.
    pub digest: Digest,
    /// Whether computing it anew gives the same.
    pub same: bool,
    /// What the outcome breaks of what was promised.
    pub breaches: Vec<Breach>,
    /// What the input cannot be allocated from.
    pub faults: Vec<Fault>,
    /// Whether the seed is the one that was promised.
    pub seed_kept: bool,
}

impl Checked {
    /// How many things are wrong.
    pub fn wrong(&self) -> usize {
        let two = usize::from(!self.same) + usize::from(!self.seed_kept);
        self.breaches.len() + self.faults.len() + two
    }
}

/// Reads a file of a run and computes it anew.
///
/// # Errors
/// One sentence for a text that is no such file.
pub fn check(text: &str) -> std::result::Result<Checked, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let file: RunFile = serde_path_to_error::deserialize(&mut reader)
        .map_err(|fault| format!("this is no file of an allocation: {fault}"))?;
    if file.format != FORMAT {
        return Err(format!("`{}` is another format than `{FORMAT}`: take a fitting version", file.format));
    }
    let mut checked = Checked {
        run: file.run,
        students: file.input.students.len(),
        placed: file.outcome.placed.iter().filter(|placed| placed.got.is_some()).count(),
        rule: file.outcome.rule,
        digest: file.outcome.input,
        same: false,
        breaches: Vec::new(),
        faults: Vec::new(),
        seed_kept: Digest::of(file.input.rules.seed.as_bytes()) == file.seed_commitment,
    };
    match file.input.instance() {
        Ok(instance) => {
            checked.breaches = instance.verify(&file.outcome);
            checked.same = instance.solve() == file.outcome;
        }
        Err(faults) => checked.faults = faults,
    }
    Ok(checked)
}

fn internal(fault: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Internal(fault.into())
}

fn pack(what: &impl Serialize) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(what).map_err(internal)?;
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&json).map_err(internal)?;
    packed.finish().map_err(internal)
}

fn unpack<T: DeserializeOwned>(packed: &[u8]) -> Result<T> {
    let mut json = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut json).map_err(internal)?;
    serde_json::from_slice(&json).map_err(internal)
}
