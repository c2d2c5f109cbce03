//! A call's own eligibility guard: one condition over the student, the home and the answers, with its explanation.

use std::collections::BTreeMap;

use crate::facts::{Fact, FactNames, FactTable, Facts};
use crate::guard::{Filter, Guard, GuardError, Slot, Type, Value, Verdict};

/// The fact that such a guard gives: none may ask for itself.
const OWN_VERDICT: &str = "call.eligible";

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
        if facts.slot(OWN_VERDICT).is_some() {
            let at = source.find(OWN_VERDICT).map_or(0..source.len(), |at| at..at + OWN_VERDICT.len());
            let message =
                format!("`{OWN_VERDICT}` is what this guard decides; write the conditions themselves");
            return Err(vec![GuardError { at, message }]);
        }
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

    /// Whether it may hold once the facts that are `open` become known.
    pub fn may_hold(&self, value: impl FnMut(&Fact) -> Option<Value>, open: impl Fn(&Fact) -> bool) -> bool {
        self.guard.may_hold(&self.gather(value), &|slot| open(self.facts.fact(slot)))
    }

    /// What it says of single facts, for a database.
    pub fn filter(&self) -> Filter {
        self.guard.filter()
    }

    /// The fact that a slot of its filter stands for.
    pub fn fact(&self, slot: Slot) -> &Fact {
        self.facts.fact(slot)
    }

    /// The same fact as rules write it.
    pub fn path(&self, slot: Slot) -> &str {
        self.facts.path(slot)
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
    fn a_guard_does_not_ask_for_its_own_verdict() {
        let faults =
            Eligibility::compile("now < call.closes_at && call.eligible", &BTreeMap::new()).unwrap_err();
        assert_eq!(faults[0].at, 24..37);
    }

    #[test]
    fn a_guard_may_hold_once_an_answer_is_known() {
        let answers = BTreeMap::from([("weeks".to_owned(), Type::Int)]);
        let guard = Eligibility::compile("student.year >= 2 && answers.weeks > 3", &answers).unwrap();
        let value = |year: i64| move |fact: &Fact| (*fact == Fact::StudentYear).then_some(Value::Int(year));
        let open = |fact: &Fact| matches!(fact, Fact::Answer(_));
        assert!(guard.may_hold(value(2), open) && !guard.holds(value(2)));
        assert!(!guard.may_hold(value(1), open));
    }

    #[test]
    fn an_unknown_answer_is_named_at_its_place() {
        let faults = Eligibility::compile("answers.weeks > 3", &BTreeMap::new()).unwrap_err();
        assert_eq!(faults[0].at, 0..13);
    }
}
