//! A record of the European Commission's individual Erasmus mobilities, as typed values or as the column that is wrong.

use chrono::{Datelike, Days, Months, NaiveDate};
use serde_json::{Map, Value, json};
use sojourn_engine::guard::Decimal;
use sojourn_engine::vocabulary::{Level, StayKind};

use super::countries::Countries;
use super::table::{Columns, Row};
use crate::app::institutions::erasmus_key;

/// The columns of the published files.
pub const COLUMNS: Columns = Columns {
    needed: &[
        "home_institution",
        "age",
        "gender",
        "nationality",
        "level_study",
        "years_prior",
        "mobility_type",
        "host_institution",
        "work_placement",
        "country_work_placement",
        "length_study",
        "length_work",
        "short_duration_reason",
        "study_start_date",
        "work_start_date",
        "ects_study",
        "ects_work",
        "ects_total",
        "sn_supplement",
        "study_grant",
        "work_grant",
        "previous_participation",
    ],
    wanted: &[],
};

/// The name of an employer that the record does not give.
pub const NOT_STATED: &str = "not stated";

/// Column and reason of a record that cannot be a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The column; empty when it is the whole record.
    pub column: String,
    /// What is wrong and how to mend it.
    pub reason: String,
}

/// An institution as a record names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// By its Erasmus code, in capitals without blanks.
    University {
        /// The code by which codes are compared.
        key: String,
    },
    /// By what the record says of it.
    Employer {
        /// Its name, or [`NOT_STATED`].
        name: String,
        /// ISO 3166-1 alpha-2 code.
        country: String,
    },
}

/// What kind of record it is, in the letters of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// S: study.
    Study,
    /// P: placement.
    Placement,
    /// C: study and placement in one.
    Combined,
}

impl Kind {
    /// The letter of the file.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Study => "S",
            Self::Placement => "P",
            Self::Combined => "C",
        }
    }
}

/// One part of a stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What is done.
    pub kind: StayKind,
    /// First and last day.
    pub days: (NaiveDate, NaiveDate),
    /// Length in hundredths of a month.
    pub months_hundredths: i32,
    /// Credits in hundredths of an ECTS credit.
    pub credits_hundredths: i32,
}

/// One mobility.
#[derive(Debug, Clone, PartialEq)]
pub struct Mobility {
    /// Which kind.
    pub kind: Kind,
    /// The sending institution, with its code as published.
    pub home: (Party, String),
    /// The receiving one, with its code as published; none for an employer.
    pub host: (Party, Option<String>),
    /// Study cycle.
    pub level: Level,
    /// Year of study: one more than the years of higher education before.
    pub year: i16,
    /// Year of birth, from the age at the start.
    pub birth_year: i16,
    /// As the record says.
    pub gender: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    pub nationality: Option<String>,
    /// First and last day of the whole stay.
    pub days: (NaiveDate, NaiveDate),
    /// One part, or two.
    pub parts: Vec<Part>,
    /// What else the record says, by column.
    pub answers: Map<String, Value>,
}

/// Reads a record.
///
/// # Errors
/// The first column that is wrong, with the mend.
pub fn read(row: &Row<'_>, countries: &Countries) -> Result<Mobility, Fault> {
    if let Some((has, wants)) = row.ragged() {
        return Err(fault(
            "",
            format!("the record has {has} fields, the header {wants}: mend its separators or quotes"),
        ));
    }
    let kind = kind(row)?;
    let amounts = Amounts::read(row)?;
    let home_code = row.raw("home_institution").trim_end();
    let home = university(home_code);
    let host = host(row, kind, countries)?;
    if home_code.is_empty() {
        return Err(fault(
            "home_institution",
            "it is empty: name the sending institution by its Erasmus code",
        ));
    }
    if home == host.0 {
        return Err(fault("host_institution", "it is the home institution: name another one"));
    }
    let (parts, days) = parts(row, kind, &amounts)?;
    let age: i32 = whole(row, "age")?.into();
    let years: i16 = whole(row, "years_prior")?;
    Ok(Mobility {
        kind,
        home: (home, published(home_code)),
        host,
        level: level(row)?,
        year: years + 1,
        birth_year: i16::try_from(days.0.year() - age).unwrap_or_default(),
        gender: text(row.get("gender")),
        nationality: nationality(row, countries)?,
        days,
        parts,
        answers: answers(row, kind, &amounts),
    })
}

fn fault(column: &str, reason: impl Into<String>) -> Fault {
    Fault { column: column.to_owned(), reason: reason.into() }
}

fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn kind(row: &Row<'_>) -> Result<Kind, Fault> {
    match row.get("mobility_type") {
        "S" => Ok(Kind::Study),
        "P" => Ok(Kind::Placement),
        "C" => Ok(Kind::Combined),
        other => Err(fault("mobility_type", format!("`{other}` is no type: write S, P or C"))),
    }
}

fn level(row: &Row<'_>) -> Result<Level, Fault> {
    match row.get("level_study") {
        "1" => Ok(Level::First),
        "2" => Ok(Level::Second),
        "3" => Ok(Level::Third),
        "S" => Ok(Level::Short),
        other => Err(fault("level_study", format!("`{other}` is no level: write 1, 2, 3 or S"))),
    }
}

fn whole(row: &Row<'_>, column: &str) -> Result<i16, Fault> {
    let given = row.get(column);
    let number = given.parse().ok().filter(|number| (0..=150).contains(number));
    number.ok_or_else(|| fault(column, format!("`{given}` is no number of years: write one from 0 to 150")))
}

fn nationality(row: &Row<'_>, countries: &Countries) -> Result<Option<String>, Fault> {
    let Some(given) = text(row.get("nationality")) else { return Ok(None) };
    match countries.iso(&given) {
        Some(iso) => Ok(Some(iso.to_owned())),
        None => Err(fault(
            "nationality",
            format!("`{given}` is on no list of countries: write an ISO 3166-1 code"),
        )),
    }
}

/// The code with its prefix in three letters, as the Commission pads it; a code without blanks stays as it is.
fn published(code: &str) -> String {
    let split = code.split_once(|letter: char| letter.is_whitespace() || letter == '_');
    split.map_or_else(|| code.to_owned(), |(prefix, rest)| format!("{prefix:<3}{}", rest.trim_start()))
}

fn university(code: &str) -> Party {
    Party::University { key: erasmus_key(&code.replace('_', " ")) }
}

fn host(row: &Row<'_>, kind: Kind, countries: &Countries) -> Result<(Party, Option<String>), Fault> {
    if kind != Kind::Placement {
        let code = row.raw("host_institution").trim_end();
        if code.is_empty() {
            return Err(fault(
                "host_institution",
                "it is empty: name the receiving institution by its Erasmus code",
            ));
        }
        return Ok((university(code), Some(published(code))));
    }
    let given = row.get("country_work_placement");
    let Some(country) = countries.iso(given) else {
        return Err(match given {
            "" => fault(
                "country_work_placement",
                "it is empty: write the ISO 3166-1 code of the employer's country",
            ),
            _ => fault(
                "country_work_placement",
                format!("`{given}` is on no list of countries: write an ISO 3166-1 code"),
            ),
        });
    };
    let name = row.get("work_placement").split_whitespace().collect::<Vec<_>>().join(" ");
    let name = if name.is_empty() { NOT_STATED.to_owned() } else { name };
    Ok((Party::Employer { name, country: country.to_owned() }, None))
}

/// Numbers of a record, in hundredths.
struct Amounts {
    length_study: i32,
    length_work: i32,
    ects_work: i32,
    ects_total: i32,
    sn_supplement: i32,
    study_grant: i32,
    work_grant: i32,
}

impl Amounts {
    fn read(row: &Row<'_>) -> Result<Self, Fault> {
        // Its value follows from the two others; it only has to be a number.
        hundredths(row, "ects_study")?;
        Ok(Self {
            length_study: hundredths(row, "length_study")?,
            length_work: hundredths(row, "length_work")?,
            ects_work: hundredths(row, "ects_work")?,
            ects_total: hundredths(row, "ects_total")?,
            sn_supplement: hundredths(row, "sn_supplement")?,
            study_grant: hundredths(row, "study_grant")?,
            work_grant: hundredths(row, "work_grant")?,
        })
    }
}

fn hundredths(row: &Row<'_>, column: &str) -> Result<i32, Fault> {
    let given = row.get(column);
    let number = given.parse::<Decimal>().ok().map(Decimal::thousandths);
    let exact = number.filter(|thousandths| *thousandths >= 0 && thousandths % 10 == 0);
    exact.and_then(|thousandths| i32::try_from(thousandths / 10).ok()).ok_or_else(|| {
        fault(column, format!("`{given}` is no amount: write a number of at most two decimals, such as 4.50"))
    })
}

type Span = (NaiveDate, NaiveDate);

/// The parts of a stay and its first and last day.
///
/// A combined record has a study and a work part, the work part even when it has no months; a study record with months of work
/// has both; else the one part has all the credits.
fn parts(row: &Row<'_>, kind: Kind, amounts: &Amounts) -> Result<(Vec<Part>, Span), Fault> {
    let (date, length) = match kind {
        Kind::Placement => (("work_start_date"), ("length_work", amounts.length_work)),
        Kind::Study | Kind::Combined => (("study_start_date"), ("length_study", amounts.length_study)),
    };
    let start = month(row, date)?;
    if length.1 == 0 {
        return Err(fault(length.0, "it is 0: write how many months the stay takes"));
    }
    let days = span(start, length.1).ok_or_else(|| fault(length.0, "no stay is as long as this"))?;
    let part = |kind, days, months_hundredths, credits_hundredths| Part {
        kind,
        days,
        months_hundredths,
        credits_hundredths,
    };
    let whole = amounts.length_study + amounts.length_work;
    if kind == Kind::Placement {
        return Ok((vec![part(StayKind::Work, days, whole, amounts.ects_total)], days));
    }
    if kind == Kind::Study && amounts.length_work == 0 {
        return Ok((vec![part(StayKind::Study, days, whole, amounts.ects_total)], days));
    }
    let work_start = match row.get("work_start_date") {
        "" => days.1,
        _ => month(row, "work_start_date")?,
    };
    let work = span(work_start, amounts.length_work)
        .ok_or_else(|| fault("length_work", "no stay is as long as this"))?;
    let study_credits = amounts.ects_total - amounts.ects_work;
    if study_credits < 0 {
        return Err(fault("ects_total", "it is less than ects_work: write the sum of both parts"));
    }
    let both = vec![
        part(StayKind::Study, days, amounts.length_study, study_credits),
        part(StayKind::Work, work, amounts.length_work, amounts.ects_work),
    ];
    Ok((both, (days.0.min(work.0), days.1.max(work.1))))
}

/// First and last day of a stay of so many hundredths of a month; a month that is not whole counts thirty days.
fn span(start: NaiveDate, months_hundredths: i32) -> Option<Span> {
    let months = u32::try_from(months_hundredths / 100).ok()?;
    let days = u64::try_from((months_hundredths % 100) * 30 / 100).ok()?;
    let after = start.checked_add_months(Months::new(months))?.checked_add_days(Days::new(days))?;
    Some((start, after.pred_opt()?.max(start)))
}

/// The first day of a month given as `MM-YYYY`.
fn month(row: &Row<'_>, column: &str) -> Result<NaiveDate, Fault> {
    let given = row.get(column);
    let day = given.split_once('-').and_then(|(month, year)| {
        let digits =
            |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(month, 2) || !digits(year, 4) {
            return None;
        }
        let year = year.parse().ok().filter(|year| (1900..2100).contains(year))?;
        NaiveDate::from_ymd_opt(year, month.parse().ok()?, 1)
    });
    day.ok_or_else(|| fault(column, format!("`{given}` is no month: write it as MM-YYYY, such as 09-2008")))
}

/// What a record says beside its stay, as answers to the questions of an imported call.
fn answers(row: &Row<'_>, kind: Kind, amounts: &Amounts) -> Map<String, Value> {
    let mut answers = Map::new();
    let euro = |hundredths: i32| json!(Decimal::from_thousandths(i64::from(hundredths) * 10).to_string());
    let sums = [
        ("sn_supplement", amounts.sn_supplement),
        ("study_grant", amounts.study_grant),
        ("work_grant", amounts.work_grant),
    ];
    for (name, sum) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
        answers.insert(name.to_owned(), euro(sum));
    }
    let mut texts = vec!["short_duration_reason", "previous_participation"];
    match kind {
        Kind::Placement => texts.push("host_institution"),
        Kind::Study | Kind::Combined => texts.extend(["work_placement", "country_work_placement"]),
    }
    for name in texts {
        if let Some(text) = text(row.get(name)) {
            answers.insert(name.to_owned(), Value::String(text));
        }
    }
    answers
}
