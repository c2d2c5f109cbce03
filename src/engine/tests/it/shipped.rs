//! The shipped definitions keep every rule, and do what their scenarios say.

use std::fs;
use std::path::Path;

use sojourn_engine::definition::{Definition, scenarios};

/// A shipped definition with the scenario file that must stand beside it.
pub struct Shipped {
    pub name: String,
    pub source: String,
    pub scenarios: String,
}

/// All that the folder holds, by name.
pub fn shipped() -> Vec<Shipped> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/workflows");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = files.filter_map(|file| Some(file.to_string_lossy().strip_suffix(".toml")?.to_owned()));
    let mut names: Vec<String> = names.filter(|name| !name.ends_with(".scenarios")).collect();
    names.sort();
    let read = |name: String| {
        let text = |end: &str| {
            let file = format!("{name}{end}");
            fs::read_to_string(folder.join(&file)).unwrap_or_else(|fault| panic!("{file}: {fault}"))
        };
        Shipped { source: text(".toml"), scenarios: text(".scenarios.toml"), name }
    };
    names.into_iter().map(read).collect()
}

#[test]
fn no_rule_finds_anything_in_a_shipped_definition() {
    let all = shipped();
    assert!(all.len() > 1, "several workflows are shipped");
    for Shipped { name, source, .. } in all {
        let definition = Definition::parse(&source).unwrap();
        let said: Vec<String> = definition.check().iter().map(ToString::to_string).collect();
        assert!(said.is_empty(), "{name}:\n{}", said.join("\n"));
    }
}

#[test]
fn the_shipped_definitions_do_what_their_scenarios_say() {
    for Shipped { name, source, scenarios } in shipped() {
        let findings = scenarios::run(&scenarios, &Definition::parse(&source).unwrap());
        let told: Vec<String> = findings.iter().map(|finding| format!("{name}: {finding}")).collect();
        assert!(findings.is_empty(), "{}", told.join("\n"));
    }
}
