//! Why somebody did something, and the parts of an application that they marked for correction, by the names people know them by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sojourn_engine::definition::{Definition, InputKind, Mark, Reasons, Transition};
use utoipa::ToSchema;

use crate::access::language::LANGUAGES;
use crate::store::dossiers::Dossier;

/// A coded reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// List of the definition.
    pub list: String,
    /// Code in it.
    pub code: String,
    /// The person's own words.
    pub text: String,
    /// Parts of the application that are marked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<MarkedItem>,
}

/// A part of an application that is marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkedItem {
    /// What it is called, by language.
    pub names: BTreeMap<String, String>,
    /// List of the definition.
    pub list: String,
    /// Code in it.
    pub code: String,
    /// The person's own words.
    pub text: String,
}

/// A part that is marked, as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MarkView {
    /// The part: `document:`, `choice:`, `answer:` or `statement:`, and its slot, id or name.
    pub item: String,
    /// What it is called in the reader's language.
    pub name: String,
    /// Code of what is wrong.
    pub code: String,
    /// The same in the reader's language.
    pub label: String,
    /// In somebody's own words.
    pub text: String,
}

/// The marks in the data of an event, each with the list its code is of.
fn of<'d>(
    definition: &'d Definition,
    transition: &Transition,
    data: &Map<String, Value>,
) -> Vec<(&'d Reasons, Mark)> {
    let listed = transition.input.iter().filter_map(|field| match field.kind {
        InputKind::Items(list) => Some((&definition.reasons[list.at()], data.get(&field.name)?)),
        _ => None,
    });
    listed.flat_map(|(list, value)| Mark::all(value).into_iter().map(move |mark| (list, mark))).collect()
}

/// The marks that an attempt makes, frozen for whoever is told of them.
pub fn given(
    definition: &Definition,
    dossier: &Dossier,
    transition: &Transition,
    data: &Map<String, Value>,
) -> Vec<MarkedItem> {
    let one = |(list, mark): (&Reasons, Mark)| MarkedItem {
        names: LANGUAGES
            .iter()
            .map(|language| ((*language).to_owned(), name(definition, Some(dossier), &mark.item, language)))
            .collect::<BTreeMap<_, _>>(),
        list: list.name.clone(),
        code: mark.code,
        text: mark.text,
    };
    of(definition, transition, data).into_iter().map(one).collect()
}

/// The marks of a step, as a reader of that language sees them.
pub fn views(
    (definition, dossier): (&Definition, Option<&Dossier>),
    event: &str,
    data: Option<&Value>,
    language: &str,
) -> Vec<MarkView> {
    let Some(Value::Object(data)) = data else { return Vec::new() };
    let event = definition.event_named(event);
    let marks = |transition: &Transition| {
        let marks = of(definition, transition, data);
        Some(marks).filter(|marks| Some(transition.event) == event && !marks.is_empty())
    };
    let found = definition.transitions.iter().find_map(marks).unwrap_or_default();
    let one = |(list, mark): (&Reasons, Mark)| {
        let label = list.codes.iter().find(|(code, _)| *code == mark.code);
        MarkView {
            name: name(definition, dossier, &mark.item, language),
            label: label.map_or_else(|| mark.code.clone(), |(_, label)| label.get(language).to_owned()),
            item: mark.item,
            code: mark.code,
            text: mark.text,
        }
    };
    found.into_iter().map(one).collect()
}

/// What a part is called.
fn name(definition: &Definition, dossier: Option<&Dossier>, item: &str, language: &str) -> String {
    let (kind, named) = item.split_once(':').unwrap_or(("", item));
    let known = match kind {
        "document" => {
            let slot = definition.document_named(named).map(|ix| &definition.documents[ix.at()].label);
            slot.map(|label| label.get(language).to_owned())
        }
        "choice" => dossier.and_then(|dossier| {
            let choice = dossier.choices.iter().find(|choice| choice.id.to_string() == named)?;
            Some(format!("{} – {}", choice.offering.title, choice.offering.host.name))
        }),
        "answer" => dossier.and_then(|dossier| {
            let question = dossier.call.form.iter().find(|question| question.name == named)?;
            let label = question.label.get(language).or_else(|| question.label.values().next());
            label.cloned()
        }),
        _ => None,
    };
    known.unwrap_or_else(|| named.replace('_', " "))
}
