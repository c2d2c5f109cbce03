//! Why a guard does not hold: the facts of exactly those parts that would have to change.

use super::{
    Slot, Values, Verdict,
    eval::{Node, truth},
};

/// Lists the slots of the parts of `node` that keep it from being true, each once, in order of appearance.
pub(super) fn blamed(node: &Node, values: &dyn Values) -> Vec<Slot> {
    let mut slots = Vec::new();
    blame(node, true, values, &mut slots);
    slots
}

fn blame(node: &Node, wanted: bool, values: &dyn Values, slots: &mut Vec<Slot>) {
    if truth(node, values) == Verdict::from(wanted) {
        return;
    }
    match node {
        Node::Not(part) => blame(part, !wanted, values, slots),
        Node::And(parts) | Node::Or(parts) => {
            for part in parts {
                blame(part, wanted, values, slots);
            }
        }
        Node::Known(_)
        | Node::Fact(_)
        | Node::Element(_)
        | Node::List(_)
        | Node::Has(_)
        | Node::Compare(..)
        | Node::StartsWith(_)
        | Node::Each(_)
        | Node::Chain(..)
        | Node::Negate(_)
        | Node::Widen(_)
        | Node::Size(_) => read(node, slots),
    }
}

/// Every fact an expression reads, each once, in order of appearance.
pub(super) fn reads(node: &Node) -> Vec<Slot> {
    let mut slots = Vec::new();
    read(node, &mut slots);
    slots
}

/// Collects every fact an expression reads.
pub(super) fn read(node: &Node, slots: &mut Vec<Slot>) {
    match node {
        Node::Known(_) | Node::Element(_) => {}
        Node::Fact(slot) | Node::Has(slot) => {
            if !slots.contains(slot) {
                slots.push(*slot);
            }
        }
        Node::Not(part) | Node::Negate(part) | Node::Widen(part) | Node::Size(part) => read(part, slots),
        Node::And(parts) | Node::Or(parts) | Node::List(parts) => {
            for part in parts {
                read(part, slots);
            }
        }
        Node::Compare(_, sides) | Node::StartsWith(sides) => {
            for side in sides.iter() {
                read(side, slots);
            }
        }
        Node::Each(each) => {
            read(&each.list, slots);
            read(&each.that, slots);
        }
        Node::Chain(first, rest) => {
            read(first, slots);
            for (_, operand) in rest {
                read(operand, slots);
            }
        }
    }
}
