//! Workflows: which versions there are, which is in force, what each says, and a draft approved.

use axum::extract::{Path, Query};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sojourn_engine::definition::diagram::STYLE;
use sojourn_engine::ids::PersonId;
use sojourn_engine::vocabulary::VersionStatus;

use super::super::form::Posted;
use super::super::visit::{SignedIn, Visit};
use super::calls::refused;
use super::institutions::{ALL, Came};
use super::lines;
use super::programmes::workflow_name;
use super::sheet::{self, Answer, Sure, is_sure, of_version};
use crate::access::{Caller, Policy};
use crate::app::workflows::{self, DefinitionView, Drawing, VersionView, WorkflowView, bench, versions};
use crate::app::{Error, Result};

/// Who may write and try workflows.
pub fn writes(caller: &Caller) -> bool {
    Policy::SecretariatOrChair.admits(Some(caller))
}

pub async fn list(signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let all = workflows::list(visit.app(), &caller, &ALL).await?.items;
    let line = |one: &WorkflowView| {
        let drafts: Vec<i32> = waiting(one).map(|version| version.number).collect();
        context! { one => Value::from(Serde(one)), name => workflow_name(&visit, &one.id), drafts }
    };
    let own =
        context! { items => all.iter().map(line).collect::<Vec<_>>(), posts => caller.is_secretariat() };
    Ok(visit.page(StatusCode::OK, "desk/workflows.html", own))
}

/// Drafts of a workflow that could come into force.
pub fn waiting(one: &WorkflowView) -> impl Iterator<Item = &VersionView> {
    let newer = |version: &&VersionView| one.current.is_none_or(|current| current < version.number);
    one.versions.iter().filter(|version| version.status == VersionStatus::Draft).filter(newer)
}

/// A version with the names of those who posted and approved it.
async fn named(visit: &Visit, caller: &Caller, version: &VersionView) -> Result<Value> {
    let people = [version.drafted_by, version.approved_by, version.seconded_by];
    let known: Vec<PersonId> = people.into_iter().flatten().collect();
    let names = if writes(caller) { bench::authors(visit.app(), caller, &known).await? } else { Vec::new() };
    let name = |of: Option<PersonId>| {
        let of = of?;
        names.iter().find(|(id, _)| *id == of).map(|(_, name)| name.clone())
    };
    Ok(context! {
        version => Value::from(Serde(version)),
        drafted_by => name(version.drafted_by),
        approved_by => name(version.approved_by),
        seconded_by => name(version.seconded_by),
        shipped => version.drafted_by.is_none(),
    })
}

/// The way to the page of a workflow.
pub fn above(visit: &Visit, id: &str) -> Vec<(String, String)> {
    vec![
        ("/workflows".to_owned(), visit.word("flows.title")),
        (format!("/workflows/{id}"), workflow_name(visit, id)),
    ]
}

pub async fn show(Path(id): Path<String>, signed_in: SignedIn, Query(came): Query<Came>) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let one = workflows::get(visit.app(), &caller, &id).await?;
    let mut versions = Vec::with_capacity(one.versions.len());
    for version in &one.versions {
        versions.push(named(&visit, &caller, version).await?);
    }
    let own = context! {
        done => sheet::done(&visit, came.done.as_ref()),
        name => workflow_name(&visit, &id),
        one => Value::from(Serde(&one)),
        versions,
        waiting => waiting(&one).map(|version| version.number).collect::<Vec<_>>(),
        writes => writes(&caller),
        posts => caller.is_secretariat(),
    };
    Ok(visit.page(StatusCode::OK, "desk/workflow.html", own))
}

pub async fn version(
    Path((id, number)): Path<(String, i32)>,
    signed_in: SignedIn,
    Query(came): Query<Came>,
) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let one = workflows::get(visit.app(), &caller, &id).await?;
    let view = workflows::version(visit.app(), &caller, &id, number).await?;
    let own = context! {
        done => sheet::done(&visit, came.done.as_ref()),
        name => workflow_name(&visit, &id),
        current => one.current,
        shown => named(&visit, &caller, &view.version).await?,
        lines => lines::count(&view.source),
        view => Value::from(Serde(&view)),
        is_draft => view.version.status == VersionStatus::Draft,
        may_approve => writes(&caller) && waiting(&one).any(|version| version.number == number),
        signed => view.version.approved_by == Some(caller.person),
        writes => writes(&caller),
        posts => caller.is_secretariat(),
    };
    Ok(visit.page(StatusCode::OK, "desk/workflow_version.html", own))
}

/// The text of a version on a page of its own, which weighs more than all the rest.
pub async fn text(Path((id, number)): Path<(String, i32)>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let view = workflows::version(visit.app(), &caller, &id, number).await?;
    let own = context! {
        name => workflow_name(&visit, &id),
        number,
        workflow => id,
        gutter => lines::gutter(&view.source, &[]),
        source => view.source,
        posts => caller.is_secretariat(),
    };
    Ok(visit.page(StatusCode::OK, "desk/workflow_text.html", own))
}

/// Which machine.
#[derive(Debug, Default, Deserialize)]
pub struct Machine {
    /// A track's name; without one, the main machine.
    track: Option<String>,
}

pub async fn picture(
    Path((id, number)): Path<(String, i32)>,
    signed_in: SignedIn,
    Query(Machine { track }): Query<Machine>,
) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let drawn = workflows::diagram(visit.app(), &caller, &id, number, Drawing::Svg(track)).await?;
    let digest = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!("default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'");
    let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    Ok((head, drawn).into_response())
}

async fn draft(visit: &Visit, caller: &Caller, (id, number): (&str, i32)) -> Result<DefinitionView> {
    if !writes(caller) {
        return Err(Error::Forbidden { needs: Policy::SecretariatOrChair.name().to_owned() });
    }
    workflows::version(visit.app(), caller, id, number).await
}

fn sure(visit: &Visit, view: &DefinitionView, told: Vec<String>) -> Sure {
    let number = view.version.number;
    Sure {
        title: visit.word("flows.approve_sure").replace("{}", &number.to_string()),
        texts: vec![visit.word("flows.approve_consequence"), visit.word("flows.approve_who")],
        facts: vec![
            (visit.word("flows.workflow"), workflow_name(visit, &view.workflow)),
            (visit.word("flows.number"), number.to_string()),
            (visit.word("flows.digest"), view.version.sha256.clone()),
        ],
        yes: visit.word("flows.approve"),
        back: format!("/workflows/{}/versions/{number}", view.workflow),
        told,
        ..Sure::default()
    }
}

pub async fn ask_approval(Path((id, number)): Path<(String, i32)>, signed_in: SignedIn) -> Answer {
    let SignedIn { visit, caller } = signed_in;
    let view = draft(&visit, &caller, (&id, number)).await?;
    Ok(sure(&visit, &view, Vec::new()).page(&visit, StatusCode::OK, &of_version(view.version.version)))
}

fn to(id: &str, number: i32, done: &str) -> Response {
    Redirect::to(&format!("/workflows/{id}/versions/{number}?done={done}")).into_response()
}

pub async fn approve(Path((id, number)): Path<(String, i32)>, posted: Posted) -> Answer {
    let Posted { visit, fields } = posted;
    let caller = visit.caller.clone().ok_or(Error::Unauthenticated)?;
    draft(&visit, &caller, (&id, number)).await?;
    let mut told = (StatusCode::OK, Vec::new());
    if is_sure(&fields) {
        let once = fields.once(&visit.path)?;
        let of = (id.as_str(), number);
        match versions::approve(visit.app(), &caller, of, fields.version()?, &once).await {
            Ok(answer) => {
                let now: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                let in_force = now["status"] == VersionStatus::Approved.as_str();
                return Ok(to(&id, number, if in_force { "flow_in_force" } else { "flow_signed" }));
            }
            Err(Error::Forbidden { needs }) => {
                let needs = visit.said(&needs);
                told = (StatusCode::FORBIDDEN, vec![visit.word("errors.needs").replace("{}", &needs)]);
            }
            Err(error) => told = refused(&visit, error)?,
        }
    }
    let view = draft(&visit, &caller, (&id, number)).await?;
    Ok(sure(&visit, &view, told.1).page(&visit, told.0, &of_version(view.version.version)))
}
