//! One case, step by step, under the changed definition, until its first difference.

use super::ledger::Left;
use super::report::{End, Example, Found, Kind, Tallies};
use super::rules::{Named, Rules};
use super::seen::Seen;
use super::watch::Watch;
use super::{Past, Recorded, Written};
use crate::adoption;
use crate::definition::{
    Addressee, Choose, Definition, Each, Input, InstanceId, MAIN, Notify, PlaceOp, RoleIx, StateIx, Target,
    Transition, TransitionIx,
};
use crate::machine::{CALLED_BACK, Case, ESCALATED, HANDED_ON, Move};
use crate::vocabulary::StateKind;

/// Why a case is followed no further.
#[derive(Debug)]
pub(super) enum Stop {
    /// It comes out differently here; with what the step would do to places.
    Differs(Found, Vec<(String, PlaceOp)>),
    /// Another workflow decided it.
    Foreign,
}

impl Stop {
    pub fn differs(found: Found) -> Self {
        Self::Differs(found, Vec::new())
    }
}

/// A transition of the changed definition with its number.
pub(super) type Taken<'d> = (TransitionIx, &'d Transition);

/// A case on its way.
#[derive(Debug)]
pub(super) struct Course<'s, 'd> {
    pub rules: &'s Rules<'d>,
    pub tallies: &'s mut Tallies,
    pub past: &'s Past<'s>,
    pub case: Case,
    pub seen: Seen,
    /// Number of the step whose facts have been read.
    looked: Option<i32>,
    pub watches: Vec<Watch>,
    /// Whether a question has come up that the record does not answer.
    doubts: bool,
    /// The step that froze the registration last.
    frozen_at: Option<i32>,
    /// Input of the last event; `None` where it is gone.
    input: Option<Input>,
    /// The step before the present one.
    last: i32,
    at: chrono::DateTime<chrono::Utc>,
}

impl<'s, 'd> Course<'s, 'd> {
    pub fn new(rules: &'s Rules<'d>, tallies: &'s mut Tallies, past: &'s Past<'s>) -> Self {
        let freezes = |step: &&Recorded<'_>| {
            rules.decided(step.version).is_some_and(|before| before.freezes(step.event))
        };
        let frozen_at = past.steps.iter().rfind(freezes);
        let begun = past.steps.first().map_or(chrono::DateTime::UNIX_EPOCH, |step| step.at);
        Self {
            case: Case::new(rules.changed.definition, begun),
            rules,
            tallies,
            past,
            seen: Seen::default(),
            looked: None,
            watches: Vec::new(),
            doubts: false,
            frozen_at: frozen_at.map(|step| step.number),
            input: Some(Input::default()),
            last: 0,
            at: begun,
        }
    }

    /// Follows the case, counts what it finds, and says where the case left its recorded course.
    pub fn run(mut self) -> Option<Left> {
        match self.walk() {
            Ok(()) => {
                self.tallies.end(if self.doubts { End::Unknown } else { End::Unchanged });
                None
            }
            Err(Stop::Foreign) => {
                self.tallies.end(End::Foreign);
                None
            }
            Err(Stop::Differs(found, places)) => {
                let attempt = found.kind == Kind::Allowed;
                self.tallies.differs(found, Example { case: self.past.case, step: self.last });
                self.tallies.end(End::Diverged { after_unknown: self.doubts });
                let number = if attempt { self.last + 1 } else { self.last };
                Some(Left { number, at: self.at, places })
            }
        }
    }

    fn walk(&mut self) -> Result<(), Stop> {
        let past = self.past;
        let mut refused = past.refused.iter().peekable();
        let steps = standing(past.steps);
        for (at, step) in steps.iter().copied().enumerate() {
            while let Some(attempt) = refused.next_if(|attempt| at > 0 && attempt.at < step.at) {
                self.at = attempt.at;
                self.attempt(attempt)?;
            }
            (self.last, self.at) = (step.number, step.at);
            if ![adoption::EVENT, ESCALATED, HANDED_ON].contains(&step.event) {
                self.tallies.step();
                self.step(step, steps.get(at + 1).copied())?;
            }
        }
        for attempt in refused {
            self.at = attempt.at;
            self.attempt(attempt)?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Recorded<'_>, next: Option<&Recorded<'_>>) -> Result<(), Stop> {
        let rules = self.rules;
        let before = rules.decided(step.version).ok_or(Stop::Foreign)?;
        let Some(from) = step.from else { return self.opened(before, step) };
        let of = rules.changed.definition.instance_of(step.machine);
        if step.machine != MAIN && of.is_none() {
            return Err(Self::found(Kind::Refused, step, from, "there is no such track".to_owned()));
        }
        self.lapses(step)?;
        if self.is_early(before, of, step) {
            return Err(Self::found(Kind::NotDue, step, from, "its deadline has not ended yet".to_owned()));
        }
        let origin = self.case.origin().map(|state| rules.changed.state_name(state));
        let old = before.took(step, origin).ok_or(Stop::Foreign)?;
        let taken = if old.join.is_some() {
            self.joined(before, old, of, step)?
        } else {
            self.input = input(rules.changed.definition, step);
            self.fired(before, old, of, step)?
        };
        self.take(before, old, taken, of, step)?;
        self.pending(before, of, step, next)
    }

    fn opened(&mut self, before: &Named<'d>, step: &Recorded<'_>) -> Result<(), Stop> {
        let (new, old) = (&self.rules.changed.definition.create, &before.definition.create);
        self.guards(before, &new.require, &old.require, step, "")?;
        self.mails((before.definition, &old.notify), &new.notify);
        let initial = self.rules.changed.definition.initial;
        let to = self.rules.changed.state_name(initial);
        if to != step.to {
            let what = format!("it leads to `{to}`, not to `{}`", step.to);
            return Err(Self::found(Kind::Elsewhere, step, "", what));
        }
        self.watch(before, None, initial, step);
        let tracks: Vec<_> = self.case.tracks.iter().map(|one| (one.id, one.state)).collect();
        for (id, state) in tracks {
            self.watch(before, Some(id), state, step);
        }
        Ok(())
    }

    /// Carries the case over a step that goes as it went.
    fn take(
        &mut self,
        before: &Named<'d>,
        old: &Transition,
        (ix, transition): Taken<'d>,
        of: Option<InstanceId>,
        step: &Recorded<'_>,
    ) -> Result<(), Stop> {
        let definition = self.rules.changed.definition;
        let from = self.state(of);
        let role = definition.role_named(step.role).filter(|_| step.actor.is_some());
        let collected = role.filter(|_| transition.collect);
        let part = collected.is_some_and(|role| self.remaining(of, transition).any(|open| open != role));
        let to = if part { from } else { self.target(of, transition).unwrap_or(from) };
        if self.rules.changed.state_name(to) != step.to {
            let to = self.rules.changed.state_name(to);
            let what = format!("it leads to `{to}`, not to `{}`", step.to);
            return Err(Self::found(Kind::Elsewhere, step, self.rules.changed.state_name(from), what));
        }
        let places = if part { Vec::new() } else { self.places(before, old, transition, step)? };
        if !part {
            self.mails((before.definition, &old.notify), &transition.notify);
        }
        let mut made = Move::bare(ix, transition.event, of, (from, to));
        (made.role, made.collected, made.places) = (role, collected, places);
        made.entered = !part && transition.enters();
        if !part {
            self.on_tracks(&mut made, transition);
        }
        self.case.apply(definition, &made, step.actor, step.at);
        self.looked = None;
        self.moved(before, &made, step);
        Ok(())
    }

    /// What a move does to tracks.
    fn on_tracks(&self, made: &mut Move, transition: &Transition) {
        made.resets.clone_from(&transition.resets);
        made.invalidates.clone_from(&transition.invalidates);
        made.new_version = transition.new_version;
        made.adds = transition.adds.map(|machine| {
            let keys = self.case.tracks.iter().filter(|one| one.id.machine == machine).map(|one| one.id.key);
            InstanceId { machine, key: keys.max().unwrap_or(0).saturating_add(1) }
        });
        let chooses = !matches!(transition.choose, None | Some(Choose::Nothing));
        made.stays = chooses.then(|| self.stays());
    }

    /// How many stays a choice makes at least: as many as steps of their tracks speak of.
    fn stays(&self) -> u16 {
        let definition = self.rules.changed.definition;
        if definition.tracks.iter().all(|track| track.each != Some(Each::Stay)) {
            return 1;
        }
        let instances = self.past.steps.iter().filter_map(|step| definition.instance_of(step.machine));
        let of_stays = instances
            .filter(|id| definition.track(id.machine).is_some_and(|track| track.each == Some(Each::Stay)));
        of_stays.map(|id| id.key).max().unwrap_or(1)
    }

    /// Starts and stops the deadlines that are watched.
    fn moved(&mut self, before: &Named<'d>, made: &Move, step: &Recorded<'_>) {
        let definition = self.rules.changed.definition;
        if made.entered {
            self.watches.retain(|watch| watch.instance != made.instance);
            if made.instance.is_none() && definition.states[made.to.at()].kind != StateKind::Open {
                self.watches.clear();
            }
            self.watch(before, made.instance, made.to, step);
        }
        let anew = |watch: &Watch| watch.instance.is_some_and(|id| made.resets.contains(&id.machine));
        self.watches.retain(|watch| !anew(watch));
    }

    /// Mails that a step sends under one definition and not under the other.
    fn mails(&mut self, (old, was): (&Definition, &[Notify]), is: &[Notify]) {
        let new = self.rules.changed.definition;
        let told = |definition: &Definition, all: &[Notify]| -> Vec<(String, String)> {
            let each = |notify: &Notify| {
                let name = definition.notices[notify.notice.at()].name.clone();
                let to = notify.to.iter().map(|to| addressee(definition, *to)).collect::<Vec<_>>();
                to.into_iter().map(move |to| (name.clone(), to)).collect::<Vec<_>>()
            };
            all.iter().flat_map(each).collect()
        };
        if same_notices((old, was), (new, is)) {
            return;
        }
        let (was, is) = (told(old, was), told(new, is));
        for (name, _) in is.iter().filter(|one| !was.contains(one)) {
            self.tallies.mail(name, true);
        }
        for (name, _) in was.iter().filter(|one| !is.contains(one)) {
            self.tallies.mail(name, false);
        }
    }

    /// Reads the facts of a step, once.
    pub fn look(&mut self, step: &Recorded<'_>) {
        if self.looked.replace(step.number) == Some(step.number) {
            return;
        }
        let frozen = if self.is_frozen(step) { self.past.frozen } else { &[] };
        self.seen.read(self.rules, step.at, &self.case, step.facts, frozen, self.input.as_ref());
    }

    /// Whether a step saw the registration as it stands frozen: after it was frozen last, and from where it is not frozen anew.
    fn is_frozen(&self, step: &Recorded<'_>) -> bool {
        let before = self.rules.decided(step.version);
        let state =
            before.and_then(|before| before.state(None, self.rules.changed.state_name(self.case.state)));
        let can_freeze = before.zip(state).is_none_or(|(before, state)| before.can_freeze[state.at()]);
        self.frozen_at.is_some_and(|number| number < step.number) && !can_freeze
    }

    /// Reads the facts of a refused attempt.
    pub fn look_at(&mut self, at: chrono::DateTime<chrono::Utc>, facts: &str) {
        self.looked = None;
        self.seen.read(self.rules, at, &self.case, facts, &[], None);
    }

    pub fn doubt(&mut self, state: StateIx, at: &str, fact: &str) {
        self.doubts = true;
        self.tallies.unknown(self.rules.changed.state_name(state), at, fact);
    }

    pub fn found(kind: Kind, step: &Recorded<'_>, state: &str, what: String) -> Stop {
        Stop::differs(Found { kind, state: state.to_owned(), event: step.event.to_owned(), what })
    }

    /// The state of a machine; of one that is not there, the main machine's.
    pub fn state(&self, of: Option<InstanceId>) -> StateIx {
        of.and_then(|id| self.case.instance(id)).map_or(self.case.state, |instance| instance.state)
    }

    pub fn target(&self, of: Option<InstanceId>, transition: &Transition) -> Option<StateIx> {
        match transition.to {
            Target::State(to) => Some(to),
            Target::Same => Some(self.state(of)),
            Target::Previous => self.case.origin(),
        }
    }

    fn remaining<'t>(
        &'t self,
        of: Option<InstanceId>,
        transition: &'t Transition,
    ) -> impl Iterator<Item = RoleIx> + 't {
        let acted = match of {
            None => &self.case.collected,
            Some(id) => self.case.instance(id).map_or(&self.case.collected, |one| &one.collected),
        };
        transition.by.iter().copied().filter(|role| !acted.contains(&(transition.event, *role)))
    }
}

/// What was given with a step, as far as the changed definition asks for it; `None` where it is gone.
fn input(definition: &Definition, step: &Recorded<'_>) -> Option<Input> {
    let data = match step.written {
        Written::Nothing => return Some(Input::default()),
        Written::Erased => return None,
        Written::Kept { data, .. } => data,
    };
    let Some(data) = data else { return Some(Input::default()) };
    let event = definition.event_named(step.event)?;
    let fields = definition.transitions.iter().find(|t| t.event == event).map(|t| &t.input[..])?;
    let given: serde_json::Map<String, serde_json::Value> = serde_json::from_str(data).ok()?;
    // Fields that are not asked for any more are left out, so that those that are can be read.
    let given =
        given.into_iter().filter(|(name, _)| fields.iter().any(|field| field.name == *name)).collect();
    Some(Input::check(fields, &given, |list| &definition.reasons[list.at()].codes).unwrap_or_default())
}

/// Steps that stand: those that were called back, and the calling back itself, are as if they had not been.
fn standing<'s, 'a>(steps: &'s [Recorded<'a>]) -> Vec<&'s Recorded<'a>> {
    let mut standing: Vec<&Recorded<'a>> = Vec::with_capacity(steps.len());
    for step in steps {
        if step.event != CALLED_BACK {
            standing.push(step);
            continue;
        }
        let Some(at) = standing.last().map(|last| last.at) else { continue };
        while standing.last().is_some_and(|last| last.at == at) {
            standing.pop();
        }
    }
    standing
}

fn addressee(definition: &Definition, to: Addressee) -> String {
    match to {
        Addressee::Role(role) => definition.roles[role.at()].name.clone(),
        Addressee::WaitsFor => "@waits_for".to_owned(),
        Addressee::WasWaiting => "@was_waiting".to_owned(),
    }
}

fn same_notices((old, was): (&Definition, &[Notify]), (new, is): (&Definition, &[Notify])) -> bool {
    let same_to = |(one, other): (&Addressee, &Addressee)| match (one, other) {
        (Addressee::Role(one), Addressee::Role(other)) => {
            old.roles[one.at()].name == new.roles[other.at()].name
        }
        (one, other) => one == other,
    };
    let same = |(one, other): (&Notify, &Notify)| {
        old.notices[one.notice.at()].name == new.notices[other.notice.at()].name
            && one.to.len() == other.to.len()
            && one.to.iter().zip(&other.to).all(same_to)
    };
    was.len() == is.len() && was.iter().zip(is).all(same)
}
