//! A case that no application is about, in the hands of a command: moved by the same machine, with neither applicant nor places.

use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::{Map, Value};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{ClockIx, Definition, ExpiryAct, MAIN, Resolver, RoleIx};
use sojourn_engine::facts::{Fact, Facts};
use sojourn_engine::guard::{Slot, Value as Known};
use sojourn_engine::ids::{ClockRowId, PersonId, UnitId};
use sojourn_engine::machine::{
    self, Actor, Attempt, Calendars, Case, ClockStart, Context, Move, NewLastDay, Roles, Running,
};
use sojourn_engine::refusal::Refusal;
use sojourn_engine::vocabulary::{Duty, Terms, Via};

use super::about::About;
use crate::app::Result;
use crate::app::calendars::calendar;
use crate::app::holders::Holders;
use crate::app::transition::chain::{self, Words};
use crate::app::transition::live;
use crate::clock::Moment;
use crate::store::dossiers::{CaseRow, Institution, RunningClock};
use crate::store::holders::Holder;
use crate::store::person_keys;
use crate::store::records::{Moved, NewClock, NewHistory, Records, Stopped};

/// A case with everything a step on it is judged with.
#[derive(Debug)]
pub(in crate::app) struct Course {
    pub about: About,
    /// The side that wrote an agreement; none for a programme.
    pub home: Option<Institution>,
    /// Host of a programme, other side of an agreement.
    pub host: Option<Institution>,
    pub row: CaseRow,
    pub case: Case,
    pub definition: Arc<Definition>,
    pub holders: Holders,
    /// The unit of the host and those above it.
    pub units: Vec<UnitId>,
    /// Calendar of the secretariat.
    pub alliance: Calendar,
    /// Name of the alliance, which is the other side of an agreement without one.
    pub whole: String,
    /// Rows of the clocks that run.
    pub clocks: Vec<(ClockRowId, ClockIx)>,
    /// What its moves have still to do to what it is about.
    pub effects: Vec<Effect>,
    /// Whether its steps are told to nobody.
    pub quiet: bool,
}

/// What a move does to what its case is about.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct Effect {
    /// What becomes of the terms of an agreement.
    pub terms: Option<Terms>,
    /// The last day that is set.
    pub last_day: Option<NaiveDate>,
    /// What the event carried.
    pub data: Map<String, Value>,
    /// Who fired it, and in which role.
    pub actor: Option<PersonId>,
    pub role: Option<RoleIx>,
}

/// What somebody does to the case.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct Deed<'a> {
    pub event: &'a str,
    pub data: &'a Map<String, Value>,
    pub reason: Option<(&'a str, &'a str)>,
    pub note: Option<&'a str>,
    /// Who; `None` is the system.
    pub actor: Option<PersonId>,
    pub via: Via,
}

/// The world of such a case: its instant, its ends, and the days of an agreement, which an amendment moves.
struct World<'a> {
    now: Context<'a>,
    amended: Context<'a>,
    is_amended: bool,
}

impl machine::World for World<'_> {
    fn context(&self) -> Context<'_> {
        if self.is_amended { self.amended.clone() } else { self.now.clone() }
    }

    fn take(&mut self, made: &Move) {
        self.is_amended |= made.terms == Some(Terms::Settle);
    }
}

/// Who acted, and what came before.
pub(in crate::app) struct Taken<'a> {
    pub event: &'a str,
    pub from: Option<String>,
    pub role: Option<RoleIx>,
    pub deed: Option<&'a Deed<'a>>,
    pub via: Via,
    pub actor: Option<PersonId>,
    pub facts: String,
    /// Whether it stands in the history.
    pub is_step: bool,
}

impl Course {
    /// Takes up the case as it stands in its rows.
    ///
    /// # Errors
    /// [`Error::Internal`] when a row names something the definition does not have.
    pub fn resume(&mut self, clocks: &[RunningClock]) -> Result<()> {
        self.case = live::read(&self.definition, &self.row)?;
        for running in clocks {
            let known = self.definition.clock_named(self.case.state, &running.clock);
            let clock = known.ok_or_else(|| live::unknown("clock", &running.clock))?;
            self.clocks.push((running.id, clock));
            self.case.clocks.push(Running { clock, due_at: running.due_at, rungs: running.rungs });
        }
        Ok(())
    }

    /// Everybody who holds a role, the stand-ins when nobody does.
    pub fn people(&self, role: RoleIx) -> Vec<&Holder> {
        match &self.definition.roles[role.at()].resolver {
            Resolver::Home(duty) => self.at(*duty, self.home.as_ref(), &[]),
            Resolver::Host(duty) => self.at(*duty, self.host.as_ref(), &self.units),
            Resolver::Secretariat => self.holders.secretariat(),
            Resolver::Chair => match &self.holders.chair {
                Some(holder) => vec![holder],
                None => self.holders.secretariat(),
            },
            Resolver::Applicant | Resolver::Link(_) | Resolver::System => Vec::new(),
        }
    }

    fn at(&self, duty: Duty, end: Option<&Institution>, units: &[UnitId]) -> Vec<&Holder> {
        end.map_or_else(|| self.holders.secretariat(), |end| self.holders.at(duty, end.id, units))
    }

    /// The roles one person holds.
    pub fn roles(&self, person: PersonId) -> Roles {
        let all = (0..).map(RoleIx).take(self.definition.roles.len());
        all.filter(|role| self.people(*role).iter().any(|holder| holder.person == person)).collect()
    }

    /// Calls `with` in the surroundings of the case.
    pub fn within<T>(&self, at: &Moment, with: impl FnOnce(&Context<'_>) -> T) -> T {
        let facts = self.facts_on(at, self.about.days());
        let of = |end: Option<&Institution>| end.map(calendar);
        let host = of(self.host.as_ref()).unwrap_or_else(|| self.alliance.clone());
        let home = of(self.home.as_ref()).unwrap_or_else(|| host.clone());
        let calendars = Calendars { home, host, alliance: self.alliance.clone() };
        with(&Context {
            now: at.now,
            facts: &facts,
            lines: &[],
            next_lines: &[],
            rivals: &[],
            documents: &[],
            calendars: &calendars,
            stays: 0,
            overrides: &[],
            subject: None,
        })
    }

    fn facts_on(&self, at: &Moment, days: Option<(NaiveDate, NaiveDate)>) -> Facts {
        let slots: Vec<Slot> = (0..).map(Slot).take(self.definition.facts.len()).collect();
        Facts::gather(&self.definition.facts, &slots, |fact| match fact {
            Fact::Now => Some(Known::Instant(at.now)),
            Fact::HostCountry => self.host.as_ref().map(|host| Known::text(host.country.as_str())),
            Fact::HomeCountry => self.home.as_ref().map(|home| Known::text(home.country.as_str())),
            Fact::AgreementFromAt => days.map(|days| Known::Instant(self.alliance.start_of(days.0))),
            Fact::AgreementUntilAt => days.map(|days| Known::Instant(self.alliance.end_of(days.1))),
            _ => None,
        })
    }

    /// Opens the case and lays its first step into the records.
    ///
    /// # Errors
    /// The refusal of `[create]`.
    pub fn open(
        &mut self,
        at: &Moment,
        by: PersonId,
        records: &mut Records,
    ) -> std::result::Result<(), Refusal> {
        let definition = Arc::clone(&self.definition);
        let roles = self.roles(by);
        let (opening, facts) = self.within(at, |context| {
            let opening = machine::open(&definition, roles, context)?;
            let facts = chain::canonical_facts(&definition, &opening.read, context.facts);
            Ok((opening, facts))
        })?;
        self.case = opening.case;
        self.start(at, &opening.clocks, records);
        let taken = Taken {
            event: "create",
            from: None,
            role: definition.create.by.iter().copied().find(|role| roles.has(*role)),
            deed: None,
            via: Via::Api,
            actor: Some(by),
            facts,
            is_step: true,
        };
        self.record(at, &taken, records);
        self.tell(at, &taken, &opening.notices, records);
        records.waits.extend(self.waits());
        Ok(())
    }

    /// Carries out one deed and lays its consequence into the records.
    ///
    /// # Errors
    /// The engine's refusal with the facts that were read; nothing has changed.
    pub fn fire(
        &mut self,
        at: &Moment,
        deed: &Deed<'_>,
        records: &mut Records,
    ) -> std::result::Result<(), Refusal> {
        self.step(at, deed, records)?;
        self.settle(records);
        Ok(())
    }

    /// The same, and the case itself is laid into the records later.
    ///
    /// # Errors
    /// As [`Course::fire`].
    pub fn step(
        &mut self,
        at: &Moment,
        deed: &Deed<'_>,
        records: &mut Records,
    ) -> std::result::Result<(), Refusal> {
        let definition = Arc::clone(&self.definition);
        let Some(event) = definition.event_named(deed.event) else {
            let here = definition.states[self.case.state.at()].name.clone();
            let event = deed.event.to_owned();
            return Err(Refusal::NotFromHere { event, state: here, allowed_from: Vec::new() });
        };
        let actor = deed.actor.map_or(Actor::System, |person| Actor::Person(person, self.roles(person)));
        let attempt = Attempt { event, instance: None, actor, data: deed.data, reason: deed.reason };
        let (step, facts) = self.within(at, |context| {
            let facts = self.facts_on(at, self.about.amended_days());
            let amended = Context { facts: &facts, ..context.clone() };
            let mut world = World { now: context.clone(), amended, is_amended: false };
            let step = machine::step(&definition, &self.case, &attempt, &mut world)?;
            let read = |made: &Move| chain::canonical_facts(&definition, &made.read, context.facts);
            let facts: Vec<String> = step.moves.iter().map(read).collect();
            Ok((step, facts))
        })?;
        for (nth, (made, facts)) in step.moves.iter().zip(facts).enumerate() {
            let by = deed.actor.filter(|_| nth == 0);
            self.take(at, made, by, records);
            self.note(made, (nth == 0).then_some(deed));
            let taken = Taken {
                event: &definition.events[made.event.at()].name,
                from: Some(definition.states[made.from.at()].name.clone()),
                role: made.role,
                deed: (nth == 0).then_some(deed),
                via: deed.via,
                actor: by,
                facts,
                is_step: true,
            };
            self.record(at, &taken, records);
            self.tell(at, &taken, &made.notices, records);
        }
        Ok(())
    }

    /// Notes what a move does to what the case is about.
    fn note(&mut self, made: &Move, deed: Option<&Deed<'_>>) {
        let last_day = match made.last_day {
            Some(NewLastDay::Set(day)) => Some(day),
            Some(NewLastDay::Asked(_) | NewLastDay::Granted) | None => None,
        };
        self.effects.push(Effect {
            terms: made.terms,
            last_day,
            data: deed.map(|deed| deed.data.clone()).unwrap_or_default(),
            actor: deed.and_then(|deed| deed.actor),
            role: made.role,
        });
    }

    /// A clock has nothing more to do: it runs no more.
    pub fn end(&mut self, row: ClockRowId, clock: ClockIx) {
        self.clocks.retain(|(known, _)| *known != row);
        self.case.clocks.retain(|running| running.clock != clock);
    }

    /// Whether somebody holds a role themselves, rather than standing in for nobody.
    pub fn held(&self, role: RoleIx) -> bool {
        match &self.definition.roles[role.at()].resolver {
            resolver @ (Resolver::Home(duty) | Resolver::Host(duty)) => {
                let duty = self.acts_for(resolver).map_or(Duty::Secretariat, |_| *duty);
                self.people(role).iter().any(|holder| holder.duty == duty)
            }
            Resolver::Chair => self.holders.chair.is_some(),
            Resolver::Secretariat => !self.people(role).is_empty(),
            Resolver::Applicant | Resolver::Link(_) | Resolver::System => false,
        }
    }

    /// Lays the case as it now stands into the records.
    pub fn settle(&self, records: &mut Records) {
        records.waits_of.push(self.row.id);
        records.waits.extend(self.waits());
        records.moved.push(Moved { case: self.row.clone(), due_at: self.case.due_at(), application: None });
    }

    fn take(&mut self, at: &Moment, made: &Move, by: Option<PersonId>, records: &mut Records) {
        let due: Vec<Running> = self.case.clocks.clone();
        self.case.apply(&self.definition, made, by, at.now);
        live::lay(&mut self.row, &self.definition, &self.case);
        let event = &self.definition.events[made.event.at()].name;
        self.row.acts.push((event.clone(), by));
        if !made.entered {
            return;
        }
        for (row, clock) in std::mem::take(&mut self.clocks) {
            let ended = due.iter().any(|running| running.clock == clock && running.due_at <= at.now);
            let is_its = |act: &ExpiryAct| *act == ExpiryAct::Fire(made.event);
            let fires = self.definition.clocks[clock.at()].on_expiry.iter().any(|expiry| is_its(&expiry.act));
            let fired = by.is_none() && ended && fires;
            records.stopped.push(Stopped { row, case: self.row.id, at: at.now, fired });
        }
        self.start(at, &made.clocks, records);
    }

    pub fn start(&mut self, at: &Moment, clocks: &[ClockStart], records: &mut Records) {
        for start in clocks {
            let id = at.id();
            self.clocks.push((id, start.clock));
            records.clocks.push(NewClock {
                case: self.row.id,
                id,
                machine: MAIN.to_owned(),
                clock: self.definition.clocks[start.clock.at()].id.clone(),
                entered_at: at.now,
                due_at: start.due_at,
                remind_at: start.remind_at.clone(),
                rungs: 0,
                stopped: None,
            });
        }
    }

    pub fn record(&mut self, at: &Moment, taken: &Taken<'_>, records: &mut Records) {
        let role = taken.role.or_else(|| self.definition.system());
        let role = role.map(|role| &self.definition.roles[role.at()]);
        let institution = role.and_then(|role| self.acts_for(&role.resolver)).map(|end| end.id);
        let step = NewHistory {
            case: self.row.id,
            number: 0,
            machine: MAIN.to_owned(),
            at: at.now,
            recorded_at: at.recorded_at,
            via: taken.via,
            actor: taken.actor,
            role: role.map(|role| role.name.clone()).unwrap_or_default(),
            institution,
            event: taken.event.to_owned(),
            from: taken.from.clone(),
            to: self.row.state.clone(),
            workflow: self.row.workflow,
            facts: taken.facts.clone(),
            payload_hmac: None,
            hash: Vec::new(),
        };
        let words = taken.deed.map(|deed| Words { data: deed.data, reason: deed.reason, note: deed.note });
        chain::append(&mut self.row, step, (words, person_keys::nobody(), at), records);
    }

    /// The institution for which somebody acts in a role.
    pub fn acts_for(&self, resolver: &Resolver) -> Option<&Institution> {
        match resolver {
            Resolver::Home(_) => self.home.as_ref(),
            Resolver::Host(_) => self.host.as_ref(),
            Resolver::Applicant
            | Resolver::Secretariat
            | Resolver::Chair
            | Resolver::Link(_)
            | Resolver::System => None,
        }
    }
}
