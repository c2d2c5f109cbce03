//! Whether a run of the tests measures a pace that is held against a limit.

/// Whether times count: beside other tests everything is as slow as they make it.
pub fn alone() -> bool {
    std::env::var("SOJOURN_COUNTS").is_ok_and(|counts| counts == "long")
}
