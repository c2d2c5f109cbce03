//! One integration binary (one link), a module per resource.
#![cfg(test)]

mod agreements;
mod applications;
mod architecture;
mod calls;
mod endpoints;
mod imports;
mod institutions;
mod lives;
mod mail;
mod migrations;
mod opening;
mod people;
mod places;
mod programmes;
mod repeats;
mod sessions;
mod shell;
mod statements;
mod store;
mod support;
mod walks;
mod workflows;
