//! Every event in a situation: those that may happen bring exactly what is written, and all others are refused.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::{Map, Value as Json};

use super::super::{AccountIx, Choose, EventIx, InstanceId, Resolver, RoleIx};
use super::scene::Scene;
use super::script::{Facts, May, Outcome, Situation};
use super::situation::{expected, notices};
use super::written::{ABSENT, Example, flat, json};
use super::{Play, told, unmet};
use crate::machine::{Actor, Move, Step};
use crate::refusal::Refusal;

/// One event that may happen, on trial.
pub(super) struct Trial<'t, 'd> {
    pub at: Range<usize>,
    pub event: &'t str,
    ix: EventIx,
    instance: Option<InstanceId>,
    pub may: &'t May,
    scene: Scene<'d>,
    example: Example,
    reason: Option<(&'t str, &'t str)>,
}

impl Trial<'_, '_> {
    /// The attempt as it is written.
    fn attempt(&self, actor: Actor) -> Result<Step, Refusal> {
        self.scene.attempt((self.ix, self.instance), actor, &self.example.full(), self.reason)
    }
}

impl<'d, 's> Play<'d, 's> {
    pub(super) fn everything(&mut self, name: &str, situation: &'s Situation, scene: &Scene<'d>) {
        let mut mays = self.mays(situation);
        let Ok(instance) = self.instance(situation.track.as_deref()) else { return };
        for (ix, event) in (0..).map(EventIx).zip(&self.definition.events) {
            let Some(may) = mays.remove(event.name.as_str()) else {
                self.impossible(name, scene, (ix, instance));
                continue;
            };
            let may_ref = may.get_ref();
            let mut scene = scene.clone();
            if self.or_say(&may.span(), scene.lay(&may_ref.facts)).is_none() {
                continue;
            }
            let trial = Trial {
                at: may.span(),
                event: &event.name,
                ix,
                instance,
                may: may_ref,
                scene,
                example: self.example(&event.name, Some(may_ref)),
                reason: self.reason(may_ref.reason.as_deref()),
            };
            self.trial(&trial);
        }
        for (event, may) in mays {
            self.say(may.span(), &format!("the definition has no event `{event}`"));
        }
    }

    fn impossible(&self, name: &str, scene: &Scene<'_>, (ix, instance): (EventIx, Option<InstanceId>)) {
        match scene.attempt((ix, instance), Actor::System, &Map::new(), None) {
            Err(Refusal::NotFromHere { .. }) => {}
            Ok(_) | Err(_) => {
                let at = self.script.situations.get(name).map(toml::Spanned::span).unwrap_or_default();
                let event = self.event_name(ix);
                let message = format!(
                    "`{event}` can happen in `{name}` as well: list it under `may`, or take the state out of `from`"
                );
                self.say(at, &message);
            }
        }
    }

    fn trial(&mut self, trial: &Trial<'_, 'd>) {
        let Some(step) = self.by_whom(trial) else { return };
        self.note(&step);
        let transition = &self.definition.transitions[step.moves[0].transition.at()];
        self.outcome(trial, &trial.at, &step, trial.may.outcome());
        self.declared(trial, transition);
        let Some(actor) = self.last_actor(trial) else { return };
        let mut scene = trial.scene.clone();
        self.collected_before(trial, &mut scene);
        let person = scene.stranger(actor);
        self.input(trial, &scene, person);
        self.documents(trial, &scene, person);
        self.guards(trial, &scene, person);
        for other in &trial.may.otherwise {
            self.otherwise(trial, &scene, person, other);
        }
    }

    /// Each role by itself: those named bring it about, all others are told that it is not theirs.
    fn by_whom(&self, trial: &Trial<'_, 'd>) -> Option<Step> {
        if trial.may.all {
            return self.all_of(trial);
        }
        let mut legal = None;
        for role in (0..).map(RoleIx).take(self.definition.roles.len()) {
            let name = &self.definition.roles[role.at()].name;
            match (trial.attempt(trial.scene.stranger(role)), trial.may.by.contains(name)) {
                (Ok(step), true) => legal = legal.or(Some(step)),
                (Err(Refusal::NotYours { .. }), false) => {}
                (Err(refusal), true) => {
                    let message = format!("`{name}` may not `{}`: {}", trial.event, told(&refusal));
                    self.say(trial.at.clone(), &message);
                }
                (Ok(_) | Err(_), false) => {
                    let message =
                        format!("`{name}` may `{}` as well: list it in `by`, or forbid it", trial.event);
                    self.say(trial.at.clone(), &message);
                }
            }
        }
        self.unknown_roles(trial);
        legal
    }

    fn unknown_roles(&self, trial: &Trial<'_, '_>) {
        for name in trial.may.by.iter().filter(|name| self.definition.role_named(name).is_none()) {
            self.say(trial.at.clone(), &format!("the definition has no role `{name}`"));
        }
    }

    /// Roles in turn: nothing happens before the last has acted, nobody acts twice.
    fn all_of(&self, trial: &Trial<'_, 'd>) -> Option<Step> {
        self.unknown_roles(trial);
        let mut scene = trial.scene.clone();
        for role in (0..).map(RoleIx).take(self.definition.roles.len()) {
            let name = &self.definition.roles[role.at()].name;
            let attempt = trial.attempt(scene.stranger(role));
            let theirs = !attempt.as_ref().is_err_and(|refusal| matches!(refusal, Refusal::NotYours { .. }));
            if theirs != trial.may.by.contains(name) {
                let message =
                    format!("`{name}` is {}asked to `{}`", if theirs { "" } else { "not " }, trial.event);
                self.say(trial.at.clone(), &message);
            }
        }
        let mut last = None;
        for name in &trial.may.by {
            let actor = scene.stranger(self.definition.role_named(name)?);
            let attempt =
                || scene.attempt((trial.ix, trial.instance), actor, &trial.example.full(), trial.reason);
            let step = self.or_say(&trial.at, attempt().map_err(|refusal| told(&refusal)))?;
            let done = step.moves[0].entered;
            if done != (Some(name) == trial.may.by.last()) {
                let message =
                    format!("`{}` is {}complete with `{name}`", trial.event, if done { "" } else { "not " });
                self.say(trial.at.clone(), &message);
                return None;
            }
            scene.go(&step, actor);
            last = Some(step);
        }
        last
    }

    /// Lets all but the last role of a collecting event act.
    fn collected_before(&self, trial: &Trial<'_, 'd>, scene: &mut Scene<'d>) {
        if !trial.may.all {
            return;
        }
        for name in trial.may.by.split_last().map_or(&[][..], |(_, before)| before) {
            let Some(role) = self.definition.role_named(name) else { continue };
            let actor = scene.stranger(role);
            if let Ok(step) =
                scene.attempt((trial.ix, trial.instance), actor, &trial.example.full(), trial.reason)
            {
                scene.go(&step, actor);
            }
        }
    }

    /// The role whose act is complete: the last of a collecting event, else the first.
    fn last_actor(&self, trial: &Trial<'_, '_>) -> Option<RoleIx> {
        let by = &trial.may.by;
        let people = by.iter().filter_map(|name| self.definition.role_named(name));
        let mut people = people.filter(|role| !self.is_system(*role));
        let person = if trial.may.all { people.next_back() } else { people.next() };
        person.or_else(|| by.first().and_then(|name| self.definition.role_named(name)))
    }

    fn is_system(&self, role: RoleIx) -> bool {
        self.definition.roles[role.at()].resolver == Resolver::System
    }

    fn outcome(&self, trial: &Trial<'_, '_>, at: &Range<usize>, step: &Step, wanted: Outcome<'_>) {
        let definition = self.definition;
        let word = |what: &str| format!("`{}` {what}", trial.event);
        let one = |text: Option<&str>| text.map(str::to_owned).into_iter().collect::<BTreeSet<_>>();
        let row = |items: &[String]| one(Some(items.join(", ").as_str()).filter(|row| !row.is_empty()));
        let Some(first) = step.moves.first() else { return };
        let own = step.moves.iter().rfind(|made| made.instance == trial.instance);
        let enters = own.filter(|_| first.entered).map(|made| definition.states[made.to.at()].name.as_str());
        self.same(at, &word("leads to"), &one(wanted.to), &one(enters));
        let joins: Vec<String> =
            step.moves[1..].iter().map(|made| self.join_name(made, trial.instance)).collect();
        self.same(at, &word("is followed by"), &row(wanted.then), &row(&joins));
        self.same(at, &word("does to places"), &row(wanted.places), &row(&self.places(step)));
        let sent = step.moves.iter().flat_map(|made| notices(definition, &made.notices)).collect();
        self.same(at, &word("tells"), &expected(wanted.told), &sent);
        let chosen = step.moves.iter().filter_map(|made| made.choose.as_ref()).map(choice).collect();
        self.same(at, &word("chooses"), &one(wanted.chooses), &chosen);
        let hidden = wanted.hidden_until.and_then(|until| super::written::instant(until).ok());
        let found = own.and_then(|made| made.hidden_until);
        self.same(at, &word("is hidden until"), &hidden.into_iter().collect(), &found.into_iter().collect());
    }

    /// What a step does to places, in order.
    pub(super) fn places(&self, step: &Step) -> Vec<String> {
        let places = step.moves.iter().flat_map(|made| &made.places);
        let name = |account: AccountIx| &self.definition.accounts[account.at()].name;
        places.map(|(account, op)| format!("{} {}", op.word(), name(*account))).collect()
    }

    /// A join that follows, with its machine unless that is the one the step was made in.
    fn join_name(&self, made: &Move, own: Option<InstanceId>) -> String {
        let event = self.event_name(made.event);
        match made.instance {
            here if here == own => event.to_owned(),
            Some(instance) => format!("{event} at {}", self.place_of(instance)),
            None => format!("{event} at main"),
        }
    }

    /// Every wanted field is asked for, every other may be left out, and so may no reason.
    fn input(&self, trial: &Trial<'_, '_>, scene: &Scene<'_>, actor: Actor) {
        let attempt =
            |data: &Map<String, Json>, reason| scene.attempt((trial.ix, trial.instance), actor, data, reason);
        for field in trial.example.wanted.keys() {
            let mut data = trial.example.full();
            data.remove(field);
            let refused = attempt(&data, trial.reason);
            let named = |refusal: &Refusal| match refusal {
                Refusal::InputInvalid { fields } => fields.iter().all(|fault| fault.field == *field),
                _ => false,
            };
            if !refused.as_ref().is_err_and(named) {
                let message = format!("`{}` goes without `{field}`: write it as `{field}?`", trial.event);
                self.say(trial.at.clone(), &message);
            }
        }
        if let Err(refusal) = attempt(&trial.example.wanted, trial.reason) {
            let message = format!("`{}` with what it must be given only: {}", trial.event, told(&refusal));
            self.say(trial.at.clone(), &message);
        }
        let asks = trial.may.reason.is_some() && actor != Actor::System;
        let refused = attempt(&trial.example.full(), None);
        if asks != refused.as_ref().is_err_and(|refusal| matches!(refusal, Refusal::ReasonNeeded { .. })) {
            let not = if asks { "not " } else { "" };
            self.say(trial.at.clone(), &format!("`{}` does {not}ask for a reason", trial.event));
        }
    }

    fn documents(&self, trial: &Trial<'_, '_>, scene: &Scene<'_>, actor: Actor) {
        for name in &trial.may.documents {
            let Some(slot) = self.definition.document_named(name) else {
                self.say(trial.at.clone(), &format!("the definition has no document `{name}`"));
                continue;
            };
            let mut scene = scene.clone();
            scene.documents.retain(|filled| *filled != slot);
            let refused =
                scene.attempt((trial.ix, trial.instance), actor, &trial.example.full(), trial.reason);
            let missing = |refusal: &Refusal| *refusal == Refusal::Missing { documents: vec![name.clone()] };
            if !refused.as_ref().is_err_and(missing) {
                self.say(trial.at.clone(), &format!("`{}` goes without the document `{name}`", trial.event));
            }
        }
    }

    fn guards(&self, trial: &Trial<'_, 'd>, scene: &Scene<'d>, actor: Actor) {
        for code in &trial.may.unmet {
            let Some(rule) = self.script.rules.get(code) else {
                self.say(trial.at.clone(), &format!("give `{code}` an entry under [rules]"));
                continue;
            };
            for facts in &rule.get_ref().meets {
                if let Some(Err(refusal)) = self.under(trial, scene, actor, facts) {
                    let message =
                        format!("`{}` is refused where `{code}` is met: {}", trial.event, told(&refusal));
                    self.say(rule.span(), &message);
                }
            }
            for facts in &rule.get_ref().fails {
                let Some(attempt) = self.under(trial, scene, actor, facts) else { continue };
                if !attempt.as_ref().is_err_and(|refusal| unmet(refusal) == [code.as_str()]) {
                    let found = attempt.map_or_else(|refusal| told(&refusal), |_| "it happened".to_owned());
                    let message = format!("`{}` is to be refused as `{code}`: {found}", trial.event);
                    self.say(trial.at.clone(), &message);
                }
            }
        }
    }

    fn otherwise(
        &mut self,
        trial: &Trial<'_, 'd>,
        scene: &Scene<'d>,
        actor: Actor,
        other: &toml::Spanned<super::script::Otherwise>,
    ) {
        match self.under(trial, scene, actor, &other.get_ref().facts) {
            Some(Ok(step)) => {
                self.note(&step);
                self.outcome(trial, &other.span(), &step, other.get_ref().outcome());
            }
            Some(Err(refusal)) => {
                self.say(other.span(), &format!("`{}` is refused here: {}", trial.event, told(&refusal)));
            }
            None => {}
        }
    }

    /// The attempt under other facts; those of `input` change what is given.
    fn under(
        &self,
        trial: &Trial<'_, 'd>,
        scene: &Scene<'d>,
        actor: Actor,
        facts: &Facts,
    ) -> Option<Result<Step, Refusal>> {
        let mut scene = scene.clone();
        self.or_say(&trial.at, scene.lay(facts))?;
        let mut data = trial.example.full();
        for (path, value) in flat(facts) {
            let Some(field) = path.strip_prefix("input.") else { continue };
            match json(value) {
                Json::String(word) if word == ABSENT => data.remove(field),
                given => data.insert(field.to_owned(), given),
            };
        }
        Some(scene.attempt((trial.ix, trial.instance), actor, &data, trial.reason))
    }
}

fn choice(choose: &Choose) -> String {
    match choose {
        Choose::Input(field) => format!("input.{field}"),
        Choose::First => "first".to_owned(),
        Choose::Next => "next".to_owned(),
        Choose::All => "all".to_owned(),
        Choose::Nothing => "none".to_owned(),
    }
}
