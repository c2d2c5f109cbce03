//! Spreadsheets (XLSX, ECMA-376) as tables: the first sheet that is shown, from its first row with something in it.
//!
//! What no table can hold is named by its cell: a formula, a merged cell, an error. A file that unpacks to far too much, or says
//! more of itself than it holds, is refused before it is read.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use calamine::{DataRef, Dimensions, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError};
use zip::ZipArchive;

use super::bounded::{Bounded, UNPACKED};
use super::table::{Source, TableError};

/// The most rows of a sheet.
pub const ROWS: u32 = 20_000;
/// The most columns of a sheet.
const COLUMNS: u32 = 256;
/// The most merged cells of a sheet.
const MERGED: usize = 1_000;
/// The most parts of a file.
const PARTS: usize = 2_000;
/// What strings of a sheet say of their own number.
const COUNT: &str = "uniqueCount";

const DAMAGED: &str = "it is damaged: open it in your spreadsheet, save it anew, and send that";
const LOCKED: &str = "it is an old workbook, or one with a password: save it as XLSX without a password";

/// A sheet as a table.
#[derive(Debug)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// What its cells show, as CSV; days are written as ISO 8601 has them.
    pub source: Source,
    /// Row of the header, 0 = first.
    header: u32,
    /// What stands in cells that hold no value of their own, by row and column.
    flaws: BTreeMap<(u32, u32), String>,
    merged: Vec<Dimensions>,
}

/// Whether bytes begin as a ZIP archive does, which a spreadsheet is.
pub fn is_sheet(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

impl Sheet {
    /// Reads the first sheet that is shown.
    ///
    /// # Errors
    /// [`TableError::Sheet`] for what is no workbook, holds too much, or has a header that is none.
    pub fn read(bytes: Arc<[u8]>) -> Result<Self, TableError> {
        let place = || "the table".to_owned();
        if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
            return Err(TableError::Sheet { place: place(), what: LOCKED.to_owned() });
        }
        unpack(&bytes).map_err(|flaw| flaw.told(place()))?;
        // What a hostile file makes the reader of workbooks stumble over is a fault of the file.
        let read = catch_unwind(AssertUnwindSafe(|| Cells::read(bytes)));
        let cells = read.unwrap_or_else(|_| Err(Flaw::damaged())).map_err(|flaw| flaw.told(place()))?;
        cells.table().map_err(|flaw| flaw.told(place()))
    }

    /// Why a cell has no value, by the number of its row (1 = the first after the header) and its column (0 = first).
    pub fn flaw(&self, row: u64, column: usize) -> Option<String> {
        let row = self.header.checked_add(u32::try_from(row).ok()?)?;
        flaw(&self.flaws, &self.merged, row, u32::try_from(column).ok()?)
    }
}

fn flaw(
    flaws: &BTreeMap<(u32, u32), String>,
    merged: &[Dimensions],
    row: u32,
    column: u32,
) -> Option<String> {
    let region = merged.iter().find(|region| region.contains(row, column));
    let within = |region: &Dimensions| {
        let (from, to) = (cell(region.start), cell(region.end));
        format!("the cells {from} to {to} are merged: split them, and write the value into each")
    };
    region.map(within).or_else(|| flaws.get(&(row, column)).cloned())
}

/// The name of a cell as spreadsheets show it: `C7`.
fn cell((row, column): (u32, u32)) -> String {
    let mut letters = Vec::new();
    let mut left = u64::from(column) + 1;
    while left > 0 {
        let letter = u8::try_from((left - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + letter));
        left = (left - 1) / 26;
    }
    let column: String = letters.into_iter().rev().collect();
    format!("{column}{}", u64::from(row) + 1)
}

/// Why a workbook cannot be read.
#[derive(Debug)]
enum Flaw {
    Told(String),
    TooLarge,
}

impl Flaw {
    fn damaged() -> Self {
        Self::Told(DAMAGED.to_owned())
    }

    fn told(self, place: String) -> TableError {
        match self {
            Self::Told(what) => TableError::Sheet { place, what },
            Self::TooLarge => TableError::TooLarge { place },
        }
    }
}

impl From<XlsxError> for Flaw {
    fn from(error: XlsxError) -> Self {
        match error {
            XlsxError::Password => Self::Told(LOCKED.to_owned()),
            _ => Self::damaged(),
        }
    }
}

/// Unpacks every part once and keeps none, so that what is read later is known to be small and to be what it says.
fn unpack(bytes: &[u8]) -> Result<(), Flaw> {
    let damaged = |_| Flaw::damaged();
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if archive.len() > PARTS {
        return Err(Flaw::Told(
            "it has more than 2000 parts: save the one sheet as a file of its own".to_owned(),
        ));
    }
    let mut left = UNPACKED;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(damaged)?;
        let strings = part.name().map_err(damaged)?.to_ascii_lowercase().ends_with("sharedstrings.xml");
        let mut part = Bounded::new(part, left);
        let mut text = Vec::new();
        let read = if strings {
            part.read_to_end(&mut text).map(|read| read as u64)
        } else {
            io::copy(&mut part, &mut io::sink())
        };
        left -= read.map_err(|fault| match fault.kind() {
            io::ErrorKind::FileTooLarge => Flaw::TooLarge,
            _ => Flaw::damaged(),
        })?;
        if strings && !is_honest(&text) {
            return Err(Flaw::damaged());
        }
    }
    Ok(())
}

/// Whether strings are no more than the part that holds them could hold: their reader makes room for as many as they say.
fn is_honest(strings: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(strings) else { return false };
    if text.contains(|letter: char| letter.is_ascii_control() && !letter.is_ascii_whitespace()) {
        return false;
    }
    text.split(COUNT).skip(1).all(|after| {
        let after =
            after.trim_start_matches(|letter: char| letter.is_whitespace() || "='\"".contains(letter));
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        digits.is_empty() || digits.parse::<usize>().is_ok_and(|count| count <= strings.len())
    })
}

/// What stands in a sheet.
#[derive(Debug)]
struct Cells {
    name: String,
    texts: BTreeMap<u32, BTreeMap<u32, String>>,
    flaws: BTreeMap<(u32, u32), String>,
    merged: Vec<Dimensions>,
}

impl Cells {
    fn read(bytes: Arc<[u8]>) -> Result<Self, Flaw> {
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes))?;
        let shown = |sheet: &&calamine::Sheet| {
            sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible
        };
        let name = book.sheets_metadata().iter().find(shown).map(|sheet| sheet.name.clone());
        let name =
            name.ok_or_else(|| Flaw::Told("it shows no sheet: show the one with the list".to_owned()))?;
        let merged = book.merge_cells_by_sheet_name(&name)?;
        if merged.len() > MERGED {
            let told = "it has more than 1000 merged cells: split them, and write the value into each";
            return Err(Flaw::Told(told.to_owned()));
        }
        let mut cells = Self { name, texts: BTreeMap::new(), flaws: BTreeMap::new(), merged };
        let name = cells.name.clone();
        let mut reader = book.worksheet_cells_reader(&name)?;
        let mut left = UNPACKED;
        while let Some(found) = reader.next_cell_with_formula_metadata()? {
            cells.take(found.pos, &found.value, found.formula.is_some(), &mut left)?;
        }
        Ok(cells)
    }

    fn take(
        &mut self,
        (row, column): (u32, u32),
        value: &DataRef<'_>,
        formula: bool,
        left: &mut u64,
    ) -> Result<(), Flaw> {
        let text = match value {
            DataRef::Error(error) => {
                let told = format!("{} shows {error}: write the value", cell((row, column)));
                self.flaws.insert((row, column), told);
                error.to_string()
            }
            value => text(value),
        };
        if text.trim().is_empty() && !formula {
            return Ok(());
        }
        if formula {
            let told = format!("{} is a formula: write what it shows, as a value", cell((row, column)));
            self.flaws.insert((row, column), told);
        }
        let first = self.texts.first_key_value().map_or(row, |(first, _)| *first);
        let last = self.texts.last_key_value().map_or(row, |(last, _)| *last);
        if last.max(row) - first.min(row) > ROWS {
            return Err(Flaw::Told("it has more than 20000 rows: split the list".to_owned()));
        }
        if column >= COLUMNS {
            return Err(Flaw::Told("it has more than 256 columns: keep those that are asked for".to_owned()));
        }
        // One text may stand in many cells.
        *left = left.checked_sub(text.len() as u64).ok_or(Flaw::TooLarge)?;
        self.texts.entry(row).or_default().insert(column, text);
        Ok(())
    }

    /// The rows from the first that has something in it, those between that have nothing too, so that numbers stay right.
    fn table(self) -> Result<Sheet, Flaw> {
        let Self { name, texts, flaws, merged } = self;
        let mut table = csv::Writer::from_writer(Vec::new());
        let rows = texts.first_key_value().zip(texts.last_key_value());
        let (header, rows) = rows.map_or((0, 0..0), |((first, _), (last, _))| (*first, *first..*last + 1));
        let width = width(&texts, header..header + 1);
        if let Some(told) = (0..width).find_map(|column| flaw(&flaws, &merged, header, column)) {
            return Err(Flaw::Told(told));
        }
        for row in rows {
            let cells = texts.get(&row);
            let cell = |column| cells.and_then(|cells| cells.get(&column)).map_or("", String::as_str);
            let width = width.max(self::width(&texts, row..row + 1));
            table.write_record((0..width).map(cell)).map_err(|_| Flaw::damaged())?;
        }
        let bytes = table.into_inner().map_err(|_| Flaw::damaged())?;
        Ok(Sheet { name, source: Source::Bytes(bytes.into()), header, flaws, merged })
    }
}

/// How many columns rows have, up to the last with something in it.
fn width(texts: &BTreeMap<u32, BTreeMap<u32, String>>, rows: Range<u32>) -> u32 {
    let last = |cells: &BTreeMap<u32, String>| cells.last_key_value().map_or(0, |(column, _)| column + 1);
    texts.range(rows).map(|(_, cells)| last(cells)).max().unwrap_or_default()
}

/// What a cell shows, days as ISO 8601 has them.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(holds) => holds.to_string(),
        DataRef::DateTime(moment) => day(moment),
        DataRef::DateTimeIso(text) => text.strip_suffix("T00:00:00").unwrap_or(text).to_owned(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

fn day(moment: &ExcelDateTime) -> String {
    if moment.is_duration() {
        return moment.as_f64().to_string();
    }
    match moment.to_ymd_hms_milli() {
        (year, month, day, 0, 0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
        (year, month, day, hour, minute, second, _) => {
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_called_as_spreadsheets_call_it() {
        let names = [(0, 0), (6, 2), (9, 25), (0, 26), (0, 701), (0, 702)].map(cell);
        assert_eq!(names, ["A1", "C7", "Z10", "AA1", "ZZ1", "AAA1"]);
    }

    #[test]
    fn strings_that_say_they_are_more_than_they_can_be_are_not_believed() {
        assert!(is_honest(b"<sst count=\"9\" uniqueCount=\"2\"><si/><si/></sst>"));
        assert!(!is_honest(b"<sst uniqueCount = '99999999999'><si/></sst>"));
        assert!(!is_honest(b"<sst uniqueCount=\"99999999999999999999999999\"/>"));
        assert!(!is_honest(b"<\0s\0s\0t\0"));
    }
}
