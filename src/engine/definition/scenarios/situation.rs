//! Walking to a situation, and comparing what is so there.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use super::super::{Definition, InstanceId, NoticeIx, RoleIx};
use super::scene::Scene;
use super::script::{End, Runs, Situation};
use super::{Aim, Play, told, unmet, written};
use crate::machine::{self, ClockStart, NoticeTo, Outcome};
use crate::refusal::Refusal;
use crate::vocabulary::{AgreementStatus, Publication, StateKind};

impl<'d, 's> Play<'d, 's> {
    /// The world before a case is opened.
    fn world(&self) -> Option<Scene<'d>> {
        let world = &self.script.world;
        let now = self.or_say(&world.now.span(), written::instant(world.now.get_ref()))?;
        let scene = Scene::new(self.definition, world.zones.get_ref(), world.stays.unwrap_or(1), now);
        let mut scene = self.or_say(&world.zones.span(), scene)?;
        self.or_say(&world.facts.span(), scene.lay(world.facts.get_ref()))?;
        Some(scene)
    }

    /// Who may open a case, who is told, and which guards stand before it.
    pub(super) fn opening(&self) {
        let (at, opens) = (self.script.open.span(), self.script.open.get_ref());
        let Some(scene) = self.world() else { return };
        for role in (0..).map(RoleIx).take(self.definition.roles.len()) {
            let name = &self.definition.roles[role.at()].name;
            match (scene.open(role), opens.by.contains(name)) {
                (Ok(opening), true) => {
                    let found = notices(self.definition, &opening.notices);
                    self.same(&at, "opening a case tells", &expected(&opens.told), &found);
                }
                (Err(Refusal::NotYours { .. }), false) => {}
                (Ok(_), false) => self.say(at.clone(), &format!("`{name}` may open a case as well")),
                (Err(refusal), _) => {
                    let message = format!("`{name}` may not open a case: {}", told(&refusal));
                    self.say(at.clone(), &message);
                }
            }
        }
        let required = self.definition.create.require.iter();
        let codes = required
            .map(|rule| self.definition.messages[rule.message.at()].name.clone())
            .collect::<BTreeSet<_>>();
        self.same(&at, "the guards of opening are", &opens.unmet.iter().cloned().collect(), &codes);
        let Some(role) = opens.by.first().and_then(|name| self.definition.role_named(name)) else { return };
        for code in &opens.unmet {
            self.unmet_opening(&at, &scene, role, code);
        }
    }

    fn unmet_opening(&self, at: &Range<usize>, scene: &Scene<'d>, role: RoleIx, code: &str) {
        let Some(rule) = self.script.rules.get(code) else {
            self.say(at.clone(), &format!("give `{code}` an entry under [rules]"));
            return;
        };
        for facts in &rule.get_ref().fails {
            let mut scene = scene.clone();
            if self.or_say(&rule.span(), scene.lay(facts)).is_none() {
                continue;
            }
            let refused = scene.open(role);
            if !refused.as_ref().is_err_and(|refusal| unmet(refusal) == [code]) {
                let found = refused.map_or_else(|refusal| told(&refusal), |_| "opened".to_owned());
                self.say(at.clone(), &format!("opening a case is to be refused as `{code}`: {found}"));
            }
        }
    }

    /// The case in that situation; `None` when the way there fails, which is said once.
    pub(super) fn reach(&mut self, name: &'s str) -> Option<Scene<'d>> {
        if let Some(known) = self.reached.get(name) {
            return known.clone();
        }
        if self.walking.contains(&name) {
            let at = self.script.situations.get(name).map(Spanned::span).unwrap_or_default();
            self.say(at, &format!("`{name}` comes after itself"));
            return None;
        }
        self.walking.push(name);
        let scene = self.walk_to(name);
        self.walking.pop();
        self.reached.insert(name, scene.clone());
        scene
    }

    fn walk_to(&mut self, name: &'s str) -> Option<Scene<'d>> {
        let situation = self.script.situations.get(name)?;
        let (at, situation) = (situation.span(), situation.get_ref());
        let mut scene = match &situation.after {
            Some(before) if !self.script.situations.contains_key(before) => {
                self.say(at, &format!("no situation is called `{before}`"));
                return None;
            }
            Some(before) => self.reach(before)?,
            None => self.begun(&at)?,
        };
        if let Some(now) = &situation.now {
            self.or_say(&at, scene.at(now))?;
        }
        self.or_say(&at, scene.lay(&situation.facts))?;
        if let Some(step) = &situation.step {
            let aim = self.or_say(&at, self.read_step(step, &scene))?;
            self.step_to(&at, situation, &mut scene, &aim)?;
        }
        let seat = self.or_say(&at, self.instance(situation.track.as_deref()))?;
        let state = situation.state.as_deref().unwrap_or(name);
        if scene.state_name(seat) != state {
            self.say(at, &format!("the case is in `{}` here, not in `{state}`", scene.state_name(seat)));
            return None;
        }
        Some(scene)
    }

    fn step_to(
        &mut self,
        at: &Range<usize>,
        situation: &'s Situation,
        scene: &mut Scene<'d>,
        aim: &Aim<'_>,
    ) -> Option<()> {
        let before = situation.after.as_ref().and_then(|name| self.script.situations.get(name));
        let may = before.and_then(|before| self.mays(before.get_ref()).remove(aim.event));
        let may = may.map(Spanned::get_ref);
        let example = situation.with.as_ref().map(written::Example::of);
        let data = example.unwrap_or_else(|| self.example(aim.event, may)).full();
        let reason = self.reason(may.and_then(|may| may.reason.as_deref()));
        let reason = reason.or_else(|| self.reason_here(scene, aim.ix, aim.instance));
        match scene.attempt((aim.ix, aim.instance), aim.actor, &data, reason) {
            Ok(step) => {
                self.note(&step);
                scene.go(&step, aim.actor);
                Some(())
            }
            Err(refusal) => {
                self.say(at.clone(), &format!("the step to this situation is refused: {}", told(&refusal)));
                None
            }
        }
    }

    /// A case that has just been opened, by the first who may.
    pub(super) fn begun(&self, at: &Range<usize>) -> Option<Scene<'d>> {
        let mut scene = self.world()?;
        let by = self.script.open.get_ref().by.first().cloned().unwrap_or_default();
        let role = self.or_say(at, self.role(&by))?;
        // Whoever may not open a case has been named already.
        let opening = scene.open(role).ok()?;
        scene.begin(opening);
        Some(scene)
    }

    pub(super) fn situation(&mut self, name: &'s str, situation: &'s Spanned<Situation>) {
        let Some(scene) = self.reach(name) else { return };
        let (at, situation) = (situation.span(), situation.get_ref());
        for group in situation.also.iter().filter(|group| !self.script.groups.contains_key(*group)) {
            self.say(at.clone(), &format!("no group is called `{group}`"));
        }
        let Ok(seat) = self.instance(situation.track.as_deref()) else { return };
        if situation.may.is_none() && situation.also.is_empty() {
            if !situation.clocks.is_empty() {
                self.clocks(&at, situation, &scene.clocks(seat), &scene);
            }
            return;
        }
        let waits_for = situation.waits_for.iter().cloned().collect();
        self.same(&at, "the case waits for", &waits_for, &scene.waits_for(seat));
        self.standing(&at, situation, &scene, seat);
        self.clocks(&at, situation, &scene.clocks(seat), &scene);
        self.everything(name, situation, &scene);
    }

    /// Phase, end and appeal of the state.
    fn standing(
        &self,
        at: &Range<usize>,
        situation: &Situation,
        scene: &Scene<'_>,
        seat: Option<InstanceId>,
    ) {
        let Some(state) = scene.state(seat).map(|state| &self.definition.states[state.at()]) else { return };
        let one = |text: Option<String>| text.into_iter().collect::<BTreeSet<String>>();
        let shown = situation.shown.as_ref().or(situation.waits_for.first());
        let shown = shown.filter(|name| *name != "nobody").cloned();
        let named = state.waits_for.map(|role| self.definition.roles[role.at()].name.clone());
        self.same(at, "the state is shown to wait for", &one(shown), &one(named));
        let ends = Some(state.kind).filter(|kind| *kind != StateKind::Open).map(|kind| kind.to_string());
        self.same(at, "it ends the case in", &one(situation.ends.clone()), &one(ends));
        let pauses = |is: bool| one(is.then(|| "the clocks before it".to_owned()));
        self.same(at, "it stops", &pauses(situation.stops_clocks), &pauses(state.stops_clocks));
        let usual = if state.kind == StateKind::Open { Publication::Draft } else { Publication::Closed };
        let shows = situation.publication.clone().or_else(|| state.publication.map(|_| usual.to_string()));
        let found = state.publication.map(|publication| publication.to_string());
        self.same(at, "its programme is", &one(shows), &one(found));
        let usual =
            if state.kind == StateKind::Open { AgreementStatus::Draft } else { AgreementStatus::Ended };
        let stands = situation.standing.clone().or_else(|| state.standing.map(|_| usual.to_string()));
        let found = state.standing.map(|standing| standing.to_string());
        self.same(at, "its agreement is", &one(stands), &one(found));
        let told = state.public_until.as_ref().map(|until| until.source().to_owned());
        self.same(at, "the applicant is told at", &one(situation.public_until.clone()), &one(told));
        let appeal = state.appeal.map(|span| span.to_string());
        self.same(at, "it can be appealed within", &one(situation.appeal.clone()), &one(appeal));
        if let Some(phase) = &situation.phase {
            let found = one(Some(state.phase.to_string()));
            self.same(at, "the phase is", &one(Some(phase.clone())), &found);
        }
    }

    fn clocks(&self, at: &Range<usize>, situation: &Situation, started: &[&ClockStart], scene: &Scene<'_>) {
        let id = |start: &ClockStart| self.definition.clocks[start.clock.at()].id.clone();
        let running = started.iter().map(|start| id(start)).collect();
        self.same(at, "the clocks that run are", &situation.clocks.keys().cloned().collect(), &running);
        for start in started {
            if let Some(runs) = situation.clocks.get(&id(start)) {
                self.clock(&runs.span(), runs.get_ref(), start, scene);
            }
        }
    }

    fn clock(&self, at: &Range<usize>, runs: &Runs, start: &ClockStart, scene: &Scene<'_>) {
        let Some(ends) = self.or_say(at, written::instant(&runs.ends)) else { return };
        let clock = &self.definition.clocks[start.clock.at()];
        let due = BTreeSet::from([start.due_at]);
        self.same(at, &format!("`{}` ends at", clock.id), &BTreeSet::from([ends]), &due);
        let wanted = runs.reminds.iter().filter_map(|at| written::instant(at).ok()).collect();
        let found = start.remind_at.iter().copied().collect();
        self.same(at, &format!("`{}` reminds at", clock.id), &wanted, &found);
        let bounds = clock.bounds.iter().flat_map(|(low, high)| [low.to_string(), high.to_string()]);
        let what = format!("`{}` has the bounds", clock.id);
        self.same(at, &what, &runs.bounds.iter().cloned().collect(), &bounds.collect());
        let mut then = scene.clone();
        then.set_now(start.due_at);
        let end = (runs.fires.as_deref(), &runs.escalates[..], runs.allows.as_deref());
        self.end(at, &then, start, end);
        for End { facts, fires, escalates, allows } in &runs.otherwise {
            let mut then = then.clone();
            if self.or_say(at, then.lay(facts)).is_some() {
                self.end(at, &then, start, (fires.as_deref(), escalates, allows.as_deref()));
            }
        }
    }

    fn end(
        &self,
        at: &Range<usize>,
        scene: &Scene<'_>,
        start: &ClockStart,
        (fires, escalates, allows): (Option<&str>, &[String], Option<&str>),
    ) {
        let wanted = match (fires, escalates, allows) {
            (Some(event), [], None) => format!("fires {event}"),
            (None, [], Some(event)) => format!("allows {event}"),
            (None, [], None) => "does nothing".to_owned(),
            (_, roles, _) => format!("escalates to {}", roles.join(", ")),
        };
        let role = |role: &RoleIx| self.definition.roles[role.at()].name.as_str();
        let found = match machine::outcome(self.definition, start.clock, &scene.facts()) {
            Some(Outcome::Fires(event)) => format!("fires {}", self.event_name(event)),
            Some(Outcome::Allows(event)) => format!("allows {}", self.event_name(event)),
            Some(Outcome::Escalates(roles)) => {
                format!("escalates to {}", roles.iter().map(role).collect::<Vec<_>>().join(", "))
            }
            None => "does nothing".to_owned(),
        };
        let what = format!("the end of `{}`", self.definition.clocks[start.clock.at()].id);
        self.same(at, &what, &BTreeSet::from([wanted]), &BTreeSet::from([found]));
    }

    /// Says where what was found is not what was expected.
    pub(super) fn same<T: Ord + ToString>(
        &self,
        at: &Range<usize>,
        what: &str,
        wanted: &BTreeSet<T>,
        found: &BTreeSet<T>,
    ) {
        if wanted == found {
            return;
        }
        let list = |set: &BTreeSet<T>| match set.len() {
            0 => "nothing".to_owned(),
            _ => set.iter().map(T::to_string).collect::<Vec<_>>().join(", "),
        };
        self.say(at.clone(), &format!("{what} {}, expected {}", list(found), list(wanted)));
    }
}

/// Notices with their roles, as `notice to role`.
pub(super) fn notices(definition: &Definition, sent: &[NoticeTo]) -> BTreeSet<String> {
    let name = |notice: NoticeIx| &definition.notices[notice.at()].name;
    let to = |sent: &NoticeTo| match sent.to.len() {
        0 => vec![format!("{} to nobody", name(sent.notice))],
        _ => {
            let roles = sent.to.iter().map(|role| &definition.roles[role.at()].name);
            roles.map(|role| format!("{} to {role}", name(sent.notice))).collect()
        }
    };
    sent.iter().flat_map(to).collect()
}

/// Notices that are expected, in the same words.
pub(super) fn expected(told: &std::collections::BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    told.iter().flat_map(|(notice, to)| to.iter().map(move |role| format!("{notice} to {role}"))).collect()
}
