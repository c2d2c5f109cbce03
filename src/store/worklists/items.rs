//! Applications as lists show them: what stands in the rows of a page by one statement, clocks and waits by one each.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, SelectStatement};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, RelationTrait, Select,
};
use sojourn_engine::ids::{CallId, CaseId, InstitutionId, PersonId, WorkflowVersionId};
use sojourn_engine::vocabulary::{Phase, StateKind};
use sojourn_entities::{
    application, call, case, choice, clock, institution, offering, person, programme, wait,
};

use crate::access::full_name;
use crate::store::{Conn, StoreError};

/// One application of a list.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its id.
    pub id: CaseId,
    /// Short code.
    pub reference: String,
    /// The definition it follows.
    pub workflow: WorkflowVersionId,
    /// Until when its applicant does not see that state.
    pub hidden_until: Option<DateTime<Utc>>,
    /// Present state.
    pub state: String,
    /// Its phase.
    pub phase: Phase,
    /// Open or final.
    pub kind: StateKind,
    /// The row's version.
    pub version: i32,
    /// When the state was entered.
    pub entered_at: DateTime<Utc>,
    /// First end of a running clock.
    pub due_at: Option<DateTime<Utc>>,
    /// Clocks that run, the first to end first: machine, name in the definition, end.
    pub clocks: Vec<(String, String, DateTime<Utc>)>,
    /// Who applies, with their name.
    pub applicant: (PersonId, String),
    /// The home, with its name.
    pub home: (InstitutionId, String),
    /// IANA zone of the home.
    pub home_zone: String,
    /// IANA zone of the host of the current choice.
    pub host_zone: Option<String>,
    /// The host of the current choice, with its name.
    pub host: Option<(InstitutionId, String)>,
    /// Title of the current choice's programme.
    pub programme: Option<String>,
    /// The call, with its title.
    pub call: (CallId, String),
    /// Machines and the roles each waits for.
    pub waiting: Vec<(String, String)>,
}

/// What one statement reads of an application.
#[derive(Debug, FromQueryResult)]
pub(super) struct Row {
    pub id: CaseId,
    reference: String,
    applicant_id: PersonId,
    home_id: InstitutionId,
    call_id: CallId,
    workflow_version_id: WorkflowVersionId,
    hidden_until: Option<DateTime<Utc>>,
    state: String,
    phase: Phase,
    kind: StateKind,
    version: i32,
    entered_at: DateTime<Utc>,
    due_at: Option<DateTime<Utc>>,
    given_name: String,
    family_name: String,
    home_name: String,
    home_zone: String,
    call_title: String,
    host_id: Option<InstitutionId>,
    host_name: Option<String>,
    host_zone: Option<String>,
    programme: Option<String>,
}

/// Applications with their cases, to be filtered and sorted by what asks for them.
pub(super) fn rows() -> Select<application::Entity> {
    use application::Column as Own;
    let mut rows = application::Entity::find()
        .join(JoinType::InnerJoin, application::Relation::Case.def())
        .select_only()
        .columns([Own::Id, Own::Reference, Own::ApplicantId, Own::HomeId, Own::CallId])
        .columns([
            case::Column::WorkflowVersionId,
            case::Column::HiddenUntil,
            case::Column::State,
            case::Column::Phase,
            case::Column::Kind,
            case::Column::Version,
            case::Column::EnteredAt,
            case::Column::DueAt,
        ]);
    name(QuerySelect::query(&mut rows));
    rows
}

/// Joins what the rows refer to; from the left, so that the rows alone decide where the database begins.
fn name(query: &mut SelectStatement) {
    let is = |alias: &'static str, id: &'static str| Expr::col((alias, id));
    let own = |column: application::Column| (application::Entity, column);
    let applicant = is("applicant", "id").equals(own(application::Column::ApplicantId));
    let home = is("home", "id").equals(own(application::Column::HomeId));
    let call = is("call", "id").equals(own(application::Column::CallId));
    let chosen = is("chosen", "id").equals(own(application::Column::CurrentChoiceId));
    let run = is("run", "id").equals(("chosen", choice::Column::OfferingId));
    let programme = is("programme", "id").equals(("run", offering::Column::ProgrammeId));
    let host = is("host", "id").equals(("chosen", choice::Column::HostId));
    query
        .join_as(JoinType::LeftJoin, person::Entity, "applicant", applicant)
        .join_as(JoinType::LeftJoin, institution::Entity, "home", home)
        .join_as(JoinType::LeftJoin, call::Entity, "call", call)
        .join_as(JoinType::LeftJoin, choice::Entity, "chosen", chosen)
        .join_as(JoinType::LeftJoin, offering::Entity, "run", run)
        .join_as(JoinType::LeftJoin, programme::Entity, "programme", programme)
        .join_as(JoinType::LeftJoin, institution::Entity, "host", host)
        .expr_as(Expr::col(("applicant", person::Column::GivenName)), "given_name")
        .expr_as(Expr::col(("applicant", person::Column::FamilyName)), "family_name")
        .expr_as(Expr::col(("home", institution::Column::Name)), "home_name")
        .expr_as(Expr::col(("home", institution::Column::Zone)), "home_zone")
        .expr_as(Expr::col(("call", call::Column::Title)), "call_title")
        .expr_as(Expr::col(("host", institution::Column::Id)), "host_id")
        .expr_as(Expr::col(("host", institution::Column::Name)), "host_name")
        .expr_as(Expr::col(("host", institution::Column::Zone)), "host_zone")
        .expr_as(Expr::col(("programme", programme::Column::Title)), "programme");
}

/// Rows with what runs and waits in them, in their order.
pub(super) async fn filled(conn: &impl Conn, rows: Vec<Row>) -> Result<Vec<Item>, StoreError> {
    let ids = || rows.iter().map(|row| row.id);
    let mut clocks = running_clocks(conn, ids()).await?;
    let mut waits = waits(conn, ids()).await?;
    let item = |row: Row| Item {
        id: row.id,
        reference: row.reference,
        workflow: row.workflow_version_id,
        hidden_until: row.hidden_until,
        state: row.state,
        phase: row.phase,
        kind: row.kind,
        version: row.version,
        entered_at: row.entered_at,
        due_at: row.due_at,
        clocks: clocks.remove(&row.id).unwrap_or_default(),
        applicant: (row.applicant_id, full_name(&row.given_name, &row.family_name)),
        home: (row.home_id, row.home_name),
        home_zone: row.home_zone,
        host_zone: row.host_zone,
        host: row.host_id.zip(row.host_name),
        programme: row.programme,
        call: (row.call_id, row.call_title),
        waiting: waits.remove(&row.id).unwrap_or_default(),
    };
    Ok(rows.into_iter().map(item).collect())
}

/// Applications by id.
pub(super) async fn items(conn: &impl Conn, ids: Vec<CaseId>) -> Result<BTreeMap<CaseId, Item>, StoreError> {
    let rows = rows().filter(application::Column::Id.is_in(ids)).into_model::<Row>().all(conn.db()).await?;
    Ok(filled(conn, rows).await?.into_iter().map(|item| (item.id, item)).collect())
}

async fn waits(
    conn: &impl Conn,
    cases: impl Iterator<Item = CaseId>,
) -> Result<BTreeMap<CaseId, Vec<(String, String)>>, StoreError> {
    let rows: Vec<(CaseId, String, String)> = wait::Entity::find()
        .select_only()
        .columns([wait::Column::CaseId, wait::Column::Machine, wait::Column::Role])
        .filter(wait::Column::CaseId.is_in(cases))
        .into_tuple()
        .all(conn.db())
        .await?;
    let mut all: BTreeMap<CaseId, Vec<(String, String)>> = BTreeMap::new();
    for (case, machine, role) in rows {
        all.entry(case).or_default().push((machine, role));
    }
    Ok(all)
}

/// Machine, name and end of the clocks that run, by case, the first to end first.
pub(super) type Clocks = BTreeMap<CaseId, Vec<(String, String, DateTime<Utc>)>>;

pub(super) async fn running_clocks(
    conn: &impl Conn,
    cases: impl Iterator<Item = CaseId>,
) -> Result<Clocks, StoreError> {
    let running: Vec<(CaseId, String, String, DateTime<Utc>)> = clock::Entity::find()
        .select_only()
        .columns([clock::Column::CaseId, clock::Column::Machine, clock::Column::Clock, clock::Column::DueAt])
        .filter(clock::Column::CaseId.is_in(cases))
        .filter(clock::Column::EndedAt.is_null())
        .order_by_asc(clock::Column::DueAt)
        .into_tuple()
        .all(conn.db())
        .await?;
    let mut all = Clocks::new();
    for (case, machine, clock, due_at) in running {
        all.entry(case).or_default().push((machine, clock, due_at));
    }
    Ok(all)
}
