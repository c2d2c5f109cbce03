//! Facts to try guards on: values on both sides of every constant a guard names, in a fixed order, so that a finding comes again.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::super::{Definition, StateIx};
use crate::facts::{Fact, Facts};
use crate::guard::{Decimal, Slot, Type, Value};

/// Most different facts one guard is tried on.
pub(super) const MOST_SAMPLES: u64 = 4_096;
/// Most values of one fact.
const MOST_VALUES: usize = 24;
/// How many combinations a search begins with.
const BEGINNINGS: usize = 8;
/// Longest list or text made to meet a size.
const LONGEST: usize = 40;

/// What the facts of one guard may be.
pub(super) struct Samples {
    values: Vec<(Slot, Vec<Option<Value>>)>,
    count: u64,
}

impl Samples {
    /// For these slots; those in `absent` may be unknown, the main machine is in one of `states`.
    pub fn new(
        definition: &Definition,
        slots: &[Slot],
        constants: &[Value],
        absent: &[Slot],
        states: &[StateIx],
    ) -> Self {
        let of = |slot: &Slot| {
            let mut values: Vec<Value> = of_fact(definition, *slot, constants, states)
                .unwrap_or_else(|| of_type(definition.facts.kind(*slot), constants));
            let mut seen: Vec<Value> = Vec::new();
            values.retain(|value| {
                !seen.contains(value) && {
                    seen.push(value.clone());
                    true
                }
            });
            values.truncate(MOST_VALUES);
            let mut values: Vec<Option<Value>> = values.into_iter().map(Some).collect();
            if absent.contains(slot) {
                values.push(None);
            }
            (*slot, values)
        };
        let values: Vec<_> = slots.iter().map(of).collect();
        let count = values.iter().fold(1_u64, |all, (_, one)| all.saturating_mul(one.len() as u64));
        Self { values, count }
    }

    /// Each combination, at most [`MOST_SAMPLES`], scattered over all of them.
    pub fn each(&self) -> impl Iterator<Item = Facts> + '_ {
        let wanted = self.count.min(MOST_SAMPLES);
        let all = self.count <= MOST_SAMPLES;
        // An odd multiplier visits every combination of a small number once, and scatters those of a large one.
        (0..wanted).map(move |at| {
            let at = if all { at } else { at.wrapping_mul(0x9e37_79b9_7f4a_7c15) % self.count };
            self.nth(at)
        })
    }

    /// Looks for facts with which something is nearest to 1: one fact after another is set to its best value, from several
    /// beginnings.
    pub fn climb(&self, nearness: impl Fn(&Facts) -> f64) -> f64 {
        let mut best = 0.0_f64;
        for beginning in self.each().take(BEGINNINGS) {
            let mut facts = beginning;
            let mut height = nearness(&facts);
            for (slot, values) in self.values.iter().chain(&self.values) {
                for value in values {
                    let mut tried = facts.clone();
                    tried.set(*slot, value.clone());
                    let reached = nearness(&tried);
                    if reached > height {
                        (height, facts) = (reached, tried);
                    }
                }
            }
            best = best.max(height);
        }
        best
    }

    /// Whether every combination is tried.
    pub const fn is_whole(&self) -> bool {
        self.count <= MOST_SAMPLES
    }

    fn nth(&self, at: u64) -> Facts {
        let mut facts = Facts::default();
        let mut left = at;
        for (slot, values) in &self.values {
            let count = values.len() as u64;
            let value = usize::try_from(left % count).ok().and_then(|at| values.get(at).cloned());
            facts.set(*slot, value.flatten());
            left /= count;
        }
        facts
    }
}

/// Names of states: those the guard names, and two of the others.
fn names(definition: &Definition, constants: &[Value], states: impl Iterator<Item = StateIx>) -> Vec<Value> {
    let all = states.map(|state| Value::text(definition.states[state.at()].name.as_str()));
    let (mut named, others): (Vec<_>, Vec<_>) = all.partition(|name| constants.contains(name));
    named.extend(others.into_iter().take(2));
    named
}

/// Values of facts that the definition itself knows.
fn of_fact(
    definition: &Definition,
    slot: Slot,
    constants: &[Value],
    states: &[StateIx],
) -> Option<Vec<Value>> {
    let of = |machine| names(definition, constants, definition.states_of(machine).map(|(ix, _)| ix));
    match definition.facts.fact(slot) {
        Fact::Main => Some(names(definition, constants, states.iter().copied())),
        Fact::TrackState(machine) => Some(of(*machine)),
        Fact::TrackStates(machine) => {
            let each = of(*machine);
            let pairs = each.windows(2).map(|pair| Value::list(pair.iter().cloned()));
            let single = each.iter().map(|state| Value::list([state.clone()]));
            Some(std::iter::once(Value::list([])).chain(single).chain(pairs).collect())
        }
        Fact::CallTracks => {
            let tracks = definition.tracks.iter().map(|track| Value::text(track.name.as_str()));
            let tracks: Vec<Value> = tracks.filter(|track| constants.contains(track)).collect();
            let single = tracks.iter().map(|track| Value::list([track.clone()]));
            Some([Value::list([]), Value::list(tracks.clone())].into_iter().chain(single).collect())
        }
        _ => None,
    }
}

fn of_type(kind: &Type, constants: &[Value]) -> Vec<Value> {
    match kind {
        Type::Bool => vec![Value::Bool(true), Value::Bool(false)],
        Type::Int => whole(constants).into_iter().map(Value::Int).collect(),
        Type::Decimal => decimals(constants).into_iter().map(Value::Decimal).collect(),
        Type::Text => texts(constants),
        Type::Instant => instants(constants).into_iter().map(Value::Instant).collect(),
        Type::Date => dates(constants).into_iter().map(Value::Date).collect(),
        Type::Duration => spans(constants).into_iter().map(Value::Duration).collect(),
        Type::List(of) => lists(&of_type(of, constants), constants),
    }
}

fn whole(constants: &[Value]) -> Vec<i64> {
    let near = constants.iter().filter_map(|constant| match constant {
        Value::Int(value) => Some(*value),
        Value::Decimal(value) => Some(value.thousandths() / 1000),
        _ => None,
    });
    let near = near.flat_map(|value| [value, value.saturating_sub(1), value.saturating_add(1)]);
    near.chain([0, 7, -1, 1_000_000]).collect()
}

fn decimals(constants: &[Value]) -> Vec<Decimal> {
    let near = constants.iter().filter_map(|constant| match constant {
        Value::Decimal(value) => Some(value.thousandths()),
        Value::Int(value) => value.checked_mul(1000),
        _ => None,
    });
    let near = near.flat_map(|value| [value, value.saturating_sub(1), value.saturating_add(1)]);
    near.chain([0, 7_500, -1_000, 1_000_000_000]).map(Decimal::from_thousandths).collect()
}

fn texts(constants: &[Value]) -> Vec<Value> {
    let named = constants.iter().filter(|constant| matches!(constant, Value::Text(_))).cloned();
    let longer = constants.iter().filter_map(|constant| match constant {
        Value::Text(text) => Some(Value::text(format!("{text}~"))),
        _ => None,
    });
    let sized = sizes(constants).into_iter().map(|size| Value::text("~".repeat(size)));
    named.chain(longer).chain([Value::text(""), Value::text("something else")]).chain(sized).collect()
}

fn lists(items: &[Value], constants: &[Value]) -> Vec<Value> {
    let single = items.iter().map(|item| Value::list([item.clone()]));
    let sized =
        sizes(constants).into_iter().map(|size| Value::list(items.iter().cycle().take(size).cloned()));
    [Value::list([]), Value::list(items.iter().cloned())].into_iter().chain(single).chain(sized).collect()
}

/// Lengths on both sides of every whole number named.
fn sizes(constants: &[Value]) -> Vec<usize> {
    let near = constants.iter().filter_map(|constant| match constant {
        Value::Int(value) => usize::try_from(*value).ok(),
        _ => None,
    });
    near.flat_map(|size| [size, size.saturating_sub(1), size + 1]).filter(|size| *size <= LONGEST).collect()
}

fn spans(constants: &[Value]) -> Vec<TimeDelta> {
    let named = constants.iter().filter_map(|constant| match constant {
        Value::Duration(span) => Some(*span),
        _ => None,
    });
    let second = TimeDelta::seconds(1);
    let near = named.flat_map(|span| [span, span + second, span - second, -span]);
    near.chain([TimeDelta::zero(), TimeDelta::days(1), TimeDelta::days(400), TimeDelta::hours(5)]).collect()
}

fn instants(constants: &[Value]) -> Vec<DateTime<Utc>> {
    let anchor = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
    let named = constants.iter().filter_map(|constant| match constant {
        Value::Instant(at) => Some(*at),
        _ => None,
    });
    let second = TimeDelta::seconds(1);
    let near = named
        .flat_map(|at| [Some(at), at.checked_add_signed(second), at.checked_sub_signed(second)])
        .flatten();
    let moved = spans(constants).into_iter().filter_map(|span| anchor.checked_add_signed(span));
    std::iter::once(anchor).chain(near).chain(moved).collect()
}

fn dates(constants: &[Value]) -> Vec<NaiveDate> {
    let anchor = DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default().date_naive();
    let named = constants.iter().filter_map(|constant| match constant {
        Value::Date(on) => Some(*on),
        _ => None,
    });
    let near = named.flat_map(|on| [Some(on), on.succ_opt(), on.pred_opt()]).flatten();
    let moved = spans(constants).into_iter().filter_map(|span| anchor.checked_add_signed(span));
    let beside = [anchor.succ_opt(), anchor.pred_opt()].into_iter().flatten();
    std::iter::once(anchor).chain(near).chain(moved).chain(beside).collect()
}
