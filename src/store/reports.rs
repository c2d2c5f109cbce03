//! Numbers of applications for reports: where they stand, from whom to whom they go, how long their states take.

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter,
    QuerySelect, QueryTrait, Statement,
};
use sojourn_engine::ids::{CallId, InstitutionId, WorkflowVersionId};
use sojourn_engine::vocabulary::{Phase, StateKind};
use sojourn_entities::{application, choice};

use super::worklists::seen;
use super::{Conn, Result};
use crate::access::Scope;

/// Which applications are counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Only of this home.
    pub home: Option<InstitutionId>,
    /// Only at this host, by the current choice.
    pub host: Option<InstitutionId>,
    /// Only of this call.
    pub call: Option<CallId>,
}

/// Applications that stand alike.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Standing {
    /// The definition they follow.
    pub workflow: WorkflowVersionId,
    /// Phase of their state.
    pub phase: Phase,
    /// Open or final.
    pub kind: StateKind,
    /// Their state.
    pub state: String,
    /// The state their last step left, of those that are over.
    pub left: Option<String>,
    /// How many.
    pub number: i64,
}

/// Stays from a home to a host in an academic year.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Flow {
    /// Who sends.
    pub home: InstitutionId,
    /// Who receives.
    pub host: InstitutionId,
    /// Year in which the academic year of the stay begins.
    pub academic_year: i16,
    /// How many applications have a stay there.
    pub people: i64,
    /// How many of these stays have begun or are over.
    pub begun: i64,
    /// Their length together, in days.
    pub days: i64,
}

/// How long a state was held until somebody moved the case on.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct Spell {
    /// A definition that has this state; the newest of those that were followed.
    pub workflow: WorkflowVersionId,
    /// The state.
    pub state: String,
    /// For whom whoever moved it on acted; `None` where time or the system did.
    pub institution: Option<InstitutionId>,
    /// How many times.
    pub number: i64,
    /// Half of them took at most so many seconds.
    pub median: i64,
    /// Nine of ten took at most so many seconds.
    pub ninetieth: i64,
}

/// The applications of a scope that are wanted, as a statement for their ids; `None` where that is all there are.
fn narrowed(conn: &impl Conn, scope: &Scope, wanted: &Wanted) -> Option<Statement> {
    let Wanted { home, host, call } = *wanted;
    if scope.sees_everything() && home.is_none() && host.is_none() && call.is_none() {
        return None;
    }
    let at_host = host.map(|host| {
        application::Column::CurrentChoiceId.in_subquery(
            choice::Entity::find()
                .select_only()
                .column(choice::Column::Id)
                .filter(choice::Column::HostId.eq(host))
                .into_query(),
        )
    });
    let all = Condition::all()
        .add(seen(scope))
        .add_option(home.map(|home| application::Column::HomeId.eq(home)))
        .add_option(at_host)
        .add_option(call.map(|call| application::Column::CallId.eq(call)));
    let ids = application::Entity::find().select_only().column(application::Column::Id).filter(all);
    Some(ids.build(conn.db().get_database_backend()))
}

/// A statement in which `{}` stands for a condition on the column `id` of applications or cases.
async fn rows<T: FromQueryResult + Send>(
    conn: &impl Conn,
    sql: &str,
    (column, narrowed): (&str, Option<Statement>),
) -> Result<Vec<T>> {
    let backend = conn.db().get_database_backend();
    let (condition, values) = match narrowed {
        None => ("1 = 1".to_owned(), None),
        Some(ids) => (format!("{column} IN ({})", ids.sql), ids.values),
    };
    let sql = sql.replace("{}", &condition);
    let statement = match values {
        None => Statement::from_string(backend, sql),
        Some(values) => Statement::from_sql_and_values(backend, sql, values),
    };
    Ok(T::find_by_statement(statement).stream(conn.db()).await?.try_collect().await?)
}

/// Where the applications of a scope stand, and where those that are over were before.
pub async fn standings(conn: &impl Conn, scope: &Scope, wanted: &Wanted) -> Result<Vec<Standing>> {
    let sql = "SELECT c.workflow_version_id AS workflow, c.phase AS phase, c.kind AS kind, c.state AS state, \
               h.from_state AS \"left\", COUNT(*) AS number FROM applications a JOIN cases c ON c.id = a.id \
               LEFT JOIN history h ON h.case_id = c.id AND h.number = c.steps AND c.kind <> 'open' WHERE {} \
               GROUP BY c.workflow_version_id, c.phase, c.kind, c.state, h.from_state";
    rows(conn, sql, ("a.id", narrowed(conn, scope, wanted))).await
}

/// Stays of the applications of a scope that have a place and have not failed, by home, host and academic year.
pub async fn flows(
    conn: &impl Conn,
    scope: &Scope,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Result<Vec<Flow>> {
    let today = now.date_naive();
    let days = match conn.db().get_database_backend() {
        DbBackend::Sqlite => "julianday(s.end_on) - julianday(s.start_on) + 1",
        _ => "s.end_on - s.start_on + 1",
    };
    let sql = format!(
        "SELECT a.home_id AS home, s.host_id AS host, p.academic_year AS academic_year, \
         COUNT(DISTINCT a.id) AS people, \
         COUNT(DISTINCT CASE WHEN s.start_on <= '{today}' THEN a.id END) AS begun, \
         CAST(SUM({days}) AS BIGINT) AS days FROM stays s JOIN applications a ON a.id = s.application_id \
         JOIN cases c ON c.id = a.id JOIN offerings o ON o.id = s.offering_id JOIN periods p ON p.id = o.period_id \
         WHERE c.kind <> 'failure' AND c.phase IN ('placement', 'stay', 'recognition', 'closed') AND {{}} \
         GROUP BY a.home_id, s.host_id, p.academic_year"
    );
    rows(conn, &sql, ("a.id", narrowed(conn, scope, wanted))).await
}

/// How long the states of the applications of a scope were held, by state and institution whose people moved them on.
///
/// The median and the ninetieth percentile are those of the nearest rank: times that did happen.
pub async fn spells(conn: &impl Conn, scope: &Scope, wanted: &Wanted) -> Result<Vec<Spell>> {
    let seconds = match conn.db().get_database_backend() {
        DbBackend::Sqlite => "CAST(ROUND((julianday(m.at) - julianday(m.since)) * 86400) AS BIGINT)",
        _ => "CAST(EXTRACT(EPOCH FROM m.at - m.since) AS BIGINT)",
    };
    let sql = format!(
        "WITH moves AS (SELECT h.workflow_version_id, h.from_state, h.institution_id, h.at, \
         LAG(h.at) OVER (PARTITION BY h.case_id ORDER BY h.number) AS since FROM history h \
         JOIN applications a ON a.id = h.case_id \
         WHERE h.machine = 'main' AND (h.from_state IS NULL OR h.from_state <> h.to_state) AND {{}}), \
         spans AS (SELECT v.workflow_id AS family, v.id AS version, v.number AS edition, m.from_state AS state, \
         m.institution_id AS institution, {seconds} AS seconds FROM moves m \
         JOIN workflow_versions v ON v.id = m.workflow_version_id \
         WHERE m.since IS NOT NULL AND m.from_state IS NOT NULL), \
         ranked AS (SELECT family, version, state, institution, seconds, \
         FIRST_VALUE(version) OVER (PARTITION BY family, state ORDER BY edition DESC) AS newest, \
         ROW_NUMBER() OVER (PARTITION BY family, state, institution ORDER BY seconds) AS place, \
         COUNT(*) OVER (PARTITION BY family, state, institution) AS number FROM spans) \
         SELECT newest AS workflow, state, institution, number, \
         MAX(CASE WHEN place = (number + 1) / 2 THEN seconds END) AS median, \
         MAX(CASE WHEN place = (number * 9 + 9) / 10 THEN seconds END) AS ninetieth \
         FROM ranked GROUP BY newest, state, institution, number"
    );
    rows(conn, &sql, ("a.id", narrowed(conn, scope, wanted))).await
}
