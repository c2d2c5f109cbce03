//! What a guard is made of, for those who reason about it without evaluating it: its constants, its conjuncts, and whether two
//! guards exclude each other.

use std::collections::BTreeMap;

use super::{
    Guard, Slot, Term, Value, Values, Verdict,
    eval::{Node, truth},
    explain::read,
    parse::{Operator, Relation},
};

/// Most different atoms two guards may have for their truth table to be tried.
const MOST_ATOMS: usize = 12;

impl Guard {
    /// Lists the constants written in it, elements of lists one by one.
    pub fn constants(&self) -> Vec<Value> {
        constants(&self.0.checked.root)
    }

    /// Lists, for each part that must hold on its own, the facts it reads.
    pub fn conjuncts(&self) -> Vec<Vec<Slot>> {
        self.parts(true)
    }

    /// Lists, for each part that alone is enough for it to hold, the facts it reads.
    pub fn disjuncts(&self) -> Vec<Vec<Slot>> {
        self.parts(false)
    }

    fn parts(&self, wanted: bool) -> Vec<Vec<Slot>> {
        let mut parts = Vec::new();
        conjuncts(&self.0.checked.root, wanted, &mut parts);
        parts
    }

    /// Lists the facts it asks `has` of.
    pub fn asked(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        walk(&self.0.checked.root, &mut |node| {
            if let Node::Has(slot) = node {
                slots.push(*slot);
            }
        });
        slots
    }

    /// Lists the facts whose elements it counts with `size`.
    pub fn counted(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        walk(&self.0.checked.root, &mut |node| {
            if let Node::Size(of) = node {
                read(of, &mut slots);
            }
        });
        slots
    }

    /// Says whether this and `other` can never hold together, each where its facts are as `known` says, by the truth table of
    /// the comparisons that leaves open.
    ///
    /// A comparison whose facts are not all `steady` may come out differently in each of the two. Never wrong when it says yes;
    /// what lies in the numbers, as in `a < 1` and `a > 2`, it does not see.
    pub fn excludes(&self, other: &Self, known: [&dyn Values; 2], steady: &dyn Fn(Slot) -> bool) -> bool {
        let mut atoms = Atoms { facts: known, steady, known: Vec::new() };
        let (mine, theirs) =
            (atoms.formula(&self.0.checked.root, 0), atoms.formula(&other.0.checked.root, 1));
        let count = atoms.known.len();
        count <= MOST_ATOMS && (0..1_u32 << count).all(|row| !(mine.holds(row) && theirs.holds(row)))
    }
}

impl Guard {
    /// Says how near it is to holding, or with `wanted` false to failing: 0 to 1, 1 when it does.
    pub fn nearness(&self, wanted: bool, values: &dyn Values) -> f64 {
        nearness(&self.0.checked.root, wanted, values)
    }

    /// Lists which facts meet which constants in its comparisons; what is asked of the elements of a list counts for the list.
    pub fn meetings(&self) -> Vec<(Slot, Value)> {
        let mut met = Vec::new();
        meet(&self.0.checked.root, &mut Vec::new(), &mut met);
        met
    }

    /// Says whether something in it may have no result although every fact is known: it divides by what may be zero, or moves
    /// dates by what may be no whole days.
    pub fn may_fail(&self) -> bool {
        may_fail(&self.0.checked.root)
    }
}

impl Term {
    /// Says the same of this expression as [`Guard::may_fail`].
    pub fn may_fail(&self) -> bool {
        may_fail(&self.0.checked.root)
    }

    /// Lists the constants written in it.
    pub fn constants(&self) -> Vec<Value> {
        constants(&self.0.checked.root)
    }
}

fn constants(node: &Node) -> Vec<Value> {
    let mut found = BTreeMap::new();
    walk(node, &mut |node| match node {
        Node::Known(Value::List(items)) => {
            found.extend(items.iter().map(|item| (format!("{item:?}"), item.clone())));
        }
        Node::Known(value) => {
            found.insert(format!("{value:?}"), value.clone());
        }
        _ => {}
    });
    found.into_values().collect()
}

fn nearness(node: &Node, wanted: bool, values: &dyn Values) -> f64 {
    match (node, wanted) {
        (Node::Not(part), _) => nearness(part, !wanted, values),
        (Node::And(parts), true) | (Node::Or(parts), false) => {
            let count = u32::try_from(parts.len()).map_or(f64::INFINITY, f64::from);
            parts.iter().map(|part| nearness(part, wanted, values)).sum::<f64>() / count
        }
        (Node::And(parts), false) | (Node::Or(parts), true) => {
            parts.iter().map(|part| nearness(part, wanted, values)).fold(0.0, f64::max)
        }
        (atom, _) => f64::from(u8::from(truth(atom, values) == Verdict::from(wanted))),
    }
}

fn may_fail(node: &Node) -> bool {
    let mut found = false;
    walk(node, &mut |node| {
        if let Node::Chain(_, rest) = node {
            found |= rest.iter().any(|(operator, operand)| match operator {
                Operator::Over | Operator::Modulo => {
                    !matches!(operand, Node::Known(Value::Int(n)) if *n != 0)
                        && !matches!(operand, Node::Known(Value::Decimal(n)) if n.thousandths() != 0)
                }
                Operator::Plus | Operator::Minus => !matches!(operand, Node::Known(_)),
                Operator::Times => false,
            });
        }
    });
    found
}

/// `lists` are the facts whose elements the macros around look at, outermost first.
fn meet(node: &Node, lists: &mut Vec<Vec<Slot>>, met: &mut Vec<(Slot, Value)>) {
    match node {
        Node::Compare(_, sides) | Node::StartsWith(sides) => {
            let mut slots = Vec::new();
            for side in sides.iter() {
                read(side, &mut slots);
                if let Node::Element(level) = side {
                    slots.extend(lists.get(*level).into_iter().flatten());
                }
            }
            let known: Vec<Value> = sides.iter().flat_map(constants).collect();
            met.extend(slots.iter().flat_map(|slot| known.iter().map(|value| (*slot, value.clone()))));
        }
        Node::Each(each) => {
            let mut slots = Vec::new();
            read(&each.list, &mut slots);
            lists.push(slots);
            meet(&each.that, lists, met);
            lists.pop();
        }
        Node::Not(part) => meet(part, lists, met),
        Node::And(parts) | Node::Or(parts) => parts.iter().for_each(|part| meet(part, lists, met)),
        Node::Known(_)
        | Node::Element(_)
        | Node::Fact(_)
        | Node::Has(_)
        | Node::List(_)
        | Node::Negate(_)
        | Node::Widen(_)
        | Node::Size(_)
        | Node::Chain(..) => {}
    }
}

fn conjuncts(node: &Node, wanted: bool, parts: &mut Vec<Vec<Slot>>) {
    match (node, wanted) {
        (Node::And(all), true) | (Node::Or(all), false) => {
            for part in all {
                conjuncts(part, wanted, parts);
            }
        }
        (Node::Not(part), _) => conjuncts(part, !wanted, parts),
        (part, _) => {
            let mut slots = Vec::new();
            read(part, &mut slots);
            parts.push(slots);
        }
    }
}

fn walk<'n>(node: &'n Node, visit: &mut dyn FnMut(&'n Node)) {
    visit(node);
    match node {
        Node::Known(_) | Node::Element(_) | Node::Fact(_) | Node::Has(_) => {}
        Node::Not(part) | Node::Negate(part) | Node::Widen(part) | Node::Size(part) => walk(part, visit),
        Node::And(parts) | Node::Or(parts) | Node::List(parts) => {
            for part in parts {
                walk(part, visit);
            }
        }
        Node::Compare(_, sides) | Node::StartsWith(sides) => sides.iter().for_each(|side| walk(side, visit)),
        Node::Each(each) => {
            walk(&each.list, visit);
            walk(&each.that, visit);
        }
        Node::Chain(first, rest) => {
            walk(first, visit);
            for (_, operand) in rest {
                walk(operand, visit);
            }
        }
    }
}

/// The comparisons of two guards, each a column of their truth table.
struct Atoms<'n> {
    facts: [&'n dyn Values; 2],
    steady: &'n dyn Fn(Slot) -> bool,
    known: Vec<(Node, Option<u8>)>,
}

/// A condition over columns of a truth table.
enum Formula {
    Atom(usize),
    Constant(bool),
    Not(Box<Formula>),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

impl Formula {
    fn holds(&self, row: u32) -> bool {
        match self {
            Self::Atom(at) => row >> at & 1 == 1,
            Self::Constant(value) => *value,
            Self::Not(part) => !part.holds(row),
            Self::All(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row)),
        }
    }
}

impl Atoms<'_> {
    fn formula(&mut self, node: &Node, side: u8) -> Formula {
        if let Some(known) = truth(node, self.facts[usize::from(side & 1)]).known() {
            return Formula::Constant(known);
        }
        match node {
            Node::Known(Value::Bool(value)) => Formula::Constant(*value),
            Node::Not(part) => Formula::Not(Box::new(self.formula(part, side))),
            Node::And(parts) => Formula::All(parts.iter().map(|part| self.formula(part, side)).collect()),
            Node::Or(parts) => Formula::Any(parts.iter().map(|part| self.formula(part, side)).collect()),
            Node::Compare(relation, sides) => match opposite(*relation) {
                Some(relation) => {
                    let turned = Node::Compare(relation, sides.clone());
                    Formula::Not(Box::new(Formula::Atom(self.column(turned, side))))
                }
                None => Formula::Atom(self.column(node.clone(), side)),
            },
            node => Formula::Atom(self.column(node.clone(), side)),
        }
    }

    fn column(&mut self, node: Node, side: u8) -> usize {
        let mut slots = Vec::new();
        read(&node, &mut slots);
        // A variable fact may have changed from one guard to the other.
        let of = (!slots.iter().all(|slot| (self.steady)(*slot))).then_some(side);
        let atom = (node, of);
        match self.known.iter().position(|known| *known == atom) {
            Some(at) => at,
            None => {
                self.known.push(atom);
                self.known.len() - 1
            }
        }
    }
}

/// The relation that holds exactly where this one does not; one of each pair stays as it is.
fn opposite(relation: Relation) -> Option<Relation> {
    match relation {
        Relation::NotEqual => Some(Relation::Equal),
        Relation::AtLeast => Some(Relation::Less),
        Relation::More => Some(Relation::AtMost),
        Relation::Equal | Relation::Less | Relation::AtMost | Relation::In => None,
    }
}
