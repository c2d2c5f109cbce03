//! The hash chain of a case's history: each step seals its content and the step before.
//!
//! What people wrote is covered through an HMAC under a key of its own, sealed with it: erasing both leaves the chain whole.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::{Digest, Sha256};
use sojourn_engine::definition::{Definition, InputKind, MAIN};
use sojourn_engine::facts::Fact;
use sojourn_engine::guard::{Slot, Value, Values};
use sojourn_engine::ids::PersonId;

use crate::clock::Moment;
use crate::store::dossiers::CaseRow;
use crate::store::records::{NewHistory, NewPayload, Records};

/// What people write with a step.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// Raw input of the event.
    pub data: &'a serde_json::Map<String, serde_json::Value>,
    /// Code and text of the reason.
    pub reason: Option<(&'a str, &'a str)>,
    /// For the writer's institution only.
    pub note: Option<&'a str>,
}

/// Numbers the next step of a case, seals it behind the one before, and lays it with what people wrote, which is kept under the
/// owner's key, into the records.
pub fn append(
    row: &mut CaseRow,
    mut step: NewHistory,
    (words, owner, at): (Option<Words<'_>>, PersonId, &Moment),
    records: &mut Records,
) {
    row.steps += 1;
    step.number = row.steps;
    let payload = words.and_then(|words| payload(row, words, owner, at));
    step.payload_hmac = payload.as_ref().and_then(seal);
    step.hash = link(&row.head, &step);
    row.head.clone_from(&step.hash);
    records.payloads.extend(payload);
    records.history.push(step);
}

fn payload(row: &CaseRow, words: Words<'_>, owner: PersonId, at: &Moment) -> Option<NewPayload> {
    let data = canonical_data(words.data);
    if data.is_none() && words.reason.is_none() && words.note.is_none() {
        return None;
    }
    Some(NewPayload {
        owner,
        case: row.id,
        number: row.steps,
        key: at.random::<32>().to_vec(),
        data,
        reason: words.reason.map(|(code, text)| (code.to_owned(), text.to_owned())),
        note: words.note.map(str::to_owned),
    })
}

/// SHA-256 over the previous hash and the content of a step.
pub fn link(previous: &[u8], step: &NewHistory) -> Vec<u8> {
    let content = json!([
        step.case,
        step.number,
        step.at.timestamp_micros(),
        step.recorded_at.timestamp_micros(),
        step.via,
        step.actor,
        step.role,
        step.institution,
        step.event,
        step.from,
        step.to,
        step.workflow,
        step.facts,
        step.payload_hmac.as_ref().map(hex::encode),
    ]);
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(content.to_string());
    // A step of a track is sealed with its machine; those of the main machine are sealed as they were before there were tracks.
    if step.machine != MAIN {
        hash.update(&step.machine);
    }
    hash.finalize().to_vec()
}

/// HMAC-SHA-256 over what people wrote with a step; `None` only for a key of impossible length.
pub fn seal(payload: &NewPayload) -> Option<Vec<u8>> {
    let content = json!([payload.data, payload.reason, payload.note]);
    let mut mac = Hmac::<Sha256>::new_from_slice(&payload.key).ok()?;
    mac.update(content.to_string().as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}

/// The facts that were read, as canonical JSON: paths in order, absent facts as null. Of what people wrote it says only that it is
/// there: their words are in the payload, which can be erased.
pub fn canonical_facts(definition: &Definition, read: &[Slot], values: &dyn Values) -> String {
    let written = Value::text("…");
    let told = |slot: &Slot| {
        let value = values.get(*slot)?;
        Some(if is_written(definition, definition.facts.fact(*slot)) { &written } else { value })
    };
    let facts: BTreeMap<&str, Option<&Value>> =
        read.iter().map(|slot| (definition.facts.path(*slot), told(slot))).collect();
    json!(facts).to_string()
}

/// Whether a fact is text of somebody's own.
fn is_written(definition: &Definition, fact: &Fact) -> bool {
    let Fact::Input(name) = fact else { return false };
    let mut fields = definition.transitions.iter().flat_map(|transition| &transition.input);
    fields.any(|field| field.name == *name && matches!(field.kind, InputKind::Text(_)))
}

/// Data of an event as canonical JSON: keys in order.
pub fn canonical_data(data: &serde_json::Map<String, serde_json::Value>) -> Option<String> {
    let ordered: BTreeMap<&String, &serde_json::Value> = data.iter().collect();
    if ordered.is_empty() { None } else { Some(json!(ordered).to_string()) }
}
