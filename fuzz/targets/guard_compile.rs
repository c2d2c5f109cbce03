//! Any text as a guard: compiled or refused, never a panic; what compiles is evaluated, explained and made a filter.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use sojourn_engine::eligibility::Eligibility;
use sojourn_engine::facts::Fact;
use sojourn_engine::guard::{Decimal, Type, Value};

fuzz_target!(|source: &str| {
    let answers = BTreeMap::from([
        ("weeks".to_owned(), Type::Int),
        ("since".to_owned(), Type::Date),
        ("agreed".to_owned(), Type::Bool),
    ]);
    let value = |fact: &Fact| match fact {
        Fact::Now => "2027-03-01T00:00:00Z".parse().ok().map(Value::Instant),
        Fact::StudentYear => Some(Value::Int(i64::MIN)),
        Fact::StudentLevel => Some(Value::Int(0)),
        Fact::StudentCredits => Some(Value::Decimal(Decimal::from_thousandths(i64::MAX))),
        Fact::StudentField => Some(Value::text("06")),
        Fact::StudentLanguages => Some(Value::list((0..400).map(|n| Value::text(format!("l{n}"))))),
        Fact::StayEndOn => "2027-03-01".parse().ok().map(Value::Date),
        _ => None,
    };
    match Eligibility::compile(source, &answers) {
        Ok(guard) => {
            let holds = guard.holds(value);
            assert_eq!(holds, guard.may_hold(value, |_| false));
            assert!(!holds || guard.explain(value).is_empty());
            guard.filter().is_exact();
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            for fault in faults {
                assert!(source.get(fault.at).is_some() && !fault.message.is_empty());
            }
        }
    }
});
