//! The shipped definitions keep every rule.

use std::fs;
use std::path::{Path, PathBuf};

use sojourn_engine::definition::{Definition, Severity};

fn shipped() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/workflows");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let definition = |file: &PathBuf| {
        let name = file.file_name().unwrap().to_string_lossy();
        name.ends_with(".toml") && !name.ends_with(".scenarios.toml")
    };
    files.filter(definition).collect()
}

#[test]
fn no_rule_is_broken_by_a_shipped_definition() {
    let files = shipped();
    assert!(files.len() > 1);
    for file in files {
        let definition = Definition::parse(&fs::read_to_string(&file).unwrap()).unwrap();
        let errors = definition.check().into_iter().filter(|finding| finding.severity == Severity::Error);
        let said: Vec<String> = errors.map(|finding| finding.to_string()).collect();
        assert!(said.is_empty(), "{}:\n{}", definition.id, said.join("\n"));
    }
}
