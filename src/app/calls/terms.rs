//! A call's own rule of eligibility in plain terms, as far as it says something of single facts.

use serde::Serialize;
use sojourn_engine::eligibility::Eligibility;
use sojourn_engine::guard::{Comparison, Filter, Slot, Value};

use super::{CallView, Question};
use crate::app::eligibility;
use crate::app::prospects::is_own;

/// What a rule asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Terms {
    /// The conditions, all of which have to hold.
    pub conditions: Vec<Condition>,
    /// Whether it asks more than they say.
    pub more: bool,
}

/// A condition on one fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// The fact, as rules write it.
    pub fact: String,
    /// How it has to be: `is`, `is_not`, `below`, `at_most`, `above`, `at_least`, `one_of`, `begins`, `begins_not`, `known` or
    /// `unknown`.
    pub how: &'static str,
    /// Against which values; none for `known` and `unknown`.
    pub values: Vec<String>,
}

/// What the rule of a call asks; `None` where it has none.
pub fn terms(call: &CallView) -> Option<Terms> {
    let source = call.eligibility.as_deref()?;
    let form: Vec<Question> = serde_json::from_value(call.form.clone()).unwrap_or_default();
    let mut terms = Terms::default();
    match eligibility::compile(source, &form) {
        Ok(guard) => gather(&guard, &guard.filter(), &mut terms),
        Err(_) => terms.more = true,
    }
    Some(terms)
}

fn gather(guard: &Eligibility, filter: &Filter, terms: &mut Terms) {
    let (slot, how, values): (Slot, _, Vec<&Value>) = match filter {
        Filter::All(parts) => return parts.iter().for_each(|part| gather(guard, part, terms)),
        Filter::Any(_) | Filter::Rest => {
            terms.more = true;
            return;
        }
        Filter::Compare(slot, comparison, value) => (*slot, compared(*comparison), vec![value]),
        Filter::OneOf(slot, values) => (*slot, "one_of", values.iter().collect()),
        Filter::Begins(slot, beginning, wanted) => {
            let how = if *wanted { "begins" } else { "begins_not" };
            let fact = guard.path(*slot).to_owned();
            return take(terms, Condition { fact, how, values: vec![beginning.clone()] });
        }
        Filter::Known(slot, wanted) => (*slot, if *wanted { "known" } else { "unknown" }, Vec::new()),
    };
    let values = values.into_iter().map(ToString::to_string).collect();
    take(terms, Condition { fact: guard.path(slot).to_owned(), how, values });
}

/// Takes in a condition on the applicant; what is asked of anything else is theirs neither to know nor to mend.
fn take(terms: &mut Terms, condition: Condition) {
    if is_own(&condition.fact) { terms.conditions.push(condition) } else { terms.more = true }
}

const fn compared(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "is",
        Comparison::NotEqual => "is_not",
        Comparison::Less => "below",
        Comparison::AtMost => "at_most",
        Comparison::More => "above",
        Comparison::AtLeast => "at_least",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sojourn_engine::guard::Type;

    use super::*;

    fn said(source: &str) -> (Vec<String>, bool) {
        let answers = BTreeMap::from([("weeks".to_owned(), Type::Int)]);
        let guard = Eligibility::compile(source, &answers).unwrap();
        let mut terms = Terms::default();
        gather(&guard, &guard.filter(), &mut terms);
        let line = |one: &Condition| format!("{} {} {}", one.fact, one.how, one.values.join(" "));
        (terms.conditions.iter().map(line).collect(), terms.more)
    }

    #[test]
    fn a_rule_is_told_fact_by_fact_and_says_where_it_asks_more() {
        let (conditions, more) = said("student.year >= 2 && 3 < answers.weeks && student.level in [6, 7]");
        assert_eq!(
            conditions,
            ["student.year at_least 2", "answers.weeks above 3", "student.level one_of 6 7"]
        );
        assert!(!more);
        let (conditions, more) = said("student.year >= 2 && (student.level == 7 || answers.weeks > 3)");
        assert_eq!((conditions.as_slice(), more), (&["student.year at_least 2".to_owned()][..], true));
    }
}
