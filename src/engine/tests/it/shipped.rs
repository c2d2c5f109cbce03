//! The shipped definitions keep every rule.

use sojourn_engine::definition::Definition;

const SHIPPED: [&str; 2] = [
    include_str!("../../../../templates/workflows/exchange.toml"),
    include_str!("../../../../templates/workflows/internship.toml"),
];

#[test]
fn no_rule_finds_anything_in_a_shipped_definition() {
    for source in SHIPPED {
        let definition = Definition::parse(source).unwrap();
        let said: Vec<String> = definition.check().iter().map(ToString::to_string).collect();
        assert!(said.is_empty(), "{}:\n{}", definition.id, said.join("\n"));
    }
}
