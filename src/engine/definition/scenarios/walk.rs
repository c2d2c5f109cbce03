//! Events that one person may not both carry out, and stories of steps in a row.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;

use super::scene::Scene;
use super::script::{Apart, Walk, WalkStep};
use super::situation::{expected, notices};
use super::written::Example;
use super::{Aim, Play, told, unmet};
use crate::definition::{EventIx, InstanceId};
use crate::machine::{self, Actor, ClockStart, Outcome, Step};
use crate::refusal::Refusal;

impl<'d, 's> Play<'d, 's> {
    /// Whoever did the first may not do the second, although they hold a role that may.
    pub(super) fn apart(&mut self, apart: &'s Spanned<Apart>) {
        let (at, apart) = (apart.span(), apart.get_ref());
        let Some(situation) = self.script.situations.get(&apart.at) else {
            self.say(at, &format!("no situation is called `{}`", apart.at));
            return;
        };
        let Some(mut scene) = self.reach(&apart.at) else { return };
        let events = self.event(&apart.first).and_then(|first| Ok((first, self.event(&apart.second)?)));
        let Some((first, second)) = self.or_say(&at, events) else { return };
        let jack = scene.jack_of_all();
        let Actor::Person(person, _) = jack else { return };
        let Some(act) = scene.case.acts.iter_mut().find(|(event, _)| *event == first) else {
            self.say(at, &format!("`{}` has not happened in `{}`", apart.first, apart.at));
            return;
        };
        act.1 = Some(person);
        let may = self.mays(situation.get_ref()).remove(apart.second.as_str()).map(Spanned::get_ref);
        let data = self.example(&apart.second, may).full();
        let reason = self.reason(may.and_then(|may| may.reason.as_deref()));
        let seat = self.instance(situation.get_ref().track.as_deref()).unwrap_or_default();
        let refused = scene.attempt((second, seat), jack, &data, reason);
        let wanted = Refusal::SamePerson { as_event: Some(apart.first.clone()) };
        if refused.as_ref().err() != Some(&wanted) {
            let found = refused.map_or_else(|refusal| told(&refusal), |_| "it happened".to_owned());
            let message = format!(
                "whoever did `{}` must not `{}`, so it is to be refused as same_person: {found}",
                apart.first, apart.second
            );
            self.say(at, &message);
        }
    }

    pub(super) fn walk(&mut self, walk: &'s Spanned<Walk>) {
        let before = match &walk.get_ref().after {
            Some(name) if self.script.situations.contains_key(name) => self.reach(name),
            Some(name) => {
                self.say(walk.span(), &format!("no situation is called `{name}`"));
                None
            }
            None => self.begun(&walk.span()),
        };
        let Some(mut scene) = before else { return };
        for step in &walk.get_ref().steps {
            if self.pace(&step.span(), step.get_ref(), &mut scene).is_none() {
                return;
            }
        }
    }

    /// One step of a story; `None` when the rest cannot be told.
    fn pace(&mut self, at: &Range<usize>, step: &WalkStep, scene: &mut Scene<'d>) -> Option<()> {
        if let Some(now) = &step.now {
            self.or_say(at, scene.at(now))?;
        }
        self.or_say(at, scene.lay(&step.facts))?;
        let aim = match step.does.strip_prefix("expires: ") {
            Some(clock) => self.expiry(scene, clock),
            None => self.read_step(&step.does, scene),
        };
        let aim = self.or_say(at, aim)?;
        let data = step.with.as_ref().map(Example::of);
        let data = data.unwrap_or_else(|| self.example(self.event_name(aim.ix), None)).full();
        let reason = self.reason_here(scene, aim.ix, aim.instance);
        match (scene.attempt((aim.ix, aim.instance), aim.actor, &data, reason), &step.refused) {
            (Ok(made), None) => {
                self.note(&made);
                scene.go(&made, aim.actor);
                self.arrived(at, step, (scene, aim.instance), &made);
                Some(())
            }
            (Err(refusal), Some(wanted)) => {
                if refusal.code() != wanted && unmet(&refusal) != [wanted.as_str()] {
                    self.say(at.clone(), &format!("it is refused as {}, not as {wanted}", told(&refusal)));
                }
                Some(())
            }
            (Err(refusal), None) => {
                self.say(at.clone(), &format!("it is refused: {}", told(&refusal)));
                None
            }
            (Ok(_), Some(wanted)) => {
                self.say(at.clone(), &format!("it happens, although it is to be refused as {wanted}"));
                None
            }
        }
    }

    fn arrived(
        &self,
        at: &Range<usize>,
        step: &WalkStep,
        (scene, instance): (&Scene<'_>, Option<InstanceId>),
        made: &Step,
    ) {
        if let Some(to) = &step.to {
            let one = |name: &str| BTreeSet::from([name.to_owned()]);
            self.same(at, "the case is now in", &one(to), &one(scene.state_name(instance)));
        }
        let sent: BTreeSet<String> =
            made.moves.iter().flat_map(|made| notices(self.definition, &made.notices)).collect();
        for missing in expected(&step.told).difference(&sent) {
            self.say(at.clone(), &format!("it does not send {missing}"));
        }
        if let Some(places) = &step.places {
            let row = |places: &[String]| BTreeSet::from([places.join(", ")]);
            self.same(at, "it does to places", &row(places), &row(&self.places(made)));
        }
    }

    /// A reason for the event where the case stands.
    pub(super) fn reason_here(
        &self,
        scene: &Scene<'_>,
        event: EventIx,
        instance: Option<InstanceId>,
    ) -> Option<(&'d str, &'static str)> {
        let mut leaving = self.definition.leaving(scene.state(instance)?);
        let list = leaving.find_map(|(_, t)| if t.event == event { t.reason } else { None })?;
        self.reason(Some(&self.definition.reasons[list.at()].name))
    }

    /// Lets a clock end: the time moves there, and the event it fires is aimed at.
    fn expiry<'t>(&self, scene: &mut Scene<'_>, text: &'t str) -> Result<Aim<'t>, String> {
        let (id, instance) = self.placed(text)?;
        let named = |start: &&&ClockStart| self.definition.clocks[start.clock.at()].id == id;
        let running = scene.clocks(instance).iter().find(named).map(|start| (start.clock, start.due_at));
        let (clock, due_at) = running.ok_or_else(|| format!("no clock `{text}` runs here"))?;
        scene.set_now(due_at);
        match machine::outcome(self.definition, clock, &scene.facts()) {
            Some(Outcome::Fires(ix)) => Ok(Aim { actor: Actor::System, event: id, ix, instance }),
            Some(Outcome::Escalates(_) | Outcome::Allows(_)) | None => {
                Err(format!("the end of `{id}` fires no event here"))
            }
        }
    }
}
