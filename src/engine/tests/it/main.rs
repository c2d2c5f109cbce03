//! Behaviour of the engine from outside: parsing, proving, deciding, explaining.

mod check;
mod conserved;
mod sketch;
