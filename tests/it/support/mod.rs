//! What the tests stand on: a machine's real parts (databases, an SMTP server, the binary) and people who call the API.
//!
//! Nothing here knows a rule of the service. A further part is a file of its own that starts the real thing and
//! stops it when dropped.

pub mod actor;
pub mod answer;
pub mod app;
pub mod browser;
pub mod cast;
pub mod cluster;
pub mod counts;
pub mod data;
pub mod database;
pub mod html;
pub mod logs;
pub mod measured;
pub mod offers;
pub mod operations;
pub mod pace;
pub mod pattern;
pub mod process;
pub mod provider;
pub mod rounds;
pub mod s3;
pub mod season;
pub mod seed;
pub mod smtp;
pub mod visitor;
pub mod walk;
pub mod workbook;
