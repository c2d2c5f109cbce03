//! What is read off a transition rather than tried: its guards, documents, reasons and marks.

use super::super::{Definition, LastDay, MachineIx, Side, Transition, Trigger};
use super::Play;
use super::trial::Trial;

impl Play<'_, '_> {
    /// What is read off the transition: its guards, documents, reasons and marks.
    pub(super) fn declared(&self, trial: &Trial<'_, '_>, found: &Transition) {
        let (definition, may) = (self.definition, trial.may);
        let same = |what: &str, wanted: &[String], found: Vec<String>| {
            let what = format!("`{}` has as {what}", trial.event);
            self.same(&trial.at, &what, &wanted.iter().cloned().collect(), &found.into_iter().collect());
        };
        let guards = found.require.iter().map(|rule| definition.messages[rule.message.at()].name.clone());
        same("guards", &may.unmet, guards.collect());
        let documents = found.documents.iter().map(|slot| definition.documents[slot.at()].name.clone());
        same("documents", &may.documents, documents.collect());
        let reasons = found.reason.map(|list| definition.reasons[list.at()].name.clone());
        same("reasons", may.reason.as_slice(), reasons.into_iter().collect());
        let sides = found.shows_to.iter().map(|side| match side {
            Side::Home => "home".to_owned(),
            Side::Host => "host".to_owned(),
        });
        same("sides that see it from here on", &may.shows_to, sides.collect());
        same("effect on the last day", may.last_day.as_slice(), found.last_day.iter().map(day).collect());
        same("effect on terms", may.terms.as_slice(), found.terms.iter().map(ToString::to_string).collect());
        same("trigger", may.on.as_slice(), found.on.iter().map(|on| trigger(definition, on)).collect());
        let machine = |ix: &MachineIx| {
            definition.track(*ix).map_or_else(|| "main".to_owned(), |track| track.name.clone())
        };
        same("tracks that start anew", &may.resets, found.resets.iter().map(machine).collect());
        same("signatures that are void", &may.invalidates, found.invalidates.iter().map(machine).collect());
        same("track that gets one more", may.adds.as_slice(), found.adds.iter().map(machine).collect());
        let marks = |marks: [(&str, bool); 7]| -> Vec<String> {
            marks.into_iter().filter(|(_, set)| *set).map(|(mark, _)| mark.to_owned()).collect()
        };
        let wanted = marks([
            ("all", may.all),
            ("once", may.once),
            ("freezes", may.freezes),
            ("displaces", may.displaces),
            ("irreversible", may.irreversible),
            ("new_version", may.new_version),
            ("widens", may.widens),
        ]);
        let has = marks([
            ("all", found.collect),
            ("once", found.once),
            ("freezes", found.freezes),
            ("displaces", found.displaces),
            ("irreversible", found.irreversible),
            ("new_version", found.new_version),
            ("widens", found.widens),
        ]);
        same("marks", &wanted, has);
    }
}

fn day(last_day: &LastDay) -> String {
    match last_day {
        LastDay::Ask(field) => format!("asks input.{field}"),
        LastDay::Set(field) => format!("input.{field}"),
        LastDay::Grant => "asked".to_owned(),
    }
}

fn trigger(definition: &Definition, on: &Trigger) -> String {
    match on {
        Trigger::Run => "run".to_owned(),
        Trigger::PlaceFreed(account) => format!("place_freed:{}", definition.accounts[account.at()].name),
        Trigger::Upload => "upload".to_owned(),
        Trigger::Case(case) => format!("case:{case}"),
    }
}
