//! Tables in files and requests: comma or semicolon, UTF-8 with or without a byte order mark, plain or gzip, read as a stream.
//!
//! A table is read once before anything is imported, so that one that is cut short, damaged or of another kind changes nothing.

use std::fs::File;
use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use csv::{ByteRecord, ReaderBuilder, StringRecord, Trim};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::bounded::{Bounded, UNPACKED};
use super::header::plain;

pub use super::header::{Columns, Headings};

/// Why a table as a whole cannot be imported; each names the place and the mend.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// It cannot be read.
    #[error("{place}: {why}: name a file that you may read")]
    Unreadable {
        /// The file.
        place: String,
        /// What the system said.
        why: String,
    },
    /// There is nothing in it.
    #[error("{place} is empty: its first line must name the columns: {}", .columns.join(", "))]
    Empty {
        /// The file.
        place: String,
        /// The columns there must or may be.
        columns: Vec<&'static str>,
    },
    /// Its compressed data ends too early or is damaged.
    #[error("{place}: the data is cut short or damaged after record {record}: copy the file again")]
    Damaged {
        /// The file.
        place: String,
        /// Records that could be read.
        record: u64,
    },
    /// Some text is not UTF-8.
    #[error("{place}: line {line} is not UTF-8: save the table as `CSV UTF-8`")]
    Encoding {
        /// The file.
        place: String,
        /// Line, 1 = the first.
        line: u64,
    },
    /// Its header is not the one that was asked for.
    #[error("{place}: {what}; the columns are {}", .columns.join(", "))]
    Columns {
        /// The file.
        place: String,
        /// What is wrong with the header.
        what: String,
        /// The columns there must or may be.
        columns: Vec<&'static str>,
    },
    /// It unpacks to too much.
    #[error("{place} unpacks to more than 64 MiB: send a smaller one")]
    TooLarge {
        /// The file.
        place: String,
    },
    /// It is no table as a spreadsheet.
    #[error("{place}: {what}")]
    Sheet {
        /// The file.
        place: String,
        /// What is wrong with it and how to mend it.
        what: String,
    },
}

/// Where the bytes of a table are.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// In memory, as a request brought them.
    Bytes(Arc<[u8]>),
}

/// A table that was read through once and can be imported.
#[derive(Debug, Clone)]
pub struct Table {
    source: Source,
    /// SHA-256 over the bytes as they lie there.
    pub sha256: [u8; 32],
    /// How many records follow the header.
    pub records: u64,
    delimiter: u8,
    /// Name of each column with its place in a record.
    places: Vec<(&'static str, usize)>,
    width: usize,
}

impl Table {
    /// Reads a table through: its hash, its header, its encoding, and how many records it has.
    pub fn open(source: Source, columns: Columns) -> Result<Self, TableError> {
        Self::open_as(source, columns, &Headings::default())
    }

    /// The same for a list that calls its columns otherwise.
    pub fn open_as(source: Source, columns: Columns, headings: &Headings) -> Result<Self, TableError> {
        let sha256 = source.hash().map_err(|fault| source.unreadable(&fault))?;
        let delimiter = source.delimiter(columns)?;
        let mut table = Self { source, sha256, records: 0, delimiter, places: Vec::new(), width: 0 };
        let mut reader = table.reader()?;
        let header = table.header(&mut reader)?;
        table.places = columns.locate(&header, headings).map_err(|what| TableError::Columns {
            place: table.source.place(),
            what,
            columns: columns.all().collect(),
        })?;
        table.width = header.len();
        let mut record = ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(|fault| table.fault(&fault, table.records))? {
            table.records += 1;
            if record.iter().any(|field| std::str::from_utf8(field).is_err()) {
                let line = record.position().map_or(0, csv::Position::line);
                return Err(TableError::Encoding { place: table.source.place(), line });
            }
        }
        Ok(table)
    }

    /// How a table calls its columns, whatever they are.
    pub fn headings(source: Source) -> Result<Vec<String>, TableError> {
        let delimiter = source.delimiter(Columns { needed: &[], wanted: &[] })?;
        let table = Self { source, sha256: [0; 32], records: 0, delimiter, places: Vec::new(), width: 0 };
        let header = table.header(&mut table.reader()?)?;
        Ok(header.iter().map(|heading| plain(heading).to_owned()).collect())
    }

    fn header(&self, reader: &mut csv::Reader<Box<dyn Read + Send>>) -> Result<StringRecord, TableError> {
        let header = reader.byte_headers().map_err(|fault| self.fault(&fault, 0))?.clone();
        let place = || self.source.place();
        StringRecord::from_byte_record(header).map_err(|_| TableError::Encoding { place: place(), line: 1 })
    }

    /// Name of the file, without its folder.
    pub fn name(&self) -> String {
        match &self.source {
            Source::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            Source::Bytes(_) => self.source.place(),
        }
    }

    /// Where a column stands in a record, 0 = first.
    pub fn at(&self, column: &str) -> Option<usize> {
        self.places.iter().find(|(name, _)| *name == column).map(|(_, at)| *at)
    }

    /// The records after the first `skip`, as a stream.
    pub fn rows(&self, skip: u64) -> Result<Rows<'_>, TableError> {
        let mut rows = Rows { table: self, reader: self.reader()?, number: 0 };
        while rows.number < skip && rows.next()?.is_some() {}
        Ok(rows)
    }

    fn reader(&self) -> Result<csv::Reader<Box<dyn Read + Send>>, TableError> {
        let bytes = self.source.bytes().map_err(|fault| self.source.unreadable(&fault))?;
        Ok(ReaderBuilder::new()
            .delimiter(self.delimiter)
            .flexible(true)
            .trim(Trim::Headers)
            .from_reader(bytes))
    }

    fn fault(&self, fault: &csv::Error, record: u64) -> TableError {
        match fault.kind() {
            csv::ErrorKind::Io(io) => self.source.fault(io, record),
            _ => TableError::Damaged { place: self.source.place(), record },
        }
    }
}

/// The records of a table, one after another.
pub struct Rows<'t> {
    table: &'t Table,
    reader: csv::Reader<Box<dyn Read + Send>>,
    number: u64,
}

impl std::fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("table", &self.table.source).field("number", &self.number).finish()
    }
}

impl<'t> Rows<'t> {
    /// The next record; `None` after the last.
    #[expect(
        clippy::should_implement_trait,
        reason = "a fault of the file ends the reading, which an iterator cannot say"
    )]
    pub fn next(&mut self) -> Result<Option<Row<'t>>, TableError> {
        let mut record = StringRecord::new();
        let more = self.reader.read_record(&mut record);
        if !more.map_err(|fault| self.table.fault(&fault, self.number))? {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(Row { table: self.table, record, number: self.number }))
    }
}

/// One record.
#[derive(Debug)]
pub struct Row<'t> {
    table: &'t Table,
    record: StringRecord,
    /// 1 = the first after the header.
    pub number: u64,
}

impl Row<'_> {
    /// Text of a column without blanks at its ends; empty when the table has no such column.
    pub fn get(&self, column: &str) -> &str {
        self.raw(column).trim()
    }

    /// Text of a column as it stands there.
    pub fn raw(&self, column: &str) -> &str {
        self.table.at(column).and_then(|at| self.record.get(at)).unwrap_or_default()
    }

    /// How many fields the record and its header have, when they differ.
    pub fn ragged(&self) -> Option<(usize, usize)> {
        (self.record.len() != self.table.width).then_some((self.record.len(), self.table.width))
    }
}

impl Source {
    fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Bytes(_) => "the table".to_owned(),
        }
    }

    fn unreadable(&self, fault: &io::Error) -> TableError {
        let why = match fault.kind() {
            ErrorKind::NotFound => "there is no such file".to_owned(),
            ErrorKind::IsADirectory => "this is a folder".to_owned(),
            _ => fault.to_string(),
        };
        TableError::Unreadable { place: self.place(), why }
    }

    fn raw(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::File(path) => Box::new(open(path)?),
            Self::Bytes(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
        })
    }

    fn hash(&self) -> io::Result<[u8; 32]> {
        let mut bytes = self.raw()?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match bytes.read(&mut buffer)? {
                0 => return Ok(hash.finalize().into()),
                read => hash.update(&buffer[..read]),
            }
        }
    }

    /// The text, unpacked when it begins as gzip does (RFC 1952 §2.3.1).
    fn bytes(&self) -> io::Result<Box<dyn Read + Send>> {
        let mut head = [0; 2];
        let packed = self.raw()?.read(&mut head)? == 2 && head == [0x1f, 0x8b];
        let raw = self.raw()?;
        Ok(match self {
            _ if !packed => raw,
            Self::File(_) => Box::new(BufReader::new(MultiGzDecoder::new(raw))),
            // Nobody on this machine has chosen it.
            Self::Bytes(_) => Box::new(BufReader::new(Bounded::new(MultiGzDecoder::new(raw), UNPACKED))),
        })
    }

    /// All of the text, unpacked.
    pub fn text(&self) -> Result<Vec<u8>, TableError> {
        let mut text = Vec::new();
        let read = self.bytes().and_then(|mut bytes| bytes.read_to_end(&mut text));
        read.map(|_| text).map_err(|fault| self.fault(&fault, 0))
    }

    fn fault(&self, fault: &io::Error, record: u64) -> TableError {
        match fault.kind() {
            ErrorKind::FileTooLarge => TableError::TooLarge { place: self.place() },
            ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput => {
                TableError::Damaged { place: self.place(), record }
            }
            _ => self.unreadable(fault),
        }
    }

    /// What separates the names of the first line.
    fn delimiter(&self, columns: Columns) -> Result<u8, TableError> {
        let mut head = Vec::new();
        let read = self.bytes().and_then(|text| text.take(1 << 14).read_to_end(&mut head));
        read.map_err(|fault| self.fault(&fault, 0))?;
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if line.iter().all(u8::is_ascii_whitespace) {
            return Err(TableError::Empty { place: self.place(), columns: columns.all().collect() });
        }
        let parts = |separator| line.split(|byte| *byte == separator).count();
        Ok(if parts(b';') > parts(b',') { b';' } else { b',' })
    }
}

fn open(path: &Path) -> io::Result<BufReader<File>> {
    Ok(BufReader::with_capacity(1 << 16, File::open(path)?))
}

/// A decimal number from 0 to `highest` hundredths with at most two decimals, in hundredths; written with a point or a comma.
pub fn hundredths(text: &str, highest: i32) -> Option<i32> {
    let text = text.replace(',', ".");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > 2 || !digits(whole) || !digits(part) {
        return None;
    }
    let number = format!("{whole}{part:0<2}").parse().ok()?;
    (0..=highest).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: Columns = Columns { needed: &["name", "country"], wanted: &["zone"] };

    fn table(bytes: &[u8]) -> Result<Table, TableError> {
        Table::open(Source::Bytes(bytes.into()), COLUMNS)
    }

    fn cells(bytes: &[u8]) -> Vec<String> {
        let table = table(bytes).unwrap();
        let mut rows = table.rows(0).unwrap();
        let row = rows.next().unwrap().unwrap();
        ["name", "country", "zone"].map(|column| row.get(column).to_owned()).to_vec()
    }

    #[test]
    fn a_table_with_mark_semicolons_or_compression_reads_as_one_with_commas() {
        let plain = cells(b"name,country\nAarhus, DK \n");
        assert_eq!(plain, ["Aarhus", "DK", ""]);
        assert_eq!(plain, cells(b"\xef\xbb\xbfName;Country\r\nAarhus;DK\r\n"));
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut packed, b"country,name\nDK,Aarhus\n").unwrap();
        assert_eq!(plain, cells(&packed.finish().unwrap()));
    }

    #[test]
    fn a_table_that_cannot_be_read_is_refused_with_the_place_and_the_mend() {
        let told = |bytes: &[u8]| table(bytes).unwrap_err().to_string();
        assert!(told(b"").contains("name, country, zone"));
        assert!(told(b"name,colour\n").contains("`colour`"));
        assert!(told(b"name,name,country\n").contains("twice"));
        assert!(told(b"name,zone\n").contains("`country` is missing"));
        assert!(told(b"name,country\nx,DK\n\xe9,DK\n").contains("line 3 is not UTF-8"));
        assert!(told(b"\x1f\x8b\x08\x00 cut short").contains("copy the file again"));
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let line = vec![b'x'; 1 << 20];
        (0..70).for_each(|_| io::Write::write_all(&mut packed, &line).unwrap());
        assert!(told(&packed.finish().unwrap()).contains("more than 64 MiB"));
    }

    #[test]
    fn a_record_of_another_width_is_told_and_those_after_it_are_read() {
        let table = table(b"name,country\nx\ny,DK\n").unwrap();
        let mut rows = table.rows(0).unwrap();
        assert_eq!(rows.next().unwrap().unwrap().ragged(), Some((1, 2)));
        assert_eq!(rows.next().unwrap().unwrap().ragged(), None);
        assert_eq!(table.rows(1).unwrap().next().unwrap().unwrap().number, 2);
    }
}
