//! A holiday file, line by line → days off, and what is none.
//!
//! Every line is read by itself, so that one that is nonsense is named and spoils nothing else. Whether a day counts as busy
//! (`TRANSP`) says nothing here: the published calendars call every holiday free time.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{Datelike, Days, NaiveDate, NaiveTime};
use rrule::{RRule, RRuleSet, Tz, Unvalidated};
use serde::Serialize;
use utoipa::ToSchema;

use super::entry::{Entry, LONGEST, Reason, with_property};

/// Most entries of one file.
const ENTRIES: usize = 5_000;
/// Most days that what repeats may name in one file, before and after the range too.
const REPEATED: usize = 10_000;
/// Rules that name no day are searched for through thousands of years: more of them end the reading.
const EMPTY_RULES: usize = 5;
/// How much of what is left out is told.
const TOLD: usize = 100;

/// What a file says.
#[derive(Debug, Default)]
pub struct File {
    /// Days off, with the line that begins to speak of each and its name.
    pub days: BTreeMap<NaiveDate, (usize, String)>,
    /// What is no day off or cannot be read; the first of it.
    pub left_out: Vec<LeftOut>,
    /// How much more there is of it.
    pub left_out_besides: usize,
    /// Days that lie out of the range.
    pub out_of_range: usize,
    repeated: usize,
    empty_rules: usize,
}

/// A line of the file from which no day off comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LeftOut {
    /// Number of the line, 1 = the first.
    pub line: usize,
    /// What the file calls the entry, once it has said so.
    pub name: String,
    /// Why.
    pub reason: Reason,
    /// The same in words.
    pub detail: String,
}

/// Lines of one entry, unfolded, with their numbers.
type Lines = Vec<(usize, String)>;

/// Reads a file for those years.
///
/// # Errors
/// What is wrong with it as a whole, in words.
pub fn read(bytes: &[u8], years: RangeInclusive<i32>) -> Result<File, String> {
    let lines = unfolded(bytes)?;
    let is = |line: Option<&(usize, String)>, what: &str| {
        line.is_some_and(|(_, text)| text.trim().eq_ignore_ascii_case(what))
    };
    if !is(lines.first(), "BEGIN:VCALENDAR") {
        return Err("this is no iCalendar file: its first line must be BEGIN:VCALENDAR".to_owned());
    }
    if !is(lines.last(), "END:VCALENDAR") {
        return Err("the file is cut short: its last line must be END:VCALENDAR".to_owned());
    }
    let mut file = File::default();
    let mut entry: Option<Lines> = None;
    let mut entries = 0;
    // Components within an entry, such as alarms, and beside it, such as time zones.
    let mut within: Vec<String> = Vec::new();
    for (number, text) in lines.iter().skip(1) {
        let upper = text.trim().to_ascii_uppercase();
        if upper == "BEGIN:VEVENT" {
            entries += 1;
            if let Some((first, _)) =
                entry.replace(vec![(*number, String::new())]).and_then(|e| e.into_iter().next())
            {
                file.leave_out(first, "", Reason::NotEnded);
            }
            within.clear();
        } else if upper == "END:VEVENT" {
            if let Some(entry) = entry.take() {
                file.take(&entry, &years)?;
            }
            within.clear();
        } else if let Some(name) = upper.strip_prefix("BEGIN:") {
            within.push(name.to_owned());
        } else if let Some(name) = upper.strip_prefix("END:") {
            within.pop_if(|open| open == name);
        } else if within.is_empty() {
            match &mut entry {
                Some(entry) => entry.push((*number, text.clone())),
                None => file.look_at(*number, text),
            }
        }
        if entries > ENTRIES {
            return Err("the file has more than 5000 entries: take one with days off alone".to_owned());
        }
    }
    if let Some((first, _)) = entry.and_then(|entry| entry.into_iter().next()) {
        file.leave_out(first, "", Reason::NotEnded);
    }
    Ok(file)
}

/// Lines with their numbers, those that are folded put together (RFC 5545 §3.1), empty ones left out.
fn unfolded(bytes: &[u8]) -> Result<Lines, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = str::from_utf8(bytes).map_err(|fault| {
        let line = bytes[..fault.valid_up_to()].split(|byte| *byte == b'\n').count();
        format!("Line {line} is not UTF-8: save the text as UTF-8.")
    })?;
    let mut lines = Lines::new();
    for (nth, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, last))) if !rest.is_empty() || !last.is_empty() => {
                if last.len() <= LONGEST {
                    last.push_str(rest);
                }
            }
            _ if line.trim().is_empty() => {}
            _ => lines.push((nth + 1, line.to_owned())),
        }
    }
    Ok(lines)
}

impl File {
    fn leave_out(&mut self, line: usize, name: &str, reason: Reason) {
        if self.left_out.len() < TOLD {
            let detail = reason.to_string();
            self.left_out.push(LeftOut { line, name: name.to_owned(), reason, detail });
        } else {
            self.left_out_besides += 1;
        }
    }

    /// A line beside the entries: of interest only when it is none.
    fn look_at(&mut self, line: usize, text: &str) {
        if with_property(text, |_| ()).is_none() {
            self.leave_out(line, "", Reason::Nonsense);
        }
    }

    fn take(&mut self, lines: &[(usize, String)], years: &RangeInclusive<i32>) -> Result<(), String> {
        let Some(((first_line, _), lines)) = lines.split_first() else { return Ok(()) };
        let mut entry = Entry::default();
        for (line, text) in lines {
            if with_property(text, |property| entry.hear(*line, property)) != Some(true) {
                self.leave_out(*line, &entry.name, Reason::Nonsense);
            }
        }
        let span = entry.reason.map_or_else(|| entry.span(), Err);
        let (first, length) = match span {
            Ok(span) => span,
            Err(reason) => {
                self.leave_out(*first_line, &entry.name, reason);
                return Ok(());
            }
        };
        let mut starts = match &entry.rule {
            None => vec![first],
            Some((line, rule)) => match self.repeated(first, rule, *years.end())? {
                Some(starts) => starts,
                None => {
                    self.leave_out(*line, &entry.name, Reason::Rule);
                    return Ok(());
                }
            },
        };
        starts.extend(&entry.more);
        for start in starts.into_iter().filter(|start| !entry.except.contains(start)) {
            for after in 0..length.unsigned_abs() {
                match start.checked_add_days(Days::new(after)) {
                    Some(day) if years.contains(&day.year()) => {
                        self.days.entry(day).or_insert_with(|| (*first_line, entry.name.clone()));
                    }
                    _ => self.out_of_range += 1,
                }
            }
        }
        Ok(())
    }

    /// The days a rule names from the first up to the end of a year; `None` for a rule that is not read.
    fn repeated(
        &mut self,
        first: NaiveDate,
        rule: &str,
        until: i32,
    ) -> Result<Option<Vec<NaiveDate>>, String> {
        let at_midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc().with_timezone(&Tz::UTC);
        let rule = rule.to_ascii_uppercase();
        let has = |part: &str| rule.split(';').any(|known| known.starts_with(part));
        if !has("FREQ=YEARLY") || ["BYHOUR", "BYMINUTE", "BYSECOND"].iter().any(|part| has(part)) {
            return Ok(None);
        }
        // The last day is often written without a time, which the rules of dates with one do not take.
        let parts = rule.split(';').map(|part| match part.strip_prefix("UNTIL=") {
            Some(last) => format!("UNTIL={}T235959Z", last.get(..8).unwrap_or(last)),
            None => part.to_owned(),
        });
        let parsed = parts.collect::<Vec<_>>().join(";").parse::<RRule<Unvalidated>>();
        let Ok(Ok(rule)) = parsed.map(|rule| rule.validate(at_midnight(first))) else { return Ok(None) };
        let set = RRuleSet::new(at_midnight(first)).rrule(rule).limit();
        let most = REPEATED + 1 - self.repeated;
        let named = set.into_iter().map(|at| at.date_naive()).take_while(|day| day.year() <= until);
        let days: Vec<NaiveDate> = named.take(most).collect();
        self.repeated += days.len();
        self.empty_rules += usize::from(days.is_empty());
        if self.repeated > REPEATED {
            return Err("what repeats in the file names more than 10000 days: take fewer years".to_owned());
        }
        if self.empty_rules > EMPTY_RULES {
            return Err("many rules of the file name no day at all: mend or remove them".to_owned());
        }
        Ok(Some(days))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fragments() -> impl Strategy<Value = String> {
        let known = [
            "BEGIN:VEVENT\r\n",
            "END:VEVENT\r\n",
            "BEGIN:VALARM\n",
            "END:VALARM\n",
            "DTSTART",
            "DTEND",
            "DURATION",
            "RRULE",
            "EXDATE",
            "RDATE",
            ";VALUE=DATE",
            ";TZID=\"",
            ":",
            "20270101",
            "20270101T000000",
            "99999999",
            "T",
            "Z",
            "P1D",
            "P-1W",
            "P65535W",
            "FREQ=YEARLY",
            ";UNTIL=2",
            ";COUNT=0",
            ";INTERVAL=65535",
            ";BYDAY=-53MO",
            ";BYMONTHDAY=31",
            ";BYSETPOS=-1",
            ";BYWEEKNO=53",
            ",",
            "\r\n",
            "\r\n ",
            "\n\t",
            "\r",
            "\0",
            "\\",
            "期",
            "=",
            "\"",
        ];
        prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,20}"]
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_file_is_days_or_left_out(parts in prop::collection::vec(fragments(), 0..120)) {
            let text = format!("BEGIN:VCALENDAR\r\n{}\r\nEND:VCALENDAR", parts.concat());
            if let Ok(file) = read(text.as_bytes(), 2026..=2040) {
                let lines = text.lines().count();
                prop_assert!(file.days.keys().all(|day| (2026..=2040).contains(&day.year())));
                prop_assert!(file.left_out.iter().all(|left| (1..=lines).contains(&left.line)), "{:?}", file.left_out);
                prop_assert!(file.left_out.len() <= TOLD);
            }
        }

        #[test]
        fn bytes_that_are_no_file_are_refused_in_words(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read(&bytes, 2026..=2040).is_err_and(|fault| fault.len() > 20));
        }
    }
}
