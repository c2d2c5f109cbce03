//! One attempt, decided.

use chrono::{DateTime, Utc};

use super::case::Seat;
use super::{
    Actor, Attempt, Case, ClockStart, Context, Move, NewLastDay, NoticeTo, Step, World, legal, pause,
};
use crate::deadline::Calendar;
use crate::definition::{
    Addressee, Choose, Clock, ClockIx, Definition, EventIx, Input, InstanceId, LastDay, Reminder, RoleIx,
    Run, Span, StateIx, Transition, TransitionIx,
};
use crate::facts::Facts;
use crate::guard::{Slot, Value, Values, Verdict};
use crate::refusal::Refusal;

/// More joins in one step than any sane definition chains; the checker refuses cycles long before.
pub(crate) const MOST_JOINS: usize = 64;

/// Decides one attempt on one case: its own move, then the joins that it makes true, each of which sees the moves before it.
///
/// Joins of the main machine come first, then those of each track instance, until none is true.
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
        let now = world.context().now;
        let mut then = now_at.clone();
        then.apply(definition, &made, by, now);
        let joins = moves.len() < MOST_JOINS && may_join(definition, &then);
        let redated = made.last_day.is_some() || made.terms.is_some();
        if joins || redated {
            world.take(&made);
        }
        if made.entered && redated {
            // Clocks count from the days as they are now.
            let context = world.context();
            let facts = legal::facts(definition, &then, &context, &input);
            made.clocks = start_clocks(definition, made.to, &context, &facts);
            then = now_at.clone();
            then.apply(definition, &made, by, now);
        }
        now_at = then;
        if joins {
            taken = joined(definition, &now_at, &input, &world.context())?.map(|join| (join, None));
        }
        moves.push(made);
    }
    Ok(Step { moves, input })
}

/// Whether some join can be true, as far as the case itself tells: what the world adds is asked only then.
fn may_join(definition: &Definition, case: &Case) -> bool {
    let mut own = Facts::default();
    case.lay(definition, &mut own);
    case.seats(definition).any(|seat| {
        let mut joins = definition.leaving(seat.state).filter(|(_, t)| t.join.is_some());
        joins.any(|(_, join)| legal::holds(join, &own) != Verdict::False)
    })
}

/// The attempt's own move.
fn attempted(
    definition: &Definition,
    case: &Case,
    attempt: &Attempt<'_>,
    context: &Context<'_>,
) -> Result<(Move, Input), Refusal> {
    let seat = case.seats(definition).find(|seat| seat.instance == attempt.instance);
    let seat = seat.ok_or_else(|| not_from_here(definition, &case.main(), attempt.event))?;
    let (ix, transition) = find(definition, &seat, attempt.event)?;
    legal::possible(definition, case, &seat, transition, context)?;
    let role = legal::role(definition, (case, &seat), transition, attempt.actor, context.subject)?;
    let input = Input::check(&transition.input, attempt.data, |list| &definition.reasons[list.at()].codes)
        .map_err(|fields| Refusal::InputInvalid { fields })?;
    reason(definition, transition, attempt)?;
    let facts = legal::facts(definition, case, context, &input);
    legal::guards(definition, &transition.require, &facts, context.now, false)?;
    legal::documents(definition, transition, context)?;
    legal::line(transition, attempt.actor, context)?;
    Ok((make_move(definition, (case, &seat), ix, role, context, (&facts, &input))?, input))
}

/// The move of the first join that is true now, if there is one.
fn joined(
    definition: &Definition,
    case: &Case,
    input: &Input,
    context: &Context<'_>,
) -> Result<Option<Move>, Refusal> {
    let facts = legal::facts(definition, case, context, input);
    let mut seats = case.seats(definition);
    let found =
        seats.find_map(|seat| legal::join(definition, case, &seat, context, &facts).map(|join| (seat, join)));
    let made =
        found.map(|(seat, join)| make_move(definition, (case, &seat), join, None, context, (&facts, input)));
    made.transpose()
}

fn last_day(transition: &Transition, input: &Input) -> Option<NewLastDay> {
    match transition.last_day.as_ref()? {
        LastDay::Ask(field) => input.date(field).map(NewLastDay::Asked),
        LastDay::Set(field) => input.date(field).map(NewLastDay::Set),
        LastDay::Grant => Some(NewLastDay::Granted),
    }
}

fn find<'a>(
    definition: &'a Definition,
    seat: &Seat<'_>,
    event: EventIx,
) -> Result<(TransitionIx, &'a Transition), Refusal> {
    let fits = |transition: &Transition| transition.event == event && transition.join.is_none();
    let mut here = definition.leaving(seat.state).filter(|(_, t)| fits(t) && legal::leaves(seat, t));
    here.next().ok_or_else(|| not_from_here(definition, seat, event))
}

fn not_from_here(definition: &Definition, seat: &Seat<'_>, event: EventIx) -> Refusal {
    let machine = seat.machine();
    let fits = |t: &&Transition| t.event == event && t.join.is_none() && t.machine == machine;
    let from = definition.transitions.iter().filter(fits).flat_map(|t| &t.from);
    let mut allowed_from: Vec<String> = from.map(|s| definition.states[s.at()].name.clone()).collect();
    allowed_from.sort();
    allowed_from.dedup();
    Refusal::NotFromHere {
        event: definition.events[event.at()].name.clone(),
        state: definition.states[seat.state.at()].name.clone(),
        allowed_from,
    }
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
    (case, seat): (&Case, &Seat<'_>),
    ix: TransitionIx,
    role: Option<RoleIx>,
    context: &Context<'_>,
    (facts, input): (&Facts, &Input),
) -> Result<Move, Refusal> {
    let transition = &definition.transitions[ix.at()];
    let collected = role.filter(|_| transition.collect);
    let part = collected.is_some_and(|role| remaining(seat, transition).any(|open| open != role));
    let to = legal::target(seat, transition).unwrap_or(seat.state);
    let entered = !part && transition.enters();
    let ends = (seat.state, if part { seat.state } else { to });
    let mut made = Move {
        role,
        entered,
        collected,
        choose: transition.choose.clone(),
        last_day: if part { None } else { last_day(transition, input) },
        terms: transition.terms.filter(|_| !part),
        read: read(transition),
        freezes: transition.freezes,
        shows_to: transition.shows_to.clone(),
        ..Move::bare(ix, transition.event, seat.instance, ends)
    };
    if !part {
        made.places = legal::places(definition, case, transition, context, facts)?;
        made.notices = notices(definition, seat, transition, to);
        tracks(&mut made, case, transition, context);
    }
    if entered {
        made.clocks = start_clocks(definition, to, context, facts);
        stand_still(&mut made, definition, (case, seat), context);
        made.hidden_until = hidden_until(definition, to, facts).filter(|until| *until > context.now);
    }
    Ok(made)
}

/// What a suspension, or its end, does to clocks.
fn stand_still(
    made: &mut Move,
    definition: &Definition,
    (case, seat): (&Case, &Seat<'_>),
    context: &Context<'_>,
) {
    pause::restore(definition, case, (seat, made.to), context, &mut made.clocks);
    if seat.instance.is_none() {
        made.pauses = pause::pauses(definition, case, made.to, context.now);
        made.resumes = pause::resumes(definition, case, made.to, context);
    }
}

/// What the transition does to tracks.
fn tracks(made: &mut Move, case: &Case, transition: &Transition, context: &Context<'_>) {
    made.resets.clone_from(&transition.resets);
    made.invalidates.clone_from(&transition.invalidates);
    made.new_version = transition.new_version;
    made.adds = transition.adds.map(|machine| {
        let last = case.tracks.iter().filter(|one| one.id.machine == machine).map(|one| one.id.key).max();
        InstanceId { machine, key: last.unwrap_or(0).saturating_add(1) }
    });
    made.stays = match transition.choose {
        None | Some(Choose::Nothing) => None,
        Some(Choose::Input(_) | Choose::First | Choose::Next | Choose::All) => Some(context.stays),
    };
}

fn hidden_until(definition: &Definition, state: StateIx, facts: &Facts) -> Option<DateTime<Utc>> {
    match definition.states[state.at()].public_until.as_ref()?.value(facts)? {
        Value::Instant(at) => Some(at),
        _ => None,
    }
}

/// Roles of a collecting event that have not acted yet.
pub(super) fn remaining<'a>(
    seat: &'a Seat<'_>,
    transition: &'a Transition,
) -> impl Iterator<Item = RoleIx> + 'a {
    transition.by.iter().copied().filter(|role| !seat.collected.contains(&(transition.event, *role)))
}

/// Roles that the main machine of a case waits for; none once it has ended.
pub fn waited_for(definition: &Definition, case: &Case) -> Vec<RoleIx> {
    waited_in(definition, &case.main(), case.state)
}

/// Roles a machine waits for in a state: the named one, and whoever has not acted yet on an event that collects all.
pub(super) fn waited_in(definition: &Definition, seat: &Seat<'_>, state: StateIx) -> Vec<RoleIx> {
    let collecting = definition.leaving(state).filter(|(_, t)| t.collect);
    let open = collecting.flat_map(|(_, t)| {
        t.by.iter().copied().filter(|role| state != seat.state || !seat.collected.contains(&(t.event, *role)))
    });
    let mut roles: Vec<RoleIx> = open.collect();
    if roles.is_empty() {
        roles.extend(definition.states[state.at()].waits_for);
    }
    roles.sort_unstable();
    roles.dedup();
    roles
}

fn notices(definition: &Definition, seat: &Seat<'_>, transition: &Transition, to: StateIx) -> Vec<NoticeTo> {
    let resolve = |addressee: &Addressee| match addressee {
        Addressee::Role(role) => vec![*role],
        Addressee::WaitsFor => waited_in(definition, seat, to),
        Addressee::WasWaiting => waited_in(definition, seat, seat.state),
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
            let span = set.unwrap_or(*span);
            let shorter = clock.shorter.as_ref().filter(|shorter| shorter.when.holds(facts) == Verdict::True);
            calendar.after(now, shorter.map_or(span, |shorter| shorter.within.min(span)))
        }
        Run::Until(term) => match term.value(facts)? {
            Value::Instant(at) => at.max(now),
            _ => return None,
        },
    };
    Some(ClockStart { clock: ix, due_at, remind_at: reminders(clock, calendar, now, due_at) })
}

/// When to remind of a clock that starts now, in order.
pub(super) fn reminders(
    clock: &Clock,
    calendar: &Calendar,
    now: DateTime<Utc>,
    due_at: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    let moment = |reminder: &Reminder| match reminder {
        Reminder::After(span) => calendar.after(now, *span),
        Reminder::Before(span) => calendar.before(due_at, *span),
    };
    let inside = |at: &DateTime<Utc>| now < *at && *at < due_at;
    let mut remind_at: Vec<_> = clock.remind.iter().map(moment).filter(inside).collect();
    remind_at.sort_unstable();
    remind_at.dedup();
    remind_at
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
