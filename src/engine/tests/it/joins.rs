//! Joins: what follows a step by itself, in the light of what the step has done.

use chrono::{DateTime, Utc};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Definition, PlaceOp};
use sojourn_engine::facts::{Fact, Facts};
use sojourn_engine::guard::{Slot, Value};
use sojourn_engine::ids::PersonId;
use sojourn_engine::machine::{
    self, Actor, Attempt, Calendars, Case, Context, LineView, Move, NewLastDay, Roles, World,
};
use sojourn_engine::refusal::{NoPlace, Refusal};
use sojourn_engine::vocabulary::AccountStatus;

use crate::sketch::Sketch;

/// A world of one line, which the present choice and every other one draw on.
struct OneLine<'d> {
    definition: &'d Definition,
    free: i64,
    facts: Facts,
    lines: [LineView; 1],
    calendars: Calendars,
}

impl<'d> OneLine<'d> {
    fn with(definition: &'d Definition, free: i64) -> Self {
        let utc = || Calendar::plain(chrono_tz::UTC);
        let calendars = Calendars { home: utc(), host: utc(), alliance: utc() };
        let mut world =
            Self { definition, free, facts: Facts::default(), lines: [LineView::default()], calendars };
        world.look();
        world
    }

    fn look(&mut self) {
        self.lines = [LineView { exists: true, in_force: true, amount: 1, free: self.free, waiters: 0 }];
        let table = &self.definition.facts;
        let slots: Vec<Slot> = (0..).map(Slot).take(table.len()).collect();
        self.facts = Facts::gather(table, &slots, |fact| match fact {
            Fact::NextPlaceFree => Some(Value::Bool(self.free > 0)),
            Fact::PlacesFree(_) => Some(Value::Int(self.free)),
            _ => None,
        });
    }
}

impl World for OneLine<'_> {
    fn context(&self) -> Context<'_> {
        Context {
            now: DateTime::<Utc>::UNIX_EPOCH,
            facts: &self.facts,
            lines: &self.lines,
            next_lines: &self.lines,
            rivals: &[],
            documents: &[],
            stays: 1,
            calendars: &self.calendars,
            overrides: &[],
            subject: None,
        }
    }

    fn take(&mut self, made: &Move) {
        for (_, op) in &made.places {
            self.free += match op {
                PlaceOp::Hold => -1,
                PlaceOp::Release => 1,
                other => panic!("no {other:?} in this sketch"),
            };
        }
        self.look();
    }
}

/// A refusal that gives the place back, and then the next choice where there is a place for it.
fn refused() -> Sketch {
    Sketch::new()
        .account("seat", "")
        .state("draft", "")
        .state("offered", "")
        .state("refused", "")
        .state("waiting", "")
        .state("done", "kind = 'success'")
        .step("offer", &["draft"], "offered", "effects = [{ hold = 'seat' }]")
        .step("refuse", &["offered"], "refused", "by = ['system']\neffects = [{ release = 'seat' }]")
        .join(
            "again",
            &["refused"],
            "offered",
            "when = 'next.place_free'\nchoose = 'next'\npriority = 1\neffects = [{ hold = 'seat' }]",
        )
        .join("wait", &["refused"], "waiting", "choose = 'none'\npriority = 2")
        .step("finish", &["offered"], "done", "effects = [{ use = 'seat' }]")
}

/// The events of a refusal where the case holds the only place of its line, or where others hold more than there are.
fn events(definition: &Definition, free: i64) -> Vec<&str> {
    let mut case = Case::new(definition, DateTime::<Utc>::UNIX_EPOCH);
    case.state = definition.state_named("offered").unwrap();
    case.accounts[0] = AccountStatus::Held;
    let event = definition.event_named("refuse").unwrap();
    let data = serde_json::Map::new();
    let attempt = Attempt { event, actor: Actor::System, instance: None, data: &data, reason: None };
    let step = machine::step(definition, &case, &attempt, &mut OneLine::with(definition, free)).unwrap();
    step.moves.iter().map(|made| definition.events[made.event.at()].name.as_str()).collect()
}

#[test]
fn a_join_sees_the_place_that_its_own_step_gives_back() {
    let definition = refused().parse();
    assert_eq!(events(&definition, 0), ["refuse", "again"]);
    assert_eq!(events(&definition, -1), ["refuse", "wait"], "an overdrawn line has none to give");
}

#[test]
fn a_line_that_does_not_count_by_then_gives_no_place() {
    let definition = refused().parse();
    let case = Case::new(&definition, DateTime::<Utc>::UNIX_EPOCH);
    let student = Roles::NONE.with(definition.role_named("student").unwrap());
    let actor = Actor::Person(PersonId::from(uuid::Uuid::nil()), student);
    let event = definition.event_named("offer").unwrap();
    let attempt = Attempt { event, actor, instance: None, data: &serde_json::Map::new(), reason: None };
    let mut world = OneLine::with(&definition, 1);
    machine::step(&definition, &case, &attempt, &mut world).unwrap();
    let mut world = OneLine::with(&definition, 1);
    world.lines[0].in_force = false;
    let refusal = machine::step(&definition, &case, &attempt, &mut world).unwrap_err();
    assert!(matches!(refusal, Refusal::NoPlace { code: NoPlace::NotInForce, free: 1, .. }), "{refusal:?}");
}

/// A stay that may be extended by a day that is asked for.
fn stays() -> Sketch {
    Sketch::new()
        .state("there", "")
        .state("asked", "")
        .state("done", "kind = 'success'")
        .step("ask", &["there"], "asked", "input = { day = 'date' }\nask_last_day = 'input.day'")
        .step(
            "grant",
            &["asked"],
            "there",
            "by = ['office', 'receiver']\ncollect = 'all'\nlast_day = 'asked'",
        )
        .step("move", &["there"], "there", "input = { day = 'date' }\nlast_day = 'input.day'")
        .step("end", &["there"], "done", "")
}

fn last_day(definition: &Definition, case: &Case, event: &str, role: &str) -> Option<NewLastDay> {
    let role = definition.role_named(role).unwrap();
    let event = definition.event_named(event).unwrap();
    let data = match definition.events[event.at()].name.as_str() {
        "grant" => serde_json::Map::new(),
        _ => serde_json::json!({ "day": "2027-12-15" }).as_object().unwrap().clone(),
    };
    let actor = Actor::Person(PersonId::from(uuid::Uuid::nil()), Roles::NONE.with(role));
    let attempt = Attempt { event, actor, instance: None, data: &data, reason: None };
    let step = machine::step(definition, case, &attempt, &mut OneLine::with(definition, 1)).unwrap();
    step.moves[0].last_day
}

#[test]
fn a_last_day_is_asked_for_then_granted_once_all_have_agreed() {
    let definition = stays().parse();
    assert_eq!(definition.check(), []);
    let day = "2027-12-15".parse().unwrap();
    let mut case = Case::new(&definition, DateTime::<Utc>::UNIX_EPOCH);
    assert_eq!(last_day(&definition, &case, "move", "student"), Some(NewLastDay::Set(day)));
    assert_eq!(last_day(&definition, &case, "ask", "student"), Some(NewLastDay::Asked(day)));
    case.state = definition.state_named("asked").unwrap();
    assert_eq!(last_day(&definition, &case, "grant", "office"), None);
    let grant = definition.event_named("grant").unwrap();
    case.collected.push((grant, definition.role_named("office").unwrap()));
    assert_eq!(last_day(&definition, &case, "grant", "receiver"), Some(NewLastDay::Granted));
}

#[test]
fn a_last_day_comes_from_a_date_that_must_be_given_and_is_granted_only_where_asked_for() {
    let faults = |sketch: Sketch| Definition::parse(&sketch.source()).unwrap_err()[0].message.clone();
    let chain = || Sketch::new().state("there", "").state("done", "kind = 'success'");
    let optional =
        chain().step("end", &["there"], "done", "input = { day = 'date?' }\nlast_day = 'input.day'");
    assert!(faults(optional).contains("as `date` in `input`"));
    let text =
        chain().step("end", &["there"], "done", "input = { day = 'text' }\nask_last_day = 'input.day'");
    assert!(faults(text).contains("as `date` in `input`"));
    let both = "input = { day = 'date' }\nask_last_day = 'input.day'\nlast_day = 'input.day'";
    assert!(faults(chain().step("end", &["there"], "done", both)).contains("drop one of the two"));
    let unasked = chain().step("end", &["there"], "done", "last_day = 'asked'");
    assert!(faults(unasked).contains("no transition asks for a last day"));
}

#[test]
fn an_optional_account_stays_off_once_its_place_would_have_been_held() {
    let definition = Sketch::new()
        .account("seat", "enabled = 'host.tracks_places'")
        .state("draft", "")
        .state("placed", "")
        .state("done", "kind = 'success'")
        .step("offer", &["draft"], "placed", "effects = [{ hold = 'seat' }]")
        .step("take", &["placed"], "done", "effects = [{ use = 'seat' }]")
        .parse();
    let mut case = Case::new(&definition, DateTime::<Utc>::UNIX_EPOCH);
    case.state = definition.state_named("placed").unwrap();
    let mut world = OneLine::with(&definition, 1);
    let on = definition.facts.slot("host.tracks_places").unwrap();
    world.facts.set(on, Some(Value::Bool(true)));
    let actor = Actor::Person(
        PersonId::from(uuid::Uuid::nil()),
        Roles::NONE.with(definition.role_named("student").unwrap()),
    );
    let event = definition.event_named("take").unwrap();
    let attempt = Attempt { event, actor, instance: None, data: &serde_json::Map::new(), reason: None };
    let step = machine::step(&definition, &case, &attempt, &mut world).unwrap();
    assert_eq!(step.moves[0].places, []);
}
