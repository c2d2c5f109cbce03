//! One entry of a holiday file: what its lines say, and on which days it begins.

use chrono::{NaiveDate, NaiveTime};
use icalendar::parser::{Property, read_components};
use serde::Serialize;
use utoipa::ToSchema;

/// Longest line that is looked at, unfolded, in bytes.
pub const LONGEST: usize = 8 * 1024;
/// Longest entry, in days.
const DAYS: i64 = 366;
/// Longest name of a day, in characters.
const NAME: usize = 100;

/// Why no day off comes from a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is no line of a calendar.
    #[error("this line is not understood")]
    Nonsense,
    /// The entry does not say on which day.
    #[error("the entry has no day (DTSTART) that can be read")]
    NoDay,
    /// The entry has a time of day.
    #[error("the entry has a time of day: only whole days are days off")]
    TimeOfDay,
    /// Its end cannot be read, or is not behind its beginning.
    #[error(
        "the end of the entry cannot be read, or lies before its beginning, or is more than 366 days away"
    )]
    End,
    /// It repeats in a way that is not read.
    #[error(
        "only what repeats every year (RRULE:FREQ=YEARLY) is read: what is off every week belongs into the working week"
    )]
    Rule,
    /// It changes one day of a series.
    #[error("the entry changes one day of a series (RECURRENCE-ID), which is not read: add that day by hand")]
    OneOfSeries,
    /// It is cancelled.
    #[error("the entry is cancelled")]
    Cancelled,
    /// It is observed by many, but no day off.
    #[error("the file itself says that this is an observance and no day off")]
    Observance,
    /// The entry is never ended.
    #[error("the entry is not ended (END:VEVENT)")]
    NotEnded,
}

/// What the lines of one entry say.
#[derive(Debug, Default)]
pub struct Entry {
    /// Its name, on one line.
    pub name: String,
    start: Option<When>,
    end: Option<When>,
    /// Length in days.
    length: Option<i64>,
    /// How it repeats, with the line that says so.
    pub rule: Option<(usize, String)>,
    /// Days on which it begins besides.
    pub more: Vec<NaiveDate>,
    /// Days on which it does not begin.
    pub except: Vec<NaiveDate>,
    ends_badly: bool,
    all_day: bool,
    /// Why it is no day off, whatever its days.
    pub reason: Option<Reason>,
}

/// A day, or a point of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Day(NaiveDate),
    /// The first second of a day on the wall: how some write whole days.
    Midnight(NaiveDate),
    Time,
}

impl When {
    fn of(value: &str) -> Option<Self> {
        let value = value.trim();
        let Some((day, time)) = value.split_once('T') else { return day(value).map(Self::Day) };
        let on_the_wall = NaiveTime::parse_from_str(time.trim_end_matches('Z'), "%H%M%S").ok()?;
        let midnight = on_the_wall == NaiveTime::MIN && !time.ends_with('Z');
        self::day(day).map(|day| if midnight { Self::Midnight(day) } else { Self::Time })
    }

    const fn day(self, all_day: bool) -> Option<NaiveDate> {
        match self {
            Self::Day(day) => Some(day),
            Self::Midnight(day) if all_day => Some(day),
            Self::Midnight(_) | Self::Time => None,
        }
    }
}

fn day(digits: &str) -> Option<NaiveDate> {
    let all_digits = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| NaiveDate::parse_from_str(digits, "%Y%m%d").ok())?
}

/// Whole days in `P1D` or `P2W`.
fn days(length: &str) -> Option<i64> {
    let count = length.trim().strip_prefix('P')?;
    let (number, each) = match count.strip_suffix('D') {
        Some(number) => (number, 1),
        None => (count.strip_suffix('W')?, 7),
    };
    number.parse::<u16>().ok().map(|number| i64::from(number) * each)
}

/// The property on a line; `None` for a line that is none.
pub fn with_property<T>(line: &str, say: impl FnOnce(&Property<'_>) -> T) -> Option<T> {
    if line.len() > LONGEST {
        return None;
    }
    let entry = format!("BEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\n");
    let read = read_components(&entry).ok()?;
    let [component] = read.as_slice() else { return None };
    let [property] = component.properties.as_slice() else { return None };
    Some(say(property))
}

impl Entry {
    /// Hears one property; `false` when its value is not understood.
    pub fn hear(&mut self, line: usize, property: &Property<'_>) -> bool {
        let value = property.val.as_str();
        let list = || value.split(',').map(When::of).collect::<Option<Vec<_>>>();
        match property.name.as_str().to_ascii_uppercase().as_str() {
            "DTSTART" => self.start = When::of(value),
            "DTEND" => {
                self.end = When::of(value);
                self.ends_badly |= self.end.is_none();
            }
            "DURATION" => {
                self.length = days(value);
                self.ends_badly |= self.length.is_none();
            }
            "RRULE" => self.rule = Some((line, value.to_owned())),
            "RDATE" | "EXDATE" => {
                let Some(list) = list() else { return false };
                let days = list.into_iter().filter_map(|when| when.day(true));
                let is_more = property.name.as_str().eq_ignore_ascii_case("RDATE");
                if is_more { self.more.extend(days) } else { self.except.extend(days) }
            }
            "RECURRENCE-ID" => self.reason = Some(Reason::OneOfSeries),
            "STATUS" if value.trim().eq_ignore_ascii_case("CANCELLED") => {
                self.reason = Some(Reason::Cancelled);
            }
            "X-MICROSOFT-CDO-ALLDAYEVENT" => self.all_day = value.trim().eq_ignore_ascii_case("TRUE"),
            "SUMMARY" => {
                self.name = name(value);
                self.note_observance(value);
            }
            "DESCRIPTION" | "CATEGORIES" => self.note_observance(value),
            _ => {}
        }
        true
    }

    fn note_observance(&mut self, text: &str) {
        let text = text.trim_start().to_lowercase();
        if text.starts_with("observance") || text.contains("not a public holiday") {
            self.reason = self.reason.or(Some(Reason::Observance));
        }
    }

    /// The first day and how many follow each other.
    pub fn span(&self) -> Result<(NaiveDate, i64), Reason> {
        let start = self.start.ok_or(Reason::NoDay)?;
        let whole = self.all_day || matches!(self.end, Some(When::Midnight(_))) || self.length.is_some();
        let first = start.day(whole).ok_or(Reason::TimeOfDay)?;
        let length = match (self.end, self.length) {
            (Some(end), _) => (end.day(true).ok_or(Reason::TimeOfDay)? - first).num_days(),
            (None, Some(length)) => length,
            (None, None) => 1,
        };
        // An end on the first day itself is a mistake that many files make.
        match length {
            _ if self.ends_badly => Err(Reason::End),
            0 => Ok((first, 1)),
            1..=DAYS => Ok((first, length)),
            _ => Err(Reason::End),
        }
    }
}

/// A name on one line, without what nobody sees.
fn name(text: &str) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME).collect()
}
