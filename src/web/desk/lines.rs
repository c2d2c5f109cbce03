//! A text line by line: numbers beside it, with a mark where the checker has found something, and what it says there.

use std::collections::BTreeMap;
use std::fmt::Write;

use minijinja::{HtmlEscape, Value};
use sojourn_engine::definition::Severity;

use crate::app::workflows::FindingView;

/// Lines of a text; an empty one has one.
pub fn count(text: &str) -> usize {
    text.split('\n').count()
}

/// Letters of the longest line.
pub fn longest(text: &str) -> usize {
    text.split('\n').map(|line| line.chars().count()).max().unwrap_or_default()
}

/// The first finding of each line; an error goes before a warning.
fn by_line(findings: &[FindingView]) -> BTreeMap<usize, &FindingView> {
    let mut first: BTreeMap<usize, &FindingView> = BTreeMap::new();
    for finding in findings {
        let line = usize::try_from(finding.line).unwrap_or_default().max(1);
        let known = first.entry(line).or_insert(finding);
        if known.severity != Severity::Error && finding.severity == Severity::Error {
            *known = finding;
        }
    }
    first
}

const fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Numbers of the lines; those with a finding can be linked to.
pub fn gutter(text: &str, findings: &[FindingView]) -> Value {
    let found = by_line(findings);
    let mut html = String::new();
    for line in 1..=count(text) {
        match found.get(&line) {
            Some(finding) => {
                let class = class(finding.severity);
                // Writing into a text cannot fail.
                let _ = writeln!(html, "<span id=\"line-{line}\" class=\"{class}\">{line}</span>");
            }
            None => {
                let _ = writeln!(html, "{line}");
            }
        }
    }
    Value::from_safe_string(html)
}

/// What stands beside each line that has a finding.
pub fn beside(text: &str, findings: &[FindingView]) -> Value {
    let found = by_line(findings);
    let last = found.keys().next_back().copied().unwrap_or_default().min(count(text));
    let mut html = String::new();
    for line in 1..=last {
        if let Some(finding) = found.get(&line) {
            let (class, rule, told) =
                (class(finding.severity), HtmlEscape(&finding.rule), HtmlEscape(&finding.message));
            let _ = write!(html, "<span class=\"{class}\">{rule}: {told}</span>");
        }
        html.push('\n');
    }
    Value::from_safe_string(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(line: u32, severity: Severity, message: &str) -> FindingView {
        FindingView {
            rule: "W01".to_owned(),
            severity,
            line,
            column: 1,
            message: message.to_owned(),
            counter_example: Vec::new(),
        }
    }

    #[test]
    fn a_finding_stands_beside_its_line_and_is_escaped() {
        let findings = [finding(2, Severity::Warning, "b"), finding(2, Severity::Error, "<a>")];
        assert_eq!(
            gutter("x\ny\nz", &findings).to_string(),
            "1\n<span id=\"line-2\" class=\"error\">2</span>\n3\n"
        );
        assert_eq!(
            beside("x\ny\nz", &findings).to_string(),
            "\n<span class=\"error\">W01: &lt;a&gt;</span>\n"
        );
        assert_eq!((count(""), longest("ab\nabc")), (1, 3));
    }
}
