//! What a field of a form takes.

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use sojourn_engine::codes;

use crate::app::imports::table::hundredths;

/// The most credits of a registration, in hundredths.
const MOST_CREDITS: i32 = 100_000;

/// Values to pick from, each with its name.
pub type Options = Vec<(String, String)>;

/// What a field takes.
#[derive(Debug, Clone)]
pub enum Takes {
    /// One line of at most so many letters.
    Line(usize),
    /// Several lines of at most so many letters.
    Long(usize),
    /// What is never shown again.
    Secret,
    /// An e-mail address.
    Email,
    /// ISO 3166-1 alpha-2.
    Country,
    /// IANA time zone.
    Zone,
    /// The same, or the word that stands for the zone of each home.
    HomeOrZone,
    /// BCP 47.
    Language,
    /// Erasmus code.
    Erasmus,
    /// Research Organization Registry.
    Ror,
    /// SCHAC home organisation.
    Schac,
    /// Domains, one after the other.
    Domains,
    /// ISCED-F 2013 codes, one after the other.
    Studies,
    /// One ISCED-F 2013 code.
    Study,
    /// Credits, with at most two decimals.
    Credits,
    /// Languages with their CEFR levels, one after the other.
    Tongues,
    /// A day.
    Day,
    /// A time of day.
    Time,
    /// A whole number between two.
    Whole(i64, i64),
    /// One of several.
    One(Options),
    /// Some of several.
    Some(Options),
    /// Yes, where it is ticked.
    Tick,
}

impl Takes {
    /// Whether what was typed can be taken.
    pub fn fits(&self, text: &str) -> bool {
        let each = |fits: fn(&str) -> bool| parts(text).all(fits);
        match self {
            Self::Line(most) | Self::Long(most) => text.chars().count() <= *most,
            Self::Secret => text.chars().count() <= 500,
            Self::Email => is_address(text),
            Self::Country => codes::is_country(text),
            Self::Zone => text.parse::<Tz>().is_ok(),
            Self::HomeOrZone => text == "home" || text.parse::<Tz>().is_ok(),
            Self::Language => codes::is_language(text),
            Self::Erasmus => codes::is_erasmus_code(text),
            Self::Ror => codes::is_ror_id(text),
            Self::Schac => codes::is_schac(text),
            Self::Domains => each(codes::is_schac),
            Self::Studies => each(codes::is_field),
            Self::Study => codes::is_field(text),
            Self::Credits => credits(text).is_some(),
            Self::Tongues => each(codes::is_language_level),
            Self::Day => text.parse::<NaiveDate>().is_ok(),
            Self::Time => time(text).is_some(),
            Self::Whole(low, high) => text.parse().is_ok_and(|number: i64| (*low..=*high).contains(&number)),
            Self::One(options) | Self::Some(options) => options.iter().any(|(value, _)| value == text),
            Self::Tick => text == "true",
        }
    }

    /// Its control in `parts/asked.html`, and what says that something else was typed.
    pub const fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Line(_) => ("line", "line"),
            Self::Long(_) => ("long", "line"),
            Self::Secret => ("secret", "line"),
            Self::Email => ("email", "email"),
            Self::Country => ("line", "country"),
            Self::Zone => ("zone", "zone"),
            Self::HomeOrZone => ("zone", "home_or_zone"),
            Self::Language => ("line", "language"),
            Self::Erasmus => ("line", "erasmus"),
            Self::Ror => ("line", "ror"),
            Self::Schac => ("line", "schac"),
            Self::Domains => ("line", "domains"),
            Self::Studies => ("line", "studies"),
            Self::Study => ("line", "study"),
            Self::Credits => ("line", "credits"),
            Self::Tongues => ("line", "tongues"),
            Self::Day => ("day", "day"),
            Self::Time => ("time", "time"),
            Self::Whole(..) => ("whole", "whole"),
            Self::One(_) => ("one", "one"),
            Self::Some(_) => ("some", "one"),
            Self::Tick => ("tick", "one"),
        }
    }

    /// Letters at most, where there is such a bound.
    pub const fn most(&self) -> Option<usize> {
        match self {
            Self::Line(most) | Self::Long(most) => Some(*most),
            Self::Secret => Some(500),
            Self::Email => Some(254),
            _ => None,
        }
    }
}

/// What stands between commas or blanks.
pub fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter == ',' || letter.is_whitespace()).filter(|part| !part.is_empty())
}

/// Something on both sides of one sign, and a point behind it; whether mails arrive, only a mail shows.
fn is_address(text: &str) -> bool {
    let plain = text.chars().all(|letter| !letter.is_whitespace() && !letter.is_control());
    let sides = text.split_once('@');
    let whole = sides.is_some_and(|(name, place)| {
        !name.is_empty()
            && name.len() <= 64
            && place.contains('.')
            && !place.contains('@')
            && place.split('.').all(|part| !part.is_empty())
    });
    plain && whole && text.len() <= 254
}

/// Credits in hundredths.
pub fn credits(text: &str) -> Option<i32> {
    hundredths(text, MOST_CREDITS)
}

/// A time as browsers write it, with or without seconds.
pub fn time(text: &str) -> Option<NaiveTime> {
    ["%H:%M:%S", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_fits_or_not() {
        let yes = [
            (Takes::Line(3), "äöü"),
            (Takes::Email, "mei@ntu.edu.tw"),
            (Takes::Zone, "Asia/Taipei"),
            (Takes::HomeOrZone, "home"),
            (Takes::Studies, "0613, 06"),
            (Takes::Study, "0613"),
            (Takes::Credits, "27.55"),
            (Takes::Tongues, "en:B2 de:A1"),
            (Takes::Time, "23:59"),
            (Takes::Time, "23:59:59"),
            (Takes::Whole(0, 10), "10"),
            (Takes::Day, "2027-02-28"),
        ];
        for (takes, text) in yes {
            assert!(takes.fits(text), "{takes:?} takes {text}");
        }
        let no = [
            (Takes::Line(3), "four"),
            (Takes::Email, "mei"),
            (Takes::Email, "mei@ntu"),
            (Takes::Email, "mei @ntu.edu.tw"),
            (Takes::Zone, "Taipei"),
            (Takes::Studies, "0613, x"),
            (Takes::Study, "0613, 06"),
            (Takes::Credits, "27.555"),
            (Takes::Credits, "1000.01"),
            (Takes::Time, "25:00"),
            (Takes::Whole(0, 10), "11"),
            (Takes::Whole(0, 10), "1.5"),
            (Takes::Day, "2027-02-30"),
            (Takes::One(vec![("a".to_owned(), "A".to_owned())]), "b"),
        ];
        for (takes, text) in no {
            assert!(!takes.fits(text), "{takes:?} does not take {text}");
        }
    }
}
