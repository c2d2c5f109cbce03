//! Allocation of places: who gets which choice, decided by published rules alone.
//!
//! [`allocate`] takes the students of a call, their ordered lists, the lines their places come from and the seed of the draw, and
//! gives the same [`Allocation`] for the same input in any order. Two rules exist, and the input decides which of them holds:
//!
//! * [`Rule::DeferredAcceptance`] where a choice takes one place and the quotas of each host nest (one holds the other, or they
//!   have nothing in common). The outcome is stable, no other stable one is better for any student, and no student gains by
//!   ranking dishonestly. (Gale & Shapley 1962; Roth 1984; Abdulkadiroğlu & Sönmez 2003; nested quotas: Fleiner & Kamiyama 2012.)
//! * [`Rule::SerialOrder`] where units differ, a pool ties hosts together, or a stay of several terms draws on lines that cross:
//!   students take their best choice that is still possible, by priority. Honest ranking is best there as well, and nobody is
//!   passed over by somebody of lower priority; where hosts score the same student differently, stability is not promised.
//!
//! Ties are broken by a draw that anybody can repeat: see [`Rules::seed`]. [`verify`] proves an outcome without the solver,
//! [`Grounds`] explains it choice by choice, [`Fairness`] counts it, [`differences`] sets two runs side by side.

mod deferred;
mod difference;
mod digest;
mod fairness;
mod fault;
mod field;
mod grounds;
mod holding;
mod input;
mod instance;
mod laminar;
mod lists;
mod lookup;
mod outcome;
mod priority;
mod receipt;
mod seating;
mod serial;
mod verify;

pub use difference::{Cause, Change, differences};
pub use digest::{Digest, NotADigest};
pub use fairness::{Fairness, Group, Tally};
pub use fault::Fault;
pub use field::{Field, NotAField};
pub use grounds::{Explained, Filled, Grounds, Reason, Standing};
pub use input::{Choice, Draw, Input, Line, Place, Rules, Seats, Student};
pub use instance::Instance;
pub use outcome::{Allocation, Got, Placed, Rule, Why};
pub use receipt::{receipt, receipt_lines};
pub use verify::{Breach, verify};

/// Gives every student the place that the rules give them.
///
/// # Errors
/// Everything in the input that cannot be allocated from, each fault naming its row and the mend.
pub fn allocate(
    students: &[Student],
    choices: &[Choice],
    seats: &Seats,
    rules: &Rules,
) -> Result<Allocation, Vec<Fault>> {
    Ok(Instance::new(students, choices, seats, rules)?.solve())
}
