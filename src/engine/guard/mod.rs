//! The guard language: small typed conditions over facts. Every condition of a definition and of a call's eligibility is
//! written in it.
//!
//! ```text
//! now < call.closes_at && agreement.in_force
//! student.credits >= 60.0 || student.level in ['second', 'third']
//! has(stay.end_on) && stay.end_on - stay.start_on >= duration('90d')
//! student.languages.exists(l, l in ['de:B2', 'de:C1', 'de:C2'])
//! ```
//!
//! The rules it keeps: an expression is checked once, when a definition is published; evaluating it never fails, never
//! panics, ends in bounded time and depends on nothing but the facts. Syntax and meaning are a subset of
//! [CEL](https://github.com/google/cel-spec), so every expression here is a valid CEL expression, with two additions that CEL
//! leaves to its host: the unit `d` (24 hours) in durations, and the type date with its function `date`.
//!
//! # Grammar
//!
//! From the weakest to the strongest binding; `{ }` repeats, `[ ]` may be left out. Blanks and new lines separate.
//!
//! ```text
//! expression = and { "||" and }
//! and        = relation { "&&" relation }
//! relation   = sum [ ( "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" ) sum ]
//! sum        = product { ( "+" | "-" ) product }
//! product    = unary { ( "*" | "/" | "%" ) unary }
//! unary      = { "!" } member | { "-" } member
//! member     = primary { "." method "(" arguments ")" }
//! primary    = literal | fact | function "(" arguments ")" | "(" expression ")" | "[" arguments "]"
//! arguments  = [ expression { "," expression } ]
//! fact       = name { "." name }                 name: ASCII letters, digits and "_", no digit first
//! literal    = "true" | "false" | digits | digits "." digits | 'text' | "text"
//! ```
//!
//! Texts have CEL's escapes: `\\ \' \" \n \r \t \a \b \f \v \? \x41 \u00e9 \U0001f393 \101`.
//!
//! # Types
//!
//! | type | literal | operators |
//! | --- | --- | --- |
//! | condition | `true`, `false` | `&&`, `\|\|`, `!`, `==`, `!=` |
//! | whole number (64 bits) | `12` | comparison, `+ - * / %`, minus; `/` cuts towards zero |
//! | decimal (three digits) | `12.5` | comparison, `+ - * /`, minus; rounded to the nearest thousandth |
//! | text | `'B2'` | comparison by code point, `startsWith`, `size` |
//! | instant | `timestamp('2027-03-01T00:00:00Z')` | comparison, ± duration, instant − instant |
//! | date | `date('2027-03-01')` | comparison, ± whole days, date − date |
//! | duration | `duration('14d')`, `duration('1h30m')` | comparison, + −; units `d h m s` |
//! | list of one of these | `['a', 'b']`, not empty | `in`, `size`, `exists`, `all` |
//!
//! Both sides of a comparison are of one type; whole numbers and decimals compare with each other, exactly. Calculating takes
//! one type: `2.0 * student.credits`, or `double(fact)` for a whole number. A written zero divides nothing: it is refused.
//!
//! # Functions
//!
//! - `has(fact)`: whether the fact is known; never unknown itself. The fact has a dot in its name, as CEL demands.
//! - `size(x)`: the number of elements of a list, or of code points of a text.
//! - `double(n)`: a whole number as a decimal.
//! - `duration('…')`, `timestamp('…')`, `date('…')`: literals, read when the expression is compiled.
//! - `text.startsWith('06')`: whether a text begins so.
//! - `list.exists(x, condition)`, `list.all(x, condition)`: over the elements, named `x` inside the condition. Over an empty
//!   list `exists` is false and `all` is true.
//!
//! # What is unknown
//!
//! A fact may be absent. What is calculated or compared with it is then unknown, and so is the result of a division by zero, an
//! overflow, a date moved by a part of a day, or more than 20,000 looks at list elements. Conditions join by Kleene's
//! logic ([`Verdict`]): `false && unknown` is false, `true || unknown` is true, else unknown stays. Only a guard that is true
//! lets a transition pass.
//!
//! # Filters
//!
//! [`Guard::filter`] gives what a guard says of single facts, so that a database can be asked for the rows on which it holds:
//! comparisons with a constant, `in` a written list, `has`, `startsWith`, and their joining by `&&`, `||` and `!`. What that cannot
//! say is marked, and asked of the guard row by row.
//!
//! # Bounds
//!
//! 1 KiB of source, 16 nested brackets, two nested `exists` or `all`. Chains such as `a && b && …` do not nest.
//!
//! # Example
//!
//! ```
//! use sojourn_engine::guard::{Guard, Names, Slot, Type, Value, Values, Verdict};
//!
//! struct Catalogue;
//! impl Names for Catalogue {
//!     fn resolve(&mut self, path: &str) -> Option<(Slot, Type)> {
//!         (path == "student.credits").then_some((Slot(0), Type::Decimal))
//!     }
//! }
//! struct Facts(Option<Value>);
//! impl Values for Facts {
//!     fn get(&self, _: Slot) -> Option<&Value> {
//!         self.0.as_ref()
//!     }
//! }
//!
//! let enough = Guard::compile("student.credits >= 60", &mut Catalogue).unwrap();
//! let few = Facts(Some(Value::Decimal("45.5".parse().unwrap())));
//! assert_eq!(enough.holds(&few), Verdict::False);
//! assert_eq!(enough.explain(&few), [("student.credits".to_owned(), few.0.clone())]);
//! assert_eq!(enough.holds(&Facts(None)), Verdict::Unknown);
//!
//! let [mistake] = Guard::compile("student.credits >= '60'", &mut Catalogue).unwrap_err().try_into().unwrap();
//! assert_eq!(mistake.message, "compares a decimal with a text; write numbers without quotes and texts with them");
//! ```
//!
//! One more function is an entry of the list in `check.rs`, a node in `eval.rs` (the compiler names the places that must
//! know it) and a line above.

mod check;
mod decimal;
mod eval;
mod explain;
mod filter;
mod lex;
mod literal;
mod mend;
mod nearest;
mod parse;
mod shape;
#[cfg(test)]
mod tests;
mod value;
mod verdict;

use std::ops::Range;

use self::check::{Checked, check};
pub use self::{
    decimal::{Decimal, DecimalError},
    filter::{Comparison, Filter},
    nearest::nearest,
    value::{Type, Value},
    verdict::Verdict,
};

/// The place of a fact in the table of its definition.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Slot(pub u16);

/// What a guard may ask about: the facts known where it stands, each with its slot and type.
pub trait Names {
    /// Finds the fact a dotted path names; `None` when there is none.
    fn resolve(&mut self, path: &str) -> Option<(Slot, Type)>;

    /// Lists every path known here, so that a misspelt one can be answered with the nearest.
    fn names(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// The facts of one case at one instant.
pub trait Values {
    /// Gives the value of a fact; `None` when it is unknown or absent.
    fn get(&self, slot: Slot) -> Option<&Value>;

    /// Says whether a fact without a value may still be known in truth, so that even `has` of it is unknown; never so in a case.
    fn is_open(&self, slot: Slot) -> bool {
        let _ = slot;
        false
    }
}

/// One mistake in an expression: where it is, and a sentence that says how to mend it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct GuardError {
    /// The bytes of the source it is about, on character boundaries; empty at the end of the source.
    pub at: Range<usize>,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl GuardError {
    fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

/// A condition, parsed, checked and ready to be evaluated.
#[derive(Clone, PartialEq, Debug)]
pub struct Guard(Compiled);

impl Guard {
    /// Compiles a condition over the facts that `names` knows.
    ///
    /// # Errors
    /// Every type and name that is wrong, in the order of the source; of mistakes of form the first.
    pub fn compile(source: &str, names: &mut dyn Names) -> Result<Self, Vec<GuardError>> {
        Compiled::new(source, &Type::Bool, names).map(Self)
    }

    /// Gives the text it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Lists the facts it reads, each once, in order of appearance.
    pub fn slots(&self) -> &[Slot] {
        &self.0.checked.slots
    }

    fn root(&self) -> &eval::Node {
        &self.0.checked.root
    }

    /// Says whether it holds.
    pub fn holds(&self, values: &dyn Values) -> Verdict {
        eval::truth(&self.0.checked.root, values)
    }

    /// Lists the facts of the parts that keep it from holding, with their values; nothing when it holds.
    pub fn explain(&self, values: &dyn Values) -> Vec<(String, Option<Value>)> {
        let Checked { root, slots, paths } = &self.0.checked;
        let blamed = explain::blamed(root, values);
        let named = slots.iter().zip(paths).filter(|(slot, _)| blamed.contains(slot));
        named.map(|(slot, path)| (path.clone(), values.get(*slot).cloned())).collect()
    }
}

/// An expression of any one type, such as the instant of a clock's `until`.
#[derive(Clone, PartialEq, Debug)]
pub struct Term(Compiled);

impl Term {
    /// Compiles an expression that must be of type `expected`; a whole number also serves as a decimal.
    ///
    /// # Errors
    /// As [`Guard::compile`].
    pub fn compile(source: &str, expected: &Type, names: &mut dyn Names) -> Result<Self, Vec<GuardError>> {
        Compiled::new(source, expected, names).map(Self)
    }

    /// Gives the text it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Lists the facts it reads, each once, in order of appearance.
    pub fn slots(&self) -> &[Slot] {
        &self.0.checked.slots
    }

    /// Calculates it; `None` when a fact it needs is absent or a calculation has no result.
    pub fn value(&self, values: &dyn Values) -> Option<Value> {
        eval::value(&self.0.checked.root, values)
    }
}

#[derive(Clone, PartialEq, Debug)]
struct Compiled {
    source: String,
    checked: Checked,
}

impl Compiled {
    fn new(source: &str, expected: &Type, names: &mut dyn Names) -> Result<Self, Vec<GuardError>> {
        let expr = parse::parse(source).map_err(|error| vec![error])?;
        Ok(Self { source: source.to_owned(), checked: check(&expr, expected, names)? })
    }
}
