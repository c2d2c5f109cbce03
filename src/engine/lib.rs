//! The pure workflow engine: values in, values out.
