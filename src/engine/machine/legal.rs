//! The checks every attempt passes, shared by `step` and `offers`.

use super::case::Seat;
use super::{Actor, Case, Context, LineView, Roles, starts_from};
use crate::definition::{
    AccountIx, Choose, Definition, Party, PlaceOp, Require, Resolver, RoleIx, StateIx, Target, Texts,
    Transition, TransitionIx, Trigger,
};
use crate::guard::{Guard, Type, Value, Values, Verdict};
use crate::refusal::{Instead, NoPlace, Refusal, UnmetRule};
use crate::vocabulary::AccountStatus;

/// Whether the transition leaves the machine's present state as it was entered.
pub(super) fn leaves(seat: &Seat<'_>, transition: &Transition) -> bool {
    let came_from =
        transition.came_from.is_empty() || seat.origin.is_some_and(|o| transition.came_from.contains(&o));
    came_from && transition.from.contains(&seat.state)
}

/// Where the transition leads from here; `None` when the register it needs is empty.
pub(super) fn target(seat: &Seat<'_>, transition: &Transition) -> Option<StateIx> {
    match transition.to {
        Target::State(to) => Some(to),
        Target::Same => Some(seat.state),
        Target::Previous => seat.origin,
    }
}

/// Not from here, at most once, within the time for an appeal: whether the event is possible at all in this case.
pub(super) fn possible(
    definition: &Definition,
    case: &Case,
    seat: &Seat<'_>,
    transition: &Transition,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    let spent = transition.once && case.acts.iter().any(|(event, _)| *event == transition.event);
    if spent || target(seat, transition).is_none() {
        return Err(Refusal::NotFromHere {
            event: definition.events[transition.event.at()].name.clone(),
            state: definition.states[seat.state.at()].name.clone(),
            allowed_from: Vec::new(),
        });
    }
    let window = definition.states[seat.state.at()].appeal;
    let closed_at = window.map(|span| context.calendars.of(Party::Home).after(seat.entered_at, span));
    match closed_at.filter(|closed_at| *closed_at < context.now) {
        Some(closed_at) => Err(Refusal::TooLate { closed_at, rule: appeal_is_over() }),
        None => Ok(()),
    }
}

/// The end of an appeal's window belongs to the format, not to one definition, and so do its words.
fn appeal_is_over() -> UnmetRule {
    let text = [
        ("en", "The time for an appeal is over: the decision is final."),
        ("zh-Hant", "申訴期限已過，決定已為最終決定。"),
    ];
    UnmetRule {
        code: "appeal_window".to_owned(),
        message: Texts(text.into_iter().map(|(tag, text)| (tag.to_owned(), text.to_owned())).collect()),
        values: Vec::new(),
    }
}

/// The role the actor acts in, `None` for the system.
pub(super) fn role(
    definition: &Definition,
    (case, seat): (&Case, &Seat<'_>),
    transition: &Transition,
    actor: Actor,
    subject: Option<crate::ids::PersonId>,
) -> Result<Option<RoleIx>, Refusal> {
    let acted = |role: &RoleIx| transition.collect && seat.collected.contains(&(transition.event, *role));
    let open = || transition.by.iter().copied().filter(|role| !acted(role));
    let is_system = |role: RoleIx| definition.roles[role.at()].resolver == Resolver::System;
    let refusal =
        || Refusal::NotYours { needs: open().map(|r| definition.roles[r.at()].name.clone()).collect() };
    match actor {
        Actor::System => open().find(|role| is_system(*role)).map(|_| None).ok_or_else(refusal),
        Actor::Person(person, roles) => {
            let role = pick(definition, open(), roles, subject == Some(person)).ok_or_else(refusal)?;
            separate(definition, case, transition, person, role, subject)?;
            Ok(Some(role))
        }
    }
}

/// Of the open roles the actor holds, the applicant's own first when they are the applicant.
fn pick(
    definition: &Definition,
    open: impl Iterator<Item = RoleIx>,
    held: Roles,
    applicant: bool,
) -> Option<RoleIx> {
    let mut mine: Vec<RoleIx> = open.filter(|role| held.has(*role)).collect();
    let own = |role: &RoleIx| definition.roles[role.at()].resolver == Resolver::Applicant;
    if applicant {
        mine.sort_by_key(|role| !own(role));
    }
    mine.first().copied()
}

fn separate(
    definition: &Definition,
    case: &Case,
    transition: &Transition,
    person: crate::ids::PersonId,
    role: RoleIx,
    subject: Option<crate::ids::PersonId>,
) -> Result<(), Refusal> {
    let as_applicant = definition.roles[role.at()].resolver == Resolver::Applicant;
    if subject == Some(person) && !as_applicant {
        return Err(Refusal::SamePerson { as_event: None });
    }
    let others = definition.separations.iter().filter_map(|pair| match transition.event {
        event if event == pair.second => Some(pair.first),
        event if event == pair.first => Some(pair.second),
        _ => None,
    });
    let did = |event: &_| case.acts.iter().any(|(act, who)| act == event && *who == Some(person));
    match others.into_iter().find(did) {
        Some(event) => {
            Err(Refusal::SamePerson { as_event: Some(definition.events[event.at()].name.clone()) })
        }
        None => Ok(()),
    }
}

/// All guards; `lenient` lets unknown ones pass, for offers whose input is not given yet.
pub(super) fn guards(
    definition: &Definition,
    rules: &[Require],
    values: &dyn Values,
    now: chrono::DateTime<chrono::Utc>,
    lenient: bool,
) -> Result<(), Refusal> {
    let fails = |rule: &&Require| match rule.guard.holds(values) {
        Verdict::True => false,
        Verdict::False => true,
        Verdict::Unknown => !(lenient && reads_input(definition, &rule.guard)),
    };
    let failing: Vec<&Require> = rules.iter().filter(fails).collect();
    if failing.is_empty() {
        return Ok(());
    }
    let unmet = |rule: &Require| UnmetRule {
        code: definition.messages[rule.message.at()].name.clone(),
        message: definition.messages[rule.message.at()].text.clone(),
        values: rule.guard.explain(values),
    };
    if let [rule] = failing[..]
        && let Some(closed_at) = passed(definition, &rule.guard, values, now)
    {
        return Err(Refusal::TooLate { closed_at, rule: unmet(rule) });
    }
    Err(Refusal::Unmet { rules: failing.into_iter().map(unmet).collect() })
}

fn reads_input(definition: &Definition, guard: &Guard) -> bool {
    guard.slots().iter().any(|slot| definition.facts.path(*slot).starts_with("input."))
}

/// The instant a guard of the form `now < x` speaks of, when it has passed.
fn passed(
    definition: &Definition,
    guard: &Guard,
    values: &dyn Values,
    now: chrono::DateTime<chrono::Utc>,
) -> Option<chrono::DateTime<chrono::Utc>> {
    let [_, end] = guard.slots() else { return None };
    let bounds_now = guard.source().starts_with("now <") && *definition.facts.kind(*end) == Type::Instant;
    match values.get(*end) {
        Some(Value::Instant(at)) if bounds_now && *at <= now => Some(*at),
        _ => None,
    }
}

/// Document slots that are empty.
pub(super) fn documents(
    definition: &Definition,
    transition: &Transition,
    context: &Context<'_>,
) -> Result<(), Refusal> {
    let missing = transition.documents.iter().filter(|slot| !context.documents.contains(slot));
    let missing: Vec<String> = missing.map(|slot| definition.documents[slot.at()].name.clone()).collect();
    if missing.is_empty() { Ok(()) } else { Err(Refusal::Missing { documents: missing }) }
}

/// A person who is asked for the line of a choice picks where several would do; the system takes the one its rule says.
pub(super) fn line(transition: &Transition, actor: Actor, context: &Context<'_>) -> Result<(), Refusal> {
    match (actor, transition.line_field()) {
        (Actor::Person(..), Some(field)) if !context.rivals.is_empty() => {
            Err(Refusal::SeveralLines { field: field.to_owned(), lines: context.rivals.to_vec() })
        }
        _ => Ok(()),
    }
}

/// The effects on accounts, no-ops left out.
pub(super) fn places(
    definition: &Definition,
    case: &Case,
    transition: &Transition,
    context: &Context<'_>,
    values: &dyn Values,
) -> Result<Vec<(AccountIx, PlaceOp)>, Refusal> {
    let mut statuses = case.accounts.clone();
    let mut places = Vec::with_capacity(transition.effects.len());
    for effect in &transition.effects {
        let Some(op) = due(effect, values) else { continue };
        let before = statuses[effect.account.at()];
        if before == AccountStatus::None && off(definition, effect.account, op, values) {
            continue;
        }
        if op == PlaceOp::Free && before == AccountStatus::None {
            continue;
        }
        seat(definition, transition, effect.account, op, before, lines(transition, context))?;
        statuses[effect.account.at()] = super::after(op, before);
        places.push((effect.account, op));
    }
    Ok(places)
}

fn lines<'a>(transition: &Transition, context: &Context<'a>) -> &'a [LineView] {
    let next = transition.join.is_some() && transition.choose == Some(Choose::Next);
    if next { context.next_lines } else { context.lines }
}

fn due(effect: &crate::definition::PlaceEffect, values: &dyn Values) -> Option<PlaceOp> {
    match &effect.when {
        None => Some(effect.op),
        Some(guard) if guard.holds(values) == Verdict::True => Some(effect.op),
        Some(_) => effect.otherwise,
    }
}

/// Whether an account without a place is off: an optional one is on or off from when its place would have been held.
fn off(definition: &Definition, account: AccountIx, op: PlaceOp, values: &dyn Values) -> bool {
    let enabled = definition.accounts[account.at()].enabled.as_ref();
    enabled.is_some_and(|guard| op != PlaceOp::Hold || guard.holds(values) != Verdict::True)
}

fn seat(
    definition: &Definition,
    transition: &Transition,
    account: AccountIx,
    op: PlaceOp,
    before: AccountStatus,
    lines: &[LineView],
) -> Result<(), Refusal> {
    let line = lines.get(account.at()).copied().unwrap_or_default();
    let refuse = |code| {
        Err(Refusal::NoPlace {
            account: definition.accounts[account.at()].name.clone(),
            code,
            free: line.free,
            instead: Instead::default(),
        })
    };
    if !starts_from(op, before) {
        return refuse(NoPlace::WrongStatus);
    }
    if op != PlaceOp::Hold {
        return Ok(());
    }
    let promotes = transition.on == Some(Trigger::PlaceFreed(account));
    match line {
        LineView { exists: false, .. } => refuse(NoPlace::NoAgreement),
        LineView { in_force: false, .. } => refuse(NoPlace::NotInForce),
        LineView { free, amount, .. } if free < amount => refuse(NoPlace::Full),
        LineView { waiters, .. } if waiters > 0 && !promotes => refuse(NoPlace::Waiters),
        LineView { .. } => Ok(()),
    }
}

/// The first join of a machine's present state whose condition holds, by priority.
pub(super) fn join(
    definition: &Definition,
    case: &Case,
    seat: &Seat<'_>,
    context: &Context<'_>,
    values: &dyn Values,
) -> Option<TransitionIx> {
    let fires = |transition: &Transition| {
        holds(transition, values) == Verdict::True
            && leaves(seat, transition)
            && possible(definition, case, seat, transition, context).is_ok()
    };
    definition
        .leaving(seat.state)
        .filter(|(_, transition)| transition.join.is_some() && fires(transition))
        .min_by_key(|(ix, transition)| (transition.join.as_ref().map_or(0, |join| join.priority), *ix))
        .map(|(ix, _)| ix)
}

/// The condition of a join; one without a condition holds always.
pub(super) fn holds(transition: &Transition, values: &dyn Values) -> Verdict {
    let when = transition.join.as_ref().and_then(|join| join.when.as_ref());
    when.map_or(Verdict::True, |guard| guard.holds(values))
}

/// Facts with the input of the attempt laid over them, and where the case stands.
pub(super) fn facts(
    definition: &Definition,
    case: &Case,
    context: &Context<'_>,
    input: &crate::definition::Input,
) -> crate::facts::Facts {
    let mut facts = context.facts.clone();
    for (field, value) in &input.0 {
        if let Some(slot) = definition.facts.slot(&format!("input.{field}")) {
            facts.set(slot, Some(value.as_fact()));
        }
    }
    case.lay(definition, &mut facts);
    facts
}
