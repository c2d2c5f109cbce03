//! Spreadsheets as their programs write them, small enough to be read here.

use std::io::{Cursor, Write};

use zip::write::{SimpleFileOptions, ZipWriter};

/// The media type of one.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

const TYPES: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#;
const ROOT: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Notes" sheetId="2" state="hidden" r:id="rId2"/><sheet name="Partners" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const PARTS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet2.xml"/></Relationships>"#;
/// The second format of a cell is a day.
const STYLES: &str = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>"#;
const SHEET: &str = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#;

/// What stands in a cell.
#[derive(Debug, Clone, Copy)]
pub enum Cell {
    Text(&'static str),
    Number(f64),
    /// A number that is shown as a day.
    Day(u32),
    /// A formula with what it shows.
    Formula(&'static str, f64),
    Error(&'static str),
    Nothing,
}

impl Cell {
    fn xml(self, name: &str) -> String {
        match self {
            Self::Text(text) => format!(r#"<c r="{name}" t="inlineStr"><is><t>{text}</t></is></c>"#),
            Self::Number(number) => format!(r#"<c r="{name}"><v>{number}</v></c>"#),
            Self::Day(number) => format!(r#"<c r="{name}" s="1"><v>{number}</v></c>"#),
            Self::Formula(text, shows) => format!(r#"<c r="{name}"><f>{text}</f><v>{shows}</v></c>"#),
            Self::Error(text) => format!(r#"<c r="{name}" t="e"><v>{text}</v></c>"#),
            Self::Nothing => String::new(),
        }
    }
}

/// A workbook whose shown sheet has these rows from the first on, and these cells merged.
pub fn workbook(rows: &[Vec<Cell>], merged: &[&str]) -> Vec<u8> {
    let rows: Vec<String> = (1..).zip(rows).map(|(number, cells)| row(number, cells)).collect();
    let merged: Vec<String> = merged.iter().map(|of| format!(r#"<mergeCell ref="{of}"/>"#)).collect();
    let merged = match merged.concat() {
        none if none.is_empty() => none,
        cells => format!("<mergeCells>{cells}</mergeCells>"),
    };
    let sheet = format!("{SHEET}<sheetData>{}</sheetData>{merged}</worksheet>", rows.concat());
    packed(&[("xl/worksheets/sheet1.xml", sheet.as_bytes())])
}

fn row(number: usize, cells: &[Cell]) -> String {
    let name = |letter: char| format!("{letter}{number}");
    let cells: String = ('A'..='Z').zip(cells).map(|(letter, cell)| cell.xml(&name(letter))).collect();
    format!(r#"<row r="{number}">{cells}</row>"#)
}

/// A workbook with parts of one's own beside those that every one has.
pub fn packed(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let hidden =
        format!("{SHEET}<sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row></sheetData></worksheet>");
    let usual = [
        ("[Content_Types].xml", TYPES),
        ("_rels/.rels", ROOT),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", PARTS),
        ("xl/styles.xml", STYLES),
        ("xl/worksheets/sheet2.xml", hidden.as_str()),
    ];
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, content) in
        usual.iter().map(|(name, text)| (*name, text.as_bytes())).chain(parts.iter().copied())
    {
        archive.start_file(name, options).expect("a part begins");
        archive.write_all(content).expect("a part is written");
    }
    archive.finish().expect("the archive ends").into_inner()
}
