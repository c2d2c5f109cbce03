//! How a version comes into force: posted as a draft by the secretariat, approved by the chair, never changed afterwards.

use sha2::{Digest, Sha256};
use sojourn_engine::definition::{Definition, Finding, Severity};
use sojourn_engine::vocabulary::{Deed, Matter, VersionStatus};

use super::{VersionView, store};
use crate::access::{Caller, Policy};
use crate::app::audit::Deeds;
use crate::app::{Answer, App, Conflict, Error, FieldError, Once, Result, current, demand};
use crate::clock::Moment;
use crate::store::workflows::{NewVersion, Version};
use crate::store::{Tx, holders};

/// Findings told at a time.
const TOLD: usize = 50;

/// Posts the next version of a workflow as a draft; the first of a name makes the workflow.
///
/// # Errors
/// [`Error::Invalid`] with every finding of severity error, and for a definition of another name or subject;
/// [`Error::Conflict`] when the newest version reads the same.
pub async fn post(app: &App, caller: &Caller, id: &str, once: &Once, source: String) -> Result<Answer> {
    demand(Policy::Secretariat, caller)?;
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let findings = app.definitions.check(source.clone()).await?;
    let tx = app.store.begin().await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    sound(&findings)?;
    let definition = Definition::parse(&source).map_err(|findings| Error::Invalid(told(&findings)))?;
    let number = next(&tx, id, &definition, &source).await?;
    let version = Version {
        id: at.id(),
        workflow: id.to_owned(),
        number,
        sha256: Sha256::digest(&source).to_vec(),
        status: VersionStatus::Draft,
        drafted_by: Some(caller.person),
        drafted_at: at.now,
        approved_by: None,
        seconded_by: None,
        approved_at: None,
    };
    let (version_id, view) = (version.id, VersionView::from(version.clone()));
    store::add(&tx, NewVersion { version, subject: definition.subject, source }).await?;
    let location = format!("/api/v1/workflows/{id}/versions/{number}");
    let deed = Deeds::new(Deed::Create, Matter::WorkflowVersion, version_id);
    deed.with(&view)?.note(&tx, &at, caller).await?;
    turn.finish(tx, &at, Answer::created(location, view.version, &view)?).await
}

/// The number of the next version, when the definition may be one of this workflow.
async fn next(tx: &Tx, id: &str, definition: &Definition, source: &str) -> Result<i32> {
    if definition.id != id {
        let detail = format!(
            "the definition calls itself `{}`: post it there, or give it the id of this workflow",
            definition.id
        );
        return Err(Error::Invalid(vec![FieldError::new("", detail)]));
    }
    if store::find(tx, id).await?.is_some_and(|workflow| workflow.subject != definition.subject) {
        let detail = "the subject of a workflow stays as it is: give the definition an id of its own";
        return Err(Error::Invalid(vec![FieldError::new("", detail)]));
    }
    let newest = store::versions(tx, id).await?.into_iter().next();
    let sha256 = Sha256::digest(source).to_vec();
    match newest {
        Some(newest) if newest.sha256 == sha256 => {
            Err(not_now(format!("version {} reads exactly like this: use that one", newest.number)))
        }
        Some(newest) => Ok(newest.number + 1),
        None => Ok(1),
    }
}

/// Approves a draft in the version of its row that was read.
///
/// The chair's approval puts it in force. While nobody holds the chair, two people of the secretariat approve it.
///
/// # Errors
/// [`Error::Forbidden`] for whoever is not to approve, [`Error::Conflict`] for what is in force already, for a draft that a newer version
/// has overtaken, and for one the checker of today does not pass.
pub async fn approve(
    app: &App,
    caller: &Caller,
    (id, number): (&str, i32),
    read: i32,
    once: &Once,
) -> Result<Answer> {
    demand(Policy::SecretariatOrChair, caller)?;
    let at = app.clock.moment();
    let turn = app.turn(caller, once).await?;
    let found = store::version(app.store.read(), id, number).await?.ok_or(Error::NotFound)?;
    let source = store::source(app.store.read(), found.id).await?.ok_or(Error::NotFound)?;
    let findings = app.definitions.check(source).await?;
    let tx = app.store.begin().await?;
    if let Some(answer) = turn.replay(&tx, &at).await? {
        return Ok(answer);
    }
    let mut version = store::version(&tx, id, number).await?.ok_or(Error::NotFound)?;
    approvable(&tx, &version).await?;
    current(version.revision(), read)?;
    sign(app, &tx, caller, &mut version, &at).await?;
    passes(&findings)?;
    let view = VersionView::from(version.clone());
    if !store::approve(&tx, read, &version).await? {
        return Err(Error::Stale);
    }
    let deed = Deeds::new(Deed::Approve, Matter::WorkflowVersion, found.id);
    deed.with(&view)?.note(&tx, &at, caller).await?;
    turn.finish(tx, &at, Answer::ok(view.version, &view)?).await
}

async fn approvable(tx: &Tx, version: &Version) -> Result<()> {
    if version.status == VersionStatus::Approved {
        let number = version.number;
        return Err(not_now(format!("version {number} is approved already: what is in force never changes")));
    }
    let mut others = store::versions(tx, &version.workflow).await?.into_iter();
    match others.find(|other| other.status == VersionStatus::Approved && other.number > version.number) {
        Some(newer) => Err(not_now(format!(
            "version {} is in force, which is newer than this draft: post it again to approve it",
            newer.number
        ))),
        None => Ok(()),
    }
}

/// Notes the approval, and puts the version in force when nobody else need approve it.
async fn sign(app: &App, tx: &Tx, caller: &Caller, version: &mut Version, at: &Moment) -> Result<()> {
    let today = at.now.with_timezone(&app.zone).date_naive();
    let chair = holders::chair(tx, today).await?;
    let by_chair = chair.as_ref().is_some_and(|chair| chair.person == caller.person);
    if chair.is_some() && !by_chair {
        return Err(Error::Forbidden { needs: "the chair".to_owned() });
    }
    if !by_chair && version.approved_by == Some(caller.person) {
        let needs = "somebody else of the secretariat: you have approved it already";
        return Err(Error::Forbidden { needs: needs.to_owned() });
    }
    let in_force = by_chair || version.approved_by.is_some();
    match version.approved_by {
        None => version.approved_by = Some(caller.person),
        Some(_) => version.seconded_by = Some(caller.person),
    }
    if in_force {
        (version.status, version.approved_at) = (VersionStatus::Approved, Some(at.now));
    }
    Ok(())
}

fn errors(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.severity == Severity::Error)
}

pub(super) fn told(findings: &[Finding]) -> Vec<FieldError> {
    let told = |finding: &Finding| {
        let Finding { rule, place, message, .. } = finding;
        let detail = format!("line {}, column {}, {rule:?}: {message}", place.line, place.column);
        FieldError::new("", detail)
    };
    errors(findings).take(TOLD).map(told).collect()
}

pub(super) fn sound(findings: &[Finding]) -> Result<()> {
    crate::app::sound(told(findings))
}

fn passes(findings: &[Finding]) -> Result<()> {
    match errors(findings).count() {
        0 => Ok(()),
        found => Err(not_now(format!(
            "the checker finds {found} errors in this draft: have it checked, mend it, post it anew"
        ))),
    }
}

fn not_now(why: String) -> Error {
    Error::Conflict(Conflict::NotNow(why))
}
