//! What the runner of scenarios says of definitions that do otherwise.
