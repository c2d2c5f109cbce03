//! W12: everything people read exists in every language.

use super::super::{Definition, Finding, Place, Rule, Texts};

pub(super) fn findings(definition: &Definition) -> Vec<Finding> {
    texts(definition).into_iter().flat_map(|text| faults(definition, &text)).collect()
}

struct Text<'d> {
    what: String,
    texts: &'d Texts,
    place: Place,
}

/// Every text of the definition; one that may be left out is only listed when it is given.
fn texts(definition: &Definition) -> Vec<Text<'_>> {
    let mut all = Vec::new();
    let mut add = |what: String, texts, place| all.push(Text { what, texts, place });
    for role in &definition.roles {
        add(format!("role `{}`", role.name), &role.label, role.place);
    }
    for document in &definition.documents {
        add(format!("document `{}`", document.name), &document.label, document.place);
    }
    for message in &definition.messages {
        add(format!("message `{}`", message.name), &message.text, message.place);
    }
    for reasons in &definition.reasons {
        for (code, label) in &reasons.codes {
            add(format!("reason `{code}` of `{}`", reasons.name), label, reasons.place);
        }
    }
    for event in &definition.events {
        add(format!("the label of event `{}`", event.name), &event.label, event.place);
        if !event.confirm.0.is_empty() {
            add(format!("`confirm` of event `{}`", event.name), &event.confirm, event.place);
        }
    }
    for track in &definition.tracks {
        add(format!("the label of track `{}`", track.name), &track.label, track.place);
    }
    for state in &definition.states {
        add(format!("the label of state `{}`", state.name), &state.label, state.place);
        add(format!("`now` of state `{}`", state.name), &state.now, state.place);
        if !state.public.0.is_empty() {
            add(format!("`public` of state `{}`", state.name), &state.public, state.place);
        }
    }
    all
}

fn faults(definition: &Definition, text: &Text<'_>) -> Vec<Finding> {
    let missing = definition.languages.iter().filter(|language| {
        text.texts.0.get(language.as_str()).is_none_or(|written| written.trim().is_empty())
    });
    let missing = missing.map(|language| {
        let message = format!("{} has no text in `{language}`: write one", text.what);
        Finding::error(Rule::W12, text.place, message)
    });
    let unknown = text.texts.0.keys().filter(|language| !definition.languages.contains(language));
    let unknown = unknown.map(|language| {
        let message =
            format!("{} has a text in `{language}`: add that to `languages`, or drop the text", text.what);
        Finding::error(Rule::W01, text.place, message)
    });
    missing.chain(unknown).collect()
}
