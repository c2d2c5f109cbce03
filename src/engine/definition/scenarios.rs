//! Scenario files: what a definition must do and refuse, said once more from outside, run without any I/O.
//!
//! Structural rules cannot know that a guard was dropped, that a wrong role may act, or that a notice goes to the wrong people: a
//! file beside the definition says it (`exchange.toml`, `exchange.scenarios.toml`). It lists *situations*, each reached by one
//! step from another. Of a situation it says whom the case waits for, which clocks run and end when, and, under `may`, **every**
//! event that may happen there with everything it brings. All that is not listed must be refused: each other event as
//! `not_from_here`, each other role as `not_yours`, each guard that fails as `unmet` with its code, each empty slot as `missing`.
//! `apart` lists events one person may not both carry out; `walks` are stories of steps in a row.
//!
//! The order of reading: [`script`] is the form of a file, [`scene`] a case with its world, [`situation`], [`trial`] and [`declared`] compare,
//! [`walk`] tells stories, [`cover`] names what no scenario touches.

mod cover;
mod declared;
mod scene;
mod script;
mod situation;
mod trial;
mod walk;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;

use super::parse::LONGEST;
use super::parse::tree::Reader;
use super::{Definition, EventIx, Finding, InstanceId, Place, RoleIx, Rule, TransitionIx};
use crate::machine::{Actor, Step};
use crate::refusal::Refusal;
use scene::Scene;
use script::{May, Script, Situation};
use written::Example;

/// Runs a scenario file on a definition; each finding stands at the place in that file that the definition contradicts.
///
/// What no scenario touches is a warning, what comes out otherwise an error.
///
/// # Examples
/// ```
/// # let definition = sojourn_engine::definition::check::prove(include_str!("../../../templates/workflows/exchange.toml")).unwrap();
/// use sojourn_engine::definition::scenarios;
///
/// let findings = scenarios::run("worlds = {}", &definition);
/// assert!(findings[0].message.contains("unknown field `worlds`"));
/// ```
pub fn run(source: &str, definition: &Definition) -> Vec<Finding> {
    if source.len() > LONGEST {
        let text = format!("a scenario file may have at most {LONGEST} bytes, this one has {}", source.len());
        return vec![Finding::error(Rule::Form, Place { line: 1, column: 1 }, text)];
    }
    let reader = Reader::new(source);
    match toml::from_str::<Script>(source) {
        Ok(script) => Play::new(definition, &script, reader).run(),
        Err(error) => {
            reader.form(error.span().unwrap_or_default(), error.message());
            reader.into_findings()
        }
    }
}

/// Who attempts what, where.
struct Aim<'t> {
    actor: Actor,
    event: &'t str,
    ix: EventIx,
    instance: Option<InstanceId>,
}

/// One run of a file.
struct Play<'d, 's> {
    definition: &'d Definition,
    script: &'s Script,
    reader: Reader<'s>,
    /// Situations that were walked to; `None` where that failed, and has been said.
    reached: BTreeMap<&'s str, Option<Scene<'d>>>,
    /// Situations on the way to which it is just now.
    walking: Vec<&'s str>,
    /// Transitions and joins that were taken as expected.
    taken: BTreeSet<TransitionIx>,
}

impl<'d, 's> Play<'d, 's> {
    fn new(definition: &'d Definition, script: &'s Script, reader: Reader<'s>) -> Self {
        Self {
            definition,
            script,
            reader,
            reached: BTreeMap::new(),
            walking: Vec::new(),
            taken: BTreeSet::new(),
        }
    }

    fn run(mut self) -> Vec<Finding> {
        self.opening();
        self.invariants();
        for (name, situation) in &self.script.situations {
            self.situation(name, situation);
        }
        for apart in &self.script.apart {
            self.apart(apart);
        }
        for walk in &self.script.walks {
            self.walk(walk);
        }
        let uncovered = self.uncovered();
        let mut findings = self.reader.into_findings();
        findings.extend(uncovered);
        let mut told = BTreeSet::new();
        findings.retain(|finding| told.insert((finding.place, finding.message.clone())));
        findings
    }

    fn invariants(&self) {
        let has = self.definition.invariants.iter().map(|rule| rule.name.clone()).collect();
        let wanted = self.script.invariants.iter().cloned().collect();
        self.same(&(0..0), "the invariants are", &wanted, &has);
    }

    fn say(&self, at: Range<usize>, message: &str) {
        self.reader.finding(Rule::Scenario, at, message);
    }

    /// The value, or nothing and its fault said at that place.
    fn or_say<T>(&self, at: &Range<usize>, read: Result<T, String>) -> Option<T> {
        read.map_err(|fault| self.say(at.clone(), &fault)).ok()
    }

    fn event(&self, name: &str) -> Result<EventIx, String> {
        self.definition.event_named(name).ok_or_else(|| format!("the definition has no event `{name}`"))
    }

    fn role(&self, name: &str) -> Result<RoleIx, String> {
        self.definition.role_named(name).ok_or_else(|| format!("the definition has no role `{name}`"))
    }

    /// `role: event`, with ` at track/key` for a track; `role 2: event` is somebody else of that role.
    fn read_step<'t>(&self, text: &'t str, scene: &Scene<'_>) -> Result<Aim<'t>, String> {
        let form = || format!("`{text}` is no step: write it as \"role: event\"");
        let (role, rest) = text.split_once(": ").ok_or_else(form)?;
        let (event, instance) = self.placed(rest)?;
        let (role, number) = match role.split_once(' ') {
            Some((role, number)) => (role, number.parse().map_err(|_| form())?),
            None => (role, 1),
        };
        Ok(Aim { actor: scene.actor(self.role(role)?, number), event, ix: self.event(event)?, instance })
    }

    /// What stands before ` at track/key`, and that instance.
    fn placed<'t>(&self, text: &'t str) -> Result<(&'t str, Option<InstanceId>), String> {
        match text.split_once(" at ") {
            Some((what, place)) => Ok((what, self.instance(Some(place))?)),
            None => Ok((text, None)),
        }
    }

    /// The instance of a track by `track` or `track/key`; the main machine for none.
    fn instance(&self, place: Option<&str>) -> Result<Option<InstanceId>, String> {
        let Some(place) = place else { return Ok(None) };
        let (track, key) = place.split_once('/').unwrap_or((place, "1"));
        let found = self.definition.instance_named(track, key);
        found.map(Some).ok_or_else(|| format!("the definition has no track `{place}`"))
    }

    /// The same, as it is written.
    fn place_of(&self, instance: InstanceId) -> String {
        let track = self.definition.track(instance.machine).map_or("", |track| &track.name);
        match self.definition.key(instance).as_str() {
            "1" => track.to_owned(),
            key => format!("{track}/{key}"),
        }
    }

    /// What may happen in a situation, its groups included.
    fn mays(&self, situation: &'s Situation) -> BTreeMap<&'s str, &'s Spanned<May>> {
        let groups = situation.also.iter().filter_map(|group| self.script.groups.get(group));
        let mays = groups.chain(&situation.may).flatten();
        mays.map(|(event, may)| (event.as_str(), may)).collect()
    }

    /// The example of an event's input: of the step itself, of the situation, or of the whole file.
    fn example(&self, event: &str, may: Option<&May>) -> Example {
        let written = may.and_then(|may| may.with.as_ref()).or_else(|| self.script.inputs.get(event));
        written.map(Example::of).unwrap_or_default()
    }

    /// A reason that fits the list of that name.
    fn reason(&self, list: Option<&str>) -> Option<(&'d str, &'static str)> {
        let list = self.definition.reasons.iter().find(|reasons| Some(reasons.name.as_str()) == list)?;
        list.codes.first().map(|(code, _)| (code.as_str(), "For this reason."))
    }

    fn event_name(&self, event: EventIx) -> &'d str {
        &self.definition.events[event.at()].name
    }

    fn note(&mut self, step: &Step) {
        self.taken.extend(step.moves.iter().map(|made| made.transition));
    }
}

/// A refusal in a few words: its code, and what it speaks of.
fn told(refusal: &Refusal) -> String {
    let code = refusal.code();
    match refusal {
        Refusal::Unmet { rules } => {
            let codes: Vec<&str> = rules.iter().map(|rule| rule.code.as_str()).collect();
            format!("{code} ({})", codes.join(", "))
        }
        Refusal::TooLate { rule, .. } => format!("{code} ({})", rule.code),
        Refusal::Missing { documents } => format!("{code} ({})", documents.join(", ")),
        Refusal::NoPlace { account, .. } => format!("{code} ({account})"),
        Refusal::InputInvalid { fields } => {
            let fields: Vec<&str> = fields.iter().map(|fault| fault.field.as_str()).collect();
            format!("{code} ({})", fields.join(", "))
        }
        Refusal::NotYours { needs } => format!("{code} (needs {})", needs.join(", ")),
        Refusal::SamePerson { as_event: Some(event) } => format!("{code} ({event})"),
        Refusal::SamePerson { as_event: None }
        | Refusal::NotFromHere { .. }
        | Refusal::SeveralLines { .. }
        | Refusal::ReasonNeeded { .. } => code.to_owned(),
    }
}

/// The codes of the guards a refusal names.
fn unmet(refusal: &Refusal) -> Vec<&str> {
    match refusal {
        Refusal::Unmet { rules } => rules.iter().map(|rule| rule.code.as_str()).collect(),
        Refusal::TooLate { rule, .. } => vec![rule.code.as_str()],
        _ => Vec::new(),
    }
}
