//! One integration binary, a module per resource.
