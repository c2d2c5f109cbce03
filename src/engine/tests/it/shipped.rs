//! The shipped definitions keep every rule, and do what their scenarios say.

use sojourn_engine::definition::{Definition, scenarios};

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

#[test]
fn the_shipped_definitions_do_what_their_scenarios_say() {
    for (name, source, scenarios) in SHIPPED {
        let findings = scenarios::run(scenarios, &Definition::parse(source).unwrap());
        let told: String = findings.iter().map(|finding| format!("{name}: {finding}\n")).collect();
        assert!(findings.is_empty(), "{told}");
    }
}
