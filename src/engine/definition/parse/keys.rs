//! The keys of transitions and joins, and what follows from them without any name of the definition.

use serde_json::json;

use super::super::{InputField, Reasons, Transition};
use crate::guard::{Guard, Slot};

pub(super) const KEYS: [&str; 25] = [
    "event",
    "from",
    "to",
    "by",
    "require",
    "documents",
    "input",
    "reason",
    "effects",
    "notify",
    "choose",
    "widens",
    "ask_last_day",
    "last_day",
    "terms",
    "freezes",
    "displaces",
    "shows_to",
    "came_from",
    "once",
    "collect",
    "irreversible",
    "on",
    "resets",
    "invalidates",
    "adds",
];
pub(super) const JOIN_KEYS: [&str; 12] = [
    "event",
    "from",
    "to",
    "when",
    "priority",
    "effects",
    "notify",
    "choose",
    "came_from",
    "once",
    "resets",
    "invalidates",
];
pub(super) const TRACK_KEYS: [&str; 15] = [
    "event",
    "from",
    "to",
    "by",
    "require",
    "documents",
    "input",
    "reason",
    "notify",
    "once",
    "collect",
    "irreversible",
    "on",
    "invalidates",
    "new_version",
];
pub(super) const TRACK_JOIN_KEYS: [&str; 7] =
    ["event", "from", "to", "when", "priority", "notify", "invalidates"];
/// Every fact a step along a transition may read, joins of its target excluded.
pub(super) fn asks(transition: &Transition) -> Vec<Slot> {
    let required = transition.require.iter().map(|rule| &rule.guard);
    let effects = transition.effects.iter().filter_map(|effect| effect.when.as_ref());
    let join = transition.join.as_ref().and_then(|join| join.when.as_ref());
    let mut slots: Vec<Slot> = required.chain(effects).chain(join).flat_map(Guard::slots).copied().collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}

/// The input as JSON Schema.
pub(super) fn schema(fields: &[InputField], reasons: &[Reasons]) -> serde_json::Value {
    let codes = |list: super::super::ReasonsIx| &reasons[list.at()].codes[..];
    let properties: serde_json::Map<_, _> =
        fields.iter().map(|field| (field.name.clone(), field.kind.schema(&codes))).collect();
    let required: Vec<&str> = fields.iter().filter(|f| !f.optional).map(|f| f.name.as_str()).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}
