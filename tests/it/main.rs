//! One integration binary (one link), a module per resource.
#![cfg(test)]

mod architecture;
mod migrations;
mod opening;
mod sessions;
mod store;
mod support;
