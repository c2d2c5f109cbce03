//! One integration binary (one link), a module per resource.
#![cfg(test)]

mod agreements;
mod applications;
mod architecture;
mod calls;
mod commands;
mod documents;
mod endpoints;
mod forms;
mod imports;
mod institutions;
mod kills;
mod lives;
mod mail;
mod migrations;
mod notifications;
mod opening;
mod pages;
mod parity;
mod people;
mod places;
mod programmes;
mod races;
mod reach;
mod repeats;
mod sessions;
mod shell;
mod sideroads;
mod sight;
mod statements;
mod stays;
mod store;
mod support;
mod units;
mod walks;
mod workflows;
