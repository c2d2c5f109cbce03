//! Why somebody did something, with the parts of an application that are marked.

use serde::Serialize;

use crate::app::notices::{MarkedItem, Reason};
use crate::mail::cleanse;

/// A reason.
#[derive(Debug, Serialize)]
pub(in crate::mail) struct ReasonWords {
    label: String,
    text: String,
    items: Vec<ItemWords>,
}

/// A part that is marked.
#[derive(Debug, Serialize)]
struct ItemWords {
    name: String,
    label: String,
    text: String,
}

impl ReasonWords {
    /// A reason in a language; `label` names a code of a list.
    pub fn of(reason: &Reason, language: &str, label: impl Fn(&str, &str) -> String) -> Self {
        let item = |item: &MarkedItem| {
            let name = item.names.get(language).or_else(|| item.names.values().next());
            ItemWords {
                name: name.map(|name| cleanse::line(name)).unwrap_or_default(),
                label: label(&item.list, &item.code),
                text: cleanse::line(&item.text),
            }
        };
        Self {
            label: label(&reason.list, &reason.code),
            text: cleanse::block(&reason.text),
            items: reason.items.iter().map(item).collect(),
        }
    }

    /// One that comes from no list.
    pub fn bare(label: &str, text: &str) -> Self {
        Self { label: cleanse::line(label), text: cleanse::block(text), items: Vec::new() }
    }
}
