//! What confirmed runs hold for cases that do not hold it yet, beside what they promise.

use std::collections::BTreeMap;

use sojourn_engine::ids::{AllocationId, PlaceLineId};

use super::carry::{Draws, order};
use super::frozen;
use crate::app::Result;
use crate::store::Conn;
use crate::store::allocations as store;

/// A run that does not hold what it promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// The run.
    pub run: AllocationId,
    /// The line.
    pub line: PlaceLineId,
    /// Units that its cases still have to get.
    pub promised: i64,
    /// Units that its postings hold.
    pub held: i64,
}

/// Every line of every run on which what is held is not what is promised.
///
/// # Errors
/// Faults of the database.
pub async fn promises(conn: &impl Conn) -> Result<Vec<Promise>> {
    let mut sums: BTreeMap<(AllocationId, PlaceLineId), (i64, i64)> = BTreeMap::new();
    for (of, held) in store::held(conn).await? {
        sums.entry(of).or_default().1 = held;
    }
    for row in store::confirmed(conn).await? {
        let run = frozen(conn, row.id).await?;
        let draws = Draws::of(&run.input);
        let done = usize::try_from(row.done).unwrap_or_default();
        for got in order(&run).into_iter().skip(done).filter_map(|placed| placed.got) {
            for draw in draws.by(&got) {
                sums.entry((row.id, draw.line)).or_default().0 += i64::from(draw.units);
            }
        }
    }
    let differs = |(_, (promised, held)): &(_, (i64, i64))| promised != held;
    let promise = |((run, line), (promised, held))| Promise { run, line, promised, held };
    Ok(sums.into_iter().filter(differs).map(promise).collect())
}
