//! Importing history: every record of a file becomes a case that went its whole way through the one pipeline, at dates of its own.
//!
//! Read [`table`] for the file, [`erasmus`] for the columns, [`plan`] for the published rule of dates, [`cast`] for what records
//! are about, [`life`] for the walk. A batch of records is one transaction; killed at any instant, the import goes on behind its
//! last batch.

mod bounded;
mod cast;
pub mod countries;
pub mod erasmus;
mod header;
mod life;
pub mod plan;
mod report;
mod rows;
pub mod sheet;
pub mod table;

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sojourn_engine::deadline::Calendar;
use sojourn_engine::ids::{ImportFileId, PersonId};
use sojourn_engine::vocabulary::Duty;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use self::cast::Cast;
use self::countries::Countries;
use self::erasmus::{Fault, Mobility};
use self::life::{Maker, Path as Walked};
use self::plan::{Plan, Walk};
use self::table::{Source, Table, TableError};
use super::{App, Error, Result};
use crate::clock::Moment;
use crate::store::imports::{self as store, Batch, ImportFile, NewHouses};
use crate::store::records::RecordError;

pub use report::{Flows, Pace, Refused, Report, Run};

/// Records in one transaction: the bound of bulk work.
const BATCH: usize = 250;
/// Things about institutions kept in memory before half of them are forgotten and, when needed again, read anew.
const KNOWN: usize = 150_000;

/// Why an import stopped, or did not begin.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be imported; nothing was written.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The database or a fault of ours; what was written stays, and the same command goes on from there.
    #[error("the import stopped: {0}; run the same command again to go on behind the last record written")]
    Stopped(#[from] Error),
    /// Another process imports the same file.
    #[error("another process imports this file: let it finish, or stop it and run the same command again")]
    Twice,
}

/// Imports the individual Erasmus mobilities of a file; `seen` is told how many records are done.
///
/// # Errors
/// [`ImportError`]; a record that is wrong is no error but part of the report.
pub async fn mobilities(
    app: &Arc<App>,
    path: &Path,
    seen: impl FnMut(u64, u64) + Send + 'static,
) -> Result<Report, ImportError> {
    let at = app.clock.moment();
    let opened = path.to_owned();
    let table = blocking(move || Ok(Table::open(Source::File(opened), erasmus::COLUMNS)?)).await?;
    let file = begin(app, &table, &at).await?;
    let done = store::done(app.store.read(), file.id).await.map_err(Error::from)?;
    let maker = maker(app, &table, &at).await?;
    let mut import = Import {
        app: Arc::clone(app),
        handle: Handle::current(),
        file: file.id,
        table,
        cast: Cast::new(Countries::shipped()?, [maker.study.walk(), maker.work.walk()]),
        maker,
        seen,
        events: 0,
        waited: TimeDelta::zero(),
        done: u64::try_from(done).unwrap_or_default(),
    };
    let (records, from) = (import.table.records, import.done);
    let (events, waited) = blocking(move || import.run().map(|()| (import.events, import.waited))).await?;
    let tx = app.store.begin().await.map_err(Error::from)?;
    store::finish(&tx, file.id, app.clock.now()).await.map_err(Error::from)?;
    tx.commit().await.map_err(Error::from)?;
    let run = Run { records: records - from, events, took: app.clock.now() - at.now, waited };
    Ok(report::report(app, &file, records, &run).await?)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ImportError> + Send + 'static,
) -> Result<T, ImportError> {
    tokio::task::spawn_blocking(work).await.map_err(|fault| Error::Internal(fault.into()))?
}

/// The row of the file: the one of an earlier run, or a new one.
async fn begin(app: &App, table: &Table, at: &Moment) -> Result<ImportFile> {
    let tx = app.store.begin().await?;
    if let Some(known) = store::find(&tx, &table.sha256).await? {
        return Ok(known);
    }
    let file = ImportFile {
        id: at.id(),
        sha256: table.sha256.to_vec(),
        name: table.name(),
        mapping: "erasmus".to_owned(),
        started_at: at.now,
        finished_at: None,
    };
    store::begin(&tx, file.clone()).await?;
    tx.commit().await?;
    Ok(file)
}

async fn maker(app: &App, table: &Table, at: &Moment) -> Result<Maker> {
    let plan = Plan::erasmus()?;
    Ok(Maker {
        study: walked(app, plan.study).await?,
        work: walked(app, plan.work).await?,
        secretariat: secretariat(app, at).await?,
        alliance: Calendar::plain(app.zone),
        name: table.name(),
    })
}

async fn walked(app: &App, walk: Walk) -> Result<Walked> {
    let current = app.definitions.current(app.store.read(), &walk.workflow).await?;
    let missing = || Error::Internal(format!("the workflow {} is not in force", walk.workflow).into());
    let (version, definition) = current.ok_or_else(missing)?;
    Walked::new(walk, version, definition)
}

/// The technical person who stands for the secretariat.
async fn secretariat(app: &App, at: &Moment) -> Result<PersonId> {
    let tx = app.store.begin().await?;
    if let Some(known) = store::secretariat(&tx).await? {
        return Ok(known);
    }
    let id = at.id();
    let mut new = NewHouses::default();
    new.people.push(rows::technical(id, Duty::Secretariat, at));
    new.roles.push(rows::role(id, Duty::Secretariat, None, at));
    store::enter(&tx, new).await?;
    tx.commit().await?;
    Ok(id)
}

/// A running import: lives are made on this thread while the batch before is written by the runtime.
struct Import<F> {
    app: Arc<App>,
    handle: Handle,
    file: ImportFileId,
    table: Table,
    cast: Cast,
    maker: Maker,
    seen: F,
    events: u64,
    /// Time in which there was nothing to do but wait for the database.
    waited: TimeDelta,
    done: u64,
}

/// A batch on its way into the database, and the number of its last record.
type Writing = (JoinHandle<Result<(), ImportError>>, u64);

impl<F: FnMut(u64, u64)> Import<F> {
    fn run(&mut self) -> Result<(), ImportError> {
        let table = self.table.clone();
        let mut rows = table.rows(self.done)?;
        let mut writing: Option<Writing> = None;
        loop {
            let mut read = Vec::with_capacity(BATCH);
            while read.len() < BATCH {
                let Some(row) = rows.next()? else { break };
                read.push((row.number, erasmus::read(&row, self.cast.countries())));
            }
            let Some(last) = read.last().map(|(number, _)| *number) else { break };
            if self.cast.size() > KNOWN {
                self.wait(writing.take())?;
                self.cast.forget();
            }
            let batch = self.make(read)?;
            self.wait(writing.take())?;
            let (app, file) = (Arc::clone(&self.app), self.file);
            writing = Some((self.handle.spawn(async move { write(&app, file, batch).await }), last));
        }
        self.wait(writing)
    }

    fn make(&mut self, read: Vec<(u64, std::result::Result<Mobility, Fault>)>) -> Result<Batch> {
        let mobilities = read.iter().filter_map(|(_, mobility)| mobility.as_ref().ok());
        let (keys, employers) = self.cast.unknown(mobilities);
        if !keys.is_empty() || !employers.is_empty() {
            let known = store::houses(self.app.store.read(), self.cast.names(), keys, employers);
            let known = self.handle.block_on(known)?;
            self.cast.learn(known)?;
        }
        let at = self.app.clock.moment();
        let mut batch = Batch::default();
        for (number, mobility) in read {
            self.maker.live(&mut self.cast, &at, number, mobility, &mut batch)?;
        }
        batch.houses = self.cast.take_new();
        self.events += batch.records.history.len() as u64;
        Ok(batch)
    }

    fn wait(&mut self, writing: Option<Writing>) -> Result<(), ImportError> {
        let Some((task, last)) = writing else { return Ok(()) };
        let since: DateTime<Utc> = self.app.clock.now();
        self.handle.block_on(task).map_err(|fault| Error::Internal(fault.into()))??;
        self.waited += self.app.clock.now() - since;
        tracing::debug!(name: "app.imports.batch", records = last, of = self.table.records);
        (self.seen)(last, self.table.records);
        Ok(())
    }
}

async fn write(app: &App, file: ImportFileId, batch: Batch) -> Result<(), ImportError> {
    let tx = app.store.begin().await.map_err(Error::from)?;
    match store::keep(&tx, file, batch).await {
        Ok(()) => Ok(tx.commit().await.map_err(Error::from)?),
        Err(RecordError::Store(crate::store::StoreError::Conflict { constraint }))
            if constraint.starts_with("import_rows") =>
        {
            Err(ImportError::Twice)
        }
        Err(RecordError::Store(fault)) => Err(Error::from(fault).into()),
        Err(RecordError::Stale(_) | RecordError::Full(_) | RecordError::Answered) => {
            Err(Error::Internal("an imported case lost a race that nobody else runs".into()).into())
        }
    }
}
