//! Institutions from a table: what is not known is entered, what came unverified with imported history gets its name.
//!
//! Rows are matched by Erasmus code, ROR id or SCHAC home organisation. Published lists of charter holders are read as they are.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use chrono_tz::Tz;
use serde::Serialize;
use serde_json::Value;
use sojourn_engine::codes;
use sojourn_engine::ids::InstitutionId;
use sojourn_engine::vocabulary::{Deed, InstitutionKind, Matter, UnknownWord};

use super::{Institution, InstitutionView, new, store};
use crate::access::Caller;
use crate::app::audit::{self, Deeds};
use crate::app::imports::ImportError;
use crate::app::imports::countries::Countries;
use crate::app::imports::table::{Columns, Row, Source, Table, TableError};
use crate::app::people::RefusedRow;
use crate::app::{App, Error, Result};
use crate::clock::Moment;

/// How the columns of a table of institutions are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    /// As in the service: `name, country`, and if wanted `kind, zone, language, erasmus_code, ror_id, schac`.
    Table,
    /// Holders of an Erasmus University Charter 2007–2013.
    Euc,
    /// Holders of an Erasmus Charter for Higher Education 2021–2027.
    Eche,
}

const TABLE: Columns = Columns {
    needed: &["name", "country"],
    wanted: &["kind", "zone", "language", "erasmus_code", "ror_id", "schac"],
};
const EUC: Columns = Columns {
    needed: &["institutional_code", "organisation_name", "country"],
    wanted: &["application_reference_number", "city", "code"],
};
const ECHE: Columns = Columns {
    needed: &["erasmus_code", "legal_name", "country_cd"],
    wanted: &[
        "proposal_number",
        "pic",
        "oid",
        "street",
        "post_cd",
        "city",
        "website_url",
        "erasmus_eche_start",
        "erasmus_eche_end",
    ],
};

impl Mapping {
    const fn columns(self) -> Columns {
        match self {
            Self::Table => TABLE,
            Self::Euc => EUC,
            Self::Eche => ECHE,
        }
    }

    /// The column of a list that says what a column of the service's own says.
    fn column(self, own: &'static str) -> &'static str {
        match (self, own) {
            (Self::Euc, "name") => "organisation_name",
            (Self::Euc, "erasmus_code") => "institutional_code",
            (Self::Eche, "name") => "legal_name",
            (Self::Eche, "country") => "country_cd",
            (Self::Table | Self::Euc | Self::Eche, own) => own,
        }
    }

    /// What somebody is to the alliance of whom the table does not say it.
    const fn kind(self) -> InstitutionKind {
        match self {
            Self::Table => InstitutionKind::Member,
            Self::Euc | Self::Eche => InstitutionKind::Partner,
        }
    }
}

/// What became of the rows of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows read, without the header.
    pub read: u64,
    /// Institutions entered.
    pub created: u64,
    /// Institutions that were unverified and now have name and country.
    pub verified: u64,
    /// Institutions that were known; nothing of them is changed.
    pub known: u64,
    /// Rows that were refused.
    pub refused: Vec<RefusedRow>,
}

/// Enters the institutions of a file.
///
/// # Errors
/// [`ImportError::Table`] when the file as a whole cannot be read; a row that is wrong is part of the report.
pub async fn import_file(app: &App, path: &Path, mapping: Mapping) -> Result<Report, ImportError> {
    let table = Table::open(source(path, mapping)?, mapping.columns())?;
    let countries = Countries::shipped()?;
    let at = app.clock.moment();
    let tx = app.store.begin().await.map_err(Error::from)?;
    let known = store::coded(&tx).await.map_err(Error::from)?;
    let mut entry = Entry {
        mapping,
        countries,
        at,
        codes: HashMap::new(),
        report: Report::default(),
        change: Change::default(),
    };
    for row in &known {
        entry.note(row);
    }
    let known: HashMap<_, _> = known.into_iter().map(|row| (row.id, row)).collect();
    let mut rows = table.rows(0)?;
    while let Some(row) = rows.next()? {
        entry.take(&row, &known);
    }
    let Entry { report, change, at, .. } = entry;
    let created = change.new.iter().map(|row| {
        let deed = Deeds::new(Deed::Create, Matter::Institution, row.id).at(row.id);
        deed.with(&InstitutionView::from(row.clone()))
    });
    let deeds: Result<Vec<_>, Error> = created.collect();
    store::add_many(&tx, change.new).await.map_err(Error::from)?;
    audit::note_all(deeds?, &tx, &at, &Caller::operator()).await?;
    for row in change.verified {
        store::replace(&tx, row).await.map_err(Error::from)?;
    }
    tx.commit().await.map_err(Error::from)?;
    Ok(report)
}

/// What a table changes.
#[derive(Debug, Default)]
struct Change {
    new: Vec<Institution>,
    verified: Vec<Institution>,
}

/// A table on its way in.
struct Entry {
    mapping: Mapping,
    countries: Countries,
    at: Moment,
    /// Who has which code, by column and code.
    codes: HashMap<(&'static str, String), InstitutionId>,
    report: Report,
    change: Change,
}

impl Entry {
    fn note(&mut self, row: &Institution) {
        for code in codes_of(row) {
            self.codes.insert(code, row.id);
        }
    }

    fn take(&mut self, row: &Row<'_>, known: &HashMap<InstitutionId, Institution>) {
        self.report.read += 1;
        let stated = match self.read(row) {
            Ok(stated) => stated,
            Err((column, detail)) => {
                let column = column.map(|own| self.mapping.column(own).to_owned());
                self.report.refused.push(RefusedRow { row: row.number, column, detail });
                return;
            }
        };
        let met = codes_of(&stated).find_map(|code| self.codes.get(&code).copied());
        match met {
            None => {
                self.note(&stated);
                self.change.new.push(stated);
                self.report.created += 1;
            }
            Some(id) => match known.get(&id).filter(|row| row.unverified) {
                Some(row) if self.change.verified.iter().all(|done| done.id != id) => {
                    let verified = Institution {
                        name: stated.name,
                        country: stated.country,
                        zone: stated.zone,
                        unverified: false,
                        version: row.version + 1,
                        ..row.clone()
                    };
                    self.change.verified.push(verified);
                    self.report.verified += 1;
                }
                _ => self.report.known += 1,
            },
        }
    }

    /// The institution a row states.
    fn read(&self, row: &Row<'_>) -> std::result::Result<Institution, Fault> {
        if let Some((cells, columns)) = row.ragged() {
            return Err((None, format!("{cells} cells, but {columns} columns")));
        }
        let cell = |own: &'static str| row.get(self.mapping.column(own));
        let checked = |own: &'static str, fits: fn(&str) -> bool, mend: &str| match cell(own) {
            "" => Ok(None),
            text if fits(text) => Ok(Some(text.to_owned())),
            text => Err((Some(own), format!("`{text}`: {mend}"))),
        };
        let name = cell("name");
        if name.is_empty() || name.chars().count() > 200 {
            return Err((Some("name"), "write a name of 1 to 200 characters".to_owned()));
        }
        let country = self.countries.iso(cell("country"));
        let country = country.ok_or_else(|| {
            (Some("country"), format!("`{}`: write an ISO 3166-1 code, such as TW", cell("country")))
        })?;
        let kind = match cell("kind") {
            "" => self.mapping.kind(),
            text => {
                text.to_lowercase().parse().map_err(|word: UnknownWord| (Some("kind"), word.to_string()))?
            }
        };
        let zone =
            checked("zone", |zone| zone.parse::<Tz>().is_ok(), "write an IANA zone such as Asia/Taipei")?;
        let zone = zone.or_else(|| self.countries.zone(country).map(str::to_owned)).ok_or_else(|| {
            (Some("zone"), format!("{country} has several: write an IANA zone such as America/New_York"))
        })?;
        let language = checked("language", codes::is_language, "write a BCP 47 tag such as en or zh-Hant")?;
        let erasmus_code =
            checked("erasmus_code", codes::is_erasmus_code, "write a code such as `D  BERLIN01`")?;
        let ror_id =
            checked("ror_id", codes::is_ror_id, "write its last nine characters, such as 05bqach95")?;
        let schac =
            checked("schac", codes::is_schac, "write a domain name in lower case, such as ntu.edu.tw")?;
        Ok(new(self.at.id(), self.at.now, |institution| {
            institution.kind = kind;
            name.clone_into(&mut institution.name);
            country.clone_into(&mut institution.country);
            institution.zone = zone;
            institution.language = language.unwrap_or_else(|| "en".to_owned());
            institution.erasmus_code = erasmus_code;
            institution.ror_id = ror_id;
            institution.schac = schac;
        }))
    }
}

/// Column and reason of a row that cannot be.
type Fault = (Option<&'static str>, String);

fn codes_of(row: &Institution) -> impl Iterator<Item = (&'static str, String)> + use<> {
    let codes = [("erasmus_code", &row.erasmus_key), ("ror_id", &row.ror_id), ("schac", &row.schac)];
    codes.map(|(column, code)| code.clone().map(|code| (column, code))).into_iter().flatten()
}

/// A file as it is, or one of objects in JSON as the table they make.
fn source(path: &Path, mapping: Mapping) -> Result<Source, ImportError> {
    let file = Source::File(path.to_owned());
    let text = file.text()?;
    if !text.trim_ascii_start().starts_with(b"[") {
        return Ok(file);
    }
    let objects: Vec<BTreeMap<String, Value>> = serde_json::from_slice(&text).map_err(|fault| {
        let why = format!("no list of objects in JSON: {fault}");
        TableError::Unreadable { place: path.display().to_string(), why }
    })?;
    let columns: Vec<&str> = mapping.columns().all().collect();
    let mut table = csv::Writer::from_writer(Vec::new());
    let cell = |object: &BTreeMap<String, Value>, column: &str| match object.get(column) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let internal = |fault: Box<dyn std::error::Error + Send + Sync>| Error::Internal(fault);
    table.write_record(&columns).map_err(|fault| internal(fault.into()))?;
    for object in &objects {
        let cells = columns.iter().map(|column| cell(object, column));
        table.write_record(cells).map_err(|fault| internal(fault.into()))?;
    }
    let bytes = table.into_inner().map_err(|fault| internal(fault.to_string().into()))?;
    Ok(Source::Bytes(bytes.into()))
}
