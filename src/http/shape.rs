//! Shapes of fields that several bodies share, for `validator`; each fault says how to mend it.

use chrono_tz::Tz;
use serde::{Deserialize, Deserializer};
use sojourn_engine::codes;
use validator::ValidationError;

type Checked = Result<(), ValidationError>;

fn demand(holds: bool, code: &'static str, mend: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(ValidationError::new(code).with_message(mend.into())) }
}

/// A field that may be left out, set, or emptied with `null`: left out is `None`, `null` is `Some(None)`.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Text with something in it.
pub fn filled(text: &str) -> Checked {
    demand(!text.trim().is_empty(), "filled", "write something here")
}

/// A number that changes something.
pub fn something(number: i32) -> Checked {
    demand(number != 0, "something", "zero changes nothing: say how many")
}

/// ISO 3166-1 alpha-2.
pub fn country(code: &str) -> Checked {
    demand(codes::is_country(code), "country", "no ISO 3166-1 alpha-2 code: two capitals, such as TW")
}

/// ISCED-F 2013.
pub fn field(code: &str) -> Checked {
    demand(codes::is_field(code), "field", "no ISCED-F 2013 code: two to four digits, such as 0613")
}

/// ISCED-F 2013, several.
pub fn fields(codes: &[String]) -> Checked {
    let holds = codes.len() <= 200 && codes.iter().all(|code| codes::is_field(code));
    demand(holds, "fields", "ISCED-F 2013 codes of two to four digits, such as 0613")
}

/// IANA time zone.
pub fn zone(name: &str) -> Checked {
    demand(name.parse::<Tz>().is_ok(), "zone", "no IANA time zone: write one such as Asia/Taipei")
}

/// IANA time zone, or the word that stands for the zone of each home.
pub fn zone_or_home(name: &str) -> Checked {
    if name == "home" { Ok(()) } else { zone(name) }
}

/// BCP 47, the common part of it.
pub fn language(tag: &str) -> Checked {
    demand(codes::is_language(tag), "language", "no BCP 47 tag: write one such as en or zh-Hant")
}

/// Languages with their CEFR level, such as `en:B2`.
pub fn languages(tags: &[String]) -> Checked {
    let fits = |tag: &String| codes::is_language_level(tag);
    demand(tags.len() <= 20 && tags.iter().all(fits), "languages", "write each as tag:level, such as en:B2")
}

/// Erasmus code, however it is padded.
pub fn erasmus_code(code: &str) -> Checked {
    demand(codes::is_erasmus_code(code), "erasmus_code", "no Erasmus code: write one such as `D  BERLIN01`")
}

/// Research Organization Registry.
pub fn ror_id(id: &str) -> Checked {
    demand(codes::is_ror_id(id), "ror_id", "no ROR id: its last nine characters, such as 05bqach95")
}

/// SCHAC home organisation: a domain name.
pub fn schac(domain: &str) -> Checked {
    demand(codes::is_schac(domain), "schac", "no domain name in lower case, such as ntu.edu.tw")
}

/// ISO weekday numbers, each once.
pub fn working_week(days: &[u8]) -> Checked {
    let rising = days.windows(2).all(|pair| pair[0] < pair[1]);
    let holds = !days.is_empty() && rising && days.iter().all(|day| (1..=7).contains(day));
    demand(holds, "working_week", "weekday numbers from 1 (Monday) to 7, in order, each once")
}

/// Credits: hundredths of ECTS.
pub fn credits(number: f64) -> Checked {
    demand(hundredths(number).is_some(), "credits", "from 0 to 1000, with at most two decimals")
}

/// A number of credits in hundredths, when it has at most two decimals.
pub fn hundredths(number: f64) -> Option<i32> {
    let scaled = number * 100.0;
    let whole = scaled.round();
    let fits = (0.0..=100_000.0).contains(&whole) && (scaled - whole).abs() < 1e-6;
    #[expect(clippy::cast_possible_truncation, reason = "the bounds above fit")]
    fits.then_some(whole as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_as_their_registries_write_them_pass_and_others_do_not() {
        assert!(
            ["D  BERLIN01", "F__PARIS001", "UK BATH01"].map(|code| erasmus_code(code).is_ok())
                == [true, false, true]
        );
        assert!(ror_id("05bqach95").is_ok() && ror_id("https://ror.org/05bqach95").is_err());
        assert!(schac("ntu.edu.tw").is_ok() && schac("NTU.edu").is_err() && schac("localhost").is_err());
        assert!(zone("Asia/Taipei").is_ok() && zone("Taipei").is_err());
        assert!(language("zh-Hant").is_ok() && language("chinese").is_err() && language("").is_err());
        assert!(languages(&["en:B2".to_owned()]).is_ok() && languages(&["en:D1".to_owned()]).is_err());
        assert!(
            working_week(&[1, 2, 3]).is_ok() && working_week(&[0]).is_err() && working_week(&[2, 1]).is_err()
        );
    }

    #[test]
    fn credits_have_two_decimals_at_most() {
        assert_eq!([60.0, 27.55, 0.0].map(hundredths), [Some(6000), Some(2755), Some(0)]);
        assert_eq!([-1.0, 27.555, f64::NAN, 1e9].map(hundredths), [None; 4]);
    }
}
