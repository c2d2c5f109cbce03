//! A call's own eligibility guard: one condition over the student, the home and the answers, with its explanation.

use std::collections::BTreeMap;

use crate::facts::{Fact, FactNames, FactTable, Facts};
use crate::guard::{Guard, GuardError, Type, Value, Verdict};

/// A compiled eligibility guard.
#[derive(Debug, Clone)]
pub struct Eligibility {
    guard: Guard,
    facts: FactTable,
}

impl Eligibility {
    /// Compiles the guard of a call; `answers` types the questions of its form, asked as `answers.<name>`.
    ///
    /// # Errors
    /// Every mistake of the expression, with its place in the source.
    pub fn compile(source: &str, answers: &BTreeMap<String, Type>) -> Result<Self, Vec<GuardError>> {
        let mut facts = FactTable::default();
        let mut names =
            FactNames { table: &mut facts, accounts: &[], tracks: &[], inputs: &BTreeMap::new(), answers };
        let guard = Guard::compile(source, &mut names)?;
        Ok(Self { guard, facts })
    }

    /// Whether it holds; what is not known does not.
    pub fn holds(&self, value: impl FnMut(&Fact) -> Option<Value>) -> bool {
        self.guard.holds(&self.gather(value)) == Verdict::True
    }

    /// The facts that keep it from holding, with their values; nothing when it holds.
    pub fn explain(&self, value: impl FnMut(&Fact) -> Option<Value>) -> Vec<(String, Option<Value>)> {
        self.guard.explain(&self.gather(value))
    }

    fn gather(&self, value: impl FnMut(&Fact) -> Option<Value>) -> Facts {
        Facts::gather(&self.facts, self.guard.slots(), value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_over_the_student_and_the_answers_holds_and_explains_itself() {
        let answers = BTreeMap::from([("weeks".to_owned(), Type::Int)]);
        let guard = Eligibility::compile("student.year >= 2 && answers.weeks > 3", &answers).unwrap();
        let value = |year: i64| {
            move |fact: &Fact| match fact {
                Fact::StudentYear => Some(Value::Int(year)),
                Fact::Answer(_) => Some(Value::Int(4)),
                _ => None,
            }
        };
        assert!(guard.holds(value(2)));
        assert!(!guard.holds(value(1)));
        assert_eq!(guard.explain(value(1)), [("student.year".to_owned(), Some(Value::Int(1)))]);
    }

    #[test]
    fn an_unknown_answer_is_named_at_its_place() {
        let faults = Eligibility::compile("answers.weeks > 3", &BTreeMap::new()).unwrap_err();
        assert_eq!(faults[0].at, 0..13);
    }
}
