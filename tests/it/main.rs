//! One integration binary (one link), a module per resource.
#![cfg(test)]

mod architecture;
mod migrations;
mod opening;
mod store;
mod support;
