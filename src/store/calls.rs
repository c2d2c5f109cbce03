//! Calls for applications.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use sojourn_engine::ids::CallId;
use sojourn_engine::vocabulary::Publication;
use sojourn_entities::call;

use super::{StoreError, json};

/// A call as the rules see it.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// Title.
    pub title: String,
    /// Who sees it.
    pub status: Publication,
    /// `home`, or an IANA name.
    pub zone: String,
    /// When it opens.
    pub opens: (NaiveDate, NaiveTime),
    /// Last second at which it is open.
    pub closes: (NaiveDate, NaiveTime),
    /// Minutes after closing in which a complete draft is still submitted.
    pub grace_minutes: i32,
    /// When results are due.
    pub results: Option<(NaiveDate, NaiveTime)>,
    /// Until when hosts take nominations.
    pub nomination_closes: Option<(NaiveDate, NaiveTime)>,
    /// When hosts have to decide.
    pub host_decision: Option<(NaiveDate, NaiveTime)>,
    /// How many choices an application may list.
    pub max_choices: Option<i16>,
    /// Guard over the applicant's facts and answers.
    pub eligibility: Option<String>,
    /// Questions asked of the applicant.
    pub form: Vec<Question>,
    /// What becomes of each document slot; a slot not named is as the definition says.
    pub documents: BTreeMap<String, SlotRule>,
    /// Spans that replace the definition's: `<state>.<clock>` → span.
    pub clocks: BTreeMap<String, String>,
    /// Whether applications are scored.
    pub scores: bool,
    /// Whether there are waiting lists.
    pub waiting_list: bool,
    /// Whether a refused applicant moves on to the next choice.
    pub next_choice_allowed: bool,
    /// Whether it stands for imported history.
    pub historic: bool,
    /// Grows with every change.
    pub version: i32,
}

/// One question of a call's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Name of the answer: lower case letters, digits and underscores.
    pub name: String,
    /// The question, by BCP 47 tag.
    pub label: BTreeMap<String, String>,
    /// Type of the answer.
    pub kind: AnswerKind,
    /// Whether it must be answered before submitting.
    #[serde(default)]
    pub required: bool,
}

/// Type of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// Text of at most 5,000 characters.
    Text,
    /// A whole number.
    Int,
    /// A decimal number, at most three decimals.
    Decimal,
    /// A calendar date.
    Date,
    /// Yes or no.
    Bool,
}

impl AnswerKind {
    /// Whether a value answers a question of this kind; else what would.
    pub fn takes(self, value: &serde_json::Value) -> Result<(), &'static str> {
        let text = value.as_str();
        let fits = match self {
            Self::Text => text.is_some_and(|text| text.chars().count() <= 5_000),
            Self::Int => value.is_i64(),
            Self::Decimal => value.is_number(),
            Self::Date => text.is_some_and(|text| text.parse::<NaiveDate>().is_ok()),
            Self::Bool => value.is_boolean(),
        };
        match self {
            _ if fits || value.is_null() => Ok(()),
            Self::Text => Err("answer with text of at most 5,000 characters"),
            Self::Int => Err("answer with a whole number"),
            Self::Decimal => Err("answer with a number"),
            Self::Date => Err("answer with a date as in 2027-03-31"),
            Self::Bool => Err("answer with true or false"),
        }
    }
}

/// What a call does with a document slot of the definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlotRule {
    /// Must be filled where the definition requires it.
    Required,
    /// May be filled; counts as filled where the definition requires it.
    Optional,
    /// Not asked for; counts as filled.
    Off,
}

impl TryFrom<call::Model> for Call {
    type Error = StoreError;

    fn try_from(row: call::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            title: row.title,
            status: row.status,
            zone: row.zone,
            opens: (row.opens_on, row.opens_time),
            closes: (row.closes_on, row.closes_time),
            grace_minutes: row.grace_minutes,
            results: row.results_on.zip(row.results_time),
            nomination_closes: row.nomination_closes_on.zip(row.nomination_closes_time),
            host_decision: row.host_decision_on.zip(row.host_decision_time),
            max_choices: row.max_choices,
            eligibility: row.eligibility,
            form: json(row.form)?,
            documents: json(row.documents)?,
            clocks: json(row.clocks)?,
            scores: row.scores,
            waiting_list: row.waiting_list,
            next_choice_allowed: row.next_choice_allowed,
            historic: row.historic,
            version: row.version,
        })
    }
}
