//! Who may see and do what: pure values, no queries.
//!
//! A [`Caller`] is who asks, a [`Scope`] which rows they may see, a [`Policy`] who may reach an endpoint at all. Only this
//! module makes a scope, and every read of the store takes one.

mod caller;
pub mod language;
mod name;
pub mod otp;
pub mod password;
mod policy;
mod scope;
mod seat;
pub mod softlock;
pub mod token;
mod whence;

pub use caller::{Caller, Held};
pub use name::full_name;
pub use policy::Policy;
pub use scope::Scope;
pub use seat::{Place, Seat};
pub use whence::Whence;
