//! Terms of an agreement: what both sides have agreed on, what one of them proposes instead, and what applied before.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sojourn_engine::codes;
use sojourn_engine::vocabulary::Level;
use utoipa::ToSchema;

use crate::app::{Error, FieldError, Result, sound};
use crate::store::agreements::Agreement;

/// Terms of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Terms {
    /// First day.
    pub valid_from_on: NaiveDate,
    /// Last day.
    pub valid_until_on: NaiveDate,
    /// ISCED-F 2013 codes it covers; empty: all.
    pub fields: Vec<String>,
    /// Study cycles it covers; empty: all.
    pub levels: Vec<Level>,
}

/// Terms that an amendment has replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PastTerms {
    /// The terms.
    #[serde(flatten)]
    pub terms: Terms,
    /// Until when they applied.
    pub replaced_at: DateTime<Utc>,
}

/// The word for all fields or all study cycles.
const ALL: &str = "all";

impl Terms {
    /// Those that apply.
    pub fn of(row: &Agreement) -> Self {
        fn list<T: for<'d> Deserialize<'d>>(value: &Value) -> Vec<T> {
            serde_json::from_value(value.clone()).unwrap_or_default()
        }
        Self {
            valid_from_on: row.valid_from_on,
            valid_until_on: row.valid_until_on,
            fields: list(&row.fields),
            levels: list(&row.levels),
        }
    }

    /// The amendment that is proposed.
    pub fn proposed(row: &Agreement) -> Option<Self> {
        serde_json::from_value(row.proposed_terms.clone()?).ok()
    }

    /// What applied before, the oldest first.
    pub fn past(row: &Agreement) -> Vec<PastTerms> {
        let past = row.past_terms.clone().and_then(|past| serde_json::from_value(past).ok());
        past.unwrap_or_default()
    }

    /// Those that applied at an instant.
    pub fn at(row: &Agreement, at: DateTime<Utc>) -> Self {
        let replaced = Self::past(row).into_iter().find(|past| past.replaced_at > at);
        replaced.map_or_else(|| Self::of(row), |past| past.terms)
    }

    /// What the input of an event would make of those that apply.
    ///
    /// # Errors
    /// [`Error::Invalid`], field by field: days that are none or in the wrong order, a last day that is over, codes that are none,
    /// and an amendment that changes nothing.
    pub fn amended(row: &Agreement, data: &Map<String, Value>, today: NaiveDate) -> Result<Self> {
        let now = Self::of(row);
        let mut wrong = Vec::new();
        let mut day = |name: &str, known: NaiveDate| match data.get(name).and_then(Value::as_str) {
            None => known,
            Some(text) => text.parse().unwrap_or_else(|_| {
                wrong.push(at(name, "no day: write it as 2030-08-31"));
                known
            }),
        };
        let amended = Self {
            valid_from_on: day("valid_from_on", now.valid_from_on),
            valid_until_on: day("valid_until_on", now.valid_until_on),
            fields: match data.get("fields").and_then(Value::as_str) {
                None => now.fields.clone(),
                Some(text) => fields(text, &mut wrong),
            },
            levels: match data.get("levels").and_then(Value::as_array) {
                None => now.levels.clone(),
                Some(levels) => {
                    levels.iter().filter_map(|level| level.as_str().and_then(|l| l.parse().ok())).collect()
                }
            },
        };
        if amended.valid_until_on < amended.valid_from_on {
            wrong.push(at("valid_until_on", "before the first day: give the days in order"));
        } else if amended.valid_until_on < today {
            wrong.push(at("valid_until_on", "over already: give notice instead"));
        }
        if wrong.is_empty() && amended == now {
            wrong.push(at("", "the terms as they are: change at least one of them"));
        }
        sound(wrong)?;
        Ok(amended)
    }

    /// The same for as long again, from the day after.
    pub fn following(&self) -> Option<Self> {
        let from = self.valid_until_on.succ_opt()?;
        let months = (1..=1200).map(chrono::Months::new);
        let whole = months
            .take_while(|n| self.valid_from_on.checked_add_months(*n).is_some_and(|on| on <= from))
            .find(|n| self.valid_from_on.checked_add_months(*n) == Some(from));
        let until = match whole {
            Some(months) => from.checked_add_months(months)?.pred_opt()?,
            None => from.checked_add_signed(self.valid_until_on - self.valid_from_on)?,
        };
        Some(Self { valid_from_on: from, valid_until_on: until, ..self.clone() })
    }

    /// Whole years from the first day to the day after the last.
    pub fn years(&self) -> Option<i16> {
        let after = self.valid_until_on.succ_opt()?;
        (1..=100).find(|years: &i16| {
            let months = chrono::Months::new(12 * u32::from(years.unsigned_abs()));
            self.valid_from_on.checked_add_months(months) == Some(after)
        })
    }

    /// Lets them apply from `at` on; what applied before is kept.
    pub fn settle(self, row: &mut Agreement, at: DateTime<Utc>) {
        let mut past = Self::past(row);
        past.push(PastTerms { terms: Self::of(row), replaced_at: at });
        row.past_terms = Some(json!(past));
        row.proposed_terms = None;
        row.valid_from_on = self.valid_from_on;
        row.valid_until_on = self.valid_until_on;
        row.fields = json!(self.fields);
        row.levels = json!(self.levels);
    }
}

fn at(name: &str, detail: &str) -> FieldError {
    let pointer = if name.is_empty() { "/data".to_owned() } else { format!("/data/{name}") };
    FieldError::new(&pointer, detail)
}

fn fields(text: &str, wrong: &mut Vec<FieldError>) -> Vec<String> {
    let split = text.split(|c: char| c.is_whitespace() || ",;、，；".contains(c));
    let codes: Vec<String> = split.filter(|code| !code.is_empty()).map(str::to_owned).collect();
    if codes.len() == 1 && codes.first().is_some_and(|code| code.eq_ignore_ascii_case(ALL)) {
        return Vec::new();
    }
    if codes.is_empty() || codes.len() > 200 || !codes.iter().all(|code| codes::is_field(code)) {
        let detail = "ISCED-F 2013 codes of two to four digits, such as 0613, or the word all";
        wrong.push(at("fields", detail));
    }
    codes
}

/// Passes for a last day within the days of an agreement.
///
/// # Errors
/// [`Error::Invalid`] for any other.
pub fn within(row: &Agreement, field: &str, day: NaiveDate) -> Result<()> {
    if (row.valid_from_on..=row.valid_until_on).contains(&day) {
        return Ok(());
    }
    Err(Error::Invalid(vec![at(field, "a day of its validity: from its first to its last")]))
}
