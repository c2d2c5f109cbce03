//! Joins: what follows a step by itself, in the light of what the step has done.

use chrono::{DateTime, Utc};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Definition, PlaceOp};
use sojourn_engine::facts::{Fact, Facts};
use sojourn_engine::guard::{Slot, Value};
use sojourn_engine::machine::{self, Actor, Attempt, Calendars, Case, Context, LineView, Move, World};
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
        self.lines = [LineView { exists: true, amount: 1, free: self.free, waiters: 0 }];
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
            documents: &[],
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
    let attempt = Attempt { event, actor: Actor::System, data: &data, reason: None };
    let step = machine::step(definition, &case, &attempt, &mut OneLine::with(definition, free)).unwrap();
    step.moves.iter().map(|made| definition.events[made.event.at()].name.as_str()).collect()
}

#[test]
fn a_join_sees_the_place_that_its_own_step_gives_back() {
    let definition = refused().parse();
    assert_eq!(events(&definition, 0), ["refuse", "again"]);
    assert_eq!(events(&definition, -1), ["refuse", "wait"], "an overdrawn line has none to give");
}
