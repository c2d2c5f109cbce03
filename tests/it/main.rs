//! One integration binary (one link), a module per resource.

mod architecture;
mod support;
