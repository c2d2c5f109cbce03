//! The shipped definitions keep every rule, and do what their scenarios say.

use std::fs;
use std::path::{Path, PathBuf};

use sojourn_engine::definition::{Definition, Severity, scenarios};

macro_rules! shipped {
    ($($name:literal)*) => {
        [$((
            $name,
            include_str!(concat!("../../../../templates/workflows/", $name, ".toml")),
            include_str!(concat!("../../../../templates/workflows/", $name, ".scenarios.toml")),
        )),*]
    };
}

/// Each with its name, its definition and its scenario file.
pub const SHIPPED: [(&str, &str, &str); 2] = shipped!("exchange" "internship");

#[test]
fn no_rule_finds_anything_in_a_shipped_definition() {
    for (_, source, _) in SHIPPED {
        let definition = Definition::parse(source).unwrap();
        let said: Vec<String> = definition.check().iter().map(ToString::to_string).collect();
        assert!(said.is_empty(), "{}:\n{}", definition.id, said.join("\n"));
    }
}

/// Also those without scenarios.
#[test]
fn no_rule_is_broken_in_the_folder_of_the_shipped_definitions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/workflows");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |file: &PathBuf| file.file_name().unwrap().to_string_lossy().into_owned();
    let of_definitions =
        |file: &PathBuf| name(file).strip_suffix(".toml").is_some_and(|stem| !stem.ends_with(".scenarios"));
    for file in files.filter(of_definitions) {
        let definition = Definition::parse(&fs::read_to_string(&file).unwrap()).unwrap();
        let errors = definition.check().into_iter().filter(|finding| finding.severity == Severity::Error);
        let said: Vec<String> = errors.map(|finding| finding.to_string()).collect();
        assert!(said.is_empty(), "{}:\n{}", definition.id, said.join("\n"));
    }
}

#[test]
fn the_shipped_definitions_do_what_their_scenarios_say() {
    for (name, source, scenarios) in SHIPPED {
        let findings = scenarios::run(scenarios, &Definition::parse(source).unwrap());
        let told: Vec<String> = findings.iter().map(|finding| format!("{name}: {finding}")).collect();
        assert!(findings.is_empty(), "{}", told.join("\n"));
    }
}
