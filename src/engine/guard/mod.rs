//! The guard language: small typed conditions over facts, a documented and total subset of CEL.

mod decimal;
mod value;

use std::ops::Range;

pub use self::{
    decimal::{Decimal, DecimalError},
    value::{Type, Value},
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

/// Whether a guard holds, in Kleene's three-valued logic. Only `True` lets a transition pass.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// A fact it depends on is absent, or a calculation has no result.
    Unknown,
}

/// A condition, parsed, checked and ready to be evaluated.
#[derive(Clone, PartialEq, Debug)]
pub struct Guard {
    source: String,
    slots: Vec<Slot>,
}

impl Guard {
    /// Compiles a condition over the facts that `names` knows.
    ///
    /// # Errors
    /// Every mistake that can be told apart, in the order of the source.
    pub fn compile(source: &str, _names: &mut dyn Names) -> Result<Self, Vec<GuardError>> {
        Ok(Self { source: source.to_owned(), slots: Vec::new() })
    }

    /// Gives the text it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Lists the facts it reads, each once, in order of appearance.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Evaluates it.
    pub fn holds(&self, _values: &dyn Values) -> Verdict {
        Verdict::Unknown
    }

    /// Lists the facts of the parts that keep it from holding, with their values; nothing when it holds.
    pub fn explain(&self, _values: &dyn Values) -> Vec<(String, Option<Value>)> {
        Vec::new()
    }
}

/// An expression of any one type, such as the instant of a clock's `until`.
#[derive(Clone, PartialEq, Debug)]
pub struct Term {
    source: String,
    slots: Vec<Slot>,
}

impl Term {
    /// Compiles an expression that must be of type `expected`; a whole number also serves as a decimal.
    ///
    /// # Errors
    /// As [`Guard::compile`].
    pub fn compile(source: &str, _expected: &Type, _names: &mut dyn Names) -> Result<Self, Vec<GuardError>> {
        Ok(Self { source: source.to_owned(), slots: Vec::new() })
    }

    /// Gives the text it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Lists the facts it reads, each once, in order of appearance.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Evaluates it; `None` when a fact it needs is absent or a calculation has no result.
    pub fn value(&self, _values: &dyn Values) -> Option<Value> {
        None
    }
}
