//! The picture as a Mermaid flowchart: a box per phase, an arrow per pair of states.

use std::fmt::Write as _;

use crate::definition::{Definition, MachineIx, StateIx, Track};
use crate::vocabulary::StateKind;

use super::road::{Exit, Graph, Landing, Shown};
use super::words::Words;
use super::{Extent, View};

/// Words that Mermaid reads as its own where a node's name stands.
const RESERVED: [&str; 12] = [
    "call",
    "class",
    "classDef",
    "click",
    "default",
    "end",
    "flowchart",
    "graph",
    "href",
    "interpolate",
    "style",
    "subgraph",
];

/// A definition as a Mermaid flowchart.
pub fn draw(definition: &Definition, view: &View<'_>) -> String {
    let graph = Graph::of(definition, MachineIx::MAIN, view);
    let words = Words::of(view.language);
    let mut out = String::from("flowchart LR\n");
    for column in &graph.columns {
        let phase = column.phase.map_or("", |phase| words.phase(phase));
        let _ = writeln!(
            out,
            "  subgraph phase_{} [\"{phase}\"]",
            column.phase.map_or_else(String::new, |p| p.to_string())
        );
        for &state in &column.states {
            let _ = writeln!(out, "    {}", node(definition, view, state));
        }
        out.push_str("  end\n");
    }
    for exit in &graph.exits {
        edges(&mut out, definition, view, exit);
    }
    if view.extent == Extent::Whole {
        definition
            .machines()
            .for_each(|(machine, track)| beside(&mut out, definition, view, (machine, track)));
    }
    out.push_str("  classDef success stroke:#16703f,stroke-width:3px\n");
    out.push_str("  classDef failure stroke:#a8322a,stroke-dasharray:5 3\n");
    if !view.taken.is_empty() || view.present.is_some() || !view.beside.is_empty() {
        out.push_str("  classDef visited stroke:#9a4a00,stroke-width:2px\n");
        out.push_str("  classDef present stroke:#9a4a00,stroke-width:4px\n");
    }
    out
}

/// A track as a box of its own.
fn beside(out: &mut String, definition: &Definition, view: &View<'_>, (machine, track): (MachineIx, &Track)) {
    let _ = writeln!(out, "  subgraph track_{} [\"{}\"]", machine.0, escape(track.label.get(view.language)));
    for (state, _) in definition.states_of(machine) {
        let _ = writeln!(out, "    {}", node(definition, view, state));
    }
    out.push_str("  end\n");
    for exit in &Graph::of(definition, machine, view).exits {
        edges(out, definition, view, exit);
    }
}

fn node(definition: &Definition, view: &View<'_>, state: StateIx) -> String {
    let drawn = &definition.states[state.at()];
    let label = escape(drawn.label.get(view.language));
    let class = match drawn.kind {
        _ if view.stands_in(state) => ":::present",
        _ if view.visited(state) => ":::visited",
        StateKind::Success => ":::success",
        StateKind::Failure => ":::failure",
        StateKind::Open => "",
    };
    format!("{}[\"{label}\"]{class}", name(definition, state))
}

fn edges(out: &mut String, definition: &Definition, view: &View<'_>, exit: &Exit) {
    let labels: Vec<String> = exit
        .events
        .iter()
        .map(|event| escape(definition.events[event.at()].label.get(view.language)))
        .collect();
    let labels = labels.join("<br>");
    let from = name(definition, exit.from);
    let (open, close) = match exit.shown {
        Shown::Road => ("==", "==>"),
        Shown::Arrow => ("--", "-->"),
        Shown::Note | Shown::Shared => ("-.", ".->"),
    };
    for to in landings(definition, exit) {
        let _ = writeln!(out, "  {from} {open} \"{labels}\" {close} {}", name(definition, to));
    }
}

/// Where an exit may lead, over everything its state may have been entered from.
fn landings(definition: &Definition, exit: &Exit) -> Vec<StateIx> {
    let mut landings = match exit.to {
        Landing::State(to) => vec![to],
        Landing::Same => vec![exit.from],
        Landing::Back => definition.origins(&[exit.from]),
    };
    if exit.to == Landing::Back {
        let own = definition.leaving(exit.from).filter(|(_, step)| exit.events.contains(&step.event));
        let named: Vec<StateIx> = own.flat_map(|(_, step)| step.came_from.iter().copied()).collect();
        landings.retain(|state| named.is_empty() || named.contains(state));
    }
    landings
}

fn name(definition: &Definition, state: StateIx) -> String {
    let drawn = &definition.states[state.at()];
    let name = &drawn.name;
    if drawn.machine != MachineIx::MAIN {
        // Another machine may have a state of the same name.
        return format!("track_{}_{name}", drawn.machine.0);
    }
    if RESERVED.contains(&name.as_str()) { format!("{name}_") } else { name.clone() }
}

/// A text within quotes: Mermaid's own entities for all that could end it or be markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '"' | '#' | '&' | ';' | '<' | '>' | '`' | '\\' | '%' | '*' | '_' | '[' | ']' | '(' | ')'
            | '{' | '}' => {
                let _ = write!(escaped, "#{};", u32::from(char));
            }
            char if char.is_control() => escaped.push(' '),
            char => escaped.push(char),
        }
    }
    escaped
}
