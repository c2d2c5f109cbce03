//! What Lighthouse says of the main pages of the demo.

use std::process::Command;

use serde_json::Value;

use crate::support::counts::count;
use crate::support::measured::measured;
use crate::support::pace::alone;
use crate::support::process::{Server, sojourn};

/// The least score out of a hundred.
const LEAST: u64 = 95;

#[test]
fn the_main_pages_are_fast_accessible_and_well_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut demo = sojourn(folder.path(), &[("SOJOURN_LOG__FILTER", "error")]);
    demo.args(["demo", "--bind", "127.0.0.1:0", "--database"]).arg(folder.path().join("alliance.db"));
    let server = Server::start(demo);
    let root = env!("CARGO_MANIFEST_DIR");
    let pages = count("lighthouse_pages");

    let mut judge = Command::new("node");
    judge.arg(format!("{root}/tests/reference/lighthouse/lighthouse.mjs"));
    judge.args([&server.address, &format!("{root}/target/lighthouse"), &pages.to_string()]);
    let judged = judge.output().expect("tests/run installs it: npm ci in target/lighthouse");
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));

    let told = String::from_utf8(judged.stdout).expect("text");
    let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len() as u64, pages, "{told}");
    // Beside other tests a page is as slow as they make it: how fast it is, is measured where it runs alone.
    for line in lines {
        let score = |name: &str| line[name].as_u64().expect("a score");
        let (fast, accessible, made) =
            (score("performance"), score("accessibility"), score("best-practices"));
        assert!(line["stayed"] == true && accessible >= LEAST && made >= LEAST, "{line}");
        assert!(fast >= LEAST || !alone(), "{line}");
        let what = format!("Lighthouse of {}", line["page"].as_str().expect("a path"));
        measured(
            &what,
            1,
            "",
            format!("performance {fast}, accessibility {accessible}, best practices {made}"),
        );
    }
}
