//! Imported files: what became of each record, what the records are about, and the sums of a whole file.
//!
//! A batch of records is one transaction. The key of a record is its file and its number, so that a repeat is harmless.

mod houses;
mod sums;

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use sojourn_engine::ids::{CaseId, ImportFileId, PersonId};
use sojourn_engine::vocabulary::Duty;
use sojourn_entities::{import_file, import_row, person, registration, role};

use super::records::{self, RecordError, Records};
use super::write::insert_many;
use super::{Conn, Result, Tx};

pub use houses::{House, Names, NewHouses, houses};
pub use sojourn_entities::import_file::Model as ImportFile;
pub use sojourn_entities::person::Model as Person;
pub use sojourn_entities::registration::Model as Registration;
pub use sums::{Flow, RefusedRecord, Sums, flows, sums};

/// The file with these bytes, when it was imported before.
pub async fn find(conn: &impl Conn, sha256: &[u8]) -> Result<Option<ImportFile>> {
    let file = import_file::Entity::find().filter(import_file::Column::Sha256.eq(sha256.to_vec()));
    Ok(file.one(conn.db()).await?)
}

/// Notes a file whose import begins.
pub async fn begin(tx: &Tx, file: ImportFile) -> Result<()> {
    insert_many(tx, vec![import_file::ActiveModel::from(file)]).await
}

/// Number of the last record of a file that is done; records are done in order.
pub async fn done(conn: &impl Conn, file: ImportFileId) -> Result<i32> {
    let last: Option<Option<i32>> = import_row::Entity::find()
        .select_only()
        .column_as(import_row::Column::Record.max(), "last")
        .filter(import_row::Column::FileId.eq(file))
        .into_tuple()
        .one(conn.db())
        .await?;
    Ok(last.flatten().unwrap_or(0))
}

/// Notes that the last record of a file is done.
pub async fn finish(tx: &Tx, file: ImportFileId, at: DateTime<Utc>) -> Result<()> {
    import_file::Entity::update_many()
        .col_expr(import_file::Column::FinishedAt, Expr::value(at))
        .filter(import_file::Column::Id.eq(file))
        .filter(import_file::Column::FinishedAt.is_null())
        .exec(tx.db())
        .await?;
    Ok(())
}

/// The technical person who stands for the secretariat.
pub async fn secretariat(conn: &impl Conn) -> Result<Option<PersonId>> {
    let row = role::Entity::find()
        .filter(role::Column::Duty.eq(Duty::Secretariat))
        .filter(person::Column::Technical.eq(true))
        .find_also(role::Entity, person::Entity)
        .one(conn.db())
        .await?;
    Ok(row.map(|(role, _)| role.person_id))
}

/// Enters what imports stand on.
pub async fn enter(tx: &Tx, new: NewHouses) -> Result<()> {
    houses::add(tx, new).await
}

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Number of the record, 1 = the first after the header.
    pub record: i32,
    /// Its kind, in the letters of the file.
    pub kind: Option<&'static str>,
    /// The case it became, or column and reason why it became none.
    pub became: std::result::Result<CaseId, (String, String)>,
}

/// Everything a batch of records writes.
#[derive(Debug, Default)]
pub struct Batch {
    /// What its cases are about and was not there yet.
    pub houses: NewHouses,
    /// Applicants.
    pub people: Vec<Person>,
    /// Their registrations.
    pub registrations: Vec<Registration>,
    /// Their cases, with all their steps.
    pub records: Records,
    /// What became of each record.
    pub outcomes: Vec<Outcome>,
}

/// Writes a batch of a file's records.
///
/// # Errors
/// [`RecordError`]; another import of the same file shows as a conflict of `import_rows`.
pub async fn keep(tx: &Tx, file: ImportFileId, mut batch: Batch) -> Result<(), RecordError> {
    batch.houses.take_changes(&mut batch.records.lines);
    houses::add(tx, batch.houses).await?;
    insert_many::<person::ActiveModel>(tx, batch.people.into_iter().map(Into::into).collect()).await?;
    insert_many::<registration::ActiveModel>(tx, batch.registrations.into_iter().map(Into::into).collect())
        .await?;
    records::keep(tx, batch.records).await?;
    let row = |outcome: Outcome| {
        let (case, refusal) = match outcome.became {
            Ok(case) => (Some(case), None),
            Err((column, reason)) => (None, Some(format!("{column}\t{reason}"))),
        };
        import_row::ActiveModel {
            file_id: Set(file),
            record: Set(outcome.record),
            kind: Set(outcome.kind.map(str::to_owned)),
            case_id: Set(case),
            refusal: Set(refusal),
        }
    };
    Ok(insert_many::<import_row::ActiveModel>(tx, batch.outcomes.into_iter().map(row).collect()).await?)
}
