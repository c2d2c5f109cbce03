//! Sojourn: programmes of an alliance of universities as state machines.
