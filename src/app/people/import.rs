//! People from a table: one row each, with their registration; every good row is entered and invited, every bad one is named.
//!
//! Columns, in any order: `given_name, family_name, email, institution, level`, and if wanted `language, nationality, student_no,
//! esi, field, year, credits, languages`. UTF-8 with or without a byte order mark; comma or semicolon. The institution is an Erasmus
//! code or an id, and may be left out by an administrator of just one.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use sojourn_engine::codes;
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::vocabulary::Duty;
use utoipa::ToSchema;

use super::NewPerson;
use crate::access::{Caller, Policy};
use crate::app::institutions::{administers, erasmus_key};
use crate::app::registrations::NewRegistration;
use crate::app::{Answer, App, Error, FieldError, Once, Result, demand};
use crate::clock::Moment;
use crate::store::people as store;
use crate::store::{Tx, institutions};

const NEEDED: &[&str] = &["given_name", "family_name", "email", "level"];
const WANTED: &[&str] =
    &["institution", "language", "nationality", "student_no", "esi", "field", "year", "credits", "languages"];

/// What became of the rows of a table.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct ImportReport {
    /// Rows read, without the header.
    pub read: u64,
    /// People entered and invited.
    pub created: u64,
    /// Rows whose address is known already; nothing is changed.
    pub known: u64,
    /// Rows that were refused.
    pub refused: Vec<RefusedRow>,
}

/// A row that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefusedRow {
    /// Number of the row, 1 = the first after the header.
    pub row: u64,
    /// Column that is wrong; `null` when it is the whole row.
    pub column: Option<String>,
    /// What is wrong and how to mend it.
    pub detail: String,
}

/// A cell that cannot be.
type Fault = (Option<&'static str>, String);

/// Enters the people of a table.
///
/// # Errors
/// [`Error::Invalid`] when the table as a whole cannot be read: its encoding, its columns, or no row at all.
pub async fn import(app: &App, caller: &Caller, once: &Once, table: &[u8]) -> Result<Answer> {
    demand(Policy::Admin, caller)?;
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let tx = app.store.begin().await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let report = enter(app, &tx, &at, caller, &Table::read(table)?).await?;
    let answer = turn.finish(tx, &at, Answer::report(&report)?).await?;
    app.wake.notify_one();
    Ok(answer)
}

/// Enters the people of a table at the command line.
///
/// # Errors
/// As [`import`].
pub async fn import_file(app: &App, table: &[u8]) -> Result<ImportReport> {
    let table = Table::read(table)?;
    let tx = app.store.begin().await?;
    let report = enter(app, &tx, &app.clock.moment(), &Caller::operator(), &table).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(report)
}

async fn enter(app: &App, tx: &Tx, at: &Moment, caller: &Caller, table: &Table) -> Result<ImportReport> {
    let emails: Vec<String> = table.rows.iter().map(|row| super::address(row.get("email"))).collect();
    let known = store::by_email(tx, &emails).await?;
    let mut taken: HashSet<String> = known.into_iter().filter_map(|person| person.email).collect();
    let known = taken.clone();
    let mut places = Places { caller, known: BTreeMap::new() };
    let mut report = ImportReport::default();
    for row in &table.rows {
        report.read += 1;
        let email = super::address(row.get("email"));
        if known.contains(&email) {
            report.known += 1;
            continue;
        }
        let new = match places.of(tx, row.get("institution")).await? {
            Ok(institution) => row.person(institution),
            Err(fault) => Err(fault),
        };
        let twice = || (Some("email"), "this address stands in an earlier row already".to_owned());
        match new.and_then(|new| if taken.insert(email) { Ok(new) } else { Err(twice()) }) {
            Ok(new) => {
                super::enter(app, tx, at, caller, &new).await?;
                report.created += 1;
            }
            Err((column, detail)) => {
                let column = column.map(str::to_owned);
                report.refused.push(RefusedRow { row: report.read, column, detail });
            }
        }
    }
    Ok(report)
}

/// Institutions as a table names them, each looked up once.
struct Places<'a> {
    caller: &'a Caller,
    known: BTreeMap<String, std::result::Result<InstitutionId, Fault>>,
}

impl Places<'_> {
    async fn of(&mut self, tx: &Tx, written: &str) -> Result<std::result::Result<InstitutionId, Fault>> {
        if let Some(known) = self.known.get(written) {
            return Ok(known.clone());
        }
        let found = self.look_up(tx, written).await?;
        self.known.insert(written.to_owned(), found.clone());
        Ok(found)
    }

    async fn look_up(&self, tx: &Tx, written: &str) -> Result<std::result::Result<InstitutionId, Fault>> {
        let fault = |detail: &str| Err((Some("institution"), detail.to_owned()));
        if written.is_empty() {
            let own: Vec<_> = self.caller.duties.iter().filter(|held| held.duty == Duty::Admin).collect();
            return Ok(match own[..] {
                [held] => held.institution.ok_or((Some("institution"), "say which institution".to_owned())),
                _ => fault("say which institution: its Erasmus code, or its id"),
            });
        }
        let found = match written.parse() {
            Ok(id) => institutions::find(tx, id).await?,
            Err(_) => institutions::by_erasmus_key(tx, &erasmus_key(written)).await?,
        };
        let Some(found) = found else { return Ok(fault("no institution has this code")) };
        Ok(match administers(self.caller, found.id) {
            Ok(()) => Ok(found.id),
            Err(_) => fault("you administer another institution"),
        })
    }
}

/// A table whose columns are known.
struct Table {
    rows: Vec<Row>,
}

/// One row: its cells by column, without blanks around them.
struct Row(BTreeMap<&'static str, String>);

impl Table {
    fn read(bytes: &[u8]) -> Result<Self> {
        let fault = |detail: String| Error::Invalid(vec![FieldError::new("", detail)]);
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            fault(format!("line {line} is not UTF-8: save the table as `CSV UTF-8`"))
        })?;
        let header = text.lines().next().unwrap_or_default();
        let semicolon = header.matches(';').count() > header.matches(',').count();
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(if semicolon { b';' } else { b',' })
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let unreadable = |error: csv::Error| fault(format!("the table cannot be read: {error}"));
        let header = reader.headers().map_err(unreadable)?.clone();
        let columns = columns(&header).map_err(fault)?;
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(unreadable)?;
            let cells = columns.iter().zip(&record).map(|(column, cell)| (*column, cell.to_owned()));
            let surplus = record.len() != columns.len();
            let mut row = Row(cells.collect());
            if surplus {
                row.0.insert("", format!("{} cells, but {} columns", record.len(), columns.len()));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            Err(fault("the table has no row below its header".to_owned()))
        } else {
            Ok(Self { rows })
        }
    }
}

/// The known names of the columns, or what is wrong with them.
fn columns(header: &csv::StringRecord) -> std::result::Result<Vec<&'static str>, String> {
    let known: Vec<&'static str> = NEEDED.iter().chain(WANTED).copied().collect();
    let mut columns = Vec::new();
    for name in header {
        let Some(column) = known.iter().find(|column| **column == name.to_lowercase()) else {
            return Err(format!("no column is called `{name}`: there are {}", known.join(", ")));
        };
        if columns.contains(column) {
            return Err(format!("the column `{name}` stands there twice"));
        }
        columns.push(*column);
    }
    match NEEDED.iter().find(|needed| !columns.contains(*needed)) {
        Some(missing) => Err(format!("the column `{missing}` is missing")),
        None => Ok(columns),
    }
}

impl Row {
    fn get(&self, column: &str) -> &str {
        self.0.get(column).map_or("", String::as_str)
    }

    fn optional(&self, column: &str) -> Option<String> {
        Some(self.get(column)).filter(|cell| !cell.is_empty()).map(str::to_owned)
    }

    fn person(&self, institution: InstitutionId) -> std::result::Result<NewPerson, Fault> {
        if let Some(surplus) = self.0.get("") {
            return Err((None, surplus.clone()));
        }
        let registration = self.registration(institution)?;
        Ok(NewPerson {
            given_name: self.checked("given_name", |cell| !cell.is_empty(), "say the given name")?,
            family_name: self.checked("family_name", |cell| !cell.is_empty(), "say the family name")?,
            email: self.checked("email", is_address, "this is no e-mail address")?,
            language: self.fitting("language", codes::is_language, "no BCP 47 tag, such as en or zh-Hant")?,
            nationality: self.fitting("nationality", codes::is_country, "no ISO 3166-1 code, such as TW")?,
            registrations: vec![registration],
            ..NewPerson::default()
        })
    }

    fn registration(&self, institution: InstitutionId) -> std::result::Result<NewRegistration, Fault> {
        let level = self.get("level").to_lowercase().parse();
        let year = |cell: &str| cell.parse::<i16>().is_ok_and(|year| (1..=20).contains(&year));
        let year = self.fitting("year", year, "a whole number from 1 to 20")?;
        let credits = self.get("credits");
        let hundredths = if credits.is_empty() { None } else { Some(hundredths(credits)) };
        let every = |cell: &str| tags(cell).all(codes::is_language_level);
        self.checked("languages", every, "write each as tag:level, such as en:B2, with blanks between")?;
        Ok(NewRegistration {
            institution,
            unit: None,
            student_no: self.optional("student_no"),
            esi: self.optional("esi"),
            level: level
                .map_err(|word: sojourn_engine::vocabulary::UnknownWord| (Some("level"), word.to_string()))?,
            field: self.fitting("field", codes::is_field, "no ISCED-F 2013 code, such as 0613")?,
            year: year.and_then(|year| year.parse().ok()),
            credits_hundredths: hundredths
                .map(|read| read.ok_or((Some("credits"), "a number with at most two decimals".to_owned())))
                .transpose()?,
            languages: tags(self.get("languages")).map(str::to_owned).collect(),
        })
    }

    /// The cell of a column that may be empty.
    fn fitting(
        &self,
        column: &'static str,
        fits: impl Fn(&str) -> bool,
        mend: &str,
    ) -> std::result::Result<Option<String>, Fault> {
        let cell = self.checked(column, |cell| cell.is_empty() || fits(cell), mend)?;
        Ok(Some(cell).filter(|cell| !cell.is_empty()))
    }

    fn checked(
        &self,
        column: &'static str,
        fits: impl Fn(&str) -> bool,
        mend: &str,
    ) -> std::result::Result<String, Fault> {
        let cell = self.get(column);
        if fits(cell) { Ok(cell.to_owned()) } else { Err((Some(column), format!("`{cell}`: {mend}"))) }
    }
}

fn tags(cell: &str) -> impl Iterator<Item = &str> {
    cell.split([' ', '|']).filter(|tag| !tag.is_empty())
}

fn is_address(text: &str) -> bool {
    use validator::ValidateEmail;
    text.len() <= 254 && text.validate_email()
}

/// A decimal number in hundredths, with a point or a comma.
fn hundredths(text: &str) -> Option<i32> {
    let text = text.replace(',', ".");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    if part.len() > 2 || whole.is_empty() {
        return None;
    }
    let whole: i32 = whole.parse().ok().filter(|whole| (0..=100_000).contains(whole))?;
    let part: i32 = if part.is_empty() { 0 } else { format!("{part:0<2}").parse().ok()? };
    Some(whole * 100 + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(table: &[u8]) -> String {
        match Table::read(table) {
            Err(Error::Invalid(errors)) => errors[0].detail.clone(),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("read"),
        }
    }

    #[test]
    fn a_table_with_mark_and_semicolons_reads_as_one_with_commas() {
        let plain =
            Table::read(b"email,given_name,family_name,level\na@b.example,Anna,Berg,first\n").unwrap();
        let marked = Table::read(
            b"\xef\xbb\xbfemail;given_name;family_name;level\r\na@b.example;Anna; Berg ;first\r\n",
        )
        .unwrap();
        assert_eq!(plain.rows[0].0, marked.rows[0].0);
    }

    #[test]
    fn a_table_that_cannot_be_read_is_refused_with_the_place_and_the_mend() {
        assert!(refused(b"").contains("given_name"));
        assert!(refused(b"email,given_name,family_name,level\n").contains("no row"));
        assert!(refused(b"email,colour\n").contains("`colour`"));
        assert!(refused(b"email,email\n").contains("twice"));
        assert!(refused(b"email,given_name,family_name,level\nx,\xe9,y,first\n").contains("line 2"));
    }

    #[test]
    fn credits_are_read_to_the_hundredth() {
        let read = ["60", "27.5", "27,55", "0.0"].map(hundredths);
        assert_eq!(read, [Some(6000), Some(2750), Some(2755), Some(0)]);
        assert!(["", "-1", "1.234", "x", "1e3", "."].into_iter().all(|text| hundredths(text).is_none()));
    }
}
