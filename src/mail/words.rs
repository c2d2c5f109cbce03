//! Words of the layout in one language, and how that language writes a moment or a list.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::clock::zone_label;

/// The file `words.toml` of one language; phrases are templates.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    /// Its own name for itself.
    pub language: String,
    /// January first.
    pub months: [String; 12],
    /// Monday first.
    pub weekdays: [String; 7],
    /// Between the parts of a list.
    pub comma: String,
    /// Before its last part.
    pub and: String,
    /// Behind the name of something.
    pub colon: String,
    /// How a moment is written.
    pub moment: String,
    /// How it is written in a subject.
    pub short: String,
    /// How a day is written.
    pub date: String,
    /// What a host is called before there is one.
    pub no_host: String,
    /// What a person is called whose data is gone.
    pub erased: String,
    /// Button of a mail that asks for something.
    pub act: String,
    /// Button of a receipt.
    pub open: String,
    /// Before the state of the case.
    pub state: String,
    /// The reader, among those waited for.
    pub you: String,
    /// Before the end of a clock, in the reader's zone.
    pub due: String,
    /// Before the same in the institution's zone.
    pub there: String,
    /// Before the roles waited for.
    pub waiting: String,
    /// Before what happens when nobody acts.
    pub otherwise: String,
    /// Before the page where a reader names somebody to act in their place.
    pub delegate: String,
    /// Before the page where mails like this are turned off.
    pub unsubscribe: String,
    /// The system fires an event.
    pub fires: String,
    /// Roles are told.
    pub escalates: String,
    /// An event becomes possible.
    pub allows: String,
    /// What subjects begin with that say whether something is asked for.
    pub marks: Vec<String>,
    /// Why a party of a case gets the mail.
    pub why_case: String,
    /// Why the head of a member gets a mail.
    pub why_head: String,
    /// Why somebody gets a mail about the chair.
    pub why_chair: String,
    /// Why somebody gets a mail about a balance of places.
    pub why_balance: String,
    /// Why somebody is told of a message.
    pub why_message: String,
    /// Why somebody with a duty gets a mail about no case.
    pub why_duty: String,
    /// Why somebody gets a digest.
    pub why_digest: String,
    /// Why anybody gets a link for an account.
    pub why_account: String,
    /// Why somebody is told of a change of their account.
    pub why_change: String,
}

/// A moment in one zone, in parts a phrase can place.
#[derive(Debug, Serialize)]
pub(super) struct Parts<'a> {
    weekday: &'a str,
    day: u32,
    month: &'a str,
    year: i32,
    time: String,
    zone: String,
}

/// A day, in parts a phrase can place.
#[derive(Debug, Serialize)]
pub(super) struct Date<'a> {
    day: u32,
    month: &'a str,
    year: i32,
}

impl Words {
    /// Phrases that are templates, by the name of their field.
    pub fn phrases(&self) -> [(&'static str, &str); 8] {
        [
            ("moment", &self.moment),
            ("short", &self.short),
            ("date", &self.date),
            ("fires", &self.fires),
            ("escalates", &self.escalates),
            ("allows", &self.allows),
            ("why_case", &self.why_case),
            ("why_account", &self.why_account),
        ]
    }

    /// The parts of a moment as that zone's clocks show it.
    pub fn parts(&self, at: DateTime<Utc>, zone: Tz) -> Parts<'_> {
        let local = at.with_timezone(&zone);
        Parts {
            weekday: &self.weekdays[local.weekday().num_days_from_monday() as usize],
            day: local.day(),
            month: &self.months[local.month0() as usize],
            year: local.year(),
            time: local.format("%H:%M").to_string(),
            zone: zone_label(at, zone),
        }
    }

    /// The parts of a day.
    pub fn day(&self, on: NaiveDate) -> Date<'_> {
        Date { day: on.day(), month: &self.months[on.month0() as usize], year: on.year() }
    }

    /// Several words as this language lists them.
    pub fn list(&self, items: &[&str]) -> String {
        match items {
            [] => String::new(),
            [one] => (*one).to_owned(),
            [first @ .., last] => format!("{}{}{last}", first.join(&self.comma), self.and),
        }
    }
}
