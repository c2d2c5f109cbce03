//! One attempt, decided.

use chrono::{DateTime, Utc};

use super::{Actor, Attempt, Case, ClockStart, Context, Move, NewLastDay, NoticeTo, Step, World, legal};
use crate::definition::{
    Addressee, ClockIx, Definition, EventIx, Input, LastDay, Reminder, RoleIx, Run, Span, StateIx,
    Transition, TransitionIx,
};
use crate::facts::Facts;
use crate::guard::{Slot, Value, Values};
use crate::refusal::Refusal;

/// More joins in one step than any sane definition chains; the checker refuses cycles long before.
pub(crate) const MOST_JOINS: usize = 16;

/// Decides one attempt on one case: its own move, then the joins that it makes true, each of which sees the moves before it.
///
/// # Errors
/// A [`Refusal`] that says what would make the attempt legal; every failing guard is named, not only the first.
pub fn step(
    definition: &Definition,
    case: &Case,
    attempt: &Attempt<'_>,
    world: &mut impl World,
) -> Result<Step, Refusal> {
    let (first, input) = attempted(definition, case, attempt, &world.context())?;
    let person = match attempt.actor {
        Actor::System => None,
        Actor::Person(person, _) => Some(person),
    };
    let mut now_at = case.clone();
    let mut moves = Vec::with_capacity(1);
    let mut taken = Some((first, person));
    while let Some((mut made, by)) = taken.take() {
        let joins = definition.leaving(made.to).any(|(_, t)| t.join.is_some()) && moves.len() < MOST_JOINS;
        if joins || made.last_day.is_some() {
            world.take(&made);
        }
        if made.entered && made.last_day.is_some() {
            // Clocks count from the last day as it is now.
            let context = world.context();
            let facts = facts(definition, &context, &input, made.to);
            made.clocks = start_clocks(definition, made.to, &context, &facts);
        }
        now_at.apply(definition, &made, by, world.context().now);
        if joins {
            taken = joined(definition, &now_at, &input, &world.context())?.map(|join| (join, None));
        }
        moves.push(made);
    }
    Ok(Step { moves, input })
}

/// The attempt's own move.
fn attempted(
    definition: &Definition,
    case: &Case,
    attempt: &Attempt<'_>,
    context: &Context<'_>,
) -> Result<(Move, Input), Refusal> {
    let (ix, transition) = find(definition, case, attempt.event)?;
    legal::possible(definition, case, transition)?;
    let role = legal::role(definition, case, transition, attempt.actor, context.subject)?;
    let input = Input::check(&transition.input, attempt.data, |list| &definition.reasons[list.at()].codes)
        .map_err(|fields| Refusal::InputInvalid { fields })?;
    reason(definition, transition, attempt)?;
    let facts = facts(definition, context, &input, case.state);
    legal::guards(definition, &transition.require, &facts, context.now, false)?;
    legal::documents(definition, transition, context)?;
    legal::line(transition, attempt.actor, context)?;
    Ok((make_move(definition, case, ix, role, context, (&facts, &input))?, input))
}

/// The move of the join that is true now, if there is one.
fn joined(
    definition: &Definition,
    case: &Case,
    input: &Input,
    context: &Context<'_>,
) -> Result<Option<Move>, Refusal> {
    let facts = facts(definition, context, input, case.state);
    let join = legal::join(definition, case, &facts);
    join.map(|ix| make_move(definition, case, ix, None, context, (&facts, input))).transpose()
}

fn last_day(transition: &Transition, input: &Input) -> Option<NewLastDay> {
    match transition.last_day.as_ref()? {
        LastDay::Ask(field) => input.date(field).map(NewLastDay::Asked),
        LastDay::Set(field) => input.date(field).map(NewLastDay::Set),
        LastDay::Grant => Some(NewLastDay::Granted),
    }
}

fn facts(definition: &Definition, context: &Context<'_>, input: &Input, state: StateIx) -> Facts {
    let mut facts = legal::with_input(definition, context, input);
    legal::set_main(definition, &mut facts, state);
    facts
}

fn find<'a>(
    definition: &'a Definition,
    case: &Case,
    event: EventIx,
) -> Result<(TransitionIx, &'a Transition), Refusal> {
    let fits = |transition: &Transition| transition.event == event && transition.join.is_none();
    let mut here = definition.leaving(case.state).filter(|(_, t)| fits(t) && legal::leaves(case, t));
    here.next().ok_or_else(|| {
        let from = definition.transitions.iter().filter(|t| fits(t)).flat_map(|t| &t.from);
        let mut allowed_from: Vec<String> = from.map(|s| definition.states[s.at()].name.clone()).collect();
        allowed_from.sort();
        allowed_from.dedup();
        Refusal::NotFromHere {
            event: definition.events[event.at()].name.clone(),
            state: definition.states[case.state.at()].name.clone(),
            allowed_from,
        }
    })
}

fn reason(definition: &Definition, transition: &Transition, attempt: &Attempt<'_>) -> Result<(), Refusal> {
    let Some(list) = transition.reason else { return Ok(()) };
    if attempt.actor == Actor::System {
        return Ok(());
    }
    let codes = &definition.reasons[list.at()].codes;
    let known = |code: &str| codes.iter().any(|(known, _)| known == code);
    match attempt.reason {
        Some((code, text)) if known(code) && !text.trim().is_empty() => Ok(()),
        Some(_) | None => {
            Err(Refusal::ReasonNeeded { codes: codes.iter().map(|(code, _)| code.clone()).collect() })
        }
    }
}

/// Facts a transition reads, each once.
fn read(transition: &Transition) -> Vec<Slot> {
    let mut read = transition.asks.clone();
    read.sort_unstable();
    read.dedup();
    read
}

fn make_move(
    definition: &Definition,
    case: &Case,
    ix: TransitionIx,
    role: Option<RoleIx>,
    context: &Context<'_>,
    (facts, input): (&Facts, &Input),
) -> Result<Move, Refusal> {
    let transition = &definition.transitions[ix.at()];
    let collected = role.filter(|_| transition.collect);
    let part = collected.is_some_and(|role| remaining(case, transition).any(|open| open != role));
    let to = legal::target(case, transition).unwrap_or(case.state);
    let entered = !part && transition.enters();
    let mut made = Move {
        transition: ix,
        event: transition.event,
        role,
        from: case.state,
        to: if part { case.state } else { to },
        entered,
        collected,
        choose: transition.choose.clone(),
        last_day: if part { None } else { last_day(transition, input) },
        read: read(transition),
        places: Vec::new(),
        freezes: transition.freezes,
        shows_to: transition.shows_to.clone(),
        clocks: Vec::new(),
        notices: Vec::new(),
    };
    if !part {
        made.places = legal::places(definition, case, transition, context, facts)?;
        made.notices = notices(definition, case, transition, to);
    }
    if entered {
        made.clocks = start_clocks(definition, to, context, facts);
    }
    Ok(made)
}

/// Roles of a collecting event that have not acted yet.
pub(super) fn remaining<'a>(case: &'a Case, transition: &'a Transition) -> impl Iterator<Item = RoleIx> + 'a {
    transition.by.iter().copied().filter(|role| !case.collected.contains(&(transition.event, *role)))
}

/// Roles the case waits for in a state: the named one, and whoever has not acted yet on an event that collects all.
pub fn waited_for(definition: &Definition, case: &Case, state: StateIx) -> Vec<RoleIx> {
    let collecting = definition.leaving(state).filter(|(_, t)| t.collect);
    let open = collecting.flat_map(|(_, t)| {
        t.by.iter().copied().filter(|role| state != case.state || !case.collected.contains(&(t.event, *role)))
    });
    let mut roles: Vec<RoleIx> = open.collect();
    if roles.is_empty() {
        roles.extend(definition.states[state.at()].waits_for);
    }
    roles.sort_unstable();
    roles.dedup();
    roles
}

fn notices(definition: &Definition, case: &Case, transition: &Transition, to: StateIx) -> Vec<NoticeTo> {
    let resolve = |addressee: &Addressee| match addressee {
        Addressee::Role(role) => vec![*role],
        Addressee::WaitsFor => waited_for(definition, case, to),
        Addressee::WasWaiting => waited_for(definition, case, case.state),
    };
    let notify = transition.notify.iter();
    notify
        .map(|notify| {
            let mut roles: Vec<RoleIx> = notify.to.iter().flat_map(resolve).collect();
            roles.sort_unstable();
            roles.dedup();
            NoticeTo { notice: notify.notice, to: roles }
        })
        .collect()
}

/// Clocks of a state entered now; one whose end rests on an unknown fact does not start.
pub(crate) fn start_clocks(
    definition: &Definition,
    state: StateIx,
    context: &Context<'_>,
    facts: &dyn Values,
) -> Vec<ClockStart> {
    definition.states[state.at()]
        .clocks
        .iter()
        .filter_map(|ix| start(definition, *ix, context, facts))
        .collect()
}

fn start(
    definition: &Definition,
    ix: ClockIx,
    context: &Context<'_>,
    facts: &dyn Values,
) -> Option<ClockStart> {
    let clock = &definition.clocks[ix.at()];
    let calendar = context.calendars.of(clock.calendar);
    let now = context.now;
    let due_at = match &clock.run {
        Run::Within(span) => {
            let set: Option<Span> = context.overrides.iter().find(|(c, _)| *c == ix).map(|(_, span)| *span);
            calendar.after(now, set.unwrap_or(*span))
        }
        Run::Until(term) => match term.value(facts)? {
            Value::Instant(at) => at.max(now),
            _ => return None,
        },
    };
    let moment = |reminder: &Reminder| match reminder {
        Reminder::After(span) => calendar.after(now, *span),
        Reminder::Before(span) => calendar.before(due_at, *span),
    };
    let inside = |at: &DateTime<Utc>| now < *at && *at < due_at;
    let mut remind_at: Vec<_> = clock.remind.iter().map(moment).filter(inside).collect();
    remind_at.sort_unstable();
    remind_at.dedup();
    Some(ClockStart { clock: ix, due_at, remind_at })
}

impl Transition {
    /// Whether it enters a state anew, rather than staying in it.
    pub fn enters(&self) -> bool {
        self.to != crate::definition::Target::Same
    }

    /// Whether a remembering state it leads to notes where the case came from.
    pub(crate) fn remembers(&self) -> bool {
        matches!(self.to, crate::definition::Target::State(_))
    }
}
