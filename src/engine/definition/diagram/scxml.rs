//! The definition as SCXML (W3C, 2015), so that an independent interpreter can be run beside this engine.
//!
//! Each machine of a case is a chart of its own, as flat as it is in the engine: the main one, and each track, of which a case may have
//! several running. Exported are states, who may fire which event where, origins, what may happen once, what all must agree to, and
//! joins. An event is sent as `event.role`. Conditions mean the same in ECMAScript and in Python's reading of it.
//! What differs from the engine, on purpose:
//!
//! - A condition over facts is a variable of the data model, `c1`, `c2` …, with its source beside it; it begins as true,
//!   that of a join as false, so that the chart begins where the machine does. Whoever drives it sets them before each event: 1 where the
//!   condition certainly holds, else 0. Where the other machines stand is such a fact; a join's condition is a variable of its own,
//!   because the engine looks at it after the event.
//! - What one machine does to another comes from outside: starting anew, making signatures void, the next version, the end of all
//!   tracks with the main machine, and that an event which may happen once has happened there.
//! - Places are always free and documents always supplied; input and reasons are not asked for, and nobody is too close to a case.
//! - Clocks do not run: what a clock fires is an event of the system like any other.
//! - Joins are looked at after every event, a refused one too; the engine looks after a step, and when facts have changed outside.
//!   They follow without a limit, and one whose effect fails stays out where the engine refuses the whole step.
//! - Of two transitions with one event the second is tried when the first may not; rule W04 keeps such pairs out.

use std::fmt::Write as _;

use crate::definition::{
    Definition, EventIx, MachineIx, Resolver, RoleIx, StateIx, Target, Transition, TransitionIx,
};
use crate::guard::Guard;

use super::View;
use super::text::escape;

/// A condition that is a variable of a chart.
#[derive(Debug, Clone, Copy)]
pub struct Condition<'d> {
    /// What must hold.
    pub guard: &'d Guard,
    /// Whether a join waits for it: looked at after an event, not before.
    pub of_join: bool,
}

/// One machine of a definition as an SCXML document.
pub fn draw(definition: &Definition, machine: MachineIx, view: &View<'_>) -> String {
    let conditions = conditions(definition, machine);
    let mut pen = Pen { definition, machine, view, conditions: &conditions, out: String::new() };
    pen.document();
    pen.out
}

/// Every condition that an event or a join of a machine depends on, in the order of their variables.
pub fn conditions(definition: &Definition, machine: MachineIx) -> Vec<Condition<'_>> {
    let mut conditions: Vec<Condition<'_>> = Vec::new();
    for condition in moves(definition, machine).flat_map(depends) {
        if !conditions.iter().any(|known| known.is(condition)) {
            conditions.push(condition);
        }
    }
    conditions
}

fn moves(definition: &Definition, machine: MachineIx) -> impl Iterator<Item = &Transition> {
    definition.transitions.iter().filter(move |transition| transition.machine == machine)
}

fn depends(transition: &Transition) -> impl Iterator<Item = Condition<'_>> {
    let of_join = transition.join.is_some();
    let when = transition.join.iter().filter_map(|join| join.when.as_ref());
    let guards = transition.require.iter().map(|rule| &rule.guard).chain(when);
    guards.map(move |guard| Condition { guard, of_join })
}

impl Condition<'_> {
    fn is(&self, other: Condition<'_>) -> bool {
        self.of_join == other.of_join && self.guard.source() == other.guard.source()
    }
}

/// A name where it can stand in a name of XML and in a variable; else its position.
fn plain(name: &str, at: usize) -> String {
    let fits = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let fit = name.chars().all(fits) && name.starts_with(|char: char| !char.is_ascii_digit());
    if fit { name.to_owned() } else { format!("n-{at}") }
}

fn written(assigns: &[(String, String)]) -> String {
    let mut out = String::new();
    for (name, value) in assigns {
        let _ = write!(out, "<assign location=\"{name}\" expr=\"{}\"/>", escape(value));
    }
    out
}

struct Pen<'a> {
    definition: &'a Definition,
    machine: MachineIx,
    view: &'a View<'a>,
    conditions: &'a [Condition<'a>],
    out: String,
}

/// One `<transition>`, before it is written.
#[derive(Clone, Default)]
struct Arc {
    event: String,
    conditions: Vec<String>,
    to: Option<StateIx>,
    assigns: Vec<(String, String)>,
}

impl Pen<'_> {
    fn put(&mut self, markup: std::fmt::Arguments<'_>) {
        let _ = self.out.write_fmt(markup);
    }

    fn state(&self, state: StateIx) -> String {
        plain(&self.definition.states[state.at()].name, state.at())
    }

    fn event(&self, event: EventIx) -> String {
        plain(&self.definition.events[event.at()].name, event.at())
    }

    fn role(&self, role: RoleIx) -> String {
        plain(&self.definition.roles[role.at()].name, role.at())
    }

    /// The variable of where a remembering state was entered from; empty text while it was not.
    fn register(&self, state: StateIx) -> String {
        format!("from_{}", self.state(state)).replace('-', "")
    }

    /// The variable of an event that may happen once.
    fn spent(&self, event: EventIx) -> String {
        format!("once_{}", self.event(event)).replace('-', "")
    }

    /// The variable of a role that has agreed to what all must agree to.
    fn agreed(&self, event: EventIx, role: RoleIx) -> String {
        format!("agreed_{}_{}", self.event(event), self.role(role)).replace('-', "")
    }

    fn condition(&self, condition: Condition<'_>) -> String {
        let at = self.conditions.iter().position(|known| known.is(condition));
        format!("c{}", at.unwrap_or_default() + 1)
    }

    fn document(&mut self) {
        let definition = self.definition;
        let track = definition.track(self.machine);
        let initial = self.state(track.map_or(definition.initial, |track| track.initial));
        let name = escape(track.map_or(&definition.id, |track| &track.name));
        self.put(format_args!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scxml xmlns=\"http://www.w3.org/2005/07/scxml\" \
             xmlns:sojourn=\"urn:sojourn\" version=\"1.0\" name=\"{name}\" datamodel=\"ecmascript\" \
             initial=\"{initial}\">\n"
        ));
        self.variables();
        for (state, _) in definition.states_of(self.machine) {
            self.one(state);
        }
        self.put(format_args!("</scxml>\n"));
    }

    fn variables(&mut self) {
        let definition = self.definition;
        let mut lines: Vec<String> = Vec::new();
        for &condition in self.conditions {
            let (name, that) = (self.condition(condition), escape(condition.guard.source()));
            let at_first = u8::from(!condition.of_join);
            lines.push(format!("<data id=\"{name}\" expr=\"{at_first}\" sojourn:that=\"{that}\"/>"));
        }
        for (state, _) in definition.states_of(self.machine).filter(|(_, state)| state.remember) {
            lines.push(format!("<data id=\"{}\" expr=\"&#39;&#39;\"/>", self.register(state)));
        }
        let mut zeros: Vec<String> = Vec::new();
        for transition in moves(definition, self.machine) {
            zeros.extend(transition.once.then(|| self.spent(transition.event)));
            zeros.extend(self.partners(transition).map(|role| self.agreed(transition.event, role)));
        }
        zeros.sort_unstable();
        zeros.dedup();
        lines.extend(zeros.iter().map(|name| format!("<data id=\"{name}\" expr=\"0\"/>")));
        if lines.is_empty() {
            return;
        }
        self.put(format_args!("  <datamodel>\n    {}\n  </datamodel>\n", lines.join("\n    ")));
    }

    fn one(&mut self, state: StateIx) {
        let drawn = &self.definition.states[state.at()];
        let mut leaving: Vec<(TransitionIx, &Transition)> = self.definition.leaving(state).collect();
        leaving.sort_by_key(|(_, step)| step.join.as_ref().map(|join| join.priority));
        let (name, label) = (self.state(state), escape(drawn.label.get(self.view.language)));
        // Something may still leave an end, such as an appeal: SCXML calls that a state.
        let tag = if leaving.is_empty() && drawn.kind != crate::vocabulary::StateKind::Open {
            "final"
        } else {
            "state"
        };
        self.put(format_args!("  <{tag} id=\"{name}\" sojourn:label=\"{label}\">\n"));
        let mut agreed: Vec<String> = leaving
            .iter()
            .flat_map(|(_, step)| self.partners(step).map(|role| self.agreed(step.event, role)))
            .collect();
        agreed.sort_unstable();
        agreed.dedup();
        if !agreed.is_empty() {
            let cleared: Vec<_> = agreed.into_iter().map(|name| (name, "0".to_owned())).collect();
            self.put(format_args!("    <onexit>{}</onexit>\n", written(&cleared)));
        }
        for arc in leaving.iter().flat_map(|(_, step)| self.arcs(state, step)).collect::<Vec<_>>() {
            self.arc(&arc);
        }
        self.put(format_args!("  </{tag}>\n"));
    }

    fn arc(&mut self, arc: &Arc) {
        let mut attributes = String::new();
        if !arc.event.is_empty() {
            let _ = write!(attributes, " event=\"{}\"", arc.event);
        }
        if !arc.conditions.is_empty() {
            let _ = write!(attributes, " cond=\"{}\"", escape(&arc.conditions.join(" && ")));
        }
        if let Some(to) = arc.to {
            let _ = write!(attributes, " target=\"{}\"", self.state(to));
        }
        match written(&arc.assigns).as_str() {
            "" => self.put(format_args!("    <transition{attributes}/>\n")),
            assigns => self.put(format_args!("    <transition{attributes}>{assigns}</transition>\n")),
        }
    }

    /// Persons' roles that must all act; nobody where one is enough.
    fn partners(&self, transition: &Transition) -> impl Iterator<Item = RoleIx> {
        let of_people = |role: &RoleIx| self.definition.roles[role.at()].resolver != Resolver::System;
        let all = transition.by.iter().copied().filter(move |role| transition.collect && of_people(role));
        all.collect::<Vec<_>>().into_iter()
    }

    /// What a transition is from one state: an arc per origin it depends on, and per role where all must act.
    fn arcs(&self, from: StateIx, transition: &Transition) -> Vec<Arc> {
        let origins = match (&transition.came_from[..], transition.to) {
            ([], Target::Previous) => self.definition.origins(&[from]),
            (named, _) => named.to_vec(),
        };
        let mut whole = Arc::default();
        whole.conditions.extend(depends(transition).map(|condition| self.condition(condition)));
        if transition.once {
            whole.conditions.push(format!("{} == 0", self.spent(transition.event)));
        }
        if moves(self.definition, self.machine).any(|other| other.once && other.event == transition.event) {
            whole.assigns.push((self.spent(transition.event), "1".to_owned()));
        }
        if transition.invalidates.contains(&self.machine) {
            let collecting = moves(self.definition, self.machine).filter(|other| other.collect);
            let agreed = |other: &Transition| {
                self.partners(other).map(|role| self.agreed(other.event, role)).collect::<Vec<_>>()
            };
            whole.assigns.extend(collecting.flat_map(agreed).map(|name| (name, "0".to_owned())));
        }
        if let Target::State(to) = transition.to {
            whole.to = Some(to);
            if self.definition.states[to.at()].remember {
                whole.assigns.push((self.register(to), format!("'{}'", self.state(from))));
            }
        }
        let mut arcs = Vec::new();
        for origin in origins.iter().map(|origin| Some(*origin)).chain(origins.is_empty().then_some(None)) {
            let mut arc = whole.clone();
            if let Some(origin) = origin {
                arc.conditions.push(format!("{} == '{}'", self.register(from), self.state(origin)));
                arc.to = if transition.to == Target::Previous { Some(origin) } else { arc.to };
            }
            arcs.extend(self.by_role(transition, arc));
        }
        arcs
    }

    fn by_role(&self, transition: &Transition, arc: Arc) -> Vec<Arc> {
        if transition.join.is_some() {
            return vec![arc];
        }
        let event = |role: RoleIx| format!("{}.{}", self.event(transition.event), self.role(role));
        let partners: Vec<RoleIx> = self.partners(transition).collect();
        let alone: Vec<String> =
            transition.by.iter().filter(|role| !partners.contains(role)).map(|role| event(*role)).collect();
        let mut arcs = Vec::new();
        for &role in &partners {
            let mine = self.agreed(transition.event, role);
            let others: Vec<String> = partners
                .iter()
                .filter(|other| **other != role)
                .map(|other| self.agreed(transition.event, *other))
                .collect();
            let stays = transition.to == Target::Same;
            let mut last = Arc { event: event(role), ..arc.clone() };
            last.conditions.push(format!("{mine} == 0"));
            let mut part = Arc { to: None, ..last.clone() };
            part.assigns.retain(|(name, _)| *name == self.spent(transition.event));
            part.assigns.push((mine.clone(), "1".to_owned()));
            if !others.is_empty() {
                last.conditions.push(format!("{} == {}", others.join(" + "), others.len()));
            }
            last.assigns.extend(stays.then(|| (mine, "1".to_owned())));
            arcs.push(last);
            arcs.extend((!others.is_empty()).then_some(part));
        }
        if !alone.is_empty() {
            arcs.push(Arc { event: alone.join(" "), ..arc });
        }
        arcs
    }
}
