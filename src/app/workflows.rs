//! Workflows: what everybody signed in may read of the rules, in the reader's language.

pub mod adoption;
pub mod bench;
pub mod simulation;
pub mod versions;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sojourn_engine::definition::diagram::View;
use sojourn_engine::definition::{Definition, Finding, MachineIx, Severity, State};
use sojourn_engine::ids::PersonId;
use sojourn_engine::vocabulary::{Phase, StateKind, Subject, VersionStatus};
use utoipa::ToSchema;

use super::{App, Asked, Error, Page, Result};
use crate::access::Caller;
use crate::store::workflows::{self as store, Version, Workflow};

/// A workflow.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WorkflowView {
    /// As in its definitions, such as `student-exchange`.
    pub id: String,
    /// What its cases are about.
    pub subject: Subject,
    /// Number of the version new cases begin with; `null` when none is in force.
    pub current: Option<i32>,
    /// Its versions, newest first; drafts are seen by the secretariat and the chair.
    pub versions: Vec<VersionView>,
}

/// A numbered version of a workflow.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VersionView {
    /// 1, 2, 3 … within the workflow.
    pub number: i32,
    /// How far it has come.
    pub status: VersionStatus,
    /// SHA-256 of its source, in hexadecimal.
    pub sha256: String,
    /// Who posted it; `null` for one that came with the service.
    pub drafted_by: Option<PersonId>,
    /// When it was posted.
    pub drafted_at: DateTime<Utc>,
    /// Who approved it: the chair, else the first of two people of the secretariat; `null` for one that came with the service.
    pub approved_by: Option<PersonId>,
    /// Who approved it after them; a draft with one approval of the secretariat waits for a second.
    pub seconded_by: Option<PersonId>,
    /// When it came into force.
    pub approved_at: Option<DateTime<Utc>>,
    /// Grows with every change of this row, such as an approval.
    pub version: i32,
}

impl From<Version> for VersionView {
    fn from(row: Version) -> Self {
        Self {
            version: row.revision(),
            number: row.number,
            status: row.status,
            sha256: hex::encode(row.sha256),
            drafted_by: row.drafted_by,
            drafted_at: row.drafted_at,
            approved_by: row.approved_by,
            seconded_by: row.seconded_by,
            approved_at: row.approved_at,
        }
    }
}

/// A version with its source, and its words in the reader's language.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DefinitionView {
    /// The workflow.
    pub workflow: String,
    /// The version.
    #[serde(flatten)]
    pub version: VersionView,
    /// BCP 47 tags of the languages its texts exist in.
    pub languages: Vec<String>,
    /// The state a new case begins in.
    pub initial: String,
    /// Its roles.
    pub roles: Vec<NamedView>,
    /// Its states.
    pub states: Vec<StateView>,
    /// Its events.
    pub events: Vec<NamedView>,
    /// Its document slots.
    pub documents: Vec<NamedView>,
    /// The definition as TOML.
    pub source: String,
}

/// A name of the definition with its label.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NamedView {
    /// Name in the definition.
    pub name: String,
    /// Name shown to people.
    pub label: String,
}

/// A state.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StateView {
    /// Name in the definition.
    pub name: String,
    /// Name shown to people.
    pub label: String,
    /// One sentence on what happens now.
    pub now: String,
    /// The part of a case's life it belongs to.
    pub phase: Phase,
    /// Open or final.
    pub kind: StateKind,
    /// The role it waits for.
    pub waits_for: Option<String>,
}

/// What the checker says about a definition.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CheckView {
    /// Whether it could come into force: there is no finding of severity `error`.
    pub sound: bool,
    /// What was found, in the order of the text.
    pub findings: Vec<FindingView>,
}

/// One thing wrong with a definition.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FindingView {
    /// The rule that does not hold, such as `W03`; `Form` for the form of the text.
    pub rule: String,
    /// `error` bars the definition, `warning` is worth a look.
    #[schema(value_type = String)]
    pub severity: Severity,
    /// Line, 1 = the first.
    pub line: u32,
    /// Column in characters, 1 = the first.
    pub column: u32,
    /// What is wrong and how to mend it.
    pub message: String,
    /// The shortest list of events that shows it; empty where the place says it all.
    pub counter_example: Vec<String>,
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        Self {
            rule: format!("{:?}", finding.rule),
            severity: finding.severity,
            line: finding.place.line,
            column: finding.place.column,
            message: finding.message,
            counter_example: finding.counter_example,
        }
    }
}

impl From<Vec<Finding>> for CheckView {
    fn from(findings: Vec<Finding>) -> Self {
        let sound = findings.iter().all(|finding| finding.severity != Severity::Error);
        Self { sound, findings: findings.into_iter().map(Into::into).collect() }
    }
}

/// Drafts are the business of those who decide on them.
fn reads_drafts(caller: &Caller) -> bool {
    caller.is_secretariat() || caller.is_chair()
}

async fn view(app: &App, caller: &Caller, workflow: Workflow) -> Result<WorkflowView> {
    let mut versions = store::versions(app.store.read(), &workflow.id).await?;
    versions.retain(|version| version.status == VersionStatus::Approved || reads_drafts(caller));
    let in_force = versions.iter().find(|version| version.status == VersionStatus::Approved);
    Ok(WorkflowView {
        id: workflow.id,
        subject: workflow.subject,
        current: in_force.map(|version| version.number),
        versions: versions.into_iter().map(Into::into).collect(),
    })
}

/// A page of the workflows.
pub async fn list(app: &App, caller: &Caller, asked: &Asked) -> Result<Page<WorkflowView>> {
    let page = store::page(app.store.read(), asked).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for workflow in page.items {
        items.push(view(app, caller, workflow).await?);
    }
    Ok(Page { items, next: page.next })
}

/// One workflow.
pub async fn get(app: &App, caller: &Caller, id: &str) -> Result<WorkflowView> {
    let workflow = store::find(app.store.read(), id).await?.ok_or(Error::NotFound)?;
    view(app, caller, workflow).await
}

async fn find(app: &App, caller: &Caller, id: &str, number: i32) -> Result<(Version, Arc<Definition>)> {
    let conn = app.store.read();
    let versions = store::versions(conn, id).await?;
    let seen = |version: &Version| {
        version.number == number && (version.status == VersionStatus::Approved || reads_drafts(caller))
    };
    let version = versions.into_iter().find(seen).ok_or(Error::NotFound)?;
    let definition = app.definitions.get(conn, version.id).await?;
    Ok((version, definition))
}

/// One version of a workflow.
pub async fn version(app: &App, caller: &Caller, id: &str, number: i32) -> Result<DefinitionView> {
    let (version, definition) = find(app, caller, id, number).await?;
    let source = store::source(app.store.read(), version.id).await?.ok_or(Error::NotFound)?;
    let language = caller.language.as_str();
    let named = |name: &String, label: &str| NamedView { name: name.clone(), label: label.to_owned() };
    let state = |state: &State| StateView {
        name: state.name.clone(),
        label: state.label.get(language).to_owned(),
        now: state.now.get(language).to_owned(),
        phase: state.phase,
        kind: state.kind,
        waits_for: state.waits_for.map(|role| definition.roles[role.at()].name.clone()),
    };
    Ok(DefinitionView {
        workflow: version.workflow.clone(),
        version: version.into(),
        languages: definition.languages.clone(),
        initial: definition.states[definition.initial.at()].name.clone(),
        roles: definition.roles.iter().map(|one| named(&one.name, one.label.get(language))).collect(),
        states: definition.states.iter().map(state).collect(),
        events: definition.events.iter().map(|one| named(&one.name, one.label.get(language))).collect(),
        documents: definition.documents.iter().map(|one| named(&one.name, one.label.get(language))).collect(),
        source,
    })
}

/// Forms a picture of a definition is drawn in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drawing {
    /// Scalable Vector Graphics, of the main machine or of the track of that name.
    Svg(Option<String>),
    /// Text for Mermaid.
    Mermaid,
    /// State chart XML of the main machine, or of the track of that name.
    Scxml(Option<String>),
}

/// A picture of one version of a workflow, in the reader's language.
pub async fn diagram(app: &App, caller: &Caller, id: &str, number: i32, form: Drawing) -> Result<String> {
    let (_, definition) = find(app, caller, id, number).await?;
    let view = View { language: &caller.language, ..View::default() };
    let machine = |track: Option<String>| match track {
        None => Ok(MachineIx::MAIN),
        Some(name) => definition.track_named(&name).ok_or(Error::NotFound),
    };
    Ok(match form {
        Drawing::Svg(track) => definition.svg(machine(track)?, &view),
        Drawing::Mermaid => definition.mermaid(&view),
        Drawing::Scxml(track) => definition.scxml(machine(track)?, &view),
    })
}

/// What the loader and the checker say about a definition that is not stored.
pub async fn check(app: &App, source: String) -> Result<CheckView> {
    Ok(app.definitions.check(source).await?.into())
}
