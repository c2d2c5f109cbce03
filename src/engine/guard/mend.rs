//! The sentences that say how to mend an operation on types that do not fit.

use super::{
    Type,
    parse::{Operator, Relation},
};

/// Why two types cannot be compared by `relation`, and what to write; nothing when they can.
pub(super) fn comparison(relation: Relation, left: &Type, right: &Type) -> Option<String> {
    let ordered = !matches!(relation, Relation::Equal | Relation::NotEqual);
    let mend = match (left, right) {
        (Type::List(_), _) | (_, Type::List(_)) => {
            "ask a list with `x in list`, `size(list)`, `list.exists(x, …)` or `list.all(x, …)`"
        }
        (Type::Bool, Type::Bool) if ordered => "conditions have no order; use `==`, `!=`, `&&` or `||`",
        _ if comparable(left, right) => return None,
        _ => conversion(left, right),
    };
    Some(format!("compares {left} with {right}; {mend}"))
}

/// Why `in` cannot look for `item` in `list`; nothing when it can.
pub(super) fn membership(item: &Type, list: &Type) -> Option<String> {
    let Type::List(of) = list else {
        return Some(format!(
            "`in` looks into a list, and this is {list}; write `x in ['a', 'b']`, or `==` for a single value"
        ));
    };
    if item.is_list() || of.is_list() {
        return Some(
            "`in` looks for a single value in a list of single values; use `list.exists(x, …)`".into(),
        );
    }
    (!comparable(item, of)).then(|| format!("looks for {item} in {list}; {}", conversion(item, of)))
}

/// The type of `left operator right`, or why there is none and what to write.
pub(super) fn arithmetic(operator: Operator, left: &Type, right: &Type) -> Result<Type, String> {
    use Operator::{Minus, Modulo, Plus};
    match (left, operator, right) {
        (Type::Int, _, Type::Int) => Ok(Type::Int),
        (Type::Decimal, Modulo, _) | (_, Modulo, Type::Decimal) => {
            Err("`%` gives the rest of whole numbers; a decimal has none".into())
        }
        (Type::Decimal, _, Type::Decimal) => Ok(Type::Decimal),
        (Type::Instant | Type::Date, Plus | Minus, Type::Duration) => Ok(left.clone()),
        (Type::Duration, Plus, Type::Instant) => Ok(Type::Instant),
        (Type::Instant, Minus, Type::Instant)
        | (Type::Date, Minus, Type::Date)
        | (Type::Duration, Plus | Minus, Type::Duration) => Ok(Type::Duration),
        _ => Err(format!("{} {left} and {right}; {}", deed(operator), calculation(operator, left, right))),
    }
}

fn comparable(left: &Type, right: &Type) -> bool {
    let number = |kind: &Type| matches!(kind, Type::Int | Type::Decimal);
    left == right || (number(left) && number(right))
}

fn deed(operator: Operator) -> &'static str {
    match operator {
        Operator::Plus => "adds",
        Operator::Minus => "subtracts between",
        Operator::Times => "multiplies",
        Operator::Over | Operator::Modulo => "divides between",
    }
}

fn calculation(operator: Operator, left: &Type, right: &Type) -> &'static str {
    match (left, right) {
        (Type::Int, Type::Decimal) | (Type::Decimal, Type::Int) => {
            "write the whole number as a decimal: 2.0, or double(fact)"
        }
        (Type::Instant | Type::Date, Type::Int) | (Type::Int, Type::Instant | Type::Date) => {
            "how far to move it is a duration: duration('14d')"
        }
        (Type::Instant | Type::Date, Type::Instant | Type::Date)
            if left == right && operator == Operator::Plus =>
        {
            "a point in time moves by a duration: duration('14d')"
        }
        (Type::Duration, Type::Int | Type::Decimal) | (Type::Int | Type::Decimal, Type::Duration) => {
            "durations are added and subtracted only; write the whole length: duration('28d')"
        }
        (Type::Duration, Type::Instant | Type::Date) => "write the point in time first",
        (Type::Text, _) | (_, Type::Text) => {
            "texts are compared, not calculated with; write a number without quotes"
        }
        _ => "numbers, instants, dates and durations can be calculated with",
    }
}

fn conversion(left: &Type, right: &Type) -> &'static str {
    let either = |kind: Type| *left == kind || *right == kind;
    let number = either(Type::Int) || either(Type::Decimal);
    if either(Type::Instant) && either(Type::Text) {
        "write an instant as timestamp('2027-03-01T00:00:00Z'), or compare with a fact such as `now`"
    } else if either(Type::Date) && either(Type::Text) {
        "write a date as date('2027-03-01')"
    } else if either(Type::Duration) && (either(Type::Text) || number) {
        "write a duration as duration('72h')"
    } else if either(Type::Instant) && either(Type::Date) {
        "a day begins at another instant in each time zone; compare with a date, or with a fact that is an instant"
    } else if either(Type::Instant) && number {
        "compare with another instant, or move one: `now < call.closes_at + duration('72h')`"
    } else if either(Type::Text) && number {
        "write numbers without quotes and texts with them"
    } else if either(Type::Bool) {
        "a condition stands by itself: `fact` or `!fact`"
    } else {
        "both sides must be of one type"
    }
}
