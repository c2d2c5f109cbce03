//! The same expressions read and evaluated by an independent implementation of CEL.

use std::collections::HashMap;

use cel::{Context, Program};

use super::*;

/// What CEL itself has: no dates, and decimals only where binary floating point is exact and no wider than they are.
fn shared_atom() -> impl Strategy<Value = String> {
    atom().prop_filter("is plain CEL", |source| {
        let decimals = ["credits", "0.25", "1.5"].iter().any(|sign| source.contains(sign));
        let rounded = decimals && source.contains(['*', '/']);
        !source.contains("_on") && !source.contains("double") && !rounded
    })
}

/// Gives a value to CEL; nothing for what it has no exact counterpart of.
fn given(value: &Value) -> Option<cel::Value> {
    Some(match value {
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Decimal(value) => match i32::try_from(value.thousandths()) {
            Ok(thousandths) => (f64::from(thousandths) / 1_000.0).into(),
            Err(_) => return None,
        },
        Value::Text(value) => value.to_string().into(),
        Value::Instant(value) => cel::Value::Timestamp(value.fixed_offset()),
        // Beyond ten thousand years the other implementation panics.
        Value::Duration(value) if value.num_days().abs() > 3_652_500 => return None,
        Value::Duration(value) => cel::Value::Duration(*value),
        Value::List(items) => items.iter().map(given).collect::<Option<Vec<_>>>()?.into(),
        Value::Date(_) => return None,
    })
}

/// The facts as CEL sees them: what stands before a dot is a map.
#[derive(Default)]
struct Branch {
    value: Option<cel::Value>,
    parts: HashMap<String, Branch>,
}

impl Branch {
    fn insert(&mut self, path: &str, value: cel::Value) {
        match path.split_once('.') {
            None => self.parts.entry(path.to_owned()).or_default().value = Some(value),
            Some((first, rest)) => self.parts.entry(first.to_owned()).or_default().insert(rest, value),
        }
    }

    fn value(self) -> cel::Value {
        let parts = |parts: HashMap<String, Self>| parts.into_iter().map(|(name, part)| (name, part.value()));
        self.value.unwrap_or_else(|| parts(self.parts).collect::<HashMap<_, _>>().into())
    }
}

/// The verdict of CEL, where it has one.
fn verdict_of_cel(source: &str, facts: &Facts) -> Option<bool> {
    let mut tree = Branch::default();
    for ((path, _), value) in table().iter().zip(&facts.0) {
        if let Some(value) = value.as_ref().and_then(given) {
            tree.insert(path, value);
        }
    }
    let mut context = Context::default();
    for (name, branch) in tree.parts {
        context.add_variable_from_value(name, branch.value());
    }
    match Program::compile(source).unwrap().execute(&context) {
        Ok(cel::Value::Bool(truth)) => Some(truth),
        Ok(other) => panic!("{source}: {other:?}"),
        Err(_) => None,
    }
}

proptest! {
    #[test]
    fn every_guard_is_an_expression_of_cel(source in condition()) {
        prop_assert!(Program::compile(&source).is_ok(), "{}", source);
    }

    #[test]
    fn where_cel_has_a_verdict_it_is_ours(source in condition_of(shared_atom()), facts in facts()) {
        if let Some(truth) = verdict_of_cel(&source, &facts) {
            prop_assert_eq!(holds(&source, &facts), Verdict::from(truth), "{} {:?}", source, facts);
        }
    }
}
