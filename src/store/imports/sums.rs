//! What the records of a whole file add up to, read from what they became.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement, Value};
use sojourn_engine::ids::ImportFileId;

use crate::store::{Conn, Result};

/// Counts and sums of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Records that became cases, by their kind.
    pub kinds: Vec<(String, i64)>,
    /// Credits of all stays, in hundredths.
    pub credits_hundredths: i64,
    /// Months of all stays, in hundredths.
    pub months_hundredths: i64,
    /// Parts of stays that are study, and those that are work.
    pub stays: (i64, i64),
    /// Steps of all cases.
    pub events: i64,
    /// Records that became no case, in order.
    pub refused: Vec<RefusedRecord>,
    /// Institutions that were entered since the import began because no list knew their code.
    pub unverified: i64,
    /// Employers that were entered since the import began.
    pub employers: i64,
}

/// A record that became no case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecord {
    /// Its number, 1 = the first after the header.
    pub record: i32,
    /// The column that is wrong; empty when it is the whole record.
    pub column: String,
    /// What is wrong.
    pub reason: String,
}

/// How many records go from a home to a host.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Flow {
    /// Code of the home, in capitals without blanks.
    pub home: String,
    /// Code of the host likewise; `None` for an employer.
    pub host: Option<String>,
    /// Name of the host.
    pub name: String,
    /// ISO 3166-1 alpha-2 code of the host's country.
    pub country: String,
    /// Whether the host is an employer.
    pub employer: bool,
    /// Records.
    pub records: i64,
}

/// Adds up a file.
pub async fn sums(conn: &impl Conn, file: ImportFileId, began: DateTime<Utc>) -> Result<Sums> {
    let mut sums = Sums::default();
    let kinds = "SELECT kind AS word, COUNT(*) AS number FROM import_rows \
                 WHERE file_id = $1 AND case_id IS NOT NULL GROUP BY kind ORDER BY kind";
    for Counted { word, number } in rows(conn, kinds, [file.into()]).await? {
        sums.kinds.push((word.unwrap_or_default(), number));
    }
    let stays = "SELECT s.kind AS word, COUNT(*) AS number, CAST(SUM(s.credits_hundredths) AS BIGINT) AS credits, \
                 CAST(SUM(s.months_hundredths) AS BIGINT) AS months FROM import_rows r \
                 JOIN stays s ON s.application_id = r.case_id WHERE r.file_id = $1 GROUP BY s.kind";
    for row in rows::<Stays>(conn, stays, [file.into()]).await? {
        sums.credits_hundredths += row.credits.unwrap_or_default();
        sums.months_hundredths += row.months.unwrap_or_default();
        let part = if row.word == "study" { &mut sums.stays.0 } else { &mut sums.stays.1 };
        *part += row.number;
    }
    let events = "SELECT NULL AS word, CAST(COALESCE(SUM(c.steps), 0) AS BIGINT) AS number FROM import_rows r \
                  JOIN cases c ON c.id = r.case_id WHERE r.file_id = $1";
    sums.events = rows::<Counted>(conn, events, [file.into()]).await?.iter().map(|row| row.number).sum();
    let refused =
        "SELECT record, refusal FROM import_rows WHERE file_id = $1 AND refusal IS NOT NULL ORDER BY record";
    for Refusal { record, refusal } in rows(conn, refused, [file.into()]).await? {
        let (column, reason) = refusal.split_once('\t').unwrap_or(("", &refusal));
        sums.refused.push(RefusedRecord { record, column: column.to_owned(), reason: reason.to_owned() });
    }
    let entered = "SELECT kind AS word, COUNT(*) AS number FROM institutions \
                   WHERE unverified AND created_at >= $1 GROUP BY kind";
    for Counted { word, number } in rows(conn, entered, [began.into()]).await? {
        let employers = word.as_deref() == Some("employer");
        *(if employers { &mut sums.employers } else { &mut sums.unverified }) += number;
    }
    Ok(sums)
}

/// Every flow of a file, in no order.
pub async fn flows(conn: &impl Conn, file: ImportFileId) -> Result<Vec<Flow>> {
    let sql = "SELECT COALESCE(home.erasmus_key, home.name) AS home, host.erasmus_key AS host, host.name AS name, \
               host.country AS country, (host.kind = 'employer') AS employer, flow.records AS records \
               FROM (SELECT a.home_id, c.host_id, COUNT(*) AS records FROM import_rows r \
               JOIN applications a ON a.id = r.case_id JOIN choices c ON c.application_id = a.id \
               WHERE r.file_id = $1 GROUP BY a.home_id, c.host_id) flow \
               JOIN institutions home ON home.id = flow.home_id JOIN institutions host ON host.id = flow.host_id";
    rows(conn, sql, [file.into()]).await
}

#[derive(FromQueryResult)]
struct Counted {
    word: Option<String>,
    number: i64,
}

#[derive(FromQueryResult)]
struct Stays {
    word: String,
    number: i64,
    credits: Option<i64>,
    months: Option<i64>,
}

#[derive(FromQueryResult)]
struct Refusal {
    record: i32,
    refusal: String,
}

async fn rows<T: FromQueryResult + Send>(conn: &impl Conn, sql: &str, values: [Value; 1]) -> Result<Vec<T>> {
    let backend = conn.db().get_database_backend();
    let sql = if backend == DbBackend::Sqlite { sql.replace("$1", "?") } else { sql.to_owned() };
    let statement = Statement::from_sql_and_values(backend, sql, values);
    // One row at a time: a year has ninety thousand flows, and a row of the database takes ten times what is kept of it.
    Ok(T::find_by_statement(statement).stream(conn.db()).await?.try_collect().await?)
}
