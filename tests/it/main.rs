//! One integration binary (one link), a module per resource.
#![cfg(test)]

mod architecture;
mod endpoints;
mod institutions;
mod migrations;
mod opening;
mod people;
mod repeats;
mod sessions;
mod shell;
mod store;
mod support;
