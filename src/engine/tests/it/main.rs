//! Behaviour of the engine from outside: parsing, proving, deciding, explaining.
#![cfg(test)]

mod adoption;
mod allocation;
mod calendars;
mod check;
mod conserved;
#[path = "../../../../tests/it/support/counts.rs"]
mod counts;
mod diagram;
mod guide;
mod hostile;
mod joins;
#[path = "../../../../tests/it/support/measured.rs"]
mod measured;
mod mutants;
mod rules;
mod scenarios;
mod scxml;
mod shipped;
mod simulate;
mod sketch;
mod tracks;
mod turns;
