//! Tokens to a syntax tree, by recursive descent along CEL's grammar.
//!
//! Chains of one precedence become one node with many parts, so the depth of the tree follows the depth of the brackets,
//! which is bounded; nothing that walks the tree can overflow the stack.

use std::ops::Range;

use super::{
    GuardError, Value,
    lex::{Kind, Mark, Token, tokens},
};

/// How deep brackets of all kinds may nest.
pub(super) const MAX_DEPTH: usize = 16;

/// Words that CEL keeps for later or for other uses; none of them can begin a path.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];
const KEYWORDS: [&str; 4] = ["true", "false", "in", "null"];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
    In,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operator {
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
}

#[derive(Clone, Debug)]
pub(super) struct Expr {
    pub at: Range<usize>,
    pub form: Form,
}

#[derive(Clone, Debug)]
pub(super) enum Form {
    Literal(Value),
    Path(String),
    List(Vec<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Compare(Relation, Box<Expr>, Box<Expr>),
    /// Operands of one precedence, taken from left to right.
    Chain(Box<Expr>, Vec<(Operator, Expr)>),
    Call(String, Vec<Expr>),
    Method(Box<Expr>, String, Vec<Expr>),
}

/// Parses a whole source.
pub(super) fn parse(source: &str) -> Result<Expr, GuardError> {
    let tokens = tokens(source)?;
    let mut parser = Parser { tokens, next: 0, depth: 0 };
    if parser.peek() == &Kind::End {
        return Err(GuardError::new(
            0..source.len(),
            "the expression is empty; write `true` for a rule that always holds",
        ));
    }
    let whole = parser.or()?;
    match parser.peek() {
        Kind::End => Ok(whole),
        _ => Err(parser.left_over()),
    }
}

struct Parser<'s> {
    tokens: Vec<Token<'s>>,
    next: usize,
    depth: usize,
}

type Parsed = Result<Expr, GuardError>;

impl<'s> Parser<'s> {
    fn peek(&self) -> &Kind<'s> {
        &self.tokens[self.next].kind
    }

    fn at(&self) -> Range<usize> {
        self.tokens[self.next].at.clone()
    }

    /// Takes the present token; the end stays.
    fn advance(&mut self) -> Range<usize> {
        let at = self.at();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        at
    }

    fn take(&mut self, mark: Mark) -> Option<Range<usize>> {
        (self.peek() == &Kind::Mark(mark)).then(|| self.advance())
    }

    fn or(&mut self) -> Parsed {
        self.joined(Mark::Or, Form::Or, |parser| parser.joined(Mark::And, Form::And, Self::relation))
    }

    fn joined(&mut self, by: Mark, form: fn(Vec<Expr>) -> Form, part: fn(&mut Self) -> Parsed) -> Parsed {
        let first = part(self)?;
        if self.peek() != &Kind::Mark(by) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.take(by).is_some() {
            parts.push(part(self)?);
        }
        let at = parts[0].at.start..parts[parts.len() - 1].at.end;
        Ok(Expr { at, form: form(parts) })
    }

    fn relation(&mut self) -> Parsed {
        let left = self.sum()?;
        let Some(relation) = self.peek_relation() else { return Ok(left) };
        self.advance();
        let right = self.sum()?;
        if self.peek_relation().is_some() {
            return Err(GuardError::new(
                self.at(),
                "compares the result of a comparison; join two comparisons with `&&`, or put one in brackets",
            ));
        }
        let at = left.at.start..right.at.end;
        Ok(Expr { at, form: Form::Compare(relation, Box::new(left), Box::new(right)) })
    }

    fn peek_relation(&self) -> Option<Relation> {
        Some(match self.peek() {
            Kind::Mark(Mark::Equal) => Relation::Equal,
            Kind::Mark(Mark::NotEqual) => Relation::NotEqual,
            Kind::Mark(Mark::Less) => Relation::Less,
            Kind::Mark(Mark::AtMost) => Relation::AtMost,
            Kind::Mark(Mark::More) => Relation::More,
            Kind::Mark(Mark::AtLeast) => Relation::AtLeast,
            Kind::Word("in") => Relation::In,
            _ => return None,
        })
    }

    fn sum(&mut self) -> Parsed {
        let operator = |kind: &Kind<'_>| match kind {
            Kind::Mark(Mark::Plus) => Some(Operator::Plus),
            Kind::Mark(Mark::Minus) => Some(Operator::Minus),
            _ => None,
        };
        self.chain(operator, Self::product)
    }

    fn product(&mut self) -> Parsed {
        let operator = |kind: &Kind<'_>| match kind {
            Kind::Mark(Mark::Times) => Some(Operator::Times),
            Kind::Mark(Mark::Over) => Some(Operator::Over),
            Kind::Mark(Mark::Modulo) => Some(Operator::Modulo),
            _ => None,
        };
        self.chain(operator, Self::unary)
    }

    fn chain(
        &mut self,
        operator: fn(&Kind<'_>) -> Option<Operator>,
        part: fn(&mut Self) -> Parsed,
    ) -> Parsed {
        let first = part(self)?;
        let mut rest = Vec::new();
        let mut at = first.at.clone();
        while let Some(operator) = operator(self.peek()) {
            self.advance();
            let operand = part(self)?;
            at.end = operand.at.end;
            rest.push((operator, operand));
        }
        Ok(if rest.is_empty() { first } else { Expr { at, form: Form::Chain(Box::new(first), rest) } })
    }

    /// Counts repeated signs instead of nesting them: two cancel out, but stay visible to the type check.
    fn unary(&mut self) -> Parsed {
        let (mark, form): (_, fn(Box<Expr>) -> Form) = match self.peek() {
            Kind::Mark(Mark::Not) => (Mark::Not, Form::Not),
            Kind::Mark(Mark::Minus) => (Mark::Minus, Form::Negate),
            _ => return self.member(),
        };
        let from = self.at().start;
        let mut signs = 0_usize;
        while self.take(mark).is_some() {
            signs += 1;
        }
        let operand = self.member()?;
        let at = from..operand.at.end;
        let once = Expr { at: at.clone(), form: form(Box::new(operand)) };
        Ok(if signs % 2 == 1 { once } else { Expr { at, form: form(Box::new(once)) } })
    }

    fn member(&mut self) -> Parsed {
        let mut base = self.primary()?;
        while self.take(Mark::Dot).is_some() {
            let name = self.selector()?;
            let open = self.at();
            let receives = !matches!(base.form, Form::Method(..));
            if receives && self.take(Mark::Open).is_some() {
                let args = self.within(&open, Mark::Close, Self::items)?;
                let at = self.since(base.at.start);
                base = Expr { at, form: Form::Method(Box::new(base), name.to_owned(), args) };
            } else if let Form::Path(path) = &mut base.form {
                path.push('.');
                path.push_str(name);
                base.at = self.since(base.at.start);
            } else {
                return Err(GuardError::new(
                    base.at,
                    format!(
                        "has no `.{name}`; only facts have parts, and only facts, lists and texts have functions"
                    ),
                ));
            }
        }
        if self.peek() == &Kind::Mark(Mark::OpenList) {
            return Err(GuardError::new(
                self.at(),
                "lists are not indexed; ask with `in`, `size(list)`, `list.exists(x, …)` or `list.all(x, …)`",
            ));
        }
        Ok(base)
    }

    fn selector(&mut self) -> Result<&'s str, GuardError> {
        match *self.peek() {
            Kind::Word(name) if !KEYWORDS.contains(&name) => {
                self.advance();
                Ok(name)
            }
            _ => Err(GuardError::new(
                self.at(),
                "a name is missing after the dot; write it like `call.closes_at`",
            )),
        }
    }

    fn primary(&mut self) -> Parsed {
        let at = self.at();
        let form = match self.peek().clone() {
            Kind::Int(value) => Form::Literal(Value::Int(value)),
            Kind::Decimal(value) => Form::Literal(Value::Decimal(value)),
            Kind::Text(value) => Form::Literal(Value::Text(value)),
            Kind::Word("true") => Form::Literal(Value::Bool(true)),
            Kind::Word("false") => Form::Literal(Value::Bool(false)),
            Kind::Word(name) => return self.named(name),
            Kind::Mark(Mark::Open) => {
                self.advance();
                let inner = self.within(&at, Mark::Close, Self::or)?;
                return Ok(Expr { at: self.since(at.start), form: inner.form });
            }
            Kind::Mark(Mark::OpenList) => {
                self.advance();
                let items = self.within(&at, Mark::CloseList, Self::items)?;
                return Ok(Expr { at: self.since(at.start), form: Form::List(items) });
            }
            Kind::End => {
                return Err(GuardError::new(at, "the expression breaks off; a value is missing at its end"));
            }
            Kind::Mark(_) => {
                return Err(GuardError::new(
                    at,
                    "a value is missing here; write a fact, a literal or a bracket",
                ));
            }
        };
        self.advance();
        Ok(Expr { at, form })
    }

    fn named(&mut self, name: &str) -> Parsed {
        let at = self.advance();
        let wrong = |message: String| Err(GuardError::new(at.clone(), message));
        if name == "null" {
            return wrong("there is no null; ask `has(fact)` whether a fact is known".into());
        }
        if name == "in" {
            return wrong("a value is missing before `in`; write it like `fact in ['a', 'b']`".into());
        }
        if RESERVED.contains(&name) {
            return wrong(format!("`{name}` is a word that CEL reserves; no fact has this name"));
        }
        let open = self.at();
        if self.take(Mark::Open).is_none() {
            return Ok(Expr { at, form: Form::Path(name.to_owned()) });
        }
        let args = self.within(&open, Mark::Close, Self::items)?;
        Ok(Expr { at: self.since(at.start), form: Form::Call(name.to_owned(), args) })
    }

    /// Reads what stands in a bracket that has just been opened, and its end.
    fn within<T>(
        &mut self,
        open: &Range<usize>,
        close: Mark,
        inside: fn(&mut Self) -> Result<T, GuardError>,
    ) -> Result<T, GuardError> {
        if self.depth == MAX_DEPTH {
            let message = format!("brackets nest deeper than {MAX_DEPTH}; split the expression into several");
            return Err(GuardError::new(open.clone(), message));
        }
        self.depth += 1;
        let content = inside(self)?;
        self.depth -= 1;
        if self.take(close).is_some() {
            return Ok(content);
        }
        match self.peek() {
            Kind::End => {
                Err(GuardError::new(open.clone(), "this bracket is never closed; add its other half"))
            }
            _ => Err(self.left_over()),
        }
    }

    fn items(&mut self) -> Result<Vec<Expr>, GuardError> {
        let mut items = Vec::new();
        if matches!(self.peek(), Kind::Mark(Mark::Close | Mark::CloseList)) {
            return Ok(items);
        }
        loop {
            items.push(self.or()?);
            if self.take(Mark::Comma).is_none() {
                return Ok(items);
            }
        }
    }

    fn since(&self, start: usize) -> Range<usize> {
        start..self.tokens[self.next - 1].at.end
    }

    /// Explains a token that cannot follow what was read.
    fn left_over(&self) -> GuardError {
        let before = self.next.checked_sub(1).map(|before| &self.tokens[before].kind);
        let mend = match self.peek() {
            Kind::Word("and" | "AND") => "and is written `&&`",
            Kind::Word("or" | "OR") => "or is written `||`",
            _ if before == Some(&Kind::Word("not")) => "not is written `!`, before a bracket or a fact",
            Kind::Mark(Mark::Not) => "to turn a comparison round, write `!(a in b)`",
            Kind::Mark(Mark::Close | Mark::CloseList) => {
                "this bracket closes nothing that is open; take it away"
            }
            Kind::Mark(Mark::Comma) => {
                "a comma stands between the items of a list or the arguments of a function only"
            }
            Kind::Int(_) | Kind::Decimal(_) | Kind::Text(_) | Kind::Word(_) | Kind::Mark(_) | Kind::End => {
                "an operator such as `&&` or `==` is missing before this"
            }
        };
        GuardError::new(self.at(), mend)
    }
}
