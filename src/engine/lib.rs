//! The pure workflow engine: values in, values out.

pub mod guard;
