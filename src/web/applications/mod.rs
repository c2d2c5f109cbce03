//! Applications: lists, one case, its draft and its events.

pub mod choices;
pub mod draft;
pub mod events;
pub mod list;
pub mod open;
pub mod road;
pub mod show;
