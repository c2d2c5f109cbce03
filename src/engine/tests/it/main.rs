//! Behaviour of the engine from outside: parsing, proving, deciding, explaining.
#![cfg(test)]

mod adoption;
mod check;
mod conserved;
mod diagram;
mod joins;
mod rules;
mod shipped;
mod simulate;
mod scxml;
mod sketch;
mod tracks;
