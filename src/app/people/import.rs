//! People from a table: one row each, with their registration; every good row is entered and invited, every bad one is named.
//!
//! Columns, in any order: `given_name, family_name, email, institution, level`, and if wanted `language, nationality, student_no,
//! esi, field, year, credits, languages`. UTF-8 with or without a byte order mark; comma or semicolon. The institution is an Erasmus
//! code, a ROR id, a SCHAC home organisation or an id, and may be left out by an administrator of just one. What an
//! administrator of one unit enters is registered in that unit.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use sojourn_engine::codes;
use utoipa::ToSchema;

use super::NewPerson;
use crate::access::{Caller, Place, Policy, Seat};
use crate::app::imports::table::{self, Columns, Source, Table, TableError};
use crate::app::institutions::{administers, named};
use crate::app::registrations::NewRegistration;
use crate::app::{Answer, App, Error, FieldError, Once, Result, demand};
use crate::clock::Moment;
use crate::store::Tx;
use crate::store::people as store;

const COLUMNS: Columns = Columns {
    needed: &["given_name", "family_name", "email", "level"],
    wanted: &[
        "institution",
        "language",
        "nationality",
        "student_no",
        "esi",
        "field",
        "year",
        "credits",
        "languages",
    ],
};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
    let report = enter(app, &tx, &at, caller, &read(table)?).await?;
    let answer = turn.finish(tx, &at, Answer::report(&report)?).await?;
    app.wake.notify_one();
    Ok(answer)
}

/// Enters the people of a table at the command line.
///
/// # Errors
/// As [`import`].
pub async fn import_file(app: &App, table: &[u8]) -> Result<ImportReport> {
    let rows = read(table)?;
    let tx = app.store.begin().await?;
    let report = enter(app, &tx, &app.clock.moment(), &Caller::operator(), &rows).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(report)
}

async fn enter(app: &App, tx: &Tx, at: &Moment, caller: &Caller, rows: &[Cells]) -> Result<ImportReport> {
    let emails: Vec<String> = rows.iter().map(|row| super::address(row.get("email"))).collect();
    let known = store::by_email(tx, &emails).await?;
    let mut taken: HashSet<String> = known.into_iter().filter_map(|person| person.email).collect();
    let known = taken.clone();
    let mut places = Places { caller, known: BTreeMap::new() };
    let mut report = ImportReport::default();
    for row in rows {
        report.read += 1;
        let email = super::address(row.get("email"));
        if known.contains(&email) {
            report.known += 1;
            continue;
        }
        let new = match places.of(tx, row.get("institution")).await? {
            Ok(seat) => row.person(seat),
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
    known: BTreeMap<String, std::result::Result<Seat, Fault>>,
}

impl Places<'_> {
    async fn of(&mut self, tx: &Tx, written: &str) -> Result<std::result::Result<Seat, Fault>> {
        if let Some(known) = self.known.get(written) {
            return Ok(known.clone());
        }
        let found = self.look_up(tx, written).await?;
        self.known.insert(written.to_owned(), found.clone());
        Ok(found)
    }

    async fn look_up(&self, tx: &Tx, written: &str) -> Result<std::result::Result<Seat, Fault>> {
        let fault = |detail: &str| Err((Some("institution"), detail.to_owned()));
        let mut own: Vec<Seat> = self.caller.administered().collect();
        if written.is_empty() {
            return Ok(match own[..] {
                [seat] => Ok(seat),
                _ => fault("say which institution: its Erasmus code, ROR id, domain or id"),
            });
        }
        let Some(found) = named(tx, written).await? else {
            return Ok(fault("no institution has this Erasmus code, ROR id, domain or id"));
        };
        if administers(self.caller, &Place::whole(found)).is_ok() {
            return Ok(Ok(Seat { institution: found, unit: None }));
        }
        own.retain(|seat| seat.institution == found);
        Ok(match own[..] {
            [seat] => Ok(seat),
            [] => fault("you administer another institution"),
            [..] => fault("you administer several units of it: invite these people one by one"),
        })
    }
}

/// Reads the rows of a table.
fn read(bytes: &[u8]) -> Result<Vec<Cells>> {
    let fault = |detail: String| Error::Invalid(vec![FieldError::new("", detail)]);
    let told = |error: TableError| fault(error.to_string());
    let table = Table::open(Source::Bytes(bytes.into()), COLUMNS).map_err(told)?;
    let mut rows = table.rows(0).map_err(told)?;
    let mut read = Vec::new();
    while let Some(row) = rows.next().map_err(told)? {
        let cells = COLUMNS.all().map(|column| (column, row.get(column).to_owned()));
        read.push(Cells { cells: cells.collect(), ragged: row.ragged() });
    }
    if read.is_empty() {
        return Err(fault("the table has no row below its header".to_owned()));
    }
    Ok(read)
}

/// One row: its cells by column, without blanks around them.
struct Cells {
    cells: BTreeMap<&'static str, String>,
    ragged: Option<(usize, usize)>,
}

impl Cells {
    fn get(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    fn optional(&self, column: &str) -> Option<String> {
        Some(self.get(column)).filter(|cell| !cell.is_empty()).map(str::to_owned)
    }

    fn person(&self, at: Seat) -> std::result::Result<NewPerson, Fault> {
        if let Some((cells, columns)) = self.ragged {
            return Err((None, format!("{cells} cells, but {columns} columns")));
        }
        let registration = self.registration(at)?;
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

    fn registration(&self, at: Seat) -> std::result::Result<NewRegistration, Fault> {
        let level = self.get("level").to_lowercase().parse();
        let year = |cell: &str| cell.parse::<i16>().is_ok_and(|year| (1..=20).contains(&year));
        let year = self.fitting("year", year, "a whole number from 1 to 20")?;
        let credits = self.get("credits");
        let hundredths = if credits.is_empty() { None } else { Some(hundredths(credits)) };
        let every = |cell: &str| tags(cell).all(codes::is_language_level);
        self.checked("languages", every, "write each as tag:level, such as en:B2, with blanks between")?;
        Ok(NewRegistration {
            institution: at.institution,
            unit: at.unit,
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

/// Credits in hundredths, at most a hundred thousand.
fn hundredths(text: &str) -> Option<i32> {
    table::hundredths(text, 10_000_099)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_read_to_the_hundredth() {
        let read = ["60", "27.5", "27,55", "0.0"].map(hundredths);
        assert_eq!(read, [Some(6000), Some(2750), Some(2755), Some(0)]);
        assert!(
            ["", "-1", "1.234", "x", "1e3", ".", "60.+1"].into_iter().all(|text| hundredths(text).is_none())
        );
    }
}
