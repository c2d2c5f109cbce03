//! Scores of applications: one each, entered by the home, alone or for a whole call from a table.
//!
//! Columns of a table, in any order: `score`, and `application` (its id or reference) or `student_no`. UTF-8 with or without a byte
//! order mark; comma or semicolon. A table with a row that cannot be enters nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use sojourn_engine::ids::{CallId, CaseId, InstitutionId};
use sojourn_engine::vocabulary::{Deed, Matter};
use utoipa::ToSchema;

use super::view::{self, ApplicationView};
use crate::access::{Caller, Scope};
use crate::app::audit::{self, Deeds};
use crate::app::imports::table::{self, Columns, Row, Source, Table, TableError};
use crate::app::people::RefusedRow;
use crate::app::scene::Scene;
use crate::app::{Answer, App, Conflict, Error, FieldError, Once, Result, calls, current};
use crate::clock::Moment;
use crate::store::allocations::applicants;
use crate::store::applications::{self as rows, Scored};
use crate::store::{Tx, dossiers, institutions};

/// Largest table of scores, in bytes.
pub const LARGEST: usize = 10 * 1024 * 1024;
/// The highest score, in hundredths.
const HIGHEST: i32 = 1_000_000;
/// Rows of a table that can be told of in one answer, as wrong and as changes.
const TOLD: usize = 200;

const COLUMNS: Columns = Columns { needed: &["score"], wanted: &["application", "student_no"] };

const COORDINATOR: &str = "the home coordinator";

/// What a table of scores does, or would do.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct ScoreImport {
    /// Whether this only says what would be done.
    pub dry_run: bool,
    /// Rows read, without the header.
    pub read: u64,
    /// Applications whose score it changes.
    pub changed: u64,
    /// Applications that have that score already.
    pub unchanged: u64,
    /// The first of these, in the order of the table.
    pub changes: Vec<ScoreChange>,
    /// Rows that cannot be; with one of them nothing is entered.
    pub refused: Vec<RefusedRow>,
}

/// A score that a table changes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ScoreChange {
    /// The application.
    pub application: CaseId,
    /// Its short code.
    pub reference: String,
    /// Who applies.
    pub name: String,
    /// Its score so far, in hundredths; `null` for none.
    pub from_hundredths: Option<i32>,
    /// Its score then, in hundredths.
    pub to_hundredths: i32,
}

/// A decimal number from 0 to 10,000 with at most two decimals, in hundredths; written with a point or a comma.
pub fn hundredths(text: &str) -> Option<i32> {
    table::hundredths(text, HIGHEST)
}

/// Enters the score of one application, or takes it away.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], and [`Error::Forbidden`] for whoever is no coordinator of the home.
pub async fn enter(
    app: &App,
    caller: &Caller,
    id: CaseId,
    if_version: i32,
    score: Option<i32>,
) -> Result<ApplicationView> {
    let at = app.clock.moment();
    let tx = app.store.begin().await?;
    let scene = Scene::read(app, &tx, &caller.scope(), id, &at).await?;
    let dossier = &scene.live.dossier;
    let home = caller.coordinates(&dossier.at_home()) && dossier.shown_to_home(&caller.scope());
    if !home || dossier.application.applicant == caller.person {
        return Err(Error::Forbidden { needs: COORDINATOR.to_owned() });
    }
    current(dossier.case.version, if_version)?;
    if !rows::score(&tx, id, if_version, score).await? {
        return Err(Error::Stale);
    }
    noted(id, dossier.home.id, dossier.application.score_hundredths, score)?.note(&tx, &at, caller).await?;
    let scene = Scene::read(app, &tx, &Scope::system(), id, &at).await?;
    let view = view::of(&scene, caller, &at);
    tx.commit().await?;
    Ok(view)
}

/// The deed of whoever changes a score.
pub(super) fn noted(
    id: CaseId,
    home: InstitutionId,
    before: Option<i32>,
    after: Option<i32>,
) -> Result<Deeds> {
    let told = |score: Option<i32>| json!({ "score_hundredths": score });
    Deeds::new(Deed::Change, Matter::Application, id).at(home).differing(&told(before), &told(after))
}

/// Enters the scores of a call from a table, or only says what that would do.
///
/// # Errors
/// [`Error::Invalid`] when the table as a whole cannot be read, and, unless it is only tried, when one of its rows cannot be.
pub async fn import(
    app: &App,
    caller: &Caller,
    call: CallId,
    once: &Once,
    table: &[u8],
    dry_run: bool,
) -> Result<Answer> {
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let rows = read(table)?;
    let tx = app.store.begin().await?;
    calls::seen(&tx, caller, call).await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let known = Known::of(&tx, caller, call).await?;
    let report = take(&tx, (&at, caller), (&known, &rows), dry_run).await?;
    if dry_run {
        return Answer::report(&report);
    }
    if !report.refused.is_empty() {
        return Err(Error::Invalid(report.refused.iter().map(fault).collect()));
    }
    turn.finish(tx, &at, Answer::report(&report)?).await
}

/// The same for the operator at the command line, who enters scores of every home; a table with a row that cannot be enters nothing.
///
/// # Errors
/// [`Error::NotFound`] for no call, [`Error::Invalid`] when the table as a whole cannot be read.
pub async fn import_file(app: &App, call: CallId, table: &[u8], dry_run: bool) -> Result<ScoreImport> {
    let at = app.clock.moment();
    let rows = read(table)?;
    let tx = app.store.begin().await?;
    dossiers::call(&tx, call).await?.ok_or(Error::NotFound)?;
    let known = Known::over(rows::of_call(&tx, call).await?);
    let report = take(&tx, (&at, &Caller::operator()), (&known, &rows), dry_run).await?;
    tx.commit().await?;
    Ok(report)
}

/// Enters what a table says, unless that is only tried or one of its rows cannot be.
async fn take(
    tx: &Tx,
    by: (&Moment, &Caller),
    (known, rows): (&Known, &[Cells]),
    dry_run: bool,
) -> Result<ScoreImport> {
    let (mut report, scores) = plan(known, rows);
    report.dry_run = dry_run;
    report.changes = changes(tx, &scores[..scores.len().min(TOLD)]).await?;
    if !dry_run && report.refused.is_empty() {
        write(tx, by, scores).await?;
    }
    Ok(report)
}

/// What some scores change, by name.
async fn changes(tx: &Tx, scores: &[(&Scored, i32)]) -> Result<Vec<ScoreChange>> {
    let ids: Vec<CaseId> = scores.iter().map(|(one, _)| one.id).collect();
    let mut people = applicants(tx, &ids).await?;
    let change = |(one, score): &(&Scored, i32)| ScoreChange {
        application: one.id,
        reference: one.reference.clone(),
        name: people.remove(&one.id).map(|(_, name)| name).unwrap_or_default(),
        from_hundredths: one.score,
        to_hundredths: *score,
    };
    Ok(scores.iter().map(change).collect())
}

fn fault(row: &RefusedRow) -> FieldError {
    let column = row.column.as_ref().map(|column| format!("/{column}")).unwrap_or_default();
    FieldError::new(format!("/{}{column}", row.row), row.detail.clone())
}

async fn write(tx: &Tx, (at, caller): (&Moment, &Caller), scores: Vec<(&Scored, i32)>) -> Result<()> {
    let mut deeds = Vec::with_capacity(scores.len());
    for (one, score) in scores {
        if !rows::score(tx, one.id, one.version, Some(score)).await? {
            let told = "an application was changed meanwhile: send the table again";
            return Err(Error::Conflict(Conflict::NotNow(told.to_owned())));
        }
        deeds.push(noted(one.id, one.home, one.score, Some(score))?);
    }
    audit::note_all(deeds, tx, at, caller).await
}

/// One row of a table.
#[derive(Debug)]
struct Cells {
    application: String,
    student_no: String,
    score: String,
    ragged: Option<(usize, usize)>,
}

impl Cells {
    fn of(row: &Row<'_>) -> Self {
        let cell = |column| row.get(column).to_owned();
        Self {
            application: cell("application"),
            student_no: cell("student_no"),
            score: cell("score"),
            ragged: row.ragged(),
        }
    }
}

fn read(bytes: &[u8]) -> Result<Vec<Cells>> {
    let fault = |detail: String| Error::Invalid(vec![FieldError::new("", detail)]);
    let told = |error: TableError| fault(error.to_string());
    let table = Table::open(Source::Bytes(bytes.into()), COLUMNS).map_err(told)?;
    let mut rows = table.rows(0).map_err(told)?;
    let mut read = Vec::new();
    while let Some(row) = rows.next().map_err(told)? {
        read.push(Cells::of(&row));
    }
    if read.is_empty() {
        return Err(fault("the table has no row below its header".to_owned()));
    }
    Ok(read)
}

/// Applications of a call whose score the caller may enter.
struct Known {
    all: Vec<Scored>,
    /// Positions by id and by reference.
    named: BTreeMap<String, usize>,
    /// Positions by student number; several where it is not unique.
    numbered: BTreeMap<String, Vec<usize>>,
}

impl Known {
    /// Those of homes of the call that the caller coordinates; refused where that is none, in any unit.
    async fn of(tx: &Tx, caller: &Caller, call: CallId) -> Result<Self> {
        let mut all = rows::of_call(tx, call).await?;
        let units: Vec<_> = all.iter().filter_map(|one| one.unit).collect();
        let above = institutions::units_above(tx, &units).await?;
        let seats: Vec<_> = caller.coordinates_at().collect();
        let homes = rows::homes(tx, call).await?;
        if !seats.iter().any(|seat| homes.contains(&seat.institution)) {
            return Err(Error::Forbidden { needs: COORDINATOR.to_owned() });
        }
        all.retain(|one| {
            let line = one.unit.and_then(|unit| above.get(&unit)).map_or(&[][..], Vec::as_slice);
            one.applicant != caller.person && seats.iter().any(|seat| seat.reaches(one.home, line))
        });
        Ok(Self::over(all))
    }

    fn over(all: Vec<Scored>) -> Self {
        let mut known = Self { all, named: BTreeMap::new(), numbered: BTreeMap::new() };
        for (at, one) in known.all.iter().enumerate() {
            known.named.insert(one.id.to_string(), at);
            known.named.insert(one.reference.to_lowercase(), at);
            if let Some(number) = &one.student_no {
                known.numbered.entry(number.clone()).or_default().push(at);
            }
        }
        known
    }

    fn find(&self, row: &Cells) -> std::result::Result<usize, (&'static str, String)> {
        if !row.application.is_empty() {
            let found = self.named.get(&row.application.to_lowercase()).copied();
            let told = "no submitted application to this call that you look after has this id or reference";
            return found.ok_or_else(|| ("application", told.to_owned()));
        }
        let told = |detail: &str| Err(("student_no", detail.to_owned()));
        match self.numbered.get(&row.student_no).map(Vec::as_slice) {
            _ if row.student_no.is_empty() => told("say which: the application, or the student number"),
            Some([one]) => Ok(*one),
            Some(_) => told("several applications have this student number: name the application"),
            None => told("no submitted application to this call that you look after has this student number"),
        }
    }
}

/// What a table would do: the report, and the scores that change.
fn plan<'k>(known: &'k Known, rows: &[Cells]) -> (ScoreImport, Vec<(&'k Scored, i32)>) {
    let mut report = ScoreImport::default();
    let mut scores = Vec::new();
    let mut met = BTreeMap::new();
    for row in rows {
        report.read += 1;
        match decided(known, row, report.read, &mut met) {
            Ok((one, score)) if one.score == Some(score) => report.unchanged += 1,
            Ok(change) => {
                report.changed += 1;
                scores.push(change);
            }
            Err((column, detail)) if report.refused.len() < TOLD => {
                let column = column.map(str::to_owned);
                report.refused.push(RefusedRow { row: report.read, column, detail });
            }
            Err(_) => {}
        }
    }
    (report, scores)
}

fn decided<'k>(
    known: &'k Known,
    row: &Cells,
    number: u64,
    met: &mut BTreeMap<usize, u64>,
) -> std::result::Result<(&'k Scored, i32), (Option<&'static str>, String)> {
    if let Some((cells, columns)) = row.ragged {
        return Err((None, format!("{cells} cells, but {columns} columns")));
    }
    let at = known.find(row).map_err(|(column, detail)| (Some(column), detail))?;
    if let Some(earlier) = met.insert(at, number) {
        return Err((None, format!("row {earlier} scores this application already")));
    }
    let wrong = || {
        let told = "a number from 0 to 10000 with at most two decimals, such as 87.5";
        (Some("score"), format!("`{}`: {told}", row.score))
    };
    Ok((&known.all[at], hundredths(&row.score).ok_or_else(wrong)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_read_to_the_hundredth_and_nothing_else_is_one() {
        let read = ["0", "87.5", "87,55", "10000"].map(hundredths);
        assert_eq!(read, [Some(0), Some(8_750), Some(8_755), Some(1_000_000)]);
        for text in ["", "-1", "1.234", "10000.01", "=1+1", "1e3", ".5", "NaN", "八"] {
            assert_eq!(hundredths(text), None, "{text}");
        }
    }
}
