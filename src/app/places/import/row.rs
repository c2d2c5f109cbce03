//! A row of a list as typed values, or everything that is wrong with it.

use chrono::{Datelike, Days, NaiveDate};
use sojourn_engine::codes;
use sojourn_engine::vocabulary::{Direction, Level, PlaceUnit, UnknownWord};

use super::map::Map;
use super::windows::{self, NO_DAY, Said, TERMS, Term};
use crate::app::agreements::windows::{MonthDay, Window};
use crate::app::imports::countries::Countries;
use crate::app::imports::table::Columns;

/// The columns of the service's own.
pub const COLUMNS: Columns = Columns {
    needed: &["partner", "direction", "places"],
    wanted: &[
        "name",
        "country",
        "level",
        "field",
        "period",
        "valid_from_on",
        "valid_until_on",
        "unit",
        "note",
        "taken",
        "winter_opens",
        "winter_opens_month",
        "winter_closes",
        "winter_closes_month",
        "summer_opens",
        "summer_opens_month",
        "summer_closes",
        "summer_closes_month",
    ],
};

/// The most places of a line.
pub const MOST: i32 = 1_000_000;
/// Numbers that are more likely days of a spreadsheet than anything else: 1954 to 2119.
const SERIALS: std::ops::RangeInclusive<u32> = 20_000..=80_000;
/// Years a list may speak of; others are slips of the pen.
const YEARS: std::ops::RangeInclusive<i32> = 1987..=2100;

/// Column and reason of a cell that cannot be; no column when it is the whole row.
pub type Fault = (Option<&'static str>, String);

/// What a row asks for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Number of the row, 1 = the first after the header.
    pub row: u64,
    /// The other side: a code, an id or a name.
    pub partner: String,
    /// Name of the other side, should it be new.
    pub name: Option<String>,
    /// Its country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Which way, seen from the own side.
    pub direction: Direction,
    /// Study cycles, in order; empty: all.
    pub levels: Vec<Level>,
    /// ISCED-F 2013 codes, in order; empty: all.
    pub fields: Vec<String>,
    /// A period of the host's calendar.
    pub period: Option<String>,
    /// How many.
    pub places: i32,
    /// First and last day.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// What is counted.
    pub unit: Option<PlaceUnit>,
    /// Why there are so many.
    pub note: Option<String>,
    /// How many of them the list counts as taken.
    pub taken: Option<i32>,
    /// When the host takes nominations, term by term.
    pub windows: Vec<Said>,
}

/// Reads a row from the texts of its columns.
///
/// # Errors
/// Every cell that is wrong.
pub fn read<'c>(
    row: u64,
    map: &Map,
    countries: &Countries,
    cell: impl Fn(&'static str) -> &'c str,
) -> Result<Wish, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut reader = Reader { map, cell, faults: &mut faults };
    let wish = Wish {
        row,
        partner: reader.text("partner", 300).unwrap_or_default(),
        name: reader.text("name", 200),
        country: reader.read("country", |text| country(countries, text)),
        direction: reader.needed("direction", word).unwrap_or(Direction::Out),
        levels: reader.read("level", levels).unwrap_or_default(),
        fields: reader.read("field", fields).unwrap_or_default(),
        period: reader.text("period", 50),
        places: reader.needed("places", places).unwrap_or_default(),
        days: reader.days(),
        unit: reader.read("unit", word),
        note: reader.text("note", 1000),
        taken: reader.read("taken", places),
        windows: TERMS.iter().filter_map(|term| reader.window(term)).collect(),
    };
    if wish.partner.is_empty() && faults.iter().all(|(column, _)| *column != Some("partner")) {
        let told = "name the other side: its Erasmus code, ROR id, domain, id or name";
        faults.push((Some("partner"), told.to_owned()));
    }
    if faults.is_empty() { Ok(wish) } else { Err(faults) }
}

/// The cells of a row, with what is wrong with those that were read.
struct Reader<'r, C> {
    map: &'r Map,
    cell: C,
    faults: &'r mut Vec<Fault>,
}

impl<'c, C: Fn(&'static str) -> &'c str> Reader<'_, C> {
    /// What a cell that may be empty says.
    fn read<T>(&mut self, column: &'static str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.map.value(column, (self.cell)(column));
        if text.is_empty() {
            return None;
        }
        let read = if text.contains('\0') {
            Err("it holds the character U+0000, which no text here may hold: leave it out".to_owned())
        } else {
            read(text)
        };
        read.map_err(|told| self.faults.push((Some(column), told))).ok()
    }

    fn needed<T>(&mut self, column: &'static str, read: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        if self.map.value(column, (self.cell)(column)).is_empty() {
            self.faults.push((Some(column), "nothing stands here: write it".to_owned()));
            return None;
        }
        self.read(column, read)
    }

    fn text(&mut self, column: &'static str, most: usize) -> Option<String> {
        self.read(column, |text| {
            if text.chars().count() > most {
                return Err(format!("it is longer than {most} characters: shorten it"));
            }
            Ok(text.to_owned())
        })
    }

    fn days(&mut self) -> Option<(NaiveDate, NaiveDate)> {
        let before = self.faults.len();
        let (from, until) = (self.read("valid_from_on", day), self.read("valid_until_on", day));
        let fault = match (from, until) {
            (Some(from), Some(until)) if from <= until => return Some((from, until)),
            (Some(_), Some(_)) => ("valid_until_on", "before the first day: give the days in order"),
            (None, Some(_)) => ("valid_from_on", "give both days, or neither"),
            (Some(_), None) => ("valid_until_on", "give both days, or neither"),
            (None, None) => return None,
        };
        if self.faults.len() == before {
            self.faults.push((Some(fault.0), fault.1.to_owned()));
        }
        None
    }
}

impl<'c, C: Fn(&'static str) -> &'c str> Reader<'_, C> {
    /// When nominations for a term are taken; without a first day, until the last.
    fn window(&mut self, term: &'static Term) -> Option<Said> {
        let before = self.faults.len();
        let (opens, closes) = (self.month_day(term.opens), self.month_day(term.closes));
        let Some(closes) = closes else {
            if opens.is_some() && self.faults.len() == before {
                let told = "the first day stands alone: write the last day too";
                self.faults.push((Some(term.closes[0]), told.to_owned()));
            }
            return None;
        };
        Some(Said { term, window: Window { opens, closes } })
    }

    /// A day of the year from a cell, or from two: its day and its month.
    fn month_day(&mut self, [column, month]: [&'static str; 2]) -> Option<MonthDay> {
        let before = self.faults.len();
        let month = self.read(month, windows::month).flatten();
        if self.faults.len() > before {
            return None;
        }
        if month.is_some() && self.map.value(column, (self.cell)(column)).is_empty() {
            self.faults.push((Some(column), NO_DAY.to_owned()));
        }
        self.read(column, |text| windows::month_day(text, month)).flatten()
    }
}

fn word<T: std::str::FromStr<Err = UnknownWord>>(text: &str) -> Result<T, String> {
    text.to_lowercase().parse().map_err(|unknown: UnknownWord| unknown.to_string())
}

fn country(countries: &Countries, text: &str) -> Result<String, String> {
    let known = countries.iso(text).map(str::to_owned);
    known.ok_or_else(|| format!("`{text}` is no country: write its ISO 3166-1 code, such as DE"))
}

fn levels(text: &str) -> Result<Vec<Level>, String> {
    let parts = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty());
    let mut levels = parts.map(word).collect::<Result<Vec<Level>, _>>()?;
    levels.sort_unstable();
    levels.dedup();
    Ok(levels)
}

/// Several codes with commas, or one with its name behind it: `0211-Audio-visual techniques`.
fn fields(text: &str) -> Result<Vec<String>, String> {
    let codes_alone = text.chars().all(|letter| letter.is_ascii_digit() || ",; ".contains(letter));
    // Behind a single code stands its name, not another that is none.
    let leading = |text: &str| {
        let name = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let alone = !name.trim_start().starts_with([',', ';']);
        text.strip_suffix(name).filter(|_| alone).unwrap_or_default().to_owned()
    };
    let mut fields: Vec<String> = if codes_alone {
        let parts = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    } else {
        vec![leading(text)]
    };
    if let Some(unknown) = fields.iter().find(|code| !codes::is_field(code)) {
        let told = if codes_alone { unknown.as_str() } else { text };
        return Err(format!("`{told}` is no field: write an ISCED-F 2013 code, such as 0613"));
    }
    fields.sort_unstable();
    fields.dedup();
    Ok(fields)
}

fn places(text: &str) -> Result<i32, String> {
    if let Some(number) = text.strip_prefix('-').filter(|number| number.parse::<f64>().is_ok()) {
        return Err(format!("`-{number}`: places are never negative: write 0 or more"));
    }
    let whole = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let whole = whole.filter(|number| (0..=MOST).contains(number));
    whole.ok_or_else(|| format!("`{text}` is no number of places: write a whole one from 0 to 1000000"))
}

fn day(text: &str) -> Result<NaiveDate, String> {
    let written = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    if let Some(day) = written.filter(|day| text.len() == 10 && YEARS.contains(&day.year())) {
        return Ok(day);
    }
    match serial(text) {
        Some(day) => Err(format!("{text} is how a spreadsheet writes {day}: write the date")),
        None => Err(format!("`{text}` is no date: write it as year-month-day, such as 2027-09-01")),
    }
}

/// The day that a spreadsheet means by a number: so many after 1899-12-30.
fn serial(text: &str) -> Option<NaiveDate> {
    let number: u32 = text.strip_suffix(".0").unwrap_or(text).parse().ok()?;
    let number = SERIALS.contains(&number).then_some(number)?;
    NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(Days::new(number.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_codes_or_begin_with_one() {
        let read = |text: &str| fields(text).unwrap().join(" ");
        assert_eq!(read("0915, 0913"), "0913 0915");
        assert_eq!(read("0211-Técnicas audiovisuales, y producción"), "0211");
        assert_eq!(read("00-Estudios genéricos"), "00");
        assert!(fields("222-Lenguas").unwrap_err().contains("`222-Lenguas`"));
        assert!(fields("0913, 99x").is_err() && fields("Arts").is_err());
    }

    #[test]
    fn a_number_of_a_spreadsheet_is_told_as_the_day_it_means() {
        let told = day("45674").unwrap_err();
        assert_eq!(told, "45674 is how a spreadsheet writes 2025-01-17: write the date");
        assert!(day("2024-02-29").is_ok());
        for wrong in ["2023-02-29", "17/01/2025", "0217-09-01", "2021", "", "20250-01-01"] {
            assert!(day(wrong).unwrap_err().contains("year-month-day"), "{wrong}");
        }
    }

    #[test]
    fn places_are_whole_and_never_negative() {
        assert_eq!((places("0"), places("12")), (Ok(0), Ok(12)));
        assert!(places("-2").unwrap_err().contains("never negative"));
        for wrong in ["2.5", "2,0", "two", "1e3", "1000001", "99999999999", "+3", "-"] {
            assert!(places(wrong).unwrap_err().contains("whole one"), "{wrong}");
        }
    }
}
