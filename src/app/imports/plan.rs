//! The life that a mapping gives to its records: which events, by whom, when.

use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use sojourn_engine::vocabulary::ProgrammeKind;

use crate::app::{Error, Result};

/// `templates/imports/<mapping>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Stays at a university.
    pub study: Walk,
    /// Stays at an employer.
    pub work: Walk,
}

/// The life of one kind of record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Walk {
    /// Kind of the programme its cases choose.
    pub kind: ProgrammeKind,
    /// The workflow that programme follows.
    pub workflow: String,
    /// Its title.
    pub title: String,
    /// From opening to close.
    pub steps: Vec<Planned>,
}

/// One step of a life.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// The event; the first one opens the case.
    pub event: String,
    /// Role of the workflow that acts.
    pub by: String,
    from: Anchor,
    #[serde(default)]
    months: i32,
    #[serde(default)]
    days: i64,
    /// Input of the event.
    #[serde(default)]
    pub data: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Anchor {
    Start,
    End,
}

impl Plan {
    /// The plan for the European Commission's individual Erasmus mobilities.
    pub fn erasmus() -> Result<Self> {
        toml::from_str(include_str!("../../../templates/imports/erasmus.toml"))
            .map_err(|fault| Error::Internal(fault.into()))
    }
}

impl Planned {
    /// When the step happens for a stay from its first to its last day; `None` beyond the calendar.
    pub fn at(&self, start: NaiveDate, end: NaiveDate) -> Option<DateTime<Utc>> {
        let anchor = match self.from {
            Anchor::Start => start,
            Anchor::End => end,
        };
        let months = Months::new(self.months.unsigned_abs());
        let day = if self.months < 0 {
            anchor.checked_sub_months(months)?
        } else {
            anchor.checked_add_months(months)?
        };
        let days = Days::new(self.days.unsigned_abs());
        let day = if self.days < 0 { day.checked_sub_days(days)? } else { day.checked_add_days(days)? };
        Some(day.and_time(NaiveTime::from_hms_opt(12, 0, 0)?).and_utc())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_a_life_follow_each_other_whatever_the_length_of_the_stay() {
        let plan = Plan::erasmus().unwrap();
        let start: NaiveDate = "2008-09-01".parse().unwrap();
        for walk in [&plan.study, &plan.work] {
            for days in [0, 1, 27, 122, 400] {
                let end = start + Days::new(days);
                let at: Vec<_> = walk.steps.iter().map(|step| step.at(start, end).unwrap()).collect();
                assert!(at.is_sorted(), "{} of {days} days", walk.workflow);
            }
        }
    }
}
