//! Workflows and their numbered versions.
//!
//! A version that is in force never changes; the newest approved one is what new cases begin with.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use sojourn_engine::ids::{CallId, CaseId, PersonId, WorkflowVersionId};
use sojourn_engine::vocabulary::{StateKind, Subject, VersionStatus};
use sojourn_entities::{application, case, workflow, workflow_version};

use super::page::{Asked, Keyset, Page};
use super::write::{guarded, insert_many};
use super::{Conn, Result, Tx};

/// One version without its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: WorkflowVersionId,
    /// The workflow.
    pub workflow: String,
    /// 1, 2, 3 … within the workflow.
    pub number: i32,
    /// SHA-256 of the source.
    pub sha256: Vec<u8>,
    /// How far it has come.
    pub status: VersionStatus,
    /// Who posted it; none for those shipped.
    pub drafted_by: Option<PersonId>,
    /// When it was posted.
    pub drafted_at: DateTime<Utc>,
    /// Who approved it, or was the first of two to; none for those shipped.
    pub approved_by: Option<PersonId>,
    /// Who approved it after them.
    pub seconded_by: Option<PersonId>,
    /// When it came into force.
    pub approved_at: Option<DateTime<Utc>>,
}

impl Version {
    /// Grows with every change of the row: 1 as posted, 2 once the first of two has approved it, 3 in force.
    pub const fn revision(&self) -> i32 {
        match (self.status, self.approved_by) {
            (VersionStatus::Approved, _) => 3,
            (VersionStatus::Draft, Some(_)) => 2,
            (VersionStatus::Draft, None) => 1,
        }
    }

    /// Whether it came with the binary; those people post have an author.
    pub const fn is_shipped(&self) -> bool {
        self.drafted_by.is_none()
    }
}

/// A version to add.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// The version.
    pub version: Version,
    /// What cases of the workflow are about.
    pub subject: Subject,
    /// The definition as TOML.
    pub source: String,
}

/// A workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workflow {
    /// As in its definitions.
    pub id: String,
    /// What its cases are about.
    pub subject: Subject,
}

impl From<workflow_version::Model> for Version {
    fn from(row: workflow_version::Model) -> Self {
        Self {
            id: row.id,
            workflow: row.workflow_id,
            number: row.number,
            sha256: row.sha256,
            status: row.status,
            drafted_by: row.drafted_by,
            drafted_at: row.drafted_at,
            approved_by: row.approved_by,
            seconded_by: row.seconded_by,
            approved_at: row.approved_at,
        }
    }
}

/// The source of a version.
pub async fn source(conn: &impl Conn, id: WorkflowVersionId) -> Result<Option<String>> {
    let query =
        workflow_version::Entity::find_by_id(id).select_only().column(workflow_version::Column::Source);
    Ok(query.into_tuple().one(conn.db()).await?)
}

/// The version new cases begin with: the newest approved one.
pub async fn current(conn: &impl Conn, workflow: &str) -> Result<Option<WorkflowVersionId>> {
    let query = workflow_version::Entity::find()
        .filter(workflow_version::Column::WorkflowId.eq(workflow))
        .filter(workflow_version::Column::Status.eq(VersionStatus::Approved))
        .order_by_desc(workflow_version::Column::Number)
        .select_only()
        .column(workflow_version::Column::Id);
    Ok(query.into_tuple().one(conn.db()).await?)
}

/// Every version that cases may follow, of all workflows, the older before the newer.
pub async fn approved(conn: &impl Conn) -> Result<Vec<WorkflowVersionId>> {
    let query = workflow_version::Entity::find()
        .filter(workflow_version::Column::Status.eq(VersionStatus::Approved))
        .order_by_asc(workflow_version::Column::Id)
        .select_only()
        .column(workflow_version::Column::Id);
    Ok(query.into_tuple().all(conn.db()).await?)
}

/// Every version of a workflow, newest first.
pub async fn versions(conn: &impl Conn, workflow: &str) -> Result<Vec<Version>> {
    let query = workflow_version::Entity::find()
        .filter(workflow_version::Column::WorkflowId.eq(workflow))
        .order_by_desc(workflow_version::Column::Number);
    Ok(query.all(conn.db()).await?.into_iter().map(Version::from).collect())
}

/// The version of that number.
pub async fn version(conn: &impl Conn, workflow: &str, number: i32) -> Result<Option<Version>> {
    let query = workflow_version::Entity::find()
        .filter(workflow_version::Column::WorkflowId.eq(workflow))
        .filter(workflow_version::Column::Number.eq(number));
    Ok(query.one(conn.db()).await?.map(Version::from))
}

/// A page of the open cases of a workflow that do not follow this version, by id; only those of a call, when one is given.
pub async fn elsewhere(
    conn: &impl Conn,
    version: &Version,
    call: Option<CallId>,
    asked: &Asked,
) -> Result<Page<CaseId>> {
    let keyset = Keyset::<(CaseId,)>::read(asked, "cases", &(version.id, call))?;
    let others: Vec<WorkflowVersionId> = versions(conn, &version.workflow)
        .await?
        .into_iter()
        .map(|other| other.id)
        .filter(|id| *id != version.id)
        .collect();
    let mut query = application::Entity::find()
        .select_only()
        .column(application::Column::Id)
        .inner_join(case::Entity)
        .filter(case::Column::Kind.eq(StateKind::Open))
        .filter(case::Column::WorkflowVersionId.is_in(others));
    if let Some(call) = call {
        query = query.filter(application::Column::CallId.eq(call));
    }
    let columns = [(application::Entity, application::Column::Id)];
    let rows = keyset.narrow(query, columns, sea_orm::Order::Asc).into_tuple().all(conn.db()).await?;
    Ok(keyset.page(rows, |id| (*id,)))
}

/// The version that each of these cases follows.
pub async fn followed(
    conn: &impl Conn,
    cases: impl IntoIterator<Item = CaseId>,
) -> Result<BTreeMap<CaseId, WorkflowVersionId>> {
    let query = case::Entity::find()
        .select_only()
        .columns([case::Column::Id, case::Column::WorkflowVersionId])
        .filter(case::Column::Id.is_in(cases));
    let rows: Vec<(CaseId, WorkflowVersionId)> = query.into_tuple().all(conn.db()).await?;
    Ok(rows.into_iter().collect())
}

/// Writes who has approved a draft and whether it is in force now; `false` when somebody else was faster.
pub async fn approve(tx: &Tx, read: i32, version: &Version) -> Result<bool> {
    let update = workflow_version::Entity::update_many()
        .set(workflow_version::ActiveModel {
            status: Set(version.status),
            approved_by: Set(version.approved_by),
            seconded_by: Set(version.seconded_by),
            approved_at: Set(version.approved_at),
            ..Default::default()
        })
        .filter(workflow_version::Column::Id.eq(version.id))
        .filter(workflow_version::Column::Status.eq(VersionStatus::Draft));
    let approved = workflow_version::Column::ApprovedBy;
    let update = update.filter(if read > 1 { approved.is_not_null() } else { approved.is_null() });
    guarded(tx, update).await
}

/// Drafts that could come into force: of each workflow those newer than what is, with their numbers.
pub async fn drafts(conn: &impl Conn) -> Result<Vec<(String, i32)>> {
    let rows: Vec<(String, i32, VersionStatus)> = workflow_version::Entity::find()
        .select_only()
        .columns([
            workflow_version::Column::WorkflowId,
            workflow_version::Column::Number,
            workflow_version::Column::Status,
        ])
        .order_by_asc(workflow_version::Column::WorkflowId)
        .order_by_asc(workflow_version::Column::Number)
        .into_tuple()
        .all(conn.db())
        .await?;
    let mut drafts: Vec<(String, i32)> = Vec::new();
    for (workflow, number, status) in rows {
        match status {
            VersionStatus::Draft => drafts.push((workflow, number)),
            VersionStatus::Approved => drafts.retain(|(of, _)| *of != workflow),
        }
    }
    Ok(drafts)
}

/// One page of the workflows, by id.
pub async fn page(conn: &impl Conn, asked: &Asked) -> Result<Page<Workflow>> {
    let keyset = Keyset::<(String,)>::read(asked, "workflows", &())?;
    let query = keyset.narrow(workflow::Entity::find(), [workflow::Column::Id], sea_orm::Order::Asc);
    let rows = query.all(conn.db()).await?;
    let page = keyset.page(rows, |row| (row.id.clone(),));
    Ok(page.map(|row| Workflow { id: row.id, subject: row.subject }))
}

/// The workflow of that id.
pub async fn find(conn: &impl Conn, id: &str) -> Result<Option<Workflow>> {
    let row = workflow::Entity::find_by_id(id).one(conn.db()).await?;
    Ok(row.map(|row| Workflow { id: row.id, subject: row.subject }))
}

/// Adds a version, and its workflow when it is the first.
///
/// # Errors
/// A conflict when another version has taken the number.
pub async fn add(tx: &Tx, new: NewVersion) -> Result<()> {
    let NewVersion { version, subject, source } = new;
    let workflow = workflow::ActiveModel {
        id: Set(version.workflow.clone()),
        subject: Set(subject),
        created_at: Set(version.drafted_at),
    };
    let known = OnConflict::column(workflow::Column::Id).do_nothing().to_owned();
    workflow::Entity::insert(workflow).on_conflict(known).exec_without_returning(tx.db()).await?;
    let row = workflow_version::ActiveModel {
        id: Set(version.id),
        workflow_id: Set(version.workflow),
        number: Set(version.number),
        sha256: Set(version.sha256),
        source: Set(source),
        status: Set(version.status),
        drafted_by: Set(version.drafted_by),
        drafted_at: Set(version.drafted_at),
        approved_by: Set(version.approved_by),
        seconded_by: Set(version.seconded_by),
        approved_at: Set(version.approved_at),
    };
    insert_many(tx, vec![row]).await
}
