//! The pure workflow engine: values in, values out.
//!
//! A [`Definition`](definition::Definition) is one immutable version of one workflow, read from TOML and proven by its checker
//! before any case runs on it. [`machine::step`] decides one attempt on one case and returns the whole consequence as
//! values, or a [`Refusal`](refusal::Refusal) that says what would make it legal; [`machine::offers`] and
//! [`machine::waiting`] explain where a case stands. There is no clock, no database and no randomness in here.

pub mod adoption;
pub mod allocation;
pub mod codes;
pub mod deadline;
pub mod definition;
pub mod eligibility;
pub mod facts;
pub mod guard;
pub mod ids;
pub mod machine;
pub mod pace;
pub mod quota;
pub mod refusal;
pub mod simulate;
pub mod vocabulary;
