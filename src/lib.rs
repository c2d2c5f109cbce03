//! Sojourn runs the exchanges and internships of an alliance of universities as state machines.
//!
//! Floors, imports pointing down only:
//!
//! ```text
//! 5  cli                     composes everything into the one binary
//! 4  http   web   worker     shells: JSON, pages, deliveries; `mail` renders and sends for the worker
//! 3  app                     use cases, one transaction each; the one pipeline that moves a case
//! 2  store                   the only place that names tables or SQL
//! 1  access                  who may see and do what, as values
//! 0  sojourn-engine          definitions, checker, step, offers, waiting: pure, a crate of its own
//! ```
//!
//! `clock`, `config`, `telemetry` and `vault` stand beside the floors. A resource has the same file name on every floor.

pub mod access;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod http;
pub mod mail;
pub mod store;
pub mod telemetry;
pub mod vault;
pub mod web;
pub mod worker;
