//! One file per table: columns typed by the engine's ids and vocabulary, each with its meaning and unit; no queries, no methods.
//!
//! Instants are UTC and have at most microseconds, the precision of PostgreSQL. Days are local to the institution they belong to;
//! a last day is inclusive. Money, credits, months and scores are whole hundredths, so that sums are exact.
//! To add a table: a migration, a file here, a line below.

pub mod account;
pub mod action_link;
pub mod agreement;
pub mod application;
pub mod calendar_address;
pub mod call;
pub mod call_home;
pub mod call_offering;
pub mod case;
pub mod chair_term;
pub mod choice;
pub mod clock;
pub mod credential;
pub mod delegation;
pub mod document;
pub mod email_change;
pub mod history;
pub mod history_payload;
pub mod idempotency;
pub mod identity;
pub mod import_file;
pub mod import_row;
pub mod instance;
pub mod institution;
pub mod lock;
pub mod log_in;
pub mod log_in_domain;
pub mod offering;
pub mod one_time_token;
pub mod origin;
pub mod outbox;
pub mod period;
pub mod person;
pub mod place_line;
pub mod posting;
pub mod programme;
pub mod recovery_code;
pub mod refresh_token;
pub mod refusal;
pub mod registration;
pub mod role;
pub mod second_factor;
pub mod session;
pub mod sign_up;
pub mod stay;
pub mod tick;
pub mod unit;
pub mod unit_above;
pub mod wait;
pub mod workflow;
pub mod workflow_version;
