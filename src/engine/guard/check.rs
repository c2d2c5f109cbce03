//! The static type check: a syntax tree to a [`Node`] whose names are slots and whose operands have the right types.
//!
//! It goes on after a mistake, so that all are reported at once; a part that is wrong has no type, and what is built on it
//! stays silent.

use std::{ops::Range, sync::Arc};

use super::{
    GuardError, Names, Slot, Type, Value,
    eval::{Each, MAX_MACROS, Node, Quantifier, whole_days},
    literal::Literal,
    mend,
    nearest::nearest,
    parse::{Expr, Form, Operator, Relation},
};

/// A checked expression and the facts it reads, each once, in order of appearance.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Checked {
    pub root: Node,
    pub slots: Vec<Slot>,
    pub paths: Vec<String>,
}

/// Checks that an expression is of type `expected`.
pub(super) fn check(expr: &Expr, expected: &Type, names: &mut dyn Names) -> Result<Checked, Vec<GuardError>> {
    let mut checker =
        Checker { names, slots: Vec::new(), paths: Vec::new(), elements: Vec::new(), errors: Vec::new() };
    let root = match expected {
        Type::Bool => checker.condition(expr),
        expected => checker.expected(expr, expected),
    };
    let Checker { slots, paths, mut errors, .. } = checker;
    match root {
        Some(root) if errors.is_empty() => Ok(Checked { root, slots, paths }),
        _ => {
            errors.sort_by_key(|error| error.at.start);
            Err(errors)
        }
    }
}

struct Checker<'n> {
    names: &'n mut dyn Names,
    slots: Vec<Slot>,
    paths: Vec<String>,
    /// The variables of the macros around the present part, outermost first.
    elements: Vec<(String, Type)>,
    errors: Vec<GuardError>,
}

type Typed = Option<(Node, Type)>;

const FUNCTIONS: [&str; 6] = ["has", "size", "duration", "timestamp", "date", "double"];
const METHODS: [&str; 3] = ["exists", "all", "startsWith"];

impl Checker<'_> {
    fn wrong<T>(&mut self, at: &Range<usize>, message: impl Into<String>) -> Option<T> {
        self.errors.push(GuardError::new(at.clone(), message));
        None
    }

    fn expected(&mut self, expr: &Expr, expected: &Type) -> Option<Node> {
        match (self.typed(expr)?, expected) {
            ((node, found), expected) if found == *expected => Some(node),
            ((node, Type::Int), Type::Decimal) => Some(Node::Widen(Box::new(node))),
            ((_, found), expected) => self.wrong(
                &expr.at,
                format!("is {found}, and {expected} is needed here; write one, or name a fact that is"),
            ),
        }
    }

    fn condition(&mut self, expr: &Expr) -> Option<Node> {
        match self.typed(expr)? {
            (node, Type::Bool) => Some(node),
            (_, found) => self.wrong(
                &expr.at,
                format!("is {found}, and a condition is needed here; compare it, as in `fact == 'value'` or `fact > 0`"),
            ),
        }
    }

    fn conditions(&mut self, parts: &[Expr]) -> Option<Vec<Node>> {
        let nodes: Vec<_> = parts.iter().map(|part| self.condition(part)).collect();
        nodes.into_iter().collect()
    }

    fn typed(&mut self, expr: &Expr) -> Typed {
        match &expr.form {
            Form::Literal(value) => Some((Node::Known(value.clone()), value.kind()?)),
            Form::Path(path) => self.path(path, &expr.at),
            Form::List(items) => self.list(items, &expr.at),
            Form::Not(part) => Some((Node::Not(Box::new(self.condition(part)?)), Type::Bool)),
            Form::And(parts) => Some((Node::And(self.conditions(parts)?), Type::Bool)),
            Form::Or(parts) => Some((Node::Or(self.conditions(parts)?), Type::Bool)),
            Form::Negate(part) => self.negated(part),
            Form::Compare(relation, left, right) => self.comparison(*relation, left, right, &expr.at),
            Form::Chain(first, rest) => self.chain(first, rest),
            Form::Call(name, args) => self.call(name, args, &expr.at),
            Form::Method(on, name, args) => self.method(on, name, args, &expr.at),
        }
    }

    fn path(&mut self, path: &str, at: &Range<usize>) -> Typed {
        let root = path.split('.').next().unwrap_or(path);
        if let Some(level) = self.elements.iter().rposition(|(name, _)| name == root) {
            if root != path {
                return self.wrong(
                    at,
                    format!("`{root}` is one element of the list and has no parts; write `{root}` alone"),
                );
            }
            return Some((Node::Element(level), self.elements[level].1.clone()));
        }
        let (slot, found) = self.fact(path, at)?;
        Some((Node::Fact(slot), found))
    }

    fn fact(&mut self, path: &str, at: &Range<usize>) -> Option<(Slot, Type)> {
        let Some((slot, found)) = self.names.resolve(path) else {
            let mend = match nearest(path, self.names.names()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "write a fact that is known here; a text stands in quotes".into(),
            };
            return self.wrong(at, format!("there is no fact `{path}`; {mend}"));
        };
        if !self.slots.contains(&slot) {
            self.slots.push(slot);
            self.paths.push(path.to_owned());
        }
        Some((slot, found))
    }

    fn list(&mut self, items: &[Expr], at: &Range<usize>) -> Typed {
        let checked: Vec<_> = items.iter().map(|item| self.typed(item)).collect();
        let checked: Vec<(Node, Type)> = checked.into_iter().collect::<Option<_>>()?;
        let Some((_, of)) = checked.first() else {
            return self.wrong(at, "an empty list holds nothing to compare with; ask `size(list) == 0`");
        };
        let of = of.clone();
        if of.is_list() {
            return self.wrong(at, "a list holds single values, no lists; write them all into one list");
        }
        for (item, (_, found)) in items.iter().zip(&checked) {
            if *found != of {
                return self.wrong(
                    &item.at,
                    format!("is {found} in a list that begins with {of}; write all of one type"),
                );
            }
        }
        let nodes: Vec<Node> = checked.into_iter().map(|(node, _)| node).collect();
        let known: Option<Arc<[Value]>> = nodes.iter().map(|node| known(node).cloned()).collect();
        let node = known.map_or(Node::List(nodes), |values| Node::Known(Value::List(values)));
        Some((node, Type::List(Box::new(of))))
    }

    fn negated(&mut self, part: &Expr) -> Typed {
        match self.typed(part)? {
            (Node::Known(Value::Int(value)), found) => {
                Some((Node::Known(Value::Int(value.checked_neg()?)), found))
            }
            (Node::Known(Value::Decimal(value)), found) => {
                Some((Node::Known(Value::Decimal(value.checked_neg()?)), found))
            }
            (node, found @ (Type::Int | Type::Decimal)) => Some((Node::Negate(Box::new(node)), found)),
            (_, Type::Duration) => {
                self.wrong(&part.at, "a duration is turned round inside: duration('-72h')")
            }
            (_, found) => self
                .wrong(&part.at, format!("is {found}; only a number takes a minus, a condition takes `!`")),
        }
    }

    fn comparison(&mut self, relation: Relation, left: &Expr, right: &Expr, at: &Range<usize>) -> Typed {
        let (left, right) = (self.typed(left), self.typed(right));
        let ((left, left_type), (right, right_type)) = (left?, right?);
        let mistake = match relation {
            Relation::In => mend::membership(&left_type, &right_type),
            relation => mend::comparison(relation, &left_type, &right_type),
        };
        match mistake {
            Some(message) => self.wrong(at, message),
            None => Some((Node::Compare(relation, Box::new([left, right])), Type::Bool)),
        }
    }

    fn chain(&mut self, first: &Expr, rest: &[(Operator, Expr)]) -> Typed {
        let whole = self.typed(first);
        let operands: Vec<_> = rest.iter().map(|(_, operand)| self.typed(operand)).collect();
        let (node, mut found) = whole?;
        let mut parts = Vec::with_capacity(rest.len());
        for ((operator, expr), operand) in rest.iter().zip(operands) {
            let (operand, with) = operand?;
            let at = first.at.start..expr.at.end;
            if let (Type::Date, Node::Known(Value::Duration(by))) = (&found, &operand)
                && !whole_days(*by)
            {
                return self.wrong(&expr.at, "a date moves by whole days only; write duration('14d')");
            }
            found = match mend::arithmetic(*operator, &found, &with) {
                Ok(found) => found,
                Err(message) => return self.wrong(&at, message),
            };
            if matches!(operator, Operator::Over | Operator::Modulo) && is_zero(&operand) {
                return self.wrong(&expr.at, "nothing divides by zero; write another number");
            }
            parts.push((*operator, operand));
        }
        Some((Node::Chain(Box::new(node), parts), found))
    }

    fn call(&mut self, name: &str, args: &[Expr], at: &Range<usize>) -> Typed {
        if !FUNCTIONS.contains(&name) {
            return self.unknown_function(name, &FUNCTIONS, at);
        }
        let [arg] = args else {
            return self
                .wrong(at, format!("`{name}` takes one argument and has {}; write `{name}(…)`", args.len()));
        };
        match name {
            "has" => self.has(arg),
            "size" => match self.typed(arg)? {
                (node, Type::Text | Type::List(_)) => Some((Node::Size(Box::new(node)), Type::Int)),
                (_, found) => self
                    .wrong(&arg.at, format!("is {found}; `size` counts a list or the characters of a text")),
            },
            "duration" => self.literal(Literal::Duration, arg),
            "timestamp" => self.literal(Literal::Timestamp, arg),
            "date" => self.literal(Literal::Date, arg),
            _ => match self.typed(arg)? {
                (node, Type::Int) => Some((Node::Widen(Box::new(node)), Type::Decimal)),
                (_, found) => {
                    self.wrong(&arg.at, format!("is {found}; `double` makes a decimal of a whole number"))
                }
            },
        }
    }

    fn has(&mut self, arg: &Expr) -> Typed {
        let Form::Path(path) = &arg.form else {
            return self
                .wrong(&arg.at, "`has` asks whether a fact is known; write it like has(call.closes_at)");
        };
        if !path.contains('.') {
            return self.wrong(
                &arg.at,
                format!("`has` takes a fact with a dot in its name; `{path}` is never absent"),
            );
        }
        let (slot, _) = self.fact(path, &arg.at)?;
        Some((Node::Has(slot), Type::Bool))
    }

    fn literal(&mut self, literal: Literal, arg: &Expr) -> Typed {
        let value = match &arg.form {
            Form::Literal(Value::Text(text)) => literal.read(text),
            _ => None,
        };
        match value {
            Some(value) => {
                let found = value.kind()?;
                Some((Node::Known(value), found))
            }
            None => self.wrong(&arg.at, format!("cannot be read; write it like {}", literal.example())),
        }
    }

    fn method(&mut self, on: &Expr, name: &str, args: &[Expr], at: &Range<usize>) -> Typed {
        match name {
            "exists" => self.each(Quantifier::Exists, on, args, at),
            "all" => self.each(Quantifier::All, on, args, at),
            "startsWith" => {
                let [beginning] = args else {
                    return self.wrong(at, "`startsWith` takes one text; write fact.startsWith('06')");
                };
                let (on, beginning) = (self.expected(on, &Type::Text), self.expected(beginning, &Type::Text));
                Some((Node::StartsWith(Box::new([on?, beginning?])), Type::Bool))
            }
            _ => self.unknown_function(name, &METHODS, at),
        }
    }

    fn each(&mut self, quantifier: Quantifier, on: &Expr, args: &[Expr], at: &Range<usize>) -> Typed {
        let [Expr { form: Form::Path(name), at: name_at }, that] = args else {
            return self.wrong(at, "takes a name and a condition about it; write list.exists(x, x == 'a')");
        };
        if name.contains('.') {
            return self.wrong(
                name_at,
                "an element gets a plain name without a dot; write list.exists(x, x == 'a')",
            );
        }
        let level = self.elements.len();
        if level == MAX_MACROS {
            return self.wrong(
                at,
                format!("`exists` and `all` nest deeper than {MAX_MACROS}; split the expression"),
            );
        }
        let list = self.typed(on);
        let of = match &list {
            Some((_, Type::List(of))) => (**of).clone(),
            Some((_, found)) => {
                return self.wrong(&on.at, format!("is {found}; `exists` and `all` look into a list"));
            }
            None => return None,
        };
        self.elements.push((name.clone(), of));
        let that = self.condition(that);
        self.elements.pop();
        let (list, that) = (list?.0, that?);
        Some((Node::Each(Box::new(Each { quantifier, level, list, that })), Type::Bool))
    }

    fn unknown_function(&mut self, name: &str, known: &[&str], at: &Range<usize>) -> Typed {
        let mend = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "there are {}",
                FUNCTIONS.iter().chain(&METHODS).copied().collect::<Vec<_>>().join(", ")
            ),
        };
        self.wrong(at, format!("there is no function `{name}` here; {mend}"))
    }
}

fn known(node: &Node) -> Option<&Value> {
    match node {
        Node::Known(value) => Some(value),
        _ => None,
    }
}

fn is_zero(node: &Node) -> bool {
    match known(node) {
        Some(Value::Int(value)) => *value == 0,
        Some(Value::Decimal(value)) => value.thousandths() == 0,
        _ => false,
    }
}
