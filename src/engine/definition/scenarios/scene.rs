//! A case with everything around it: the facts, lines, documents and calendars of a scenario.

use std::collections::BTreeSet;
use std::rc::Rc;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value as Json};
use toml::value::Datetime;
use uuid::Uuid;

use super::super::{Definition, DocumentIx, EventIx, InstanceId, Resolver, RoleIx, StateIx};
use super::script::{Facts as Written, Zones};
use super::written;
use crate::deadline::Calendar;
use crate::facts::{Facts, catalogue};
use crate::guard::{Value, nearest};
use crate::ids::PersonId;
use crate::machine::{
    self, Actor, Attempt, Calendars, Case, ClockStart, Context, LineView, Move, NewLastDay, Opening, Roles,
    Step, World,
};
use crate::refusal::Refusal;

#[derive(Debug, Clone)]
pub(super) struct Scene<'d> {
    pub definition: &'d Definition,
    pub case: Case,
    /// Clocks that were started, with their reminders.
    started: Vec<(Option<InstanceId>, ClockStart)>,
    pub now: DateTime<Utc>,
    /// Slots that are filled.
    pub documents: Vec<DocumentIx>,
    facts: Facts,
    lines: Vec<LineView>,
    calendars: Rc<Calendars>,
    asked: Option<NaiveDate>,
    stays: u16,
}

impl<'d> Scene<'d> {
    /// A world in which every line has places and every document is there.
    pub fn new(
        definition: &'d Definition,
        zones: &Zones,
        stays: u16,
        now: DateTime<Utc>,
    ) -> Result<Self, String> {
        let calendar = |zone: &str| {
            let zone = zone.parse().map_err(|_| format!("`{zone}` is no IANA time zone"))?;
            Ok::<_, String>(Calendar::plain(zone))
        };
        let calendars = Calendars {
            home: calendar(&zones.home)?,
            host: calendar(&zones.host)?,
            alliance: calendar(&zones.alliance)?,
        };
        let line = LineView { exists: true, in_force: true, amount: 1, free: 10, waiters: 0 };
        let mut scene = Self {
            definition,
            case: Case::new(definition, now),
            started: Vec::new(),
            now,
            documents: (0..).map(DocumentIx).take(definition.documents.len()).collect(),
            facts: Facts::default(),
            lines: vec![line; definition.accounts.len()],
            calendars: Rc::new(calendars),
            asked: None,
            stays,
        };
        scene.set_now(now);
        Ok(scene)
    }

    pub fn set_now(&mut self, now: DateTime<Utc>) {
        self.now = now;
        self.fact("now", Some(Value::Instant(now)));
    }

    /// Moves the time.
    pub fn at(&mut self, now: &Datetime) -> Result<(), String> {
        self.set_now(written::instant(now)?);
        Ok(())
    }

    /// Lays facts over those that are so already; `now` among them moves the time.
    pub fn lay(&mut self, facts: &Written) -> Result<(), String> {
        for (path, value) in written::flat(facts) {
            if path == "now" {
                let toml::Value::Datetime(now) = value else {
                    return Err("`now` must be an instant".into());
                };
                self.at(now)?;
                continue;
            }
            let Some(slot) = self.definition.facts.slot(&path) else {
                known(&path)?;
                continue;
            };
            let value = written::fact(value, self.definition.facts.kind(slot))
                .map_err(|wanted| format!("fact `{path}` must be {wanted}"))?;
            self.facts.set(slot, value);
        }
        Ok(())
    }

    fn fact(&mut self, path: &str, value: Option<Value>) {
        if let Some(slot) = self.definition.facts.slot(path) {
            self.facts.set(slot, value);
        }
    }

    /// The facts, with where the case stands laid over them.
    pub fn facts(&self) -> Facts {
        let mut facts = self.facts.clone();
        self.case.lay(self.definition, &mut facts);
        facts
    }

    /// Opens the case as somebody who holds that role only.
    pub fn open(&self, role: RoleIx) -> Result<Opening, Refusal> {
        machine::open(self.definition, Roles::NONE.with(role), &self.context())
    }

    /// What would come of an attempt; nothing is changed by it.
    pub fn attempt(
        &self,
        (event, instance): (EventIx, Option<InstanceId>),
        actor: Actor,
        data: &Map<String, Json>,
        reason: Option<(&str, &str)>,
    ) -> Result<Step, Refusal> {
        let attempt = Attempt { event, instance, actor, data, reason };
        machine::step(self.definition, &self.case, &attempt, &mut self.clone())
    }

    /// Carries the case over a step.
    pub fn go(&mut self, step: &Step, actor: Actor) {
        for (nth, made) in step.moves.iter().enumerate() {
            let person = match actor {
                Actor::Person(person, _) if nth == 0 => Some(person),
                Actor::Person(..) | Actor::System => None,
            };
            self.case.apply(self.definition, made, person, self.now);
            self.take(made);
            if made.entered {
                self.started.retain(|(of, _)| *of != made.instance);
                self.started.extend(made.clocks.iter().map(|start| (made.instance, start.clone())));
            }
            for (instance, start) in &made.resumes {
                self.started.retain(|(of, known)| *of != Some(*instance) || known.clock != start.clock);
                self.started.push((Some(*instance), start.clone()));
            }
        }
        self.entered();
    }

    fn entered(&mut self) {
        self.fact("case.entered_at", Some(Value::Instant(self.case.entered_at)));
    }

    /// Begins with an opened case.
    pub fn begin(&mut self, opening: Opening) {
        self.case = opening.case;
        let main = opening.clocks.into_iter().map(|start| (None, start));
        let tracks = opening.track_clocks.into_iter().map(|(id, start)| (Some(id), start));
        self.started = main.chain(tracks).collect();
        self.entered();
    }

    /// The clocks that run in one machine.
    pub fn clocks(&self, of: Option<InstanceId>) -> Vec<&ClockStart> {
        let runs = |start: &ClockStart| self.case.running().any(|running| running.clock == start.clock);
        let own = self.started.iter().filter(|(machine, start)| *machine == of && runs(start));
        own.map(|(_, start)| start).collect()
    }

    /// The state of one machine; none when there is no such instance.
    pub fn state(&self, of: Option<InstanceId>) -> Option<StateIx> {
        match of {
            None => Some(self.case.state),
            Some(id) => self.case.instance(id).map(|instance| instance.state),
        }
    }

    pub fn state_name(&self, of: Option<InstanceId>) -> &'d str {
        self.state(of).map_or("nowhere", |state| &self.definition.states[state.at()].name)
    }

    /// Roles that one machine waits for.
    pub fn waits_for(&self, of: Option<InstanceId>) -> BTreeSet<String> {
        let awaited = machine::waiting(self.definition, &self.case, &self.facts());
        let roles = awaited.iter().filter(|awaited| awaited.instance == of).map(|awaited| awaited.role);
        roles.map(|role| self.definition.roles[role.at()].name.clone()).collect()
    }

    /// One of the people who hold that role and no other, or the system; there is one applicant only.
    pub fn actor(&self, role: RoleIx, number: u16) -> Actor {
        let number = match self.definition.roles[role.at()].resolver {
            Resolver::System => return Actor::System,
            Resolver::Applicant => 0,
            _ => u128::from(number),
        };
        Actor::Person(person(number << 16 | (u128::from(role.0) + 1)), Roles::NONE.with(role))
    }

    /// Somebody of that role who has not acted before.
    pub fn stranger(&self, role: RoleIx) -> Actor {
        self.actor(role, u16::MAX)
    }

    /// A person who holds every role but the applicant's and the system's.
    pub fn jack_of_all(&self) -> Actor {
        let roles = (0..).map(RoleIx).zip(&self.definition.roles);
        let held = roles.filter(|(_, role)| !matches!(role.resolver, Resolver::Applicant | Resolver::System));
        Actor::Person(person(u128::MAX), held.map(|(ix, _)| ix).collect())
    }

    fn subject(&self) -> Option<PersonId> {
        let applicant = self.definition.roles.iter().position(|role| role.resolver == Resolver::Applicant)?;
        Some(person(applicant as u128 + 1))
    }

    fn end_on(&mut self, day: NaiveDate) {
        let end = self.calendars.host.end_of(day);
        self.fact("stay.end_on", Some(Value::Date(day)));
        self.fact("stay.end_at", Some(Value::Instant(end)));
    }
}

impl World for Scene<'_> {
    fn context(&self) -> Context<'_> {
        Context {
            now: self.now,
            facts: &self.facts,
            lines: &self.lines,
            next_lines: &self.lines,
            rivals: &[],
            documents: &self.documents,
            calendars: &self.calendars,
            stays: self.stays,
            overrides: &[],
            subject: self.subject(),
        }
    }

    fn take(&mut self, made: &Move) {
        match made.last_day {
            Some(NewLastDay::Asked(day)) => self.asked = Some(day),
            Some(NewLastDay::Set(day)) => self.end_on(day),
            Some(NewLastDay::Granted) => self.asked.into_iter().for_each(|day| self.end_on(day)),
            None => {}
        }
    }
}

fn person(number: u128) -> PersonId {
    PersonId::from(Uuid::from_u128(number))
}

/// Facts a definition may use although this one does not.
fn known(path: &str) -> Result<(), String> {
    let catalogue = catalogue();
    let open = ["places.", "track.", "tracks.", "ever.", "input.", "answers."];
    if catalogue.iter().any(|(known, ..)| *known == path) || open.iter().any(|start| path.starts_with(start))
    {
        return Ok(());
    }
    let mend = nearest(path, catalogue.iter().map(|(known, ..)| *known))
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Err(format!("no fact is called `{path}`{mend}"))
}
