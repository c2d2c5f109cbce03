//! Past cases for simulation: whole ranges with all that was recorded, in the order of their ids.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sojourn_engine::ids::{CallId, CaseId, InstitutionId, PersonId, PlaceLineId, WorkflowVersionId};
use sojourn_engine::vocabulary::PostingKind;
use sojourn_entities::{application, call, case, choice, institution, offering, period, posting, refusal};

use super::calls::Call;
use super::dossiers::{Institution, Student};
use super::records::{NewHistory, NewPayload};
use super::verify::{self, Cases};
use super::{Conn, StoreError, json, payloads};

/// Lines asked for in one statement.
const LINES: usize = 500;

/// Which past cases.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Those that follow one of these versions.
    pub versions: Vec<WorkflowVersionId>,
    /// Only of this call.
    pub call: Option<CallId>,
    /// Only those that chose a term of the academic year that begins in this year.
    pub year: Option<i16>,
}

/// A range of past cases.
#[derive(Debug)]
pub struct Range {
    /// The cases, by id.
    pub cases: Vec<PastCase>,
    /// Steps by case, in order.
    pub steps: BTreeMap<CaseId, Vec<NewHistory>>,
    /// What people wrote, by case and step.
    pub payloads: BTreeMap<(CaseId, i32), NewPayload>,
    /// Refused attempts by case, in order of time.
    pub refused: BTreeMap<CaseId, Vec<Attempt>>,
    /// Postings by case, in order of the steps.
    pub postings: BTreeMap<CaseId, Vec<Posting>>,
}

/// A past case.
#[derive(Debug)]
pub struct PastCase {
    /// Its id.
    pub id: CaseId,
    /// Who it is about.
    pub applicant: PersonId,
    /// The home.
    pub home: InstitutionId,
    /// The host of the current choice.
    pub host: Option<InstitutionId>,
    /// The call.
    pub call: CallId,
    /// The registration as frozen.
    pub frozen: Option<Student>,
}

/// A refused attempt.
#[derive(Debug)]
pub struct Attempt {
    /// `main`, or the track with its key.
    pub machine: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: Option<PersonId>,
    /// In which role.
    pub role: Option<String>,
    /// The event.
    pub event: String,
    /// The version that refused it.
    pub workflow: WorkflowVersionId,
    /// Facts it read.
    pub facts: String,
    /// The refusal as answered.
    pub refusal: serde_json::Value,
}

/// What a step did to a line.
#[derive(Debug)]
pub struct Posting {
    /// The line.
    pub line: PlaceLineId,
    /// The account of the case.
    pub account: String,
    /// Number of the step.
    pub number: i32,
    /// When.
    pub at: DateTime<Utc>,
    /// Kind.
    pub kind: PostingKind,
    /// Units.
    pub amount: i32,
}

/// The next `limit` of the cases wanted after one; `None` when there are no more.
pub async fn range(
    conn: &impl Conn,
    wanted: &Wanted,
    after: Option<CaseId>,
    limit: u64,
) -> Result<Option<Range>, StoreError> {
    let mut query = application::Entity::find()
        .inner_join(case::Entity)
        .filter(case::Column::WorkflowVersionId.is_in(wanted.versions.iter().copied()))
        .order_by_asc(application::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        query = query.filter(application::Column::Id.gt(after));
    }
    if let Some(call) = wanted.call {
        query = query.filter(application::Column::CallId.eq(call));
    }
    if let Some(year) = wanted.year {
        query = query.filter(Expr::exists(in_year(year)));
    }
    let rows = query.all(conn.db()).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let ids: Vec<CaseId> = rows.iter().map(|row| row.id).collect();
    let of = Cases::Named(&ids);
    let hosts = hosts(conn, of).await?;
    let past = |row: application::Model| {
        Ok(PastCase {
            id: row.id,
            applicant: row.applicant_id,
            home: row.home_id,
            host: row.current_choice_id.and_then(|choice| hosts.get(&choice)).copied(),
            call: row.call_id,
            frozen: row.frozen_registration.map(json).transpose()?,
        })
    };
    Ok(Some(Range {
        cases: rows.into_iter().map(past).collect::<Result<_, StoreError>>()?,
        steps: verify::steps(conn, of).await?,
        payloads: payloads::of_cases(conn, of).await?,
        refused: refused(conn, of).await?,
        postings: postings(conn, of).await?,
    }))
}

/// Choices of the application at hand whose term belongs to an academic year.
fn in_year(year: i16) -> sea_orm::sea_query::SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(choice::Entity)
        .inner_join(
            offering::Entity,
            Expr::col((choice::Entity, choice::Column::OfferingId))
                .equals((offering::Entity, offering::Column::Id)),
        )
        .inner_join(
            period::Entity,
            Expr::col((offering::Entity, offering::Column::PeriodId))
                .equals((period::Entity, period::Column::Id)),
        )
        .and_where(
            Expr::col((choice::Entity, choice::Column::ApplicationId))
                .equals((application::Entity, application::Column::Id)),
        )
        .and_where(Expr::col((period::Entity, period::Column::AcademicYear)).eq(year))
        .take()
}

async fn hosts(
    conn: &impl Conn,
    of: Cases<'_>,
) -> Result<BTreeMap<sojourn_engine::ids::ChoiceId, InstitutionId>, StoreError> {
    let rows = choice::Entity::find()
        .select_only()
        .columns([choice::Column::Id, choice::Column::HostId])
        .filter(of.among(choice::Column::ApplicationId))
        .into_tuple()
        .all(conn.db())
        .await?;
    Ok(rows.into_iter().collect())
}

async fn refused(conn: &impl Conn, of: Cases<'_>) -> Result<BTreeMap<CaseId, Vec<Attempt>>, StoreError> {
    let rows = refusal::Entity::find()
        .filter(of.among(refusal::Column::CaseId))
        .order_by_asc(refusal::Column::CaseId)
        .order_by_asc(refusal::Column::At)
        .order_by_asc(refusal::Column::Id)
        .all(conn.db())
        .await?;
    let mut refused: BTreeMap<CaseId, Vec<Attempt>> = BTreeMap::new();
    for row in rows {
        refused.entry(row.case_id).or_default().push(Attempt {
            machine: row.machine,
            at: row.at,
            actor: row.actor_id,
            role: row.actor_role,
            event: row.event,
            workflow: row.workflow_version_id,
            facts: row.facts,
            refusal: row.refusal,
        });
    }
    Ok(refused)
}

async fn postings(conn: &impl Conn, of: Cases<'_>) -> Result<BTreeMap<CaseId, Vec<Posting>>, StoreError> {
    let rows = posting::Entity::find()
        .filter(of.among(posting::Column::CaseId))
        .order_by_asc(posting::Column::CaseId)
        .order_by_asc(posting::Column::Number)
        .order_by_asc(posting::Column::Id)
        .all(conn.db())
        .await?;
    let mut postings: BTreeMap<CaseId, Vec<Posting>> = BTreeMap::new();
    for row in rows {
        let (Some(case), Some(account), Some(number)) = (row.case_id, row.account, row.number) else {
            continue;
        };
        let posting =
            Posting { line: row.line_id, account, number, at: row.at, kind: row.kind, amount: row.amount };
        postings.entry(case).or_default().push(posting);
    }
    Ok(postings)
}

/// A posting of a line: line, case, instant, kind, amount.
pub type OfLine = (PlaceLineId, Option<CaseId>, DateTime<Utc>, PostingKind, i32);

/// Every posting of these lines.
pub async fn of_lines(conn: &impl Conn, lines: &[PlaceLineId]) -> Result<Vec<OfLine>, StoreError> {
    let mut all: Vec<OfLine> = Vec::new();
    for lines in lines.chunks(LINES) {
        let rows: Vec<OfLine> = posting::Entity::find()
            .select_only()
            .columns([
                posting::Column::LineId,
                posting::Column::CaseId,
                posting::Column::At,
                posting::Column::Kind,
                posting::Column::Amount,
            ])
            .filter(posting::Column::LineId.is_in(lines.iter().copied()))
            .into_tuple()
            .all(conn.db())
            .await?;
        all.extend(rows);
    }
    Ok(all)
}

/// Institutions and calls that past cases name.
#[derive(Debug, Default)]
pub struct Around {
    /// Institutions by id.
    pub institutions: BTreeMap<InstitutionId, Institution>,
    /// Calls by id.
    pub calls: BTreeMap<CallId, Call>,
}

impl Around {
    /// Reads those of a range that are not known yet.
    pub async fn learn(&mut self, conn: &impl Conn, range: &Range) -> Result<(), StoreError> {
        let parties = range.cases.iter().flat_map(|case| [Some(case.home), case.host]).flatten();
        let mut strange: Vec<_> = parties.filter(|id| !self.institutions.contains_key(id)).collect();
        strange.sort_unstable();
        strange.dedup();
        let rows = institution::Entity::find().filter(institution::Column::Id.is_in(strange));
        for row in rows.all(conn.db()).await? {
            self.institutions.insert(row.id, Institution::try_from(row)?);
        }
        let calls = range.cases.iter().map(|case| case.call);
        let mut strange: Vec<_> = calls.filter(|id| !self.calls.contains_key(id)).collect();
        strange.sort_unstable();
        strange.dedup();
        let rows = call::Entity::find().filter(call::Column::Id.is_in(strange));
        for row in rows.all(conn.db()).await? {
            self.calls.insert(row.id, Call::try_from(row)?);
        }
        Ok(())
    }
}
