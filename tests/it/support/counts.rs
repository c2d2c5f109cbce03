//! How often a repeated check repeats: the numbers of `tests/counts.toml`, for this run.

use std::collections::BTreeMap;

/// The count `name` of `tests/counts.toml`: the `long` one when `SOJOURN_COUNTS=long`, else the one of `tests/run`.
pub fn count(name: &str) -> u64 {
    let table: BTreeMap<String, BTreeMap<String, u64>> =
        toml::from_str(include_str!("../../counts.toml")).expect("tests/counts.toml is name = { run, long }");
    let which = std::env::var("SOJOURN_COUNTS").unwrap_or_else(|_| "run".to_owned());
    let number = table.get(name).and_then(|counts| counts.get(&which));
    *number.unwrap_or_else(|| panic!("tests/counts.toml has no `{name}` with a number for `{which}`"))
}
