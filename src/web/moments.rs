//! How a language writes a day and a moment.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::Deserialize;

use crate::clock::zone_label;

/// What a language needs to write a moment; phrases hold names in braces.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// January first.
    months: [String; 12],
    /// Monday first.
    weekdays: [String; 7],
    /// A day.
    day: String,
    /// A day of every year.
    yearly: String,
    /// A moment, with its zone.
    moment: String,
    /// A moment of a list, whose zone the page says once.
    brief: String,
}

impl Calendar {
    /// A day without a zone.
    pub fn day(&self, day: NaiveDate) -> String {
        self.filled(&self.day, day)
    }

    /// A day of every year, given in any that has it.
    pub fn yearly(&self, day: NaiveDate) -> String {
        self.filled(&self.yearly, day)
    }

    /// A moment as the clocks of that zone show it.
    pub fn brief(&self, at: DateTime<Utc>, zone: Tz) -> String {
        let local = at.with_timezone(&zone);
        self.filled(&self.brief, local.date_naive()).replace("{time}", &local.format("%H:%M").to_string())
    }

    /// A moment as the clocks of that zone show it, with the zone's name and offset.
    pub fn moment(&self, at: DateTime<Utc>, zone: Tz) -> String {
        let local = at.with_timezone(&zone);
        self.filled(&self.moment, local.date_naive())
            .replace("{time}", &local.format("%H:%M").to_string())
            .replace("{zone}", &zone_label(at, zone))
    }

    /// A sentence whose moments, written as RFC 3339 has them in UTC, are those of the clocks of that zone.
    pub fn told(&self, sentence: &str, zone: Tz) -> String {
        let (mut told, mut rest) = (String::new(), sentence);
        while let Some((start, end, at)) = first_moment(rest) {
            told.push_str(&rest[..start]);
            told.push_str(&self.moment(at, zone));
            rest = &rest[end..];
        }
        told + rest
    }

    fn filled(&self, phrase: &str, day: NaiveDate) -> String {
        phrase
            .replace("{weekday}", &self.weekdays[day.weekday().num_days_from_monday() as usize])
            .replace("{day}", &day.day().to_string())
            .replace("{month}", &self.months[day.month0() as usize])
            .replace("{year}", &day.year().to_string())
    }
}

/// Where the first moment of a text begins and ends.
fn first_moment(text: &str) -> Option<(usize, usize, DateTime<Utc>)> {
    text.match_indices('Z').find_map(|(last, _)| {
        let start = (last + 1).checked_sub("2026-09-01T20:30:00Z".len())?;
        let at = text.get(start..=last)?.parse().ok()?;
        Some((start, last + 1, at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_with_the_clock_of_its_zone() {
        let words = |word: &str| std::array::from_fn(|nth| format!("{word}{}", nth + 1));
        let calendar = Calendar {
            months: words("m"),
            weekdays: [1, 2, 3, 4, 5, 6, 7].map(|nth| format!("d{nth}")),
            day: "{weekday} {day} {month} {year}".to_owned(),
            yearly: "{day} {month}".to_owned(),
            moment: "{day} {month}, {time} ({zone})".to_owned(),
            brief: "{day} {month}, {time}".to_owned(),
        };
        let at = "2026-09-01T20:30:00Z".parse().unwrap();
        assert_eq!(calendar.moment(at, chrono_tz::Asia::Kathmandu), "2 m9, 02:15 (Asia/Kathmandu, UTC+5:45)");
        assert_eq!(calendar.moment(at, chrono_tz::UTC), "1 m9, 20:30 (UTC)");
        assert_eq!(calendar.brief(at, chrono_tz::Asia::Kathmandu), "2 m9, 02:15");
        let sentence = "Zones: until 2026-09-01T20:30:00Z, not 2026-13-01T20:30:00Z";
        let told = "Zones: until 2 m9, 02:15 (Asia/Kathmandu, UTC+5:45), not 2026-13-01T20:30:00Z";
        assert_eq!(calendar.told(sentence, chrono_tz::Asia::Kathmandu), told);
        assert_eq!(calendar.day("2026-09-01".parse().unwrap()), "d2 1 m9 2026");
        assert_eq!(calendar.yearly("2000-02-29".parse().unwrap()), "29 m2");
    }
}
