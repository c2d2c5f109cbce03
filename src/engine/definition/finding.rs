//! What the loader and the checker say about a definition: rule, place, sentence, shortest counter-example.

use std::fmt;

use serde::Serialize;

/// The rules of a definition, in the order they are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Rule {
    /// The text is TOML of the documented form.
    Form,
    /// Every slice is small enough to prove.
    W00,
    /// Every name is declared, and nothing is declared and unused.
    W01,
    /// Every state can be reached; no `@previous` fires with an empty register.
    W02,
    /// From everywhere there is a way out.
    W03,
    /// One event has one meaning in one state.
    W04,
    /// Places are conserved.
    W05,
    /// Duties are separated, and what an event presupposes has happened.
    W06,
    /// Whoever is waited for is told, and the applicant of every turn.
    W07,
    /// Required documents can be supplied.
    W08,
    /// Clocks have an effect, and remind while they run.
    W09,
    /// Guards are well typed over known facts, cannot fail and decide something.
    W10,
    /// Success stays within reach.
    W11,
    /// Every text exists in every language.
    W12,
    /// Invariants hold.
    W13,
    /// A step without return says so.
    W14,
    /// The applicant can leave.
    W15,
    /// A case that begins again with another host leaves nothing of the first behind.
    W16,
    /// The definition does what its scenario file says.
    Scenario,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Bars the definition.
    Error,
    /// Worth a look.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// A place in the file: 1-based line and column, counted in characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One thing wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which rule does not hold.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// Where to look.
    pub place: Place,
    /// What is wrong and how to mend it, one plain sentence.
    pub message: String,
    /// The shortest list of events that shows it; empty where a place says it all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub counter_example: Vec<String>,
}

impl Finding {
    /// An error without a counter-example.
    pub fn error(rule: Rule, place: Place, message: impl Into<String>) -> Self {
        Self { rule, severity: Severity::Error, place, message: message.into(), counter_example: Vec::new() }
    }

    /// A warning without a counter-example.
    pub fn warning(rule: Rule, place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(rule, place, message) }
    }

    /// The same finding with the events that show it.
    #[must_use]
    pub fn shown_by(self, events: Vec<String>) -> Self {
        Self { counter_example: events, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}: {}", self.place, self.rule, self.severity, self.message)?;
        if !self.counter_example.is_empty() {
            write!(f, " (shown by: {})", self.counter_example.join(" → "))?;
        }
        Ok(())
    }
}
