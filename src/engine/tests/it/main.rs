//! Behaviour of the engine from outside: parsing, proving, deciding, explaining.
#![cfg(test)]

mod check;
mod conserved;
mod diagram;
mod hostile;
mod joins;
mod rules;
mod shipped;
mod sketch;
mod tracks;
