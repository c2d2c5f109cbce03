//! Places from a partner list: a table or a spreadsheet, one row for each partner, direction, level, field and period.
//!
//! A row finds the agreement that covers it, or writes one as a draft of the own side, and its line there; the capacity that the
//! list states is posted as the difference to what stands. All rows come in or none: what cannot be is named by row and column.
//! The places it counts as taken are compared alone: the ledger equals the cases.

mod map;
mod partners;
mod periods;
mod plan;
mod report;
mod row;
mod strange;
mod windows;
mod write;

use std::sync::Arc;

use sojourn_engine::ids::InstitutionId;
use sojourn_engine::vocabulary::InstitutionKind;

use self::partners::Partners;
use self::plan::Plan;
use self::row::{Fault, Wish};
use self::strange::Strange;
use crate::access::{Caller, Place};
use crate::app::imports::countries::Countries;
use crate::app::imports::sheet::{ROWS, Sheet, is_sheet};
use crate::app::imports::table::{Row, Source, Table, TableError};
use crate::app::institutions::named;
use crate::app::people::RefusedRow;
use crate::app::{Answer, App, Error, FieldError, Once, Result, coordinates};
use crate::clock::Moment;
use crate::store::{Conn, institutions};

pub use map::{LONGEST as LONGEST_MAP, Map};
pub use report::{AgreementEntry, CountedEntry, LineEntry, PartnerEntry, PlacesImport, WindowEntry};
pub use strange::StrangeEntry;
pub use windows::{TERMS, month_day};

/// The largest list, in bytes.
pub const LARGEST: usize = 10 * 1024 * 1024;
/// Faults that are told.
const TOLD: usize = 5_000;

/// In which form a list comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As text: comma or semicolon, plain or gzip.
    Table,
    /// As a spreadsheet (XLSX).
    Sheet,
}

impl Form {
    /// The form that bytes have.
    pub fn of(bytes: &[u8]) -> Self {
        if is_sheet(bytes) { Self::Sheet } else { Self::Table }
    }
}

/// How a list is taken over.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// The own side: an Erasmus code, a ROR id, a SCHAC home organisation or an id.
    pub institution: String,
    /// What the list calls its columns and values, in TOML.
    pub columns: Option<String>,
    /// Nothing is written.
    pub dry_run: bool,
    /// Partners whom nobody knows are entered, unverified.
    pub new_partners: bool,
}

/// Takes over a list for an institution the caller coordinates.
///
/// # Errors
/// [`Error::Invalid`] with every row that cannot be, or when the list as a whole cannot be read; then nothing is written.
pub async fn import(
    app: &App,
    caller: &Caller,
    once: &Once,
    (file, form): (Vec<u8>, Form),
    how: &How,
) -> Result<Answer> {
    let turn = app.turn(caller, once).await?;
    let own = own(app.store.read(), caller, how).await?;
    let list = List::read(file, form, how.columns.as_deref()).await?;
    let at = app.clock.moment();
    if how.dry_run {
        let plan = decide(app, app.store.read(), own, (&list, &at), how.new_partners).await?;
        return Answer::report(&PlacesImport::of(&plan, &list, true, &caller.language));
    }
    let tx = app.store.begin().await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    institutions::hold(&tx, own).await?;
    let plan = decide(app, &tx, own, (&list, &at), how.new_partners).await?;
    if !plan.refused.is_empty() {
        return Err(Error::Invalid(faults(&plan.refused)));
    }
    let mut report = PlacesImport::of(&plan, &list, false, &caller.language);
    write::write((app, &tx), (&at, caller), &plan, &mut report).await?;
    let answer = turn.finish(tx, &at, Answer::report(&report)?).await?;
    app.wake.notify_one();
    Ok(answer)
}

/// The same at the command line; where rows are refused, the report has them and nothing is written.
///
/// # Errors
/// As [`import`], but for rows.
pub async fn import_file(app: &App, file: Vec<u8>, how: &How) -> Result<PlacesImport> {
    let caller = Caller::operator();
    let own = own(app.store.read(), &caller, how).await?;
    let form = Form::of(&file);
    let list = List::read(file, form, how.columns.as_deref()).await?;
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    institutions::hold(&tx, own).await?;
    let plan = decide(app, &tx, own, (&list, &at), how.new_partners).await?;
    let mut report = PlacesImport::of(&plan, &list, how.dry_run, &caller.language);
    if how.dry_run || !report.refused.is_empty() {
        return Ok(report);
    }
    write::write((app, &tx), (&at, &caller), &plan, &mut report).await?;
    tx.commit().await?;
    app.wake.notify_one();
    Ok(report)
}

/// The own side, when the caller may take over lists for it.
async fn own(conn: &impl Conn, caller: &Caller, how: &How) -> Result<InstitutionId> {
    let wrong = |told: &str| Error::Invalid(vec![FieldError::new("/institution", told)]);
    let written = how.institution.trim();
    if written.is_empty() {
        return Err(wrong("say whose list it is: an Erasmus code, ROR id, domain or id"));
    }
    let id = named(conn, written).await?;
    let id = id.ok_or_else(|| wrong("no institution has this Erasmus code, ROR id, domain or id"))?;
    coordinates(caller, &Place::whole(id), "a coordinator of this institution, or the secretariat")?;
    if how.new_partners && !caller.is_secretariat() {
        return Err(Error::Forbidden { needs: "the secretariat, which enters new partners".to_owned() });
    }
    let kind = institutions::find(conn, id).await?.map(|row| row.kind);
    if kind != Some(InstitutionKind::Member) {
        return Err(wrong("no member of the alliance: its partners' lists are the members' to bring in"));
    }
    Ok(id)
}

async fn decide<'a>(
    app: &App,
    conn: &impl Conn,
    own: InstitutionId,
    (list, at): (&'a List, &'a Moment),
    enters: bool,
) -> Result<Plan<'a>> {
    let partners = Partners::look_up(conn, own, &list.wishes, (&list.countries, at), enters).await?;
    let mut plan = Plan::of(conn, own, &list.wishes, partners, (app.today(), at)).await?;
    plan.strange = list.strange.with(&plan.refused, &list.wishes, &list.map);
    plan.refused.extend(list.refused.iter().cloned());
    plan.refused.sort_by_key(|refused| refused.row);
    // The list may have headings of its own.
    for refused in &mut plan.refused {
        refused.column = refused.column.take().map(|column| list.map.heading(&column).to_owned());
    }
    Ok(plan)
}

/// Rows that were refused, as far as they are told.
fn faults(refused: &[RefusedRow]) -> Vec<FieldError> {
    let besides = refused.len().saturating_sub(TOLD);
    let more = format!("and {besides} more: mend these first");
    let more = (besides > 0).then(|| FieldError::new("", more));
    refused.iter().take(TOLD).map(pointed).chain(more).collect()
}

/// A row that was refused, as a field of the body: its number, and the column.
fn pointed(refused: &RefusedRow) -> FieldError {
    let column = refused.column.iter().map(|column| column.replace('~', "~0").replace('/', "~1"));
    let pointer =
        column.fold(format!("/rows/{}", refused.row), |pointer, column| format!("{pointer}/{column}"));
    FieldError::new(pointer, refused.detail.clone())
}

/// A list that was read.
#[derive(Debug)]
pub struct List {
    /// Name of the sheet, where it is one.
    sheet: Option<String>,
    map: Map,
    countries: Countries,
    /// Rows with something in them.
    read: u64,
    wishes: Vec<Wish>,
    refused: Vec<RefusedRow>,
    strange: Strange,
}

/// The columns of the service's own, in the order of a list.
pub fn columns() -> impl Iterator<Item = &'static str> {
    row::COLUMNS.all()
}

/// How a list calls its columns.
///
/// # Errors
/// [`Error::Invalid`] when it cannot be read.
pub async fn headings(file: Vec<u8>) -> Result<Vec<String>> {
    let read = move || {
        let form = Form::of(&file);
        let source = Source::Bytes(file.into());
        let source = match (form, source) {
            (Form::Sheet, Source::Bytes(bytes)) => Sheet::read(bytes)?.source,
            (_, source) => source,
        };
        Table::headings(source)
    };
    let read = tokio::task::spawn_blocking(read).await.map_err(|gone| Error::Internal(Box::new(gone)))?;
    read.map_err(|error| unusable(&error.to_string()))
}

impl List {
    /// Reads a list, beside the threads that serve.
    async fn read(file: Vec<u8>, form: Form, map: Option<&str>) -> Result<Self> {
        let map = Map::read(map.unwrap_or_default())
            .map_err(|told| Error::Invalid(vec![FieldError::new("/columns", told)]))?;
        if file.len() > LARGEST {
            return Err(unusable("the list is larger than 10 MiB: split it"));
        }
        match (form, Form::of(&file)) {
            (Form::Table, Form::Sheet) => {
                return Err(unusable("this is a spreadsheet: send it with the media type of one"));
            }
            (Form::Sheet, Form::Table) if !file.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) => {
                return Err(unusable("this is no XLSX file: save it as one, or send it as CSV"));
            }
            _ => {}
        }
        let read = tokio::task::spawn_blocking(move || Self::of(file.into(), form, map)).await;
        read.map_err(|gone| Error::Internal(Box::new(gone)))?
    }

    fn of(file: Arc<[u8]>, form: Form, map: Map) -> Result<Self> {
        let told = |error: TableError| unusable(&error.to_string());
        let sheet =
            (form == Form::Sheet).then(|| Sheet::read(Arc::clone(&file))).transpose().map_err(told)?;
        let source = sheet.as_ref().map_or(Source::Bytes(file), |sheet| sheet.source.clone());
        let table = Table::open_as(source, row::COLUMNS, &map.headings()).map_err(told)?;
        if table.records > ROWS.into() {
            return Err(unusable("the list has more than 20000 rows: split it"));
        }
        let mut list = Self {
            sheet: sheet.as_ref().map(|sheet| sheet.name.clone()),
            map,
            countries: Countries::shipped()?,
            read: 0,
            wishes: Vec::new(),
            refused: Vec::new(),
            strange: Strange::default(),
        };
        let mut rows = table.rows(0).map_err(told)?;
        while let Some(row) = rows.next().map_err(told)? {
            list.take(&row, &table, sheet.as_ref());
        }
        if list.read == 0 {
            return Err(unusable("the table has no row below its header"));
        }
        Ok(list)
    }

    fn take(&mut self, row: &Row<'_>, table: &Table, sheet: Option<&Sheet>) {
        let columns = || row::COLUMNS.all().filter_map(|column| Some((column, table.at(column)?)));
        let flaw = |(column, at)| Some((Some(column), sheet?.flaw(row.number, at)?));
        let flaws: Vec<Fault> = columns().filter_map(flaw).collect();
        // Tables often end in rows of separators alone.
        if flaws.is_empty() && columns().all(|(column, _)| row.get(column).is_empty()) {
            return;
        }
        self.read += 1;
        let wish = match row.ragged() {
            _ if !flaws.is_empty() => Err(flaws),
            Some((cells, columns)) => Err(vec![(None, format!("{cells} cells, but {columns} columns"))]),
            None => row::read(row.number, &self.map, &self.countries, |column| row.get(column)),
        };
        match wish {
            Ok(wish) => self.wishes.push(wish),
            Err(faults) => {
                for column in faults.iter().filter_map(|(column, _)| *column) {
                    let held = sheet.zip(table.at(column)).and_then(|(of, at)| of.flaw(row.number, at));
                    self.strange.note(column, row.get(column), held.is_none());
                }
                self.refused.extend(faults.into_iter().map(|(column, detail)| RefusedRow {
                    row: row.number,
                    column: column.map(str::to_owned),
                    detail,
                }));
            }
        }
    }
}

fn unusable(told: &str) -> Error {
    Error::Invalid(vec![FieldError::new("", told)])
}
