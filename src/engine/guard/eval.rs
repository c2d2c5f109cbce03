//! Evaluation: total, in bounded time, and without allocation where nothing new is made.
//!
//! A part has no value when a fact it needs is absent or a calculation has no result (division by zero, overflow, a date
//! moved by a part of a day); a condition over such a part is unknown.

use std::{cell::Cell, cmp::Ordering};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{
    Decimal, Slot, Value, Values, Verdict,
    parse::{Operator, Relation},
};

/// How many list elements one evaluation looks at; a guard that needs more is unknown.
pub(super) const MAX_LOOKS: u32 = 20_000;

/// How deep `exists` and `all` may nest.
pub(super) const MAX_MACROS: usize = 2;

/// A checked expression: names are slots, every operand has the type its operator takes.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Node {
    Known(Value),
    Fact(Slot),
    /// What the macro at this level looks at, the outermost being 0.
    Element(usize),
    /// A list of which some element is not known before evaluation.
    List(Vec<Node>),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Has(Slot),
    Compare(Relation, Box<[Node; 2]>),
    StartsWith(Box<[Node; 2]>),
    Each(Box<Each>),
    Chain(Box<Node>, Vec<(Operator, Node)>),
    Negate(Box<Node>),
    /// A whole number where a decimal is wanted.
    Widen(Box<Node>),
    Size(Box<Node>),
}

/// A condition over every element of a list.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Each {
    pub quantifier: Quantifier,
    pub level: usize,
    pub list: Node,
    pub that: Node,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Quantifier {
    Exists,
    All,
}

/// Says whether a condition holds.
pub(super) fn truth(node: &Node, values: &dyn Values) -> Verdict {
    let run = Run::new(values);
    let verdict = run.truth(node);
    if run.spent() { Verdict::Unknown } else { verdict }
}

/// Calculates any expression.
pub(super) fn value(node: &Node, values: &dyn Values) -> Option<Value> {
    let run = Run::new(values);
    let value = match node {
        Node::List(_) => {
            run.items(node)?.map(|item| item.map(Seen::owned)).collect::<Option<_>>().map(Value::List)
        }
        node => run.value(node).map(Seen::owned),
    };
    if run.spent() { None } else { value }
}

/// A value borrowed from a fact or from the expression.
#[derive(Clone, Copy)]
enum Seen<'v> {
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Text(&'v str),
    Instant(DateTime<Utc>),
    Date(NaiveDate),
    Duration(TimeDelta),
    List(&'v [Value]),
}

impl<'v> Seen<'v> {
    fn of(value: &'v Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Decimal(value) => Self::Decimal(*value),
            Value::Text(value) => Self::Text(value),
            Value::Instant(value) => Self::Instant(*value),
            Value::Date(value) => Self::Date(*value),
            Value::Duration(value) => Self::Duration(*value),
            Value::List(items) => Self::List(items),
        }
    }

    fn owned(self) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Decimal(value) => Value::Decimal(value),
            Self::Text(value) => Value::text(value),
            Self::Instant(value) => Value::Instant(value),
            Self::Date(value) => Value::Date(value),
            Self::Duration(value) => Value::Duration(value),
            Self::List(items) => Value::List(items.into()),
        }
    }
}

/// One evaluation.
struct Run<'v> {
    values: &'v dyn Values,
    looks_left: Cell<Option<u32>>,
    elements: [Cell<Option<Seen<'v>>>; MAX_MACROS],
}

impl<'v> Run<'v> {
    fn new(values: &'v dyn Values) -> Self {
        Self {
            values,
            looks_left: Cell::new(Some(MAX_LOOKS)),
            elements: [const { Cell::new(None) }; MAX_MACROS],
        }
    }

    /// Counts one look at a list element; false when there were too many.
    fn look(&self) -> bool {
        let left = self.looks_left.get().and_then(|left| left.checked_sub(1));
        self.looks_left.set(left);
        left.is_some()
    }

    fn spent(&self) -> bool {
        self.looks_left.get().is_none()
    }

    fn truth(&self, node: &'v Node) -> Verdict {
        match node {
            Node::And(parts) => Verdict::all(parts.iter().map(|part| self.truth(part))),
            Node::Or(parts) => Verdict::any(parts.iter().map(|part| self.truth(part))),
            Node::Not(part) => !self.truth(part),
            Node::Has(slot) if self.values.is_open(*slot) => Verdict::Unknown,
            Node::Has(slot) => self.values.get(*slot).is_some().into(),
            Node::Compare(Relation::In, sides) => self.holds_within(&sides[0], &sides[1]),
            Node::Compare(relation, sides) => match (self.value(&sides[0]), self.value(&sides[1])) {
                (Some(left), Some(right)) => {
                    compare(left, right).map(|order| stands(*relation, order)).into()
                }
                (None, _) | (_, None) => Verdict::Unknown,
            },
            Node::StartsWith(sides) => match (self.value(&sides[0]), self.value(&sides[1])) {
                (Some(Seen::Text(text)), Some(Seen::Text(beginning))) => text.starts_with(beginning).into(),
                _ => Verdict::Unknown,
            },
            Node::Each(each) => self.each(each),
            Node::Known(_)
            | Node::Fact(_)
            | Node::Element(_)
            | Node::List(_)
            | Node::Chain(..)
            | Node::Negate(_)
            | Node::Widen(_)
            | Node::Size(_) => match self.value(node) {
                Some(Seen::Bool(truth)) => truth.into(),
                _ => Verdict::Unknown,
            },
        }
    }

    fn holds_within(&self, wanted: &'v Node, list: &'v Node) -> Verdict {
        let Some(items) = self.items(list) else { return Verdict::Unknown };
        let wanted = self.value(wanted);
        let equal = |item| Some(compare(wanted?, item?)?.is_eq());
        Verdict::any(items.map(|item| equal(item).into()))
    }

    fn each(&self, each: &'v Each) -> Verdict {
        let Some(items) = self.items(&each.list) else { return Verdict::Unknown };
        let verdicts = items.map(|item| {
            self.elements[each.level].set(item);
            self.truth(&each.that)
        });
        match each.quantifier {
            Quantifier::Exists => Verdict::any(verdicts),
            Quantifier::All => Verdict::all(verdicts),
        }
    }

    /// Gives the elements of a list, an element without value as `None`; stops when all looks are spent.
    fn items(&self, list: &'v Node) -> Option<impl Iterator<Item = Option<Seen<'v>>>> {
        let (written, known): (&[Node], &[Value]) = match list {
            Node::List(nodes) => (nodes, &[]),
            list => match self.value(list)? {
                Seen::List(values) => (&[], values),
                _ => return None,
            },
        };
        let written = written.iter().map(|node| self.value(node));
        let known = known.iter().map(|value| Some(Seen::of(value)));
        Some(written.chain(known).take_while(|_| self.look()))
    }

    fn value(&self, node: &'v Node) -> Option<Seen<'v>> {
        match node {
            Node::Known(value) => Some(Seen::of(value)),
            Node::Fact(slot) => self.values.get(*slot).map(Seen::of),
            Node::Element(level) => self.elements[*level].get(),
            Node::Chain(first, rest) => {
                rest.iter().try_fold(self.value(first)?, |left, (operator, right)| {
                    apply(*operator, left, self.value(right)?)
                })
            }
            Node::Negate(inner) => match self.value(inner)? {
                Seen::Int(value) => value.checked_neg().map(Seen::Int),
                Seen::Decimal(value) => value.checked_neg().map(Seen::Decimal),
                _ => None,
            },
            Node::Widen(inner) => match self.value(inner)? {
                Seen::Int(value) => Decimal::from_whole(value).map(Seen::Decimal),
                _ => None,
            },
            Node::Size(inner) => self.size(inner),
            Node::List(_) => None,
            Node::Not(_)
            | Node::And(_)
            | Node::Or(_)
            | Node::Has(_)
            | Node::Compare(..)
            | Node::StartsWith(_)
            | Node::Each(_) => self.truth(node).known().map(Seen::Bool),
        }
    }

    fn size(&self, of: &'v Node) -> Option<Seen<'v>> {
        let size = match of {
            Node::List(nodes) => nodes.len(),
            of => match self.value(of)? {
                Seen::Text(text) => text.chars().count(),
                Seen::List(items) => items.len(),
                _ => return None,
            },
        };
        i64::try_from(size).ok().map(Seen::Int)
    }
}

/// Orders two values of comparable types; nothing otherwise.
fn compare(left: Seen<'_>, right: Seen<'_>) -> Option<Ordering> {
    Some(match (left, right) {
        (Seen::Bool(left), Seen::Bool(right)) => left.cmp(&right),
        (Seen::Int(left), Seen::Int(right)) => left.cmp(&right),
        (Seen::Decimal(left), Seen::Decimal(right)) => left.cmp(&right),
        (Seen::Decimal(left), Seen::Int(right)) => left.cmp_whole(right),
        (Seen::Int(left), Seen::Decimal(right)) => right.cmp_whole(left).reverse(),
        (Seen::Text(left), Seen::Text(right)) => left.cmp(right),
        (Seen::Instant(left), Seen::Instant(right)) => left.cmp(&right),
        (Seen::Date(left), Seen::Date(right)) => left.cmp(&right),
        (Seen::Duration(left), Seen::Duration(right)) => left.cmp(&right),
        _ => return None,
    })
}

fn stands(relation: Relation, order: Ordering) -> bool {
    match relation {
        Relation::Equal | Relation::In => order.is_eq(),
        Relation::NotEqual => order.is_ne(),
        Relation::Less => order.is_lt(),
        Relation::AtMost => order.is_le(),
        Relation::More => order.is_gt(),
        Relation::AtLeast => order.is_ge(),
    }
}

fn apply<'v>(operator: Operator, left: Seen<'v>, right: Seen<'v>) -> Option<Seen<'v>> {
    use Operator::{Minus, Over, Plus, Times};
    match (left, operator, right) {
        (Seen::Int(a), operator, Seen::Int(b)) => whole(operator, a, b).map(Seen::Int),
        (Seen::Decimal(a), Plus, Seen::Decimal(b)) => a.checked_add(b).map(Seen::Decimal),
        (Seen::Decimal(a), Minus, Seen::Decimal(b)) => a.checked_sub(b).map(Seen::Decimal),
        (Seen::Decimal(a), Times, Seen::Decimal(b)) => a.checked_mul(b).map(Seen::Decimal),
        (Seen::Decimal(a), Over, Seen::Decimal(b)) => a.checked_div(b).map(Seen::Decimal),
        (Seen::Instant(at), Plus, Seen::Duration(by)) | (Seen::Duration(by), Plus, Seen::Instant(at)) => {
            at.checked_add_signed(by).map(Seen::Instant)
        }
        (Seen::Instant(at), Minus, Seen::Duration(by)) => at.checked_sub_signed(by).map(Seen::Instant),
        (Seen::Instant(a), Minus, Seen::Instant(b)) => Some(Seen::Duration(a.signed_duration_since(b))),
        (Seen::Duration(a), Plus, Seen::Duration(b)) => a.checked_add(&b).map(Seen::Duration),
        (Seen::Duration(a), Minus, Seen::Duration(b)) => a.checked_sub(&b).map(Seen::Duration),
        (Seen::Date(on), Plus, Seen::Duration(by)) => {
            whole_days(by).then(|| on.checked_add_signed(by))?.map(Seen::Date)
        }
        (Seen::Date(on), Minus, Seen::Duration(by)) => {
            whole_days(by).then(|| on.checked_sub_signed(by))?.map(Seen::Date)
        }
        (Seen::Date(a), Minus, Seen::Date(b)) => Some(Seen::Duration(a.signed_duration_since(b))),
        _ => None,
    }
}

fn whole(operator: Operator, a: i64, b: i64) -> Option<i64> {
    match operator {
        Operator::Plus => a.checked_add(b),
        Operator::Minus => a.checked_sub(b),
        Operator::Times => a.checked_mul(b),
        Operator::Over => a.checked_div(b),
        Operator::Modulo => a.checked_rem(b),
    }
}

/// Says whether a duration moves a date to a date.
pub(super) fn whole_days(span: TimeDelta) -> bool {
    span.num_seconds() % 86_400 == 0 && span.subsec_nanos() == 0
}
