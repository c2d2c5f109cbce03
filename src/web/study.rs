//! Study cycles and fields as forms say them.

use sojourn_engine::codes;
use sojourn_engine::vocabulary::Level;

use super::faults::Wrong;
use super::form::Fields;
use super::visit::Visit;

/// ISCED-F 2013 codes of the field `fields`, however they are separated; none: all.
pub fn fields(visit: &Visit, typed: &Fields, wrong: &mut Vec<Wrong>) -> Vec<String> {
    let split = typed.get("fields").split(|c: char| c.is_whitespace() || ",;、，；".contains(c));
    let codes: Vec<String> = split.filter(|code| !code.is_empty()).map(str::to_owned).collect();
    if codes.len() > 200 || !codes.iter().all(|code| codes::is_field(code)) {
        wrong.push(Wrong::at("fields", visit.word("agreements.faults.fields")));
    }
    codes
}

/// Study cycles that are ticked; none: all.
pub fn levels(typed: &Fields) -> Vec<Level> {
    typed.all("levels").filter_map(|level| level.parse().ok()).collect()
}

/// What is ticked, to be ticked again.
pub fn ticked(typed: &Fields) -> Vec<String> {
    typed.all("levels").map(ToOwned::to_owned).collect()
}
