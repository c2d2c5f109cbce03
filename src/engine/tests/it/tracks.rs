//! Tracks: machines beside the main one, begun, joined and set back by it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, json};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::definition::{Definition, InstanceId};
use sojourn_engine::facts::{Fact, Facts};
use sojourn_engine::guard::{Slot, Value};
use sojourn_engine::ids::PersonId;
use sojourn_engine::machine::{self, Actor, Attempt, Calendars, Case, Context, Move, Roles, World};
use sojourn_engine::refusal::Refusal;

const SOURCE: &str = include_str!("../data/tracks.toml");

struct Quiet {
    now: DateTime<Utc>,
    facts: Facts,
    stays: u16,
    calendars: Calendars,
}

impl World for Quiet {
    fn context(&self) -> Context<'_> {
        Context {
            now: self.now,
            facts: &self.facts,
            lines: &[],
            next_lines: &[],
            rivals: &[],
            documents: &[],
            stays: self.stays,
            calendars: &self.calendars,
            overrides: &[],
            subject: None,
        }
    }

    fn take(&mut self, _: &Move) {}
}

/// A case that is driven by hand, with what the world says of it.
struct Driven {
    definition: Definition,
    case: Case,
    world: Quiet,
}

impl Driven {
    fn asked(tracks: &[&str]) -> Self {
        let definition = Definition::parse(SOURCE).unwrap_or_else(|findings| panic!("{findings:#?}"));
        let utc = || Calendar::plain(chrono_tz::UTC);
        let slots: Vec<Slot> = (0..).map(Slot).take(definition.facts.len()).collect();
        let results_at = DateTime::UNIX_EPOCH + TimeDelta::days(9);
        let facts = Facts::gather(&definition.facts, &slots, |fact| match fact {
            Fact::CallTracks => {
                Some(Value::List(tracks.iter().map(|&name| Value::Text(name.into())).collect()))
            }
            Fact::CallResultsAt => Some(Value::Instant(results_at)),
            _ => None,
        });
        let now = DateTime::UNIX_EPOCH;
        let calendars = Calendars { home: utc(), host: utc(), alliance: utc() };
        let case = Case::new(&definition, now);
        Self { definition, case, world: Quiet { now, facts, stays: 1, calendars } }
    }

    fn at(&self, place: &str) -> Option<InstanceId> {
        let (track, key) = place.split_once('/')?;
        Some(self.definition.instance_named(track, key).unwrap())
    }

    /// Fires an event in a role at the main machine or at `track/key`; the states it moves through.
    fn fire(&mut self, role: &str, place: &str, event: &str) -> Result<Vec<String>, Refusal> {
        let data = match event {
            "ask_referee" => json!({ "name": "Ada", "email": "ada@example.org" }),
            _ => json!({}),
        };
        let data = data.as_object().cloned().unwrap_or_default();
        let actor = match role {
            "system" => Actor::System,
            role => {
                let role = self.definition.role_named(role).unwrap();
                Actor::Person(PersonId::from(uuid::Uuid::nil()), Roles::NONE.with(role))
            }
        };
        let event = self.definition.event_named(event).unwrap();
        let attempt = Attempt { event, instance: self.at(place), actor, data: &data, reason: None };
        let step = machine::step(&self.definition, &self.case, &attempt, &mut self.world)?;
        for made in &step.moves {
            self.case.apply(&self.definition, made, None, self.world.now);
        }
        let name = |made: &Move| {
            let machine = made.instance.and_then(|id| self.definition.track(id.machine));
            let state = &self.definition.states[made.to.at()].name;
            machine.map_or_else(|| state.clone(), |track| format!("{}:{state}", track.name))
        };
        Ok(step.moves.iter().map(name).collect())
    }

    fn state(&self, place: &str) -> String {
        let state = self.at(place).map_or(self.case.state, |id| self.case.instance(id).unwrap().state);
        self.definition.states[state.at()].name.clone()
    }

    fn waits(&self) -> Vec<&str> {
        let awaited = machine::waiting(&self.definition, &self.case, &self.world.facts);
        awaited.iter().map(|one| self.definition.roles[one.role.at()].name.as_str()).collect()
    }
}

#[test]
fn a_join_of_the_main_machine_begins_a_track_that_the_call_asks_for_and_its_end_opens_the_gate() {
    let mut driven = Driven::asked(&["learning_agreement"]);
    assert_eq!(driven.fire("student", "main", "confirm").unwrap(), ["confirmed", "learning_agreement:draft"]);
    assert_eq!(
        driven.waits(),
        ["student", "office"],
        "the main machine waits for the gate, the track for both"
    );
    driven.fire("student", "learning_agreement/1", "sign").unwrap();
    assert_eq!(driven.waits(), ["office"]);
    let moved = driven.fire("office", "learning_agreement/1", "sign").unwrap();
    assert_eq!(moved, ["learning_agreement:complete", "ready"]);
}

#[test]
fn a_track_the_call_does_not_ask_for_stands_in_nobodys_way() {
    let mut driven = Driven::asked(&[]);
    assert_eq!(driven.fire("student", "main", "confirm").unwrap(), ["confirmed", "ready"]);
    assert_eq!(driven.state("learning_agreement/1"), "not_due");
}

#[test]
fn signatures_are_void_when_what_they_stand_under_is_amended() {
    let mut driven = Driven::asked(&["learning_agreement"]);
    driven.fire("student", "main", "confirm").unwrap();
    driven.fire("student", "learning_agreement/1", "sign").unwrap();
    driven.fire("office", "main", "amend").unwrap();
    assert_eq!(driven.waits(), ["student", "office"]);
    driven.fire("office", "learning_agreement/1", "sign").unwrap();
    assert_eq!(driven.state("learning_agreement/1"), "draft");
}

#[test]
fn a_further_version_keeps_what_was_latched_and_a_reset_forgets_it() {
    let mut driven = Driven::asked(&["learning_agreement"]);
    driven.fire("student", "main", "confirm").unwrap();
    driven.fire("student", "learning_agreement/1", "sign").unwrap();
    driven.fire("office", "learning_agreement/1", "sign").unwrap();
    driven.fire("student", "learning_agreement/1", "redraft").unwrap();
    let agreement = |driven: &Driven| driven.case.tracks.iter().find(|one| one.version == 2).cloned();
    assert_eq!(agreement(&driven).unwrap().ever.len(), 1);
    driven.fire("office", "main", "start_anew").unwrap();
    assert!(agreement(&driven).is_none());
    assert_eq!(driven.state("learning_agreement/1"), "not_due");
    assert!(driven.case.tracks.iter().all(|one| one.ever.is_empty()));
}

#[test]
fn each_referee_has_an_instance_and_the_case_waits_for_all() {
    let mut driven = Driven::asked(&[]);
    driven.fire("student", "main", "ask_referee").unwrap();
    driven.fire("student", "main", "ask_referee").unwrap();
    assert_eq!(driven.waits(), ["student", "referee", "referee"]);
    driven.fire("referee", "references/1", "refer").unwrap();
    let Refusal::Unmet { rules } = driven.fire("office", "main", "check").unwrap_err() else { panic!() };
    assert_eq!(rules[0].code, "references_missing");
    driven.fire("referee", "references/2", "refer").unwrap();
    assert_eq!(driven.fire("office", "main", "check").unwrap(), ["draft"]);
    let refused = driven.fire("referee", "references/3", "refer").unwrap_err();
    assert!(matches!(refused, Refusal::NotFromHere { .. }), "nobody was asked: {refused:?}");
}

#[test]
fn each_document_slot_has_an_instance_of_its_name() {
    let mut driven = Driven::asked(&[]);
    driven.fire("system", "documents/transcript", "upload").unwrap();
    assert_eq!(driven.state("documents/transcript"), "uploaded");
    assert_eq!(driven.state("documents/letter"), "missing");
}

#[test]
fn a_choice_makes_an_instance_for_each_of_its_stays() {
    let mut driven = Driven::asked(&[]);
    driven.world.stays = 2;
    driven.fire("office", "main", "allocate").unwrap();
    driven.fire("student", "stay/1", "arrive").unwrap();
    assert_eq!((driven.state("stay/1"), driven.state("stay/2")), ("there".to_owned(), "before".to_owned()));
    driven.fire("office", "main", "allocate").unwrap();
    assert_eq!(driven.state("stay/1"), "before", "another choice, other stays");
}

#[test]
fn a_decision_is_hidden_until_results_are_due_and_can_be_appealed_against_for_its_window() {
    let mut driven = Driven::asked(&[]);
    let event = driven.definition.event_named("reject").unwrap();
    let role = driven.definition.role_named("office").unwrap();
    let actor = Actor::Person(PersonId::from(uuid::Uuid::nil()), Roles::NONE.with(role));
    let data = Map::new();
    let attempt = Attempt { event, instance: None, actor, data: &data, reason: None };
    let step = machine::step(&driven.definition, &driven.case, &attempt, &mut driven.world).unwrap();
    assert_eq!(step.moves[0].hidden_until, Some(DateTime::UNIX_EPOCH + TimeDelta::days(9)));

    driven.fire("office", "main", "reject").unwrap();
    assert_eq!(driven.waits(), [""; 0]);
    driven.world.now += TimeDelta::days(15);
    let refused = driven.fire("student", "main", "appeal").unwrap_err();
    assert!(matches!(refused, Refusal::TooLate { .. }), "{refused:?}");
    driven.world.now -= TimeDelta::days(2);
    assert_eq!(driven.fire("student", "main", "appeal").unwrap(), ["draft"]);
}

#[test]
fn a_track_moves_no_more_once_the_case_has_ended() {
    let mut driven = Driven::asked(&["learning_agreement"]);
    driven.fire("student", "main", "confirm").unwrap();
    driven.fire("student", "main", "withdraw").unwrap();
    let refused = driven.fire("student", "learning_agreement/1", "sign").unwrap_err();
    assert!(matches!(refused, Refusal::NotFromHere { .. }), "{refused:?}");
    assert_eq!(driven.case.running().count(), 0);
}

/// The days that are left until a clock ends that is named by its place and id.
fn days_left(driven: &Driven, place: &str, id: &str) -> Option<i64> {
    let of = driven.at(place);
    let clocks = of.map_or(&driven.case.clocks, |id| &driven.case.instance(id).unwrap().clocks);
    let running = clocks.iter().find(|running| driven.definition.clocks[running.clock.at()].id == id);
    running.map(|running| (running.due_at - driven.world.now).num_days())
}

#[test]
fn a_pause_stops_the_clocks_of_every_machine_and_its_end_gives_back_the_rest() {
    let mut driven = Driven::asked(&["learning_agreement"]);
    driven.fire("student", "", "confirm").unwrap();
    driven.world.now += TimeDelta::days(4);
    let (main, agreement) =
        (days_left(&driven, "", "end").unwrap(), days_left(&driven, "learning_agreement/1", "sign").unwrap());

    driven.fire("office", "", "pause").unwrap();
    assert_eq!(days_left(&driven, "", "end"), Some(30), "the pause has a clock of its own");
    assert_eq!(days_left(&driven, "learning_agreement/1", "sign"), None);
    driven.world.now += TimeDelta::days(20);
    driven.fire("office", "", "go_on").unwrap();

    assert_eq!(driven.state(""), "confirmed");
    assert_eq!(days_left(&driven, "", "end"), Some(main));
    assert_eq!(days_left(&driven, "learning_agreement/1", "sign"), Some(agreement));
    assert!(driven.case.paused.is_empty());

    driven.fire("office", "", "pause").unwrap();
    driven.fire("student", "learning_agreement/1", "sign").unwrap();
    driven.fire("office", "learning_agreement/1", "sign").unwrap();
    driven.fire("office", "", "go_on").unwrap();
    assert_eq!(driven.state("learning_agreement/1"), "complete");
    assert_eq!(days_left(&driven, "learning_agreement/1", "sign"), None, "what went on needs no rest");
}

#[test]
fn what_ends_in_a_pause_keeps_no_clock() {
    let mut driven = Driven::asked(&["learning_agreement"]);
    driven.fire("student", "", "confirm").unwrap();
    driven.fire("office", "", "pause").unwrap();
    driven.fire("student", "", "withdraw").unwrap();
    assert!(driven.case.paused.is_empty() && driven.case.due_at().is_none());
}
