//! What a guard says of single facts, as a tree that a database can be asked: a filter.
//!
//! A filter lets through every row on which its guard holds. One without [`Filter::Rest`] lets through no other; a rest stands for a
//! part that single facts cannot say (a calculation with two facts, a list, an element of one): there the guard itself is asked, row
//! by row. Negation is moved down to the leaves, so that "unknown" stays unknown on both sides: a fact that is absent passes no
//! [`Filter::Compare`], as `NULL` passes no comparison of SQL.

use super::{
    Guard, Slot, Value, Values, Verdict,
    eval::{Node, truth, value},
    explain::reads,
    parse::Relation,
};

/// A condition over single facts.
#[derive(Clone, PartialEq, Debug)]
pub enum Filter {
    /// All of these; of none, everything passes.
    All(Vec<Filter>),
    /// Any of these; of none, nothing passes.
    Any(Vec<Filter>),
    /// The fact is known and compares so with the value.
    Compare(Slot, Comparison, Value),
    /// The fact is known and equal to one of the values.
    OneOf(Slot, Vec<Value>),
    /// The fact is known and begins so, or does not.
    Begins(Slot, String, bool),
    /// The fact is known, or is not.
    Known(Slot, bool),
    /// Something that is not said here.
    Rest,
}

/// How a fact compares with a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Comparison {
    /// Says whether a fact that is ordered so against the value compares.
    pub fn stands(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::More => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }

    fn of(relation: Relation) -> Option<Self> {
        Some(match relation {
            Relation::Equal => Self::Equal,
            Relation::NotEqual => Self::NotEqual,
            Relation::Less => Self::Less,
            Relation::AtMost => Self::AtMost,
            Relation::More => Self::More,
            Relation::AtLeast => Self::AtLeast,
            Relation::In => return None,
        })
    }

    /// With both sides changed over.
    fn turned(self) -> Self {
        match self {
            Self::Less => Self::More,
            Self::AtMost => Self::AtLeast,
            Self::More => Self::Less,
            Self::AtLeast => Self::AtMost,
            same => same,
        }
    }

    fn denied(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::AtLeast,
            Self::AtMost => Self::More,
            Self::More => Self::AtMost,
            Self::AtLeast => Self::Less,
        }
    }
}

impl Filter {
    const NOTHING: Self = Self::Any(Vec::new());
    const EVERYTHING: Self = Self::All(Vec::new());

    /// Says whether it lets through exactly the rows on which the guard holds.
    pub fn is_exact(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().all(Self::is_exact),
            Self::Rest => false,
            Self::Compare(..) | Self::OneOf(..) | Self::Begins(..) | Self::Known(..) => true,
        }
    }
}

impl Guard {
    /// Gives what it says of single facts.
    pub fn filter(&self) -> Filter {
        filter(self.root(), true)
    }

    /// Says whether it would hold for some values of the facts that are `open`, all other facts being as they are. Each part is looked
    /// at by itself, so a guard that wants two things of one open fact may be called possible although it is not.
    pub fn may_hold(&self, values: &dyn Values, open: &dyn Fn(Slot) -> bool) -> bool {
        may(self.root(), true, values, open)
    }
}

fn may(node: &Node, wanted: bool, values: &dyn Values, open: &dyn Fn(Slot) -> bool) -> bool {
    match (node, wanted) {
        (Node::Not(part), wanted) => may(part, !wanted, values, open),
        (Node::And(parts), true) | (Node::Or(parts), false) => {
            parts.iter().all(|part| may(part, wanted, values, open))
        }
        (Node::And(parts), false) | (Node::Or(parts), true) => {
            parts.iter().any(|part| may(part, wanted, values, open))
        }
        (leaf, wanted) => reads(leaf).into_iter().any(open) || truth(leaf, values) == Verdict::from(wanted),
    }
}

fn filter(node: &Node, wanted: bool) -> Filter {
    let each = |parts: &[Node]| parts.iter().map(|part| filter(part, wanted)).collect();
    match (node, wanted) {
        (Node::Not(part), wanted) => filter(part, !wanted),
        (Node::And(parts), true) | (Node::Or(parts), false) => Filter::All(each(parts)),
        (Node::And(parts), false) | (Node::Or(parts), true) => Filter::Any(each(parts)),
        (Node::Has(slot), wanted) => Filter::Known(*slot, wanted),
        (Node::Fact(slot), wanted) => Filter::Compare(*slot, Comparison::Equal, Value::Bool(wanted)),
        (leaf, wanted) if reads(leaf).is_empty() && whole(leaf) => {
            if truth(leaf, &Nothing) == Verdict::from(wanted) { Filter::EVERYTHING } else { Filter::NOTHING }
        }
        (Node::Compare(relation, sides), wanted) => compared(*relation, sides, wanted),
        (Node::StartsWith(sides), wanted) => match (&sides[0], constant(&sides[1])) {
            (Node::Fact(slot), Some(Value::Text(beginning))) => {
                Filter::Begins(*slot, beginning.to_string(), wanted)
            }
            _ => Filter::Rest,
        },
        _ => Filter::Rest,
    }
}

fn compared(relation: Relation, sides: &[Node; 2], wanted: bool) -> Filter {
    let Some(mut comparison) = Comparison::of(relation) else { return within(&sides[0], &sides[1], wanted) };
    if !wanted {
        comparison = comparison.denied();
    }
    let (slot, other) = match sides {
        [Node::Fact(slot), other] => (*slot, other),
        [other, Node::Fact(slot)] => {
            comparison = comparison.turned();
            (*slot, other)
        }
        _ => return Filter::Rest,
    };
    match constant(other) {
        Some(value) => Filter::Compare(slot, comparison, value),
        // The other side has no value, whatever the facts: the comparison is never more than unknown.
        None if reads(other).is_empty() && whole(other) => Filter::NOTHING,
        None => Filter::Rest,
    }
}

fn within(item: &Node, list: &Node, wanted: bool) -> Filter {
    let (Node::Fact(slot), Node::Known(Value::List(items))) = (item, list) else { return Filter::Rest };
    if wanted {
        return Filter::OneOf(*slot, items.to_vec());
    }
    let differs = |item: &Value| Filter::Compare(*slot, Comparison::NotEqual, item.clone());
    Filter::All(items.iter().map(differs).collect())
}

/// Whether the part speaks of no element of a list around it.
fn whole(node: &Node) -> bool {
    match node {
        Node::Element(_) | Node::Each(_) => false,
        Node::Known(_) | Node::Fact(_) | Node::Has(_) => true,
        Node::Not(part) | Node::Negate(part) | Node::Widen(part) | Node::Size(part) => whole(part),
        Node::And(parts) | Node::Or(parts) | Node::List(parts) => parts.iter().all(whole),
        Node::Compare(_, sides) | Node::StartsWith(sides) => sides.iter().all(whole),
        Node::Chain(first, rest) => whole(first) && rest.iter().all(|(_, operand)| whole(operand)),
    }
}

/// The value of a part that asks for no fact.
fn constant(node: &Node) -> Option<Value> {
    if reads(node).is_empty() && whole(node) { value(node, &Nothing) } else { None }
}

/// Facts of which none is known.
struct Nothing;

impl Values for Nothing {
    fn get(&self, _: Slot) -> Option<&Value> {
        None
    }
}
