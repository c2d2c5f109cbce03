//! The engine beside an independent interpreter of state charts, on the same random events.

mod chance;

use std::io::Write;
use std::process::{Command, Stdio};

use chrono::{DateTime, Utc};
use rand::RngExt;
use rand::rngs::ChaCha12Rng;
use rand::seq::IndexedRandom;
use serde_json::{Map, Value as Json, json};
use sojourn_engine::definition::diagram::{View, scxml};
use sojourn_engine::definition::{
    Definition, Each, EventIx, Input, InstanceId, MAIN, MachineIx, Resolver, RoleIx, StateIx, Target,
    Transition,
};
use sojourn_engine::facts::Facts;
use sojourn_engine::guard::Verdict;
use sojourn_engine::machine::{self, Actor, Attempt, Case, Move, Roles};
use sojourn_engine::vocabulary::StateKind;

use crate::support::counts::count;
use crate::support::data::own;
use crate::support::measured::measured;
use crate::support::seed::{random, seed};
use chance::{Surroundings, facts, input, person};

/// Events of one sequence at most.
const LONGEST: usize = 25;
/// Facts are drawn anew so often until an event may happen.
const TRIES: usize = 12;

/// What happened to one machine of a case, and where it stood then.
struct Done {
    place: String,
    kind: &'static str,
    what: String,
    conditions: String,
    after: String,
}

/// A walk of one case, decided by the engine.
struct Walk<'a> {
    definition: &'a Definition,
    /// Of the main machine, then of each track.
    conditions: Vec<Vec<scxml::Condition<'a>>>,
    world: Surroundings,
    case: Case,
    done: Vec<Done>,
    moved: u64,
    refused: u64,
}

type At = Option<InstanceId>;

impl<'a> Walk<'a> {
    fn begin(definition: &'a Definition) -> Self {
        let case = Case::new(definition, DateTime::<Utc>::UNIX_EPOCH);
        let world = Surroundings::of(definition);
        let machines = std::iter::once(MachineIx::MAIN).chain(definition.machines().map(|(ix, _)| ix));
        let conditions = machines.map(|machine| scxml::conditions(definition, machine)).collect();
        let mut walk = Self { definition, conditions, world, case, done: Vec::new(), moved: 0, refused: 0 };
        for at in walk.places() {
            walk.note(at, "begin", String::new(), String::new());
        }
        walk
    }

    /// The main machine, then each instance of a track.
    fn places(&self) -> Vec<At> {
        std::iter::once(None).chain(self.case.tracks.iter().map(|one| Some(one.id))).collect()
    }

    fn state(&self, at: At) -> StateIx {
        at.map_or(self.case.state, |id| self.case.instance(id).expect("it is there").state)
    }

    fn note(&mut self, at: At, kind: &'static str, what: String, conditions: String) {
        let chart = at.map_or(MAIN, |id| &self.definition.track(id.machine).expect("a track").name);
        let what = if kind == "begin" { chart.to_owned() } else { what };
        // A chart that begins goes on at once where nothing has to be true for it.
        let state = if kind == "begin" { self.unhindered(self.state(at)) } else { self.state(at) };
        let after = self.definition.states[state.at()].name.clone();
        self.done.push(Done { place: self.definition.machine_text(at), kind, what, conditions, after });
    }

    fn unhindered(&self, state: StateIx) -> StateIx {
        let mut leaving = self.definition.leaving(state).map(|(_, transition)| transition);
        let free = |t: &&Transition| t.join.as_ref().is_some_and(|join| join.when.is_none());
        match leaving.find(free).map(|transition| transition.to) {
            Some(Target::State(next)) => self.unhindered(next),
            Some(Target::Same | Target::Previous) | None => state,
        }
    }

    fn is_open(&self) -> bool {
        self.definition.states[self.case.state.at()].kind == StateKind::Open
    }

    /// Transitions of people and of the system that leave where that machine stands.
    fn leaving(&self, at: At) -> impl Iterator<Item = &'a Transition> {
        let origin = self.case.origin();
        let here = self.definition.leaving(self.state(at)).map(|(_, transition)| transition);
        here.filter(move |t| {
            t.join.is_none() && (t.came_from.is_empty() || origin.is_some_and(|o| t.came_from.contains(&o)))
        })
    }

    /// Mostly an event that can happen somewhere, by somebody who may; else anything.
    fn pick(&self, random: &mut ChaCha12Rng) -> (At, EventIx, RoleIx) {
        let definition = self.definition;
        let places = if self.is_open() { self.places() } else { vec![None] };
        let main = random.random_bool(0.5);
        let at = if main { None } else { *places.choose(random).expect("the main machine") };
        let here: Vec<&Transition> = self.leaving(at).collect();
        match here.choose(random) {
            Some(transition) if random.random_bool(0.85) => {
                (at, transition.event, *transition.by.choose(random).expect("somebody"))
            }
            _ => {
                let any = |random: &mut ChaCha12Rng, of: usize| {
                    random.random_range(0..u16::try_from(of).expect("few"))
                };
                let event = EventIx(any(random, definition.events.len()));
                (at, event, RoleIx(any(random, definition.roles.len())))
            }
        }
    }

    /// Whether a join would move the case by itself: it would not have stayed here.
    fn restless(&self, facts: &Facts) -> bool {
        let places = if self.is_open() { self.places() } else { vec![None] };
        let states = places.into_iter().map(|at| self.state(at));
        let mut joins = states
            .flat_map(|state| self.definition.leaving(state))
            .filter_map(|(_, transition)| transition.join.as_ref());
        joins.any(|join| join.when.as_ref().is_none_or(|when| when.holds(facts) == Verdict::True))
    }

    /// Draws facts and input under which the case would have stayed where it is, and mostly such that the event may happen.
    fn draw(&mut self, random: &mut ChaCha12Rng, wanted: Option<&Transition>) -> Option<Map<String, Json>> {
        let definition = self.definition;
        let helpful = random.random_bool(0.9);
        for _ in 0..TRIES {
            let mut facts = facts(random, definition);
            let mut data = Map::new();
            if let Some(transition) = wanted {
                data = input(random, definition, transition);
                let given =
                    Input::check(&transition.input, &data, |list| &definition.reasons[list.at()].codes);
                for (field, value) in given.expect("in order").0 {
                    if let Some(slot) = definition.facts.slot(&format!("input.{field}")) {
                        facts.set(slot, Some(value.as_fact()));
                    }
                }
            }
            self.case.lay(definition, &mut facts);
            let mut rules = wanted.iter().flat_map(|transition| &transition.require);
            let may = rules.all(|rule| rule.guard.holds(&facts) == Verdict::True);
            if !self.restless(&facts) && (may || !helpful) {
                self.world.facts = facts;
                return Some(data);
            }
        }
        None
    }

    fn of(&self, at: At) -> &[scxml::Condition<'a>] {
        &self.conditions[at.map_or(0, |id| id.machine.at())]
    }

    /// The conditions of a machine's chart: those of joins as of this case, the others as of `before`.
    fn conditions(&self, at: At, before: &Facts) -> String {
        let mut facts = self.world.facts.clone();
        self.case.lay(self.definition, &mut facts);
        let holds = |condition: &scxml::Condition<'_>| {
            let facts = if condition.of_join { &facts } else { before };
            if condition.guard.holds(facts) == Verdict::True { '1' } else { '0' }
        };
        self.of(at).iter().map(holds).collect()
    }

    fn attempt(&mut self, random: &mut ChaCha12Rng) -> Option<()> {
        let definition = self.definition;
        let (at, event, role) = self.pick(random);
        let wanted = self.leaving(at).find(|transition| transition.event == event);
        let data = self.draw(random, wanted)?;
        let before = self.world.facts.clone();
        let codes = wanted.and_then(|t| t.reason).map(|list| &definition.reasons[list.at()].codes);
        // Somebody else each time: who did what before is no part of the chart.
        let actor = match definition.roles[role.at()].resolver {
            Resolver::System => Actor::System,
            _ => Actor::Person(person(random), Roles::NONE.with(role)),
        };
        let reason = codes.map(|codes| (codes[0].0.as_str(), "because"));
        let attempt = Attempt { event, instance: at, actor, data: &data, reason };
        let name = format!("{}.{}", definition.events[event.at()].name, definition.roles[role.at()].name);
        match machine::step(definition, &self.case, &attempt, &mut self.world) {
            Ok(step) => {
                self.moved += 1;
                self.follow(&step.moves, &name, &before);
            }
            Err(_) => {
                self.refused += 1;
                let conditions = self.conditions(at, &before);
                self.note(at, "event", name, conditions);
            }
        }
        if self.is_open() {
            for at in self.places() {
                if !self.of(at).iter().any(|condition| condition.of_join) {
                    continue;
                }
                let conditions = self.conditions(at, &before);
                self.note(at, "look", String::new(), conditions);
            }
        }
        Some(())
    }

    /// What each move of a step does to which machine; moves of one machine in a row are one operation.
    fn follow(&mut self, moves: &[Move], name: &str, before: &Facts) {
        let mut running: Option<At> = None;
        for (nth, made) in moves.iter().enumerate() {
            let looked = self.conditions(made.instance, before);
            self.case.apply(self.definition, made, None, DateTime::<Utc>::UNIX_EPOCH);
            if nth == 0 {
                let conditions = self.conditions(made.instance, before);
                self.note(made.instance, "event", name.to_owned(), conditions);
            } else if running == Some(made.instance) {
                let state = self.definition.states[made.to.at()].name.clone();
                self.done.last_mut().expect("the one before").after = state;
            } else {
                self.note(made.instance, "look", String::new(), looked);
            }
            running = if self.brings(made) { None } else { Some(made.instance) };
        }
    }

    /// What a move does to other machines; whether it does anything.
    fn brings(&mut self, made: &Move) -> bool {
        let known: Vec<String> = self.done.iter().map(|done| done.place.clone()).collect();
        let tracks: Vec<InstanceId> = self.case.tracks.iter().map(|one| one.id).collect();
        let each = |id: &InstanceId| self.definition.track(id.machine).and_then(|track| track.each);
        let anew = |id: &InstanceId| {
            made.resets.contains(&id.machine)
                || (made.stays.is_some() && each(id) == Some(Each::Stay))
                || !known.contains(&self.definition.machine_text(Some(*id)))
        };
        let (begun, kept): (Vec<InstanceId>, Vec<InstanceId>) = tracks.into_iter().partition(anew);
        let void: Vec<InstanceId> =
            kept.into_iter().filter(|id| made.invalidates.contains(&id.machine)).collect();
        let any = !begun.is_empty() || !void.is_empty();
        for id in begun {
            self.note(Some(id), "begin", String::new(), String::new());
        }
        for id in void {
            self.note(Some(id), "void", String::new(), String::new());
        }
        any
    }
}

/// What the other interpreter says: the states after each event of each run.
fn interpreted(asked: &Json) -> Vec<Vec<String>> {
    let python = own("target/reference/bin/python");
    let mut child = Command::new(&python)
        .arg(own("tests/reference/scxml.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; tests/run installs it", python.display()));
    let mut stdin = child.stdin.take().expect("piped");
    let asked = asked.to_string();
    let writer = std::thread::spawn(move || stdin.write_all(asked.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it ends").expect("all was read");
    assert!(output.status.success(), "{}", output.status);
    let lines = std::str::from_utf8(&output.stdout).expect("UTF-8").lines();
    lines.map(|line| serde_json::from_str(line).expect("a list")).collect()
}

fn asked(definition: &Definition, walks: &[Vec<Done>]) -> Json {
    let view = View::default();
    let mut charts = Map::from_iter([(MAIN.to_owned(), json!(definition.scxml(MachineIx::MAIN, &view)))]);
    charts.extend(
        definition.machines().map(|(ix, track)| (track.name.clone(), json!(definition.scxml(ix, &view)))),
    );
    let operation = |done: &Done| json!([done.place, done.kind, done.what, done.conditions]);
    let runs: Vec<Json> = walks.iter().map(|walk| walk.iter().map(operation).collect()).collect();
    json!({ "charts": charts, "runs": runs })
}

fn agree(file: &str, walk: &[Done], answer: &[String]) {
    assert_eq!(walk.len(), answer.len());
    for (at, (done, other)) in walk.iter().zip(answer).enumerate() {
        let told = |done: &&Done| {
            format!("{} {} {} ({}) → {}", done.place, done.kind, done.what, done.conditions, done.after)
        };
        let way = || walk[..=at].iter().filter(|one| one.place == done.place).map(|one| told(&one));
        assert!(done.after == *other, "{file}: {other} instead\n{}", way().collect::<Vec<_>>().join("\n"));
    }
}

/// The shipped definitions, and two that show what these use seldom.
fn definitions() -> Vec<String> {
    let folder = own("templates/workflows").read_dir().expect("the shipped definitions");
    let names = folder.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    let is_definition =
        |name: &String| name.strip_suffix(".toml").is_some_and(|stem| !stem.ends_with(".scenarios"));
    let shipped = names.filter(is_definition).map(|name| format!("templates/workflows/{name}"));
    let mut files: Vec<String> = shipped.collect();
    files.sort();
    files.extend(["tests/data/chart.toml", "src/engine/tests/data/tracks.toml"].map(str::to_owned));
    files
}

fn read(file: &str) -> Definition {
    let source = std::fs::read_to_string(own(file)).expect("the file");
    Definition::parse(&source).unwrap_or_else(|findings| panic!("{file}: {findings:#?}"))
}

#[test]
fn another_interpreter_comes_to_the_same_states_on_random_events() {
    let files = definitions();
    let definitions: Vec<Definition> = files.iter().map(|file| read(file)).collect();
    let seed = seed();
    let mut random = random(seed);
    let sequences = count("scxml_sequences");
    let each = sequences.div_ceil(u64::try_from(files.len()).expect("few"));
    let (mut moved, mut refused, mut walked) = (0, 0, Vec::new());
    for definition in &definitions {
        let mut walks = Vec::new();
        for _ in 0..each {
            let mut walk = Walk::begin(definition);
            for _ in 0..LONGEST {
                let _ = walk.attempt(&mut random);
            }
            (moved, refused) = (moved + walk.moved, refused + walk.refused);
            walks.push(walk.done);
        }
        walked.push(walks);
    }
    assert!(moved > refused / 8, "{moved} steps and {refused} refusals: the walks go nowhere");
    let answers = std::thread::scope(|scope| {
        let asked = definitions.iter().zip(&walked).map(|(definition, walks)| asked(definition, walks));
        let asked: Vec<_> = asked.map(|asked| scope.spawn(move || interpreted(&asked))).collect();
        asked.into_iter().map(|one| one.join().expect("it ends")).collect::<Vec<_>>()
    });
    for ((file, walks), answers) in files.iter().zip(&walked).zip(&answers) {
        assert_eq!(answers.len(), walks.len());
        for (walk, answer) in walks.iter().zip(answers) {
            agree(file, walk, answer);
        }
    }
    let result = format!("{moved} steps and {refused} refusals alike");
    measured("event sequences over all workflows, beside python-statemachine", sequences, seed, result);
}
