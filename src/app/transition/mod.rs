//! The one way to move a case.

pub mod chain;
pub mod drive;
mod effects;
pub mod facts;
pub mod live;
mod notify;
pub mod places;
mod settle;
mod situation;

pub use settle::{settle, settle_new};
