//! Behaviour of the engine from outside: parsing, proving, deciding, explaining.
#![cfg(test)]

mod check;
mod conserved;
mod diagram;
mod guide;
mod joins;
mod scxml;
mod sketch;
mod tracks;
