//! One recorded step, decided again: who, what they gave, the guards, the documents, the places, the joins.

use super::Recorded;
use super::Written;
use super::course::{Course, Stop, Taken};
use super::report::Kind;
use super::rules::{Named, same_effect, same_guard};
use super::seen::Truth;
use crate::definition::{AccountIx, InstanceId, PlaceEffect, PlaceOp, Require, Resolver, Transition};
use crate::machine::{after, starts_from};
use crate::vocabulary::{AccountStatus, PostingKind};

impl<'d> Course<'_, 'd> {
    /// The transition that an event takes, when it would be allowed as it was.
    pub(super) fn fired(
        &mut self,
        before: &Named<'d>,
        old: &Transition,
        of: Option<InstanceId>,
        step: &Recorded<'_>,
    ) -> Result<Taken<'d>, Stop> {
        let state = self.state(of);
        let name = self.rules.changed.state_name(state);
        let Some((ix, transition)) = self.leaving(of, step.event) else {
            return Err(Self::found(Kind::Refused, step, name, "not from here".to_owned()));
        };
        if let Some(why) = self.not_theirs(of, transition, (step.actor.map(|_| step.role), step.actor)) {
            return Err(Self::found(Kind::Refused, step, name, why));
        }
        self.given(before, old, transition, step)?;
        self.guards(before, &transition.require, &old.require, step, name)?;
        self.documents(before, old, transition, step);
        Ok((ix, transition))
    }

    /// The transition of an event that leaves a machine's present state as it was entered, and is not spent.
    pub(super) fn leaving(&self, of: Option<InstanceId>, event: &str) -> Option<Taken<'d>> {
        let changed = &self.rules.changed;
        let event = changed.event(event)?;

        changed
            .definition
            .leaving(self.state(of))
            .find(|(_, t)| t.event == event && t.join.is_none() && self.may(of, t))
    }

    /// Whether a transition fits how its state was entered and what has happened once.
    pub(super) fn may(&self, of: Option<InstanceId>, transition: &Transition) -> bool {
        let origin = self.case.origin();
        let came = transition.came_from.is_empty()
            || origin.is_some_and(|origin| transition.came_from.contains(&origin));
        let spent = transition.once && self.case.acts.iter().any(|(event, _)| *event == transition.event);
        came && !spent && self.target(of, transition).is_some()
    }

    /// Why whoever acted may not; nothing when they may.
    pub(super) fn not_theirs(
        &self,
        of: Option<InstanceId>,
        transition: &Transition,
        (role, actor): (Option<&str>, Option<crate::ids::PersonId>),
    ) -> Option<String> {
        let definition = self.rules.changed.definition;
        let needs = || {
            let names: Vec<_> =
                transition.by.iter().map(|role| format!("`{}`", definition.roles[role.at()].name)).collect();
            format!("it is for {}", names.join(" or "))
        };
        let Some(person) = actor else {
            let system =
                |role: &crate::definition::RoleIx| definition.roles[role.at()].resolver == Resolver::System;
            return if transition.by.iter().any(system) { None } else { Some(needs()) };
        };
        let role =
            role.and_then(|name| definition.role_named(name)).filter(|role| transition.by.contains(role));
        let Some(role) = role else { return Some(needs()) };
        let acted = match of {
            None => &self.case.collected,
            Some(id) => self.case.instance(id).map_or(&self.case.collected, |one| &one.collected),
        };
        if transition.collect && acted.contains(&(transition.event, role)) {
            return Some("they have acted already".to_owned());
        }
        let is_applicant = definition.roles[role.at()].resolver == Resolver::Applicant;
        if person == self.past.applicant && !is_applicant {
            return Some("they are the applicant".to_owned());
        }
        let pairs = definition.separations.iter();
        let others = pairs.filter_map(|pair| match transition.event {
            event if event == pair.second => Some(pair.first),
            event if event == pair.first => Some(pair.second),
            _ => None,
        });
        let did = |event: &_| self.case.acts.iter().any(|(act, who)| act == event && *who == Some(person));
        let event = others.into_iter().find(did)?;
        Some(format!("the same person did `{}`", definition.events[event.at()].name))
    }

    /// Input and reason: what has not changed was right, what has is read again where it is still there.
    fn given(
        &mut self,
        before: &Named<'d>,
        old: &Transition,
        transition: &Transition,
        step: &Recorded<'_>,
    ) -> Result<(), Stop> {
        let definition = self.rules.changed.definition;
        let state = self.case.state;
        let name = self.rules.changed.state_name(state);
        let missing: Vec<&str> = transition
            .input
            .iter()
            .filter(|field| !field.optional && !old.input.iter().any(|known| known.name == field.name))
            .map(|field| field.name.as_str())
            .collect();
        if let Some(field) = missing.first() {
            match step.written {
                Written::Erased => self.doubt(state, step.event, "what was given, which has been erased"),
                Written::Nothing | Written::Kept { .. } => {
                    let what = format!("it asks for `{field}`, which nobody gave");
                    return Err(Self::found(Kind::Refused, step, name, what));
                }
            }
        }
        let codes = |definition: &crate::definition::Definition, list: crate::definition::ReasonsIx| {
            definition.reasons[list.at()].codes.iter().map(|(code, _)| code.clone()).collect::<Vec<_>>()
        };
        let (Some(list), Some(_)) = (transition.reason, step.actor) else { return Ok(()) };
        let (wanted, known) = (
            codes(definition, list),
            old.reason.map(|list| codes(before.definition, list)).unwrap_or_default(),
        );
        if step.imported || (!known.is_empty() && known.iter().all(|code| wanted.contains(code))) {
            return Ok(());
        }
        match step.written {
            Written::Erased => self.doubt(state, step.event, "its reason, which has been erased"),
            Written::Kept { reason: Some(reason), .. } if wanted.iter().any(|code| code == reason) => {}
            Written::Nothing | Written::Kept { .. } => {
                let what = "it asks for a reason that nobody gave".to_owned();
                return Err(Self::found(Kind::Refused, step, name, what));
            }
        }
        Ok(())
    }

    /// Guards that the deciding definition did not have are asked on the facts of the step.
    pub(super) fn guards(
        &mut self,
        _: &Named<'d>,
        rules: &[Require],
        known: &[Require],
        step: &Recorded<'_>,
        state: &str,
    ) -> Result<(), Stop> {
        let mut unmet = Vec::new();
        for rule in rules {
            if known.iter().any(|old| same_guard(Some(&old.guard), Some(&rule.guard))) {
                continue;
            }
            self.look(step);
            match self.seen.truth(self.rules, &rule.guard) {
                Truth::Holds => {}
                Truth::Fails => {
                    let message = &self.rules.changed.definition.messages[rule.message.at()];
                    unmet.push(format!("`{}`", message.name));
                }
                Truth::Unknown(fact) => self.doubt(self.case.state, step.event, &format!("`{fact}`")),
            }
        }
        if unmet.is_empty() {
            return Ok(());
        }
        Err(Self::found(Kind::Refused, step, state, format!("{} does not hold", unmet.join(", "))))
    }

    fn documents(
        &mut self,
        before: &Named<'d>,
        old: &Transition,
        transition: &Transition,
        step: &Recorded<'_>,
    ) {
        if step.imported || transition.documents.is_empty() {
            return;
        }
        let there = |slot: &crate::definition::DocumentIx| {
            let name = &self.rules.changed.definition.documents[slot.at()].name;
            old.documents.iter().any(|known| before.definition.documents[known.at()].name == *name)
        };
        let missing = transition.documents.iter().find(|slot| !there(slot));
        if let Some(slot) = missing {
            let name = format!("the document `{}`", self.rules.changed.definition.documents[slot.at()].name);
            self.doubt(self.case.state, step.event, &name);
        }
    }

    /// What the step does to places.
    pub(super) fn places(
        &mut self,
        before: &Named<'d>,
        old: &Transition,
        transition: &Transition,
        step: &Recorded<'_>,
    ) -> Result<Vec<(AccountIx, PlaceOp)>, Stop> {
        let definition = self.rules.changed.definition;
        let recorded = self.recorded(step);
        let same = |(one, other): (&PlaceEffect, &PlaceEffect)| {
            same_effect((definition, one), (before.definition, other))
        };
        let pairs = transition.effects.iter().zip(&old.effects);
        let unchanged = transition.effects.len() == old.effects.len() && pairs.into_iter().all(same);
        let named = |name: &str| {
            let at = definition.accounts.iter().position(|account| account.name == name);
            at.and_then(|at| u16::try_from(at).ok()).map(AccountIx)
        };
        let as_recorded: Vec<_> =
            recorded.iter().filter_map(|(name, op)| Some((named(name)?, *op))).collect();
        if unchanged {
            return Ok(as_recorded);
        }
        let Some(ops) = self.effects(before, old, transition, &as_recorded, step)? else {
            return Ok(as_recorded);
        };
        let told = |ops: &[(String, PlaceOp)]| {
            let mut told: Vec<_> = ops.iter().map(|(name, op)| format!("{} `{name}`", op.word())).collect();
            told.sort();
            if told.is_empty() { "nothing".to_owned() } else { told.join(", ") }
        };
        let ours: Vec<(String, PlaceOp)> =
            ops.iter().map(|(ix, op)| (definition.accounts[ix.at()].name.clone(), *op)).collect();
        if told(&ours) == told(&recorded) {
            return Ok(ops);
        }
        let what = format!("{}, where it was {}", told(&ours), told(&recorded));
        let state = self.rules.changed.state_name(self.case.state);
        match Self::found(Kind::Places, step, state, what) {
            Stop::Differs(found, _) => Err(Stop::Differs(found, ours)),
            foreign @ Stop::Foreign => Err(foreign),
        }
    }

    /// What a step did to places, by account, as its postings tell.
    fn recorded(&self, step: &Recorded<'_>) -> Vec<(String, PlaceOp)> {
        let mut ops: Vec<(String, PlaceOp)> = Vec::new();
        for posted in self.past.postings.iter().filter(|posted| posted.number == step.number) {
            let op = match posted.kind {
                PostingKind::Hold => PlaceOp::Hold,
                PostingKind::Use if posted.amount < 0 => PlaceOp::Return,
                PostingKind::Use => PlaceOp::Use,
                PostingKind::Release => PlaceOp::Release,
                PostingKind::Capacity | PostingKind::Carry => continue,
            };
            // A place that is returned is posted twice: given back, and then free.
            if !ops.iter().any(|(name, _)| name == posted.account) {
                ops.push((posted.account.to_owned(), op));
            }
        }
        ops
    }

    /// What changed effects come to; `None` when the record does not say.
    fn effects(
        &mut self,
        before: &Named<'d>,
        old: &Transition,
        transition: &Transition,
        recorded: &[(AccountIx, PlaceOp)],
        step: &Recorded<'_>,
    ) -> Result<Option<Vec<(AccountIx, PlaceOp)>>, Stop> {
        let definition = self.rules.changed.definition;
        let mut statuses = self.case.accounts.clone();
        let mut ops = Vec::new();
        for effect in &transition.effects {
            let ix = effect.account;
            let is_known =
                old.effects.iter().any(|one| same_effect((definition, effect), (before.definition, one)));
            if is_known {
                let was = recorded.iter().filter(|(account, _)| *account == ix);
                for &(account, op) in was {
                    statuses[account.at()] = after(op, statuses[account.at()]);
                    if !ops.contains(&(account, op)) {
                        ops.push((account, op));
                    }
                }
                continue;
            }
            let Some(due) = self.due(effect, step) else { return Ok(None) };
            let (Some(op), status) = (due, statuses[ix.at()]) else { continue };
            let Some(on) = self.is_on(ix, (op, status), step) else { return Ok(None) };
            if !on {
                continue;
            }
            if !starts_from(op, status) {
                let state = self.rules.changed.state_name(self.case.state);
                let what =
                    format!("the place of `{}` is {}", definition.accounts[ix.at()].name, status.as_str());
                return Err(Self::found(Kind::Refused, step, state, what));
            }
            statuses[ix.at()] = after(op, status);
            let op = if op == PlaceOp::Free && status == AccountStatus::Used { PlaceOp::Return } else { op };
            ops.push((ix, if op == PlaceOp::Free { PlaceOp::Release } else { op }));
        }
        ops.retain(|(_, op)| *op != PlaceOp::Keep);
        Ok(Some(ops))
    }

    /// Whether an effect happens at all: `None` where it rests on a fact that is not recorded.
    #[expect(clippy::option_option, reason = "unknown, no effect, this effect")]
    fn due(&mut self, effect: &PlaceEffect, step: &Recorded<'_>) -> Option<Option<PlaceOp>> {
        let Some(when) = &effect.when else { return Some(Some(effect.op)) };
        self.look(step);
        match self.seen.truth(self.rules, when) {
            Truth::Holds => Some(Some(effect.op)),
            Truth::Fails => Some(effect.otherwise),
            Truth::Unknown(fact) => {
                self.doubt(self.case.state, step.event, &format!("`{fact}`"));
                None
            }
        }
    }

    /// Whether an account takes part; `None` where that rests on a fact that is not recorded.
    fn is_on(
        &mut self,
        ix: AccountIx,
        (op, status): (PlaceOp, AccountStatus),
        step: &Recorded<'_>,
    ) -> Option<bool> {
        if status != AccountStatus::None || op == PlaceOp::Free {
            return Some(status != AccountStatus::None);
        }
        let Some(enabled) = &self.rules.changed.definition.accounts[ix.at()].enabled else {
            return Some(true);
        };
        if op != PlaceOp::Hold {
            return Some(false);
        }
        self.look(step);
        match self.seen.truth(self.rules, enabled) {
            Truth::Holds => Some(true),
            Truth::Fails => Some(false),
            Truth::Unknown(fact) => {
                self.doubt(self.case.state, step.event, &format!("`{fact}`"));
                None
            }
        }
    }
}
