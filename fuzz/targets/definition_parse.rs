//! Any text as a definition: refused with findings that have a place, or checked and drawn in every form; never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sojourn_engine::definition::diagram::View;
use sojourn_engine::definition::{Definition, MachineIx};

fuzz_target!(|source: &str| match Definition::parse(source) {
    Ok(definition) => {
        for finding in definition.check() {
            assert!(finding.place.line >= 1 && !finding.message.is_empty());
        }
        let view = View::default();
        definition.svg(MachineIx::MAIN, &view);
        for (track, _) in definition.machines() {
            definition.svg(track, &view);
        }
        definition.mermaid(&view);
        definition.scxml(MachineIx::MAIN, &view);
    }
    Err(findings) => {
        assert!(!findings.is_empty());
        for finding in findings {
            assert!(finding.place.line >= 1 && finding.place.column >= 1 && !finding.message.is_empty());
        }
    }
});
