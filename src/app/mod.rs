//! Use cases: one transaction each, the same for JSON, pages, clocks and the command line.
//!
//! A command takes the [`App`] and a [`Caller`](crate::access::Caller), reads the clock once, begins one transaction, and
//! commits once. Everything it may answer with is a view; everything that may go wrong is an [`Error`].

pub mod calendars;
pub mod eligibility;
mod error;
pub mod holders;
pub mod notices;
pub mod transition;

pub use error::{Conflict, Error, FieldError, Result};
